// What the parts of `run` are written with: its locals, and graphs between instructions that are written by hand.

import { CONSTANTS as C, OFFSET } from "../../hal/layout.ts";
import { assembler } from "../wasm/assembler.ts";
import { byteWriter } from "../wasm/bytes.ts";
import { createGraph, type Graph, type Node } from "../wasm/ir.ts";
import { localPool, lower } from "../wasm/lower.ts";
import { CONTROL as W, type ValueType } from "../wasm/opcodes.ts";
import { OP_LOCAL, STATE_LOCAL } from "./handlers.ts";

/** Behind the parameters: the block that executes, the budget, and what a function has answered. */
export const BLOCK_LOCAL = 2, BUDGET_LOCAL = 3, STATUS_LOCAL = 4, FIRST_FREE_LOCAL = 5, LOCAL_TYPES: readonly ValueType[] = ["i32", "i64", "i32"];

/** By the name of a graph's exit: what is written there. `emit` writes its value; so many labels are open within the graph. */
export type Exits = Record<string, (emit: () => void, depth: number) => void>;

/** @param more locals that the function has behind LOCAL_TYPES */
export function runWriter(more = 0) {
  const out = byteWriter(), a = assembler(out), locals = localPool(FIRST_FREE_LOCAL + more);
  const inline = (record: (g: Graph, state: Node) => void, exits: Exits) => {
    const graph = createGraph();
    record(graph, graph.param(STATE_LOCAL, "i32"));
    lower(graph, out, { locals, exit: (node, depth, _out, emit) => exits[node.op](() => emit(node.args[0]), depth) });
  };
  const branchTo = (label: number, depth: number) => {
    out.byte(W.br);
    out.u32(a.depthTo(label) + depth);
  };
  /** Is the budget too small for `cost`, which writes an i64? What would be left of it is in BUDGET_LOCAL. */
  const tooLittle = (cost: () => void) => {
    a.get(STATE_LOCAL);
    a.memory("i64.load", OFFSET.budget);
    cost();
    a.op("i64.sub");
    a.tee(BUDGET_LOCAL);
    out.byte(W.i64Const);
    out.s64(0n);
    a.op("i64.lt_s");
  };
  const pay = () => {
    a.get(STATE_LOCAL);
    a.get(BUDGET_LOCAL);
    a.memory("i64.store", OFFSET.budget);
  };
  /** The budget gets back the instructions behind this one. */
  const refund = () => {
    a.get(STATE_LOCAL);
    a.get(STATE_LOCAL);
    a.memory("i64.load", OFFSET.budget);
    a.get(OP_LOCAL);
    a.memory("i64.load8_u", C.OP_LEFT);
    a.op("i64.add");
    a.memory("i64.store", OFFSET.budget);
  };
  return { out, a, locals, inline, branchTo, tooLittle, pay, refund };
}
export type RunWriter = ReturnType<typeof runWriter>;
