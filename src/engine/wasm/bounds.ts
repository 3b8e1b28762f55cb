// What comes in is tested, and from that follows what comes out (proof.ts). Numbers that come in are zero or not smaller than a power of two; then
//
//   - a product is zero or not smaller than the product of two such powers, as long as that is a normal number;
//   - a sum is a multiple of the smallest unit in the last place that its operands have, so zero or not smaller than that;
//   - a quotient, too, as divisors are tested to be neither zero nor large.
//
// So nothing underflows, and no operand is denormal. What overflows is infinite, and what is infinite or no number stays that through further
// arithmetic: only who is the last to be computed is looked at. What is refused without need, as it is not zero but very small, makes that
// the region is compiled to test each number (tested.ts), if it happens often.

import type { Graph, Node } from "./ir.ts";
import { lanesOf, type Proof } from "./proof.ts";
import { anyOf, FORMAT_NAMES, FORMATS, limitRange, outside, rangeTests, smallest, smallRange, together, type Check, type Format } from "./ranges.ts";

/** A number is zero, or its magnitude is at least 2^least; it is a multiple of 2^unit. */
interface Bound { least: number; unit: number }
const UNKNOWN: Bound = { least: -Infinity, unit: -Infinity }, ZERO: Bound = { least: Infinity, unit: Infinity }, INTEGRAL: Bound = { least: 0, unit: 0 };
/** What comes in is tested to be zero or to have at least this exponent: little enough that there is hardly anything smaller, and large enough for some products. */
const LEAST = { f32: -40, f64: -320 } as const;
/** Divisors have at most this exponent. */
const MOST_DIVISOR = { f32: 40, f64: 400 } as const;
const SMALLEST_SINGLE = smallest("f32");

/** Of a number that is one of several. */
const either = (bounds: readonly Bound[]): Bound => ({ least: Math.min(...bounds.map(({ least }) => least)), unit: Math.min(...bounds.map(({ unit }) => unit)) });

