// Records one block of a region as a graph: its instructions, and how control goes on.

import { CONSTANTS as C, OFFSET } from "../../hal/layout.ts";
import type { Decoded } from "../../isa/decode.ts";
import type { Emit } from "../../isa/emit.ts";
import type { Form } from "../../isa/forms.ts";
import { perform } from "../../isa/perform.ts";
import { createEmit } from "../wasm/emit.ts";
import { createGraph, type Graph, type Node, type Recording } from "../wasm/ir.ts";
import { tlbEntry } from "../wasm/memory.ts";
import { speculation, type Trust } from "../wasm/speculate.ts";
import type { NearbyPage } from "../wasm/types.ts";
import { xmmInLocals } from "../wasm/xmm.ts";
import type { FormFacts } from "./facts.ts";
import { flagsInLocals } from "./flags.ts";
import { FEW_STREAMS, LOCAL, PAGES, typeOfLocal } from "./locals.ts";
import { regionPlacement, type Resident, type Touched } from "./place.ts";
import { stringsInPlace } from "./strings.ts";
import { perfectHash } from "./targets.ts";

/** One instruction of a block, decoded again. `form` is undefined where the interpreter has something of its own. */
export interface Instruction { op: number; offset: number; left: number; form?: Form; decoded?: Decoded; facts?: FormFacts; goto: boolean; locked?: boolean;
  /** from here on, the code is that of this block of the region */
  into?: number;
  /** what comes ends in the page behind: which was this one of the host's */
  secondPage?: number }

/** Another block of the region, as an edge sees it. */
export interface Target {
  /** number of the block, or ANY: by way of the dispatcher */
  to: number;
  /** does a dispatcher lead there? */
  dispatched: boolean;
  /** number by which it knows the block */
  entry: number;
  pages: number;
  /** whether its page must still be mapped to `hostPage` */
  moves: boolean;
  hostPage: number;
  offset: number;
  /** instructions that entering it costs */
  count: number;
  /** budget that it takes to go on there, if that could be for ever */
  least: number;
}

/** A way to the block that the local `entry` says. */
export const ANY = -1;
/** How control leaves a graph: to a block of the region, or out of it with an answer. `dirty`: flags that are not in the state (flags.ts). */
export type Way = { to: number } | { answer: number; dirty: number };

/** What a recorder works with. It records one block after the other. */
export interface RecorderParts {
  core(name: string): number;
  /** Do loops compare addresses with extents (core's memory/extents.ts)? */
  extents: boolean;
  /** gets what blocks touch */
  touched: Touched;
  /** Bits of `fpuTrap` that the region was entered without. */
  assumes(bits: number): void;
}
export interface BlockSurroundings {
  instructions: readonly Instruction[];
  /** What its island has in locals; it may be in none. */
  island: Resident | undefined;
  trust: Trust;
  /** Where the link of an operation leads, if that is in the region. */
  targetOf(op: number): Target | undefined;
  /** A block by its number. */
  targetAt(block: number): Target;
  /** Blocks that the address at its end may lead to. */
  jumpsTo: readonly Target[];
  /** The block that makes these comparisons for several. */
  sharedBy?: Target;
  /** It is such a block, and has no instructions. */
  shares?: boolean;
}
/** `native`: its arithmetic is right only where MXCSR asks for what Wasm does. */
export interface RecordedBlock { graph: Recording; ways: readonly Way[]; native: boolean }

const X87_NM = 1, SSE = 6, MMX_UD = 8;
/** Tests of floating point that are made together at most. */
const MOST_TESTS = 24;
/** So many addresses are compared one after the other. */
const FEW = 3;

/** The instruction of a block that has none. */
const NOTHING: Instruction = { op: 0, offset: 0, left: 0, goto: false };

/** Whether the flags of each instruction vanish before anybody can look at them. */
function deadFlags(instructions: readonly Instruction[]): boolean[] {
  const dead: boolean[] = [];
  let wanted = true;
  for (let index = instructions.length - 1; index >= 0; index--) {
    const { facts } = instructions[index];
    dead[index] = !wanted;
    if (!facts || !facts.compilable || facts.leaves) wanted = true;
    else if (facts.readsFlags) wanted ||= !facts.keepsFlags;
    else if (facts.writesFlags) wanted = false;
  }
  return dead;
}

