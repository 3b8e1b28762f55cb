// The C programs of programs.test.ts on one, two and four cores, on both engines, several times: what tasks that run at the same time do to each other differs from run to run.

import assert from "node:assert/strict";
import test from "node:test";
import { programRunner, PROGRAMS, skip } from "./programs/testing.ts";

const TIMEOUT_MS = 300_000, ROUNDS = 10;
const { compile, native, kitten } = programRunner(TIMEOUT_MS);

for (const name of PROGRAMS) for (const cores of [1, 2, 4]) for (const engine of ["interp", "jit"]) test(`${name}, cores: ${cores}, ${engine}, ${ROUNDS} times`, { skip }, () => {
  const program = compile(name, "static", ["-static"]), expected = native(program);
  for (let round = 1; round <= ROUNDS; round++) assert.deepEqual(kitten(program, cores, engine), expected, `round ${round}`);
});
