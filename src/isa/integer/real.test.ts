// 16-bit addresses, counts and stacks, which no host can show natively: they wrap, and leave the rest of the registers alone.

import assert from "node:assert/strict";
import test from "node:test";
import { createBare, type Bare } from "../../conformance/bare.ts";
import { openEngines } from "../../conformance/engines.ts";

type Engine = Awaited<ReturnType<typeof openEngines>>[number];

const HANDLERS = 0x600, SS = 12, GP = 13, BR = 5;
const UPPER = 0xaaaa_0000n;

/** A machine whose ES, DS and SS have their own 64 KiB, and whose exceptions end at HANDLERS + vector. */
function open(engine: Engine, code: readonly number[]): Bare {
  const machine = createBare(engine, "real"), { state } = machine.vcpu;
  for (const [name, base] of [["es", 0x2_0000n], ["ds", 0x3_0000n], ["ss", 0x4_0000n]] as const) state.writeSegment(name, { ...state.readSegment(name), selector: Number(base >> 4n), base });
  for (let vector = 0; vector < 32; vector++) machine.ram.set([HANDLERS + vector & 0xff, HANDLERS >> 8, 0, 0], 4 * vector);
  machine.load(code);
  return machine;
}
const word = ({ ram }: Bare, at: number) => ram[at]! | ram[at + 1]! << 8;
const raised = (machine: Bare) => Number(machine.get("rip")) - HANDLERS;

