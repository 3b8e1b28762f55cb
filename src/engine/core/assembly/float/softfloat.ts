// Soft float: operands. A number is unpacked into class, sign, exponent and significand, so that one piece of arithmetic serves all formats.
// value = (-1)^sign * sig / 2^63 * 2^exp, bit 63 of sig set (denormals are normalised); NaNs have sig as an 80-bit number would hold it.
//
// There are two operands A and B and a result R, which has 64 more bits of significand (`rLow`, below `rSig`). They are module variables
// because AssemblyScript returns no tuples. `softfloat-round.ts` packs R; rules for exceptions: SDM 1, Floating-Point Exceptions.

// classes; NaN classes are the highest
export const ZERO: u32 = 0, FINITE: u32 = 1, INFINITE: u32 = 2, QUIET: u32 = 3, SIGNALING: u32 = 4;
/** x87 only: an encoding that no CPU since the 80387 produces (unnormal, pseudo-NaN, pseudo-infinity). */
export const UNSUPPORTED: u32 = 5;

// flags, as in MXCSR and FSW; masks use the same bits
export const IE: u32 = 1, DE: u32 = 2, ZE: u32 = 4, OE: u32 = 8, UE: u32 = 16, PE: u32 = 32;
/** Those that are detected before anything is computed. */
export const BEFORE: u32 = IE | DE | ZE;

// rounding control, as in MXCSR and FCW
export const NEAREST: u32 = 0, DOWN: u32 = 1, UP: u32 = 2, CHOP: u32 = 3;

const TOP: u64 = 1 << 63, QUIET_BIT: u64 = 1 << 62;

export let aClass: u32 = 0, aSign: u32 = 0, aExp: i32 = 0, aSig: u64 = 0, aDenormal: bool = false;
export let bClass: u32 = 0, bSign: u32 = 0, bExp: i32 = 0, bSig: u64 = 0, bDenormal: bool = false;
export let rClass: u32 = 0, rSign: u32 = 0, rExp: i32 = 0, rSig: u64 = 0, rLow: u64 = 0;

/** Flags that operations have set since `environment`. */
export let raised: u32 = 0;
/** The last rounding made the magnitude larger (C1). */
export let roundedUp: bool = false;
export let rounding: u32 = 0;
/** Flag bits whose exceptions are masked. */
export let masks: u32 = 0;
export let denormalsAreZero: bool = false, flushToZero: bool = false;
/** x87's choice among NaNs and its response to unmasked overflow and underflow; else those of SSE. */
export let x87Rules: bool = false;

/** Starts an instruction: no flags raised yet. */
export function environment(rc: u32, mask: u32, daz: bool, ftz: bool, x87: bool): void {
  rounding = rc;
  masks = mask;
  denormalsAreZero = daz;
  flushToZero = ftz;
  x87Rules = x87;
  raised = 0;
  roundedUp = false;
}
export function setRounding(rc: u32): void { rounding = rc; }
export function setRaised(flags: u32): void { raised = flags; }
export function flag(bits: u32): void { raised |= bits; }
export function setRoundedUp(up: bool): void { roundedUp = up; }

/** An exception that is not masked and keeps the instruction from computing anything. */
// @ts-ignore: decorator
@inline
export function stopped(): bool {
  return (raised & ~masks & BEFORE) != 0;
}

export function setA(cls: u32, sign: u32, exp: i32, sig: u64): void {
  aClass = cls;
  aSign = sign;
  aExp = exp;
  aSig = sig;
  aDenormal = false;
}

/** B becomes what A is. */
export function moveToB(): void {
  bClass = aClass;
  bSign = aSign;
  bExp = aExp;
  bSig = aSig;
  bDenormal = aDenormal;
}

export function swapOperands(): void {
  const cls = aClass, sign = aSign, exp = aExp, sig = aSig, denormal = aDenormal;
  aClass = bClass; aSign = bSign; aExp = bExp; aSig = bSig; aDenormal = bDenormal;
  bClass = cls; bSign = sign; bExp = exp; bSig = sig; bDenormal = denormal;
}

function nanClass(sig: u64): u32 {
  return (sig & QUIET_BIT) != 0 ? QUIET : SIGNALING;
}

