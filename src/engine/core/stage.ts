// A bare core brought into a mode, with descriptor tables, stacks and gates that tests can count on.

import { CONSTANTS as C } from "../../hal/layout.ts";
import { ATTRIBUTES } from "../../hal/state.ts";
import { createBareCore, type BareCore } from "./bare.ts";

/** Selectors in the GDT of every stage; TSS is two entries wide in long mode. */
export const SELECTOR = {
  code0: 0x08, data0: 0x10, code3: 0x1b, data3: 0x23, codeWide: 0x28, codeWide3: 0x33, tss: 0x38, absent: 0x48, conforming: 0x50, code16: 0x58, gate: 0x60, dataWide3: 0x73, small: 0x78,
} as const;
/** Where things lie. The IDT has a gate for every vector: vector v goes to HANDLER + 16 v. */
export const AT = { pml4: 0x1000, pdpt: 0x2000, gdt: 0x5000, idt: 0x6000, tss: 0x8000, stack0: 0xa000, stackIst: 0xb000, stack: 0xc000, code: 0x10000, handler: 0x20000 } as const;
export const RAM = 0x40000;
const GATE_INTERRUPT = 0x8e, GATE_TRAP = 0x8f, DPL3 = 0x60;
export { GATE_INTERRUPT, GATE_TRAP, DPL3 };

export interface Stage extends BareCore {
  put(at: number, bytes: 1 | 2 | 4 | 8, value: bigint | number): void;
  get(at: number, bytes: 1 | 2 | 4 | 8): bigint;
  /** Writes a gate: type byte with P and DPL; offset; selector; IST. */
  gate(vector: number, type: number, offset?: number, selector?: number, ist?: number): void;
  /** Enters a privilege level with its flat segments, RSP at AT.stack and RIP at AT.code. */
  level(cpl: 0 | 3): void;
  /** The values from RSP upwards, each of so many bytes. */
  stack(bytes: 2 | 4 | 8, count: number): bigint[];
  reg(name: "rsp" | "rip" | "rflags" | "cpl"): number;
  selector(name: "cs" | "ss" | "ds" | "es" | "fs" | "gs"): number;
}

/** A flat descriptor: type byte, flags nibble (G D L). */
const descriptor = (type: number, flags: number, base = 0n, limit = 0xfffffn) =>
  (limit & 0xffffn) | (base & 0xff_ffffn) << 16n | BigInt(type) << 40n | (limit >> 16n & 15n) << 48n | BigInt(flags) << 52n | (base >> 24n & 0xffn) << 56n;