for (const engine of await openEngines()) {
  const on = (what: string, body: () => void) => test(`${what} (${engine.name})`, body);

  on("rep stosb goes round the end of its segment", () => {
    const machine = open(engine, [0xf3, 0xaa]);
    machine.set({ rax: 0x55, rcx: UPPER | 0x20n, rdi: UPPER | 0xfff0n, rflags: 2 });
    machine.vcpu.run(1);
    assert.deepEqual([machine.get("rcx"), machine.get("rdi")], [UPPER, UPPER | 0x10n]);
    assert.ok(machine.ram.subarray(0x2_fff0, 0x3_0000).every((byte) => byte === 0x55) && machine.ram.subarray(0x2_0000, 0x2_0010).every((byte) => byte === 0x55));
    assert.deepEqual([machine.ram[0x3_0000], machine.ram[0x2_0010], machine.ram[0x2_ffef]], [0, 0, 0]);
  });
  on("rep movsb downwards goes round the beginning", () => {
    const machine = open(engine, [0xf3, 0xa4]);
    for (let index = 0; index < 16; index++) machine.ram[0x3_0100 + index] = index + 1;
    machine.set({ rcx: UPPER | 16n, rsi: UPPER | 0x10fn, rdi: UPPER | 7n, rflags: 0x402 });
    machine.vcpu.run(1);
    assert.deepEqual([machine.get("rcx"), machine.get("rsi"), machine.get("rdi")], [UPPER, UPPER | 0xffn, UPPER | 0xfff7n]);
    assert.deepEqual([...machine.ram.subarray(0x2_0000, 0x2_0008)], [9, 10, 11, 12, 13, 14, 15, 16]);
    assert.deepEqual([...machine.ram.subarray(0x2_fff8, 0x3_0000)], [1, 2, 3, 4, 5, 6, 7, 8]);
  });
  on("a word across the end of a segment is #GP after what went before", () => {
    const machine = open(engine, [0xf3, 0xab]);
    machine.set({ rax: 0x1234, rcx: 9, rdi: 0xfffb, rsp: 0x100, rflags: 2 });
    machine.vcpu.run(1);
    assert.deepEqual([raised(machine), machine.get("rcx"), machine.get("rdi")], [GP, 7n, 0xffffn]);
    assert.deepEqual([word(machine, 0x4_00fa), word(machine, 0x2_fffb), word(machine, 0x2_fffd)], [0x8000, 0x1234, 0x1234]);
  });
  on("32-bit addresses in 16-bit code meet the limit", () => {
    const machine = open(engine, [0x67, 0xf3, 0xaa]);
    machine.set({ rax: 1, rcx: 0x20, rdi: 0xfff0, rsp: 0x100, rflags: 2 });
    machine.vcpu.run(1);
    assert.deepEqual([raised(machine), machine.get("rcx"), machine.get("rdi")], [GP, 0x10n, 0x1_0000n]);
  });
  on("push and pop go round the end of the stack", () => {
    const machine = open(engine, [0x50, 0x5b]);
    machine.set({ rax: 0x1234, rbx: 0, rsp: UPPER });
    machine.vcpu.run(1);
    assert.deepEqual([machine.get("rsp"), word(machine, 0x4_fffe)], [UPPER | 0xfffen, 0x1234]);
    machine.vcpu.run(1);
    assert.deepEqual([machine.get("rsp"), machine.get("rbx")], [UPPER, 0x1234n]);
  });
  on("a pop across the end of the stack is #SS", () => {
    const machine = open(engine, [0x58]);
    machine.set({ rax: 7, rsp: 0xffff });
    machine.vcpu.run(1);
    // the frame of the exception goes round as well, from 0xffff: bytes 0xfffd, 0xfffb and 0xfff9
    assert.deepEqual([raised(machine), machine.get("rax"), machine.get("rsp")], [SS, 7n, 0xfff9n]);
  });
  on("PUSHA and POPA keep SP and the upper halves", () => {
    const machine = open(engine, [0x60, 0x61]);
    const registers = { rax: 0x1_0001, rcx: 0x2_0002, rdx: 0x3_0003, rbx: 0x4_0004, rsp: 0x5_0008, rbp: 0x6_0006, rsi: 0x7_0007, rdi: 0x8_0008 };
    machine.set(registers);
    machine.vcpu.run(1);
    assert.equal(machine.get("rsp"), 0x5_fff8n);
    assert.deepEqual([0xfff8, 0xfffa, 0xfffc, 0xfffe, 0, 2, 4, 6].map((at) => word(machine, 0x4_0000 + at)), [8, 7, 6, 8, 4, 3, 2, 1]);
    machine.set({ rax: 0x1_ffff, rdi: 0x8_ffff });
    machine.vcpu.run(1);
    for (const [name, value] of Object.entries(registers)) assert.equal(machine.get(name as "rax"), BigInt(value), name);
  });
  on("ENTER with two levels and LEAVE", () => {
    const machine = open(engine, [0xc8, 0x10, 0, 2, 0xc9]);
    machine.ram.set([0x34, 0x12], 0x4_01fe);
    machine.set({ rsp: UPPER | 0x100n, rbp: UPPER | 0x200n });
    machine.vcpu.run(1);
    assert.deepEqual([machine.get("rsp"), machine.get("rbp")], [UPPER | 0xean, UPPER | 0xfen]);
    assert.deepEqual([0xfe, 0xfc, 0xfa].map((at) => word(machine, 0x4_0000 + at)), [0x200, 0x1234, 0xfe]);
    machine.vcpu.run(1);
    assert.deepEqual([machine.get("rsp"), machine.get("rbp")], [UPPER | 0x100n, UPPER | 0x200n]);
  });
  on("RET releases bytes of a 16-bit stack", () => {
    const machine = open(engine, [0xc2, 0x10, 0]);
    machine.ram.set([0x34, 0x12], 0x4_fff8);
    machine.set({ rsp: UPPER | 0xfff8n });
    machine.vcpu.run(1);
    assert.deepEqual([machine.get("rip"), machine.get("rsp")], [0x1234n, UPPER | 0xan]);
  });
  on("LOOP counts in CX, with 67 in ECX", () => {
    const counts = (code: number[], rcx: bigint) => { const machine = open(engine, code); machine.set({ rcx }); machine.vcpu.run(1); return [machine.get("rcx"), machine.get("rip")]; };
    assert.deepEqual(counts([0xe2, 0x10], UPPER), [UPPER | 0xffffn, 0x8012n]);
    assert.deepEqual(counts([0xe2, 0x10], UPPER | 1n), [UPPER, 0x8002n]);
    assert.deepEqual(counts([0x67, 0xe2, 0x10], 0x1_0001n), [0x1_0000n, 0x8013n]);
    assert.deepEqual(counts([0xe3, 0x10], UPPER), [UPPER, 0x8012n]);
    assert.deepEqual(counts([0x67, 0xe3, 0x10], UPPER), [UPPER, 0x8003n]);
  });
  on("jumps stay within 16 bits of IP", () => {
    const machine = open(engine, [0xe9, 0xff, 0x7f]);
    machine.vcpu.run(1);
    assert.equal(machine.get("rip"), 0x0002n);
  });
  on("XLAT and BOUND", () => {
    const machine = open(engine, [0xd7, 0x62, 0x06, 0x00, 0x01]);
    machine.ram[0x3_000f] = 0x99;
    machine.ram.set([0xf0, 0xff, 0x10, 0], 0x3_0100); // -16 to 16
    machine.set({ rax: 0x10, rbx: 0xffff, rsp: 0x100 });
    machine.vcpu.run(1);
    assert.equal(machine.get("rax"), 0x99n);
    for (const [index, inside] of [[0xfff0, true], [0x10, true], [0x11, false], [0xffef, false]] as const) {
      machine.set({ rax: index });
      machine.vcpu.state.write("rip", 0x8001n);
      machine.vcpu.run(1);
      assert.equal(inside ? machine.get("rip") : BigInt(raised(machine)), inside ? 0x8005n : BigInt(BR));
    }
  });
}
