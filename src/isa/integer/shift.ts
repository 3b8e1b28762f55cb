// Shifts and rotates. Counts are taken modulo 32, or 64 for 64-bit operands; a count of zero leaves every flag as it was.
// Undefined flags are what the formulas of count 1 give for any count.

import type { Emit, Operand, Width } from "../emit.ts";
import { instruction, type Instruction, type Meaning } from "../instruction.ts";

const rows = (digit: number, one: string, any: string): string[] => [
  `D0 /${digit}     r/m8  1      ; ${one}`,
  `D1 /${digit}     r/m*  1      ; ${one}`,
  `C0 /${digit} ib  r/m8  immu8  ; ${any}`,
  `C1 /${digit} ib  r/m*  immu8  ; ${any}`,
  `D2 /${digit}     r/m8  cl     ; ${any}`,
  `D3 /${digit}     r/m*  cl     ; ${any}`,
];
const shiftRows = (digit: number) => rows(digit, "undef=AF", "undef=AF,OF");
const rotateRows = (digit: number) => rows(digit, "", "undef=OF");

const bit = <V>(e: Emit<V>, value: V, at: V): V => e.and(e.shr(64, value, at), e.int(1));
/** The most significant bit, and the one below it. */
const top = <V>(e: Emit<V>, width: Width, value: V): V => e.shr(width, value, e.int(width - 1));
const second = <V>(e: Emit<V>, width: Width, value: V): V => bit(e, value, e.int(width - 2));

function maskedCount<V>(e: Emit<V>, width: Width, count: Operand): V {
  return e.and(e.load(8, count), e.int(width === 64 ? 63 : 31));
}
const notZero = <V>(e: Emit<V>, value: V): V => e.ne(value, e.int(0));

const shl = instruction("shl", "SDM 2B, SAL/SAR/SHL/SHR", [...shiftRows(4), ...shiftRows(6)], (e, { width, dst, src }) => {
  const count = maskedCount(e, width, src);
  let result = count;
  const a = e.update(width, dst, (old) => (result = e.shl(width, old, count)));
  e.when(notZero(e, count), () => {
    const cf = width === 64 ? bit(e, a, e.sub(64, e.int(64), count)) : bit(e, e.shl(64, a, count), e.int(width));
    e.setFlags("shift", width, cf, e.xor(top(e, width, result), cf), result);
  });
});

const shr = instruction("shr", "SDM 2B, SAL/SAR/SHL/SHR", shiftRows(5), (e, { width, dst, src }) => {
  const count = maskedCount(e, width, src);
  let result = count;
  const a = e.update(width, dst, (old) => (result = e.shr(width, old, count)));
  e.when(notZero(e, count), () => {
    const cf = bit(e, a, e.sub(64, count, e.int(1)));
    e.setFlags("shift", width, cf, top(e, width, a), result);
  });
});

const sar = instruction("sar", "SDM 2B, SAL/SAR/SHL/SHR", shiftRows(7), (e, { width, dst, src }) => {
  const count = maskedCount(e, width, src);
  let result = count;
  const a = e.update(width, dst, (old) => (result = e.sar(width, old, count)));
  e.when(notZero(e, count), () => {
    const cf = e.and(e.sar(64, e.signExtend(width, a), e.sub(64, count, e.int(1))), e.int(1));
    e.setFlags("shift", width, cf, e.int(0), result);
  });
});

const rol = instruction("rol", "SDM 2B, RCL/RCR/ROL/ROR", rotateRows(0), (e, { width, dst, src }) => {
  const count = maskedCount(e, width, src);
  let result = count;
  e.update(width, dst, (old) => (result = e.rotl(width, old, count)));
  e.when(notZero(e, count), () => {
    const cf = e.and(result, e.int(1));
    e.setFlag("cf", cf);
    e.setFlag("of", e.xor(top(e, width, result), cf));
  });
});

const ror = instruction("ror", "SDM 2B, RCL/RCR/ROL/ROR", rotateRows(1), (e, { width, dst, src }) => {
  const count = maskedCount(e, width, src);
  let result = count;
  e.update(width, dst, (old) => (result = e.rotr(width, old, count)));
  e.when(notZero(e, count), () => {
    const cf = top(e, width, result);
    e.setFlag("cf", cf);
    e.setFlag("of", e.xor(cf, second(e, width, result)));
  });
});

