// PCMPESTRI, PCMPESTRM, PCMPISTRI, PCMPISTRM (SDM 1, Imm8 Control Byte Operation for PCMPESTRI/PCMPESTRM/PCMPISTRI/PCMPISTRM).
// Argument 0 is the first operand (a set, ranges, or what is searched for), argument 1 the second (the text). Sets of elements are
// bits, one per element of the text.
import { At } from "../generated/layout";
import { argument } from "./simd";
import { vcpu } from "../state";

// bits of the control byte
const WORDS: u64 = 1, SIGNED: u64 = 2, NEGATE: u64 = 0x10, MASKED: u64 = 0x20;

/** Elements before the first zero. */
export function stringLength(control: u64): u64 {
  const zero = i64x2.splat(0), a = argument(0);
  return control & WORDS
    ? <u64>ctz<u32>(<u32>i16x8.bitmask(i16x8.eq(a, zero)) | 0x100)
    : <u64>ctz<u32>(<u32>i8x16.bitmask(i8x16.eq(a, zero)) | 0x10000);
}

/** An element of the first operand in every lane. */
// @ts-ignore: decorator
@inline function element(index: u32, words: bool): v128 {
  const at = vcpu + At.scratch;
  return words ? i16x8.splat(load<i16>(at + (index << 1))) : i8x16.splat(load<i8>(at + index));
}
// @ts-ignore: decorator
@inline function equal(a: v128, b: v128, words: bool): u32 {
  return words ? i16x8.bitmask(i16x8.eq(a, b)) : i8x16.bitmask(i8x16.eq(a, b));
}
function atLeast(a: v128, b: v128, words: bool, signed: bool): u32 {
  if (words) return i16x8.bitmask(signed ? i16x8.ge_s(a, b) : i16x8.ge_u(a, b));
  return i8x16.bitmask(signed ? i8x16.ge_s(a, b) : i8x16.ge_u(a, b));
}

/** @returns bits 0..15: IntRes2; bit 16: the second string ends within its operand (ZF); bit 17: the first one does (SF) */
export function compareStrings(givenFirst: u64, givenSecond: u64, control: u64): u64 {
  const words = (control & WORDS) != 0, signed = (control & SIGNED) != 0, elements: u32 = words ? 8 : 16;
  const firstLength = <u32>min<u64>(givenFirst, elements), secondLength = <u32>min<u64>(givenSecond, elements);
  const all: u32 = (1 << elements) - 1, valid: u32 = (1 << secondLength) - 1, text = argument(1);
  let found: u32 = 0;
  switch (<u32>(control >> 2) & 3) {
    case 0: // equal any
      for (let i: u32 = 0; i < firstLength; i++) found |= equal(text, element(i, words), words);
      found &= valid;
      break;
    case 1: // ranges: pairs of a lower and an upper bound
      for (let i: u32 = 0; i + 1 < firstLength; i += 2) {
        found |= atLeast(text, element(i, words), words, signed) & atLeast(element(i + 1, words), text, words, signed);
      }
      found &= valid;
      break;
    case 2: { // equal each: after both have ended everything is equal
      const validFirst: u32 = (1 << firstLength) - 1;
      found = (equal(text, argument(0), words) & valid & validFirst) | (all & ~(valid | validFirst));
      break;
    }
    case 3: // equal ordered: elements past the end of the operand are not compared
      found = all;
      for (let i: u32 = 0; i < firstLength; i++) found &= ((equal(text, element(i, words), words) & valid) >> i) | (all & ~(all >> i));
      break;
  }
  if (control & NEGATE) found ^= control & MASKED ? valid : all;
  return <u64>(found | (secondLength < elements ? 0x10000 : 0) | (firstLength < elements ? 0x20000 : 0));
}
