// SSE floating point in place: Wasm's own arithmetic, taken when it gives the bits and the flags that the CPU does; otherwise the helper
// of core is called as ever, and computes the whole anew. The rule is that of core's fast paths (core/assembly/float/fp-*.ts, docs/adr/0006):
// round to nearest, all masked, no DAZ and FTZ, PE set; operands not denormal; results normal numbers, or zeros that are exact.
// What is refused here beyond that (the largest and the smallest binade), core computes quickly.
//
// A sign bit says no: conditions are i32 that are negative where the helper must be called, so that they combine with `or`.

import { OFFSET } from "../../hal/layout.ts";
import type { HelperName } from "../../isa/helpers.ts";
import type { Node } from "./ir.ts";
import type { FloatOp, LoadOp } from "./opcodes.ts";
import type { Conversions, Surroundings } from "./types.ts";

/** What a helper computes, in place: `refuse` is not zero where it does not. */
interface Native {
  refuse: Node | undefined;
  /** Whether the result is good although it was refused. */
  pardon?(): Node;
  type: "i64" | "f32" | "f64" | "v128";
  result(): Node;
  /** The vector whose low lane a scalar result replaces. */
  into?: Node;
}
type Build = (args: readonly Node[]) => Native | undefined;

/** Of a format: types of its bits, alone and in lanes, bits of the fraction, and the exponent of infinity. */
const FORMATS = {
  f32: { int: "i32", lanes: "f32x4", intLanes: "i32x4", bits: 32, fraction: 23, top: 255 },
  f64: { int: "i64", lanes: "f64x2", intLanes: "i64x2", bits: 64, fraction: 52, top: 2047 },
} as const;
type Format = keyof typeof FORMATS;
type Operation = "add" | "sub" | "mul" | "div" | "sqrt";

const PE_SET_AND_MASKED = 0x1020, ROUNDING_AND_MASKS = 0x7fa0, NATIVE = 0x1fa0;
/** Limits of magnitude for conversions to 32 and 64 bits: as in core, what is below fits after rounding too. */
const LIMITS = { f32: { 32: 0x4f000000n, 64: 0x5f000000n }, f64: { 32: 0x41dfffffffc00000n, 64: 0x43e0000000000000n } } as const;
const CMP = ["eq", "lt", "le"] as const;
const ROUND = ["nearest", "floor", "ceil", "trunc"] as const;

/** @param holds whether a register still is what was loaded of it
 * @returns what stands for a call of a helper, or undefined where it must be called */
