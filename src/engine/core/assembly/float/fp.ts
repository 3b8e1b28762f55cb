// SSE floating point: the frame of an instruction (MXCSR in, flags and #XM out), and lanes of vectors in scratch slots.
// Sources: SDM 1, SSE and SSE2 Exceptions; SDM 1, Masked Responses and Unmasked Responses to SIMD Floating-Point Exceptions.

import { At } from "../generated/layout";
import { CR4_OSXMMEXCPT, UD, XM, raise, vcpu } from "../state";
import { BEFORE, environment, masks, moveToB, raised, unpack32, unpack64 } from "./softfloat";

/** MXCSR bits other than flags 0..5, masks 7..12 and rounding control 13..14. */
const PE_FLAG: u32 = 1 << 5, DAZ: u32 = 1 << 6, FTZ: u32 = 1 << 15;

/** Slots: first and second argument, result. */
export const A: usize = At.scratch, B: usize = At.scratch + 16, R: usize = At.scratch + 48;

// @ts-ignore: decorator
@inline export function lane32(slot: usize, lane: i32): u32 { return load<u32>(vcpu + slot + (usize(lane) << 2)); }
// @ts-ignore: decorator
@inline export function lane64(slot: usize, lane: i32): u64 { return load<u64>(vcpu + slot + (usize(lane) << 3)); }
// @ts-ignore: decorator
@inline export function setLane32(lane: i32, bits: u32): void { store<u32>(vcpu + R + (usize(lane) << 2), bits); }
// @ts-ignore: decorator
@inline export function setLane64(lane: i32, bits: u64): void { store<u64>(vcpu + R + (usize(lane) << 3), bits); }
// @ts-ignore: decorator
@inline export function vector(slot: usize): v128 { return v128.load(vcpu + slot); }
// @ts-ignore: decorator
@inline export function setResult(value: v128): void { v128.store(vcpu + R, value); }

/** Native arithmetic is right with ordinary operands and results: round to nearest, all masked. It may be inexact, which PE must tell. */
// @ts-ignore: decorator
@inline export function nativeRounding(): bool {
  return (load<u32>(vcpu, At.mxcsr) & 0x7f80) == 0x1f80;
}
// @ts-ignore: decorator
@inline export function inexactSeen(): bool { return (load<u32>(vcpu, At.mxcsr) & PE_FLAG) != 0; }
/** As `nativeRounding`, and inexact results are no news. */
// @ts-ignore: decorator
@inline export function nativeInexact(): bool { return nativeRounding() && inexactSeen(); }
export function setInexact(): void { store<u32>(vcpu, load<u32>(vcpu, At.mxcsr) | PE_FLAG, At.mxcsr); }

export const SIGN32: u32 = 0x80000000, SIGN64: u64 = 1 << 63;
// bits of magnitudes: smallest normal number, twice that (a smaller result may have been tiny before it was rounded), infinity
export const NORMAL32: u32 = 0x00800000, SAFE32: u32 = 0x01000000, INFINITE32: u32 = 0x7f800000;
export const NORMAL64: u64 = 0x0010000000000000, SAFE64: u64 = 0x0020000000000000, INFINITE64: u64 = 0x7ff0000000000000;

/** A normal number or zero: neither denormal, nor infinite, nor a NaN. */
// @ts-ignore: decorator
@inline export function ordinary32(bits: u32): bool {
  const magnitude = bits & ~SIGN32;
  return magnitude == 0 || (magnitude >= NORMAL32 && magnitude < INFINITE32);
}
// @ts-ignore: decorator
@inline export function ordinary64(bits: u64): bool {
  const magnitude = bits & ~SIGN64;
  return magnitude == 0 || (magnitude >= NORMAL64 && magnitude < INFINITE64);
}

/** An inexact result changes nothing: PE is set and masked. */
// @ts-ignore: decorator
@inline export function inexactIsNoNews(): bool {
  return (load<u32>(vcpu, At.mxcsr) & 0x1020) == 0x1020;
}

export function begin(): void {
  const mxcsr = load<u32>(vcpu, At.mxcsr);
  environment((mxcsr >> 13) & 3, (mxcsr >> 7) & 0x3f, (mxcsr & DAZ) != 0, (mxcsr & FTZ) != 0, false);
}

/** Sets the sticky flags, and raises the exception for those not masked. Exceptions that are detected before computing (in any lane) hide
 * those of results. */
export function finish(): void {
  const unmasked = raised & ~masks;
  const flags = (unmasked & BEFORE) != 0 ? raised & BEFORE : raised;
  store<u32>(vcpu, load<u32>(vcpu, At.mxcsr) | flags, At.mxcsr);
  if (unmasked != 0) raise((load<u64>(vcpu, At.cr4) & CR4_OSXMMEXCPT) != 0 ? XM : UD, 0);
}

export function operands32(a: u32, b: u32): void {
  unpack32(b);
  moveToB();
  unpack32(a);
}
export function operands64(a: u64, b: u64): void {
  unpack64(b);
  moveToB();
  unpack64(a);
}
