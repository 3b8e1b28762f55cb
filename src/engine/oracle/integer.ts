// Integer arithmetic of `Emit` on bigint: every value is zero-extended to 64 bits, every result is cut to its width.

import type { Emit, Width } from "../../isa/emit.ts";

const bits = (width: number) => BigInt(width);
const cut = (width: number, value: bigint) => BigInt.asUintN(width, value);
const signed = (width: number, value: bigint) => BigInt.asIntN(width, value);
const bool = (value: boolean) => value ? 1n : 0n;

function countOnes(value: bigint): bigint {
  let count = 0n;
  for (let rest = value; rest !== 0n; rest &= rest - 1n) count++;
  return count;
}
function leadingZeros(width: number, value: bigint): bigint {
  let count = bits(width);
  for (let rest = cut(width, value); rest !== 0n; rest >>= 1n) count--;
  return count;
}
function trailingZeros(width: number, value: bigint): bigint {
  let count = 0n;
  while (count < bits(width) && !((value >> count) & 1n)) count++;
  return count;
}
function byteSwap(width: number, value: bigint): bigint {
  let result = 0n;
  for (let shift = 0n; shift < bits(width); shift += 8n) result = (result << 8n) | ((value >> shift) & 0xffn);
  return result;
}
const rotateLeft = (width: Width, value: bigint, count: bigint) => {
  const by = count % bits(width);
  return cut(width, (value << by) | (value >> (bits(width) - by)));
};

/** The operations that depend on nothing but their arguments. */
export const integer = {
  int: (value) => cut(64, BigInt(value)),
  add: (width, a, b) => cut(width, a + b),
  sub: (width, a, b) => cut(width, a - b),
  mul: (width, a, b) => cut(width, a * b),
  mulHighU: (width, a, b) => cut(width, (cut(width, a) * cut(width, b)) >> bits(width)),
  mulHighS: (width, a, b) => cut(width, (signed(width, a) * signed(width, b)) >> bits(width)),
  divU: (a, b) => a / b,
  remU: (a, b) => a % b,
  divS: (a, b) => cut(64, signed(64, a) / signed(64, b)),
  remS: (a, b) => cut(64, signed(64, a) % signed(64, b)),
  and: (a, b) => a & b,
  or: (a, b) => a | b,
  xor: (a, b) => a ^ b,
  not: (width, a) => cut(width, ~a),
  neg: (width, a) => cut(width, -a),
  shl: (width, a, count) => cut(width, a << (count & 63n)),
  shr: (width, a, count) => cut(width, a) >> (count & 63n),
  sar: (width, a, count) => cut(width, signed(width, a) >> (count & 63n)),
  rotl: rotateLeft,
  rotr: (width, a, count) => rotateLeft(width, a, bits(width) - count % bits(width)),
  signExtend: (from, a) => cut(64, signed(from, a)),
  zeroExtend: (width, a) => cut(width, a),
  clz: leadingZeros,
  ctz: trailingZeros,
  popcnt: countOnes,
  byteSwap,
  eq: (a, b) => bool(a === b),
  ne: (a, b) => bool(a !== b),
  ltU: (a, b) => bool(a < b),
  ltS: (width, a, b) => bool(signed(width, a) < signed(width, b)),
  isZero: (a) => bool(a === 0n),
  select: (condition, yes, no) => condition !== 0n ? yes : no,
} satisfies Partial<Emit<bigint>>;
