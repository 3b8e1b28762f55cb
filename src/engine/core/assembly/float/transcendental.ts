// Sines, tangents, arctangents, exponentials and logarithms of double extended numbers, computed to more than 110 bits, so that the rounded
// result is that of the exact one but for one case in 2^40 or so.
//
// A number T is tExp and a normalised 128-bit significand t1:t0, value t / 2^127 * 2^tExp. Fixed-point numbers are named by their bits
// after the point. Results are never exact where these functions are called, so a lowest bit says so to the rounding.

import { FINITE, setR } from "./softfloat";
import { high, multiply } from "./wide";
import { divideQuad, divideSmall, multiplyHigh, normalise, q0, q1, setQ, shiftRight } from "./quad";

const TOP: u64 = 1 << 63;
const PI1: u64 = 0xc90fdaa22168c234, PI0: u64 = 0xc4c6628b80dc1cd1; // pi, 126 bits after the point
const LN2_1: u64 = 0xb17217f7d1cf79ab, LN2_0: u64 = 0xc9e3b39803f2f6af; // exponent -1
const LOG2E_1: u64 = 0xb8aa3b295c17f0bb, LOG2E_0: u64 = 0xbe87fed0691d3e88; // exponent 0
const SQRT2: u64 = 0xb504f333f9de6484;

export let t1: u64 = 0, t0: u64 = 0, tExp: i32 = 0;

export function setT(upper: u64, lower: u64, exp: i32): void {
  t1 = upper;
  t0 = lower;
  tExp = exp;
}
/** T = q / 2^127 * 2^exp, normalised. */
function takeQ(exp: i32): void {
  const zeros = normalise(q1, q0);
  setT(q1, q0, exp - zeros);
}
/** R = T, which is not exact. */
export function resultT(sign: u32): void {
  setR(FINITE, sign, tExp, t1, t0 | 1);
}
/** T *= a normalised number. */
export function multiplyT(b1: u64, b0: u64, bExp: i32): void {
  multiplyHigh(t1, t0, b1, b0);
  takeQ(tExp + bExp + 1);
}
/** T = n / d, both normalised. */
export function quotient(n1: u64, n0: u64, nExp: i32, d1: u64, d0: u64, dExp: i32): void {
  const smaller = n1 < d1 || (n1 == d1 && n0 < d0);
  if (smaller) divideQuad(n1, n0, d1, d0);
  else divideQuad(n1 >> 1, n1 << 63 | n0 >> 1, d1, d0);
  takeQ(nExp - dExp - i32(smaller));
}
/** q = T with `bits` after the point. */
function toFixed(bits: i32): void {
  shiftRight(t1, t0, 127 - bits - tExp);
}
/** q = T^2 with 128 bits after the point; T < 1. */
function squareFixed(): void {
  multiplyHigh(t1, t0, t1, t0); // 2 bits before the point
  shiftRight(q1, q0, -2 * tExp - 2);
}

// -- series, by Horner's rule. The argument has 128 bits after the point, the sum 127.

let s1: u64 = 0, s0: u64 = 0;

/** s = 1 - q, less than 1 even when q is too small to be seen. */
function oneMinusQ(): void {
  if (q1 == 0 && q0 == 0) setQ(0, 1);
  s0 = 0 - q0;
  s1 = TOP - q1 - u64(q0 != 0);
}
/** s = s * x, over n. */
function step(x1: u64, x0: u64, n: u64): void {
  multiplyHigh(x1, x0, s1, s0);
  divideSmall(q1, q0, n);
}
/** s = (e^x - 1) / x, or (1 - e^-x) / x: 1 ± x/2 + x^2/6 ± ...; x < 0.7 */
function exponentialSeries(x1: u64, x0: u64, negative: bool): void {
  s1 = TOP;
  s0 = 0;
  for (let k = 32; k >= 1; k--) {
    step(x1, x0, k + 1);
    if (negative) {
      oneMinusQ();
    } else {
      s0 = q0;
      s1 = TOP + q1;
    }
  }
}
/** s = sin(x) / x (first = 2) or cos(x) (first = 1) for y = x^2 < 0.62: 1 - y/6 + ..., 1 - y/2 + ... */
function circularSeries(y1: u64, y0: u64, first: i32): void {
  s1 = TOP;
  s0 = 0;
  for (let k = first + 26; k >= first; k -= 2) {
    step(y1, y0, k * (k + 1));
    oneMinusQ();
  }
}
/** s = atanh(x) / x, or atan(x) / x, for y = x^2 < 0.03: 1 ± y/3 + y^2/5 ± ... */
function areaSeries(y1: u64, y0: u64, alternating: bool, terms: i32): void {
  s1 = 0;
  s0 = 0;
  for (let k = terms; k >= 0; k--) {
    multiplyHigh(y1, y0, s1, s0);
    const u1 = q1, u0 = q0;
    divideSmall(TOP, 0, 2 * k + 1);
    if (alternating && k == 0) {
      setQ(u1, u0);
      oneMinusQ();
    } else if (alternating) {
      s0 = q0 - u0;
      s1 = q1 - u1 - u64(q0 < u0);
    } else {
      s0 = q0 + u0;
      s1 = q1 + u1 + u64(s0 < u0);
    }
  }
}
/** T *= s */
function multiplyBySeries(): void {
  multiplyHigh(t1, t0, s1, s0);
  takeQ(tExp + 1);
}

