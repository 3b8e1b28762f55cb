// A guest may write anything anywhere: no access throws, hangs, or leaves a state that cannot be saved and restored.

import assert from "node:assert/strict";
import test from "node:test";
import { createTestPc } from "./testing.ts";

const PORTS: readonly (readonly [number, number])[] = [[0x20, 2], [0x40, 4], [0x60, 5], [0x70, 2], [0x80, 1], [0x92, 1], [0xa0, 2], [0xf4, 4], [0x3f8, 8], [0x4d0, 2], [0x600, 12], [0xcf8, 8]];
const MSRS = [0x1b, 0x6e0, ...Array.from({ length: 64 }, (_, index) => 0x800 + index)];

function random(seed: number) {
  let state = seed;
  return (limit: number) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % limit;
  };
}

for (const seed of [1, 2, 3]) test(`random accesses (seed ${seed})`, { timeout: 60_000 }, () => {
  const next = random(seed), one = createTestPc(3), two = createTestPc(3);
  const buses = [0, 1, 2].map((index) => one.pc.bus(index));
  const value = () => [0, 1, 0xff, 0xffff_ffff, next(256), (next(0x10000) << 16 | next(0x10000)) >>> 0][next(6)];
  for (let count = 0; count < 60_000; count++) {
    const bus = buses[next(3)], bytes = [1, 2, 4][next(3)];
    const [first, size] = PORTS[next(PORTS.length)];
    const gpa = [0xfec0_0000, 0xfee0_0000][next(2)] + (next(2) ? next(0x40) * 16 : next(0x1000));
    const msr = MSRS[next(MSRS.length)];
    let answer = 0;
    switch (next(10)) {
      case 0: case 1: answer = bus.pioRead(first + next(size), bytes); break;
      case 2: case 3: bus.pioWrite(first + next(size), bytes, value()); break;
      case 4: answer = bus.mmioRead(gpa, bytes); break;
      case 5: bus.mmioWrite(gpa, bytes, value()); break;
      case 6: if (next(50) || msr !== 0x1b) bus.msrWrite(msr, BigInt(value()) << BigInt(next(2) * 32) | BigInt(value())); else bus.msrWrite(0x1b, 0xfee0_0000n | [0x900n, 0x800n, 0xd00n, 0x100n][next(4)]); break;
      case 7: bus.msrRead(msr); bus.tprWrite(next(16)); break;
      case 8: assert.ok(bus.acknowledge() < 256); break;
      default:
        one.clock.advance(next(200_000));
        one.console.feed(Uint8Array.of(next(256)));
    }
    assert.ok(Number.isInteger(answer) && answer >= 0 && answer <= 0xffff_ffff, `${answer}`);
  }
  const saved = one.pc.save();
  assert.deepEqual(JSON.parse(JSON.stringify(saved)), saved, "plain data");
  two.clock.advance(one.clock.nowNs());
  two.pc.restore(saved);
  one.pc.restore(saved); // time has passed the same for both
  assert.deepEqual(two.pc.save(), one.pc.save());
  assert.deepEqual(two.intr, one.intr);
  one.pc.reset();
});
