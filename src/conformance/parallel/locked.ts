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
/** mov r11, rcx; mov rax, [m]; mov rdx, [m+8]; again: lea rbx, [rax+1]; lea rcx, [rdx+2]; lock cmpxchg16b [m]; jnz again; mov rcx, r11 */
const exchanging16 = (at: number) => [0x49, 0x89, 0xcb, 0x48, 0x8b, 0x87, ...disp(at), 0x48, 0x8b, 0x97, ...disp(at + 8),
  0x48, 0x8d, 0x58, 0x01, 0x48, 0x8d, 0x4a, 0x02, 0xf0, 0x48, 0x0f, 0xc7, 0x8f, ...disp(at), 0x75, 0xed, 0x4c, 0x89, 0xd9];

interface Case { name: string; programs: readonly (readonly number[])[]; /** what the 8 bytes at an address must be, per turn */ sums: readonly (readonly [at: number, perTurn: bigint])[]; factor?: number }
const twice = (program: readonly number[]) => [program, program];
export const LOCKED: readonly Case[] = [
  { name: "LOCK INC of 64 bits", programs: twice(inc(64, 0)), sums: [[0, 2n]] },
  { name: "LOCK INC of bytes side by side", programs: [inc(8, 0), inc(8, 1)], sums: [] },
  { name: "LOCK CMPXCHG", programs: twice(exchanging(8)), sums: [[8, 2n]] },
  { name: "LOCK XADD against LOCK INC", programs: [adding(16), inc(64, 16)], sums: [[16, 2n]] },
  { name: "LOCK of 32 against 64 bits", programs: [inc(32, 24), inc(64, 24)], sums: [[24, 2n]] },
  { name: "LOCK CMPXCHG16B", programs: twice(exchanging16(32)), sums: [[32, 2n], [40, 4n]] },
  { name: "LOCK across two words", programs: twice(inc(64, 52)), sums: [[52, 2n]], factor: 0.01 },
  { name: "LOCK across words against aligned", programs: [inc(64, 60), inc(32, 60)], sums: [[60, 2n]], factor: 0.01 },
  { name: "LOCK across pages", programs: twice(inc(32, 4094)), sums: [[4094, 2n]], factor: 0.01 },
];

export async function runLocked(engine: EngineName, { name, programs, sums, factor = 1 }: Case, times: number): Promise<void> {
  const parallel = await createParallel(engine, programs.length), turns = Math.max(1000, Math.trunc(times * factor));
  try {
    await parallel.run(programs.map((body) => repeated(body)), turns);
    for (const [at, perTurn] of sums) {
      const sum = new DataView(parallel.memory.read(DATA + at, 8).buffer).getBigUint64(0, true);
      assert.equal(sum, perTurn * BigInt(turns), name);
    }
    if (sums.length === 0) assert.deepEqual([...parallel.memory.read(DATA, 2)], [turns & 0xff, turns & 0xff], name);
  } finally {
    await parallel.close();
  }
}
