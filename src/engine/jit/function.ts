// Writes the function of a region:
//
//   prologue       a region whose assumptions fail, or with too small a budget, answers at once; XMM registers into locals
//   block exit
//     loop         only where an edge has to set `entry` and come here
//       br_table   to the block, or the loop around it, in which the region is entered
//       …          blocks in loops and scopes (structure.ts); a loop with other entries than its header begins with a br_table for them
//   epilogue       what was written goes back to the state
//
// Before the loop of an island (islands.ts) general registers and flags are loaded, and whatever leaves it stores them. When the island is
// the whole region, that is in the prologue and the epilogue.

import { CONSTANTS as C, OFFSET } from "../../hal/layout.ts";
import { byteWriter, type ByteWriter } from "../wasm/bytes.ts";
import type { Node } from "../wasm/ir.ts";
import { lower, type BranchHint } from "../wasm/lower.ts";
import { CONTROL as W, OP_FACTS, type LoadOp, type PureOp, type StoreOp, type ValueType } from "../wasm/opcodes.ts";
import { ANY, type RecordedBlock, type Way } from "./block.ts";
import { AUX_PARTS, DIRTY_AUX, DIRTY_RESULT } from "./flags.ts";
import { isTrusting, TRUSTED, TRUSTED_MASK, type FloatMode } from "./float.ts";
import { FIXED_TYPES, frugalPool, LOCAL, type FrugalPool } from "./locals.ts";
import type { Island } from "./islands.ts";
import type { Resident, Touched } from "./place.ts";
import type { Structure } from "./structure.ts";

/** @property islands that of each block
 * @property record a block: each once; its graph dies young where it is not in an island
 * @property dispatched an edge goes through the dispatcher */
export interface RegionParts { shape: Structure; islands: readonly (Island | undefined)[]; record(block: number): RecordedBlock; dispatched: boolean }
export interface RegionFacts { touched: Touched; assumes: number; longest: number; pages: boolean;
  float: FloatMode }
/** `homes`: locals by the numbers that they have in graphs (locals.ts). */
export interface RegionFunction { locals: readonly ValueType[]; body: Uint8Array; hints: readonly BranchHint[]; homes: ReadonlyMap<number, number> }

function writer(out: ByteWriter) {
  const indexed = (code: number) => (index: number) => {
    out.byte(code);
    out.u32(index);
  };
  const get = indexed(W.localGet), set = indexed(W.localSet);
  const memory = (name: LoadOp | StoreOp, offset: number) => {
    const { code } = OP_FACTS[name];
    if (code > 0xff) {
      out.byte(W.vectorPrefix);
      out.u32(code - 0xfd00);
    } else out.byte(code);
    out.u32(0);
    out.u32(offset);
  };
  return {
    get, set, tee: indexed(W.localTee), call: indexed(W.call), br: indexed(W.br),
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
    memory,
    /** From the state into a local. */
    load: (name: LoadOp, offset: number, local: number) => {
      get(LOCAL.state);
      memory(name, offset);
      set(local);
    },
    /** From a local into the state. */
    store: (local: number, offset: number, name: StoreOp = "i64.store") => {
      get(LOCAL.state);
      get(local);
      memory(name, offset);
    },
  };
}

const registers = (bits: number) => Array.from({ length: 16 }, (_, number) => number).filter((number) => bits & (1 << number));

const FLAG_PARTS = [[LOCAL.flagResult, OFFSET.flagResult, "i64"], ...AUX_PARTS] as const;

function loadResident(out: ByteWriter, { read, written, stack }: Resident): void {
  const w = writer(out);
  for (const [local, offset, type] of FLAG_PARTS) w.load(`${type}.load`, offset, local);
  if (stack) {
    w.load("i64.load", OFFSET.stackPage, LOCAL.stackPage);
    w.load("i32.load", OFFSET.stackAddend, LOCAL.stackAddend);
  }
  for (const number of registers(read | written)) w.load("i64.load", OFFSET.gpr + 8 * number, LOCAL.gpr + number);
}

function storeResident(out: ByteWriter, { written, stack }: Resident): void {
  const w = writer(out);
  for (const [local, offset, type] of FLAG_PARTS) w.store(local, offset, `${type}.store`);
  for (const number of registers(written)) w.store(LOCAL.gpr + number, OFFSET.gpr + 8 * number);
  if (!stack) return;
  w.store(LOCAL.stackPage, OFFSET.stackPage);
  w.store(LOCAL.stackAddend, OFFSET.stackAddend, "i32.store");
}

function writePrologue(out: ByteWriter, { touched, assumes, longest, float }: RegionFacts, whole: Resident | undefined, { homeOf }: FrugalPool): void {
  const w = writer(out), { load } = w;
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
  touched.streams.forEach((_, stream) => {
    out.byte(W.i64Const);
    out.s64(-1n); // no page
    w.set(homeOf(LOCAL.streamPage + stream));
  });
  touched.vectorStreams.forEach((_, stream) => {
    w.get(LOCAL.state);
    out.byte(W.i64Const);
    out.s64(0n);
    w.memory("i64.store", OFFSET.vectorLimit + 8 * stream);
  });
  if (whole) loadResident(out, whole);
  for (const number of registers(touched.vectorsRead | touched.vectorsWritten)) load("v128.load", OFFSET.xmm + 16 * number, homeOf(LOCAL.xmm + number));
}

