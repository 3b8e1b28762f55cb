// Delivery of exceptions and interrupts in every mode, double and triple faults, and what happens on the border between instructions.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import { CONSTANTS as C } from "../../hal/layout.ts";
import { AT, createStage, DPL3, GATE_INTERRUPT, GATE_TRAP, SELECTOR, type Stage } from "./stage.ts";

const module = new WebAssembly.Module(readFileSync(new URL("core.wasm", import.meta.url)));
const IF = 0x200, TF = 0x100, RF = 0x10000;
const GP = 13, PF = 14, DF = 8, NP = 11, UD = 6;
const HOLE = 0x4000_1000; // not mapped

function raise(stage: Stage, vector: number, code = 0): void {
  stage.state.writeField("fault", BigInt(C.FAULT_PENDING | vector));
  stage.state.writeField("faultCode", BigInt(code));
  stage.exports.deliver();
}
const attention = (stage: Stage, bits: number) => stage.state.writeField("attention", stage.state.readField("attention") | BigInt(bits));
const at = (vector: number) => AT.handler + vector * 16;

test("long mode: a #PF of the kernel pushes five values and an error code on an aligned stack", () => {
  const s = createStage(module, "long");
  s.state.write("rsp", 0xc003n);
  s.state.write("rflags", BigInt(IF | 2 | 0x40));
  s.exports.load8(BigInt(HOLE + 5));
  s.exports.deliver();
  assert.equal(s.reg("rip"), at(PF));
  assert.equal(s.state.read("cr2"), BigInt(HOLE + 5));
  assert.equal(s.reg("rsp"), 0xc000 - 48);
  assert.deepEqual(s.stack(8, 6), [0n, BigInt(AT.code), BigInt(SELECTOR.codeWide), BigInt(IF | 2 | 0x40 | RF), 0xc003n, BigInt(SELECTOR.data0)]);
  assert.equal(s.reg("rflags"), 2 | 0x40);
  assert.equal(s.selector("ss"), SELECTOR.data0);
});

test("long mode: from a program to the kernel by RSP0, or by IST whatever the level", () => {
  const s = createStage(module, "long");
  s.level(3);
  raise(s, GP, 0x1234);
  assert.deepEqual([s.reg("cpl"), s.selector("cs"), s.selector("ss"), s.reg("rsp")], [0, SELECTOR.codeWide, 0, AT.stack0 - 48]);
  assert.deepEqual(s.stack(8, 6), [0x1234n, BigInt(AT.code), BigInt(SELECTOR.codeWide3), BigInt(RF | 2), BigInt(AT.stack), BigInt(SELECTOR.data3)]);
  s.gate(UD, GATE_TRAP, at(UD), SELECTOR.codeWide, 1);
  s.level(0);
  s.state.write("rflags", BigInt(IF | TF | 2));
  raise(s, UD);
  assert.deepEqual([s.reg("cpl"), s.selector("ss"), s.reg("rsp"), s.reg("rflags")], [0, SELECTOR.data0, AT.stackIst - 40, IF | 2]);
});

test("long mode: INT n needs the gate's DPL, pushes the next RIP, and faults as an instruction", () => {
  const s = createStage(module, "long");
  s.gate(0x80, GATE_INTERRUPT | DPL3);
  s.level(3);
  s.call("softwareInterrupt", 0x80, BigInt(AT.code + 2));
  assert.deepEqual([s.takeFault(), s.reg("rip"), s.stack(8, 1)[0]], [-1, at(0x80), BigInt(AT.code + 2)]);
  s.level(3);
  s.call("softwareInterrupt", 0x81, BigInt(AT.code + 2));
  assert.deepEqual([s.takeFault(), s.state.readField("faultCode"), s.reg("rip"), s.reg("cpl")], [GP, BigInt(0x81 * 8 + 2), AT.code, 3]);
  s.call("interrupt1", BigInt(AT.code + 1)); // INT1 does not look at DPL
  assert.deepEqual([s.takeFault(), s.reg("rip"), s.reg("cpl")], [-1, at(1), 0]);
});

