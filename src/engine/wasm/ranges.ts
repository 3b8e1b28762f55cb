// Tests of floating-point numbers, many at a time. All have one shape: twice the bits of a number (the sign is gone), plus a constant, is below a
// limit, unsigned. So a vector of numbers takes four operations, and scalars are tested in vectors too.

import type { Graph, Node } from "./ir.ts";

/** Of a format: bits, those of the fraction, bias of the exponent, integer lanes. */
export const FORMATS = {
  f32: { bits: 32, fraction: 23, bias: 127, lanes: "f32x4", int: "i32x4", count: 4 },
  f64: { bits: 64, fraction: 52, bias: 1023, lanes: "f64x2", int: "i64x2", count: 2 },
} as const;
export type Format = keyof typeof FORMATS;
export const FORMAT_NAMES = ["f32", "f64"] as const satisfies readonly Format[];

/** Refuses numbers of which twice the bits, plus `plus`, are below `below`. */
export interface Range { plus: bigint; below: bigint }
export interface Check { format: Format; range: Range; number: Node }

const modulo = (format: Format, value: bigint) => BigInt.asUintN(FORMATS[format].bits, value);
/** Twice the bits of a power of two. */
const twice = (format: Format, exponent: number) => BigInt(exponent + FORMATS[format].bias) << BigInt(FORMATS[format].fraction + 1);
/** The exponent of the smallest normal number. */
export const smallest = (format: Format) => 1 - FORMATS[format].bias;
const one = (format: Format) => twice(format, smallest(format));

/** What is not zero and smaller than a power of two. */
export const smallRange = (format: Format, exponent: number): Range => ({ plus: modulo(format, -1n), below: twice(format, exponent) - 1n });
/** Magnitudes from a power of two on, and those below another one. */
export const outside = (format: Format, least: number, most: number): Range =>
  ({ plus: modulo(format, -twice(format, most)), below: modulo(format, twice(format, least) - twice(format, most)) });
/** Zeros, denormals and those next to them (which may have been tiny before they were rounded), the largest, infinities, NaNs. */
export const resultRange = (format: Format): Range => ({ plus: 2n * one(format), below: 4n * one(format) });
/** NaNs, zeros, denormals. */
export const comparedRange = (format: Format): Range => ({ plus: one(format) - 1n, below: 2n * one(format) - 1n });
/** From a magnitude on. */
export const limitRange = (format: Format, magnitude: bigint): Range => ({ plus: modulo(format, -2n * magnitude), below: modulo(format, -2n * magnitude) });
/** Singles as doubles: zeros, what is below the smallest normal single or twice that, infinities, NaNs. */
export const promotedRange: Range = { plus: 2n * one("f64"), below: 2n * one("f64") + 2n * 0x3810000000000000n };
export const demotedRange: Range = { plus: 2n * one("f64"), below: 2n * one("f64") + 2n * 0x3820000000000000n };

/** Is it taken from lane 0 of a vector? That of one vector is first in a group, as the others go into the lanes above. */
const isLowest = ({ op, lanes }: Node) => op.endsWith("extract_lane") && lanes[0] === 0;

/** Checks that are made together: a vector each, or scalars of one format side by side. */
export function together<T extends Check>(checks: readonly T[]): T[][] {
  const groups: T[][] = [];
  for (const format of FORMAT_NAMES) {
    const mine = checks.filter((check) => check.format === format), scalars = mine.filter(({ number }) => number.type !== "v128").sort((a, b) => Number(isLowest(b.number)) - Number(isLowest(a.number)));
    for (const check of mine) if (check.number.type === "v128") groups.push([check]);
    const count = Math.ceil(scalars.length / FORMATS[format].count);
    for (let first = 0; first < count; first++) groups.push(scalars.filter((_, index) => index % count === first));
  }
  return groups;
}

/** Writes tests. Each function answers with a mask of what is refused. */
export function rangeTests(g: Graph) {
  const constant = (format: Format, values: readonly bigint[]) => {
    const { bits, count } = FORMATS[format];
    let whole = 0n;
    for (let lane = 0; lane < count; lane++) whole |= BigInt.asUintN(bits, values[lane] ?? values[0]) << BigInt(lane * bits);
    return g.v128(BigInt.asUintN(64, whole), whole >> 64n);
  };
  const sign = (format: Format) => 1n << BigInt(FORMATS[format].bits - 1);
  const limits = (format: Format, list: readonly Check[]) => constant(format, list.map(({ range }) => range.below - sign(format)));
  const moves = (format: Format, list: readonly Check[], factor: bigint) => constant(format, list.map(({ range }) => factor * (range.plus + sign(format))));
  /** Scalars side by side. */
  const pack = (format: Format, numbers: readonly Node[]) => {
    if (numbers[0].type === "v128") return numbers[0];
    const { lanes } = FORMATS[format], [first, ...others] = numbers;
    // what more lanes the vector has must be those of numbers, too
    const whole = isLowest(first) && numbers.length === FORMATS[format].count ? first.args[0] : g.float(`${lanes}.splat`, first);
    return others.reduce((vector, number, index) => g.replaceLane(vector, number, index + 1), whole);
  };
  const test = (list: readonly Check[]) => {
    const { format } = list[0], { int } = FORMATS[format], v = pack(format, list.map(({ number }) => number));
    return g.simd(`${int}.gt_s`, [limits(format, list), g.simd(`${int}.add`, [g.simd(`${int}.add`, [v, v]), moves(format, list, 1n)])]);
  };
  /** The same of a vector, written in another way, so that nothing of `test` is kept for it. */
  const retest = (list: readonly Check[], v: Node) => {
    const { format } = list[0], { int } = FORMATS[format];
    return g.simd(`${int}.gt_s`, [limits(format, list), g.simd(`${int}.sub`, [g.simd(`${int}.shl`, [v, g.i32(1)]), moves(format, list, -1n)])]);
  };
  return { test, retest };
}

/** Is any lane of these refused, or NaN? Of both, one byte at least has its highest bit set; V8 asks for those in two instructions less than whether any bit is. */
export const anyOf = (g: Graph, masks: readonly Node[]): Node => g.simd("i8x16.bitmask", [masks.reduce((sum, mask) => g.simd("v128.or", [sum, mask]))]);
