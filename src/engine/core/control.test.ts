// Control registers, MSRs, CPUID, time, saved state: what is taken, what is refused, what follows.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import { CONSTANTS as C } from "../../hal/layout.ts";
import { HELPERS, helperSignature, type HelperName } from "../../isa/helpers.ts";
import { AT, createStage, type Stage } from "./stage.ts";

const module = new WebAssembly.Module(readFileSync(new URL("core.wasm", import.meta.url)));
const GP = 13, UD = 6, NM = 7;
const PG = 0x8000_0000n, ALL = 0xffff_ffff_ffff_ffffn;

test("core exports every helper that instructions name, with as many arguments", () => {
  const s = createStage(module, "long");
  for (const name of Object.keys(HELPERS) as HelperName[]) {
    const helper = s.functions[name] as ((...args: unknown[]) => unknown) | undefined;
    assert.ok(helper, name);
    assert.equal(helper.length, helperSignature(name).args.filter((kind) => kind !== "v").length, name);
  }
});

for (const [mode, register, value, vector] of [
  ["protected", 0, 0x31n | PG, -1], ["protected", 0, PG, GP], ["protected", 0, 0x2000_0031n, GP], ["protected", 0, 0x6000_0031n, -1], ["protected", 0, 0x30n, -1],
  ["long", 0, 1n << 32n | 0x8000_0031n, GP], ["long", 0, 0x31n, GP], ["long", 0, 0x8000_003fn, -1],
  ["long", 4, 0n, GP], ["long", 4, 0x20n, -1], ["long", 4, 0x2020n, GP], ["long", 4, 0x1020n, GP], ["long", 4, 0x37_06e0n, -1], ["long", 4, 0x400020n, GP], ["long", 4, 1n << 32n | 0x20n, GP],
  ["protected", 4, 0x20000n, GP], ["long", 4, 0x20020n, -1],
  ["long", 3, 1n << 40n, GP], ["long", 3, 1n << 63n, GP], ["long", 3, 0xff_ffff_ffffn, -1], ["protected", 3, 0x1234_5678n, -1],
  ["long", 8, 15n, -1], ["long", 8, 16n, GP], ["protected", 8, 0n, UD], ["long", 1, 0n, UD], ["long", 5, 0n, UD], ["long", 2, ALL, -1],
] as const) test(`${mode} mode: CR${register} = ${value.toString(16)} is ${vector < 0 ? "taken" : `refused with ${vector}`}`, () => {
  const s = createStage(module, mode), before = ["cr0", "cr3", "cr4", "efer"].map((name) => s.state.read(name as "cr0"));
  s.call("writeControl", register, BigInt.asIntN(64, value));
  assert.equal(s.takeFault(), vector);
  if (vector >= 0) assert.deepEqual(["cr0", "cr3", "cr4", "efer"].map((name) => s.state.read(name as "cr0")), before);
});

test("the way into long mode and out of it, step by step", () => {
  const s = createStage(module, "protected");
  s.put(AT.pml4, 8, AT.pdpt | 7);
  s.put(AT.pdpt, 8, 0x87);
  const msr = (number: number, value: bigint) => {
    s.state.write("rcx", BigInt(number)); s.state.write("rax", value & 0xffff_ffffn); s.state.write("rdx", value >> 32n);
    s.call("writeMsr");
    return s.takeFault();
  };
  assert.equal(msr(0xc000_0080, 0x100n), -1);
  s.call("writeControl", 3, BigInt(AT.pml4));
  s.call("writeControl", 0, 0x31n | PG);
  assert.equal(s.takeFault(), GP); // LME without PAE
  s.call("writeControl", 4, 0x20n);
  s.call("writeControl", 0, 0x31n | PG);
  assert.deepEqual([s.takeFault(), s.state.read("efer"), Number(s.state.readField("mode")) & 3], [-1, 0x500n, C.MODE_CODE32]);
  assert.equal(msr(0xc000_0080, 0n), GP); // LME while paging
  assert.equal(msr(0xc000_0080, 0x2000n), GP);
  s.call("farJump", 0x28, 0x100n, 4);
  assert.deepEqual([s.takeFault(), Number(s.state.readField("mode")) & 3], [-1, C.MODE_CODE64]);
  s.call("writeControl", 0, 0x31n);
  assert.equal(s.takeFault(), GP); // not from 64-bit code
  s.call("farJump", 8, 0x200n, 4);
  s.call("writeControl", 0, 0x31n);
  assert.deepEqual([s.takeFault(), s.state.read("efer")], [-1, 0x100n]);
});