export function boundsProof(g: Graph): Proof {
  const bounds = { f32: new Map<Node, Bound>(), f64: new Map<Node, Bound>() };
  /** Not NaN, or will be found not to be before anybody else sees it. */
  const numbers = { f32: new Set<Node>(), f64: new Set<Node>() };
  const divisors = { f32: new Set<Node>(), f64: new Set<Node>() };
  /** Tests to make: of ranges, of results that nothing was computed of yet, of what must not be NaN. */
  let checks: Check[] = [];
  const leasts = { f32: new Map<Node, Check>(), f64: new Map<Node, Check>() };
  const last = { f32: new Set<Node>(), f64: new Set<Node>() }, compared = { f32: new Set<Node>(), f64: new Set<Node>() };
  const zero = g.v128(0n, 0n), { test } = rangeTests(g);

  const boundOf = (format: Format, node: Node): Bound => {
    const known = node === zero ? ZERO : bounds[format].get(node);
    if (known) return known;
    const parts = lanesOf(g, format, node)?.map((part) => boundOf(format, part));
    return parts ? either(parts) : UNKNOWN;
  };
  const isNumber = (format: Format, node: Node): boolean => {
    if (node === zero || numbers[format].has(node)) return true;
    return lanesOf(g, format, node)?.every((part) => isNumber(format, part)) ?? false;
  };
  const atLeast = (format: Format, least: number, unit = least - FORMATS[format].fraction): Bound => ({ least, unit: Math.max(unit, least - FORMATS[format].fraction) });
  /** What is not known to be zero or to have this exponent is tested. */
  const need = (format: Format, number: Node, least: number) => {
    if (boundOf(format, number).least >= least) return;
    leasts[format].set(number, { format, number, range: smallRange(format, least) });
    bounds[format].set(number, atLeast(format, least, boundOf(format, number).unit));
  };
  /** Operands are tested, the smaller first, until their result cannot be too small. */
  const ensure = (format: Format, operands: readonly Node[], result: (...bounds: Bound[]) => Bound): Bound => {
    for (;;) {
      const known = operands.map((operand) => boundOf(format, operand)), made = result(...known);
      if (made.least >= smallest(format)) return made;
      const next = operands.map((operand, index) => ({ operand, ...known[index] })).filter(({ least }) => least < LEAST[format]).sort((a, b) => a.unit - b.unit)[0];
      need(format, next.operand, LEAST[format]);
    }
  };
  const sum = (x: Bound, y: Bound): Bound => {
    const unit = Math.min(x.unit, y.unit);
    return { least: unit, unit };
  };
  const results = {
    add: sum, sub: sum,
    mul: (format: Format, x: Bound, y: Bound) => atLeast(format, x.least + y.least, x.unit + y.unit),
    div: (format: Format, x: Bound) => atLeast(format, x.least - MOST_DIVISOR[format]),
    sqrt: (format: Format, y: Bound) => atLeast(format, Math.floor(y.least / 2)),
  };
  /** A result, which is infinite or NaN if one of `from` is. */
  const result = (format: Format, made: Node, bound: Bound, from: readonly Node[]) => {
    for (const node of from) last[format].delete(node);
    bounds[format].set(made, bound);
    numbers[format].add(made);
    last[format].add(made);
  };
  const divisor = (format: Format, y: Node) => {
    if (divisors[format].has(y)) return;
    divisors[format].add(y);
    const { least } = boundOf(format, y), lowest = least >= smallest(format) ? smallest(format) : LEAST[format];
    checks.push({ format, number: y, range: outside(format, lowest, MOST_DIVISOR[format]) });
    if (lowest > least) bounds[format].set(y, atLeast(format, lowest));
  };

  /** One number that is infinite or NaN if one of these is. */
  const total = (format: Format, nodes: readonly Node[]): Node => {
    const add = (list: readonly Node[], op: "f32.add" | "f64.add" | "f32x4.add" | "f64x2.add"): Node =>
      (list.length === 1 ? list[0] : g.float(op, add(list.slice(0, list.length >> 1), op), add(list.slice(list.length >> 1), op)));
    const scalars = nodes.filter(({ type }) => type !== "v128"), vectors = nodes.filter(({ type }) => type === "v128"), { lanes } = FORMATS[format];
    if (scalars.length > 0) vectors.push(g.float(`${lanes}.splat`, add(scalars, `${format}.add`)));
    return add(vectors, `${lanes}.add`);
  };
  const forget = () => {
    checks = [];
    for (const format of FORMAT_NAMES) for (const tests of [leasts[format], last[format], compared[format]]) tests.clear();
  };
  return {
    arithmetic: (format, operation, made, y, x) => {
      if (operation === "sqrt") result(format, made, ensure(format, [y], (b) => (b.least >= smallest(format) ? results.sqrt(format, b) : UNKNOWN)), [y]);
      else if (operation === "div") {
        divisor(format, y); // what it is divided by may be infinite without showing
        result(format, made, ensure(format, [x!], (b) => results.div(format, b)), [x!]);
      } else result(format, made, ensure(format, [x!, y], (a, b) => (operation === "mul" ? results.mul(format, a, b) : results[operation](a, b))), [x!, y]);
    },
    compared: (format, list) => {
      for (const number of list) {
        need(format, number, smallest(format));
        if (isNumber(format, number)) continue;
        compared[format].add(number);
        numbers[format].add(number);
      }
    },
    chosen: (format, made, x, y) => {
      bounds[format].set(made, either([boundOf(format, x), boundOf(format, y)]));
      numbers[format].add(made);
    },
    integral: (format, made) => {
      bounds[format].set(made, INTEGRAL);
      numbers[format].add(made);
    },
    below: (format, number, magnitude) => {
      checks.push({ format, range: limitRange(format, magnitude), number });
      last[format].delete(number);
    },
    promoted: (made, x) => {
      const known = boundOf("f32", x), isKnown = known.least >= SMALLEST_SINGLE;
      last.f32.delete(x);
      result("f64", made, isKnown ? known : UNKNOWN, []);
      if (isKnown) return;
      need("f64", made, SMALLEST_SINGLE);
      bounds.f64.set(made, { least: SMALLEST_SINGLE, unit: SMALLEST_SINGLE - FORMATS.f32.fraction });
    },
    demoted: (made, x) => {
      need("f64", x, SMALLEST_SINGLE);
      last.f64.delete(x);
      result("f32", made, atLeast("f32", boundOf("f64", x).least), []);
    },
    pending: () => FORMAT_NAMES.reduce((count, format) => count + leasts[format].size + last[format].size + compared[format].size, checks.length),
    settle: (refuse) => {
      const masks = together([...checks, ...leasts.f32.values(), ...leasts.f64.values()]).map(test);
      for (const format of FORMAT_NAMES) {
        const { lanes } = FORMATS[format];
        if (last[format].size > 0) {
          const all = total(format, [...last[format]]);
          masks.push(g.float(`${lanes}.sub`, all, all)); // zero, or NaN
        }
        if (compared[format].size > 0) {
          const all = total(format, [...compared[format]]);
          masks.push(g.float(`${lanes}.ne`, all, all));
        }
      }
      forget();
      if (masks.length > 0) g.when(anyOf(g, masks), () => {
        g.rare();
        refuse();
      });
    },
    drop: () => {
      forget();
      for (const format of FORMAT_NAMES) for (const known of [bounds[format], numbers[format], divisors[format]]) known.clear();
    },
  };
}
