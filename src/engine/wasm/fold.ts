// What is known about a value while code is written: constants are computed, operations without effect vanish, and an upper bound of the
// bits that can be set lets masks vanish. One rule per operation, by the part of its name after the dot; it holds for both integer types.

import type { Node } from "./ir.ts";

export interface Rule {
  /** Of constants, as zero-extended values of `width` bits. */
  compute(a: bigint, b: bigint, width: 32 | 64): bigint;
  /** No bit of the result at or above this position is set; without it, any may be. */
  bits?(a: Node, b: Node, full: number): number;
  /** The node that stands for this operation if it needs none of its own. */
  simplify?(a: Node, b: Node, all: -1 | 0): Node | undefined;
}

const signed = (value: bigint, width: number) => BigInt.asIntN(width, value);
const bit = (condition: boolean) => (condition ? 1n : 0n);
const bitLength = (value: bigint) => (value === 0n ? 0 : value.toString(2).length);
const trailing = (value: bigint, width: number) => (value === 0n ? BigInt(width) : BigInt(bitLength(value & -value) - 1));
const ones = (value: bigint) => BigInt(value.toString(2).replaceAll("0", "").length);
const places = (count: bigint, width: number) => count & BigInt(width - 1);

const isConstant = (node: Node, low: number, high: number) => node.kind === "const" && node.low === low && node.high === high;
const isZero = (node: Node) => isConstant(node, 0, 0);
const isOne = (node: Node) => isConstant(node, 1, 0);
const withoutZero = (a: Node, b: Node) => (isZero(b) ? a : isZero(a) ? b : undefined);
const unlessZero = (a: Node, b: Node) => (isZero(b) ? a : undefined);
/** `value` where these bits of it are all that it can have. */
const masked = (mask: Node, value: Node, high: -1 | 0) => {
  if (mask.kind !== "const") return undefined;
  if (mask.low === -1 && mask.high === high) return value;
  if (isZero(mask)) return mask;
  const contiguous = mask.high === 0 ? (mask.low & (mask.low + 1)) === 0 : mask.low === -1 && (mask.high & (mask.high + 1)) === 0;
  return contiguous && value.bits <= mask.bits ? value : undefined;
};
/** All bits that a shift may move are known to be zero, and a known count. */
const count = (b: Node, full: number) => b.low & (full - 1);

const one = () => 1;
const most = (a: Node, b: Node) => Math.max(a.bits, b.bits);
const few = () => 7;
const comparison = (compute: Rule["compute"]): Rule => ({ compute, bits: one });

/** What an operation means for the compiler. Operations that are not listed are neither computed nor simplified. */
export const RULES: Readonly<Record<string, Rule>> = {
  add: { compute: (a, b) => a + b, bits: (a, b, full) => Math.min(full, most(a, b) + 1), simplify: withoutZero },
  sub: { compute: (a, b) => a - b, simplify: unlessZero },
  mul: { compute: (a, b) => a * b, simplify: (a, b) => (isOne(b) ? a : isOne(a) ? b : undefined) },
  and: { compute: (a, b) => a & b, bits: (a, b) => Math.min(a.bits, b.bits), simplify: (a, b, all) => masked(b, a, all) ?? masked(a, b, all) },
  or: { compute: (a, b) => a | b, bits: most, simplify: withoutZero },
  xor: { compute: (a, b) => a ^ b, bits: most, simplify: withoutZero },
  shl: { compute: (a, b, width) => a << places(b, width), bits: (a, b, full) => (b.kind === "const" ? Math.min(full, a.bits + count(b, full)) : full), simplify: unlessZero },
  shr_u: { compute: (a, b, width) => a >> places(b, width), bits: (a, b, full) => (b.kind === "const" ? Math.max(0, a.bits - count(b, full)) : a.bits), simplify: unlessZero },
  shr_s: { compute: (a, b, width) => signed(a, width) >> places(b, width), simplify: unlessZero },
  rotl: { compute: (a, b, width) => (a << places(b, width)) | (a >> (BigInt(width) - places(b, width))), simplify: unlessZero },
  rotr: { compute: (a, b, width) => (a >> places(b, width)) | (a << (BigInt(width) - places(b, width))), simplify: unlessZero },
  clz: { compute: (a, _, width) => BigInt(width - bitLength(a)), bits: few },
  ctz: { compute: (a, _, width) => trailing(a, width), bits: few },
  popcnt: { compute: (a) => ones(a), bits: few },
  eqz: comparison((a) => bit(a === 0n)), eq: comparison((a, b) => bit(a === b)), ne: comparison((a, b) => bit(a !== b)),
  lt_u: comparison((a, b) => bit(a < b)), gt_u: comparison((a, b) => bit(a > b)), le_u: comparison((a, b) => bit(a <= b)), ge_u: comparison((a, b) => bit(a >= b)),
  lt_s: comparison((a, b, width) => bit(signed(a, width) < signed(b, width))), gt_s: comparison((a, b, width) => bit(signed(a, width) > signed(b, width))),
  le_s: comparison((a, b, width) => bit(signed(a, width) <= signed(b, width))), ge_s: comparison((a, b, width) => bit(signed(a, width) >= signed(b, width))),
  wrap_i64: { compute: (a) => a, bits: (a) => Math.min(32, a.bits), simplify: (a) => (a.op === "i64.extend_i32_u" || a.op === "i64.extend_i32_s" ? a.args[0] : undefined) },
  extend_i32_u: { compute: (a) => a, bits: (a) => a.bits },
  extend_i32_s: { compute: (a) => signed(a, 32) },
  extend8_s: { compute: (a) => signed(a, 8) }, extend16_s: { compute: (a) => signed(a, 16) }, extend32_s: { compute: (a) => signed(a, 32) },
};

/** Bits that the result of an operation can have, by its name after the dot, where its operands do not matter. */
export const RESULT_BITS: Readonly<Record<string, number>> = { load8_u: 8, load16_u: 16, load32_u: 32, extract_lane_u: 16, any_true: 1, all_true: 1, eq: 1, ne: 1, lt: 1, gt: 1, le: 1, ge: 1 };

/** Position of the highest bit that is set, plus one. */
export const constantBits = (low: number, high: number) => (high !== 0 ? 64 - Math.clz32(high) : 32 - Math.clz32(low));

/** A constant as the zero-extended value of its type. */
export const valueOf = (node: Node) => (node.high === 0 ? BigInt(node.low >>> 0) : BigInt.asUintN(64, (BigInt(node.high) << 32n) | BigInt(node.low >>> 0)));
