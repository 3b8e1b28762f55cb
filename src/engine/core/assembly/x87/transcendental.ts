// x87: transcendental instructions. Results are those of the exact function, rounded; PE is set even where the result happens to be exact.

import {
  DE, FINITE, INFINITE, PE, ZE, ZERO, aClass, aDenormal, aExp, aSig, aSign, bClass, bExp, bSig, bSign, flag, invalid, nanA, nanAB, noteDenormals, roundedUp,
  resultA, setR, setRoundedUp, stopped,
} from "../float/softfloat";
import {
  angle, cosine, exponentialMinus1, logarithm, logarithmPlus1, multiplyT, quadrant, quotient, reduce, reducedSign, resultT, setT, sine, t0, t1, tExp,
} from "../float/transcendental";
import {
  C0, C2, C3, conditionBits, empty, finish, finishWith, operand, overflow, pop, pushDown, readA, readB, refused, start, underflow, writeIndefinite, writeResult,
} from "./x87";

const TOP: u64 = 1 << 63;
/** Exponent from which on FSIN and its like do not reduce: 2^63. */
const TOO_LARGE: i32 = 63;
/** Significand of pi, exponent 1; the next bits are 0.77 of a last place. */
const PI: u64 = 0xc90fdaa22168c234, PI_LOW: u64 = 0xc4c6628b80dc1cd1;

/** R = 1 */
function one(): void {
  setR(FINITE, 0, 0, TOP, 0);
}

export function x87Exp2Minus1(): void {
  start();
  if (!operand()) return;
  exp2Minus1();
  if (!refused()) writeResult(0, 64);
  finish();
}
function exp2Minus1(): void {
  if (nanA()) return;
  if (aDenormal) flag(DE);
  if (stopped()) return;
  if (aClass == INFINITE && aSign != 0) return setR(FINITE, 1, 0, TOP, 0);
  if (aClass != FINITE) return resultA();
  flag(PE);
  if (aExp > 0 || (aExp == 0 && aSig != TOP)) return resultA(); // undefined; the CPU leaves it
  if (aExp == 0) return setR(FINITE, aSign, aSign != 0 ? -1 : 0, TOP, 0);
  setT(aSig, 0, aExp);
  exponentialMinus1(aSign != 0);
  resultT(aSign);
}

// -- ST(1) = f(ST(0), ST(1)), then pop: A is ST(0), B is ST(1)

/** @returns whether both operands are there */
function operandPair(): bool {
  start();
  if (!empty(0) && !empty(1)) {
    readB(1);
    readA(0);
    return true;
  }
  if (underflow()) {
    writeIndefinite(1);
    pop();
  }
  finish();
  return false;
}
function replacePair(): void {
  if (!refused()) {
    writeResult(1, 64);
    pop();
  }
  finish();
}

/** R = B * ±T */
function timesB(sign: u32): void {
  multiplyT(bSig, 0, bExp);
  flag(PE);
  resultT(bSign ^ sign);
}

export function x87YLog2X(): void {
  if (!operandPair()) return;
  yLog2X();
  replacePair();
}
function yLog2X(): void {
  if (nanAB()) return;
  if (aSign != 0 && aClass != ZERO) return invalid();
  if (aClass == ZERO) {
    if (bClass == ZERO) return invalid();
    if (bClass == FINITE) flag(ZE);
    return setR(INFINITE, bSign ^ 1, 0, TOP, 0);
  }
  const unity = aClass == FINITE && aExp == 0 && aSig == TOP;
  if ((aClass == INFINITE && bClass == ZERO) || (unity && bClass == INFINITE)) return invalid();
  noteDenormals();
  if (stopped()) return;
  const sign = bSign ^ u32(aClass == FINITE && aExp < 0);
  if (aClass == INFINITE || bClass == INFINITE) return setR(INFINITE, sign, 0, TOP, 0);
  if (bClass == ZERO || unity) return setR(ZERO, sign, 0, 0, 0);
  setT(aSig, 0, aExp);
  timesB(logarithm());
}

export function x87YLog2XPlus1(): void {
  if (!operandPair()) return;
  yLog2XPlus1();
  replacePair();
}
function yLog2XPlus1(): void {
  if (nanAB()) return;
  if (aClass == INFINITE && (aSign != 0 || bClass == ZERO)) return invalid();
  if (aClass == ZERO && bClass == INFINITE) return invalid();
  noteDenormals();
  if (stopped()) return;
  const sign = aSign ^ bSign;
  if (aClass == INFINITE || bClass == INFINITE) return setR(INFINITE, sign, 0, TOP, 0);
  if (aClass == ZERO || bClass == ZERO) return setR(ZERO, sign, 0, 0, 0);
  if (aSign != 0 && aExp >= 0) { // undefined; the CPU leaves it
    flag(PE);
    return resultA();
  }
  setT(aSig, 0, aExp);
  timesB(logarithmPlus1(aSign != 0));
}

