// IRET, far JMP, CALL and RET, call gates, fast system calls: what each mode lets through, and that a refused transfer changes nothing.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import { CONSTANTS as C } from "../../hal/layout.ts";
import { AT, createStage, SELECTOR, type Stage } from "./stage.ts";

const module = new WebAssembly.Module(readFileSync(new URL("core.wasm", import.meta.url)));
const IF = 0x200, IOPL3 = 0x3000, NT = 0x4000, AC = 0x40000;
const GP = 13, NP = 11, SS = 12, TS = 10, UD = 6;
const ABSENT_GATE = 0x88, WIDE_GATE = 0x90;

/** Puts values at RSP, the first at the top. */
function push(s: Stage, bytes: 2 | 4 | 8, ...values: number[]): void {
  const rsp = AT.stack - values.length * bytes;
  values.forEach((value, i) => s.put(rsp + i * bytes, bytes, value));
  s.state.write("rsp", BigInt(rsp));
}
/** What must not change when a transfer faults. */
const registers = (s: Stage) => JSON.stringify([s.state.read("rsp"), s.state.read("rip"), s.state.read("rflags"), s.state.read("cpl"), s.selector("cs"), s.selector("ss"), s.selector("ds")].map(String));
function refused(s: Stage, vector: number, code: number, transfer: () => void, what: string): void {
  const before = registers(s);
  transfer();
  assert.deepEqual([s.takeFault(), Number(s.state.readField("faultCode"))], [vector, code], what);
  assert.equal(registers(s), before, what);
}
/** A call gate: type byte with P and DPL. */
function callGate(s: Stage, at: number, type: number, selector: number, offset: number, parameters = 0): void {
  s.put(AT.gdt + at, 8, BigInt(offset & 0xffff) | BigInt(selector) << 16n | BigInt(parameters) << 32n | BigInt(type) << 40n | BigInt(offset >>> 16) << 48n);
}

test("IRETQ to a program takes RSP and SS, and the flags that level 0 may write", () => {
  const s = createStage(module, "long");
  push(s, 8, 0x1234, SELECTOR.codeWide3, IF | IOPL3 | AC | 0x41, 0x9000, SELECTOR.data3);
  s.state.writeSegment("ds", { selector: SELECTOR.data0, base: 0n, limit: 0xffff_ffff, attributes: 0xc093 });
  s.call("interruptReturn", 8);
  assert.deepEqual([s.takeFault(), s.reg("rip"), s.reg("rsp"), s.reg("cpl"), s.selector("cs"), s.selector("ss"), s.reg("rflags")],
    [-1, 0x1234, 0x9000, 3, SELECTOR.codeWide3, SELECTOR.data3, IF | IOPL3 | AC | 0x43]);
  assert.equal(s.selector("ds"), 0); // of level 0: the program must not keep it
  // the program itself changes neither IF nor IOPL
  s.state.write("rflags", 2n);
  push(s, 8, 0x55, SELECTOR.codeWide3, IF | IOPL3 | 0x42, 0x9000, SELECTOR.data3);
  s.call("interruptReturn", 8);
  assert.deepEqual([s.takeFault(), s.reg("rflags")], [-1, 0x42]);
});

test("IRETQ within level 0 may have a null SS; to compatibility mode RSP is 32 bits", () => {
  const s = createStage(module, "long");
  push(s, 8, 0x1234, SELECTOR.codeWide, 2, 0x9000, 0);
  s.call("interruptReturn", 8);
  assert.deepEqual([s.takeFault(), s.reg("rip"), s.reg("rsp"), s.selector("ss")], [-1, 0x1234, 0x9000, 0]);
  push(s, 8, 0x1234, SELECTOR.code3, 2, 0x9000, SELECTOR.data3);
  s.call("interruptReturn", 8);
  assert.deepEqual([s.takeFault(), s.selector("cs"), Number(s.state.readField("mode")) & C.MODE_CODE_MASK], [-1, SELECTOR.code3, C.MODE_CODE32]);
});

