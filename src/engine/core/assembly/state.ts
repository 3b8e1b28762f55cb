// The vCPU that this instance belongs to, and the marks an instruction leaves when it cannot complete.
// Convention: a function that cannot complete calls one of these and returns at once; its caller looks at `fault`.
import { At, C } from "./generated/layout";

/** Address of the state in the node's memory. */
export let vcpu: usize = 0;
export function attach(address: usize): void {
  vcpu = address;
}

export const DE: u32 = 0, DB: u32 = 1, BP: u32 = 3, OF: u32 = 4, BR: u32 = 5, UD: u32 = 6, NM: u32 = 7, DF: u32 = 8, TS: u32 = 10, NP: u32 = 11,
  SS: u32 = 12, GP: u32 = 13, PF: u32 = 14, MF: u32 = 16, AC: u32 = 17, XM: u32 = 19;

/** Abandons the instruction with an exception. The first one counts. */
export function raise(vector: u32, code: u32): void {
  if (load<u32>(vcpu, At.fault)) return;
  store<u32>(vcpu, <u32>C.FAULT_PENDING | vector, At.fault);
  store<u32>(vcpu, code, At.faultCode);
}

/** The address that was not canonical when an access last raised #GP(0) for that: an engine turns it into #SS(0) where the stack segment
 * was meant, which core does not know. `strayed`: it is fresh. */
export let strayAddress: u64 = 0;
export let strayed: bool = false;
export function forgetStray(): void {
  strayed = false;
}
/** In long mode an access must lie within canonical addresses; nothing else of it is looked at before. @returns true when it does not */
export function strays(linear: u64, bytes: u32): bool {
  if (!longMode() || (canonical(linear) && canonical(linear + (bytes - 1)))) return false;
  strayAddress = linear;
  strayed = true;
  raise(GP, 0);
  return true;
}

/** Abandons the instruction and makes run() return: this engine does not do what the guest needs.
 * @param what an UNSUPPORTED constant */
export function unsupported(what: u32): void {
  store<u32>(vcpu, what, At.unsupported);
  requestExit(C.EXIT_UNSUPPORTED);
  raise(C.FAULT_EXIT, 0);
}

/** Makes run() return with this code at the next look at `attention`. */
export function requestExit(code: u32): void {
  store<u32>(vcpu, code, At.exitReason);
  setAttention(C.ATTENTION_EXIT);
}

export function setAttention(bits: u32): void {
  atomic.or<u32>(vcpu + At.attention, bits);
}
export function clearAttention(bits: u32): void {
  atomic.and<u32>(vcpu + At.attention, ~bits);
}

// @ts-ignore: decorator
@inline export function faulted(): bool {
  return load<u32>(vcpu, At.fault) != 0;
}
// @ts-ignore: decorator
@inline export function reg(number: u32): u64 {
  return load<u64>(vcpu + At.gpr + (<usize>number << 3));
}
// @ts-ignore: decorator
@inline export function setReg(number: u32, value: u64): void {
  store<u64>(vcpu + At.gpr + (<usize>number << 3), value);
}
// @ts-ignore: decorator
@inline export function longMode(): bool {
  return (load<u64>(vcpu, At.efer) & EFER_LMA) != 0;
}
// @ts-ignore: decorator
@inline export function code64(): bool {
  return (load<u32>(vcpu, At.mode) & C.MODE_CODE_MASK) == C.MODE_CODE64;
}
// @ts-ignore: decorator
@inline export function protectedMode(): bool {
  return (load<u64>(vcpu, At.cr0) & CR0_PE) != 0;
}
/** A program runs whose system calls and exceptions are exits. */
// @ts-ignore: decorator
@inline export function hosted(): bool {
  return load<u32>(vcpu, At.hosted) != 0 && load<u32>(vcpu, At.cpl) == 3;
}
/** Bits 63..47 are equal. */
// @ts-ignore: decorator
@inline export function canonical(address: u64): bool {
  return <u64>(<i64>(address << 16) >> 16) == address;
}

export const CR0_PE: u64 = 1, CR0_MP: u64 = 2, CR0_EM: u64 = 4, CR0_TS: u64 = 8, CR0_ET: u64 = 16, CR0_NE: u64 = 32, CR0_WP: u64 = 1 << 16,
  CR0_AM: u64 = 1 << 18, CR0_NW: u64 = 1 << 29, CR0_CD: u64 = 1 << 30, CR0_PG: u64 = 1 << 31;
export const CR4_VME: u64 = 1, CR4_PVI: u64 = 2, CR4_TSD: u64 = 4, CR4_DE: u64 = 8, CR4_PSE: u64 = 16, CR4_PAE: u64 = 32, CR4_MCE: u64 = 64, CR4_PGE: u64 = 128,
  CR4_PCE: u64 = 256, CR4_OSFXSR: u64 = 512, CR4_OSXMMEXCPT: u64 = 1024, CR4_UMIP: u64 = 2048, CR4_FSGSBASE: u64 = 1 << 16,
  CR4_PCIDE: u64 = 1 << 17, CR4_OSXSAVE: u64 = 1 << 18, CR4_SMEP: u64 = 1 << 20, CR4_SMAP: u64 = 1 << 21;
export const EFER_SCE: u64 = 1, EFER_LME: u64 = 1 << 8, EFER_LMA: u64 = 1 << 10, EFER_NXE: u64 = 1 << 11;
