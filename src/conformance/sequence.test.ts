// Random straight-line programs with forward jumps, on the interpreter and on the oracle: what one instruction leaves behind for the next,
// and what the interpreter does with several at once (pairs, links, parts of blocks), is seen only in sequences.

import assert from "node:assert/strict";
import test from "node:test";
import { ATTRIBUTES, createNodeMemory, createVnodeMemory, type Bus, type Engine } from "../hal/index.ts";
import { openEngines } from "./engines.ts";
import { createRandom } from "./random.ts";

const RAM = 1 << 20, CODE = 0x8000, DATA = 0x40000, STACK = 0x50000, PROGRAMS = 400, LENGTH = 60, FLOAT_PROGRAMS = 600;

const random = (seed: number) => createRandom(seed, "sequence").below;

/** Bytes of a random program: instructions on registers (never RSP, R15), on memory at R15 + 0..255, and jumps over up to 8 instructions. */
function program(pick: (below: number) => number): number[] {
  const register = () => { for (;;) { const number = pick(15); if (number !== 4) return number; } };
  const rex = (wide: boolean, reg: number, rm: number) => 0x40 | (wide ? 8 : 0) | (reg > 7 ? 4 : 0) | (rm > 7 ? 1 : 0);
  const two = (opcode: number[], reg: number, rm: number, wide = pick(2) === 1) => [rex(wide, reg, rm), ...opcode, 0xc0 | (reg & 7) << 3 | rm & 7];
  const memory = (opcode: number[], reg: number, wide = pick(2) === 1) => [rex(wide, reg, 15), ...opcode, 0x47 | (reg & 7) << 3, pick(120)];
  const arithmetic = () => pick(8) << 3;
  const instructions: (() => number[])[] = [
    () => two([arithmetic() | 1], register(), register()), () => two([arithmetic() | 3], register(), register()), () => two([arithmetic()], register(), register()),
    () => memory([arithmetic() | 1], register()), () => memory([arithmetic() | 3], register()), () => memory([arithmetic() | pick(2) * 2], register()),
    () => [...two([0x83], pick(8), register()), pick(256)], () => [...memory([0x83], pick(8)), pick(256)], () => [...two([0x80], pick(8), register()), pick(256)],
    () => [...two([0x81], pick(8), register()), pick(256), pick(256), pick(256), pick(256)],
    () => two([0x85], register(), register()), () => two([0x84], register(), register()), () => [0xa8, pick(256)], () => [...memory([0xf6], 0), pick(256)],
    () => two([0x39], register(), register()), () => memory([0x3a], register()), () => [0x3c, pick(256)], () => memory([0x39], register()),
    () => two([0x89], register(), register()), () => two([0x8b], register(), register()), () => memory([0x89], register()), () => memory([0x8b], register()),
    () => memory([0x0f, 0xb6], register()), () => two([0x0f, 0xbe], register(), register()), () => two([0x63], register(), register(), true),
    () => { const r = register(); return [0x40 | (r > 7 ? 1 : 0), 0x50 + (r & 7)]; }, () => { const r = register(); return [0x40 | (r > 7 ? 1 : 0), 0x58 + (r & 7)]; },
    () => two([0x0f, 0x40 + pick(16)], register(), register()), () => two([0x0f, 0x90 + pick(16)], 0, register()),
    () => [...two([0xc1], pick(8), register()), pick(256)], () => two([0xd3], pick(8), register()), () => two([0xff], pick(2), register()), () => two([0xf7], 2 + pick(2), register()),
    () => two([0x0f, 0xaf], register(), register()), () => [0x90], () => [0x0f, 0x1f, 0x40, pick(256)], () => two([0x0f, 0xa3], register(), register()),
  ];
  const parts = Array.from({ length: LENGTH }, () => {
    const jumps = pick(3) === 0;
    return jumps ? { bytes: pick(2) ? [0x70 + pick(16), 0] : [0x0f, 0x80 + pick(16), 0, 0, 0, 0], over: pick(8) } : { bytes: instructions[pick(instructions.length)](), over: 0 };
  });
  parts.forEach(({ bytes, over }, index) => {
    if (bytes[0] >> 4 !== 7 && !(bytes[0] === 0x0f && bytes[1] >> 4 === 8 && bytes.length === 6)) return;
    const distance = parts.slice(index + 1, index + 1 + over).reduce((sum, part) => sum + part.bytes.length, 0);
    bytes[bytes.length === 2 ? 1 : 2] = distance;
  });
  const body = parts.flatMap(({ bytes }) => bytes);
  if (body.length > 0x7f00 || pick(2)) return [...body, 0xf4];
  // several times: MOV dword [R15+252], n … DEC dword [R15+252]; JNE back
  const again = [0x41, 0xff, 0x8f, 0xfc, 0, 0, 0], back = -(body.length + again.length + 6);
  return [0x41, 0xc7, 0x87, 0xfc, 0, 0, 0, 2 + pick(6), 0, 0, 0, ...body, ...again, 0x0f, 0x85, back & 0xff, back >> 8 & 0xff, 0xff, 0xff, 0xf4];
}

