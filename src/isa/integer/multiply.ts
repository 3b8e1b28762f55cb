// Multiplication. CF and OF say whether the upper half of the product is more than the extension of the lower one.

import type { Emit, Width } from "../emit.ts";
import { instruction, type Instruction } from "../instruction.ts";

const undefined_ = "undef=SF,ZF,AF,PF";

const mul = instruction("mul", "SDM 2B, MUL", [
  `F6 /4  r/m8  ; ${undefined_}`,
  `F7 /4  r/m*  ; ${undefined_}`,
], (e, { width, dst }) => {
  const a = e.reg(width, 0), b = e.load(width, dst);
  const low = e.mul(width, a, b), high = e.mulHighU(width, a, b);
  if (width === 8) e.setReg(16, 0, e.or(low, e.shl(16, high, e.int(8))));
  else {
    e.setReg(width, 0, low);
    e.setReg(width, 2, high);
  }
  const wide = e.ne(high, e.int(0));
  e.setFlags("shift", width, wide, wide, low);
});

const imulWide = instruction("imul", "SDM 2A, IMUL", [
  `F6 /5  r/m8  ; ${undefined_}`,
  `F7 /5  r/m*  ; ${undefined_}`,
], (e, { width, dst }) => {
  const a = e.reg(width, 0), b = e.load(width, dst);
  const low = e.mul(width, a, b), high = e.mulHighS(width, a, b);
  if (width === 8) e.setReg(16, 0, e.or(low, e.shl(16, high, e.int(8))));
  else {
    e.setReg(width, 0, low);
    e.setReg(width, 2, high);
  }
  const wide = e.ne(high, e.sar(width, low, e.int(width - 1)));
  e.setFlags("shift", width, wide, wide, low);
});

/** The low half of a signed product, with its flags. */
function signedProduct<V>(e: Emit<V>, width: Width, a: V, b: V): V {
  const low = e.mul(width, a, b);
  const wide = width === 64
    ? e.ne(e.mulHighS(64, a, b), e.sar(64, low, e.int(63)))
    : e.ne(e.mul(64, e.signExtend(width, a), e.signExtend(width, b)), e.signExtend(width, low));
  e.setFlags("shift", width, wide, wide, low);
  return low;
}

const imul = instruction("imul", "SDM 2A, IMUL", [
  `0F AF /r  r*  r/m*  ; ${undefined_}`,
], (e, { width, dst, src }) => {
  const b = e.load(width, src);
  e.store(width, dst, signedProduct(e, width, e.load(width, dst), b));
});

const imulImmediate = instruction("imul", "SDM 2A, IMUL", [
  `6B /r ib  r*  r/m*  imm8  ; ${undefined_}`,
  `69 /r i*  r*  r/m*  imm*  ; ${undefined_}`,
], (e, { width, dst, src, third }) => {
  const a = e.load(width, src);
  e.store(width, dst, signedProduct(e, width, a, e.load(width, third)));
});

export const MULTIPLY: readonly Instruction[] = [mul, imulWide, imul, imulImmediate];
