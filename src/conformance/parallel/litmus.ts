// Litmus tests of x86-TSO as guest programs: each turn has variables x and y of its own, and must not end as TSO forbids.
// Names and outcomes: Sewell and others, "x86-TSO: A Rigorous and Usable Programmer's Model for x86 Multiprocessors".

import assert from "node:assert/strict";
import { createParallel, DATA, repeated } from "./parallel.ts";
import type { EngineName } from "../../embed/protocol.ts";

const STEP = 256;
const X = 0, Y = 64, RESULTS = 128;
const disp = (value: number) => [value & 0xff, value >> 8, 0, 0];
const store = (at: number, value = 1) => [0x48, 0xc7, 0x87, ...disp(at), value, 0, 0, 0]; //        mov qword [rdi+at], value
const toRax = (at: number) => [0x48, 0x8b, 0x87, ...disp(at)], toRbx = (at: number) => [0x48, 0x8b, 0x9f, ...disp(at)];
const keepRax = (slot: number) => [0x48, 0x89, 0x87, ...disp(RESULTS + 8 * slot)], keepRbx = (slot: number) => [0x48, 0x89, 0x9f, ...disp(RESULTS + 8 * slot)];
const MFENCE = [0x0f, 0xae, 0xf0], LOCKED = [0xf0, 0x83, 0x4e, 0x40, 0x00]; //                     lock or dword [rsi+64], 0
/** mov eax, 1; xchg [rdi+at], rax */
const exchange = (at: number) => [0xb8, 1, 0, 0, 0, 0x48, 0x87, 0x87, ...disp(at)];

export interface Litmus { name: string; programs: readonly (readonly number[])[]; forbidden?: (results: readonly number[], x: number, y: number) => boolean }
const both = (one: readonly number[]) => one.length === 2 && one[0] === 0 && one[1] === 0;
const buffering = (fence: readonly number[]) => [[...store(X), ...fence, ...toRax(Y), ...keepRax(0)], [...store(Y), ...fence, ...toRax(X), ...keepRax(1)]];
export const LITMUS: readonly Litmus[] = [
  { name: "SB: store buffering may be seen", programs: buffering([]) },
  { name: "SB with MFENCE", programs: buffering(MFENCE), forbidden: ([a, b]) => both([a, b]) },
  { name: "SB with LOCK", programs: buffering(LOCKED), forbidden: ([a, b]) => both([a, b]) },
  { name: "SB with XCHG", programs: [[...exchange(X), ...toRax(Y), ...keepRax(0)], [...exchange(Y), ...toRax(X), ...keepRax(1)]], forbidden: ([a, b]) => both([a, b]) },
  { name: "MP: message passing", programs: [[...store(X), ...store(Y)], [...toRax(Y), ...toRbx(X), ...keepRax(0), ...keepRbx(1)]], forbidden: ([a, b]) => a === 1 && b === 0 },
  { name: "LB: load buffering", programs: [[...toRax(X), ...store(Y), ...keepRax(0)], [...toRax(Y), ...store(X), ...keepRax(1)]], forbidden: ([a, b]) => a === 1 && b === 1 },
  { name: "2+2W", programs: [[...store(X, 1), ...store(Y, 2)], [...store(Y, 1), ...store(X, 2)]], forbidden: (_, x, y) => x === 1 && y === 1 },
  { name: "IRIW: stores of two are seen in one order", programs: [
    store(X), store(Y), [...toRax(X), ...toRbx(Y), ...keepRax(0), ...keepRbx(1)], [...toRax(Y), ...toRbx(X), ...keepRax(2), ...keepRbx(3)],
  ], forbidden: ([a, b, c, d]) => a === 1 && b === 0 && c === 1 && d === 0 },
];

/** Runs a litmus test so often, in pieces that fit memory. @returns how often each outcome came */
export async function runLitmus(engine: EngineName, { name, programs, forbidden }: Litmus, times: number): Promise<Map<string, number>> {
  const parallel = await createParallel(engine, programs.length), seen = new Map<string, number>();
  try {
    for (let left = times; left > 0; left -= Math.min(left, 100_000)) {
      const turns = Math.min(left, 100_000);
      parallel.memory.clear(DATA, turns * STEP);
      await parallel.run(programs.map((body) => repeated(body, STEP, true)), turns);
      const bytes = parallel.memory.read(DATA, turns * STEP), words = new Uint32Array(bytes.buffer);
      for (let turn = 0; turn < turns; turn++) {
        const at = turn * STEP / 4, results = [0, 1, 2, 3].map((slot) => words[at + RESULTS / 4 + 2 * slot]), x = words[at], y = words[at + Y / 4];
        if (forbidden) assert.ok(!forbidden(results, x, y), `${name}: turn ${turn} ended with ${results} x=${x} y=${y}`);
        const key = `${results} ${x} ${y}`;
        seen.set(key, (seen.get(key) ?? 0) + 1);
      }
    }
  } finally {
    await parallel.close();
  }
  return seen;
}
