// SSE floating point where MXCSR is known to ask for what Wasm does: round to nearest, all masked, PE set. Operations are done at once, and
// what would tell them apart is tested for several of them together (docs/adr/0006): operands that are denormal, results that are not
// ordinary. Where the test fails nothing has happened yet that cannot be taken back, and the interpreter executes all of it.
//
// DAZ and FTZ do not matter: what they change is refused.

import type { HelperName } from "../../isa/helpers.ts";
import { boundsProof } from "./bounds.ts";
import type { Graph, Node } from "./ir.ts";
import type { FloatOp } from "./opcodes.ts";
import type { Operation, Proof } from "./proof.ts";
import { FORMATS, type Format } from "./ranges.ts";
import { testedProof } from "./tested.ts";
import { conversions } from "./types.ts";

export interface Speculation extends Pick<Proof, "pending" | "settle" | "drop"> {
  /** What stands for a call of a helper, or undefined where it must be called. */
  float(helper: HelperName, args: readonly Node[]): Node | undefined;
}
/** How it is known that results are right: what is computed is bounded by what it is computed of, or each number is tested. */
export type Trust = "bounds" | "tests";

/** Limits of magnitude for conversions to 32 and 64 bits: what is below fits after rounding too. */
const LIMITS = { f32: { 32: 0x4f000000n, 64: 0x5f000000n }, f64: { 32: 0x41dfffffffc00000n, 64: 0x43e0000000000000n } } as const;
const CMP = ["eq", "lt", "le"] as const;
const ROUND = ["nearest", "floor", "ceil", "trunc"] as const;
const EVEN = { f32: [0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27], f64: [0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23] };
const ODD = { f32: EVEN.f32.map((byte) => byte + 4), f64: EVEN.f64.map((byte) => byte + 8) };

