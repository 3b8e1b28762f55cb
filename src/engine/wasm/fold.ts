// What is known about a value while code is written: constants are computed, operations without effect vanish, and an upper bound of the
// bits that can be set lets masks vanish.

import type { Node } from "./ir.ts";

const u32 = (value: bigint) => BigInt.asUintN(32, value);
const u64 = (value: bigint) => BigInt.asUintN(64, value);
const s32 = (value: bigint) => BigInt.asIntN(32, value);
const s64 = (value: bigint) => BigInt.asIntN(64, value);
const bit = (condition: boolean) => (condition ? 1n : 0n);
const bitLength = (value: bigint) => (value === 0n ? 0 : value.toString(2).length);
const trailing = (value: bigint, width: number) => {
  for (let index = 0; index < width; index++) if ((value >> BigInt(index)) & 1n) return BigInt(index);
  return BigInt(width);
};
const ones = (value: bigint) => BigInt(value.toString(2).replaceAll("0", "").length);

/** Integer operations by the part of their name after the dot, on zero-extended values of `width` bits. */
function compute(name: string, width: 32 | 64, a: bigint, b: bigint): bigint | undefined {
  const signed = width === 32 ? s32 : s64;
  const count = b & BigInt(width - 1);
  switch (name) {
    case "add": return a + b;
    case "sub": return a - b;
    case "mul": return a * b;
    case "and": return a & b;
    case "or": return a | b;
    case "xor": return a ^ b;
    case "shl": return a << count;
    case "shr_u": return a >> count;
    case "shr_s": return signed(a) >> count;
    case "rotl": return (a << count) | (a >> (BigInt(width) - count));
    case "rotr": return (a >> count) | (a << (BigInt(width) - count));
    case "clz": return BigInt(width - bitLength(a));
    case "ctz": return trailing(a, width);
    case "popcnt": return ones(a);
    case "eqz": return bit(a === 0n);
    case "eq": return bit(a === b);
    case "ne": return bit(a !== b);
    case "lt_u": return bit(a < b);
    case "gt_u": return bit(a > b);
    case "le_u": return bit(a <= b);
    case "ge_u": return bit(a >= b);
    case "lt_s": return bit(signed(a) < signed(b));
    case "gt_s": return bit(signed(a) > signed(b));
    case "le_s": return bit(signed(a) <= signed(b));
    case "ge_s": return bit(signed(a) >= signed(b));
    case "wrap_i64": return a;
    case "extend_i32_u": return u32(a);
    case "extend_i32_s": return s32(a);
    case "extend8_s": return BigInt.asIntN(8, a);
    case "extend16_s": return BigInt.asIntN(16, a);
    case "extend32_s": return s32(a);
    default: return undefined;
  }
}

const isCompare = (name: string) => /^(eqz|eq|ne|[lg][te]_[su])$/.test(name);

/** Value of a pure operation on constants, as zero-extended bits of its result type; undefined when it is not an integer operation. */
export function evaluate(op: string, args: readonly bigint[]): bigint | undefined {
  const [type, name] = op.split(".");
  if (type !== "i32" && type !== "i64") return undefined;
  const value = compute(name, type === "i32" ? 32 : 64, args[0], args[1] ?? 0n);
  return value === undefined ? undefined : type === "i32" || isCompare(name) ? u32(value) : u64(value);
}

/** No bit at or above this position is set. */
export function knownBits(node: Node): number {
  const full = node.type === "i32" ? 32 : 64;
  if (node.kind === "const") return bitLength(node.value);
  const [, name = ""] = node.op.split(".");
  if (node.kind === "load") {
    const match = /^load(8|16|32)_u$/.exec(name);
    return match ? Number(match[1]) : full;
  }
  if (node.kind === "if") return node.valueBits;
  if (node.kind !== "pure" || node.type === "v128") return full;
  const [a, b] = node.args;
  if (isCompare(name)) return 1;
  switch (name) {
    case "and": return Math.min(knownBits(a), knownBits(b));
    case "or": case "xor": return Math.max(knownBits(a), knownBits(b));
    case "add": return Math.min(full, Math.max(knownBits(a), knownBits(b)) + 1);
    case "shr_u": return b.kind === "const" ? Math.max(0, knownBits(a) - Number(b.value)) : knownBits(a);
    case "shl": return b.kind === "const" ? Math.min(full, knownBits(a) + Number(b.value)) : full;
    case "extend_i32_u": return knownBits(a);
    case "wrap_i64": return Math.min(32, knownBits(a));
    case "clz": case "ctz": case "popcnt": return 7;
    case "select": return Math.max(knownBits(a), knownBits(b));
    default: return name.startsWith("extract_lane_u") ? 16 : full;
  }
}

/** The node that stands for this operation if it needs none of its own. */
export function simplify(op: string, args: readonly Node[]): Node | undefined {
  const [type, name] = op.split(".");
  const [a, b] = args;
  const constant = (node: Node | undefined, value: bigint) => node?.kind === "const" && node.value === value;
  const all = type === "i32" ? 0xffff_ffffn : 0xffff_ffff_ffff_ffffn;
  switch (name) {
    case "add": case "or": case "xor":
      if (constant(b, 0n)) return a;
      if (constant(a, 0n)) return b;
      return undefined;
    case "sub": case "shl": case "shr_u": case "shr_s": case "rotl": case "rotr":
      return constant(b, 0n) ? a : undefined;
    case "mul":
      return constant(b, 1n) ? a : constant(a, 1n) ? b : undefined;
    case "and":
      for (const [mask, value] of [[b, a], [a, b]]) {
        if (mask.kind !== "const") continue;
        if (mask.value === 0n || mask.value === all) return mask.value === 0n ? mask : value;
        const low = bitLength(mask.value);
        if (mask.value === (1n << BigInt(low)) - 1n && knownBits(value) <= low) return value;
      }
      return undefined;
    case "wrap_i64":
      return a.op === "i64.extend_i32_u" || a.op === "i64.extend_i32_s" ? a.args[0] : undefined;
    default: return undefined;
  }
}
