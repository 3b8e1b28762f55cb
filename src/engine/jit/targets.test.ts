import assert from "node:assert/strict";
import test from "node:test";
import { perfectHash } from "./targets.ts";

test("a hash tells all keys apart", () => {
  for (const count of [2, 3, 4, 7, 16, 48, 128]) for (let seed = 1; seed < 20; seed++) {
    const keys = Array.from({ length: count }, (_, index) => (Math.imul(seed, 7919) + index * (seed * 4 + 3)) % 12288 - 4096);
    if (new Set(keys).size < count) continue;
    const { multiplier, bits } = perfectHash(keys);
    assert.equal(new Set(keys.map((key) => Math.imul(key, multiplier) >>> (32 - bits))).size, count);
    assert.ok(2 ** bits <= 64 * count, `${count} keys take ${2 ** bits} places`);
  }
});