export function x87Arctangent(): void {
  if (!operandPair()) return;
  arctangent();
  replacePair();
}
/** R = the angle of (A, B), with the sign of B. */
function arctangent(): void {
  if (nanAB()) return;
  noteDenormals();
  if (stopped()) return;
  if (bClass == ZERO || (aClass == INFINITE && bClass != INFINITE)) return aSign != 0 ? multipleOfPi(4) : setR(ZERO, bSign, 0, 0, 0);
  if (aClass == ZERO || (bClass == INFINITE && aClass != INFINITE)) return multipleOfPi(2);
  if (aClass == INFINITE) return multipleOfPi(aSign != 0 ? 3 : 1);
  flag(PE);
  angle(bSig, bExp, aSig, aExp, aSign != 0);
  resultT(bSign);
}
/** R = quarters * pi / 4 */
function multipleOfPi(quarters: i32): void {
  flag(PE);
  if (quarters != 3) return setR(FINITE, bSign, quarters == 4 ? 1 : quarters == 2 ? 0 : -1, PI, PI_LOW);
  setT(PI, PI_LOW, 1);
  multiplyT(0xc000000000000000, 0, -1);
  resultT(bSign);
}

// -- circular functions

/** Sets C2: the operand is too large, and stays as it is. */
function finishTooLarge(): void {
  finishWith((conditionBits() & (C0 | C3)) | C2);
}
function finishReduced(): void {
  finishWith(conditionBits() & (C0 | C3));
}

const SINE: i32 = 0, COSINE: i32 = 1;

/** R = sin A or cos A, A finite and in range. */
function circular(which: i32): void {
  if (aClass == ZERO) return which == SINE ? resultA() : one();
  flag(PE);
  reduce(aSig, aExp);
  const turn = quadrant + u32(which);
  let sign = (turn >> 1) & 1;
  if (which == SINE) sign ^= aSign;
  if ((turn & 1) != 0) {
    cosine();
  } else {
    sign ^= reducedSign;
    sine();
  }
  resultT(sign);
}

/** The operand of a circular function. @returns false: finished, or R is a NaN */
function circularOperand(): bool {
  if (nanA()) return false;
  if (aClass == INFINITE) {
    invalid();
    return false;
  }
  if (aDenormal) flag(DE);
  return true;
}

function circularInstruction(which: i32): void {
  start();
  if (empty(0)) {
    if (underflow()) writeIndefinite(0);
    return finishReduced();
  }
  readA(0);
  if (aClass == FINITE && aExp >= TOO_LARGE) return finishTooLarge();
  if (circularOperand() && !refused()) circular(which);
  if (!refused()) writeResult(0, 64);
  finishReduced();
}
export function x87Sine(): void { circularInstruction(SINE); }
export function x87Cosine(): void { circularInstruction(COSINE); }

/** For the two that replace ST(0) and push: reports what is wrong with the stack. */
function roomForTwo(): bool {
  start();
  if (!empty(0) && empty(7)) return true;
  if (empty(0) ? underflow() : overflow()) {
    writeIndefinite(0);
    pushDown();
    writeIndefinite(0);
  }
  finishReduced();
  return false;
}
/** R, a NaN, into ST(0) and what is pushed. */
function writeNanTwice(): void {
  if (refused()) return;
  writeResult(0, 64);
  pushDown();
  writeResult(0, 64);
}

export function x87SineCosine(): void {
  if (!roomForTwo()) return;
  readA(0);
  if (aClass == FINITE && aExp >= TOO_LARGE) return finishTooLarge();
  if (!circularOperand()) {
    writeNanTwice();
  } else if (!refused()) {
    circular(SINE);
    writeResult(0, 64);
    const up = roundedUp;
    pushDown();
    circular(COSINE);
    writeResult(0, 64);
    setRoundedUp(up);
  }
  finishReduced();
}

export function x87Tangent(): void {
  if (!roomForTwo()) return;
  readA(0);
  if (aClass == FINITE && aExp >= TOO_LARGE) return finishTooLarge();
  if (!circularOperand()) {
    writeNanTwice();
  } else if (!refused()) {
    tangent();
    writeResult(0, 64);
    const up = roundedUp;
    pushDown();
    one();
    writeResult(0, 64);
    setRoundedUp(up);
  }
  finishReduced();
}
function tangent(): void {
  if (aClass == ZERO) return resultA();
  flag(PE);
  reduce(aSig, aExp);
  const x1 = t1, x0 = t0, exp = tExp, sign = aSign ^ reducedSign ^ (quadrant & 1);
  if (exp < -64 && (quadrant & 1) == 0) return resultT(sign); // hardly more than x
  sine();
  const sin1 = t1, sin0 = t0, sinExp = tExp;
  setT(x1, x0, exp);
  cosine();
  if ((quadrant & 1) != 0) quotient(t1, t0, tExp, sin1, sin0, sinExp); // tan(x + pi/2) = -cot(x)
  else quotient(sin1, sin0, sinExp, t1, t0, tExp);
  resultT(sign);
}
