// Each operand and each result is tested (proof.ts): operands that are denormal, results that are not ordinary. Operands that are results need no
// test. Zeros count as not ordinary at first; in a branch behind the test, those that are exact are pardoned.

import type { Graph, Node } from "./ir.ts";
import { lanesOf, type Proof } from "./proof.ts";
import { anyOf, comparedRange, demotedRange, FORMATS, limitRange, promotedRange, rangeTests, resultRange, smallest, smallRange, together, type Check, type Format, type Range } from "./ranges.ts";

/** `x`, `y`: one of them must be zero if the number is; anything may be zero if there are none. */
interface Pardoned extends Check { x?: Node; y?: Node }

export function testedProof(g: Graph): Proof {
  let checks: Pardoned[] = [];
  /** Numbers and vectors that are ordinary or zero, or will be found to be before anybody else sees them. */
  const ordinary = { f32: new Set<Node>(), f64: new Set<Node>() }, comparable = { f32: new Set<Node>(), f64: new Set<Node>() };
  const zero = g.v128(0n, 0n), { test, retest } = rangeTests(g);

  const isOrdinary = (format: Format, node: Node): boolean => {
    if (ordinary[format].has(node) || node === zero) return true;
    const parts = lanesOf(g, format, node);
    return parts !== undefined && parts.every((part) => isOrdinary(format, part));
  };
  const operand = (format: Format, number: Node) => {
    if (isOrdinary(format, number)) return;
    checks.push({ format, range: smallRange(format, smallest(format)), number });
    ordinary[format].add(number);
  };
  const result = (format: Format, number: Node, x?: Node, y?: Node, range: Range = resultRange(format)) => {
    checks.push({ format, range, number, x, y });
    ordinary[format].add(number);
  };
  /** As scalars side by side, with zeros for those that are missing. */
  const packSome = (format: Format, numbers: readonly (Node | undefined)[]) => {
    if (numbers[0]?.type === "v128") return numbers[0];
    return numbers.reduce((vector: Node, number, index) => (number ? g.replaceLane(vector, number, index) : vector), zero);
  };
  const again = (list: readonly Pardoned[]) => {
    const { format } = list[0], v = packSome(format, list.map(({ number }) => number));
    const isZero = (vector: Node) => g.float(`${FORMATS[format].lanes}.eq`, vector, zero);
    const exact = () => g.simd("v128.or", [isZero(packSome(format, list.map(({ x }) => x))), isZero(packSome(format, list.map(({ y }) => y)))]);
    return g.simd("v128.andnot", [retest(list, v), list.some(({ x }) => x) ? g.simd("v128.and", [isZero(v), exact()]) : isZero(v)]);
  };
  return {
    arithmetic: (format, operation, made, y, x) => {
      operand(format, y);
      if (x) operand(format, x);
      result(format, made, ...(operation === "mul" ? [x, y] : operation === "div" ? [x, x] : []));
    },
    compared: (format, numbers) => {
      for (const number of numbers) {
        if (isOrdinary(format, number) || comparable[format].has(number)) continue;
        checks.push({ format, range: comparedRange(format), number });
        comparable[format].add(number);
      }
    },
    chosen: (format, made, x, y) => { if (isOrdinary(format, x) && isOrdinary(format, y)) ordinary[format].add(made); },
    integral: (format, made, x) => { if (!x || isOrdinary(format, x)) ordinary[format].add(made); },
    below: (format, number, magnitude) => { checks.push({ format, range: limitRange(format, magnitude), number }); },
    promoted: (made, x) => {
      if (isOrdinary("f32", x)) ordinary.f64.add(made);
      else result("f64", made, undefined, undefined, promotedRange);
    },
    demoted: (made, x) => {
      result("f64", made.type === "v128" ? g.float("f64x2.promote_low_f32x4", made) : g.float("f64.promote_f32", made), x, x, demotedRange);
      ordinary.f32.add(made);
    },
    pending: () => checks.length,
    settle: (refuse) => {
      const groups = together(checks);
      checks = [];
      if (groups.length > 0) g.when(anyOf(g, groups.map(test)), () => {
        g.rare();
        g.when(anyOf(g, groups.map(again)), refuse);
      });
    },
    drop: () => {
      checks = [];
      for (const known of [ordinary.f32, ordinary.f64, comparable.f32, comparable.f64]) known.clear();
    },
  };
}
