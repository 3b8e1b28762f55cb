import assert from "node:assert/strict";
import test from "node:test";
import { createJitCounters, jitCounterBytes, sharedJitCounters, totalJitCounters } from "./counters.ts";

test("each thread has its own, another one reads them, and their total is that of all", () => {
  const buffer = new SharedArrayBuffer(jitCounterBytes(2)), [one, two] = [0, 1].map((thread) => sharedJitCounters(buffer, thread));
  one.modules++;
  one.longestMs = 3;
  two.modules += 4;
  two.longestMs = 2.5;
  assert.deepEqual({ ...sharedJitCounters(buffer, 1) }, { ...createJitCounters(), modules: 4, longestMs: 2.5 });
  assert.deepEqual(totalJitCounters([one, two]), { ...createJitCounters(), modules: 5, longestMs: 3 });
});
