// The registers of a vCPU as GDB numbers them, and the target description that says so (GDB manual, Target Descriptions, i386 Features).
// The order of this table is the numbering. Registers are read and written between runs.

import { GPR_NAMES, type RegisterName, type SegmentName, type VcpuState } from "../hal/state.ts";
import { fromLittleEndian, littleEndian } from "./packet.ts";

export interface DebugRegister { name: string; bytes: number; type: string; feature: string; read(state: VcpuState): bigint; write(state: VcpuState, value: bigint): void }

const CORE = "org.gnu.gdb.i386.core", SSE = "org.gnu.gdb.i386.sse", SEGMENTS = "org.gnu.gdb.i386.segments", SYSTEM = "org.nvl.x86.system";
const GENERAL = ["rax", "rbx", "rcx", "rdx", "rsi", "rdi", "rbp", "rsp", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15"] as const satisfies readonly (typeof GPR_NAMES)[number][];
/** What of RFLAGS a debugger may change: reserved bits stay, VM is not there in 64-bit mode. */
const RFLAGS_WRITABLE = 0x27_7fd5n;

const plain = (name: string, from: RegisterName, bytes: number, type: string, feature: string): DebugRegister =>
  ({ name, bytes, type, feature, read: (state) => state.read(from), write: (state, value) => state.write(from, value) });
const readOnly = (name: string, bytes: number, type: string, feature: string, read: DebugRegister["read"]): DebugRegister => ({ name, bytes, type, feature, read, write: () => {} });

/** Selectors and control registers are shown and not set: hidden parts, caches and mode would have to follow as after the guest's own MOV. */
const selector = (name: SegmentName) => readOnly(name, 4, "int32", CORE, (state) => BigInt(state.readSegment(name).selector));
const base = (name: "fs" | "gs"): DebugRegister => ({
  name: `${name}_base`, bytes: 8, type: "int64", feature: SEGMENTS, read: (state) => state.readSegment(name).base,
  write: (state, value) => state.writeSegment(name, { ...state.readSegment(name), base: value }),
});

const topOf = (state: VcpuState) => Number(state.read("fsw") >> 11n) & 7;
const stack = (index: number): DebugRegister => ({
  name: `st${index}`, bytes: 10, type: "i387_ext", feature: CORE,
  read: (state) => state.readField("fpr", (topOf(state) + index) & 7) & ((1n << 80n) - 1n),
  write: (state, value) => state.writeField("fpr", value, (topOf(state) + index) & 7),
});
/** The tag word in full: valid, zero, special, empty (SDM 1, x87 FPU Tag Word), which the state keeps as "not empty" only. */
const tagWord: DebugRegister = {
  name: "ftag", bytes: 4, type: "int", feature: CORE,
  read: (state) => {
    const present = Number(state.read("ftw"));
    return Array.from({ length: 8 }, (_, index) => index).reduce((tags, index) => {
      const value = state.readField("fpr", index), significand = value & 0xffff_ffff_ffff_ffffn, exponent = (value >> 64n) & 0x7fffn;
      const tag = !(present >> index & 1) ? 3n : exponent === 0n && significand === 0n ? 1n : exponent === 0n || exponent === 0x7fffn || !(significand >> 63n) ? 2n : 0n;
      return tags | tag << BigInt(2 * index);
    }, 0n);
  },
  write: (state, value) => state.write("ftw", BigInt(Array.from({ length: 8 }, (_, index) => index).reduce((bits, index) => ((value >> BigInt(2 * index)) & 3n) === 3n ? bits : bits | 1 << index, 0))),
};
const field = (name: string, from: "fcs" | "fds" | "fip" | "fdp" | "fop"): DebugRegister =>
  ({ name, bytes: 4, type: "int", feature: CORE, read: (state) => state.readField(from) & 0xffff_ffffn, write: (state, value) => state.writeField(from, value) });

export const REGISTERS: readonly DebugRegister[] = [
  ...GENERAL.map((name) => plain(name, name, 8, name === "rsp" || name === "rbp" ? "data_ptr" : "int64", CORE)),
  plain("rip", "rip", 8, "code_ptr", CORE),
  { name: "eflags", bytes: 4, type: "i386_eflags", feature: CORE, read: (state) => state.read("rflags"),
    write: (state, value) => state.write("rflags", (state.read("rflags") & ~RFLAGS_WRITABLE) | (value & RFLAGS_WRITABLE)) },
  ...(["cs", "ss", "ds", "es", "fs", "gs"] as const).map(selector),
  ...Array.from({ length: 8 }, (_, index) => stack(index)),
  plain("fctrl", "fcw", 4, "int", CORE), plain("fstat", "fsw", 4, "int", CORE), tagWord,
  field("fiseg", "fcs"), field("fioff", "fip"), field("foseg", "fds"), field("fooff", "fdp"), field("fop", "fop"),
  ...Array.from({ length: 16 }, (_, index): DebugRegister => ({
    name: `xmm${index}`, bytes: 16, type: "vec128", feature: SSE, read: (state) => state.readXmm(index), write: (state, value) => state.writeXmm(index, value),
  })),
  { name: "mxcsr", bytes: 4, type: "i386_mxcsr", feature: SSE, read: (state) => state.read("mxcsr"), write: (state, value) => state.write("mxcsr", value & 0xffffn) },
  base("fs"), base("gs"),
  readOnly("k_gs_base", 8, "int64", SYSTEM, (state) => state.readField("kernelGsBase")),
  ...(["cr0", "cr2", "cr3", "cr4"] as const).map((name) => readOnly(name, 8, name === "cr0" ? "cr0_flags" : name === "cr4" ? "cr4_flags" : "int64", SYSTEM, (state) => state.read(name))),
  readOnly("efer", 8, "efer_flags", SYSTEM, (state) => state.read("efer")),
];

const REGISTER_BYTES = REGISTERS.reduce((sum, { bytes }) => sum + bytes, 0);
/** Numbers of the registers that a stop reply gives along, so that GDB need not ask. */
export const RSP = REGISTERS.findIndex(({ name }) => name === "rsp"), RBP = REGISTERS.findIndex(({ name }) => name === "rbp"), RIP = REGISTERS.findIndex(({ name }) => name === "rip");

/** One register as bytes. */
export function readRegister(state: VcpuState, number: number): Uint8Array | undefined {
  const register = REGISTERS[number];
  return register && littleEndian(register.read(state), register.bytes);
}
/** @returns false: there is no such register, or the bytes are too few or too many */
export function writeRegister(state: VcpuState, number: number, bytes: Uint8Array): boolean {
  const register = REGISTERS[number];
  if (!register || register.bytes !== bytes.length) return false;
  register.write(state, fromLittleEndian(bytes));
  return true;
}
/** All registers, one behind the other. */
export function readRegisters(state: VcpuState): Uint8Array {
  const out = new Uint8Array(REGISTER_BYTES);
  let at = 0;
  for (const { bytes, read } of REGISTERS) {
    out.set(littleEndian(read(state), bytes), at);
    at += bytes;
  }
  return out;
}
export function writeRegisters(state: VcpuState, bytes: Uint8Array): boolean {
  if (bytes.length !== REGISTER_BYTES) return false;
  let at = 0;
  for (const register of REGISTERS) {
    register.write(state, fromLittleEndian(bytes.subarray(at, at + register.bytes)));
    at += register.bytes;
  }
  return true;
}

/** Named bits, by feature: names as in the SDM, a number for each. */
const FLAGS: readonly { id: string; feature: string; bytes: number; bits: Readonly<Record<string, number>> }[] = [
  { id: "i386_eflags", feature: CORE, bytes: 4, bits: { CF: 0, "": 1, PF: 2, AF: 4, ZF: 6, SF: 7, TF: 8, IF: 9, DF: 10, OF: 11, NT: 14, RF: 16, VM: 17, AC: 18, VIF: 19, VIP: 20, ID: 21 } },
  { id: "i386_mxcsr", feature: SSE, bytes: 4, bits: { IE: 0, DE: 1, ZE: 2, OE: 3, UE: 4, PE: 5, DAZ: 6, IM: 7, DM: 8, ZM: 9, OM: 10, UM: 11, PM: 12, FZ: 15 } },
  { id: "cr0_flags", feature: SYSTEM, bytes: 8, bits: { PE: 0, MP: 1, EM: 2, TS: 3, ET: 4, NE: 5, WP: 16, AM: 18, NW: 29, CD: 30, PG: 31 } },
  { id: "cr4_flags", feature: SYSTEM, bytes: 8, bits: { VME: 0, PVI: 1, TSD: 2, DE: 3, PSE: 4, PAE: 5, MCE: 6, PGE: 7, PCE: 8, OSFXSR: 9, OSXMMEXCPT: 10, UMIP: 11, FSGSBASE: 16, PCIDE: 17, OSXSAVE: 18, SMEP: 20, SMAP: 21 } },
  { id: "efer_flags", feature: SYSTEM, bytes: 8, bits: { SCE: 0, LME: 8, LMA: 10, NXE: 11 } },
];
const VECTORS = ["v4f:ieee_single:4", "v2d:ieee_double:2", "v16i8:int8:16", "v8i16:int16:8", "v4i32:int32:4", "v2i64:int64:2"].map((text) => text.split(":"));

/** The target description: an XML document, made of the table above. */
export const TARGET_XML = (() => {
  const lines = ['<?xml version="1.0"?>', '<!DOCTYPE target SYSTEM "gdb-target.dtd">', "<target>", "<architecture>i386:x86-64</architecture>"];
  for (const feature of [CORE, SSE, SEGMENTS, SYSTEM]) {
    lines.push(`<feature name="${feature}">`);
    for (const { id, bytes, bits } of FLAGS.filter((flags) => flags.feature === feature))
      lines.push(`<flags id="${id}" size="${bytes}">`, ...Object.entries(bits).map(([name, bit]) => `<field name="${name}" start="${bit}" end="${bit}"/>`), "</flags>");
    if (feature === SSE) {
      lines.push(...VECTORS.map(([id, type, count]) => `<vector id="${id}" type="${type}" count="${count}"/>`));
      lines.push('<union id="vec128">', ...VECTORS.map(([id]) => `<field name="${id.replace("v4f", "v4_float").replace("v2d", "v2_double").replace("v16i8", "v16_int8").replace("v8i16", "v8_int16").replace("v4i32", "v4_int32").replace("v2i64", "v2_int64")}" type="${id}"/>`), '<field name="uint128" type="uint128"/>', "</union>");
    }
    REGISTERS.forEach((register, number) => {
      if (register.feature !== feature) return;
      const group = /^(st|f(ctrl|stat|tag|iseg|ioff|oseg|ooff|op)$)/.test(register.name) ? ' group="float"' : /^(xmm|mxcsr)/.test(register.name) ? ' group="vector"' : feature === SYSTEM ? ' group="system"' : "";
      lines.push(`<reg name="${register.name}" bitsize="${8 * register.bytes}" type="${register.type}" regnum="${number}"${group}/>`);
    });
    lines.push("</feature>");
  }
  return [...lines, "</target>", ""].join("\n");
})();