// -- functions

/** T = |2^x - 1| for x = ±T, 0 < T <= 1. */
export function exponentialMinus1(negative: bool): void {
  multiplyT(LN2_1, LN2_0, -1);
  toFixed(128);
  exponentialSeries(q1, q0, negative);
  multiplyBySeries();
}

/** T = |log2 T|, T not 1. @returns its sign */
export function logarithm(): u32 {
  const below = t1 >= SQRT2; // T = m * 2^k with m from sqrt(1/2) to sqrt(2), here below 1
  const k = below ? tExp + 1 : tExp;
  // z = (m - 1) / (m + 1), log2(m) = 2 log2(e) atanh(z)
  let negative = below, zero = false;
  if (below) {
    const d1 = t1 >> 1 | TOP, d0 = t1 << 63 | t0 >> 1;
    const zeros = normalise(0 - t1 - u64(t0 != 0), 0 - t0);
    quotient(q1, q0, -1 - zeros, d1, d0, 0);
  } else if ((t1 & ~TOP) == 0 && t0 == 0) {
    zero = true;
  } else {
    const d1 = (t1 >> 1) + (TOP >> 1), d0 = t1 << 63 | t0 >> 1;
    const zeros = normalise(t1 & ~TOP, t0);
    quotient(q1, q0, -zeros, d1, d0, 1);
  }
  if (!zero) {
    const z1 = t1, z0 = t0, zExp = tExp;
    areaOfT();
    setT(z1, z0, zExp);
    multiplyBySeries();
    multiplyT(LOG2E_1, LOG2E_0, 1);
  }
  if (k == 0) return u32(negative);
  // |k| ± |log2(m)|, 112 bits after the point
  const up = (k < 0) == negative;
  if (zero) setQ(0, 0);
  else toFixed(112);
  const whole = u64(k < 0 ? -k : k) << 48;
  if (up) setQ(whole + q1, q0);
  else setQ(whole - q1 - u64(q0 != 0), 0 - q0);
  takeQ(15);
  return u32(k < 0);
}
function areaOfT(): void {
  squareFixed();
  areaSeries(q1, q0, false, 26);
}

/** T = |log2(1 + x)| for x = ±T, x > -1. @returns its sign */
export function logarithmPlus1(negative: bool): u32 {
  if (tExp >= -2) { // far enough from 1: as its logarithm
    if (negative) {
      toFixed(128);
      setQ(0 - q1 - u64(q0 != 0), 0 - q0);
      takeQ(-1);
    } else if (tExp <= 126) {
      // the sum of two numbers that fit
      const exp = tExp > 0 ? tExp : 0, x1 = t1, x0 = t0;
      shiftRight(x1, x0, exp - tExp + 1);
      const a1 = q1, a0 = q0;
      shiftRight(TOP, 0, exp + 1);
      const low = a0 + q0;
      setQ(a1 + q1 + u64(low < a0), low);
      takeQ(exp + 1);
    }
    return logarithm();
  }
  // z = x / (2 + x)
  const n1 = t1, n0 = t0, nExp = tExp;
  shiftRight(t1, t0, 1 - tExp);
  if (negative) setQ(TOP - q1 - u64(q0 != 0), 0 - q0);
  else setQ(TOP + q1, q0);
  takeQ(1);
  quotient(n1, n0, nExp, t1, t0, tExp);
  const z1 = t1, z0 = t0, zExp = tExp;
  areaOfT();
  setT(z1, z0, zExp);
  multiplyBySeries();
  multiplyT(LOG2E_1, LOG2E_0, 1);
  return u32(negative);
}

// -- circular functions

/** What `reduce` found: the quadrant (0..3), and the sign of the rest that T has become. */
export let quadrant: u32 = 0, reducedSign: u32 = 0;

/** T = its distance from the nearest multiple of pi/2. Pi has 66 bits, as in every x87 (SDM 1, Approximation of Pi). */
export function reduce(sig: u64, exp: i32): void {
  quadrant = 0;
  reducedSign = 0;
  if (exp < -1) return setT(sig, 0, exp);
  // in units of 2^-65: sig << (exp + 2), divided by pi/2 bit by bit
  const p1: u64 = 3, p0: u64 = 0x243f6a8885a308d3;
  let r1: u64 = 0, r0 = sig, turns: u64 = 0;
  for (let bit = exp + 2; bit > 0; bit--) {
    r1 = r1 << 1 | r0 >> 63;
    r0 <<= 1;
    turns <<= 1;
    if (r1 > p1 || (r1 == p1 && r0 >= p0)) {
      r1 -= p1 + u64(r0 < p0);
      r0 -= p0;
      turns |= 1;
    }
  }
  const o0 = p0 - r0, o1 = p1 - r1 - u64(p0 < r0); // to the next multiple
  if (r1 > o1 || (r1 == o1 && r0 > o0)) {
    r1 = o1;
    r0 = o0;
    turns += 1;
    reducedSign = 1;
  }
  quadrant = u32(turns & 3);
  setQ(r1, r0);
  takeQ(62);
}

