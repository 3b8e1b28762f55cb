// Soft float: rounding R to a format, and packing it. Tininess is detected after rounding (SDM 1, Numeric Underflow Exception).

import {
  CHOP, DOWN, FINITE, IE, INFINITE, NEAREST, OE, PE, QUIET, UE, UP, ZERO, flag, flushToZero, masks, raised, rClass, rExp, rLow, rSig, rSign, rounding,
  setR, setRaised, setRoundedUp, x87Rules,
} from "./softfloat";

const TOP: u64 = 1 << 63;

/** What is cut off is not zero. */
let inexact: bool = false;

/** Whether the part that does not fit (first bit `half`, others `rest`) adds one to the last place. */
// @ts-ignore: decorator
@inline
function roundsUp(half: bool, rest: bool, odd: bool, sign: u32): bool {
  if (rounding == NEAREST) return half && (rest || odd);
  if (rounding == CHOP) return false;
  return (half || rest) && (rounding == UP) == (sign == 0);
}

/** Rounds rSig:rLow to the upper `bits` of rSig; the exponent follows a carry. */
function roundTo(bits: i32): void {
  let sig = rSig, exp = rExp, up: bool;
  if (bits == 64) {
    inexact = rLow != 0;
    up = roundsUp((rLow & TOP) != 0, (rLow & ~TOP) != 0, (sig & 1) != 0, rSign);
    if (up) sig += 1;
  } else {
    const unit: u64 = u64(1) << (64 - bits), cut = sig & (unit - 1), half = unit >> 1;
    inexact = cut != 0 || rLow != 0;
    up = roundsUp((cut & half) != 0, (cut & (half - 1)) != 0 || rLow != 0, (sig & unit) != 0, rSign);
    sig &= ~(unit - 1);
    if (up) sig += unit;
  }
  if (up && sig == 0) {
    sig = TOP;
    exp += 1;
  }
  setRoundedUp(up);
  setR(sig == 0 ? ZERO : FINITE, rSign, exp, sig, 0);
}

/** Whether rounding to `bits` carries into the next exponent. */
function carries(bits: i32): bool {
  const unit: u64 = bits == 64 ? 1 : u64(1) << (64 - bits), kept = ~(unit - 1);
  if ((rSig & kept) != kept) return false;
  if (bits == 64) return roundsUp((rLow & TOP) != 0, (rLow & ~TOP) != 0, true, rSign);
  const half = unit >> 1;
  return roundsUp((rSig & half) != 0, (rSig & (half - 1)) != 0 || rLow != 0, true, rSign);
}

/** Shifts rSig:rLow right by 1 or more, what falls out stays visible in the lowest bit of rLow. */
function shiftRightSticky(count: i32): void {
  if (count < 64) {
    const lost = rLow << (64 - count);
    setR(rClass, rSign, rExp, rSig >> count, (rSig << (64 - count)) | (rLow >> count) | u64(lost != 0));
  } else if (count < 128) {
    const shift = count - 64;
    const lost = rLow != 0 || (shift != 0 && (rSig << (64 - shift)) != 0);
    setR(rClass, rSign, rExp, 0, (shift == 0 ? rSig : rSig >> shift) | u64(lost));
  } else {
    setR(rClass, rSign, rExp, 0, 1);
  }
}

/** Rounds R to `bits` of precision and exponents min..max. `wrap`: what an unmasked underflow adds to the exponent, an unmasked overflow
 * subtracts (x87 registers; 0: such a result is not used). Afterwards a denormal has exponent `min` and bit 63 of rSig clear. */
export function roundResult(bits: i32, min: i32, max: i32, wrap: i32): void {
  setRoundedUp(false);
  if (rClass != FINITE) return;
  if (rExp < min && !(rExp == min - 1 && carries(bits))) {
    if ((masks & UE) != 0) {
      if (flushToZero) {
        flag(UE | PE);
        setR(ZERO, rSign, 0, 0, 0);
        return;
      }
      shiftRightSticky(min - rExp);
      setR(FINITE, rSign, min, rSig, rLow);
      roundTo(bits);
      if (inexact) flag(UE | PE);
      return;
    }
    flag(UE);
    if (wrap == 0) {
      roundTo(bits);
      return unused();
    }
    setR(FINITE, rSign, rExp + wrap, rSig, rLow);
    if (rExp < min) { // beyond what wrapping can show (FSCALE)
      flag(PE);
      setR(ZERO, rSign, 0, 0, 0);
      return;
    }
    roundTo(bits);
    if (inexact) flag(PE);
    return;
  }
  roundTo(bits);
  if (rExp > max) {
    flag(OE);
    if ((masks & OE) != 0) {
      flag(PE);
      overflowed(bits, max);
      return;
    }
    if (wrap == 0) return unused();
    setR(FINITE, rSign, rExp - wrap, rSig, 0);
    if (rExp > max) {
      flag(PE);
      setRoundedUp(true);
      setR(INFINITE, rSign, 0, TOP, 0);
      return;
    }
  }
  if (inexact) flag(PE);
}