for (const [what, frame, vector, code] of [
  ["null CS", [0x10, 0, 2, 0x9000, SELECTOR.data3], GP, 0],
  ["CS outside of the GDT", [0x10, 0x203, 2, 0x9000, SELECTOR.data3], GP, 0x200],
  ["data as CS", [0x10, SELECTOR.data3, 2, 0x9000, SELECTOR.data3], GP, SELECTOR.data3 & ~3],
  ["CS not present", [0x10, SELECTOR.absent, 2, 0x9000, SELECTOR.data0], NP, SELECTOR.absent],
  ["RPL other than DPL", [0x10, SELECTOR.codeWide | 3, 2, 0x9000, SELECTOR.data3], GP, SELECTOR.codeWide],
  ["null SS at level 3", [0x10, SELECTOR.codeWide3, 2, 0x9000, 3], GP, 0],
  ["SS of another level", [0x10, SELECTOR.codeWide3, 2, 0x9000, SELECTOR.data0], GP, SELECTOR.data0],
  ["code as SS", [0x10, SELECTOR.codeWide3, 2, 0x9000, SELECTOR.code3], GP, SELECTOR.code3 & ~3],
] as const) test(`IRETQ with ${what} changes nothing`, () => {
  const s = createStage(module, "long");
  push(s, 8, ...frame);
  refused(s, vector, code, () => s.call("interruptReturn", 8), what);
});

test("IRETQ to a RIP that is not canonical, to an inner level, with NT", () => {
  const s = createStage(module, "long");
  push(s, 8, 0, SELECTOR.codeWide3, 2, 0x9000, SELECTOR.data3);
  s.put(s.reg("rsp"), 8, 1n << 62n);
  refused(s, GP, 0, () => s.call("interruptReturn", 8), "canonical");
  s.state.write("rflags", BigInt(NT | 2));
  refused(s, GP, 0, () => s.call("interruptReturn", 8), "NT");
  s.state.write("rflags", 2n);
  s.level(3);
  push(s, 8, 0x10, SELECTOR.codeWide, 2, 0x9000, SELECTOR.data0);
  refused(s, GP, SELECTOR.codeWide, () => s.call("interruptReturn", 8), "inner");
});

test("IRETD in protected mode: same level, outer level, 16 bits, nested task", () => {
  const s = createStage(module, "protected");
  push(s, 4, 0x1234, SELECTOR.code0, IF | 2);
  s.call("interruptReturn", 4);
  assert.deepEqual([s.takeFault(), s.reg("rip"), s.reg("rsp"), s.reg("rflags")], [-1, 0x1234, AT.stack, IF | 2]);
  push(s, 2, 0x1111, SELECTOR.code0, 0x43);
  s.call("interruptReturn", 2);
  assert.deepEqual([s.takeFault(), s.reg("rip"), s.reg("rsp"), s.reg("rflags")], [-1, 0x1111, AT.stack, 0x43]);
  push(s, 4, 0x2000, SELECTOR.code3, 2, 0x9000, SELECTOR.dataWide3);
  s.call("interruptReturn", 4);
  assert.deepEqual([s.takeFault(), s.reg("rip"), s.reg("rsp"), s.reg("cpl"), s.selector("ss"), s.selector("ds")], [-1, 0x2000, 0x9000, 3, SELECTOR.dataWide3, 0]);
  s.level(0);
  s.state.write("rflags", BigInt(NT | 2));
  s.call("interruptReturn", 4);
  assert.equal(s.takeFault(), C.FAULT_EXIT);
});

