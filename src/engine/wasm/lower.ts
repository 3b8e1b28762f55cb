// From a graph to the bytes of a function's body. A pure node used once becomes part of its user's expression, one used more often a
// local where it was made; a load is folded into its user's expression only when nothing was written in between; what nobody uses vanishes.

import { NvlError } from "../../base/error.ts";
import { ATOMIC_ALIGNMENT, CONTROL as W, VALUE_TYPE_CODES, type ValueType, type AtomicOp } from "./opcodes.ts";
import type { ByteWriter } from "./bytes.ts";
import { hasEffect, type Node, type Recording, type Region } from "./ir.ts";

/** Locals of the function that is written. Graphs that follow one another in one function share them. */
export interface LocalPool {
  take(type: ValueType): number;
  /** What this local holds is not needed any more. */
  give?(type: ValueType, local: number): void;
  /** All locals are free again: the next graph begins. */
  release(): void;
  readonly types: readonly ValueType[];
}

/** @param first index of the first local that the pool may make */
export function localPool(first: number): LocalPool {
  const types: ValueType[] = [];
  let taken = new Set<number>();
  const take = (type: ValueType) => {
    let index = types.findIndex((each, at) => each === type && !taken.has(at));
    if (index < 0) index = types.push(type) - 1;
    taken.add(index);
    return first + index;
  };
  return { take, release: () => { taken = new Set(); }, types };
}

/** An `if` and whether it is likely to be taken: `at` is its place in what is written (the custom section metadata.code.branch_hint). */
export interface BranchHint { at: number; likely: boolean }

export interface LowerOptions {
  locals: LocalPool;
  /** The local that a graph's number stands for, where that is another one. */
  homeOf?(local: number): number;
  /** Writes the code of an exit; `depth` labels are between it and the graph's surroundings. `emit` writes a node's value. */
  exit(node: Node, depth: number, out: ByteWriter, emit: (node: Node) => void): void;
  /** As a branch: an exit that is taken on a condition, which `condition` writes. @returns where the branch is, or undefined when there is none for this exit */
  exitWhen?(node: Node, depth: number, condition: () => void): number | undefined;
  /** Told of what may be executed or not: where it begins, and where it ends. */
  inner?: { begin(): void; end(ended: boolean): void };
  /** Gets the branches of which one side is rare. */
  hints?: BranchHint[];
}

/** The exit that is all what an `if` is for. */
const onlyExit = ({ type, bodies: [yes, no] }: Node): Node | undefined =>
  (type === "none" && yes.nodes.length === 1 && no.nodes.length === 0 && yes.nodes[0].kind === "exit" ? yes.nodes[0] : undefined);

/** Counts uses from what has an effect backwards: uses are always later than definitions. */
function countUses(region: Region): void {
  for (let index = region.nodes.length - 1; index >= 0; index--) {
    const node = region.nodes[index];
    if (node.uses === 0 && !hasEffect(node)) continue;
    for (const body of node.bodies) countUses(body);
    for (const arg of node.args) {
      if (arg.kind === "const" || arg.kind === "param") continue; // they outlive the graph, and would keep it alive
      arg.uses++;
      arg.user = node;
    }
  }
}

/** Is this node computed where its only user needs it? */
function isInline(node: Node, written: ReadonlySet<number>): boolean {
  if (node.kind === "get" && !written.has(node.immediate)) return true;
  if (node.uses !== 1) return false;
  if (node.kind === "pure") return true;
  if (node.kind !== "load" && node.kind !== "partial" && node.kind !== "get") return false;
  let user = node.user!;
  while (user.kind === "pure" && user.uses === 1) user = user.user!;
  return user.region === node.region && user.epoch === node.epoch;
}

