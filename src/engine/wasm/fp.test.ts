// Floating point in place against core's helpers, on values that are likely to be told apart.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import { OFFSET } from "../../hal/layout.ts";
import { helperSignature, type HelperName } from "../../isa/helpers.ts";
import { FP_HELPERS } from "../../isa/float/helpers.ts";
import { createBareCore } from "../core/bare.ts";
import { byteWriter } from "./bytes.ts";
import { createEmit, type Placement } from "./emit.ts";
import { flagsInState } from "./flags.ts";
import { createGraph } from "./ir.ts";
import { localPool, lower } from "./lower.ts";
import { moduleWriter } from "./module.ts";
import { speculation, type Trust } from "./speculate.ts";

const { node, address, state, call, functions, takeFault } = createBareCore(new WebAssembly.Module(readFileSync(new URL("../core/core.wasm", import.meta.url))), 0x10000);
const TYPES = { l: "i64", i: "i32" } as const;
const ORDINARY_MXCSR = 0x1fa0n;

/** A function `(state)`: XMM2 or RBX = helper(XMM0, XMM1, or RAX, numbers), with the calls that it makes counted. */
function compile(helper: HelperName, numbers: readonly number[]): { run: () => void; calls: () => number } {
  const { args, result } = helperSignature(helper);
  const module = moduleWriter();
  const imported = module.importFunction("core", helper, module.type(args.filter((kind) => kind !== "v").map((kind) => TYPES[kind as "l" | "i"]), result === "l" ? ["i64"] : []));
  module.importSharedMemory("env", "memory", 17, 65536);
  const g = createGraph(), out = byteWriter(), locals = localPool(1);
  const surroundings = { g, state: g.param(0, "i32"), core: () => imported };
  const e = createEmit(surroundings, () => ({}) as Placement, flagsInState(surroundings));
  let vectors = 0, used = 0;
  const passed = args.map((kind) => (kind === "v" ? e.xmm(vectors++) : kind === "l" ? g.load("i64.load", surroundings.state, OFFSET.gpr) : e.int(numbers[used++])));
  const value = e.call(helper, ...passed);
  if (result === "v") e.setXmm(2, value);
  else g.store("i64.store", surroundings.state, OFFSET.gpr + 24, value);
  lower(g, out, { locals, exit: (_node, _depth, writer) => writer.byte(0x0f) });
  module.exportFunction("run", module.func(module.type(["i32"], []), locals.types, out.finish()));
  let calls = 0;
  const counted = (...given: (number | bigint)[]) => {
    calls++;
    return call(helper, ...given);
  };
  const { run } = new WebAssembly.Instance(new WebAssembly.Module(module.finish()), { env: { memory: node.wasm }, core: { [helper]: counted } }).exports;
  return { run: () => (run as (at: number) => void)(address), calls: () => calls };
}

/** The same on trust: answers whether it was refused. */
function compileSpeculation(helper: HelperName, numbers: readonly number[], trust: Trust): (() => boolean) | undefined {
  const { args, result } = helperSignature(helper), module = moduleWriter();
  module.importSharedMemory("env", "memory", 17, 65536);
  const g = createGraph(), out = byteWriter(), locals = localPool(1);
  const surroundings = { g, state: g.param(0, "i32"), core: () => 0 };
  const e = createEmit(surroundings, () => ({}) as Placement, flagsInState(surroundings)), { float, settle } = speculation(g, () => trust);
  let vectors = 0, used = 0;
  const value = float(helper, args.map((kind) => (kind === "v" ? e.xmm(vectors++) : kind === "l" ? g.load("i64.load", surroundings.state, OFFSET.gpr) : e.int(numbers[used++]))));
  if (!value) return undefined;
  if (result === "v") e.setXmm(2, value);
  else g.store("i64.store", surroundings.state, OFFSET.gpr + 24, value);
  settle(() => g.exit("refused"));
  lower(g, out, { locals, exit: (_node, _depth, writer) => writer.bytes([0x41, 1, 0x0f]) });
  out.bytes([0x41, 0]);
  module.exportFunction("run", module.func(module.type(["i32"], ["i32"]), locals.types, out.finish()));
  const { run } = new WebAssembly.Instance(new WebAssembly.Module(module.finish()), { env: { memory: node.wasm } }).exports;
  return () => (run as (at: number) => number)(address) !== 0;
}