test("IRET and far transfers in real mode", () => {
  const s = createStage(module, "real");
  push(s, 2, 0x77, 0x3000, 0x3202);
  s.call("interruptReturn", 2);
  assert.deepEqual([s.takeFault(), s.reg("rip"), s.selector("cs"), s.state.readSegment("cs").base, s.reg("rflags"), s.reg("rsp")], [-1, 0x77, 0x3000, 0x30000n, 0x3202, AT.stack]);
  s.call("farCall", 0x1234, 0x10n, 2, 0x79n);
  assert.deepEqual([s.takeFault(), s.reg("rip"), s.selector("cs"), s.stack(2, 2)], [-1, 0x10, 0x1234, [0x79n, 0x3000n]]);
  s.call("farReturn", 2, 6);
  assert.deepEqual([s.takeFault(), s.reg("rip"), s.selector("cs"), s.reg("rsp")], [-1, 0x79, 0x3000, AT.stack + 6]);
  s.call("farJump", 0x40, 0x1_0000n, 4);
  assert.equal(s.takeFault(), GP); // beyond the limit of 64 KiB
});

test("from protected mode to long mode and back by far transfers", () => {
  const s = createStage(module, "long");
  s.call("farJump", SELECTOR.code0, 0x500n, 4);
  assert.deepEqual([s.takeFault(), s.reg("rip"), Number(s.state.readField("mode")) & 3], [-1, 0x500, C.MODE_CODE32]);
  s.call("farJump", SELECTOR.codeWide, 0x600n, 4);
  assert.deepEqual([s.takeFault(), s.reg("rip"), Number(s.state.readField("mode")) & 3], [-1, 0x600, C.MODE_CODE64]);
  s.call("farCall", SELECTOR.code16, 0x700n, 8, 0x1122_3344_5566n);
  assert.deepEqual([s.takeFault(), Number(s.state.readField("mode")) & 3, s.stack(8, 2)], [-1, C.MODE_CODE16, [0x1122_3344_5566n, BigInt(SELECTOR.codeWide)]]);
});

for (const [what, selector, vector, code] of [
  ["null", 0, GP, 0], ["outside of the GDT", 0x200, GP, 0x200], ["in an LDT that is not there", SELECTOR.code0 | 4, GP, SELECTOR.code0 | 4], ["data", SELECTOR.data0, GP, SELECTOR.data0],
  ["not present", SELECTOR.absent, NP, SELECTOR.absent], ["an outer level", SELECTOR.code3, GP, SELECTOR.code3 & ~3], ["RPL above CPL", SELECTOR.code0 | 1, GP, SELECTOR.code0],
] as const) test(`far JMP and CALL to a segment that is ${what}`, () => {
  for (const mode of ["protected", "long"] as const) {
    const s = createStage(module, mode);
    refused(s, vector, code, () => s.call("farJump", selector, 0x10n, 4), `JMP ${mode}`);
    refused(s, vector, code, () => s.call("farCall", selector, 0x10n, 4, 0n), `CALL ${mode}`);
  }
});

test("conforming code runs at the caller's level", () => {
  const s = createStage(module, "protected");
  s.level(3);
  s.call("farJump", SELECTOR.conforming, 0x40n, 4);
  assert.deepEqual([s.takeFault(), s.reg("cpl"), s.selector("cs")], [-1, 3, SELECTOR.conforming | 3]);
});

test("a task segment as target is a clear exit in protected mode, #GP in long mode", () => {
  const s = createStage(module, "protected");
  s.call("farJump", SELECTOR.tss, 0n, 4);
  assert.equal(s.takeFault(), C.FAULT_EXIT);
  const long = createStage(module, "long");
  refused(long, GP, SELECTOR.tss, () => long.call("farJump", SELECTOR.tss, 0n, 4), "long mode");
});

test("32-bit call gate to an inner level copies parameters, and RET far undoes it", () => {
  const s = createStage(module, "protected");
  callGate(s, SELECTOR.gate, 0xec, SELECTOR.code0, 0x7777, 2);
  s.level(3);
  push(s, 4, 0xaaaa, 0xbbbb);
  s.call("farCall", SELECTOR.gate | 3, 0n, 4, 0x1005n);
  assert.deepEqual([s.takeFault(), s.reg("rip"), s.reg("cpl"), s.selector("cs"), s.selector("ss"), s.reg("rsp")], [-1, 0x7777, 0, SELECTOR.code0, SELECTOR.data0, AT.stack0 - 24]);
  assert.deepEqual(s.stack(4, 6), [0x1005n, BigInt(SELECTOR.code3), 0xaaaan, 0xbbbbn, BigInt(AT.stack - 8), BigInt(SELECTOR.data3)]);
  s.call("farReturn", 4, 8);
  assert.deepEqual([s.takeFault(), s.reg("rip"), s.reg("cpl"), s.selector("cs"), s.selector("ss"), s.reg("rsp")], [-1, 0x1005, 3, SELECTOR.code3, SELECTOR.data3, AT.stack]);
});