/** Overflow or underflow, not masked, of a result that is not written: SSE reports that it is inexact too, an x87 store does not. */
function unused(): void {
  if (inexact && !x87Rules) flag(PE);
  setRoundedUp(false);
}

/** The masked response to overflow: infinity or the largest finite number, by rounding. */
function overflowed(bits: i32, max: i32): void {
  const away = rounding == NEAREST || (rounding == UP && rSign == 0) || (rounding == DOWN && rSign == 1);
  setRoundedUp(away);
  if (away) setR(INFINITE, rSign, 0, TOP, 0);
  else setR(FINITE, rSign, max, bits == 64 ? u64.MAX_VALUE : ~((u64(1) << (64 - bits)) - 1), 0);
}

/** Rounds R to single precision. @returns its bits */
export function pack32(): u32 {
  roundResult(24, -126, 127, 0);
  const sign = rSign << 31;
  if (rClass == ZERO) return sign;
  if (rClass == INFINITE) return sign | 0x7f800000;
  if (rClass == QUIET) return sign | 0x7f800000 | u32((rSig & ~TOP) >> 40);
  const fraction = u32(rSig >> 40) & 0x7fffff;
  return (rSig & TOP) == 0 ? sign | fraction : sign | (u32(rExp + 127) << 23) | fraction;
}

/** Rounds R to double precision. @returns its bits */
export function pack64(): u64 {
  roundResult(53, -1022, 1023, 0);
  const sign = u64(rSign) << 63;
  if (rClass == ZERO) return sign;
  if (rClass == INFINITE) return sign | 0x7ff0000000000000;
  if (rClass == QUIET) return sign | 0x7ff0000000000000 | ((rSig & ~TOP) >> 11);
  const fraction = (rSig >> 11) & 0xfffffffffffff;
  return (rSig & TOP) == 0 ? sign | fraction : sign | (u64(rExp + 1023) << 52) | fraction;
}

/** Rounds R to `bits` of precision in the range of double extended. @returns sign and exponent; the significand is rSig */
export function pack80(bits: i32): u32 {
  roundResult(bits, -16382, 16383, 24576);
  const sign = rSign << 15;
  if (rClass == ZERO) {
    setR(ZERO, rSign, 0, 0, 0);
    return sign;
  }
  if (rClass != FINITE) return sign | 0x7fff;
  return (rSig & TOP) == 0 ? sign : sign | u32(rExp + 16383);
}

/** R rounded to an integer by the rounding control, as magnitude; sets PE when inexact. @returns false: 2^64 or more */
export function roundToInteger(): bool {
  setRoundedUp(false);
  if (rClass == ZERO) {
    setR(ZERO, rSign, 0, 0, 0);
    return true;
  }
  if (rExp > 63) return false;
  // the binary point goes between rSig and rLow
  if (rExp < 63) shiftRightSticky(63 - rExp);
  const rest = rLow;
  const up = roundsUp((rest & TOP) != 0, (rest & ~TOP) != 0, (rSig & 1) != 0, rSign);
  const magnitude = rSig + u64(up);
  setRoundedUp(up);
  if (up && magnitude == 0) return false;
  if (rest != 0) flag(PE);
  setR(magnitude == 0 ? ZERO : FINITE, rSign, 63, magnitude, 0);
  return true;
}

/** After `roundToInteger`: makes R a normalised number again. */
export function normaliseInteger(): void {
  if (rClass == ZERO) return;
  const zeros = i32(clz(rSig));
  setR(FINITE, rSign, 63 - zeros, rSig << zeros, 0);
}

/** R as a signed integer of `bits`. @returns the integer, or its indefinite value and IE */
export function toInt(bits: i32): i64 {
  const indefinite = i64.MIN_VALUE >> (64 - bits);
  const before = raised;
  const limit: u64 = u64(1) << (bits - 1);
  if (rClass <= FINITE && roundToInteger() && rSig <= (rSign != 0 ? limit : limit - 1)) return rSign != 0 ? -i64(rSig) : i64(rSig);
  setRaised(before | IE);
  setRoundedUp(false);
  return indefinite;
}
