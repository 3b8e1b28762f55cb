// What MMX and SSE instructions need from core besides memory: vectors by scratch slot, the MMX state, MXCSR, masked stores.
import { At } from "../generated/layout";
import { probeWrite, store8 } from "../memory/memory";
import { faulted, longMode, vcpu } from "../state";

/** The k-th vector argument of a helper. */
// @ts-ignore: decorator
@inline export function argument(k: usize): v128 {
  return v128.load(vcpu + At.scratch + (k << 4));
}
/** Leaves the vector result of a helper. */
// @ts-ignore: decorator
@inline export function result(value: v128): void {
  v128.store(vcpu + At.scratch + 48, value);
}

const FSW_TOP: u32 = 0x3800;

/** TOP = 0 and no register empty, or all (SDM 3A, Effects of MMX Instructions on x87 FPU State). */
export function mmxTouch(): void {
  store<u32>(vcpu, load<u32>(vcpu, At.fsw) & ~FSW_TOP, At.fsw);
  store<u32>(vcpu, 0xff, At.ftw);
}
export function emms(): void {
  store<u32>(vcpu, load<u32>(vcpu, At.fsw) & ~FSW_TOP, At.fsw);
  store<u32>(vcpu, 0, At.ftw);
}
export function getMxcsr(): u64 {
  return load<u32>(vcpu, At.mxcsr);
}
export function setMxcsr(value: u64): void {
  store<u32>(vcpu, <u32>value, At.mxcsr);
}

/** Stores the bytes of argument 0 whose byte in argument 1 has its top bit set. All of the
 * bytes must be writable, those that are not stored too (the manual leaves it open; AMD Zen 5 does so). */
export function storeMasked(linear: u64, bytes: u64): void {
  probeWrite(linear, <u32>bytes);
  if (faulted()) return;
  const mask = i8x16.bitmask(argument(1)), wrap: u64 = longMode() ? ~<u64>0 : 0xffff_ffff;
  for (let i: u32 = 0; i < <u32>bytes; i++) {
    if (mask & (1 << i)) store8((linear + i) & wrap, load<u8>(vcpu + At.scratch + i));
  }
}