export function floatInPlace({ g, state }: Surroundings, { as64 }: Conversions, holds: (loaded: Node) => boolean): (helper: HelperName, args: readonly Node[], call: (args: readonly Node[]) => Node) => Node | undefined {
  const or = (first: Node, ...more: Node[]) => more.reduce((sum, one) => g.pure("i32.or", sum, one), first);
  const negative = (value: Node) => g.pure("i32.shr_u", value, g.i32(31));
  const mxcsr = () => g.load("i32.load", state, OFFSET.mxcsr);
  const notNative = () => g.pure("i32.xor", g.pure("i32.and", mxcsr(), g.i32(ROUNDING_AND_MASKS)), g.i32(NATIVE));
  const inexactIsNews = () => g.pure("i32.xor", g.pure("i32.and", mxcsr(), g.i32(PE_SET_AND_MASKED)), g.i32(PE_SET_AND_MASKED));

  // -- scalars

  const doubled = (format: Format, x: Node) => {
    const bits = g.float(format === "f32" ? "i32.reinterpret_f32" : "i64.reinterpret_f64", x);
    return g.pure(`${FORMATS[format].int}.add`, bits, bits);
  };
  const zero = (format: Format, x: Node) => g.pure(`${FORMATS[format].int}.eqz`, doubled(format, x));
  /** Exponent of the next smaller magnitude: 0 for denormals (and the smallest normal number), all ones for zeros and NaNs. */
  const exponent = (format: Format, x: Node) => {
    const { int, fraction } = FORMATS[format];
    const before = g.pure(`${int}.add`, doubled(format, x), int === "i32" ? g.i32(-1) : g.i64(-1n));
    return int === "i32" ? g.pure("i32.shr_u", before, g.i32(fraction + 1)) : g.pure("i32.wrap_i64", g.pure("i64.shr_u", before, g.i64(BigInt(fraction + 1))));
  };
  const denormal = (format: Format, x: Node) => g.pure("i32.sub", exponent(format, x), g.i32(1));
  /** Too small to be sure that it was not tiny before it was rounded, infinite, NaN, or zero. */
  const unsafe = (format: Format, x: Node) => {
    const e = exponent(format, x);
    return g.pure("i32.or", g.pure("i32.sub", e, g.i32(2)), g.pure("i32.sub", g.i32(FORMATS[format].top - 2), e));
  };
  const low = (format: Format, vector: Node) => g.lowLane(format, vector);

  const scalar = (format: Format, operation: Operation): Build => ([a, b]) => {
    const y = low(format, b), op: FloatOp = `${format}.${operation}`;
    if (operation === "sqrt") {
      const root = g.float(op, y);
      return { refuse: or(notNative(), negative(or(denormal(format, y), unsafe(format, root)))), type: format, result: () => root, into: a };
    }
    const x = low(format, a), r = g.float(op, x, y);
    const mode = notNative(), small = or(denormal(format, x), denormal(format, y));
    const exact = () => (operation === "mul" ? g.pure("i32.or", zero(format, x), zero(format, y)) : operation === "div" ? zero(format, x) : g.i32(1));
    return { refuse: or(mode, negative(or(small, unsafe(format, r)))), type: format, result: () => r, into: a,
      pardon: () => g.pure("i32.and", g.pure("i32.eqz", or(mode, negative(small))), g.pure("i32.and", zero(format, r), exact())) };
  };
  /** Comparisons: neither a NaN nor denormals. */
  const incomparable = (format: Format, x: Node, y: Node) => or(
    g.pure("i32.eqz", g.pure("i32.or", g.float(`${format}.lt`, x, y), g.float(`${format}.ge`, x, y))), negative(or(denormal(format, x), denormal(format, y))));
  const extreme = (format: Format, operation: "pmin" | "pmax"): Build => ([a, b]) => {
    const x = low(format, a), y = low(format, b), { lanes } = FORMATS[format];
    const splat = (value: Node) => g.float(`${lanes}.splat`, value);
    return { refuse: incomparable(format, x, y), type: format, result: () => low(format, g.float(`${lanes}.${operation}`, splat(y), splat(x))), into: a };
  };
  const compareFlags = (format: Format): Build => ([a, b]) => {
    const x = low(format, a), y = low(format, b);
    const bit = (name: "lt" | "eq") => g.pure("i64.extend_i32_u", g.float(`${format}.${name}`, x, y));
    return { refuse: incomparable(format, x, y), type: "i64", result: () => g.pure("i64.or", bit("lt"), g.pure("i64.shl", bit("eq"), g.i64(6n))) };
  };
  const isNan = (format: Format, x: Node) => g.float(`${format}.ne`, x, x);

  // -- vectors

  const wide = (int: "i32x4" | "i64x2", value: bigint) => {
    const half = int === "i64x2" ? BigInt.asUintN(64, value) : BigInt.asUintN(32, value) * 0x1_0000_0001n;
    return g.v128(half, half);
  };
  const vectors = (format: Format) => {
    const { lanes, intLanes: int, bits, fraction, top } = FORMATS[format];
    const sign = 1n << BigInt(bits - 1), normal = 2n << BigInt(fraction), infinite = BigInt(top) << BigInt(fraction + 1); // without sign, times two
    const above = (value: bigint, v: Node) => g.simd(`${int}.gt_s`, [wide(int, value - sign), v]);
    const plus = (v: Node, value: bigint) => g.simd(`${int}.add`, [v, wide(int, value)]);
    const twice = (v: Node) => g.simd(`${int}.add`, [v, v]);
    const zero = (m: Node) => g.simd(`${int}.eq`, [m, wide(int, 0n)]);
    return {
      lanes, int, twice, zero,
      /** Lanes below `least` in magnitude, but not zero; given twice their bits. */
      small: (m: Node, least = normal) => above(least - 1n, plus(m, sign - 1n)),
      /** Lanes of results that are not ordinary, or zero. */
      unsafe: (m: Node) => g.simd("v128.not", [above(infinite - 2n * normal, plus(m, sign - 2n * normal))]),
      nan: (v: Node) => g.float(`${lanes}.ne`, v, v),
      notBelow: (m: Node, limit: bigint) => g.simd("v128.not", [above(2n * limit, plus(m, sign))]),
    };
  };
  const anyOf = (...masks: Node[]) => g.simd("v128.any_true", [masks.reduce((sum, mask) => g.simd("v128.or", [sum, mask]))]);
  const andNot = (a: Node, b: Node) => g.simd("v128.andnot", [a, b]);

  const packed = (format: Format, operation: Operation): Build => ([a, b]) => {
    const v = vectors(format), op: FloatOp = `${v.lanes}.${operation}`;
    const r = operation === "sqrt" ? g.float(op, b) : g.float(op, a, b);
    const ma = v.twice(a), mb = v.twice(b), mr = v.twice(r);
    const both = (x: Node, y: Node) => g.simd("v128.and", [x, y]);
    const exact = operation === "mul" ? both(v.zero(mr), g.simd("v128.or", [v.zero(ma), v.zero(mb)])) : operation === "div" ? both(v.zero(mr), v.zero(ma)) : v.zero(mr);
    const small = operation === "sqrt" ? [v.small(mb)] : [v.small(ma), v.small(mb)];
    return { refuse: or(notNative(), anyOf(andNot(v.unsafe(mr), exact), ...small)), type: "v128", result: () => r };
  };
  const packedIncomparable = (format: Format, a: Node, b: Node) => {
    const v = vectors(format);
    return anyOf(v.nan(a), v.nan(b), v.small(v.twice(a)), v.small(v.twice(b)));
  };
  const packedExtreme = (format: Format, operation: "pmin" | "pmax"): Build => ([a, b]) =>
    ({ refuse: packedIncomparable(format, a, b), type: "v128", result: () => g.float(`${FORMATS[format].lanes}.${operation}`, b, a) });

  /** Masks; the predicate must be known. */
  const compare = (format: Format, isPacked: boolean): Build => ([a, b, predicate]) => {
    if (predicate.kind !== "const") return undefined;
    const kind = predicate.low & 3, inverted = (predicate.low & 4) !== 0, { lanes, int } = FORMATS[format];
    if (isPacked) {
      const mask = () => (kind === 3 ? g.v128(0n, 0n) : g.float(`${lanes}.${CMP[kind]}`, a, b));
      return { refuse: packedIncomparable(format, a, b), type: "v128", result: () => (inverted ? g.simd("v128.not", [mask()]) : mask()) };
    }
    const x = low(format, a), y = low(format, b);
    const holds = () => (kind === 3 ? g.i32(0) : g.float(`${format}.${CMP[kind]}`, x, y));
    const mask = () => g.pure("i64.sub", g.pure("i64.extend_i32_u", holds()), g.i64(1n)); // of what does not hold
    return { refuse: incomparable(format, x, y), type: "v128", result: () => {
      const ones = inverted ? mask() : g.pure("i64.xor", mask(), g.i64(-1n));
      return int === "i64" ? g.simd("i64x2.replace_lane", [a, ones], [0]) : g.simd("i32x4.replace_lane", [a, g.pure("i32.wrap_i64", ones)], [0]);
    } };
  };

  // -- conversions

  const fromInteger = (format: Format): Build => ([a, value]) => {
    if (format === "f64" && value.op === "i64.extend_i32_s") return { refuse: undefined, type: "f64", result: () => g.float("f64.convert_i32_s", value.args[0]), into: a };
    const exact = 1n << BigInt(FORMATS[format].fraction + 1), number = as64(value);
    const inexact = g.pure("i64.gt_u", g.pure("i64.add", number, g.i64(exact)), g.i64(2n * exact));
    return { refuse: g.select(inexact, notNative(), g.i32(0)), type: format, result: () => g.float(`${format}.convert_i64_s`, number), into: a };
  };
  const toInteger = (format: Format): Build => ([a, truncate, width]) => {
    if (truncate.kind !== "const" || width.kind !== "const") return undefined;
    const { int } = FORMATS[format], limit = 2n * LIMITS[format][width.low === 32 ? 32 : 64], x = low(format, a), chop = truncate.low !== 0;
    const large = int === "i32" ? g.pure("i32.ge_u", doubled(format, x), g.i32(Number(limit))) : g.pure("i64.ge_u", doubled(format, x), g.i64(limit));
    return { refuse: or(chop ? inexactIsNews() : notNative(), large), type: "i64", result: () => {
      const whole = g.partial(`i64.trunc_${format}_s`, chop ? x : g.float(`${format}.nearest`, x));
      return width.low === 32 ? as64(g.pure("i32.wrap_i64", whole)) : whole;
    } };
  };
  const packedToInteger = (format: Format): Build => ([a, truncate]) => {
    if (truncate.kind !== "const") return undefined;
    const v = vectors(format), chop = truncate.low !== 0;
    return { refuse: or(chop ? inexactIsNews() : notNative(), anyOf(v.notBelow(v.twice(a), LIMITS[format][32]))), type: "v128",
      result: () => g.float(format === "f32" ? "i32x4.trunc_sat_f32x4_s" : "i32x4.trunc_sat_f64x2_s_zero", chop ? a : g.float(`${v.lanes}.nearest`, a)) };
  };
  const round = (format: Format, isPacked: boolean): Build => ([a, b, control]) => {
    if (control.kind !== "const") return undefined;
    const quiet = (control.low & 8) !== 0, byMxcsr = (control.low & 4) !== 0, name = byMxcsr ? "nearest" : ROUND[control.low & 3];
    const mode = byMxcsr ? notNative() : quiet ? g.i32(0) : inexactIsNews();
    if (isPacked) {
      const v = vectors(format);
      return { refuse: or(mode, anyOf(v.nan(b), v.small(v.twice(b)))), type: "v128", result: () => g.float(`${v.lanes}.${name}`, b) };
    }
    const x = low(format, b);
    return { refuse: or(mode, isNan(format, x), negative(denormal(format, x))), type: format, result: () => g.float(`${format}.${name}`, x), into: a };
  };
  const SMALLEST_SINGLE = 0x3810000000000000n; // as a double

  const builds: Partial<Record<HelperName, Build>> = {
    fpCvtsi2ss: fromInteger("f32"), fpCvtsi2sd: fromInteger("f64"), fpCvtss2si: toInteger("f32"), fpCvtsd2si: toInteger("f64"),
    fpCvtps2dq: packedToInteger("f32"), fpCvtpd2dq: packedToInteger("f64"),
    fpCvtdq2pd: ([a]) => ({ refuse: undefined, type: "v128", result: () => g.float("f64x2.convert_low_i32x4_s", a) }),
    fpCvtdq2ps: ([a]) => ({ refuse: notNative(), type: "v128", result: () => g.float("f32x4.convert_i32x4_s", a) }),
    fpCvtss2sd: ([a, b]) => {
      const x = low("f32", b);
      return { refuse: or(isNan("f32", x), negative(denormal("f32", x))), type: "f64", result: () => g.float("f64.promote_f32", x), into: a };
    },
    fpCvtsd2ss: ([a, b]) => {
      const x = low("f64", b), r = g.float("f32.demote_f64", x), mode = notNative();
      return { refuse: or(mode, negative(unsafe("f32", r))), type: "f32", result: () => r, into: a, pardon: () => g.pure("i32.and", g.pure("i32.eqz", mode), zero("f64", x)) };
    },
    fpCvtps2pd: ([a]) => {
      const r = g.float("f64x2.promote_low_f32x4", a), v = vectors("f64");
      return { refuse: anyOf(v.nan(r), v.small(v.twice(r), 2n * SMALLEST_SINGLE)), type: "v128", result: () => r };
    },
    fpCvtpd2ps: ([a]) => {
      const r = g.float("f32x4.demote_f64x2_zero", a), v = vectors("f32");
      const unsafeLanes = g.simd("v128.and", [v.unsafe(v.twice(r)), g.v128((1n << 64n) - 1n, 0n)]);
      return { refuse: or(notNative(), anyOf(unsafeLanes)), type: "v128", result: () => r };
    },
  };
  for (const [format, single, all] of [["f32", "Ss", "Ps"], ["f64", "Sd", "Pd"]] as const) {
    for (const [name, operation] of [["Add", "add"], ["Sub", "sub"], ["Mul", "mul"], ["Div", "div"], ["Sqrt", "sqrt"]] as const) {
      builds[`fp${name}${single}`] = scalar(format, operation);
      builds[`fp${name}${all}`] = packed(format, operation);
    }
    for (const [name, operation] of [["Min", "pmin"], ["Max", "pmax"]] as const) {
      builds[`fp${name}${single}`] = extreme(format, operation);
      builds[`fp${name}${all}`] = packedExtreme(format, operation);
    }
    builds[`fpCmp${single}`] = compare(format, false);
    builds[`fpCmp${all}`] = compare(format, true);
    builds[`fpRound${single}`] = round(format, false);
    builds[`fpRound${all}`] = round(format, true);
    builds[`fpComi${single}`] = builds[`fpUcomi${single}`] = compareFlags(format);
  }

  return (helper, args, call) => {
    const native = builds[helper]?.(args);
    if (native === undefined) return undefined;
    const { refuse, pardon, type, result, into } = native;
    const again = args.map((arg) => g.fresh(arg) || holds(arg)); // loaded once more where the helper wants it: few come there
    const slow = () => {
      const value = call(args.map((arg, index) => (again[index] ? g.load(arg.op as LoadOp, arg.args[0], arg.immediate) : arg)));
      return type === "f32" || type === "f64" ? low(type, value) : value;
    };
    const value = refuse === undefined ? result() : g.choose(type, refuse, pardon ? () => g.choose(type, pardon(), result, slow) : slow, result, helper.endsWith("omiSs") || helper.endsWith("omiSd") ? 7 : undefined);
    if (into === undefined) return value;
    return g.float(type === "f32" ? "f32x4.replace_lane" : "f64x2.replace_lane", into, value);
  };
}