test("PAE's pointers are checked when they are loaded", () => {
  const s = createStage(module, "protected");
  s.put(AT.pdpt, 8, 0x3001);
  s.put(AT.pdpt + 8, 8, 0x3003); // bit 1 is reserved
  s.call("writeControl", 4, 0x20n);
  s.call("writeControl", 3, BigInt(AT.pdpt));
  assert.equal(s.takeFault(), -1); // paging is off
  s.call("writeControl", 0, 0x31n | PG);
  assert.equal(s.takeFault(), GP);
  s.put(AT.pdpt + 8, 8, 0x3002); // not present: anything goes
  s.call("writeControl", 0, 0x31n | PG);
  assert.equal(s.takeFault(), -1);
});

test("PCIDE needs long mode and PCID 0; CR0.PG cannot go under it", () => {
  const s = createStage(module, "long");
  s.call("writeControl", 3, BigInt(AT.pml4 | 1));
  s.call("writeControl", 4, 0x20020n);
  assert.equal(s.takeFault(), GP);
});

function msrs(s: Stage) {
  const read = (number: number) => {
    s.state.write("rcx", BigInt(number));
    s.call("readMsr");
    const fault = s.takeFault();
    return fault >= 0 ? fault : s.state.read("rdx") << 32n | s.state.read("rax");
  };
  const write = (number: number, value: bigint) => {
    s.state.write("rcx", BigInt(number)); s.state.write("rax", value & 0xffff_ffffn); s.state.write("rdx", value >> 32n);
    s.call("writeMsr");
    return s.takeFault();
  };
  return { read, write };
}

for (const [name, number, good, bad] of [
  ["STAR", 0xc000_0081, 0x1234_5678_9abc_def0n, undefined], ["LSTAR", 0xc000_0082, 0xffff_ffff_8000_0000n, 1n << 47n], ["SFMASK", 0xc000_0084, 0x47700n, 1n << 32n],
  ["FS_BASE", 0xc000_0100, 0x7fff_ffff_ffffn, 0x8000_0000_0000n], ["GS_BASE", 0xc000_0101, 0xffff_8000_0000_0000n, 1n << 63n], ["KERNEL_GS_BASE", 0xc000_0102, 5n, 1n << 62n],
  ["TSC_AUX", 0xc000_0103, 7n, 1n << 32n], ["SYSENTER_EIP", 0x176, 0x1234n, 1n << 50n], ["PAT", 0x277, 0x0007_0106_0007_0406n, 2n], ["MTRR_DEF_TYPE", 0x2ff, 0xc06n, 0x1000n],
  ["MTRR_PHYSBASE0", 0x200, 0x8000_0006n, 2n], ["MTRR_PHYSMASK7", 0x20f, 0xff_8000_0800n, 1n << 40n], ["MTRR_FIX4K_F8000", 0x26f, 0x0606_0606_0606_0606n, 0x0707n],
  ["SPEC_CTRL", 0x48, 1n, 8n], ["XSS", 0xda0, 0n, 1n], ["MTRR_CAP", 0xfe, undefined, 0n], ["ARCH_CAPABILITIES", 0x10a, undefined, 0n], ["VMX_BASIC", 0x480, undefined, 0n], ["EFER", 0xc000_0080, 0xd01n, 2n],
] as const) test(`MSR ${name}`, () => {
  const { read, write } = msrs(createStage(module, "long"));
  if (good !== undefined) {
    assert.equal(write(number, good), -1);
    assert.equal(read(number), good);
  }
  if (bad !== undefined) assert.equal(write(number, bad), GP);
  if (good !== undefined) assert.equal(read(number), good);
});

test("MSRs of the interrupt controller are the bus's, and unknown ones do not exist", () => {
  const s = createStage(module, "long"), { read, write } = msrs(s);
  const written: string[] = [];
  s.bus.msrRead = (msr) => msr === 0x802 ? 0x1_0000_0005n : undefined;
  s.bus.msrWrite = (msr, value) => { written.push(`${msr.toString(16)} ${value.toString(16)}`); return msr !== 0x803; };
  assert.deepEqual([read(0x802), read(0x803), read(0x480), read(0xdead)], [0x1_0000_0005n, GP, GP, GP]);
  assert.deepEqual([write(0x830, ALL), write(0x803, 0n), write(0x1b, 0xfee0_0d00n), write(0x6e0, 5n)], [-1, GP, -1, -1]);
  assert.deepEqual(written, ["830 ffffffffffffffff", "803 0", "1b fee00d00", "6e0 5"]);
  assert.equal(s.state.readField("apicBase"), 0xfee0_0d00n);
});

