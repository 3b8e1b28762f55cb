// Addressing through a segment (SDM 3A, Limit Checking; Type Checking; Segmentation in IA-32e Mode).
import { C } from "../generated/layout";
import { canonical, code64, GP, protectedMode, raise, SS } from "../state";
import { attributesOf, baseOf, CODE, limitOf, READABLE, WRITABLE } from "../segment/descriptor";
import { withinLimit } from "../segment/stack";

/** Linear address of [offset, offset + bytes) in a segment, checked for an access; `write` is 0 or 1. */
export function linearAddress(segment: u32, offset: u64, bytes: u32, write: u32): u64 {
  if (code64()) {
    const linear = segment == C.SEG_FS || segment == C.SEG_GS ? baseOf(segment) + offset : offset;
    if (!canonical(linear) || !canonical(linear + (bytes - 1))) raise(segment == C.SEG_SS ? SS : GP, 0);
    return linear;
  }
  const attributes = attributesOf(segment);
  if (protectedMode() && segment < 6) {
    if (attributes & C.SEG_UNUSABLE) {
      raise(segment == C.SEG_SS ? SS : GP, 0);
      return 0;
    }
    const denied = write ? (attributes & (CODE | WRITABLE)) != WRITABLE : (attributes & (CODE | READABLE)) == CODE;
    if (denied) {
      raise(GP, 0);
      return 0;
    }
  }
  if (!withinLimit(offset, bytes, limitOf(segment), attributes)) raise(segment == C.SEG_SS ? SS : GP, 0);
  return (baseOf(segment) + offset) & 0xffff_ffff;
}
