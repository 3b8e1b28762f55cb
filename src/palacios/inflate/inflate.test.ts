// Each format against the program that defines it; where that is missing the case is skipped and says so.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import test from "node:test";
import { compressionOf, decompress } from "./index.ts";

const APPENDED = Uint8Array.from([1, 2, 3, 4]); // Linux appends the size of the payload
/** Machine code, runs and noise: code for the x86 filter, runs for bzip2. */
const samples: Record<string, Uint8Array> = {
  code: readFileSync(process.execPath).subarray(0x10_0000, 0x40_0000),
  runs: Uint8Array.from({ length: 300_000 }, (_, index) => index % 1000 < 900 ? 7 : index % 251),
  short: new TextEncoder().encode("hello"),
};

for (const [format, program, ...args] of [
  ["gzip", "gzip", "-c"], ["xz", "xz", "--check=crc32", "--x86", "--lzma2=dict=32MiB", "-c"], ["xz", "xz", "-c"], ["lzma", "lzma", "-c"],
  ["zstd", "zstd", "-c", "-q"], ["zstd", "zstd", "-19", "--no-check", "--no-content-size", "-c", "-q"], ["lz4", "lz4", "-l", "-c"], ["bzip2", "bzip2", "-c"],
]) {
  const missing = spawnSync(program, ["--version"]).error !== undefined;
  for (const [name, data] of Object.entries(samples)) {
    test(`${[program, ...args].join(" ")}: ${name}`, { skip: missing ? `${program} is not installed` : false }, () => {
      const packed = spawnSync(program, args, { input: data, maxBuffer: 2 ** 28 }).stdout;
      assert.equal(compressionOf(packed), format);
      const payload = format === "gzip" ? packed : Uint8Array.from([...packed, ...APPENDED]);
      const inflated = decompress(format as "xz", payload);
      assert.ok(inflated && Buffer.compare(inflated, data) === 0, "differs");
    });
    test(`${program}: ${name} cut off or changed is refused or differs, never a crash`, { skip: missing }, () => {
      const packed = spawnSync(program, args, { input: data.subarray(0, 20_000), maxBuffer: 2 ** 28 }).stdout;
      for (let step = 1; step < 40; step++) {
        const changed = Uint8Array.from(packed);
        changed[Math.floor((packed.length * step) / 41)] ^= 1 << (step % 8);
        decompress(format as "xz", changed);
        decompress(format as "xz", packed.subarray(0, Math.floor((packed.length * step) / 41)));
      }
    });
  }
}

test("a kernel packed by zstd -22 --ultra inflates in seconds", { skip: spawnSync("zstd", ["--version"]).error && "zstd is not installed" }, () => {
  const data = samples.code;
  const packed = spawnSync("zstd", ["-3", "--long=27", "--no-content-size", "-c", "-q"], { input: data, maxBuffer: 2 ** 28 }).stdout;
  const payload = new Uint8Array(packed.length + 4);
  payload.set(packed);
  new DataView(payload.buffer).setUint32(packed.length, data.length, true);
  const started = performance.now();
  const inflated = decompress("zstd", payload);
  assert.ok(inflated && Buffer.compare(inflated, data) === 0, "differs");
  assert.ok(performance.now() - started < 1000, "the window is not moved for every block");
});