/** A from the fields of a format with hidden integer bit: `fraction` is left-aligned to bit 62. */
// @ts-ignore: decorator
@inline
function unpackHidden(sign: u32, field: i32, fraction: u64, bias: i32): void {
  aSign = sign;
  aDenormal = false;
  if (field == 0) {
    aExp = 0;
    aSig = 0;
    aClass = ZERO;
    if (fraction != 0 && !denormalsAreZero) {
      const zeros = i32(clz(fraction));
      aClass = FINITE;
      aSig = fraction << zeros;
      aExp = 1 - bias - zeros;
      aDenormal = true;
    }
  } else if (field == bias * 2 + 1) {
    aExp = 0;
    aSig = fraction | TOP;
    aClass = fraction == 0 ? INFINITE : nanClass(fraction);
  } else {
    aClass = FINITE;
    aExp = field - bias;
    aSig = fraction | TOP;
  }
}

export function unpack32(bits: u32): void {
  unpackHidden(bits >> 31, i32((bits >> 23) & 0xff), u64(bits & 0x7fffff) << 40, 127);
}

export function unpack64(bits: u64): void {
  unpackHidden(u32(bits >> 63), i32(bits >> 52) & 0x7ff, (bits & 0xfffffffffffff) << 11, 1023);
}

export function unpack80(sig: u64, signExp: u32): void {
  const field = i32(signExp & 0x7fff);
  aSign = (signExp >> 15) & 1;
  aSig = sig;
  aExp = 0;
  aDenormal = false;
  if (field == 0x7fff) {
    aClass = (sig & TOP) == 0 ? UNSUPPORTED : sig == TOP ? INFINITE : nanClass(sig);
  } else if (sig == 0) {
    aClass = field == 0 ? ZERO : UNSUPPORTED;
  } else if ((sig & TOP) != 0) {
    aClass = FINITE;
    aExp = (field == 0 ? 1 : field) - 16383;
    aDenormal = field == 0; // a pseudo-denormal
  } else if (field != 0) {
    aClass = UNSUPPORTED;
  } else {
    const zeros = i32(clz(sig));
    aClass = FINITE;
    aSig = sig << zeros;
    aExp = -16382 - zeros;
    aDenormal = true;
  }
}

/** A from an integer. */
export function unpackInt(value: i64): void {
  aSign = value < 0 ? 1 : 0;
  aDenormal = false;
  if (value == 0) {
    aClass = ZERO;
    aExp = 0;
    aSig = 0;
    return;
  }
  const magnitude = value < 0 ? u64(-value) : u64(value);
  const zeros = i32(clz(magnitude));
  aClass = FINITE;
  aSig = magnitude << zeros;
  aExp = 63 - zeros;
}

export function setR(cls: u32, sign: u32, exp: i32, sig: u64, low: u64): void {
  rClass = cls;
  rSign = sign;
  rExp = exp;
  rSig = sig;
  rLow = low;
}

/** R = A, a NaN made quiet. */
export function resultA(): void {
  setR(aClass == SIGNALING ? QUIET : aClass, aSign, aExp, aClass == SIGNALING ? aSig | QUIET_BIT : aSig, 0);
}

/** R = B, likewise. */
export function resultB(): void {
  setR(bClass == SIGNALING ? QUIET : bClass, bSign, bExp, bClass == SIGNALING ? bSig | QUIET_BIT : bSig, 0);
}

/** R = the NaN that an invalid operation gives: SDM 1, QNaN Floating-Point Indefinite. */
export function invalid(): void {
  raised |= IE;
  setR(QUIET, 1, 0, TOP | QUIET_BIT, 0);
}

/** Notes a denormal operand. */
// @ts-ignore: decorator
@inline
export function noteDenormals(): void {
  if (aDenormal || bDenormal) raised |= DE;
}

/** When A is a NaN or unsupported, R is what comes out. @returns whether that was so */
export function nanA(): bool {
  if (aClass < QUIET) return false;
  if (aClass == UNSUPPORTED) {
    invalid();
    return true;
  }
  if (aClass == SIGNALING) raised |= IE;
  resultA();
  return true;
}

/** When A or B is a NaN or unsupported, R is what comes out: SDM 1, Rules for Handling NaNs. @returns whether that was so */
export function nanAB(): bool {
  if (aClass < QUIET && bClass < QUIET) return false;
  if (aClass == UNSUPPORTED || bClass == UNSUPPORTED) {
    invalid();
    return true;
  }
  if (aClass == SIGNALING || bClass == SIGNALING) raised |= IE;
  if (x87Rules ? x87PrefersB() : aClass < QUIET) resultB();
  else resultA();
  return true;
}

function x87PrefersB(): bool {
  if (aClass < QUIET) return true;
  if (bClass < QUIET) return false;
  if (aClass != bClass) return aClass == SIGNALING; // the quiet one
  const a = aSig | QUIET_BIT, b = bSig | QUIET_BIT; // the larger significand, else the positive one
  return a == b ? aSign > bSign : a < b;
}
