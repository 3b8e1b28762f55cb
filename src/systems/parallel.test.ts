// Two vCPUs at the same time; the long runs are in parallel.full.ts.
import assert from "node:assert/strict";
import test from "node:test";
import { HASHES, HOTPLUG, parallelRun, skip } from "./parallel.ts";

test("Debian with two vCPUs: work on both, one is taken away and comes back, all stand still now and then", { skip, timeout: 300_000 }, async () => {
  const text = await parallelRun("jit", 2, HASHES(4, 300_000) + HOTPLUG(2, 2), { pauses: 30 });
  assert.match(text, /^ +4 [0-9a-f]{64} /m);
  assert.match(text, /HOTPLUG done/);
  assert.doesNotMatch(text, /FAILED|WRONG/);
});