/** @param mode long: 64-bit code, RAM mapped one to one for everybody; protected: 32-bit code without paging; real: 16-bit code */
export function createStage(module: WebAssembly.Module, mode: "long" | "protected" | "real"): Stage {
  const core = createBareCore(module, RAM), { state } = core, long = mode === "long";
  const put = (at: number, bytes: 1 | 2 | 4 | 8, value: bigint | number) => {
    const data = new Uint8Array(8);
    new DataView(data.buffer).setBigUint64(0, BigInt.asUintN(64, BigInt(value)), true);
    core.memory.write(at, data.subarray(0, bytes));
  };
  const get = (at: number, bytes: 1 | 2 | 4 | 8) => {
    const data = new Uint8Array(8);
    data.set(core.memory.read(at, bytes));
    return new DataView(data.buffer).getBigUint64(0, true);
  };
  const gate = (vector: number, type: number, offset = AT.handler + vector * 16, selector: number = long ? SELECTOR.codeWide : SELECTOR.code0, ist = 0) => {
    const low = BigInt(offset & 0xffff) | BigInt(selector) << 16n | BigInt(ist) << 32n | BigInt(type) << 40n | BigInt(offset >>> 16) << 48n;
    put(AT.idt + vector * (long ? 16 : 8), 8, low);
    if (long) put(AT.idt + vector * 16 + 8, 8, 0);
  };
  const segment = (name: "cs" | "ss" | "ds" | "es" | "fs" | "gs", selector: number, attributes: number) => state.writeSegment(name, { selector, base: 0n, limit: 0xffff_ffff, attributes });
  const level = (cpl: 0 | 3) => {
    const dpl = cpl << 5;
    if (long) segment("cs", cpl ? SELECTOR.codeWide3 : SELECTOR.codeWide, ATTRIBUTES.code64 | dpl);
    else segment("cs", cpl ? SELECTOR.code3 : SELECTOR.code0, ATTRIBUTES.code32 | dpl);
    const data = cpl ? SELECTOR.data3 : SELECTOR.data0;
    for (const name of ["ds", "es", "fs", "gs", "ss"] as const) segment(name, data, ATTRIBUTES.data32 | dpl);
    state.writeField("cpl", BigInt(cpl));
    state.write("rsp", BigInt(AT.stack));
    state.write("rip", BigInt(AT.code));
    core.exports.sync();
  };
  const stage: Stage = Object.assign(core, {
    put, get, gate, level,
    stack: (bytes: 2 | 4 | 8, count: number) => Array.from({ length: count }, (_, i) => get(Number(state.read("rsp")) + i * bytes, bytes)),
    reg: (name: "rsp" | "rip" | "rflags" | "cpl") => Number(state.read(name)),
    selector: (name: "cs") => state.readSegment(name).selector,
  });
  if (mode === "real") {
    for (let vector = 0; vector < 256; vector++) put(vector * 4, 4, 0x2000_0000 | (vector * 16));
    for (const name of ["ss", "ds", "es", "fs", "gs"] as const) state.writeSegment(name, { selector: 0, base: 0n, limit: 0xffff, attributes: 0x93 });
    state.writeSegment("cs", { selector: 0x1000, base: 0x10000n, limit: 0xffff, attributes: 0x93 });
    state.writeTable("idt", 0n, 0x3ff);
    state.write("rsp", BigInt(AT.stack));
    state.write("rip", 0x100n);
    core.exports.sync();
    return stage;
  }
  const entries: [number, bigint][] = [
    [SELECTOR.code0, descriptor(0x9a, 0xc)], [SELECTOR.data0, descriptor(0x92, 0xc)], [SELECTOR.code3, descriptor(0xfa, 0xc)], [SELECTOR.data3, descriptor(0xf2, 0xc)],
    [SELECTOR.codeWide, descriptor(0x9a, 0xa)], [SELECTOR.codeWide3, descriptor(0xfa, 0xa)], [SELECTOR.tss, descriptor(0x89, 0, BigInt(AT.tss), 0x67n)],
    [SELECTOR.absent, descriptor(0x1a, long ? 0xa : 0xc)], [SELECTOR.conforming, descriptor(0x9e, long ? 0xa : 0xc)], [SELECTOR.code16, descriptor(0x9a, 0)],
    [SELECTOR.dataWide3, descriptor(0xf2, 0xc)], [SELECTOR.small, descriptor(0x92, 4, 0x1000n, 0xfffn)],
  ];
  for (const [selector, value] of entries) put(AT.gdt + (selector & ~7), 8, value);
  state.writeTable("gdt", BigInt(AT.gdt), 0x9f);
  state.writeTable("idt", BigInt(AT.idt), long ? 0xfff : 0x7ff);
  state.writeSegment("tr", { selector: SELECTOR.tss, base: BigInt(AT.tss), limit: 0x67, attributes: ATTRIBUTES.tss });
  state.writeSegment("ldtr", { selector: 0, base: 0n, limit: 0, attributes: C.SEG_UNUSABLE });
  for (let vector = 0; vector < 256; vector++) gate(vector, GATE_INTERRUPT);
  if (long) {
    put(AT.pml4, 8, AT.pdpt | 7);
    put(AT.pdpt, 8, 0x87); // 1 GiB, one to one
    put(AT.tss + 4, 8, AT.stack0);
    put(AT.tss + 36, 8, AT.stackIst);
    state.write("cr3", BigInt(AT.pml4));
    state.write("cr4", 0x20n);
    state.write("efer", 0xd01n);
    state.write("cr0", 0x8001_0031n);
  } else {
    put(AT.tss + 4, 4, AT.stack0);
    put(AT.tss + 8, 4, SELECTOR.data0);
    state.write("cr0", 0x31n);
  }
  level(0);
  core.exports.flush();
  return stage;
}