export function blockRecorder({ core, extents, touched, assumes }: RecorderParts): (block: BlockSurroundings) => RecordedBlock {
  const graph = createGraph(), state = graph.param(LOCAL.state, "i32");
  let block: BlockSurroundings, ways: Way[], at: Instruction;
  /** The first of the instructions that may have to be taken back, and what the locals that they have set held before. */
  let first: Instruction | undefined;
  const before = new Map<number, Node>();
  const leave = (way: Way) => graph.exit(String(ways.push(way) - 1));
  const answerWith = (word: number) => leave({ answer: word, dirty: flagStore.dirty() });
  const answer = (how: number) => answerWith(at.op | how);
  const pay = (instructions: number) => {
    if (instructions !== 0) graph.set(LOCAL.left, graph.pure("i32.add", graph.get(LOCAL.left, "i32"), graph.i32(instructions)));
  };

  const forgetPages = () => {
    for (const local of PAGES) graph.note(local, graph.i64(-1));
    for (let stream = 0; stream < FEW_STREAMS; stream++) graph.keep("i64.store", state, OFFSET.vectorLimit + 8 * stream, graph.i64(0));
    if (!block.island) graph.keep("i64.store", state, OFFSET.stackPage, graph.i64(-1));
  };
  /** The page so many pages from here, unless something else is mapped there by now. */
  const pageAt = (pages: number, hostPage: number, refuse: () => void): Node => {
    const page = graph.pure("i64.add", graph.get(LOCAL.page, "i64"), graph.i64(pages * 4096));
    const entry = tlbEntry(graph, state, page);
    const host = graph.pure("i32.add", graph.load("i32.load", entry, C.TLB_ADDEND), graph.pure("i32.wrap_i64", page));
    const other = graph.pure("i32.or", graph.pure("i64.ne", graph.load("i64.load", entry, C.TLB_EXEC), page), graph.pure("i32.ne", host, graph.i32(hostPage)));
    graph.when(other, () => {
      graph.rare();
      refuse();
    });
    return page;
  };
  /** Goes to a block of the region, unless the interpreter must look at something first; then `refuse`. */
  const follow = (target: Target, refuse: () => void) => {
    flagStore.flush();
    if (target.least > 0) {
      const poor = graph.pure("i32.lt_s", graph.get(LOCAL.left, "i32"), graph.i32(target.least - at.left));
      // two comparisons: a branch is cheaper than making one condition of both
      for (const condition of [() => poor, () => graph.load("i32.load", state, OFFSET.attention)]) graph.when(condition(), () => {
        graph.rare();
        refuse();
      });
    }
    if (target.moves) graph.set(LOCAL.page, pageAt(target.pages, target.hostPage, refuse));
    else if (target.pages !== 0) graph.set(LOCAL.page, graph.pure("i64.add", graph.get(LOCAL.page, "i64"), graph.i64(target.pages * 4096)));
    pay(at.left - target.count);
    if (target.dispatched) graph.note(LOCAL.entry, graph.i32(target.entry));
    leave({ to: target.to });
  };
  const link = () => {
    const target = block.targetOf(at.op);
    if (!target) return answer(C.REGION_LINK);
    follow(target, () => answer(C.REGION_LINK_BORDER));
  };
  const toRip = (target: Node, why: number = C.REGION_INDIRECT) => {
    graph.store("i64.store", state, OFFSET.rip, target);
    pay(at.left);
    answerWith(why);
  };
  /** Goes on in the region where the address is that of a block which is thought of. */
  const jump = (target: Node, check?: () => void) => {
    flagStore.flush();
    const { jumpsTo, sharedBy } = block;
    if (sharedBy) {
      check?.();
      graph.note(LOCAL.target, target);
      return follow(sharedBy, () => toRip(target, C.REGION_BORDER));
    }
    const keys = jumpsTo.map(({ pages, offset }) => pages * 4096 + offset);
    const compare = (index: number) => () => {
      const address = graph.pure("i64.add", graph.get(LOCAL.page, "i64"), graph.i64(keys[index]));
      graph.when(graph.pure("i64.eq", target, address), () => follow(jumpsTo[index], () => toRip(target, C.REGION_BORDER)));
    };
    if (keys.length <= FEW) keys.forEach((_, index) => { compare(index)(); });
    else {
      const { multiplier, bits } = perfectHash(keys), table = new Array<number>(2 ** bits).fill(-1);
      keys.forEach((key, index) => { table[Math.imul(key, multiplier) >>> (32 - bits)] = index; });
      const key = graph.pure("i32.sub", graph.pure("i32.wrap_i64", target), graph.pure("i32.wrap_i64", graph.get(LOCAL.page, "i64")));
      graph.switch(graph.pure("i32.shr_u", graph.pure("i32.mul", key, graph.i32(multiplier)), graph.i32(32 - bits)), table, keys.map((_, index) => compare(index)));
    }
    check?.(); // where blocks are it is
    toRip(target);
  };
  const g: Graph = { ...graph, exit: (kind) => {
    if (kind === "link") return link();
    if (kind === "leave") { // RIP is in the state
      pay(at.left);
      return answerWith(C.REGION_BORDER);
    }
    graph.rare();
    if (!first || first === at) return answer(kind === "fault" ? C.REGION_FAULT : C.REGION_COLD);
    if (kind === "fault") graph.store("i32.store", state, OFFSET.fault, graph.i32(0)); // it will come again
    takeBack(C.REGION_COLD);
  }, set: (index, value) => {
    if (first && !before.has(index)) before.set(index, graph.get(index, typeOfLocal(index)));
    graph.set(index, value);
  } };
  /** Leaves before the first of the instructions that have not been tested yet. */
  const takeBack = (how: number) => {
    for (const [index, value] of before) graph.set(index, value);
    answerWith(first!.op | how);
  };
  const settle = () => {
    speculated.settle(() => {
      graph.rare();
      graph.store("i32.store", state, OFFSET.floatRefused, graph.i32(block.instructions[0].op));
      takeBack(C.REGION_REFUSED);
    });
    first = undefined;
    before.clear();
  };
  const surroundings = { g, state, core, leaveOnMiss: true, refills: () => block.island !== undefined, inlineFloat: true, locked: () => at.locked === true,
    remembered: (linear: Node, writes: boolean, anywhere: boolean) => placement.remembered(linear, writes, anywhere), nearby: new Map<Node, NearbyPage>(),
    extentSlot: () => (extents && block.island ? placement.extentSlot() : undefined) };
  const island = () => block.island;
  const flagStore = flagsInLocals(surroundings, () => block.island !== undefined);
  const placement = regionPlacement(surroundings, touched, island, jump);
  const speculated = speculation(g, () => block.trust), strings = stringsInPlace(surroundings, () => made);
  const made: Emit<Node> = createEmit(surroundings, placement.of, flagStore, xmmInLocals(surroundings, placement.vectors),
    (helper, args) => (at.facts!.speculates ? speculated.float(helper, args) : undefined) ?? strings(helper, args));
  // what was looked at when the region was entered cannot change within it
  const e: Emit<Node> = { ...made, fpuTrap: () => graph.i64(0n), protectedMode: () => graph.i32(1) };

  return (next) => {
    block = next;
    ways = [];
    flagStore.begin();
    const recording = graph.begin(), { instructions } = block, dead = deadFlags(instructions);
    let native = false;
    for (let position = 0; position < instructions.length && !recording.root.ended; position++) {
      at = instructions[position];
      const { revocable = false, speculates = false } = at.facts ?? {};
      if (first && (!revocable || speculated.pending() >= MOST_TESTS)) settle();
      if (speculates) {
        first ??= at;
        native = true;
      }
      if (at.form?.operands.some(({ kind }) => kind === "rel")) flagStore.flush(); // before a condition, not on each side of it
      graph.nextInstruction();
      if (at.into !== undefined) follow(block.targetAt(at.into), () => answer(C.REGION_NEXT_BORDER));
      else if (at.secondPage !== undefined) pageAt(1, at.secondPage, () => answer(C.REGION_NEXT_BORDER));
      else if (at.goto) link();
      else if (!at.form) answer(C.REGION_NEXT);
      else if (!at.facts!.compilable) answer(C.REGION_HELPER);
      else {
        const has = at.form.attributes;
        assumes((has.has("sse") ? SSE : 0) | (has.has("x87") || has.has("mmx") ? X87_NM : 0) | (has.has("mmx") ? MMX_UD : 0));
        flagStore.dead = dead[position];
        placement.begin(at.form, at.decoded!, at.offset, at.left);
        perform(e, at.form);
        if (at.facts!.changesView) {
          forgetPages();
          surroundings.nearby.clear();
        }
      }
      if (first && speculated.pending() === 0) settle();
    }
    if (block.shares) {
      at = NOTHING;
      jump(graph.get(LOCAL.target, "i64"));
    }
    speculated.drop();
    surroundings.nearby.clear();
    first = undefined;
    before.clear();
    return { graph: recording, ways, native };
  };
}