for (const [what, arrange, vector, code] of [
  ["gate not present", (s: Stage) => s.gate(0x40, 0x0e), NP, 0x40 * 8 + 2],
  ["gate of another type", (s: Stage) => s.gate(0x40, 0x8c), GP, 0x40 * 8 + 2],
  ["beyond the limit", (s: Stage) => s.state.writeTable("idt", BigInt(AT.idt), 0x40 * 16 + 14), GP, 0x40 * 8 + 2],
  ["null code segment", (s: Stage) => s.gate(0x40, GATE_INTERRUPT, 0, 0), GP, 0],
  ["data as code", (s: Stage) => s.gate(0x40, GATE_INTERRUPT, 0, SELECTOR.data0), GP, SELECTOR.data0],
  ["code of 32 bits", (s: Stage) => s.gate(0x40, GATE_INTERRUPT, 0, SELECTOR.code0), GP, SELECTOR.code0],
  ["code of an outer level", (s: Stage) => s.gate(0x40, GATE_INTERRUPT, 0, SELECTOR.codeWide3), GP, SELECTOR.codeWide3 & ~3],
  ["code not present", (s: Stage) => s.gate(0x40, GATE_INTERRUPT, 0, SELECTOR.absent), NP, SELECTOR.absent],
  ["code outside of the GDT", (s: Stage) => s.gate(0x40, GATE_INTERRUPT, 0, 0x200), GP, 0x200],
  ["stack not canonical", (s: Stage) => s.state.write("rsp", 1n << 60n), 12, 0],
  ["stack not mapped", (s: Stage) => s.state.write("rsp", BigInt(HOLE)), PF, 2],
] as const) test(`long mode: INT n and an interrupt, ${what}`, () => {
  const s = createStage(module, "long");
  arrange(s);
  const rsp = s.state.read("rsp");
  s.call("softwareInterrupt", 0x40, 0n);
  assert.deepEqual([s.takeFault(), s.state.readField("faultCode"), s.state.read("rsp"), s.reg("rip")], [vector, BigInt(code), rsp, AT.code]);
  // the same by an interrupt: the fault is delivered in its place, with EXT in codes that name a selector or vector
  s.state.write("rsp", BigInt(AT.stack));
  s.state.write("rflags", BigInt(IF | 2));
  if (vector === PF || vector === 12) return;
  s.bus.acknowledge = () => 0x40;
  attention(s, C.ATTENTION_INTERRUPT);
  assert.equal(s.exports.attend(), C.EXIT_NONE);
  assert.deepEqual([s.reg("rip"), s.stack(8, 2)], [at(vector), [BigInt(code | 1), BigInt(AT.code)]]);
});

for (const [what, first, second, outcome] of [
  ["#GP during #GP", GP, (s: Stage) => s.gate(GP, 0x8c), DF],
  ["#NP during #DE", 0, (s: Stage) => s.gate(0, 0x0e), DF],
  ["#PF during #PF", PF, (s: Stage) => s.gate(PF, GATE_INTERRUPT, at(PF), SELECTOR.codeWide, 2), DF], // IST2 is 0: its stack is at the top of the address space
  ["#NP during #PF", PF, (s: Stage) => s.gate(PF, 0x0e), DF],
  ["#PF during #GP", GP, (s: Stage) => s.gate(GP, GATE_INTERRUPT, at(GP), SELECTOR.codeWide, 2), PF],
  ["#NP during #UD", UD, (s: Stage) => s.gate(UD, 0x0e), NP],
] as const) test(`long mode: ${what} ends in vector ${outcome}`, () => {
  const s = createStage(module, "long");
  s.put(AT.tss + 44, 8, HOLE); // IST2
  second(s);
  raise(s, first, 0x18);
  assert.equal(s.reg("rip"), at(outcome));
  if (outcome === DF) assert.deepEqual(s.stack(8, 2), [0n, BigInt(AT.code)]);
});

test("a fault that cannot be delivered as #DF shuts down, and stays so", () => {
  for (const mode of ["long", "protected"] as const) {
    const s = createStage(module, mode);
    s.state.writeTable("idt", 0n, 0);
    raise(s, UD);
    assert.equal(s.exports.attend(), C.EXIT_SHUTDOWN);
    assert.equal(s.exports.attend(), C.EXIT_SHUTDOWN);
    assert.deepEqual([s.state.readField("exitDetail"), s.reg("rip")], [BigInt(AT.code), AT.code]);
  }
});

test("protected mode: gates of 32 and 16 bits, same level", () => {
  const s = createStage(module, "protected");
  s.state.write("rflags", BigInt(IF | 2));
  raise(s, GP, 0x20);
  assert.deepEqual([s.reg("rip"), s.reg("rsp"), s.stack(4, 4)], [at(GP), AT.stack - 16, [0x20n, BigInt(AT.code), BigInt(SELECTOR.code0), BigInt(IF | RF | 2)]]);
  s.level(0);
  s.gate(UD, 0x87, 0x1234);
  raise(s, UD);
  assert.deepEqual([s.reg("rip"), s.reg("rsp"), s.stack(2, 3)], [0x1234, AT.stack - 6, [BigInt(AT.code & 0xffff), BigInt(SELECTOR.code0), 2n]]);
});