test("what a call gate refuses", () => {
  const s = createStage(module, "protected");
  const call = () => s.call("farCall", SELECTOR.gate | 3, 0n, 4, 0n);
  s.level(3);
  callGate(s, SELECTOR.gate, 0x8c, SELECTOR.code0, 0);
  refused(s, GP, SELECTOR.gate, call, "DPL of the gate");
  callGate(s, SELECTOR.gate, 0x6c, SELECTOR.code0, 0);
  refused(s, NP, SELECTOR.gate, call, "gate not present");
  callGate(s, SELECTOR.gate, 0xec, 0, 0);
  refused(s, GP, 0, call, "null code segment");
  callGate(s, SELECTOR.gate, 0xec, SELECTOR.data0, 0);
  refused(s, GP, SELECTOR.data0, call, "data as code");
  callGate(s, SELECTOR.gate, 0xec, SELECTOR.absent, 0);
  refused(s, NP, SELECTOR.absent, call, "code not present");
  callGate(s, SELECTOR.gate, 0xec, SELECTOR.code0, 0);
  refused(s, GP, SELECTOR.code0, () => s.call("farJump", SELECTOR.gate | 3, 0n, 4), "JMP to an inner level");
  s.put(AT.tss + 8, 4, SELECTOR.code0);
  refused(s, TS, SELECTOR.code0, call, "code as inner stack");
  s.put(AT.tss + 8, 4, SELECTOR.small);
  s.put(AT.tss + 4, 4, 8);
  refused(s, SS, SELECTOR.small, call, "inner stack too small");
});

test("64-bit call gate to an inner level", () => {
  const s = createStage(module, "long");
  s.state.writeTable("gdt", BigInt(AT.gdt), WIDE_GATE + 15);
  callGate(s, WIDE_GATE, 0xec, SELECTOR.codeWide, 0x8000_1000);
  s.put(AT.gdt + WIDE_GATE + 8, 8, 0xffff_ffffn);
  s.level(3);
  s.call("farCall", WIDE_GATE | 3, 0n, 8, 0x1005n);
  assert.deepEqual([s.takeFault(), s.state.read("rip"), s.reg("cpl"), s.selector("ss"), s.reg("rsp")], [-1, 0xffff_ffff_8000_1000n, 0, 0, AT.stack0 - 32]);
  assert.deepEqual(s.stack(8, 4), [0x1005n, BigInt(SELECTOR.codeWide3), BigInt(AT.stack), BigInt(SELECTOR.data3)]);
  s.level(3);
  s.put(AT.gdt + WIDE_GATE + 8, 8, 0x1f00_ffff_ffffn);
  refused(s, GP, WIDE_GATE, () => s.call("farCall", WIDE_GATE | 3, 0n, 8, 0n), "type in the upper half");
  callGate(s, WIDE_GATE, 0xec, SELECTOR.code0, 0x10);
  s.put(AT.gdt + WIDE_GATE + 8, 8, 0);
  refused(s, GP, SELECTOR.code0, () => s.call("farCall", WIDE_GATE | 3, 0n, 8, 0n), "code of 32 bits");
  callGate(s, ABSENT_GATE, 0xe4, SELECTOR.codeWide, 0);
  refused(s, GP, ABSENT_GATE, () => s.call("farCall", ABSENT_GATE | 3, 0n, 8, 0n), "16-bit gate");
});

