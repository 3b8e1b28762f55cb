// In virtual time a guest with several vCPUs does the same in every run, on the interpreter and on the JIT.
import assert from "node:assert/strict";
import test from "node:test";
import { deterministicRun, skip } from "./deterministic.ts";

test("two vCPUs: interpreter and JIT come to the same state by the same output", { skip }, async () => {
  assert.deepEqual(await deterministicRun("jit", 2), await deterministicRun("interp", 2));
});