let seed = 12345;
const random = (below: number) => {
  seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
  return Math.floor((seed / 2 ** 32) * below);
};
const bitsOf = (bytes: number) => Array.from({ length: bytes / 2 }, () => random(0x10000)).reduce((sum, part) => (sum << 16n) | BigInt(part), 0n);
const pick = <T>(list: readonly T[]): T => list[random(list.length)];

/** Around zero, the smallest normal numbers, one, the limits of integers, the largest, infinity, NaNs. */
const EDGES64 = [0n, 1n, 0xfffffffffffffn, 0x10n << 48n, 0x20n << 48n, 0x3810n << 48n, 0x380ffffff0000000n, 0x3fe0n << 48n, 0x3ff0n << 48n, 0x3ff8n << 48n, 0x41dfffffffc00000n, 0x41e0n << 48n,
  0x41f0n << 48n, 0x4330n << 48n, 0x43e0n << 48n, 0x47efffffe0000000n, 0x47f0n << 48n, 0x7fen << 52n, 0x7ffn << 52n, 0x7ff8n << 48n, 0x7ff0000000000001n, 0x1ff0n << 48n, 0x6000n << 48n];
const EDGES32 = [0n, 1n, 0x7fffffn, 0x800000n, 0x1000000n, 0x3f000000n, 0x3f800000n, 0x3fc00000n, 0x4b000000n, 0x4effffffn, 0x4f000000n, 0x4f800000n, 0x5f000000n, 0x7f000000n, 0x7f800000n, 0x7fc00000n,
  0x7f800001n, 0x20000000n, 0x60000000n];
const number64 = (): bigint => {
  if (random(3) === 0) return bitsOf(8);
  const edge = pick(EDGES64) + pick([0n, 0n, 0n, 1n, -1n, BigInt(random(0x10000)) << 32n]);
  return BigInt.asUintN(64, edge ^ (BigInt(random(2)) << 63n));
};
const number32 = (): bigint => {
  if (random(3) === 0) return bitsOf(4);
  return BigInt.asUintN(32, (pick(EDGES32) + pick([0n, 0n, 0n, 1n, -1n, BigInt(random(0x10000))])) ^ (BigInt(random(2)) << 31n));
};
const tame64 = () => ((0x3f0n + BigInt(random(0x20))) << 52n) | (bitsOf(8) & 0x800fffffffffffffn);
const tame32 = () => ((0x70n + BigInt(random(0x10))) << 23n) | (bitsOf(4) & 0x807fffffn);
const takesSingles = (helper: string) => /(Ps|Ss|[a-z]ss?2(sd|si)|ps2(pd|dq|pi)|dq2p[sd])$/.test(helper);
const vectorOf = (single: boolean, tame: boolean) => single
  ? [0n, 32n, 64n, 96n].reduce((sum, at) => sum | ((tame ? tame32() : number32()) << at), 0n)
  : (tame ? tame64() : number64()) | ((tame ? tame64() : number64()) << 64n);
const mxcsrOf = () => pick([ORDINARY_MXCSR, ORDINARY_MXCSR, ORDINARY_MXCSR, 0x1f80n, 0x1fbfn, 0x9fe0n, 0x1fe0n, 0x9fa0n, 0x3fa0n, 0x7fa0n, 0x0fa0n, 0x1d80n, BigInt(random(0x10000))]);

