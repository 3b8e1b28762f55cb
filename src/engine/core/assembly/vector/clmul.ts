// Carry-less multiplication: products of polynomials over GF(2).
import { result } from "./simd";

/** 32 by 32 bits with ordinary multiplications: every fourth bit at a time, so that the sums of at most 8 ones stay in their own four bits. */
function multiply32(a: u64, b: u64): u64 {
  const M: u64 = 0x1111_1111_1111_1111;
  const a0 = a & M, a1 = a & (M << 1), a2 = a & (M << 2), a3 = a & (M << 3);
  const b0 = b & M, b1 = b & (M << 1), b2 = b & (M << 2), b3 = b & (M << 3);
  return ((a0 * b0 ^ a1 * b3 ^ a2 * b2 ^ a3 * b1) & M)
    | ((a0 * b1 ^ a1 * b0 ^ a2 * b3 ^ a3 * b2) & (M << 1))
    | ((a0 * b2 ^ a1 * b1 ^ a2 * b0 ^ a3 * b3) & (M << 2))
    | ((a0 * b3 ^ a1 * b2 ^ a2 * b1 ^ a3 * b0) & (M << 3));
}

/** 64 by 64 bits in three products (Karatsuba). */
export function carrylessMultiply(a: u64, b: u64): void {
  const aLow = a & 0xffff_ffff, aHigh = a >> 32, bLow = b & 0xffff_ffff, bHigh = b >> 32;
  const low = multiply32(aLow, bLow), high = multiply32(aHigh, bHigh);
  const middle = multiply32(aLow ^ aHigh, bLow ^ bHigh) ^ low ^ high;
  result(i64x2.replace_lane(i64x2.splat(low ^ (middle << 32)), 1, high ^ (middle >> 32)));
}
