// Writes the function of a region:
//
//   prologue       registers and flags into locals; a region whose assumptions fail, or with too small a budget, answers at once
//   block exit
//     loop         only where an edge has to set `entry` and come here
//       br_table   to the block, or the loop around it, in which the region is entered
//       …          blocks in loops and scopes (structure.ts); a loop with other entries than its header begins with a br_table for them
//   epilogue       what was written goes back to the state

import { CONSTANTS as C, OFFSET } from "../../hal/layout.ts";
import { byteWriter, type ByteWriter } from "../wasm/bytes.ts";
import type { Node } from "../wasm/ir.ts";
import { lower, type BranchHint } from "../wasm/lower.ts";
import { CONTROL as W, OP_FACTS, type LoadOp, type PureOp, type StoreOp, type ValueType } from "../wasm/opcodes.ts";
import { ANY, type RecordedBlock, type Way } from "./block.ts";
import { isTrusting, TRUSTED, TRUSTED_MASK, type FloatMode } from "./float.ts";
import { FIXED_TYPES, frugalPool, LOCAL } from "./locals.ts";
import type { Touched } from "./place.ts";
import type { Structure } from "./structure.ts";

export interface RegionFacts { touched: Touched; assumes: number; longest: number; pages: boolean;
  float: FloatMode }
export interface RegionFunction { locals: readonly ValueType[]; body: Uint8Array; hints: readonly BranchHint[] }

function writer(out: ByteWriter) {
  const indexed = (code: number) => (index: number) => {
    out.byte(code);
    out.u32(index);
  };
  return {
    get: indexed(W.localGet), set: indexed(W.localSet), tee: indexed(W.localTee), call: indexed(W.call), br: indexed(W.br),
    open: (kind: number) => {
      out.byte(kind);
      out.byte(W.emptyBlock);
    },
    end: () => out.byte(W.end),
    i32: (value: number) => {
      out.byte(W.i32Const);
      out.s32(value);
    },
    op: (name: PureOp) => out.byte(OP_FACTS[name].code),
    memory: (name: LoadOp | StoreOp, offset: number) => {
      const { code } = OP_FACTS[name];
      if (code > 0xff) {
        out.byte(W.vectorPrefix);
        out.u32(code - 0xfd00);
      } else out.byte(code);
      out.u32(0);
      out.u32(offset);
    },
  };
}

const registers = (bits: number) => Array.from({ length: 16 }, (_, number) => number).filter((number) => bits & (1 << number));

function writePrologue(out: ByteWriter, { touched, assumes, longest, float }: RegionFacts): void {
  const w = writer(out);
  const load = (name: LoadOp, offset: number, local: number) => {
    w.get(LOCAL.state);
    w.memory(name, offset);
    w.set(local);
  };
  load("i32.load", OFFSET.budget, LOCAL.left); // it is that of a slice
  w.get(LOCAL.left);
  w.i32(longest);
  w.op("i32.lt_s");
  if (assumes !== 0) {
    w.get(LOCAL.state);
    w.memory("i32.load", OFFSET.fpuTrap);
    w.i32(assumes);
    w.op("i32.and");
    w.op("i32.or");
  }
  w.open(W.if);
  w.get(LOCAL.answer);
  w.i32(C.REGION_REFUSED);
  w.op("i32.or");
  out.byte(W.return);
  w.end();
  load("i64.load", OFFSET.page, LOCAL.page);
  load("i64.load", OFFSET.flagResult, LOCAL.flagResult);
  load("i64.load", OFFSET.flagAux, LOCAL.flagAux);
  load("i32.load", OFFSET.flagCode, LOCAL.flagCode);
  load("i64.load", OFFSET.flagFirst, LOCAL.flagFirst);
  const trusting = isTrusting(float);
  if (trusting || float === "watched") {
    w.get(LOCAL.state);
    w.memory("i32.load", OFFSET.mxcsr);
    w.i32(TRUSTED_MASK);
    w.op("i32.and");
    w.i32(TRUSTED);
    w.op(trusting ? "i32.ne" : "i32.eq");
    w.open(W.if);
    w.get(LOCAL.state);
    w.get(LOCAL.answer);
    w.memory("i32.store", OFFSET.floatRefused);
    if (trusting) {
      w.get(LOCAL.answer);
      w.i32(C.REGION_REFUSED);
      w.op("i32.or");
      out.byte(W.return);
    }
    w.end();
  }
  if (touched.stack) {
    load("i64.load", OFFSET.stackPage, LOCAL.stackPage);
    load("i32.load", OFFSET.stackAddend, LOCAL.stackAddend);
  }
  touched.streams.forEach((_, stream) => {
    out.byte(W.i64Const);
    out.s64(-1n); // no page
    w.set(LOCAL.streamPage + stream);
  });
  for (const number of registers(touched.read | touched.written)) load("i64.load", OFFSET.gpr + 8 * number, LOCAL.gpr + number);
  for (const number of registers(touched.vectorsRead | touched.vectorsWritten)) load("v128.load", OFFSET.xmm + 16 * number, LOCAL.xmm + number);
}

