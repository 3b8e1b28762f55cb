// Atomic instructions of two vCPUs on the same bytes: nothing that either of them does may be lost.

import assert from "node:assert/strict";
import { createParallel, DATA, repeated } from "./parallel.ts";
import type { EngineName } from "../../embed/protocol.ts";

/** Operands relative to RDI = DATA. */
const disp = (at: number) => [at & 0xff, (at >> 8) & 0xff, 0, 0];
const lock = (...bytes: number[]) => [0xf0, ...bytes];
const inc = (width: 8 | 16 | 32 | 64, at: number) => width === 8 ? lock(0xfe, 0x87, ...disp(at)) : width === 16 ? [0x66, ...lock(0xff, 0x87, ...disp(at))]
  : width === 32 ? lock(0xff, 0x87, ...disp(at)) : lock(0x48, 0xff, 0x87, ...disp(at));
/** mov rax, [m]; again: lea rbx, [rax+1]; lock cmpxchg [m], rbx; jnz again */
const exchanging = (at: number) => [0x48, 0x8b, 0x87, ...disp(at), 0x48, 0x8d, 0x58, 0x01, 0xf0, 0x48, 0x0f, 0xb1, 0x9f, ...disp(at), 0x75, 0xf1];
/** mov eax, 1; lock xadd [m], rax */
const adding = (at: number) => [0xb8, 1, 0, 0, 0, 0xf0, 0x48, 0x0f, 0xc1, 0x87, ...disp(at)];
/** mov r11, rcx; mov rax, [m]; mov rdx, [m+8]; again: lea rbx, [rax+low]; lea rcx, [rdx+high]; lock cmpxchg16b [m]; jnz again; mov rcx, r11 */
const exchanging16 = (at: number, low = 1, high = 2) => [0x49, 0x89, 0xcb, 0x48, 0x8b, 0x87, ...disp(at), 0x48, 0x8b, 0x97, ...disp(at + 8),
  0x48, 0x8d, 0x58, low, 0x48, 0x8d, 0x4a, high, 0xf0, 0x48, 0x0f, 0xc7, 0x8f, ...disp(at), 0x75, 0xed, 0x4c, 0x89, 0xd9];

/** Where mistakes are counted: jcc over it; lock inc qword [m]. */
const WRONG = 512, unless = (jump: number) => [jump, 0x08, ...inc(64, WRONG)];
/** mov [m+12], ecx; cmp ecx, [m+12]: what nobody else changes stays as it was written. Four times */
const writingPart = (at: number) => [1, 2, 3, 4].flatMap(() => [0x89, 0x8f, ...disp(at + 12), 0x3b, 0x8f, ...disp(at + 12), ...unless(0x74)]);
/** inc r12; mov [m], r12; mov [m+8], r12 */
const writingHalves = (at: number) => [0x49, 0xff, 0xc4, 0x4c, 0x89, 0xa7, ...disp(at), 0x4c, 0x89, 0xa7, ...disp(at + 8)];
/** mov r11, rcx; RDX:RAX = RCX:RBX = 0; lock cmpxchg16b [m]; sub rax, rdx; cmp rax, 1: the halves as they were at one moment; mov rcx, r11 */
const reading16 = (at: number) => [0x49, 0x89, 0xcb, 0x31, 0xc0, 0x31, 0xd2, 0x31, 0xdb, 0x31, 0xc9, 0xf0, 0x48, 0x0f, 0xc7, 0x8f, ...disp(at), 0x48, 0x29, 0xd0, 0x48, 0x83, 0xf8, 0x01, ...unless(0x76), 0x4c, 0x89, 0xd9];
/** Reads one half with RAX, then the other with RBX; cmp rbx, rax: what is read later is no less. Both ways round */
const readingHalves = (at: number) => [[at, at + 8], [at + 8, at]].flatMap(([first, second]) => [0x48, 0x8b, 0x87, ...disp(first), 0x48, 0x8b, 0x9f, ...disp(second), 0x48, 0x39, 0xc3, ...unless(0x73)]);

interface Case { name: string; programs: readonly (readonly number[])[]; /** what the 8 bytes at an address must be, per turn */ sums: readonly (readonly [at: number, perTurn: bigint])[]; /** so many bytes that are counted in, once per turn */ parts?: readonly (readonly [at: number, bytes: number])[]; factor?: number }
const twice = (program: readonly number[]) => [program, program];
export const LOCKED: readonly Case[] = [
  { name: "LOCK INC of 64 bits", programs: twice(inc(64, 0)), sums: [[0, 2n]] },
  { name: "LOCK INC of bytes side by side", programs: [inc(8, 0), inc(8, 1)], sums: [], parts: [[0, 1], [1, 1]] },
  { name: "LOCK CMPXCHG", programs: twice(exchanging(8)), sums: [[8, 2n]] },
  { name: "LOCK XADD against LOCK INC", programs: [adding(16), inc(64, 16)], sums: [[16, 2n]] },
  { name: "LOCK of 32 against 64 bits", programs: [inc(32, 24), inc(64, 24)], sums: [[24, 2n]] },
  { name: "LOCK CMPXCHG16B", programs: twice(exchanging16(32)), sums: [[32, 2n], [40, 4n]], factor: 0.02 },
  { name: "LOCK CMPXCHG16B against LOCK INC of its halves", programs: [exchanging16(32), [...inc(64, 32), ...inc(64, 40)]], sums: [[32, 2n], [40, 3n]], factor: 0.02 },
  { name: "LOCK CMPXCHG16B against LOCK INC of 8, 16 and 32 bits", programs: [exchanging16(32, 0, 0), [...inc(32, 32), ...inc(16, 40), ...inc(8, 47)]], sums: [], parts: [[32, 4], [40, 2], [47, 1]], factor: 0.02 },
  { name: "LOCK CMPXCHG16B and a part that another one writes", programs: [exchanging16(32, 1, 0), writingPart(32)], sums: [[32, 1n], [WRONG, 0n]], factor: 0.02 },
  { name: "LOCK CMPXCHG16B reads two stores in their order", programs: [reading16(32), writingHalves(32)], sums: [[WRONG, 0n]], factor: 0.02 },
  { name: "LOCK CMPXCHG16B writes both halves at once", programs: [exchanging16(32, 1, 1), readingHalves(32)], sums: [[32, 1n], [40, 1n], [WRONG, 0n]], factor: 0.02 },
  { name: "LOCK across two words", programs: twice(inc(64, 52)), sums: [[52, 2n]], factor: 0.01 },
  { name: "LOCK across words against aligned", programs: [inc(64, 60), inc(32, 60)], sums: [[60, 2n]], factor: 0.01 },
  { name: "LOCK across pages", programs: twice(inc(32, 4094)), sums: [[4094, 2n]], factor: 0.01 },
];

export async function runLocked(engine: EngineName, { name, programs, sums, parts = [], factor = 1 }: Case, times: number): Promise<void> {
  const parallel = await createParallel(engine, programs.length), turns = Math.max(1000, Math.trunc(times * factor));
  try {
    await parallel.run(programs.map((body) => repeated(body)), turns);
    for (const [at, perTurn] of sums) {
      const sum = new DataView(parallel.memory.read(DATA + at, 8).buffer).getBigUint64(0, true);
      assert.equal(sum, perTurn * BigInt(turns), name);
    }
    for (const [at, bytes] of parts) assert.equal(Number(`0x${[...parallel.memory.read(DATA + at, bytes)].reverse().map((byte) => byte.toString(16).padStart(2, "0")).join("")}`), turns % 2 ** (8 * bytes), `${name}: +${at}`);
  } finally {
    await parallel.close();
  }
}
