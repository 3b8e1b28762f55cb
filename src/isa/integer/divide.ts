// Division: #DE when the divisor is zero or the quotient does not fit. Flags are undefined: they stay.

import type { Emit, Width } from "../emit.ts";
import { instruction, type Instruction } from "../instruction.ts";

const undefined_ = "undef=CF,OF,SF,ZF,AF,PF";

function divideError<V>(e: Emit<V>, condition: V): void {
  e.when(condition, () => e.raise("#DE"));
}

/** The dividend of up to 64 bits: AX, or DX:AX, or EDX:EAX. */
function dividend<V>(e: Emit<V>, width: 8 | 16 | 32): V {
  return width === 8 ? e.reg(16, 0) : e.or(e.shl(64, e.reg(width, 2), e.int(width)), e.reg(width, 0));
}

function storeResults<V>(e: Emit<V>, width: Width, quotient: V, remainder: V): void {
  if (width === 8) e.setReg(16, 0, e.or(e.zeroExtend(8, quotient), e.shl(16, e.zeroExtend(8, remainder), e.int(8))));
  else {
    e.setReg(width, 0, e.zeroExtend(width, quotient));
    e.setReg(width, 2, e.zeroExtend(width, remainder));
  }
}

const div = instruction("div", "SDM 2A, DIV", [
  `F6 /6  r/m8  ; ${undefined_}`,
  `F7 /6  r/m*  ; ${undefined_}`,
], (e, { width, dst }) => {
  const b = e.load(width, dst);
  if (width !== 64) {
    const a = dividend(e, width);
    divideError(e, e.isZero(b));
    const quotient = e.divU(a, b);
    divideError(e, e.ltU(e.int((1n << BigInt(width)) - 1n), quotient));
    storeResults(e, width, quotient, e.remU(a, b));
    return;
  }
  const low = e.reg(64, 0), high = e.reg(64, 2);
  divideError(e, e.isZero(e.ltU(high, b))); // also when b is zero
  e.when(e.isZero(high), () => storeResults(e, 64, e.divU(low, b), e.remU(low, b)), () => {
    const quotient = e.call("divideWide", high, low, b);
    storeResults(e, 64, quotient, e.sub(64, low, e.mul(64, quotient, b)));
  });
});

const idiv = instruction("idiv", "SDM 2A, IDIV", [
  `F6 /7  r/m8  ; ${undefined_}`,
  `F7 /7  r/m*  ; ${undefined_}`,
], (e, { width, dst }) => {
  const smallest = e.int(1n << 63n), minusOne = e.int(0xffff_ffff_ffff_ffffn);
  if (width !== 64) {
    const a = width === 32 ? dividend(e, 32) : e.signExtend(width === 8 ? 16 : 32, dividend(e, width));
    const b = e.signExtend(width, e.load(width, dst));
    divideError(e, e.isZero(b));
    divideError(e, e.and(e.eq(a, smallest), e.eq(b, minusOne)));
    const quotient = e.divS(a, b);
    divideError(e, e.ne(e.signExtend(width, quotient), quotient));
    storeResults(e, width, quotient, e.remS(a, b));
    return;
  }
  const b = e.load(64, dst), low = e.reg(64, 0), high = e.reg(64, 2);
  divideError(e, e.isZero(b));
  e.when(e.eq(high, e.sar(64, low, e.int(63))), () => {
    divideError(e, e.and(e.eq(low, smallest), e.eq(b, minusOne)));
    storeResults(e, 64, e.divS(low, b), e.remS(low, b));
  }, () => {
    // by magnitudes: the quotient must stay below 2^63, or be -2^63
    const negative = e.shr(64, high, e.int(63)), differ = e.xor(negative, e.shr(64, b, e.int(63)));
    const lower = e.select(negative, e.neg(64, low), low);
    const upper = e.select(negative, e.add(64, e.not(64, high), e.isZero(low)), high);
    const divisor = e.select(e.shr(64, b, e.int(63)), e.neg(64, b), b);
    divideError(e, e.isZero(e.ltU(upper, divisor)));
    const magnitude = e.call("divideWide", upper, lower, divisor);
    divideError(e, e.ltU(e.add(64, e.int((1n << 63n) - 1n), differ), magnitude));
    const quotient = e.select(differ, e.neg(64, magnitude), magnitude);
    storeResults(e, 64, quotient, e.sub(64, low, e.mul(64, quotient, b)));
  });
});

export const DIVIDE: readonly Instruction[] = [div, idiv];
