// Valid images load, damaged ones from fixed seeds are refused or loaded, never thrown over; `npm run fuzz` has more.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import test from "node:test";
import { decompress } from "../palacios/inflate/index.ts";
import { e820, loadKernel } from "../palacios/index.ts";
import { createRandom } from "./random.ts";
import { createWatchdog } from "./guest/watchdog.ts";
import { compressedSamples, fuzzImages, kernelSamples } from "./images.ts";

const kernels = kernelSamples(), compressed = compressedSamples();

for (const { name, bytes } of kernels) test(`a valid image loads: ${name}`, () => {
  const loaded = loadKernel({ kernel: bytes, initrds: [], commandLine: "", memoryMap: e820(64 * 2 ** 20), rsdpGpa: 0xe_0000 });
  assert.ok("image" in loaded, JSON.stringify(loaded));
});

test("a few bytes that say that they are a GiB, or are, take little memory and time", () => {
  const lie = Uint8Array.from(compressed[0].bytes);
  new DataView(lie.buffer).setUint32(lie.length - 4, 0xffff_fff0, true);
  assert.equal(decompress("gzip", lie), undefined);
  for (const [format, program] of [["bzip2", "bzip2"], ["lz4", "lz4"], ["zstd", "zstd"]] as const) {
    const { stdout, status } = spawnSync(program, program === "lz4" ? ["-l", "-c"] : ["-c"], { input: new Uint8Array(20_000_000), maxBuffer: 2 ** 24 });
    if (status !== 0) continue;
    const started = performance.now(), inflated = decompress(format, Uint8Array.from(stdout));
    assert.equal(inflated?.length, 20_000_000);
    assert.ok(performance.now() - started < 10_000, format);
  }
});

test("damaged images and compressed files", () => {
  const watchdog = createWatchdog("parsing of damaged image");
  for (let seed = 1; seed <= 1500; seed++) watchdog.watch(seed, 30, () => fuzzImages(createRandom(seed, "images"), kernels, compressed));
  watchdog.stop();
});