/** Numbers of which most are ordinary, some zeros, and some what exceptions are about. */
function numberBytes(pick: (below: number) => number, strange: number): number[] {
  const bytes = Array.from({ length: 8 }, () => pick(256)), sign = pick(2) << 7, double = pick(4) !== 0;
  if (pick(6) === 0) return Array.from({ length: 8 }, () => 0);
  if (pick(100) < strange) return [[0, 0, 0, 0, 0, 0, 0xf0, 0x7f | sign], [1, 0, 0, 0, 0, 0, 0, sign], [0, 0, 0, 0, 0, 0, 0xf8, 0x7f | sign], [7, 0, 0, 0, 0, 0, 0xf0, 0x7f], [...bytes.slice(0, 7), sign],
    [0, 0, 0x80, 0x7f, 1, 0, 0, sign], bytes, [...bytes.slice(0, 6), 0xe0 | bytes[6] & 15, 0x7f], [...bytes.slice(0, 6), 0x10 | bytes[6] & 15, sign], [0, 0, 0, 0, 0, 0, 0xf0, 0x3f]][pick(10)];
  if (double) return [...bytes.slice(0, 6), bytes[6] & 0xf0 | bytes[6] & 15, 0x3f | sign];
  return [...bytes.slice(0, 3), 0x3f | sign, bytes[4], bytes[5], bytes[6], 0x40 | sign];
}

