// Registers of a vCPU by name, over the shared memory. Between runs only; derived fields are recomputed on entry.

import { VCPU_FIELDS, type FieldName } from "./layout.ts";
import { NvlError } from "../base/error.ts";

export const GPR_NAMES = ["rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15"] as const;
export const SEGMENT_NAMES = ["es", "cs", "ss", "ds", "fs", "gs", "ldtr", "tr"] as const;
export type GprName = (typeof GPR_NAMES)[number];
export type SegmentName = (typeof SEGMENT_NAMES)[number];
/** Registers that are one number. `rflags` is assembled from its lazy parts. */
export type RegisterName = GprName | "rip" | "rflags" | "cr0" | "cr2" | "cr3" | "cr4" | "efer" | "xcr0" | "cpl" | "mxcsr" | "fcw" | "fsw" | "ftw";
/** `attributes`: as in `segAttr` of the layout. */
export interface Segment { selector: number; base: bigint; limit: number; attributes: number }

export interface VcpuState {
  /** Address of the state in the node's memory. */
  readonly address: number;
  read(name: RegisterName): bigint;
  /** Writes a register; 64 bits are kept, fields narrower than that are truncated. */
  write(name: RegisterName, value: bigint): void;
  readSegment(name: SegmentName): Segment;
  writeSegment(name: SegmentName, segment: Segment): void;
  readTable(name: "gdt" | "idt"): { base: bigint; limit: number };
  writeTable(name: "gdt" | "idt", base: bigint, limit: number): void;
  readXmm(index: number): bigint;
  writeXmm(index: number, value: bigint): void;
  /** Any field of the layout, for what has no name above. */
  readField(name: FieldName, index?: number): bigint;
  writeField(name: FieldName, value: bigint, index?: number): void;
}

const parity = (byte: bigint) => {
  let bits = Number(byte & 0xffn);
  bits ^= bits >> 4; bits ^= bits >> 2; bits ^= bits >> 1;
  return BigInt(~bits & 1);
};

/** RFLAGS from its three lazy parts (layout: flagResult, flagAux, flagRest). */
export function assembleFlags(result: bigint, aux: bigint, rest: bigint): bigint {
  const bit = (value: bigint, at: bigint) => (value >> at) & 1n;
  const cf = bit(aux, 63n), of = cf ^ bit(aux, 62n), af = bit(aux, 3n);
  const sf = bit(result, 63n) ^ bit(aux, 0n), pf = parity(result ^ (aux >> 8n));
  const zf = result === 0n ? 1n : 0n;
  return rest | 2n | cf | (pf << 2n) | (af << 4n) | (zf << 6n) | (sf << 7n) | (of << 11n);
}

/** The inverse: lazy parts that stand for these flags. */
export function splitFlags(flags: bigint): { result: bigint; aux: bigint; rest: bigint } {
  const bit = (at: bigint) => (flags >> at) & 1n;
  const zf = bit(6n), sf = bit(7n), pf = bit(2n);
  // result 0 has SF 0 and PF 1, result 1 has SF 0 and PF 0; the differences go to bits 0 and 8 of aux
  const result = zf ? 0n : 1n;
  const parityDelta = pf ^ (zf ? 1n : 0n);
  const aux = (bit(0n) << 63n) | ((bit(0n) ^ bit(11n)) << 62n) | (bit(4n) << 3n) | sf | (parityDelta << 8n);
  return { result, aux, rest: (flags & ~0x8d5n) | 2n };
}

/** Accessors for the state at `address`. */
export function openVcpuState(view: DataView, address: number): VcpuState {
  const readField = (name: FieldName, index = 0): bigint => {
    const { offset, type, stride, count } = VCPU_FIELDS[name];
    if (index < 0 || index >= count) throw new NvlError("hal/index", `${name} has ${count} elements`, { context: { name, index } });
    const at = address + offset + index * stride;
    switch (stride) {
      case 1: return BigInt(view.getUint8(at));
      case 2: return BigInt(view.getUint16(at, true));
      case 4: return BigInt(view.getUint32(at, true));
      case 8: return view.getBigUint64(at, true);
      case 16: return view.getBigUint64(at, true) | (view.getBigUint64(at + 8, true) << 64n);
      default: throw new NvlError("hal/field", `no accessor for ${type}`);
    }
  };
  const writeField = (name: FieldName, value: bigint, index = 0): void => {
    const { offset, type, stride, count } = VCPU_FIELDS[name];
    if (index < 0 || index >= count) throw new NvlError("hal/index", `${name} has ${count} elements`, { context: { name, index } });
    const at = address + offset + index * stride;
    switch (stride) {
      case 1: return view.setUint8(at, Number(value & 0xffn));
      case 2: return view.setUint16(at, Number(value & 0xffffn), true);
      case 4: return view.setUint32(at, Number(value & 0xffff_ffffn), true);
      case 8: return view.setBigUint64(at, BigInt.asUintN(64, value), true);
      case 16:
        view.setBigUint64(at, BigInt.asUintN(64, value), true);
        return view.setBigUint64(at + 8, BigInt.asUintN(64, value >> 64n), true);
      default: throw new NvlError("hal/field", `no accessor for ${type}`);
    }
  };
  const gpr = (name: string) => (GPR_NAMES as readonly string[]).indexOf(name);
  const read = (name: RegisterName): bigint => {
    if (name === "rflags") return assembleFlags(readField("flagResult"), readField("flagAux"), readField("flagRest"));
    const index = gpr(name);
    return index >= 0 ? readField("gpr", index) : readField(name as FieldName);
  };
  const write = (name: RegisterName, value: bigint): void => {
    if (name === "rflags") {
      const { result, aux, rest } = splitFlags(value);
      writeField("flagResult", result);
      writeField("flagAux", aux);
      writeField("flagRest", rest);
      return;
    }
    const index = gpr(name);
    if (index >= 0) writeField("gpr", value, index);
    else writeField(name as FieldName, value);
  };
  const readSegment = (name: SegmentName): Segment => {
    const index = SEGMENT_NAMES.indexOf(name);
    return {
      selector: Number(readField("segSelector", index)), base: readField("segBase", index),
      limit: Number(readField("segLimit", index)), attributes: Number(readField("segAttr", index)),
    };
  };
  const writeSegment = (name: SegmentName, segment: Segment): void => {
    const index = SEGMENT_NAMES.indexOf(name);
    writeField("segSelector", BigInt(segment.selector), index);
    writeField("segBase", segment.base, index);
    writeField("segLimit", BigInt(segment.limit), index);
    writeField("segAttr", BigInt(segment.attributes), index);
    if (name === "ss") writeField("cpl", BigInt((segment.attributes >> 5) & 3));
  };
  const readTable = (name: "gdt" | "idt") => ({ base: readField(`${name}Base`), limit: Number(readField(`${name}Limit`)) });
  const writeTable = (name: "gdt" | "idt", base: bigint, limit: number) => {
    writeField(`${name}Base`, base);
    writeField(`${name}Limit`, BigInt(limit));
  };
  return {
    address, read, write, readSegment, writeSegment, readTable, writeTable, readField, writeField,
    readXmm: (index) => readField("xmm", index), writeXmm: (index, value) => writeField("xmm", value, index),
  };
}

/** Descriptor attributes in the form of `segAttr`, for segments that a loader sets up. */
export const ATTRIBUTES = {
  code64: 0xa09b, code32: 0xc09b, code16: 0x009b, data32: 0xc093, data16: 0x0093, ldt: 0x0082, tss: 0x008b,
} as const;
