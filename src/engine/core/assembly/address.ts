// Offsets in segments as linear addresses, for helpers that access memory themselves (SDM 3A, Limit Checking; Type Checking).
import { C } from "./generated/layout";
import { canonical, code64, GP, raise, SS } from "./state";
import { attributesOf, baseOf, CODE, DB_BIT, DOWN, limitOf, READABLE, WRITABLE } from "./descriptor";
import { load16, load32, load64, load8, store16, store32, store64, store8 } from "./memory";

/** Linear address of `bytes` at an offset in a segment. What the segment forbids is #SS(0) for SS, #GP(0) for others. */
export function linearAddress(segment: u32, offset: u64, bytes: u32, write: bool): u64 {
  if (code64()) {
    const linear = segment == C.SEG_FS || segment == C.SEG_GS ? baseOf(segment) + offset : offset;
    if (!canonical(linear)) raise(segment == C.SEG_SS ? SS : GP, 0);
    return linear;
  }
  const attributes = attributesOf(segment), limit = <u64>limitOf(segment), last = offset + (bytes - 1);
  const outside = (attributes & (CODE | DOWN)) == DOWN ? offset <= limit || last > (attributes & DB_BIT ? 0xffff_ffff : 0xffff) : last > limit;
  const forbidden = (attributes & C.SEG_UNUSABLE) != 0 || (write ? (attributes & CODE) != 0 || !(attributes & WRITABLE) : (attributes & (CODE | READABLE)) == CODE);
  if (forbidden || outside) raise(segment == C.SEG_SS ? SS : GP, 0);
  return (baseOf(segment) + offset) & 0xffff_ffff;
}

/** All ones in so many bits, 16 to 64. */
// @ts-ignore: decorator
@inline export function maskOf(width: u32): u64 {
  return ~(<u64>0) >> (64 - width);
}

export function loadSized(linear: u64, bytes: u32): u64 {
  return bytes == 1 ? load8(linear) : bytes == 2 ? load16(linear) : bytes == 4 ? load32(linear) : load64(linear);
}
export function storeSized(linear: u64, bytes: u32, value: u64): void {
  if (bytes == 1) store8(linear, value);
  else if (bytes == 2) store16(linear, value);
  else if (bytes == 4) store32(linear, value);
  else store64(linear, value);
}