/** @returns whether `run` refused */
function sameAsCore(helper: HelperName, numbers: readonly number[], run: () => boolean | void, tame: boolean, choose = mxcsrOf): boolean {
  const { args, result } = helperSignature(helper);
  const a = tame && random(4) === 0 && helper !== "fpCvtpd2ps" ? 0n : vectorOf(takesSingles(helper), tame), b = vectorOf(takesSingles(helper), tame);
  const integer = pick([BigInt(random(1000) - 500), BigInt.asIntN(64, bitsOf(8)), BigInt.asIntN(32, bitsOf(4)), (1n << BigInt(random(63))) + BigInt(random(3) - 1)]);
  const mxcsr = tame ? ORDINARY_MXCSR : choose();
  state.writeField("mxcsr", mxcsr);
  [a, b].forEach((value, index) => state.writeField("scratch", value, index));
  let used = 0;
  const answer = call(helper, ...args.filter((kind) => kind !== "v").map((kind) => (kind === "l" ? integer : numbers[used++])));
  const expected = { value: result === "v" ? state.readField("scratch", 3) : BigInt.asUintN(64, answer), mxcsr: state.readField("mxcsr"), fault: takeFault() };
  state.writeField("mxcsr", mxcsr);
  [a, b].forEach((value, index) => state.writeField("xmm", value, index));
  state.writeField("gpr", integer, 0);
  if (run() === true) return true;
  const value = result === "v" ? state.readField("xmm", 2) : state.readField("gpr", 3);
  const actual = { value, mxcsr: state.readField("mxcsr"), fault: takeFault() };
  if (expected.fault >= 0) actual.value = expected.value;
  const hex = (bits: bigint) => bits.toString(16);
  assert.deepEqual(actual, expected, `${helper} ${numbers} ${hex(a)} ${hex(b)} ${integer} mxcsr ${hex(mxcsr)}: ${hex(actual.value)} and not ${hex(expected.value)}`);
  return false;
}

/** PE set, everything masked, to nearest; DAZ and FTZ do not matter. */
const trustedMxcsr = () => ORDINARY_MXCSR | pick([0n, 0n, 0x40n, 0x8000n, 0x8040n]) | BigInt(random(64));

const COUNTS: Partial<Record<string, number>> = { Cmp: 8, Round: 16 };
const NEVER_IN_PLACE = /^fp(Rcp|Rsqrt|Addsub|Hadd|Hsub|Dp|Cvtpi2ps|Cvtps2pi)/;
for (const helper of Object.keys(FP_HELPERS) as HelperName[]) {
  if (!(helper in functions)) continue;
  const kind = /^fp(Cmp|Round)/.exec(helper)?.[1];
  const choices = kind ? Array.from({ length: COUNTS[kind]! }, (_, index) => [index])
    : helper.endsWith("2si") ? [[0, 32], [0, 64], [1, 32], [1, 64]] : /^fpCvtp[sd]2dq/.test(helper) ? [[0], [1]] : [[]];
  if (/^fp(Addsub|H)/.test(helper) || !NEVER_IN_PLACE.test(helper)) for (const trust of ["bounds", "tests"] as const) test(`${helper} on trust, by ${trust}`, () => {
    for (const numbers of choices) {
      const run = compileSpeculation(helper, numbers, trust);
      if (!run) continue;
      let refused = 0;
      for (let index = 0; index < 200; index++) refused += Number(sameAsCore(helper, numbers, run, true));
      if (!helper.startsWith("fpSqrt")) assert.equal(refused, 0, "ordinary numbers are not refused");
      for (let index = 0; index < 6000 / choices.length ** 0.5; index++) sameAsCore(helper, numbers, run, false, trustedMxcsr);
    }
  });
  if (!NEVER_IN_PLACE.test(helper)) test(`${helper} in place`, () => {
    for (const numbers of choices) {
      const { run, calls } = compile(helper, numbers);
      for (let index = 0; index < 200; index++) sameAsCore(helper, numbers, run, true);
      if (!helper.startsWith("fpSqrt")) assert.equal(calls(), 0, "core is not called with ordinary numbers"); // half of which have no root
      for (let index = 0; index < 6000 / choices.length ** 0.5; index++) sameAsCore(helper, numbers, run, false);
    }
  });
}
// -- what follows from what: several operations, and one test of what comes in

type Step = { helper: HelperName; a: number; b: number; to: number };
const CHAINED = ["Add", "Sub", "Mul", "Div", "Sqrt", "Min", "Max", "Add", "Sub", "Mul"];
const REGISTERS = 6;

