import assert from "node:assert/strict";
import test from "node:test";
import { Worker } from "node:worker_threads";
import { createRing } from "./ring.ts";
import { NvlError } from "../base/error.ts";

test("a ring keeps order across its end, and takes what fits", () => {
  const ring = createRing(8);
  assert.equal(ring.write(Uint8Array.of(1, 2, 3, 4, 5)), 5);
  assert.deepEqual([...ring.read(4)], [1, 2, 3, 4]);
  assert.equal(ring.write(Uint8Array.of(6, 7, 8, 9, 10, 11, 12, 13, 14)), 7);
  assert.equal(ring.available(), 8);
  assert.equal(ring.write(Uint8Array.of(99)), 0);
  assert.deepEqual([...ring.read()], [5, 6, 7, 8, 9, 10, 11, 12]);
  assert.equal(ring.read().length, 0);
  assert.equal(ring.waitReadable(1), false);
});

test("positions may pass 2^32", () => {
  const ring = createRing(16);
  new Int32Array(ring.buffer, 0, 2).fill(-3); // both sides have moved 2^32 - 3 bytes
  assert.equal(ring.write(Uint8Array.of(1, 2, 3, 4, 5, 6)), 6);
  assert.equal(ring.available(), 6);
  assert.deepEqual([...ring.read()], [1, 2, 3, 4, 5, 6]);
});

test("the capacity is a power of two", () => {
  assert.throws(() => createRing(12), NvlError);
});

test("two threads pass a million bytes", async () => {
  const ring = createRing(1024), total = 1_000_000;
  const worker = new Worker(`
    const { workerData } = require("node:worker_threads");
    import(workerData.module).then(({ openRing }) => {
      const ring = openRing(workerData.buffer);
      for (let sent = 0; sent < workerData.total;) {
        const chunk = Uint8Array.from({ length: Math.min(700, workerData.total - sent) }, (_, index) => (sent + index) % 251);
        const taken = ring.write(chunk);
        sent += taken;
        if (taken === 0) ring.waitWritable();
      }
    });`, { eval: true, workerData: { module: new URL("./ring.js", import.meta.url).href, buffer: ring.buffer, total } });
  let seen = 0;
  while (seen < total) {
    assert.ok(ring.waitReadable(10_000), "the writer goes on");
    for (const byte of ring.read()) if (byte !== seen++ % 251) assert.fail(`byte ${seen - 1}`);
  }
  await worker.terminate();
});
