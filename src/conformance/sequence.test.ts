// Random straight-line programs with forward jumps, on the interpreter and on the oracle: what one instruction leaves behind for the next,
// and what the interpreter does with several at once (pairs, links, parts of blocks), is seen only in sequences.

import assert from "node:assert/strict";
import test from "node:test";
import { ATTRIBUTES, createNodeMemory, createVnodeMemory, type Bus, type Engine } from "../hal/index.ts";
import { openEngines } from "./engines.ts";
import { createRandom } from "./random.ts";

const RAM = 1 << 20, CODE = 0x8000, DATA = 0x40000, STACK = 0x50000, PROGRAMS = 400, LENGTH = 60;

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

/** Makes a machine; it answers with the state after a program, executed in slices of so many instructions. */
function executor(engine: Engine) {
  const node = createNodeMemory(96 << 20), host = node.allocate(RAM, 4096, "RAM");
  const memory = createVnodeMemory(node, [{ gpa: 0, bytes: RAM, host, kind: "ram" }]);
  const bus: Bus = { pioRead: () => 0, pioWrite: () => {}, mmioRead: () => 0, mmioWrite: () => {}, acknowledge: () => -1, msrRead: () => undefined, msrWrite: () => false, tprRead: () => 0, tprWrite: () => {} };
  const vcpu = engine.createVcpu({ node, memory, index: 0, bus, clock: { nowNs: () => 0 }, entropy: () => 4, model: { tscHz: 1e9, apicTimerHz: 1e9, vcpuCount: 1, apicId: 0 } });
  return (program: number[], choose: (below: number) => number, most: number) => {
    const { state } = vcpu;
    vcpu.reset();
    const u64 = (gpa: number, value: bigint) => node.view.setBigUint64(host + gpa, value, true);
    u64(0x1000, 0x2003n);
    u64(0x2000, 0x83n); // 1 GiB
    memory.write(CODE, Uint8Array.from(program));
    vcpu.invalidateCode(CODE, program.length);
    memory.write(DATA, Uint8Array.from({ length: 256 }, () => choose(256)));
    memory.write(STACK - 1024, Uint8Array.from({ length: 2048 }, () => choose(256)));
    state.write("cr3", 0x1000n);
    state.write("cr4", 0x620n);
    state.write("efer", 0xd00n);
    state.write("cr0", 0x8000_0011n);
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