test("SYSCALL and SYSRET", () => {
  const s = createStage(module, "long");
  s.state.writeField("star", 0x001b_0008_0000_0000n); // user base 0x1b, kernel 8
  s.state.writeField("lstar", 0xffff_ffff_8123_4567n);
  s.state.writeField("sfmask", 0x47700n);
  s.level(3);
  s.state.write("rflags", BigInt(IF | 0x43));
  s.call("systemCall", 0x1002n);
  assert.deepEqual([s.takeFault(), s.state.read("rip"), s.state.read("rcx"), s.state.read("r11"), s.reg("rflags"), s.reg("cpl"), s.selector("cs"), s.selector("ss")],
    [-1, 0xffff_ffff_8123_4567n, 0x1002n, BigInt(IF | 0x43), 0x43, 0, 8, 16]);
  s.call("systemReturn", 8);
  assert.deepEqual([s.takeFault(), s.reg("rip"), s.reg("rflags"), s.reg("cpl"), s.selector("cs"), s.selector("ss")], [-1, 0x1002, IF | 0x43, 3, 0x2b, 0x23]);
  refused(s, GP, 0, () => s.call("systemReturn", 8), "SYSRET of a program");
  s.level(0);
  s.state.write("rcx", 1n << 47n);
  refused(s, GP, 0, () => s.call("systemReturn", 8), "RCX not canonical");
  s.call("systemReturn", 4);
  assert.deepEqual([s.takeFault(), s.selector("cs"), Number(s.state.readField("mode")) & 3], [-1, 0x1b, C.MODE_CODE32]);
  refused(s, UD, 0, () => s.call("systemCall", 0n), "SYSCALL in compatibility mode");
});

test("SYSENTER and SYSEXIT", () => {
  const s = createStage(module, "long");
  s.level(3);
  refused(s, GP, 0, () => s.call("systemEnter"), "no code segment set");
  s.state.writeField("sysenterCs", 0x28n);
  s.state.writeField("sysenterEip", 0xffff_8000_0000_1000n);
  s.state.writeField("sysenterEsp", 0xffff_8000_0000_2000n);
  s.state.write("rflags", BigInt(IF | 2));
  s.call("systemEnter");
  assert.deepEqual([s.takeFault(), s.state.read("rip"), s.state.read("rsp"), s.reg("cpl"), s.selector("cs"), s.selector("ss"), s.reg("rflags")],
    [-1, 0xffff_8000_0000_1000n, 0xffff_8000_0000_2000n, 0, 0x28, 0x30, 2]);
  s.state.write("rdx", 0x4000n);
  s.state.write("rcx", 0x5000n);
  s.call("systemExit", 8);
  assert.deepEqual([s.takeFault(), s.reg("rip"), s.reg("rsp"), s.reg("cpl"), s.selector("cs"), s.selector("ss")], [-1, 0x4000, 0x5000, 3, 0x4b, 0x53]);
  refused(s, GP, 0, () => s.call("systemExit", 8), "SYSEXIT of a program");
});

test("segment loads: what each register takes", () => {
  const s = createStage(module, "protected");
  s.put(AT.gdt + SELECTOR.gate, 8, 0x00cf_9800_0000_ffffn); // execute-only code
  for (const [segment, selector, vector, code] of [
    [C.SEG_DS, 0, -1, 0], [C.SEG_DS, SELECTOR.data0, -1, 0], [C.SEG_ES, SELECTOR.data3, -1, 0], [C.SEG_FS, SELECTOR.code0, -1, 0], [C.SEG_GS, SELECTOR.conforming | 3, -1, 0],
    [C.SEG_DS, SELECTOR.data0 | 3, GP, SELECTOR.data0], [C.SEG_DS, SELECTOR.gate, GP, SELECTOR.gate], [C.SEG_DS, SELECTOR.tss, GP, SELECTOR.tss], [C.SEG_DS, 0x200, GP, 0x200],
    [C.SEG_DS, SELECTOR.data0 | 4, GP, SELECTOR.data0 | 4], [C.SEG_DS, SELECTOR.absent, NP, SELECTOR.absent], [C.SEG_CS, SELECTOR.code0, UD, 0],
    [C.SEG_SS, 0, GP, 0], [C.SEG_SS, SELECTOR.code0, GP, SELECTOR.code0], [C.SEG_SS, SELECTOR.data3, GP, SELECTOR.data3 & ~3], [C.SEG_SS, SELECTOR.data0, -1, 0],
  ] as const) {
    s.call("loadSegmentRegister", segment, selector);
    assert.deepEqual([s.takeFault(), vector < 0 ? 0 : Number(s.state.readField("faultCode"))], [vector, code], `${segment} ${selector.toString(16)}`);
    if (vector < 0) assert.equal(Number(s.state.readField("segSelector", segment)), selector);
  }
  assert.equal(Number(s.get(AT.gdt + SELECTOR.data0 + 5, 1)), 0x93, "accessed");
});

