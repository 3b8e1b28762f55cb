// x87: arithmetic on ST(0) and an operand, and on ST(0) alone.

import {
  DE, FINITE, INFINITE, ZE, ZERO, QUIET, aClass, aDenormal, aExp, aSig, aSign, bClass, bExp, bSig, bSign, flag, invalid, moveToB, nanA, nanAB,
  noteDenormals, rClass, resultA, roundedUp, setR, setRoundedUp, swapOperands, unpack32, unpack64, unpackInt,
} from "../float/softfloat";
import { add, divide, multiply, squareRoot } from "../float/softfloat-arithmetic";
import { normaliseInteger, roundToInteger } from "../float/softfloat-round";
import { divide as divideWide, remainder } from "../float/wide";
import {
  C0, C1, C2, C3, conditionBits, empty, finish, finishWith, opcode, operand, operandIndex, overflow, pop, precision, pushDown, readA, readB, refused, register, start,
  underflow, write, writeIndefinite, writeResult,
} from "./x87";

const TOP: u64 = 1 << 63;

/** R = A op B; operations as the /digit of D8. */
function arith(operation: u32): void {
  if (operation == 5 || operation == 7) swapOperands();
  if (operation == 0) add(false);
  else if (operation == 1) multiply();
  else if (operation <= 5) add(true);
  else divide();
}

/** ST(target) = A op B, unless an exception forbids. */
function replace(operation: u32, target: u32, popping: bool): void {
  arith(operation);
  if (!refused()) {
    writeResult(target, precision());
    if (popping) pop();
  }
  finish();
}

export function x87ArithSt(operation: u32): void {
  start();
  const i = operandIndex(), group = opcode >> 8, popping = group == 6; // D8, DC or DE
  const target = group == 0 ? 0 : i, other = group == 0 ? i : 0;
  if (empty(0) || empty(i)) {
    if (underflow()) {
      writeIndefinite(target);
      if (popping) pop();
    }
    return finish();
  }
  readB(other);
  readA(target);
  replace(operation, target, popping);
}

/** ST(0) = ST(0) op A. */
function withMemory(operation: u32): void {
  moveToB();
  if (operand()) replace(operation, 0, false);
}
export function x87ArithF32(operation: u32, bits: u64): void {
  start();
  unpack32(u32(bits));
  withMemory(operation);
}
export function x87ArithF64(operation: u32, bits: u64): void {
  start();
  unpack64(bits);
  withMemory(operation);
}
export function x87ArithInt(operation: u32, value: i64): void {
  start();
  unpackInt(value);
  withMemory(operation);
}

// -- on ST(0) alone

export function x87ChangeSign(): void {
  start();
  if (empty(0)) {
    operand();
    return;
  }
  write(0, load<u64>(register(0)), load<u16>(register(0), 8) ^ 0x8000);
  finish();
}
export function x87Absolute(): void {
  start();
  if (empty(0)) {
    operand();
    return;
  }
  write(0, load<u64>(register(0)), load<u16>(register(0), 8) & 0x7fff);
  finish();
}

export function x87SquareRoot(): void {
  start();
  if (!operand()) return;
  squareRoot();
  if (!refused()) writeResult(0, precision());
  finish();
}

export function x87RoundToInt(): void {
  start();
  if (!operand()) return;
  let up = false;
  if (!nanA()) {
    if (aDenormal) flag(DE);
    resultA();
    if (aClass == FINITE && !refused() && roundToInteger()) {
      up = roundedUp;
      normaliseInteger();
    }
  }
  if (!refused()) writeResult(0, 64);
  setRoundedUp(up);
  finish();
}

export function x87Scale(): void {
  start();
  if (empty(0) || empty(1)) {
    if (underflow()) writeIndefinite(0);
    return finish();
  }
  readB(1);
  readA(0);
  scale();
  if (!refused()) writeResult(0, 64);
  finish();
}

/** R = A * 2^trunc(B) */
function scale(): void {
  if (nanAB()) return;
  if (bClass == INFINITE && (bSign != 0 ? aClass == INFINITE : aClass == ZERO)) return invalid();
  noteDenormals();
  if (bClass == INFINITE && aClass != (bSign != 0 ? ZERO : INFINITE)) return setR(bSign != 0 ? ZERO : INFINITE, aSign, 0, bSign != 0 ? 0 : TOP, 0);
  if (aClass != FINITE || bClass == ZERO) return resultA();
  const by: i32 = bExp < 0 ? 0 : bExp > 15 ? 0x10000 : i32(bSig >> (63 - bExp));
  setR(FINITE, aSign, aExp + (bSign != 0 ? -by : by), aSig, 0);
}

