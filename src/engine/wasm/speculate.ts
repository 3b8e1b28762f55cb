// SSE floating point where MXCSR is known to ask for what Wasm does: round to nearest, all masked, PE set. Operations are done at once, and
// what would tell them apart is tested for several of them together (docs/adr/0006): operands that are denormal, results that are not
// ordinary. Where the test fails nothing has happened yet that cannot be taken back, and the interpreter executes all of it.
//
// DAZ and FTZ do not matter: what they change is refused.
//
// All tests have one shape: twice the bits of a number (the sign is gone), plus a constant, is below a limit, unsigned. So a vector of numbers takes
// four operations, and scalars are tested in vectors too. Zeros count as not ordinary at first; behind the test, those that are exact are pardoned.

import type { HelperName } from "../../isa/helpers.ts";
import type { Graph, Node } from "./ir.ts";
import type { FloatOp } from "./opcodes.ts";
import { conversions } from "./types.ts";

export interface Speculation {
  /** What stands for a call of a helper, or undefined where it must be called. */
  float(helper: HelperName, args: readonly Node[]): Node | undefined;
  /** Tests that have not been made. */
  pending(): number;
  /** Makes them. @param refuse leaves the graph */
  settle(refuse: () => void): void;
  /** Tests that have not been made need not be, as the graph has been left. */
  drop(): void;
}

/** Of a format: bits, those of the fraction, integer lanes. */
const FORMATS = {
  f32: { bits: 32, fraction: 23, lanes: "f32x4", int: "i32x4", count: 4 },
  f64: { bits: 64, fraction: 52, lanes: "f64x2", int: "i64x2", count: 2 },
} as const;
type Format = keyof typeof FORMATS;
/** Refuses numbers of which twice the bits, plus `plus`, are below `below`. */
interface Range { plus: bigint; below: bigint }
/** `x`, `y`: one of them must be zero if the number is; anything may be zero if there are none. */
interface Check { format: Format; range: Range; number: Node; x?: Node; y?: Node }

const one = (format: Format) => 2n << BigInt(FORMATS[format].fraction); // the smallest normal number, twice
const modulo = (format: Format, value: bigint) => BigInt.asUintN(FORMATS[format].bits, value);
/** Denormals. */
const operandRange = (format: Format): Range => ({ plus: modulo(format, -1n), below: one(format) - 1n });
/** Zeros, denormals and those next to them (which may have been tiny before they were rounded), the largest, infinities, NaNs. */
const resultRange = (format: Format): Range => ({ plus: 2n * one(format), below: 4n * one(format) });
/** NaNs, zeros, denormals. */
const comparedRange = (format: Format): Range => ({ plus: one(format) - 1n, below: 2n * one(format) - 1n });
/** From a magnitude on. */
const limitRange = (format: Format, magnitude: bigint): Range => ({ plus: modulo(format, -2n * magnitude), below: modulo(format, -2n * magnitude) });
/** Singles as doubles: zeros, what is below the smallest normal single or twice that, infinities, NaNs. */
const promotedRange: Range = { plus: 2n * one("f64"), below: 2n * one("f64") + 2n * 0x3810000000000000n };
const demotedRange: Range = { plus: 2n * one("f64"), below: 2n * one("f64") + 2n * 0x3820000000000000n };

/** Limits of magnitude for conversions to 32 and 64 bits: what is below fits after rounding too. */
const LIMITS = { f32: { 32: 0x4f000000n, 64: 0x5f000000n }, f64: { 32: 0x41dfffffffc00000n, 64: 0x43e0000000000000n } } as const;
const CMP = ["eq", "lt", "le"] as const;
const ROUND = ["nearest", "floor", "ceil", "trunc"] as const;
const EVEN = { f32: [0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27], f64: [0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23] };
const ODD = { f32: EVEN.f32.map((byte) => byte + 4), f64: EVEN.f64.map((byte) => byte + 8) };