/** Bytes of a random loop of SSE arithmetic, with moves, stores, integer instructions, comparisons and jumps in between. */
function floatProgram(pick: (below: number) => number): number[] {
  const xmm = () => pick(8), register = () => [0, 1, 2, 3, 5, 6, 7][pick(7)];
  const onRegisters = (prefix: number[], opcode: number[], reg = xmm(), rm = xmm()) => [...prefix, 0x0f, ...opcode, 0xc0 | reg << 3 | rm];
  const onMemory = (prefix: number[], opcode: number[], reg = xmm(), step = 16) => [...prefix, 0x41, 0x0f, ...opcode, 0x47 | reg << 3, pick(112 / step) * step];
  const either = (prefix: number[], opcode: number[]) => (pick(3) ? onRegisters(prefix, opcode) : onMemory(prefix, opcode));
  const SCALAR = [[0xf2], [0xf2], [0xf3]], PACKED = [[0x66], []], ARITHMETIC = [0x58, 0x58, 0x58, 0x59, 0x59, 0x5c, 0x5c, 0x5e, 0x51, 0x5d, 0x5f];
  const choices: (() => number[])[] = [
    ...Array.from({ length: 8 }, () => () => either(SCALAR[pick(3)], [ARITHMETIC[pick(11)]])), ...Array.from({ length: 6 }, () => () => either(PACKED[pick(2)], [ARITHMETIC[pick(11)]])),
    () => onMemory([0xf2], [0x10 + pick(2)], xmm(), 8), () => onMemory([0xf3], [0x10 + pick(2)], xmm(), 4), () => onMemory(PACKED[pick(2)], [0x28 + pick(2)]), () => onMemory([0x66], [0x6f]),
    () => onRegisters([], [0x28]), () => onRegisters([0xf2], [0x10]), () => onRegisters([0x66], [0x14 + pick(2)]), () => [...onRegisters([0x66], [0xc6]), pick(4)], () => onRegisters([0x66], [0x16 - 2 * pick(2)]),
    () => { const x = xmm(); return onRegisters([], [0x57], x, x); }, () => onRegisters([0x66], [0xef]), () => onRegisters([], [0x54]), () => onMemory([0x66], [0x12 + 4 * pick(2)], xmm(), 8), () => onMemory([0x66], [0x13 + 4 * pick(2)], xmm(), 8),
    () => onRegisters([0xf2], [0x2a], xmm(), register()), () => onRegisters([0xf3], [0x2a], xmm(), register()), () => [SCALAR[pick(3)][0], 0x48, 0x0f, 0x2a, 0xc0 | xmm() << 3 | register()],
    () => onRegisters(SCALAR[pick(3)], [0x2c + pick(2)], register()), () => [0xf2, 0x48, 0x0f, 0x2c + pick(2), 0xc0 | register() << 3 | xmm()],
    () => onRegisters([0xf3], [0x5a]), () => onRegisters([0xf2], [0x5a]), () => onRegisters([], [0x5a]), () => onRegisters([0x66], [0x5a]), () => onRegisters([0xf3], [0xe6]), () => onRegisters([0x66], [0xe6]), () => onRegisters([], [0x5b]),
    () => [...onRegisters([[0xf2], [0xf3], [0x66], []][pick(4)], [0xc2]), pick(8)], () => [0x66, 0x0f, 0x3a, 8 + pick(4), 0xc0 | xmm() << 3 | xmm(), pick(12)], () => onRegisters([[0x66], [0xf2]][pick(2)], [[0x7c, 0x7d, 0xd0][pick(3)]]),
    () => [...onRegisters(PACKED[pick(2)], [0x2e + pick(2)]), 0x70 + [2, 3, 4, 5, 6, 7, 10, 11][pick(8)], 0], () => onMemory([], [0xae], 3),
    () => [0x48, 0x01 | pick(8) << 3, 0xc0 | register() << 3 | register()], () => [0x48, 0x83, 0xc0 | register(), pick(256)], () => [0x0f, 0x90 + pick(16), 0xc0 | pick(4)], () => [0x49, 0x89, 0x47 | register() << 3, 8 * pick(14)],
    () => [0x49, 0x8b, 0x47 | register() << 3, 8 * pick(14)], () => [0x48, 0xd3, 0xe0, ], () => onRegisters([0x66], [0x7e], xmm(), register()), () => onRegisters([0x66], [0x6e], xmm(), register()),
  ];
  const parts = Array.from({ length: 6 + pick(40) }, () => choices[pick(choices.length)]());
  parts.forEach((bytes, index) => {
    const at = bytes.length - 2;
    if (bytes.length > 4 && at >= 3 && bytes[at] >> 4 === 7 && bytes.at(-1) === 0 && (bytes[at - 2] & 0xfe) === 0x2e) bytes[at + 1] = parts.slice(index + 1, index + 1 + pick(4)).reduce((sum, part) => sum + part.length, 0);
  });
  const body = parts.flat(), again = [0x41, 0xff, 0x8f, 0xfc, 0, 0, 0], back = -(body.length + again.length + 6);
  return [0x41, 0xc7, 0x87, 0xfc, 0, 0, 0, 4 + pick(12), 0, 0, 0, ...body, ...again, 0x0f, 0x85, back & 0xff, back >> 8 & 0xff, 0xff, 0xff, 0xf4];
}

