// flagAux for compiled code, which keeps what it follows from instead: a code (FLAGS_ in hal/layout.ts), the first operand, and flagResult.
import { C } from "./generated/layout";

/** @param a first operand; for INC and DEC the kept carry at bit 63
 * @param result sign-extended, as flagResult is */
export function flagAux(code: u32, a: u64, result: u64): u64 {
  const width: u32 = 8 << ((code - 1) & 3), bits: u64 = 0xffff_ffff_ffff_ffff >> <u64>(64 - width), r = result & bits;
  if (code >= <u32>C.FLAGS_KEPT_CARRY) {
    const up = code < <u32>C.FLAGS_DEC, before = (up ? r - 1 : r + 1) & bits;
    const overflow = <u64>(r == (up ? <u64>1 << (width - 1) : bits >> 1));
    return a | ((a >> 1) ^ (overflow << 62)) | (((before ^ 1 ^ r) >> 1) & 8);
  }
  const x = a & bits;
  let carries: u64;
  if (code < <u32>C.FLAGS_SUB) {
    const y = (r - x) & bits;
    carries = (x & y) | ((x | y) & ~r);
  } else {
    const y = (x - r) & bits;
    carries = (~x & y) | ((~x | y) & r);
  }
  return ((carries << <u64>(64 - width)) & 0xc000_0000_0000_0000) | (carries & 8);
}