/** @param trust may change from one graph to the next */
export function speculation(g: Graph, trust: () => Trust): Speculation {
  const { as64 } = conversions(g);
  const proofs: Record<Trust, Proof> = { bounds: boundsProof(g), tests: testedProof(g) };
  let proof = proofs.bounds;
  const zero = g.v128(0n, 0n);

  /** A vector with another number in lane 0. */
  const into = (format: Format, vector: Node, number: Node) => {
    const made = g.float(`${FORMATS[format].lanes}.replace_lane`, vector, number);
    g.knowLowLane(made, number);
    return made;
  };

  // -- operations

  type Build = (args: readonly Node[]) => Node | undefined;
  const arithmetic = (format: Format, operation: Operation, packed: boolean): Build => ([a, b]) => {
    const op = `${packed ? FORMATS[format].lanes : format}.${operation}` as FloatOp;
    const x = packed ? a : g.lowLane(format, a), y = packed ? b : g.lowLane(format, b);
    const made = operation === "sqrt" ? g.float(op, y) : g.float(op, x, y);
    proof.arithmetic(format, operation, made, y, operation === "sqrt" ? undefined : x);
    return packed ? made : into(format, a, made);
  };
  const extreme = (format: Format, operation: "pmin" | "pmax", packed: boolean): Build => ([a, b]) => {
    const { lanes } = FORMATS[format], x = packed ? a : g.lowLane(format, a), y = packed ? b : g.lowLane(format, b);
    proof.compared(format, [x, y]);
    const vector = packed ? g.float(`${lanes}.${operation}`, b, a) : g.float(`${lanes}.${operation}`, g.float(`${lanes}.splat`, y), g.float(`${lanes}.splat`, x));
    const made = packed ? vector : g.lowLane(format, vector);
    proof.chosen(format, made, x, y);
    return packed ? made : into(format, a, made);
  };
  const compareFlags = (format: Format): Build => ([a, b]) => {
    const x = g.lowLane(format, a), y = g.lowLane(format, b);
    proof.compared(format, [x, y]);
    const bit = (name: "lt" | "eq") => g.pure("i64.extend_i32_u", g.float(`${format}.${name}`, x, y));
    return g.pure("i64.or", bit("lt"), g.pure("i64.shl", bit("eq"), g.i64(6)));
  };
  const compare = (format: Format, packed: boolean): Build => ([a, b, predicate]) => {
    if (predicate.kind !== "const") return undefined;
    const kind = predicate.low & 3, { lanes, int } = FORMATS[format];
    const x = packed ? a : g.lowLane(format, a), y = packed ? b : g.lowLane(format, b);
    proof.compared(format, [x, y]);
    const splat = (value: Node) => (packed ? value : g.float(`${lanes}.splat`, value));
    const holds = kind === 3 ? zero : g.float(`${lanes}.${CMP[kind]}`, splat(x), splat(y));
    const mask = (predicate.low & 4) !== 0 ? g.simd("v128.not", [holds]) : holds;
    if (packed) return mask;
    return int === "i64x2" ? g.simd("i64x2.replace_lane", [a, g.simd("i64x2.extract_lane", [mask], [0])], [0]) : g.simd("i32x4.replace_lane", [a, g.simd("i32x4.extract_lane", [mask], [0])], [0]);
  };
  const fromInteger = (format: Format): Build => ([a, value]) => {
    const number = format === "f64" && value.op === "i64.extend_i32_s" ? g.float("f64.convert_i32_s", value.args[0]) : g.float(`${format}.convert_i64_s`, as64(value));
    proof.integral(format, number);
    return into(format, a, number);
  };
  const toInteger = (format: Format): Build => ([a, truncate, width]) => {
    if (truncate.kind !== "const" || width.kind !== "const") return undefined;
    const x = g.lowLane(format, a), limit = LIMITS[format][width.low === 32 ? 32 : 64], { lanes } = FORMATS[format];
    const whole = truncate.low !== 0 ? x : g.float(`${format}.nearest`, x);
    if (width.low === 32) {
      proof.below(format, x, limit);
      const lane = g.simd("i32x4.extract_lane", [g.float(format === "f32" ? "i32x4.trunc_sat_f32x4_s" : "i32x4.trunc_sat_f64x2_s_zero", g.float(`${lanes}.splat`, whole))], [0]);
      return g.pure("i64.extend_i32_u", lane);
    }
    // the conversion traps, so its operand must fit even where the test comes later
    proof.below(format, x, limit);
    const bits = format === "f32" ? g.float("i32.reinterpret_f32", x) : g.float("i64.reinterpret_f64", x);
    const fits = format === "f32" ? g.pure("i32.lt_u", g.pure("i32.add", bits, bits), g.i32(Number(2n * limit))) : g.pure("i64.lt_u", g.pure("i64.add", bits, bits), g.i64(2n * limit));
    return g.partial(`i64.trunc_${format}_s`, g.select(fits, whole, g.lowLane(format, zero)));
  };
  const packedToInteger = (format: Format): Build => ([a, truncate]) => {
    if (truncate.kind !== "const") return undefined;
    proof.below(format, a, LIMITS[format][32]);
    return g.float(format === "f32" ? "i32x4.trunc_sat_f32x4_s" : "i32x4.trunc_sat_f64x2_s_zero", truncate.low !== 0 ? a : g.float(`${FORMATS[format].lanes}.nearest`, a));
  };
  const round = (format: Format, packed: boolean): Build => ([a, b, control]) => {
    if (control.kind !== "const") return undefined;
    const name = (control.low & 4) !== 0 ? "nearest" : ROUND[control.low & 3], { lanes } = FORMATS[format], x = packed ? b : g.lowLane(format, b);
    proof.compared(format, [x]);
    const made = g.float(`${packed ? lanes : format}.${name}`, x);
    proof.integral(format, made, x);
    return packed ? made : into(format, a, made);
  };
  /** Lanes next to each other. */
  const horizontal = (format: Format, operation: "add" | "sub"): Build => ([a, b]) =>
    arithmetic(format, operation, true)([g.simd("i8x16.shuffle", [a, b], EVEN[format]), g.simd("i8x16.shuffle", [a, b], ODD[format])]);
  const alternating = (format: Format): Build => ([a, b]) => {
    const { lanes, bits } = FORMATS[format], ones = (1n << BigInt(bits)) - 1n, odd = bits === 64 ? g.v128(0n, ones) : g.v128(ones << 32n, ones << 32n);
    const made = g.simd("v128.bitselect", [g.float(`${lanes}.add`, a, b), g.float(`${lanes}.sub`, a, b), odd]);
    proof.arithmetic(format, "add", made, b, a);
    return made;
  };

  const builds: Partial<Record<HelperName, Build>> = {
    fpCvtsi2ss: fromInteger("f32"), fpCvtsi2sd: fromInteger("f64"), fpCvtss2si: toInteger("f32"), fpCvtsd2si: toInteger("f64"),
    fpCvtps2dq: packedToInteger("f32"), fpCvtpd2dq: packedToInteger("f64"),
    fpCvtdq2pd: ([a]) => {
      const made = g.float("f64x2.convert_low_i32x4_s", a);
      proof.integral("f64", made);
      return made;
    },
    fpCvtdq2ps: ([a]) => {
      const made = g.float("f32x4.convert_i32x4_s", a);
      proof.integral("f32", made);
      return made;
    },
    fpCvtss2sd: ([a, b]) => {
      const x = g.lowLane("f32", b), made = g.float("f64.promote_f32", x);
      proof.promoted(made, x);
      return into("f64", a, made);
    },
    fpCvtsd2ss: ([a, b]) => {
      const x = g.lowLane("f64", b), made = g.float("f32.demote_f64", x);
      proof.demoted(made, x);
      return into("f32", a, made);
    },
    fpCvtps2pd: ([a]) => {
      const made = g.float("f64x2.promote_low_f32x4", a);
      proof.promoted(made, a);
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

  return {
    float: (helper, args) => {
      if (g.scope().parent) return undefined;
      proof = proofs[trust()];
      return builds[helper]?.(args);
    },
    pending: () => proof.pending(),
    settle: (refuse) => { proof.settle(refuse); },
    drop: () => {
      proofs.bounds.drop();
      proofs.tests.drop();
    },
  };
}
