// The SIMD operations of src/isa/simd.ts on 128-bit bigints, lane by lane (WebAssembly Core, Vector Instructions).
// A name is `shape.operation`: the shape says how wide the lanes are, the operation what happens to each.

import { NvlError } from "../../base/error.ts";
import { SIMD_OPS, type SimdOp } from "../../isa/simd.ts";

type Vectors = readonly bigint[];

const signed = (width: number, value: bigint) => BigInt.asIntN(width, value);
const unsigned = (width: number, value: bigint) => BigInt.asUintN(width, value);
const smaller = (a: bigint, b: bigint) => a < b ? a : b;
const larger = (a: bigint, b: bigint) => a > b ? a : b;
const between = (low: bigint, value: bigint, high: bigint) => larger(low, smaller(value, high));
/** The nearest value that a signed or unsigned lane can hold. */
const saturateSigned = (width: number, value: bigint) => between(-(1n << BigInt(width - 1)), value, (1n << BigInt(width - 1)) - 1n);
const saturateUnsigned = (width: number, value: bigint) => between(0n, value, (1n << BigInt(width)) - 1n);
const mask = (condition: boolean) => condition ? -1n : 0n;

export function lanesOf(width: number, vector: bigint): bigint[] {
  return Array.from({ length: 128 / width }, (_, lane) => unsigned(width, vector >> BigInt(lane * width)));
}
export function vectorOf(width: number, lanes: readonly bigint[]): bigint {
  return lanes.reduce((vector, lane, index) => vector | (unsigned(width, lane) << BigInt(index * width)), 0n);
}

/** Operations on two lanes; `w` is the lane's width, the result is cut to it. */
const PAIRS: Record<string, (a: bigint, b: bigint, w: number) => bigint> = {
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  add_sat_s: (a, b, w) => saturateSigned(w, signed(w, a) + signed(w, b)),
  add_sat_u: (a, b, w) => saturateUnsigned(w, a + b),
  sub_sat_s: (a, b, w) => saturateSigned(w, signed(w, a) - signed(w, b)),
  sub_sat_u: (a, b, w) => saturateUnsigned(w, a - b),
  min_s: (a, b, w) => smaller(signed(w, a), signed(w, b)),
  max_s: (a, b, w) => larger(signed(w, a), signed(w, b)),
  min_u: (a, b) => smaller(a, b),
  max_u: (a, b) => larger(a, b),
  avgr_u: (a, b) => (a + b + 1n) >> 1n,
  q15mulr_sat_s: (a, b, w) => saturateSigned(w, (signed(w, a) * signed(w, b) + 0x4000n) >> 15n),
  eq: (a, b) => mask(a === b), ne: (a, b) => mask(a !== b),
  lt_s: (a, b, w) => mask(signed(w, a) < signed(w, b)), lt_u: (a, b) => mask(a < b),
  gt_s: (a, b, w) => mask(signed(w, a) > signed(w, b)), gt_u: (a, b) => mask(a > b),
  le_s: (a, b, w) => mask(signed(w, a) <= signed(w, b)), le_u: (a, b) => mask(a <= b),
  ge_s: (a, b, w) => mask(signed(w, a) >= signed(w, b)), ge_u: (a, b) => mask(a >= b),
};
/** Operations on one lane. */
const SINGLES: Record<string, (a: bigint, w: number) => bigint> = {
  abs: (a, w) => { const value = signed(w, a); return value < 0n ? -value : value; },
  neg: (a) => -a,
  popcnt: (a, w) => lanesOf(1, a).slice(0, w).reduce((sum, bit) => sum + bit, 0n),
};
/** Shifts by a count modulo the lane's width. */
const SHIFTS: Record<string, (a: bigint, count: bigint, w: number) => bigint> = {
  shl: (a, count) => a << count,
  shr_u: (a, count) => a >> count,
  shr_s: (a, count, w) => signed(w, a) >> count,
};
const BITWISE: Record<string, (a: bigint, b: bigint, c: bigint) => bigint> = {
  not: (a) => ~a,
  and: (a, b) => a & b,
  andnot: (a, b) => a & ~b,
  or: (a, b) => a | b,
  xor: (a, b) => a ^ b,
  bitselect: (yes, no, choice) => (yes & choice) | (no & ~choice),
};