export function speculation(g: Graph): Speculation {
  const { as64 } = conversions(g);
  let checks: Check[] = [];
  /** Numbers and vectors that are ordinary or zero, or will be found to be before anybody else sees them. */
  const ordinary = { f32: new WeakSet<Node>(), f64: new WeakSet<Node>() }, comparable = { f32: new WeakSet<Node>(), f64: new WeakSet<Node>() };
  const zero = g.v128(0n, 0n);

  const lanesOf = (node: Node, format: Format) => node.op === `${FORMATS[format].lanes}.replace_lane`;
  const isOrdinary = (format: Format, node: Node): boolean => {
    if (ordinary[format].has(node) || node === zero) return true;
    if (lanesOf(node, format)) return isOrdinary(format, node.args[0]) && isOrdinary(format, node.args[1]);
    if (node.op === `${FORMATS[format].lanes}.extract_lane`) return isOrdinary(format, node.args[0]);
    if (node.op === (format === "f64" ? "v128.load64_zero" : "v128.load32_zero")) return ordinary[format].has(g.lowLane(format, node));
    if (node.op === "i8x16.shuffle") {
      const bytes = FORMATS[format].bits / 8;
      return node.args.every((arg) => isOrdinary(format, arg)) && node.lanes.every((from, to) => from % bytes === to % bytes && from - (from % bytes) === node.lanes[to - (to % bytes)]);
    }
    return false;
  };
  const operand = (format: Format, number: Node) => {
    if (isOrdinary(format, number)) return;
    checks.push({ format, range: operandRange(format), number });
    ordinary[format].add(number);
  };
  const result = (format: Format, number: Node, x?: Node, y?: Node, range = resultRange(format)) => {
    checks.push({ format, range, number, x, y });
    ordinary[format].add(number);
    return number;
  };
  const compared = (format: Format, ...numbers: Node[]) => {
    for (const number of numbers) {
      if (isOrdinary(format, number) || comparable[format].has(number)) continue;
      checks.push({ format, range: comparedRange(format), number });
      comparable[format].add(number);
    }
  };
  const below = (format: Format, number: Node, magnitude: bigint) => { checks.push({ format, range: limitRange(format, magnitude), number }); };
  /** A vector with another number in lane 0. */
  const into = (format: Format, vector: Node, number: Node) => {
    const made = g.float(`${FORMATS[format].lanes}.replace_lane`, vector, number);
    g.knowLowLane(made, number);
    return made;
  };

  // -- operations

  type Build = (args: readonly Node[]) => Node | undefined;
  type Operation = "add" | "sub" | "mul" | "div" | "sqrt";
  const arithmetic = (format: Format, operation: Operation, packed: boolean): Build => ([a, b]) => {
    const op = `${packed ? FORMATS[format].lanes : format}.${operation}` as FloatOp;
    const x = packed ? a : g.lowLane(format, a), y = packed ? b : g.lowLane(format, b);
    operand(format, y);
    if (operation !== "sqrt") operand(format, x);
    const made = operation === "sqrt" ? g.float(op, y) : g.float(op, x, y);
    result(format, made, ...(operation === "mul" ? [x, y] : operation === "div" ? [x, x] : []));
    return packed ? made : into(format, a, made);
  };
  const extreme = (format: Format, operation: "pmin" | "pmax", packed: boolean): Build => ([a, b]) => {
    const { lanes } = FORMATS[format], x = packed ? a : g.lowLane(format, a), y = packed ? b : g.lowLane(format, b);
    compared(format, x, y);
    const both = isOrdinary(format, x) && isOrdinary(format, y);
    const vector = packed ? g.float(`${lanes}.${operation}`, b, a) : g.float(`${lanes}.${operation}`, g.float(`${lanes}.splat`, y), g.float(`${lanes}.splat`, x));
    const made = packed ? vector : g.lowLane(format, vector);
    if (both) ordinary[format].add(made);
    return packed ? made : into(format, a, made);
  };
  const compareFlags = (format: Format): Build => ([a, b]) => {
    const x = g.lowLane(format, a), y = g.lowLane(format, b);
    compared(format, x, y);
    const bit = (name: "lt" | "eq") => g.pure("i64.extend_i32_u", g.float(`${format}.${name}`, x, y));
    return g.pure("i64.or", bit("lt"), g.pure("i64.shl", bit("eq"), g.i64(6)));
  };
  const compare = (format: Format, packed: boolean): Build => ([a, b, predicate]) => {
    if (predicate.kind !== "const") return undefined;
    const kind = predicate.low & 3, { lanes, int } = FORMATS[format];
    const x = packed ? a : g.lowLane(format, a), y = packed ? b : g.lowLane(format, b);
    compared(format, x, y);
    const splat = (value: Node) => (packed ? value : g.float(`${lanes}.splat`, value));
    const holds = kind === 3 ? zero : g.float(`${lanes}.${CMP[kind]}`, splat(x), splat(y));
    const mask = (predicate.low & 4) !== 0 ? g.simd("v128.not", [holds]) : holds;
    if (packed) return mask;
    return int === "i64x2" ? g.simd("i64x2.replace_lane", [a, g.simd("i64x2.extract_lane", [mask], [0])], [0]) : g.simd("i32x4.replace_lane", [a, g.simd("i32x4.extract_lane", [mask], [0])], [0]);
  };
  const fromInteger = (format: Format): Build => ([a, value]) => {
    const number = format === "f64" && value.op === "i64.extend_i32_s" ? g.float("f64.convert_i32_s", value.args[0]) : g.float(`${format}.convert_i64_s`, as64(value));
    ordinary[format].add(number);
    return into(format, a, number);
  };
  const toInteger = (format: Format): Build => ([a, truncate, width]) => {
    if (truncate.kind !== "const" || width.kind !== "const") return undefined;
    const x = g.lowLane(format, a), limit = LIMITS[format][width.low === 32 ? 32 : 64], { lanes } = FORMATS[format];
    const whole = truncate.low !== 0 ? x : g.float(`${format}.nearest`, x);
    if (width.low === 32) {
      below(format, x, limit);
      const lane = g.simd("i32x4.extract_lane", [g.float(format === "f32" ? "i32x4.trunc_sat_f32x4_s" : "i32x4.trunc_sat_f64x2_s_zero", g.float(`${lanes}.splat`, whole))], [0]);
      return g.pure("i64.extend_i32_u", lane);
    }
    // the conversion traps, so its operand must fit even where the test comes later
    below(format, x, limit);
    const bits = format === "f32" ? g.float("i32.reinterpret_f32", x) : g.float("i64.reinterpret_f64", x);
    const fits = format === "f32" ? g.pure("i32.lt_u", g.pure("i32.add", bits, bits), g.i32(Number(2n * limit))) : g.pure("i64.lt_u", g.pure("i64.add", bits, bits), g.i64(2n * limit));
    return g.partial(`i64.trunc_${format}_s`, g.select(fits, whole, g.lowLane(format, zero)));
  };
  const packedToInteger = (format: Format): Build => ([a, truncate]) => {
    if (truncate.kind !== "const") return undefined;
    below(format, a, LIMITS[format][32]);
    return g.float(format === "f32" ? "i32x4.trunc_sat_f32x4_s" : "i32x4.trunc_sat_f64x2_s_zero", truncate.low !== 0 ? a : g.float(`${FORMATS[format].lanes}.nearest`, a));
  };
  const round = (format: Format, packed: boolean): Build => ([a, b, control]) => {
    if (control.kind !== "const") return undefined;
    const name = (control.low & 4) !== 0 ? "nearest" : ROUND[control.low & 3], { lanes } = FORMATS[format], x = packed ? b : g.lowLane(format, b);
    compared(format, x);
    const made = g.float(`${packed ? lanes : format}.${name}`, x);
    if (isOrdinary(format, x)) ordinary[format].add(made);
    return packed ? made : into(format, a, made);
  };
  /** Lanes next to each other. */
  const horizontal = (format: Format, operation: "add" | "sub"): Build => ([a, b]) =>
    arithmetic(format, operation, true)([g.simd("i8x16.shuffle", [a, b], EVEN[format]), g.simd("i8x16.shuffle", [a, b], ODD[format])]);
  const alternating = (format: Format): Build => ([a, b]) => {
    const { lanes, bits } = FORMATS[format], ones = (1n << BigInt(bits)) - 1n, odd = bits === 64 ? g.v128(0n, ones) : g.v128(ones << 32n, ones << 32n);
    operand(format, a);
    operand(format, b);
    return result(format, g.simd("v128.bitselect", [g.float(`${lanes}.add`, a, b), g.float(`${lanes}.sub`, a, b), odd]));
  };

  const builds: Partial<Record<HelperName, Build>> = {
    fpCvtsi2ss: fromInteger("f32"), fpCvtsi2sd: fromInteger("f64"), fpCvtss2si: toInteger("f32"), fpCvtsd2si: toInteger("f64"),
    fpCvtps2dq: packedToInteger("f32"), fpCvtpd2dq: packedToInteger("f64"),
    fpCvtdq2pd: ([a]) => {
      const made = g.float("f64x2.convert_low_i32x4_s", a);
      ordinary.f64.add(made);
      return made;
    },
    fpCvtdq2ps: ([a]) => {
      const made = g.float("f32x4.convert_i32x4_s", a);
      ordinary.f32.add(made);
      return made;
    },
    fpCvtss2sd: ([a, b]) => {
      const x = g.lowLane("f32", b), made = g.float("f64.promote_f32", x);
      if (isOrdinary("f32", x)) ordinary.f64.add(made);
      else result("f64", made, undefined, undefined, promotedRange);
      return into("f64", a, made);
    },
    fpCvtsd2ss: ([a, b]) => {
      const x = g.lowLane("f64", b), made = g.float("f32.demote_f64", x);
      result("f64", g.float("f64.promote_f32", made), x, x, demotedRange);
      ordinary.f32.add(made);
      return into("f32", a, made);
    },
    fpCvtps2pd: ([a]) => {
      const made = g.float("f64x2.promote_low_f32x4", a);
      if (!isOrdinary("f32", a)) return result("f64", made, undefined, undefined, promotedRange);
      ordinary.f64.add(made);
      return made;
    },
  };
  for (const [format, single, all] of [["f32", "Ss", "Ps"], ["f64", "Sd", "Pd"]] as const) {
    for (const [name, operation] of [["Add", "add"], ["Sub", "sub"], ["Mul", "mul"], ["Div", "div"], ["Sqrt", "sqrt"]] as const) {
      builds[`fp${name}${single}`] = arithmetic(format, operation, false);
      builds[`fp${name}${all}`] = arithmetic(format, operation, true);
    }
    for (const [name, operation] of [["Min", "pmin"], ["Max", "pmax"]] as const) {
      builds[`fp${name}${single}`] = extreme(format, operation, false);
      builds[`fp${name}${all}`] = extreme(format, operation, true);
    }
    builds[`fpCmp${single}`] = compare(format, false);
    builds[`fpCmp${all}`] = compare(format, true);
    builds[`fpRound${single}`] = round(format, false);
    builds[`fpRound${all}`] = round(format, true);
    builds[`fpComi${single}`] = builds[`fpUcomi${single}`] = compareFlags(format);
    builds[`fpHadd${all}`] = horizontal(format, "add");
    builds[`fpHsub${all}`] = horizontal(format, "sub");
    builds[`fpAddsub${all}`] = alternating(format);
  }

  // -- tests

  const constant = (format: Format, values: readonly bigint[]) => {
    const { bits, count } = FORMATS[format];
    let whole = 0n;
    for (let lane = 0; lane < count; lane++) whole |= BigInt.asUintN(bits, values[lane] ?? values[0]) << BigInt(lane * bits);
    return g.v128(BigInt.asUintN(64, whole), whole >> 64n);
  };
  /** Scalars side by side. */
  const pack = (format: Format, numbers: readonly Node[]) => {
    if (numbers[0].type === "v128") return numbers[0];
    return numbers.slice(1).reduce((vector, number, index) => g.replaceLane(vector, number, index + 1), g.float(`${FORMATS[format].lanes}.splat`, numbers[0]));
  };
  /** As `pack`, with zeros for those that are missing. */
  const packSome = (format: Format, numbers: readonly (Node | undefined)[]) => {
    if (numbers[0]?.type === "v128") return numbers[0];
    return numbers.reduce((vector: Node, number, index) => (number ? g.replaceLane(vector, number, index) : vector), zero);
  };
  const isZero = (format: Format, v: Node) => g.float(`${FORMATS[format].lanes}.eq`, v, zero);
  const or = (masks: readonly Node[]) => masks.reduce((sum, mask) => g.simd("v128.or", [sum, mask]));
  const limits = (format: Format, list: readonly Check[]) => constant(format, list.map(({ range }) => range.below - (1n << BigInt(FORMATS[format].bits - 1))));
  const moves = (format: Format, list: readonly Check[], factor: bigint) => constant(format, list.map(({ range }) => factor * (range.plus + (1n << BigInt(FORMATS[format].bits - 1)))));
  const test = (format: Format, list: readonly Check[]) => {
    const { int } = FORMATS[format], v = pack(format, list.map(({ number }) => number));
    return g.simd(`${int}.gt_s`, [limits(format, list), g.simd(`${int}.add`, [g.simd(`${int}.add`, [v, v]), moves(format, list, 1n)])]);
  };
  /** The same again, less what is pardoned: written in another way, so that nothing of `test` is kept for it. */
  const retest = (format: Format, list: readonly Check[]) => {
    const { int } = FORMATS[format], v = packSome(format, list.map(({ number }) => number));
    const mask = g.simd(`${int}.gt_s`, [limits(format, list), g.simd(`${int}.sub`, [g.simd(`${int}.shl`, [v, g.i32(1)]), moves(format, list, -1n)])]);
    const exact = () => g.simd("v128.or", [isZero(format, packSome(format, list.map(({ x }) => x))), isZero(format, packSome(format, list.map(({ y }) => y)))]);
    const pardon = list.some(({ x }) => x) ? g.simd("v128.and", [isZero(format, v), exact()]) : isZero(format, v);
    return g.simd("v128.andnot", [mask, pardon]);
  };

  const settle = (refuse: () => void) => {
    const parts: [Format, Check[]][] = [];
    for (const format of ["f32", "f64"] as const) {
      const mine = checks.filter((check) => check.format === format), scalars = mine.filter(({ number }) => number.type !== "v128");
      for (const check of mine) if (check.number.type === "v128") parts.push([format, [check]]);
      for (let at = 0; at < scalars.length; at += FORMATS[format].count) parts.push([format, scalars.slice(at, at + FORMATS[format].count)]);
    }
    checks = [];
    if (parts.length === 0) return;
    g.when(g.simd("v128.any_true", [or(parts.map(([format, list]) => test(format, list)))]), () => {
      g.rare();
      g.when(g.simd("v128.any_true", [or(parts.map(([format, list]) => retest(format, list)))]), refuse);
    });
  };
  return {
    float: (helper, args) => (g.scope().parent ? undefined : builds[helper]?.(args)),
    pending: () => checks.length,
    settle,
    drop: () => { checks = []; },
  };
}
