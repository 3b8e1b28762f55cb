// What must be known of numbers so that Wasm's floating point is that of the guest's CPU (speculate.ts). There are two ways to know it: by testing
// each number (tested.ts), or by testing what comes in, and reasoning about what comes out (bounds.ts).

import type { Graph, Node } from "./ir.ts";
import { FORMATS, type Format } from "./ranges.ts";

export type Operation = "add" | "sub" | "mul" | "div" | "sqrt";

/** Gets what was done: `made` of `x` and `y`, numbers or vectors of one format. */
export interface Proof {
  /** `x` is left out for square roots. */
  arithmetic(format: Format, operation: Operation, made: Node, y: Node, x?: Node): void;
  /** Numbers that were compared, and chosen or rounded. */
  compared(format: Format, numbers: readonly Node[]): void;
  /** One of them. */
  chosen(format: Format, made: Node, x: Node, y: Node): void;
  /** Integers, made of integers or, exactly, of a number. */
  integral(format: Format, made: Node, x?: Node): void;
  /** The magnitude of a number is below that of which these are the bits. */
  below(format: Format, number: Node, magnitude: bigint): void;
  /** A double of a single, and a single of a double. */
  promoted(made: Node, x: Node): void;
  demoted(made: Node, x: Node): void;
  /** Tests that have not been made. */
  pending(): number;
  /** Makes them. @param refuse leaves the graph */
  settle(refuse: () => void): void;
  /** The graph has ended: tests that have not been made need not be, and nothing is known any more. */
  drop(): void;
}

/** Does a shuffle leave the lanes of this size whole, and in their places? */
const keepsLanes = (lanes: readonly number[], bytes: number) => lanes.every((from, to) => from % bytes === to % bytes && from - (from % bytes) === lanes[to - (to % bytes)]);

/** Numbers and vectors that the lanes of a vector, or a number, are taken from as they are; undefined where that is not known. */
export function lanesOf(g: Graph, format: Format, node: Node): readonly Node[] | undefined {
  const { lanes, bits } = FORMATS[format], alone = format === "f64" ? "v128.load64_zero" : "v128.load32_zero";
  switch (node.op) {
    case `${lanes}.replace_lane`: case `${lanes}.splat`: return node.args;
    case `${lanes}.extract_lane`: return node.args[0].op === alone ? undefined : node.args;
    case alone: return [g.lowLane(format, node)];
    case "i8x16.shuffle": return keepsLanes(node.lanes, bits / 8) ? node.args : undefined;
    default: return undefined;
  }
}