/** `extend_low_i8x16_s`, `extmul_high_i16x8_u`: the half of the narrow lanes that is meant, widened. */
function widened(width: number, operation: string, vector: bigint): bigint[] {
  const [, half, , sign] = operation.split("_");
  const narrow = lanesOf(width / 2, vector);
  const chosen = half === "low" ? narrow.slice(0, narrow.length / 2) : narrow.slice(narrow.length / 2);
  return sign === "s" ? chosen.map((lane) => signed(width / 2, lane)) : chosen;
}

/** Executes one operation.
 * @param args vectors as unsigned 128-bit values, scalars as unsigned 64-bit values
 * @param immediates lane numbers, or the 16 indices of a shuffle */
export function simd(op: SimdOp, args: Vectors, immediates: readonly number[] = []): bigint {
  const [shape, operation] = op.split(".") as [string, string];
  const [a = 0n, b = 0n, c = 0n] = args;
  if (shape === "v128" && BITWISE[operation]) return unsigned(128, BITWISE[operation](a, b, c));
  if (shape === "v128" && operation === "any_true") return a !== 0n ? 1n : 0n;
  const width = Number(/^[if](\d+)x/.exec(shape)?.[1] ?? 0);
  if (!(op in SIMD_OPS) || width === 0) throw new NvlError("oracle/simd", `the oracle does not know ${op}`);
  const left = lanesOf(width, a), right = lanesOf(width, b);
  const eachLane = (compute: (lane: bigint, index: number) => bigint) => vectorOf(width, left.map(compute));

  const pair = PAIRS[operation], single = SINGLES[operation], shift = SHIFTS[operation];
  if (pair) return eachLane((lane, index) => pair(lane, right[index]!, width));
  if (single) return eachLane((lane) => single(lane, width));
  if (shift) return eachLane((lane) => shift(lane, b % BigInt(width), width));
  if (operation.startsWith("extend_")) return vectorOf(width, widened(width, operation, a));
  if (operation.startsWith("extmul_")) {
    const factors = widened(width, operation, b);
    return vectorOf(width, widened(width, operation, a).map((lane, index) => lane * factors[index]!));
  }
  if (operation.startsWith("extadd_pairwise_")) {
    const terms = lanesOf(width / 2, a).map((lane) => operation.endsWith("_s") ? signed(width / 2, lane) : lane);
    return eachLane((_, index) => terms[2 * index]! + terms[2 * index + 1]!);
  }
  if (operation.startsWith("narrow_")) {
    const wide = [...lanesOf(width * 2, a), ...lanesOf(width * 2, b)].map((lane) => signed(width * 2, lane));
    return vectorOf(width, wide.map((lane) => operation.endsWith("_s") ? saturateSigned(width, lane) : saturateUnsigned(width, lane)));
  }
  switch (operation) {
    case "splat": return eachLane(() => a);
    case "extract_lane": case "extract_lane_u": return left[immediates[0]!]!;
    case "extract_lane_s": return unsigned(32, signed(width, left[immediates[0]!]!));
    case "replace_lane": return eachLane((lane, index) => index === immediates[0] ? b : lane);
    case "shuffle": return vectorOf(8, immediates.map((index) => [...left, ...right][index]!));
    case "swizzle": return vectorOf(8, right.map((index) => index < 16n ? left[Number(index)]! : 0n));
    case "all_true": return left.every((lane) => lane !== 0n) ? 1n : 0n;
    case "bitmask": return left.reduce((bits, lane, index) => bits | ((lane >> BigInt(width - 1)) << BigInt(index)), 0n);
    case "dot_i16x8_s": {
      const products = lanesOf(16, a).map((lane, index) => signed(16, lane) * signed(16, lanesOf(16, b)[index]!));
      return eachLane((_, index) => products[2 * index]! + products[2 * index + 1]!);
    }
    default: throw new NvlError("oracle/simd", `the oracle does not know ${op}`);
  }
}
