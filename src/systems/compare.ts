// The same commands in a guest and on the host's CPU, by the same binaries: what they print must be equal, byte for byte.

import { spawnSync } from "node:child_process";
import assert from "node:assert/strict";

/** name → shell command; its output may depend on nothing but the instructions that it executes. */
export type Commands = Readonly<Record<string, string>>;

const marker = (name: string) => `=====[ ${name} ]`;

/** A script that runs them all, each between markers and with its status, and between files: at a terminal some print in another order. */
export function script(shell: string, commands: Commands): string {
  return `#!${shell}\n${Object.entries(commands).map(([name, command]) => `echo '${marker(name)}'\n( ( ${command}\n)\necho "status $?" ) 2>&1 < /dev/null | cat\n`).join("")}echo '${marker("end")}'\n`;
}

/** What each command printed. */
export function results(output: string): Map<string, string> {
  const text = output.replaceAll("\r", "");
  return new Map([...text.matchAll(/^=====\[ (.*) \]\n([^]*?)(?======\[ )/gm)].map(([, name, printed]) => [name, printed]));
}

/** The C library picks code by what the CPU has, and with fused multiplication the last bit of a sine differs: the host does without. */
export const LIKE_THE_GUEST = { GLIBC_TUNABLES: "glibc.cpu.hwcaps=-AVX,-AVX2,-FMA,-FMA4,-AVX512F,-AVX512VL,-AVX512DQ" };

/** Nothing that is compared takes so long. */
const LIMIT_MS = 1_800_000;
/** Runs a program of the host. @returns what it printed to either stream */
export function runNatively(program: string, args: readonly string[]): string {
  const { stdout, stderr, error } = spawnSync(program, args, { encoding: "latin1", timeout: LIMIT_MS, maxBuffer: 2 ** 28, env: { PATH: "/usr/bin:/bin:/usr/sbin", HOME: "/", ...LIKE_THE_GUEST } });
  if (error) throw error;
  return stdout + stderr;
}

export function assertSame(name: string, guest: Map<string, string>, host: Map<string, string>): void {
  assert.ok(host.has(name), `${name} did not run on the host`);
  assert.ok(guest.has(name), `${name} did not run in the guest`);
  assert.equal(guest.get(name), host.get(name));
  assert.match(host.get(name)!, /status 0\n$/, "the command itself fails");
}
