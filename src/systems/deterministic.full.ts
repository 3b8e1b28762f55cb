// Ten runs each with 1, 2 and 4 vCPUs, in turns on both engines; and a seed that is not the same.
import assert from "node:assert/strict";
import test from "node:test";
import { deterministicRun, skip } from "./deterministic.ts";

for (const vcpus of [1, 2, 4]) test(`${vcpus} vCPUs: ten runs are one`, { skip }, async () => {
  const first = await deterministicRun("interp", vcpus);
  for (let run = 1; run < 10; run++) assert.deepEqual(await deterministicRun(run % 2 ? "jit" : "interp", vcpus), first, `run ${run}`);
});

test("another seed is another run", { skip }, async () => {
  assert.notEqual((await deterministicRun("interp", 2, 1)).fingerprint, (await deterministicRun("interp", 2, 2)).fingerprint);
});
