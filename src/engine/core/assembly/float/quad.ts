// 128-bit significands for the transcendental instructions. Results are in `q1` (upper half) and `q0`; all functions truncate.

import { divide as divideWide, high, multiply as multiplyWide, remainder } from "./wide";

export let q1: u64 = 0, q0: u64 = 0;

export function setQ(upper: u64, lower: u64): void {
  q1 = upper;
  q0 = lower;
}

/** Upper half of the 256-bit product a * b. */
export function multiplyHigh(a1: u64, a0: u64, b1: u64, b0: u64): void {
  multiplyWide(a0, b0);
  const carry = high;
  const m1 = multiplyWide(a1, b0), h1 = high;
  const m2 = multiplyWide(a0, b1), h2 = high;
  const top = multiplyWide(a1, b1), topHigh = high;
  const s1 = m1 + m2, c1 = u64(s1 < m1);
  const s2 = s1 + carry, c2 = u64(s2 < s1);
  const low = top + h1, c3 = u64(low < top);
  const low2 = low + h2, c4 = u64(low2 < low);
  const low3 = low2 + c1 + c2, c5 = u64(low3 < low2);
  q1 = topHigh + c3 + c4 + c5;
  q0 = low3;
}

/** a / n, where n < 2^32. */
export function divideSmall(a1: u64, a0: u64, n: u64): void {
  q1 = a1 / n;
  const upper = a1 % n << 32 | a0 >> 32;
  q0 = upper / n << 32 | (upper % n << 32 | a0 & 0xffffffff) / n;
}

/** n * 2^128 / d, where n < d and bit 127 of d is set. */
export function divideQuad(n1: u64, n0: u64, d1: u64, d0: u64): void {
  rest1 = n1;
  rest0 = n0;
  const upper = quotientDigit(d1, d0);
  const lower = quotientDigit(d1, d0);
  q1 = upper;
  q0 = lower;
}
let rest1: u64 = 0, rest0: u64 = 0;

/** The next 64 bits of rest / d, by the upper half of d and a correction. */
function quotientDigit(d1: u64, d0: u64): u64 {
  let digit: u64, r: u64, over = false; // r: what the estimate leaves above 64 bits; over: it is 2^64 or more, so nothing is to be corrected
  if (rest1 >= d1) {
    digit = u64.MAX_VALUE;
    r = rest0 + d1;
    over = r < d1;
  } else {
    digit = divideWide(rest1, rest0, d1);
    r = remainder;
  }
  let low = multiplyWide(digit, d0), upper = high;
  while (!over && (upper > r || (upper == r && low > 0))) { // digit * d0 > r * 2^64
    digit -= 1;
    upper -= u64(low < d0);
    low -= d0;
    r += d1;
    over = r < d1;
  }
  rest0 = 0 - low;
  rest1 = r - upper - u64(low != 0);
  return digit;
}

/** Shifts q right by any count. */
export function shiftRight(upper: u64, lower: u64, count: i32): void {
  if (count >= 128) setQ(0, 0);
  else if (count >= 64) setQ(0, count == 64 ? upper : upper >> (count - 64));
  else if (count == 0) setQ(upper, lower);
  else setQ(upper >> count, upper << (64 - count) | lower >> count);
}

/** Shifts q left until bit 127 is set; q is not 0. @returns by how many bits */
export function normalise(upper: u64, lower: u64): i32 {
  const zeros = i32(upper == 0 ? 64 + clz(lower) : clz(upper));
  if (zeros >= 64) setQ(lower << (zeros - 64), 0);
  else if (zeros == 0) setQ(upper, lower);
  else setQ(upper << zeros | lower >> (64 - zeros), lower << zeros);
  return zeros;
}