test("the TSC follows the clock, and TSC_ADJUST follows writes to it", () => {
  const s = createStage(module, "long"), { read, write } = msrs(s);
  s.clockNs = 3_000_000_001.0;
  assert.equal(s.call("readTimeStamp"), 6_000_000_002n);
  s.clockNs = 40 * 365 * 86400 * 1e9 / 1000;
  assert.equal(s.call("readTimeStamp"), BigInt(40 * 365 * 86400) * 2_000_000n);
  s.clockNs = 1e9;
  assert.equal(write(0x10, 0n), -1);
  assert.deepEqual([s.call("readTimeStamp"), read(0x3b)], [0n, BigInt.asUintN(64, -2_000_000_000n)]);
  assert.equal(write(0x3b, 0n), -1);
  assert.equal(s.call("readTimeStamp"), 2_000_000_000n);
  s.call("writeControl", 4, 0x24n); // TSD
  s.level(3);
  s.call("readTimeStamp");
  assert.equal(s.takeFault(), GP);
});

test("CPUID says what the design promises and nothing that is missing", () => {
  const s = createStage(module, "long");
  const cpuid = (leaf: number, sub = 0) => {
    s.state.write("rax", BigInt(leaf)); s.state.write("rcx", BigInt(sub));
    s.call("cpuid");
    return (["rax", "rbx", "rcx", "rdx"] as const).map((name) => Number(s.state.read(name)));
  };
  const text = (...words: number[]) => Buffer.from(new Uint32Array(words).buffer).toString("latin1").replace(/\0+$/, "");
  const [max, b, c, d] = cpuid(0);
  assert.deepEqual([max, text(b, d, c)], [0x16, "GenuineIntel"]);
  assert.equal(text(...cpuid(0x4000_0000).slice(1)), "NVLNVLNVLNVL");
  assert.equal(text(...cpuid(0x8000_0002), ...cpuid(0x8000_0003), ...cpuid(0x8000_0004)), "NVL virtual processor");
  const has = (word: number, bit: number) => (word >>> bit & 1) === 1;
  const [, , ecx, edx] = cpuid(1);
  // x86-64-v2 and what goes with it
  for (const bit of [0, 1, 9, 13, 17, 19, 20, 21, 22, 23, 24, 25, 26, 30, 31]) assert.ok(has(ecx, bit), `1.ECX ${bit}`);
  for (const bit of [3, 5, 12, 18, 27, 28, 29]) assert.ok(!has(ecx, bit), `1.ECX ${bit}`); // MONITOR VMX FMA DCA OSXSAVE AVX F16C
  for (const bit of [0, 4, 5, 6, 8, 9, 11, 15, 23, 24, 25, 26]) assert.ok(has(edx, bit), `1.EDX ${bit}`);
  s.call("writeControl", 4, 0x40020n);
  assert.ok(has(cpuid(1)[2], 27), "OSXSAVE follows CR4");
  const seven = cpuid(7);
  for (const bit of [0, 7, 9, 10, 18, 20, 29]) assert.ok(has(seven[1], bit), `7.EBX ${bit}`);
  for (const bit of [3, 4, 5, 8, 11, 16, 19]) assert.ok(!has(seven[1], bit), `7.EBX ${bit}`); // BMI1 HLE AVX2 BMI2 RTM AVX512F ADX
  const [denominator, numerator, crystal] = cpuid(0x15);
  assert.equal(crystal * numerator / denominator, 2e9);
  assert.equal(crystal, 1e9);
  assert.deepEqual(cpuid(0x8000_0008)[0], 48 << 8 | C.PHYSICAL_BITS);
  assert.deepEqual([cpuid(0xd, 0), cpuid(0xb, 0), cpuid(0xb, 1), cpuid(0x1234)], [[3, 576, 576, 0], [0, 1, 0x100, 0], [0, 1, 0x201, 0], [0, 0, 0, 0]]);
});

test("the topology leaves tell N vCPUs apart", () => {
  const s = createStage(module, "long");
  s.state.writeField("socketCores", 6n);
  s.state.writeField("socketBits", 3n);
  s.state.writeField("apicId", 5n);
  s.state.write("rax", 0xbn); s.state.write("rcx", 1n);
  s.call("cpuid");
  assert.deepEqual((["rax", "rbx", "rcx", "rdx"] as const).map((name) => s.state.read(name)), [3n, 6n, 0x201n, 5n]);
  s.state.write("rax", 4n); s.state.write("rcx", 3n);
  s.call("cpuid");
  assert.deepEqual([s.state.read("rax") >> 14n & 0xfffn, s.state.read("rax") >> 26n], [7n, 7n]);
});