/** ST(0) becomes the exponent, and the significand is pushed. */
export function x87Extract(): void {
  start();
  if (empty(0) || !empty(7)) {
    if (empty(0) ? underflow() : overflow()) {
      writeIndefinite(0);
      pushDown();
      writeIndefinite(0);
    }
    return finish();
  }
  readA(0);
  if (nanA()) {
    if (!refused()) pushResultTwice();
    return finish();
  }
  if (aDenormal) flag(DE);
  if (aClass == ZERO) flag(ZE);
  if (refused()) return finish();
  const cls = aClass, sign = aSign, sig = aSig;
  if (cls == FINITE) {
    unpackInt(aExp);
    resultA();
  } else {
    setR(INFINITE, u32(cls == ZERO), 0, TOP, 0); // log2 of 0 or infinity
  }
  writeResult(0, 64);
  setR(cls, sign, 0, sig, 0);
  pushDown();
  writeResult(0, 64);
  finish();
}
function pushResultTwice(): void {
  writeResult(0, 64);
  pushDown();
  writeResult(0, 64);
}

// -- remainder

/** Partial remainder; `nearest`: of the quotient rounded to nearest (FPREM1), else truncated. */
export function x87Remainder(nearest: u32): void {
  start();
  if (empty(0) || empty(1)) {
    if (underflow()) writeIndefinite(0);
    return finishInvalid();
  }
  readB(1);
  readA(0);
  const conditions = partialRemainder(nearest != 0);
  if (rClass >= QUIET || refused()) {
    if (!refused()) writeResult(0, 64);
    return finishInvalid();
  }
  writeResult(0, 64);
  setRoundedUp((conditions & C1) != 0);
  finishWith(conditions & ~C1);
}

/** No quotient: C2 is cleared, C0 and C3 stay. */
function finishInvalid(): void {
  finishWith(conditionBits() & (C0 | C3));
}

/** R = A - B * q. @returns C0, C3, C1 = bits 2, 1, 0 of q, or C2 when there is more to reduce */
function partialRemainder(nearest: bool): u32 {
  if (nanAB()) return 0;
  if (aClass == INFINITE || bClass == ZERO) {
    invalid();
    return 0;
  }
  noteDenormals();
  if (aClass == ZERO || bClass == INFINITE) {
    resultA();
    return 0;
  }
  // in units of the last place of B, after the quotient's integer part: rest = A mod B
  const distance = aExp - bExp;
  if (distance < 0) return belowDivisor(distance, nearest);
  const partial = distance >= 64, bits = partial ? 32 + (distance & 31) : distance;
  const first = aSig >= bSig, start = first ? aSig - bSig : aSig;
  let quotient = bits == 0 ? u64(first) : (u64(first) << bits) + divideWide(start >> (64 - bits), start << bits, bSig);
  let rest = bits == 0 ? start : remainder, sign = aSign;
  const other = bSig - rest;
  if (nearest && !partial && (rest > other || (rest == other && (quotient & 1) != 0))) {
    rest = other;
    sign ^= 1;
    quotient += 1;
  }
  const zeros = i32(clz(rest));
  setR(rest == 0 ? ZERO : FINITE, rest == 0 ? aSign : sign, bExp + distance - bits - zeros, rest == 0 ? 0 : rest << zeros, 0);
  return partial ? C2 : quotientBits(quotient);
}

/** |A| has a smaller exponent than |B|: the quotient is 0, or 1 when rounded up. */
function belowDivisor(distance: i32, nearest: bool): u32 {
  if (!nearest || distance < -1 || aSig <= bSig) {
    resultA();
    return 0;
  }
  const rest = bSig - (aSig - bSig), zeros = i32(clz(rest));
  setR(FINITE, aSign ^ 1, aExp - zeros, rest << zeros, 0);
  return C1;
}

function quotientBits(quotient: u64): u32 {
  return ((quotient & 4) != 0 ? C0 : 0) | ((quotient & 2) != 0 ? C3 : 0) | ((quotient & 1) != 0 ? C1 : 0);
}