/** T = sin T, T at most pi/4. */
export function sine(): void {
  const x1 = t1, x0 = t0, exp = tExp;
  squareFixed();
  circularSeries(q1, q0, 2);
  setT(x1, x0, exp);
  multiplyBySeries();
}
/** T = cos T, likewise. */
export function cosine(): void {
  squareFixed();
  circularSeries(q1, q0, 1);
  setQ(s1, s0);
  takeQ(0);
}

/** atan(j / 16), 127 bits after the point. */
const ARCTANGENTS = memory.data<u64>([
  0x0000000000000000, 0x0000000000000000, 0x07fd56edcb3f7a71, 0xb6593c96e071706a,
  0x0feadd4d5617b6e3, 0x2c897989f3e888ef, 0x17b97b4bce5b0226, 0x8f6169f103938e90,
  0x1f5b75f92c80dd62, 0xadb8f3debef442fc, 0x26c4ee6e0fd7979a, 0x716aed26349ebcca,
  0x2dec3283c9bde11c, 0xe2a8c848b73f9120, 0x34c9dd879847f96d, 0x909f257a40079c4d,
  0x3b58ce0ac3769ed1, 0x5bf9117b2f0ea340, 0x4195fa536cc33f15, 0x25b504e5b0d28ae0,
  0x47802eaf7bfacfcd, 0xae41af0b32e21ba3, 0x4d17c07338deed10, 0x21137c711027f9de,
  0x525e3e8c9a7b8492, 0x0cd43f9522bed64f, 0x5756261c5a6c6040, 0x0a392f179f290385,
  0x5c029f15e118cf39, 0xe596d2a90852221e, 0x606742dc56293320, 0x44eeb16237497d12,
  0x6487ed5110b4611a, 0x62633145c06e0e68,
]);

/** T = the angle of (x, y), from 0 to pi; both are magnitudes. */
export function angle(ySig: u64, yExp: i32, xSig: u64, xExp: i32, xNegative: bool): void {
  const steep = yExp > xExp || (yExp == xExp && ySig > xSig);
  if (steep) quotient(xSig, 0, xExp, ySig, 0, yExp);
  else quotient(ySig, 0, yExp, xSig, 0, xExp);
  let j: usize = 0;
  if (tExp >= -6) {
    toFixed(127);
    j = usize(((q1 >> 58) + 1) >> 1);
  }
  if (j == 0) {
    arctangentSmall();
    if (!steep && !xNegative) return;
    toFixed(126);
  } else {
    arctangentNear(j);
  }
  let a1 = q1, a0 = q0;
  if (steep) { // pi/2 - a
    const half1 = PI1 >> 1, half0 = PI1 << 63 | PI0 >> 1, low = half0 - a0;
    a1 = half1 - a1 - u64(half0 < a0);
    a0 = low;
  }
  if (xNegative) { // pi - a
    const low = PI0 - a0;
    a1 = PI1 - a1 - u64(PI0 < a0);
    a0 = low;
  }
  setQ(a1, a0);
  takeQ(1);
}
/** T = atan T, T at most 1/32. */
function arctangentSmall(): void {
  const x1 = t1, x0 = t0, exp = tExp;
  squareFixed();
  areaSeries(q1, q0, true, 13);
  setT(x1, x0, exp);
  multiplyBySeries();
}
/** q = atan of q (127 bits after the point), 126 bits after the point: atan(c) + atan((t - c) / (1 + t c)) with c = j / 16. */
function arctangentNear(j: usize): void {
  const x1 = q1, x0 = q0, c = u64(j) << 59, base = ARCTANGENTS + (j << 4);
  const below = x1 < c;
  const n0 = below ? 0 - x0 : x0, n1 = below ? c - x1 - u64(x0 != 0) : x1 - c;
  let b1 = load<u64>(base), b0 = load<u64>(base, 8);
  if (n1 != 0 || n0 != 0) {
    shiftRight(x1, x0, 4);
    const d0 = multiply(q0, j), d1 = TOP + q1 * j + high;
    const zeros = normalise(n1, n0);
    quotient(q1, q0, -zeros, d1, d0, 0);
    arctangentSmall();
    toFixed(127);
    if (below) {
      const rest = b0 - q0;
      b1 = b1 - q1 - u64(b0 < q0);
      b0 = rest;
    } else {
      b0 += q0;
      b1 += q1 + u64(b0 < q0);
    }
  }
  shiftRight(b1, b0, 1);
}