/** Fills x87 and SSE state with a pattern. */
function fillState(s: Stage): void {
  for (let i = 0; i < 16; i++) s.state.writeXmm(i, BigInt(i + 1) * 0x0123_4567_89ab_cdef_0011_2233n);
  for (let i = 0; i < 8; i++) s.state.writeField("fpr", 0x4000_8000_0000_0000_0000n + BigInt(i), i);
  for (const [name, value] of [["fcw", 0x27f], ["fsw", 0x3841], ["ftw", 0x81], ["fop", 0x123], ["fip", 0x1122_3344_5566], ["fdp", 0x7788_99aa_bbcc], ["mxcsr", 0x1fa0]] as const) s.state.writeField(name, BigInt(value));
}
const savedState = (s: Stage) => JSON.stringify([...Array.from({ length: 16 }, (_, i) => s.state.readXmm(i)), ...Array.from({ length: 8 }, (_, i) => s.state.readField("fpr", i)),
  ...(["fcw", "fsw", "ftw", "fop", "fip", "fdp", "mxcsr"] as const).map((name) => s.state.readField(name))].map(String));

test("FXSAVE writes the image of the manual, and FXRSTOR takes it back", () => {
  const s = createStage(module, "long");
  fillState(s);
  const before = savedState(s);
  s.call("saveLegacy", 0x30000n, 1);
  assert.deepEqual([s.get(0x30000, 2), s.get(0x30002, 2), s.get(0x30004, 1), s.get(0x30006, 2), s.get(0x30008, 8), s.get(0x30010, 8), s.get(0x30018, 4), s.get(0x3001c, 4)],
    [0x27fn, 0x3841n, 0x81n, 0x123n, 0x1122_3344_5566n, 0x7788_99aa_bbccn, 0x1fa0n, 0xffffn]);
  assert.equal(s.get(0x30020, 8), 0x8000_0000_0000_0007n); // TOP is 7: ST(0) is R7
  assert.equal(s.get(0x300a0 + 16, 8), BigInt.asUintN(64, 2n * 0x0123_4567_89ab_cdef_0011_2233n));
  for (const name of ["fcw", "fsw", "ftw", "fop", "fip", "fdp", "mxcsr"] as const) s.state.writeField(name, 0n);
  s.state.writeXmm(3, 0n);
  s.call("restoreLegacy", 0x30000n, 1);
  assert.equal(s.takeFault(), -1);
  assert.equal(savedState(s), before);
  s.put(0x30018, 4, 0x10000);
  s.call("restoreLegacy", 0x30000n, 1);
  assert.equal(s.takeFault(), GP);
  assert.equal(savedState(s), before);
  s.call("saveLegacy", 0x30008n, 1);
  assert.equal(s.takeFault(), GP);
});

test("XSAVE and XRSTOR: components, initial state, both forms, refusals", () => {
  const s = createStage(module, "long");
  const mask = (low: bigint) => { s.state.write("rax", low); s.state.write("rdx", 0n); };
  fillState(s);
  const before = savedState(s);
  mask(3n);
  s.call("saveExtended", 0x30000n, 1, 0);
  assert.equal(s.takeFault(), UD); // CR4.OSXSAVE
  s.call("writeControl", 4, 0x40020n);
  s.state.write("xcr0", 3n);
  s.call("saveExtended", 0x30010n, 1, 0);
  assert.equal(s.takeFault(), GP); // 64-byte alignment
  s.put(0x30200, 8, 0x8000_0000_0000_0000n);
  for (const compacted of [0, 1]) {
    s.call("saveExtended", 0x30000n, 1, compacted);
    assert.deepEqual([s.takeFault(), s.get(0x30200, 8) & 7n, s.get(0x30208, 8)], [-1, 3n, compacted ? 0x8000_0000_0000_0003n : 0n]);
    s.put(0x30200, 8, 3);
    for (let i = 0; i < 16; i++) s.state.writeXmm(i, 0n);
    s.state.writeField("fcw", 0n);
    s.call("restoreExtended", 0x30000n, 1, compacted);
    assert.equal(s.takeFault(), -1);
    assert.equal(savedState(s), before);
  }
  // a component that the image has not is initialized
  s.put(0x30200, 8, 1);
  s.call("restoreExtended", 0x30000n, 1, 0);
  assert.deepEqual([s.takeFault(), s.state.readXmm(5), s.state.readField("mxcsr")], [-1, 0n, 0x1f80n]);
  s.put(0x30200, 8, 0);
  mask(1n);
  s.call("restoreExtended", 0x30000n, 1, 0);
  assert.deepEqual([s.takeFault(), s.state.readField("fcw"), s.state.readField("fsw"), s.state.readField("ftw")], [-1, 0x37fn, 0n, 0n]);
  for (const [at, value] of [[0x30200, 4n], [0x30208, 1n], [0x30210, 1n], [0x30208, 0x8000_0000_0000_0007n]] as const) {
    s.put(0x30200, 8, 0); s.put(0x30208, 8, 0); s.put(0x30210, 8, 0);
    s.put(at, 8, value);
    s.call("restoreExtended", 0x30000n, 1, 0);
    assert.equal(s.takeFault(), GP, at.toString(16));
  }
  s.put(0x30208, 8, 0);
  s.call("restoreExtended", 0x30000n, 1, 1);
  assert.equal(s.takeFault(), GP); // XRSTORS wants the compacted form
  s.call("writeControl", 0, 0x8001_0039n);
  s.call("saveExtended", 0x30000n, 1, 0);
  assert.equal(s.takeFault(), NM);
});