test("protected mode: to the inner stack of the TSS", () => {
  const s = createStage(module, "protected");
  s.level(3);
  raise(s, PF, 7);
  assert.deepEqual([s.reg("cpl"), s.selector("cs"), s.selector("ss"), s.reg("rsp")], [0, SELECTOR.code0, SELECTOR.data0, AT.stack0 - 24]);
  assert.deepEqual(s.stack(4, 6), [7n, BigInt(AT.code), BigInt(SELECTOR.code3), BigInt(RF | 2), BigInt(AT.stack), BigInt(SELECTOR.data3)]);
  for (const [selector, vector, code] of [[0, 10, 0], [SELECTOR.data3, 10, SELECTOR.data3 & ~3], [SELECTOR.code0, 10, SELECTOR.code0], [0x200, 10, 0x200]] as const) {
    s.put(AT.tss + 8, 4, selector);
    s.gate(0x41, GATE_INTERRUPT | DPL3);
    s.level(3);
    s.call("softwareInterrupt", 0x41, 0n);
    assert.deepEqual([s.takeFault(), s.state.readField("faultCode")], [vector, BigInt(code)]);
  }
});

test("protected mode: a task gate is a clear exit", () => {
  const s = createStage(module, "protected");
  s.gate(DF, 0x85);
  raise(s, DF);
  assert.equal(s.exports.attend(), C.EXIT_UNSUPPORTED);
  assert.equal(s.state.readField("exitDetail"), BigInt(AT.code));
});

test("real mode: the vector table, 16-bit pushes that wrap, no error code", () => {
  const s = createStage(module, "real");
  s.state.write("rflags", BigInt(IF | TF | 2));
  raise(s, GP);
  assert.deepEqual([s.selector("cs"), s.reg("rip"), s.reg("rflags") & (IF | TF)], [0x2000, GP * 16, 0]);
  assert.deepEqual(s.stack(2, 3), [0x100n, 0x1000n, BigInt(IF | TF | 2)]);
  s.state.write("rsp", 5n);
  s.call("softwareInterrupt", 0x21, 0x55n);
  assert.equal(s.takeFault(), 12); // the third push does not fit below 0
  s.state.write("rsp", 0x1_0000n);
  s.call("softwareInterrupt", 0x21, 0x55n);
  assert.deepEqual([s.takeFault(), s.reg("rsp"), s.reg("rip")], [-1, 0x1fffa, 0x210]);
});

test("interrupts wait for IF and for the instruction behind STI and MOV SS", () => {
  const s = createStage(module, "long");
  s.bus.acknowledge = () => 0x30;
  attention(s, C.ATTENTION_INTERRUPT);
  assert.equal(s.exports.attend(), C.EXIT_NONE);
  assert.equal(s.reg("rip"), AT.code);
  assert.equal(s.call("enableInterrupts", BigInt(AT.code), 0), 1, "an interrupt waits");
  assert.equal(s.exports.attend(), C.EXIT_NONE);
  assert.equal(s.reg("rip"), AT.code);
  assert.ok(Number(s.state.readField("attention")) & C.ATTENTION_STEP, "the next instruction goes alone");
  s.exports.attend();
  assert.deepEqual([s.reg("rip"), s.stack(8, 1)[0]], [at(0x30), BigInt(AT.code)]);
  s.level(0);
  s.state.write("rflags", BigInt(IF | 2));
  s.call("loadSegmentRegister", C.SEG_SS, SELECTOR.data0);
  s.exports.attend();
  assert.equal(s.reg("rip"), AT.code);
  s.exports.attend();
  assert.equal(s.reg("rip"), at(0x30));
  s.level(0);
  s.state.write("rflags", BigInt(IF | 2));
  s.bus.acknowledge = () => -1; // it has gone away
  s.exports.attend();
  assert.equal(s.reg("rip"), AT.code);
});

test("an NMI comes first, and the next one waits for IRET", () => {
  const s = createStage(module, "long");
  s.state.write("rflags", BigInt(IF | 2));
  s.bus.acknowledge = () => 0x30;
  attention(s, C.ATTENTION_NMI | C.ATTENTION_INTERRUPT);
  s.exports.attend();
  assert.equal(s.reg("rip"), at(2));
  attention(s, C.ATTENTION_NMI);
  s.exports.attend();
  assert.equal(s.reg("rip"), at(2));
  s.call("interruptReturn", 8);
  assert.deepEqual([s.takeFault(), s.reg("rip")], [-1, AT.code]);
  s.exports.attend();
  assert.equal(s.reg("rip"), at(2));
});