/** Writes a graph into `out`. Control falls out of its end unless it exits everywhere. */
export function lower(graph: Recording, out: ByteWriter, options: LowerOptions): void {
  const { locals, hints, inner, homeOf = (local) => local } = options;
  // the last local.set: a local.get directly behind it makes it a local.tee, or nothing at all
  let setOpcode = -1, setEnd = -1, setLocal = -1;
  /** Whoever optimizes the code knows that it is seldom executed. */
  let rare = false;
  const constant = (node: Node) => {
    if (node.type === "i32") {
      out.byte(W.i32Const);
      out.s32(node.low);
    } else if (node.type === "i64") {
      out.byte(W.i64Const);
      out.s64Halves(node.low, node.high);
    } else {
      out.byte(W.vectorPrefix);
      out.u32(W.vectorConst);
      out.bytes(node.lanes);
    }
  };
  const operation = (node: Node) => {
    if (node.op === "select") {
      if (node.type === "v128") out.bytes([0x1c, 1, VALUE_TYPE_CODES.v128]); // select with a type
      else out.byte(W.select);
      return;
    }
    const { code } = node.fact!;
    if (code >= 0xfe00) {
      out.bytes([W.atomicPrefix, code - 0xfe00, ATOMIC_ALIGNMENT[node.op as AtomicOp]]);
      return out.u32(node.immediate);
    }
    if (code > 0xff) {
      out.byte(W.vectorPrefix);
      out.u32(code - 0xfd00);
    } else out.byte(code);
    if (node.kind === "load" || node.kind === "store") {
      out.u32(0); // alignment is a hint
      out.u32(node.immediate);
    }
    for (const lane of node.lanes) out.byte(lane);
  };
  const getLocal = (index: number) => {
    if (setEnd === out.length && setLocal === index) {
      setEnd = -1;
      return out.patch(setOpcode, W.localTee);
    }
    out.byte(W.localGet);
    out.u32(index);
  };
  /** The value of a node that has a local, once more or for the last time. */
  const getNode = (node: Node) => {
    const { local } = node, last = --node.uses === 0;
    if (last && setEnd === out.length && setLocal === local) {
      setEnd = -1;
      out.truncate(setOpcode);
    } else getLocal(local);
    if (last) locals.give?.(node.type as ValueType, local);
  };
  const setNewLocal = (node: Node) => {
    node.local = locals.take(node.type as ValueType);
    setOpcode = out.length;
    out.byte(W.localSet);
    out.u32(node.local);
    setEnd = out.length;
    setLocal = node.local;
  };
  const tree = (node: Node) => {
    if (node.kind === "get") return getLocal(homeOf(node.immediate));
    for (const arg of node.args) value(arg);
    operation(node);
  };
  const value = (node: Node): void => {
    if (node.kind === "const") constant(node);
    else if (node.kind === "param") getLocal(node.immediate);
    else if (node.local >= 0) getNode(node);
    else if (node.inline) tree(node);
    else throw new NvlError("wasm/order", `a value is used where it is not available: ${node.op}`, { context: { kind: node.kind } });
  };
  const region = (body: Region, depth: number): void => {
    for (const node of body.nodes) statement(node, depth);
  };
  const statement = (node: Node, depth: number): void => {
    switch (node.kind) {
      case "pure": case "load": case "partial": case "get":
        if (node.uses === 0) return;
        node.inline = isInline(node, graph.written);
        if (node.inline) return;
        tree(node);
        return setNewLocal(node);
      case "store": return tree(node);
      case "atomic":
        tree(node);
        return node.uses > 0 ? setNewLocal(node) : out.byte(W.drop);
      case "set":
        value(node.args[0]);
        out.byte(W.localSet);
        out.u32(homeOf(node.immediate));
        return;
      case "call":
        node.args.forEach(value);
        out.byte(W.call);
        out.u32(node.immediate);
        if (node.type === "none") return;
        return node.uses > 0 ? setNewLocal(node) : out.byte(W.drop);
      case "result": return value(node.args[0]);
      case "exit": return options.exit(node, depth, out, value);
      case "switch": {
        const count = node.bodies.length;
        for (let label = 0; label <= count; label++) out.bytes([W.block, W.emptyBlock]);
        value(node.args[0]);
        out.byte(W.brTable);
        out.u32(node.lanes.length);
        for (const number of node.lanes) out.u32(number < 0 ? count : number);
        out.u32(count);
        node.bodies.forEach((body, number) => {
          out.byte(W.end);
          inner?.begin();
          region(body, depth + count - number);
          inner?.end(body.ended);
          if (body.ended) return;
          out.byte(W.br);
          out.u32(count - number - 1);
        });
        return out.byte(W.end);
      }
      case "if": {
        if (node.uses === 0 && !hasEffect(node)) return;
        const [yes, no] = node.bodies, exit = onlyExit(node), within = rare;
        // what is rare within what is rare is known to be
        const hint = (at: number) => { if (yes.rare !== no.rare && !within) hints?.push({ at, likely: no.rare }); };
        const branch = exit && options.exitWhen?.(exit, depth, () => value(node.args[0]));
        if (branch !== undefined) return hint(branch);
        value(node.args[0]);
        hint(out.length);
        out.byte(W.if);
        out.byte(node.type === "none" ? W.emptyBlock : VALUE_TYPE_CODES[node.type]);
        const side = (body: Region) => {
          rare = within || body.rare;
          inner?.begin();
          region(body, depth + 1);
          inner?.end(body.ended);
          rare = within;
        };
        side(yes);
        if (no.nodes.length > 0) {
          out.byte(W.else);
          side(no);
        }
        out.byte(W.end);
        if (node.type === "none") return;
        return node.uses > 0 ? setNewLocal(node) : out.byte(W.drop);
      }
    }
  };
  countUses(graph.root);
  region(graph.root, 0);
  locals.release();
}