test("XSETBV keeps x87 on and knows x87 and SSE only", () => {
  const s = createStage(module, "long");
  const set = (value: bigint, index = 0n) => {
    s.state.write("rax", value & 0xffff_ffffn); s.state.write("rdx", value >> 32n); s.state.write("rcx", index);
    s.call("writeExtendedControl");
    return s.takeFault();
  };
  assert.equal(set(1n), UD);
  s.call("writeControl", 4, 0x40020n);
  assert.deepEqual([set(3n), set(1n), set(2n), set(7n), set(1n << 32n | 1n), set(1n, 1n)], [-1, -1, GP, GP, GP, GP]);
  assert.equal(s.state.read("xcr0"), 1n);
});

test("INVPCID: its descriptor is checked", () => {
  const s = createStage(module, "long");
  const invpcid = (type: number, pcid: bigint, linear: bigint) => {
    s.put(0x30000, 8, pcid); s.put(0x30008, 8, linear);
    s.call("invalidateContext", BigInt(type), 0x30000n);
    return s.takeFault();
  };
  assert.deepEqual([invpcid(0, 0n, 0n), invpcid(1, 0n, 0n), invpcid(2, 0n, 0n), invpcid(3, 0n, 0n), invpcid(4, 0n, 0n)], [-1, -1, -1, -1, GP]);
  assert.deepEqual([invpcid(0, 1n, 0n), invpcid(2, 0x1000n, 0n), invpcid(0, 0n, 1n << 50n)], [GP, GP, GP]);
});

test("LGDT and SGDT: sizes by mode, canonical bases; UMIP keeps programs out", () => {
  const s = createStage(module, "long");
  s.put(0x30000, 2, 0x7f); s.put(0x30002, 8, 0xffff_8000_1234_5678n);
  s.call("loadTable", 0x30000n, 4, 1);
  assert.deepEqual([s.takeFault(), s.state.readTable("idt")], [-1, { base: 0xffff_8000_1234_5678n, limit: 0x7f }]);
  s.call("storeTable", 0x31000n, 1);
  assert.deepEqual([s.get(0x31000, 2), s.get(0x31002, 8)], [0x7fn, 0xffff_8000_1234_5678n]);
  s.put(0x30002, 8, 1n << 50n);
  s.call("loadTable", 0x30000n, 4, 1);
  assert.equal(s.takeFault(), GP);
  const p = createStage(module, "protected");
  p.put(0x30000, 2, 0x7f); p.put(0x30002, 4, 0x1234_5678);
  p.call("loadTable", 0x30000n, 2, 0);
  assert.equal(p.state.readTable("gdt").base, 0x34_5678n); // 24 bits with a 16-bit operand
  s.call("writeControl", 4, 0x820n);
  s.level(3);
  s.call("checkUserMode");
  assert.equal(s.takeFault(), GP);
});

test("after RESET", () => {
  const s = createStage(module, "long");
  s.reset();
  assert.deepEqual([s.state.read("cr0"), s.state.read("rip"), s.state.readSegment("cs"), s.state.read("rflags"), s.state.read("rdx"), s.state.read("efer")],
    [0x6000_0010n, 0xfff0n, { selector: 0xf000, base: 0xffff_0000n, limit: 0xffff, attributes: 0x93 }, 2n, 0x30661n, 0n]);
  assert.deepEqual([s.state.readField("mode"), s.state.readField("mxcsr"), s.state.readField("fcw"), s.state.readField("dr", 7), s.state.readTable("idt")], [0n, 0x1f80n, 0x40n, 0x400n, { base: 0n, limit: 0xffff }]);
});