function writeEpilogue(out: ByteWriter, { touched, pages }: RegionFacts): void {
  const w = writer(out);
  const store = (local: number, offset: number, name: StoreOp = "i64.store") => {
    w.get(LOCAL.state);
    w.get(local);
    w.memory(name, offset);
  };
  store(LOCAL.flagAux, OFFSET.flagAux);
  store(LOCAL.flagCode, OFFSET.flagCode, "i32.store");
  store(LOCAL.flagFirst, OFFSET.flagFirst);
  store(LOCAL.flagResult, OFFSET.flagResult);
  for (const number of registers(touched.written)) store(LOCAL.gpr + number, OFFSET.gpr + 8 * number);
  for (const number of registers(touched.vectorsWritten)) store(LOCAL.xmm + number, OFFSET.xmm + 16 * number, "v128.store");
  if (pages) store(LOCAL.page, OFFSET.page);
  if (touched.stack) {
    store(LOCAL.stackPage, OFFSET.stackPage);
    store(LOCAL.stackAddend, OFFSET.stackAddend, "i32.store");
  }
  // what the budget has lost since the prologue
  w.get(LOCAL.state);
  w.get(LOCAL.state);
  w.memory("i64.load", OFFSET.compiledInstructions);
  w.get(LOCAL.state);
  w.memory("i64.load", OFFSET.budget);
  w.get(LOCAL.left);
  w.op("i64.extend_i32_s");
  w.op("i64.sub");
  w.op("i64.add");
  w.memory("i64.store", OFFSET.compiledInstructions);
  w.get(LOCAL.state);
  w.get(LOCAL.left);
  w.op("i64.extend_i32_s");
  w.memory("i64.store", OFFSET.budget);
  w.get(LOCAL.answer);
}

/** @param record a block: each once, and written before the next, so that its graph dies young
 * @param dispatched an edge goes through the dispatcher
 * @param factsOf what is known when all blocks are recorded */
export function writeRegion(shape: Structure, record: (block: number) => RecordedBlock, dispatched: boolean, factsOf: () => RegionFacts): RegionFunction {
  const out = byteWriter(), w = writer(out), pool = frugalPool(LOCAL.temporaries), count = shape.entries.size, hints: BranchHint[] = [];
  /** What is open: the place that a branch to it goes to, and where it ends. */
  const labels: { to: number; end: number }[] = [];
  const depthTo = (to: number) => labels.length - 1 - labels.findLastIndex((label) => label.to === to);
  const open = (kind: number, to: number, end: number) => {
    w.open(kind);
    labels.push({ to, end });
  };
  const close = () => {
    w.end();
    labels.pop();
  };
  const EXIT = -1, DISPATCHER = -2, NOWHERE = -3, TAIL = -4, LAST = shape.places.length;
  const { route } = shape;
  /** What the local is known to hold: exits of one instruction share it. */
  let answered: number | undefined;
  const around: (number | undefined)[] = [];
  const inner = {
    begin: () => { around.push(answered); },
    end: (ended: boolean) => {
      const before = around.pop();
      answered = ended || before === answered ? before : undefined;
    },
  };
  const answerWith = (answer: number) => {
    if (answered === answer) return;
    answered = answer;
    w.i32(answer);
    w.set(LOCAL.answer);
  };
  open(W.block, EXIT, LAST);
  if (dispatched) open(W.loop, DISPATCHER, LAST);

  /** Goes to the block whose number is in `entry`; what is not in the table falls through. */
  const dispatch = (targets: ReadonlyMap<number, number>, otherwise: number) => {
    w.get(LOCAL.entry);
    out.byte(W.brTable);
    out.u32(count + 1);
    for (let entry = 0; entry <= count; entry++) {
      const to = targets.get(entry);
      out.u32(to === undefined ? otherwise : depthTo(route(-1, to)!));
    }
    out.u32(otherwise);
  };
  shape.places.forEach((place, index) => {
    while (labels.at(-1)!.end === index) close();
    for (const { end, loop } of shape.scopes(index)) open(loop ? W.loop : W.block, loop ? index : end, end);
    if ("loop" in place) {
      if (place.loop < 0) {
        if (count > 1) dispatch(place.targets, depthTo(route(-1, [...place.targets.values()][0])!));
        return;
      }
      w.get(LOCAL.entry);
      open(W.if, NOWHERE, LAST);
      dispatch(place.targets, 0);
      close();
      w.i32(0);
      w.set(LOCAL.entry);
      return;
    }
    const { graph, ways } = record(place.block);
    if (shape.passed(place.block)) {
      w.i32(0);
      w.set(LOCAL.entry);
    }
    answered = undefined;
    // the exits of a block meet before they meet those of others: what it does not change is not told apart for each of them
    open(W.block, TAIL, NOWHERE);
    const labelOf = (way: Way) => depthTo("answer" in way ? TAIL : way.to === ANY ? DISPATCHER : route(place.block, way.to)!);
    const wayOf = (node: Node) => {
      const way = ways[Number(node.op)];
      if ("answer" in way) answerWith(way.answer);
      return labelOf(way);
    };
    lower(graph, out, { locals: pool, hints, inner, exit: (node, depth) => w.br(wayOf(node) + depth), exitWhen: (node, depth, condition) => {
      const label = wayOf(node) + depth;
      condition();
      const at = out.length;
      out.byte(W.brIf);
      out.u32(label);
      return at;
    } });
    out.byte(W.unreachable);
    close();
    w.br(depthTo(EXIT));
  });
  while (labels.length > 0) close();
  const facts = factsOf(), whole = byteWriter();
  writePrologue(whole, facts);
  const start = whole.length;
  whole.bytes(out.finish());
  writeEpilogue(whole, facts);
  return { locals: [...FIXED_TYPES, ...pool.types], body: whole.finish(), hints: hints.map(({ at, likely }) => ({ at: at + start, likely })) };
}