/** Makes a machine; it answers with the state after a program, executed in slices of so many instructions. */
function executor(engine: Engine) {
  const node = createNodeMemory(96 << 20), host = node.allocate(RAM, 4096, "RAM");
  const memory = createVnodeMemory(node, [{ gpa: 0, bytes: RAM, host, kind: "ram" }]);
  const bus: Bus = { pioRead: () => 0, pioWrite: () => {}, mmioRead: () => 0, mmioWrite: () => {}, acknowledge: () => -1, msrRead: () => undefined, msrWrite: () => false, tprRead: () => 0, tprWrite: () => {} };
  const vcpu = engine.createVcpu({ node, memory, index: 0, bus, clock: { nowNs: () => 0 }, entropy: () => 4, model: { tscHz: 1e9, apicTimerHz: 1e9, vcpuCount: 1, apicId: 0 } });
  return (program: number[], choose: (below: number) => number, most: number, float?: { mxcsr: bigint; strange: number }) => {
    const { state } = vcpu;
    vcpu.reset();
    const u64 = (gpa: number, value: bigint) => node.view.setBigUint64(host + gpa, value, true);
    u64(0x1000, 0x2003n);
    u64(0x2000, 0x83n); // 1 GiB
    memory.write(CODE, Uint8Array.from(program));
    vcpu.invalidateCode(CODE, program.length);
    memory.write(DATA, Uint8Array.from({ length: 256 }, () => choose(256)));
    if (float) memory.write(DATA, Uint8Array.from(Array.from({ length: 31 }, () => numberBytes(choose, float.strange)).flat()));
    memory.write(STACK - 1024, Uint8Array.from({ length: 2048 }, () => choose(256)));
    state.write("cr3", 0x1000n);
    state.write("cr4", 0x620n);
    state.write("efer", 0xd00n);
    state.write("cr0", 0x8000_0011n);
    if (float) {
      state.write("cr4", 0x620n);
      state.writeField("mxcsr", float.mxcsr);
      const xmm = () => numberBytes(choose, float.strange).reduce((sum, byte, index) => sum | BigInt(byte) << BigInt(8 * index), 0n);
      for (let index = 0; index < 16; index++) state.writeField("xmm", xmm() << 64n | xmm(), index);
    }
    state.writeSegment("cs", { selector: 8, base: 0n, limit: 0xffff_ffff, attributes: ATTRIBUTES.code64 });
    for (const name of ["ss", "ds", "es"] as const) state.writeSegment(name, { selector: 16, base: 0n, limit: 0xffff_ffff, attributes: ATTRIBUTES.data32 });
    for (let index = 0; index < 15; index++) state.writeField("gpr", choose(3) ? BigInt(choose(2 ** 32)) << 32n | BigInt(choose(2 ** 32)) : BigInt(choose(5)) - 2n, index);
    state.writeField("gpr", BigInt(DATA), 15);
    state.write("rsp", BigInt(STACK));
    state.write("rflags", 2n);
    state.write("rip", BigInt(CODE));
    const start = vcpu.retired();
    let reason = "budget";
    for (let slices = 0; reason === "budget" && slices < 1000; slices++) reason = vcpu.run(most).reason;
    return {
      reason, rip: state.read("rip"), retired: vcpu.retired() - start, rflags: state.read("rflags").toString(16),
      gpr: Array.from({ length: 16 }, (_, index) => state.readField("gpr", index).toString(16)),
      ...(float && { mxcsr: state.readField("mxcsr").toString(16), xmm: Array.from({ length: 16 }, (_, index) => state.readField("xmm", index).toString(16).padStart(32, "0")) }),
      memory: Buffer.from(memory.read(DATA, 256)).toString("hex"), stack: Buffer.from(memory.read(STACK - 1024, 2048)).toString("hex"),
    };
  };
}

test(`${PROGRAMS} random programs leave the same state on all engines, executed in one run or in slices`, async (t) => {
  const [oracle, ...others] = openEngines(["oracle", "interp", "jit", "jit2", "jit3"]);
  if (others.length === 0) return t.skip("the interpreter is not built");
  const onOracle = executor(oracle), executors = others.map((engine, index) => ({ name: `${engine.name} ${index}`, on: executor(engine) }));
  for (let seed = 1; seed <= PROGRAMS; seed++) {
    const bytes = program(random(seed));
    const run = (on: typeof onOracle, slice: number) => on(bytes, random(seed + 1_000_000), slice);
    const expected = run(onOracle, 10_000);
    for (const { name, on } of executors) {
      assert.deepEqual(run(on, 10_000), expected, `${name}, seed ${seed}`);
      assert.deepEqual(run(on, 1 + seed % 97), expected, `${name}, seed ${seed} in slices of ${1 + seed % 97}`);
    }
  }
});

test(`${FLOAT_PROGRAMS} random loops of SSE arithmetic leave the same state, compiled and interpreted`, async (t) => {
  const [interp, ...others] = openEngines(["interp", "jit", "jit2", "jit3"]);
  if (others.length === 0) return t.skip("the interpreter is not built");
  const onInterp = executor(interp), executors = others.map((engine, index) => ({ name: `${engine.name} ${index + 1}`, on: executor(engine) }));
  for (let seed = 1; seed <= FLOAT_PROGRAMS; seed++) {
    const bytes = floatProgram(random(seed)), strange = [0, 0, 3, 30][seed & 3];
    // mostly as programs have it; then with DAZ and FTZ, before the first inexact result, with other roundings, and with exceptions that are not masked
    const mxcsr = [0x1fa0n, 0x1fa0n, 0x1fa0n, 0x1fa0n, 0x9fe0n, 0x1f80n, 0x1fbfn, 0x3fa0n, 0x7fa0n, 0x1da0n, 0x0fa0n][seed % 11];
    const run = (on: typeof onInterp, slice: number) => on(bytes, random(seed + 1_000_000), slice, { mxcsr, strange });
    const expected = run(onInterp, 10_000);
    for (const { name, on } of executors) {
      assert.deepEqual(run(on, 10_000), expected, `${name}, seed ${seed}`);
      assert.deepEqual(run(on, 1 + seed % 97), expected, `${name}, seed ${seed} in slices of ${1 + seed % 97}`);
    }
  }
});