function writeEpilogue(out: ByteWriter, { touched, pages }: RegionFacts, whole: Resident | undefined, { homeOf }: FrugalPool): void {
  const w = writer(out), { store } = w;
  if (whole) storeResident(out, whole);
  for (const number of registers(touched.vectorsWritten)) store(homeOf(LOCAL.xmm + number), OFFSET.xmm + 16 * number, "v128.store");
  if (pages) store(LOCAL.page, OFFSET.page);
  w.get(LOCAL.state);
  w.get(LOCAL.left);
  w.op("i64.extend_i32_s");
  w.memory("i64.store", OFFSET.budget);
  w.get(LOCAL.answer);
}

/** @param factsOf what is known when all blocks are recorded */
export function writeRegion({ shape, islands, record, dispatched }: RegionParts, factsOf: () => RegionFacts): RegionFunction {
  const out = byteWriter(), w = writer(out), pool = frugalPool(), count = shape.entries.size, hints: BranchHint[] = [];
  /** What is open: the place that a branch to it goes to, and where it ends; what is written behind it. */
  const labels: { to: number; end: number; behind?: () => void }[] = [];
  const depthTo = (to: number) => labels.length - 1 - labels.findLastIndex((label) => label.to === to);
  const open = (kind: number, to: number, end: number, behind?: () => void) => {
    w.open(kind);
    labels.push({ to, end, behind });
  };
  const close = () => {
    w.end();
    labels.pop()!.behind?.();
  };
  const EXIT = -1, DISPATCHER = -2, NOWHERE = -3, ISLAND = -4, TAIL = -5, LAST = shape.places.length;
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
  /** Blocks of islands: what an island has in locals is known when all of its blocks are recorded. */
  const recorded = new Map<number, RecordedBlock>();
  const beginIsland = (start: number, end: number) => {
    const loop = shape.loops.find((each) => each.start === start && each.end === end), island = loop && islands[loop.header];
    if (!island || island.loop !== loop) return;
    for (const place of shape.places.slice(start, end)) if ("block" in place) recorded.set(place.block, record(place.block));
    const { resident } = island;
    open(W.block, ISLAND, end, () => {
      storeResident(out, resident);
      w.br(depthTo(EXIT));
    });
    loadResident(out, resident);
  };
  /** Where answers go, by the flags that have to be stored then, as bits of `kinds`: the innermost store most. */
  const BOTH = DIRTY_RESULT | DIRTY_AUX;
  const openTails = (kinds: number) => {
    const behind = (dirty: number) => () => {
      if (dirty & DIRTY_RESULT) w.store(LOCAL.flagResult, OFFSET.flagResult);
      if (dirty === DIRTY_RESULT && kinds & 1 << DIRTY_AUX) w.br(depthTo(TAIL));
      if (dirty === DIRTY_AUX) for (const [local, offset, type] of AUX_PARTS) w.store(local, offset, `${type}.store`);
    };
    open(W.block, TAIL, NOWHERE);
    if (kinds & 1 << BOTH) kinds |= 1 << DIRTY_AUX; // it goes on there
    for (const dirty of [DIRTY_AUX, BOTH, DIRTY_RESULT]) if (kinds & 1 << dirty) open(W.block, TAIL - dirty, NOWHERE, behind(dirty));
  };
  shape.places.forEach((place, index) => {
    while (labels.at(-1)!.end === index) close();
    for (const { end, loop } of shape.scopes(index)) {
      if (loop) beginIsland(index, end);
      open(loop ? W.loop : W.block, loop ? index : end, end);
    }
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
    const { graph, ways } = recorded.get(place.block) ?? record(place.block), island = islands[place.block], partial = island?.loop && island.resident;
    if (shape.passed(place.block)) {
      w.i32(0);
      w.set(LOCAL.entry);
    }
    answered = undefined;
    // the exits of a block meet before they meet those of others: what it does not change is not told apart for each of them
    openTails(island ? 0 : ways.reduce((all, way) => ("answer" in way ? all | 1 << way.dirty : all), 0));
    const labelOf = (way: Way) => depthTo("answer" in way ? TAIL - way.dirty : way.to === ANY ? DISPATCHER : route(place.block, way.to)!);
    const wayOf = (node: Node) => ways[Number(node.op)];
    const labelFor = (way: Way) => {
      if ("answer" in way) answerWith(way.answer);
      return labelOf(way);
    };
    const leavesIsland = (way: Way) => partial !== undefined && !("answer" in way) && (way.to === ANY || islands[way.to] !== island);
    lower(graph, out, { locals: pool, homeOf: pool.homeOf, hints, inner, exit: (node, depth) => {
      const way = wayOf(node);
      if (leavesIsland(way)) storeResident(out, partial!);
      w.br(labelFor(way) + depth);
    }, exitWhen: (node, depth, condition) => {
      const way = wayOf(node);
      if (leavesIsland(way)) return undefined;
      const label = labelFor(way) + depth;
      condition();
      const at = out.length;
      out.byte(W.brIf);
      out.u32(label);
      return at;
    } });
    out.byte(W.unreachable);
    while (labels.at(-1)!.to <= TAIL) close();
    w.br(depthTo(partial ? ISLAND : EXIT));
  });
  while (labels.length > 0) close();
  const facts = factsOf(), whole = byteWriter(), resident = islands[0]?.loop ? undefined : islands[0]?.resident;
  writePrologue(whole, facts, resident, pool);
  const start = whole.length;
  whole.bytes(out.finish());
  writeEpilogue(whole, facts, resident, pool);
  return { locals: [...FIXED_TYPES, ...pool.types], body: whole.finish(), hints: hints.map(({ at, likely }) => ({ at: at + start, likely })), homes: pool.homes };
}