test("HLT ends the run until an interrupt that is let in", () => {
  const s = createStage(module, "long");
  s.bus.acknowledge = () => 0x31;
  s.call("halt", BigInt(AT.code + 1));
  assert.equal(s.exports.attend(), C.EXIT_HLT);
  assert.equal(s.exports.attend(), C.EXIT_HLT);
  attention(s, C.ATTENTION_INTERRUPT);
  assert.equal(s.exports.attend(), C.EXIT_HLT); // IF is 0
  s.call("enableInterrupts", BigInt(AT.code + 1), 1);
  s.state.writeField("shadow", 0n);
  assert.equal(s.exports.attend(), C.EXIT_NONE);
  assert.deepEqual([s.reg("rip"), s.stack(8, 1)[0], Number(s.state.readField("activity"))], [at(0x31), BigInt(AT.code + 1), C.ACTIVITY_RUNNING]);
  // STI and HLT in one breath
  s.level(0);
  s.state.write("rflags", 2n);
  s.state.writeField("attention", 0n);
  assert.equal(s.call("enableInterrupts", BigInt(AT.code + 1), 0), 0, "nothing waits, and HLT follows");
  s.call("halt", BigInt(AT.code + 2));
  assert.equal(s.exports.attend(), C.EXIT_HLT);
  attention(s, C.ATTENTION_INTERRUPT);
  assert.equal(s.exports.attend(), C.EXIT_NONE);
  assert.equal(s.reg("rip"), at(0x31));
});

test("TF: #DB after the instruction that began with it, not before", () => {
  const s = createStage(module, "long");
  s.exports.writeFlags(BigInt(TF), BigInt(TF)); // as POPF does
  assert.equal(s.exports.attend(), C.EXIT_NONE);
  assert.equal(s.reg("rip"), AT.code);
  assert.ok(Number(s.state.readField("attention")) & C.ATTENTION_STEP);
  s.state.write("rip", BigInt(AT.code + 3)); // one instruction later
  s.exports.attend();
  assert.deepEqual([s.reg("rip"), s.stack(8, 1)[0], Number(s.state.readField("dr", 6)) & 0x4000], [at(1), BigInt(AT.code + 3), 0x4000]);
  assert.equal(s.reg("rflags") & TF, 0);
  s.state.writeField("attention", 0n);
  s.call("interruptReturn", 8);
  s.exports.attend();
  assert.equal(s.reg("rip"), AT.code + 3);
});

test("debug registers: instruction breakpoints with RF, data breakpoints, GD", () => {
  const s = createStage(module, "long");
  s.call("writeDebug", 0, BigInt(AT.code));
  s.call("writeDebug", 7, 2n);
  s.exports.attend();
  assert.deepEqual([s.reg("rip"), Number(s.state.readField("dr", 6)) & 15], [at(1), 1]);
  assert.equal(Number(s.stack(8, 3)[2]) & RF, RF);
  s.call("interruptReturn", 8); // with RF: the instruction is executed now
  s.exports.attend();
  assert.equal(s.reg("rip"), AT.code);
  s.call("writeDebug", 1, 0x30004n);
  s.call("writeDebug", 7, BigInt(8 | (0b1101 << 20))); // 4 bytes, writes
  s.state.writeField("dr", 0xffff_0ff0n, 6);
  s.exports.load32(0x30004n);
  assert.equal(s.exports.attend(), C.EXIT_NONE);
  assert.equal(s.reg("rip"), AT.code);
  s.exports.store8(0x30007n, 1n);
  s.exports.attend();
  assert.deepEqual([s.reg("rip"), Number(s.state.readField("dr", 6)) & 15], [at(1), 2]);
  s.call("writeDebug", 7, 0x2000n);
  s.call("readDebug", 0);
  assert.deepEqual([s.takeFault(), Number(s.state.readField("dr", 6)) & 0x2000], [1, 0x2000]);
});

test("kick is seen once; INIT brings the first vCPU to the reset vector and others to waiting for SIPI", () => {
  const s = createStage(module, "long");
  attention(s, C.ATTENTION_KICK);
  assert.deepEqual([s.exports.attend(), s.exports.attend()], [C.EXIT_KICK, C.EXIT_NONE]);
  attention(s, C.ATTENTION_INIT);
  assert.equal(s.exports.attend(), C.EXIT_NONE);
  assert.deepEqual([s.reg("rip"), s.selector("cs"), s.state.readSegment("cs").base], [0xfff0, 0xf000, 0xffff_0000n]);
  s.state.writeField("apicBase", 0xfee0_0800n);
  attention(s, C.ATTENTION_INIT);
  assert.equal(s.exports.attend(), C.EXIT_HLT);
  s.exports.startup(0x9a);
  assert.equal(s.exports.attend(), C.EXIT_NONE);
  assert.deepEqual([s.reg("rip"), s.selector("cs"), s.state.readSegment("cs").base], [0, 0x9a00, 0x9a000n]);
});