function compileChain(steps: readonly Step[]): () => boolean {
  const module = moduleWriter();
  module.importSharedMemory("env", "memory", 17, 65536);
  const g = createGraph(), out = byteWriter(), locals = localPool(1);
  const surroundings = { g, state: g.param(0, "i32"), core: () => 0 };
  const e = createEmit(surroundings, () => ({}) as Placement, flagsInState(surroundings)), { float, settle } = speculation(g, () => "bounds");
  const held = Array.from({ length: REGISTERS }, (_, number) => e.xmm(number));
  for (const { helper, a, b, to } of steps) held[to] = float(helper, [held[a], held[b]])!;
  settle(() => g.exit("refused"));
  held.forEach((value, number) => { e.setXmm(number, value); });
  lower(g, out, { locals, exit: (_node, _depth, writer) => writer.bytes([0x41, 1, 0x0f]) });
  out.bytes([0x41, 0]);
  module.exportFunction("run", module.func(module.type(["i32"], ["i32"]), locals.types, out.finish()));
  const { run } = new WebAssembly.Instance(new WebAssembly.Module(module.finish()), { env: { memory: node.wasm } }).exports;
  return () => (run as (at: number) => number)(address) !== 0;
}

for (const single of [true, false]) test(`chains of operations on trust, ${single ? "single" : "double"} precision`, () => {
  /** Of any exponent, or one of few for all registers; sometimes zero. */
  const numbersAbout = () => {
    const exponents = single ? 0xff : 0x7ff, about = random(exponents), spread = pick([1, 4, 40, 4000]);
    return () => {
      const exponent = BigInt(Math.max(0, Math.min(exponents, about + random(spread) - (spread >> 1)))), whole = bitsOf(8), rarely = random(8);
      const one = (bits: bigint) => (single ? (bits & 0x807fffffn) | (exponent << 23n) : (bits & 0x800fffffffffffffn) | (exponent << 52n)) & (rarely === 0 ? 0n : rarely === 1 ? (single ? 0xffc00000n : 0xfffc000000000000n) : -1n);
      const low = one(whole), high = pick([low, one(bitsOf(8))]);
      return single ? low | (low << 32n) | (high << 64n) | (high << 96n) : low | (high << 64n);
    };
  };
  let trusted = 0, changed = 0;
  for (let chain = 0; chain < 150; chain++) {
    const steps = Array.from({ length: 1 + random(7) }, (): Step => ({ helper: `fp${pick(CHAINED)}${single ? "S" : "P"}${single ? "s" : "d"}`.replace("Ss", pick(["Ss", "Ps"])).replace("Pd", pick(["Sd", "Pd"])) as HelperName,
      a: random(REGISTERS), b: random(REGISTERS), to: random(REGISTERS) }));
    const run = compileChain(steps);
    for (let round = 0; round < 100; round++) {
      const number = numbersAbout(), start = Array.from({ length: REGISTERS }, number), mxcsr = ORDINARY_MXCSR | pick([0n, 0x8040n]);
      const expected = [...start];
      state.writeField("mxcsr", mxcsr);
      for (const { helper, a, b, to } of steps) {
        [expected[a], expected[b]].forEach((value, index) => { state.writeField("scratch", value, index); });
        call(helper);
        expected[to] = state.readField("scratch", 3) as bigint;
      }
      const after = state.readField("mxcsr") as bigint;
      changed += Number(after !== mxcsr);
      start.forEach((value, index) => { state.writeField("xmm", value, index); });
      if (run()) continue;
      trusted++;
      const story = `${steps.map(({ helper, a, b, to }) => `${to} = ${helper} ${a} ${b}`).join("; ")} of ${start.map((value) => value.toString(16))}`;
      assert.equal(after, mxcsr, `no flag is new: ${story}`);
      assert.deepEqual(start.map((_, index) => state.readField("xmm", index)), expected, story);
    }
  }
  assert.ok(trusted > 1000 && changed > 1000, `${trusted} chains were trusted, ${changed} changed MXCSR`);
});
