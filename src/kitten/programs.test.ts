// Small C programs, one per family of system calls, natively and on Kitten: output and exit status are equal. Compiled statically and as
// position-independent programs with glibc's dynamic linker, on the interpreter and the JIT.

import assert from "node:assert/strict";
import test from "node:test";
import { programRunner, PROGRAMS, skip } from "./programs/testing.ts";

const TIMEOUT_MS = 120_000;
const { compile, native, kitten } = programRunner(TIMEOUT_MS);
const KINDS: readonly (readonly [kind: string, flags: readonly string[], engine: string, cores: number])[] = [["static", ["-static"], "jit", 2], ["dynamic", ["-pie", "-fPIE"], "interp", 1]];

for (const name of PROGRAMS) for (const [kind, flags, engine, cores] of KINDS) test(`${name} (${kind}, ${engine}, cores: ${cores})`, { skip }, () => {
  const program = compile(name, kind, flags);
  assert.deepEqual(kitten(program, cores, engine), native(program));
});
