// Registers of tasks: in the vCPU's state while they are on a core, else in a copy of the same layout.

import { OFFSET, VCPU_FIELDS, VCPU_STATE_BYTES, type FieldName } from "../../hal/layout.ts";
import { ATTRIBUTES, openVcpuState, type VcpuState } from "../../hal/state.ts";

const range = (from: FieldName, to: FieldName): readonly [number, number] => {
  const last = VCPU_FIELDS[to];
  return [OFFSET[from], last.offset + last.stride * last.count];
};
/** What a program has of the state. */
const RANGES = [range("gpr", "gpr"), range("rip", "segSelector"), range("xmm", "fdp")] as const;

export interface Saved { bytes: Uint8Array; state: VcpuState }

export function createSaved(): Saved {
  const buffer = new ArrayBuffer(VCPU_STATE_BYTES);
  return { bytes: new Uint8Array(buffer), state: openVcpuState(new DataView(buffer), 0) };
}

/** From the copy to the vCPU whose state is at `address` of the node's memory. */
export function loadRegisters(node: Uint8Array, address: number, { bytes }: Saved): void {
  for (const [start, end] of RANGES) node.set(bytes.subarray(start, end), address + start);
}
export function storeRegisters(node: Uint8Array, address: number, { bytes }: Saved): void {
  for (const [start, end] of RANGES) bytes.set(node.subarray(address + start, address + end), start);
}
/** From one vCPU's state to another's, word by word: the pieces are short. */
export function moveRegisters(words: Uint32Array, from: number, to: number): void {
  for (const [start, end] of RANGES) for (let at = start >>> 2, source = from >>> 2, target = to >>> 2, last = end >>> 2; at < last; at++) words[target + at] = words[source + at];
}
export function copyRegisters(from: Saved, to: Saved): void {
  to.bytes.set(from.bytes);
}

/** Selectors that Linux gives to 64-bit programs. */
export const USER_CS = 0x33, USER_SS = 0x2b;
const DPL3 = 0x60, UNUSABLE = 0x10000;

/** Registers as execve leaves them. */
export function freshRegisters({ bytes, state }: Saved, rip: number, rsp: number): void {
  bytes.fill(0);
  state.write("rip", BigInt(rip));
  state.write("rsp", BigInt(rsp));
  state.write("rflags", 0x202n);
  state.writeSegment("cs", { selector: USER_CS, base: 0n, limit: 0xffff_ffff, attributes: ATTRIBUTES.code64 | DPL3 });
  state.writeSegment("ss", { selector: USER_SS, base: 0n, limit: 0xffff_ffff, attributes: ATTRIBUTES.data32 | DPL3 });
  for (const name of ["ds", "es", "fs", "gs"] as const) state.writeSegment(name, { selector: 0, base: 0n, limit: 0, attributes: UNUSABLE });
  state.writeSegment("ldtr", { selector: 0, base: 0n, limit: 0, attributes: UNUSABLE });
  // no descriptor tables: segments are what the kernel made them; no I/O bitmap: ports are #GP
  state.writeSegment("tr", { selector: 0, base: 0n, limit: 0, attributes: ATTRIBUTES.tss });
  state.writeField("segLimit", 0xffff_ffffn, 8);
  state.writeField("segAttr", 0xc093n, 8);
  state.write("mxcsr", 0x1f80n);
  state.write("fcw", 0x37fn);
}

const CR0 = 0x8005_0033n; // PE MP ET NE WP AM PG
const CR4 = 0x0005_0e20n; // PAE OSFXSR OSXMMEXCPT UMIP FSGSBASE OSXSAVE
const EFER = 0xd01n; // SCE LME LMA NXE

/** A vCPU as all hosted programs need it, address space and registers left out. */
export function prepareVcpu(state: VcpuState): void {
  state.write("cr0", CR0);
  state.write("cr4", CR4);
  state.write("efer", EFER);
  state.write("xcr0", 3n);
  state.writeTable("gdt", 0n, 0);
  state.writeTable("idt", 0n, 0);
  state.writeField("cpl", 3n);
  state.writeField("hosted", 1n);
}
