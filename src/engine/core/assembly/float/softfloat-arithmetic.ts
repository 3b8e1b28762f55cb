// Soft float: R = A op B, not yet rounded. When an exception that is not masked has stopped the operation (`stopped()`), R means nothing.

import {
  DE, DOWN, FINITE, IE, INFINITE, QUIET, SIGNALING, ZE, ZERO, aClass, aDenormal, aExp, aSig, aSign, bClass, bExp, bSig, bSign, flag, invalid, nanA, nanAB,
  noteDenormals, resultA, rounding, setR,
} from "./softfloat";
import { divide as divideWide, high, multiply as multiplyWide, remainder as rest, squareRoot as rootWide } from "./wide";

const TOP: u64 = 1 << 63;

/** A + B, or A - B. */
export function add(subtract: bool): void {
  if (nanAB()) return;
  const signB = bSign ^ u32(subtract);
  if (aClass == INFINITE && bClass == INFINITE && aSign != signB) return invalid();
  noteDenormals();
  if (aClass == INFINITE) return resultA();
  if (bClass == INFINITE) return setR(INFINITE, signB, 0, TOP, 0);
  if (aClass == ZERO && bClass == ZERO) return setR(ZERO, aSign == signB ? aSign : u32(rounding == DOWN), 0, 0, 0);
  if (aClass == ZERO) return setR(FINITE, signB, bExp, bSig, 0);
  if (bClass == ZERO) return resultA();
  if (aExp > bExp || (aExp == bExp && aSig >= bSig)) addAligned(aSign, aExp, aSig, bExp, bSig, aSign != signB);
  else addAligned(signB, bExp, bSig, aExp, aSig, aSign != signB);
}

/** The first magnitude is not the smaller one. */
function addAligned(sign: u32, exp: i32, sig: u64, smallExp: i32, small: u64, subtract: bool): void {
  const distance = exp - smallExp;
  let hi: u64, lo: u64;
  if (distance == 0) {
    hi = small;
    lo = 0;
  } else if (distance < 64) {
    hi = small >> distance;
    lo = small << (64 - distance);
  } else if (distance < 128) {
    hi = 0;
    const shift = distance - 64;
    lo = small >> shift | u64(shift != 0 && small << (64 - shift) != 0);
  } else {
    hi = 0;
    lo = 1; // any smaller number rounds the same
  }
  if (!subtract) {
    const sum = sig + hi;
    if (sum >= sig) return setR(FINITE, sign, exp, sum, lo);
    return setR(FINITE, sign, exp + 1, sum >> 1 | TOP, sum << 63 | lo >> 1 | lo & 1);
  }
  const low = 0 - lo;
  const top = sig - hi - u64(lo != 0);
  if (top == 0 && low == 0) return setR(ZERO, u32(rounding == DOWN), 0, 0, 0);
  const zeros = i32(top == 0 ? 64 + clz(low) : clz(top));
  if (zeros == 0) return setR(FINITE, sign, exp, top, low);
  if (zeros >= 64) return setR(FINITE, sign, exp - zeros, low << (zeros - 64), 0);
  setR(FINITE, sign, exp - zeros, top << zeros | low >> (64 - zeros), low << zeros);
}

export function multiply(): void {
  if (nanAB()) return;
  const sign = aSign ^ bSign;
  if ((aClass == ZERO && bClass == INFINITE) || (aClass == INFINITE && bClass == ZERO)) return invalid();
  noteDenormals();
  if (aClass == INFINITE || bClass == INFINITE) return setR(INFINITE, sign, 0, TOP, 0);
  if (aClass == ZERO || bClass == ZERO) return setR(ZERO, sign, 0, 0, 0);
  const low = multiplyWide(aSig, bSig);
  if ((high & TOP) != 0) setR(FINITE, sign, aExp + bExp + 1, high, low);
  else setR(FINITE, sign, aExp + bExp, high << 1 | low >> 63, low << 1);
}

export function divide(): void {
  if (nanAB()) return;
  const sign = aSign ^ bSign;
  if ((aClass == ZERO && bClass == ZERO) || (aClass == INFINITE && bClass == INFINITE)) return invalid();
  if (bClass == ZERO && aClass == FINITE) {
    flag(ZE);
    return setR(INFINITE, sign, 0, TOP, 0);
  }
  noteDenormals();
  if (aClass == INFINITE) return setR(INFINITE, sign, 0, TOP, 0);
  if (bClass == INFINITE || aClass == ZERO) return setR(ZERO, sign, 0, 0, 0);
  const smaller = aSig < bSig;
  const quotient = smaller ? divideWide(aSig, 0, bSig) : divideWide(aSig >> 1, aSig << 63, bSig);
  setR(FINITE, sign, aExp - bExp - i32(smaller), quotient, restAsFraction(bSig));
}

/** The remainder of a division as what follows the quotient: exact in its first bit, the others sticky. */
function restAsFraction(divisor: u64): u64 {
  if (rest == 0) return 0;
  const complement = divisor - rest;
  return rest > complement ? TOP | 1 : rest == complement ? TOP : 1;
}

/** Square root of A. */
export function squareRoot(): void {
  if (nanA()) return;
  if (aClass == ZERO) return resultA();
  if (aSign != 0) return invalid();
  if (aDenormal) flag(DE);
  if (aClass == INFINITE) return resultA();
  const odd = (aExp & 1) != 0;
  const root = odd ? rootWide(aSig, 0) : rootWide(aSig >> 1, aSig << 63);
  // rest > root: the fraction is above one half, which it never equals
  const low: u64 = rest == 0 && high == 0 ? 0 : high != 0 || rest > root ? TOP | 1 : 1;
  setR(FINITE, 0, aExp >> 1, root, low);
}

// results of `compare`
export const EQUAL: u32 = 0, LESS: u32 = 1, GREATER: u32 = 2, UNORDERED: u32 = 3;

/** A compared with B; `quiet`: quiet NaNs are no invalid operation. */
export function compare(quiet: bool): u32 {
  if (aClass >= QUIET || bClass >= QUIET) {
    if (!quiet || aClass >= SIGNALING || bClass >= SIGNALING) flag(IE);
    return UNORDERED;
  }
  noteDenormals();
  if (aClass == ZERO && bClass == ZERO) return EQUAL;
  if (aClass == ZERO) return bSign != 0 ? GREATER : LESS;
  if (bClass == ZERO || aSign != bSign) return aSign != 0 ? LESS : GREATER;
  let larger: bool;
  if (aClass == INFINITE || bClass == INFINITE) {
    if (aClass == bClass) return EQUAL;
    larger = aClass == INFINITE;
  } else {
    if (aExp == bExp && aSig == bSig) return EQUAL;
    larger = aExp > bExp || (aExp == bExp && aSig > bSig);
  }
  return larger != (aSign != 0) ? GREATER : LESS;
}