test("LLDT, LTR, LAR, LSL, VERR, VERW", () => {
  const s = createStage(module, "long");
  s.call("loadTask", SELECTOR.tss);
  assert.equal(s.takeFault(), -1);
  assert.equal(Number(s.get(AT.gdt + SELECTOR.tss + 5, 1)), 0x8b, "busy");
  refused(s, GP, SELECTOR.tss, () => s.call("loadTask", SELECTOR.tss), "busy already");
  refused(s, GP, 0, () => s.call("loadTask", 0), "null");
  refused(s, GP, SELECTOR.data0, () => s.call("loadLdt", SELECTOR.data0), "data as LDT");
  s.call("loadLdt", 0);
  assert.equal(s.takeFault(), -1);
  assert.equal(s.call("accessRights", SELECTOR.data0), 0x1_00cf_9200n);
  assert.equal(s.call("segmentLimit", SELECTOR.tss), 0x1_0000_0067n);
  assert.equal(s.call("accessRights", 0x200), 0n);
  assert.deepEqual([SELECTOR.data0, SELECTOR.code0, SELECTOR.tss].map((selector) => [s.call("verifySegment", selector, 0), s.call("verifySegment", selector, 1)]), [[1, 1], [1, 0], [0, 0]]);
  s.level(3);
  assert.equal(s.call("accessRights", SELECTOR.data0), 0n);
  assert.equal(s.call("verifySegment", SELECTOR.conforming, 0), 1);
});

test("addresses in segments: limits, types, expand-down", () => {
  const s = createStage(module, "protected");
  const linear = (segment: number, offset: bigint, bytes: number, write: number) => [s.call("linearAddress", segment, offset, bytes, write), s.takeFault()];
  s.state.writeSegment("ds", { selector: 8, base: 0x1000n, limit: 0xfff, attributes: 0x4093 });
  assert.deepEqual(linear(C.SEG_DS, 0xffcn, 4, 1), [0x1ffcn, -1]);
  assert.equal(linear(C.SEG_DS, 0xffdn, 4, 1)[1], GP);
  assert.equal(linear(C.SEG_DS, 0xffff_fffen, 4, 0)[1], GP);
  s.state.writeSegment("ss", { selector: 8, base: 0n, limit: 0xfff, attributes: 0x4097 }); // expand-down
  assert.deepEqual([linear(C.SEG_SS, 0xfffn, 1, 0)[1], linear(C.SEG_SS, 0x1000n, 4, 0)[1], linear(C.SEG_SS, 0xffff_fffen, 4, 0)[1]], [SS, -1, SS]);
  s.state.writeSegment("es", { selector: 8, base: 0n, limit: 0xffff_ffff, attributes: 0xc091 }); // read-only
  assert.deepEqual([linear(C.SEG_ES, 0n, 4, 0)[1], linear(C.SEG_ES, 0n, 4, 1)[1]], [-1, GP]);
  s.state.writeSegment("fs", { selector: 0, base: 0n, limit: 0, attributes: C.SEG_UNUSABLE });
  assert.equal(linear(C.SEG_FS, 0n, 1, 0)[1], GP);
  assert.equal(linear(C.SEG_CS, 0n, 1, 1)[1], GP);
});
