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

/** What sets one shift apart: the value, the last bit that left, and OF, given the value before and after and the count, which is not 0. */
interface Shift {
  move<V>(e: Emit<V>, width: Width, old: V, count: V): V;
  carry<V>(e: Emit<V>, width: Width, old: V, count: V): V;
  overflow<V>(e: Emit<V>, width: Width, old: V, result: V, carry: V): V;
}
const shift = (name: string, shiftRows: string[], { move, carry, overflow }: Shift) => instruction(name, "SDM 2B, SAL/SAR/SHL/SHR", shiftRows, (e, { width, dst, src }) => {
  const count = maskedCount(e, width, src);
  let result = count;
  const a = e.update(width, dst, (old) => (result = move(e, width, old, count)));
  e.when(notZero(e, count), () => {
    const cf = carry(e, width, a, count);
    e.setFlags("shift", width, cf, overflow(e, width, a, result, cf), result);
  });
});
const shl = shift("shl", [...shiftRows(4), ...shiftRows(6)], {
  move: (e, width, old, count) => e.shl(width, old, count),
  carry: (e, width, old, count) => (width === 64 ? bit(e, old, e.sub(64, e.int(64), count)) : bit(e, e.shl(64, old, count), e.int(width))),
  overflow: (e, width, _old, result, cf) => e.xor(top(e, width, result), cf),
});
const shr = shift("shr", shiftRows(5), {
  move: (e, width, old, count) => e.shr(width, old, count),
  carry: (e, _width, old, count) => bit(e, old, e.sub(64, count, e.int(1))),
  overflow: (e, width, old) => top(e, width, old),
});
const sar = shift("sar", shiftRows(7), {
  move: (e, width, old, count) => e.sar(width, old, count),
  carry: (e, width, old, count) => e.and(e.sar(64, e.signExtend(width, old), e.sub(64, count, e.int(1))), e.int(1)),
  overflow: (e) => e.int(0),
});

type Direction = "left" | "right";
/** The bit that left last, as far as the result tells, and the flags of a rotation to the left or to the right. */
const rotated = <V>(e: Emit<V>, width: Width, direction: Direction, result: V, cf: V): void => {
  e.setFlag("cf", cf);
  e.setFlag("of", e.xor(top(e, width, result), direction === "left" ? cf : second(e, width, result)));
};
const rotate = (direction: Direction): Meaning => (e, { width, dst, src }) => {
  const count = maskedCount(e, width, src);
  let result = count;
  e.update(width, dst, (old) => (result = direction === "left" ? e.rotl(width, old, count) : e.rotr(width, old, count)));
  e.when(notZero(e, count), () => rotated(e, width, direction, result, direction === "left" ? e.and(result, e.int(1)) : top(e, width, result)));
};
const rol = instruction("rol", "SDM 2B, RCL/RCR/ROL/ROR", rotateRows(0), rotate("left"));
const ror = instruction("ror", "SDM 2B, RCL/RCR/ROL/ROR", rotateRows(1), rotate("right"));

/** RCL and RCR rotate `width + 1` bits: up to 33 fit one value, 65 are put together from pieces. */
const throughCarry = (direction: Direction): Meaning => <V>(e: Emit<V>, { width, dst, src }: Parameters<Meaning>[1]) => {
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
  e.when(notZero(e, masked), () => rotated(e, width, direction, result, cf));
};

const rcl = instruction("rcl", "SDM 2B, RCL/RCR/ROL/ROR", rotateRows(2), throughCarry("left"));
const rcr = instruction("rcr", "SDM 2B, RCL/RCR/ROL/ROR", rotateRows(3), throughCarry("right"));

/** 16-bit operands with a count above 16 are undefined: as on Intel's processors, the destination stands on both sides of the source (on
 * AMD's the source stands there twice). */
const UNDEFINED_16 = "undef-dst undef=CF,OF,SF,ZF,AF,PF";

const doubleRows = (byImmediate: string, byCl: string): string[] =>
  [[`0F ${byImmediate} /r ib`, "immu8"], [`0F ${byCl} /r   `, "cl   "]].flatMap(([opcode, count]) => [
    `o16 ${opcode}  r/m16  r16  ${count}  ; ${UNDEFINED_16}`,
    `o32 ${opcode}  r/m32  r32  ${count}  ; undef=AF,OF`,
    `o64 ${opcode}  r/m64  r64  ${count}  ; undef=AF,OF`,
  ]);

/** SHLD and SHRD: operands of up to 32 bits are joined to one value of 64, from which the result and the carry are taken; 64 bits are put
 * together from pieces. */
const double = (direction: Direction): Meaning => <V>(e: Emit<V>, { width, dst, src, third }: Parameters<Meaning>[1]) => {
  const left = direction === "left", count = maskedCount(e, width, third), b = e.load(width, src);
  const high = (value: V) => e.shl(64, value, e.int(32));
  const joined = (a: V): V => {
    if (width === 32) return left ? e.or(high(a), b) : e.or(high(b), a);
    return e.or(high(a), e.or(e.shl(64, b, e.int(16)), a));
  };
  const wide = (a: V): V => (left
    ? e.or(e.shl(64, a, count), e.shr(64, e.shr(64, b, e.int(1)), e.sub(64, e.int(63), count)))
    : e.or(e.shr(64, a, count), e.shl(64, e.shl(64, b, e.int(1)), e.sub(64, e.int(63), count))));
  let result = b;
  const a = e.update(width, dst, (old) => (result = width === 64 ? wide(old) : e.zeroExtend(width, e.shr(64, joined(old), left ? e.sub(64, e.int(32), count) : count))));
  e.when(notZero(e, count), () => {
    const at = left ? e.sub(64, e.int(width === 64 ? 64 : width + 32), count) : e.sub(64, count, e.int(1));
    e.setFlags("shift", width, bit(e, width === 64 ? a : joined(a), at), e.xor(top(e, width, a), top(e, width, result)), result);
  });
};
const shld = instruction("shld", "SDM 2B, SHLD", doubleRows("A4", "A5"), double("left"));
const shrd = instruction("shrd", "SDM 2B, SHRD", doubleRows("AC", "AD"), double("right"));

export const SHIFT: readonly Instruction[] = [shl, shr, sar, rol, ror, rcl, rcr, shld, shrd];