/** RCL and RCR rotate `width + 1` bits: up to 33 fit one value, 65 are put together from pieces. */
const throughCarry = (direction: "left" | "right"): Meaning => <V>(e: Emit<V>, { width, dst, src }: Parameters<Meaning>[1]) => {
  const masked = maskedCount(e, width, src), one = e.int(1);
  const count = width < 32 ? e.remU(masked, e.int(width + 1)) : masked;
  const carry = e.flag("cf");
  const none = e.isZero(count);
  let result = count, cf = carry;
  e.update(width, dst, (old) => {
    if (width !== 64) {
      const all = e.or(old, e.shl(64, carry, e.int(width))), back = e.sub(64, e.int(width + 1), count);
      const rotated = direction === "left" ? e.or(e.shl(64, all, count), e.shr(64, all, back)) : e.or(e.shr(64, all, count), e.shl(64, all, back));
      cf = bit(e, rotated, e.int(width));
      result = e.zeroExtend(width, rotated);
    } else if (direction === "left") { // old << n | carry << (n - 1) | old >> (65 - n)
      const less = e.and(e.sub(64, count, one), e.int(63)), back = e.and(e.sub(64, e.int(64), count), e.int(63));
      const rotated = e.or(e.or(e.shl(64, old, count), e.shl(64, carry, less)), e.shr(64, e.shr(64, old, one), back));
      cf = e.select(none, carry, bit(e, old, back));
      result = e.select(none, old, rotated);
    } else { // old >> n | carry << (64 - n) | old << (65 - n)
      const less = e.and(e.sub(64, count, one), e.int(63)), back = e.and(e.sub(64, e.int(64), count), e.int(63));
      const rotated = e.or(e.or(e.shr(64, old, count), e.shl(64, carry, back)), e.shl(64, e.shl(64, old, one), back));
      cf = e.select(none, carry, bit(e, old, less));
      result = e.select(none, old, rotated);
    }
    return result;
  });
  e.when(notZero(e, masked), () => {
    e.setFlag("cf", cf);
    e.setFlag("of", e.xor(top(e, width, result), direction === "left" ? cf : second(e, width, result)));
  });
};

const rcl = instruction("rcl", "SDM 2B, RCL/RCR/ROL/ROR", rotateRows(2), throughCarry("left"));
const rcr = instruction("rcr", "SDM 2B, RCL/RCR/ROL/ROR", rotateRows(3), throughCarry("right"));

/** 16-bit operands with a count above 16 are undefined: as on Intel's processors, the destination stands on both sides of the source (on
 * AMD's the source stands there twice). */
const UNDEFINED_16 = "undef-dst undef=CF,OF,SF,ZF,AF,PF";

const shld = instruction("shld", "SDM 2B, SHLD", [
  `o16 0F A4 /r ib  r/m16  r16  immu8  ; ${UNDEFINED_16}`,
  "o32 0F A4 /r ib  r/m32  r32  immu8  ; undef=AF,OF",
  "o64 0F A4 /r ib  r/m64  r64  immu8  ; undef=AF,OF",
  `o16 0F A5 /r     r/m16  r16  cl     ; ${UNDEFINED_16}`,
  "o32 0F A5 /r     r/m32  r32  cl     ; undef=AF,OF",
  "o64 0F A5 /r     r/m64  r64  cl     ; undef=AF,OF",
], (e, { width, dst, src, third }) => {
  const count = maskedCount(e, width, third), b = e.load(width, src);
  const joined = <V>(f: Emit<V>, a: V, low: V): V =>
    width === 32 ? f.or(f.shl(64, a, f.int(32)), low) : f.or(f.shl(64, a, f.int(32)), f.or(f.shl(64, low, f.int(16)), a));
  let result = b;
  const a = e.update(width, dst, (old) => (result = width === 64
    ? e.or(e.shl(64, old, count), e.shr(64, e.shr(64, b, e.int(1)), e.sub(64, e.int(63), count)))
    : e.zeroExtend(width, e.shr(64, joined(e, old, b), e.sub(64, e.int(32), count)))));
  e.when(notZero(e, count), () => {
    const cf = width === 64 ? bit(e, a, e.sub(64, e.int(64), count)) : bit(e, joined(e, a, b), e.sub(64, e.int(width + 32), count));
    e.setFlags("shift", width, cf, e.xor(top(e, width, a), top(e, width, result)), result);
  });
});

const shrd = instruction("shrd", "SDM 2B, SHRD", [
  `o16 0F AC /r ib  r/m16  r16  immu8  ; ${UNDEFINED_16}`,
  "o32 0F AC /r ib  r/m32  r32  immu8  ; undef=AF,OF",
  "o64 0F AC /r ib  r/m64  r64  immu8  ; undef=AF,OF",
  `o16 0F AD /r     r/m16  r16  cl     ; ${UNDEFINED_16}`,
  "o32 0F AD /r     r/m32  r32  cl     ; undef=AF,OF",
  "o64 0F AD /r     r/m64  r64  cl     ; undef=AF,OF",
], (e, { width, dst, src, third }) => {
  const count = maskedCount(e, width, third), b = e.load(width, src);
  const joined = <V>(f: Emit<V>, a: V, high: V): V =>
    width === 32 ? f.or(f.shl(64, high, f.int(32)), a) : f.or(f.shl(64, a, f.int(32)), f.or(f.shl(64, high, f.int(16)), a));
  let result = b;
  const a = e.update(width, dst, (old) => (result = width === 64
    ? e.or(e.shr(64, old, count), e.shl(64, e.shl(64, b, e.int(1)), e.sub(64, e.int(63), count)))
    : e.zeroExtend(width, e.shr(64, joined(e, old, b), count))));
  e.when(notZero(e, count), () => {
    const less = e.sub(64, count, e.int(1));
    const cf = width === 64 ? bit(e, a, less) : bit(e, joined(e, a, b), less);
    e.setFlags("shift", width, cf, e.xor(top(e, width, a), top(e, width, result)), result);
  });
});

export const SHIFT: readonly Instruction[] = [shl, shr, sar, rol, ror, rcl, rcr, shld, shrd];
