// From a region to the function that executes it: decodes its instructions again, finds where its blocks lead, and writes them in an
// order that needs no jumps (structure.ts).

import { CONSTANTS as C } from "../../hal/layout.ts";
import { createDecoded } from "../../isa/decode.ts";
import { FORMS } from "../../isa/forms.ts";
import { ANY, blockRecorder, type Instruction, type Target } from "./block.ts";
import { divideTargets } from "./divide.ts";
import { createFacts } from "./facts.ts";
import { isTrusting, type FloatMode } from "./float.ts";
import { writeRegion, type RegionFunction } from "./function.ts";
import { chooseIslands } from "./islands.ts";
import { FEW_STREAMS } from "./locals.ts";
import { untouched } from "./place.ts";
import { outermostHead } from "./outermost.ts";
import type { BlockReader, Region, RegionBlock, Words } from "./region.ts";
import { returnSites, shareJumps, type Call } from "./returns.ts";
import { steadyRegisters } from "./steady.ts";
import { structure, type Loop } from "./structure.ts";

const PAGE = 4096;

/** A block without instructions, in the page in which the region begins, that compares the address for several jumps (returns.ts). */
const SHARING = { distance: 0, hostPage: 0, offset: 0, count: 0 };

/** `entries`: numbers of the blocks in which the function may be entered, by their place in the region. */
export interface Translation { code: RegionFunction; entries: ReadonlyMap<number, number>; float: FloatMode }

export function createTranslator({ u8, u16 }: Words, reader: BlockReader, core: (name: string) => number, extents = false): (region: Region, float: FloatMode) => Translation {
  const factsOf = [createFacts(false), createFacts(true)];
  // of the region at hand: the registers, and what it is entered with
  const touched = untouched();
  let assumed = 0;
  const record = blockRecorder({ core, extents, touched, assumes: (bits) => { assumed |= bits; } });
  const relative = FORMS.map((form) => form.operands.some(({ kind }) => kind === "rel")), calls = FORMS.map(({ mnemonic }) => mnemonic === "call");
  const indirect = FORMS.map(({ mnemonic }, index) => (mnemonic === "jmp" || mnemonic === "call") && !relative[index]);

  /** The instructions of a block up to the first that only the interpreter executes. */
  const instructionsOf = (block: RegionBlock, trusting: boolean): Instruction[] => {
    const list: Instruction[] = [];
    for (let index = 0; index < block.operations; index++) {
      const op = block.address + C.BLOCK_HEADER_BYTES + index * C.OP_BYTES, handler = reader.handlerOf(block.address, index);
      const offset = u16[(op + C.OP_OFFSET) >>> 1], left = u8[op + C.OP_LEFT];
      const decoded = createDecoded();
      if (handler === C.HANDLER_CROSS) {
        list.push({ op, offset, left, goto: false, secondPage: block.secondPage });
        continue;
      }
      if (handler < C.HANDLER_FIRST || !reader.decodeAt(block.address, index, decoded)) {
        list.push({ op, offset, left, goto: handler === C.HANDLER_GOTO });
        break;
      }
      const form = FORMS[decoded.form], facts = factsOf[Number(trusting)](form, decoded);
      list.push({ op, offset, left, form, decoded, facts, goto: false, locked: (u8[op + C.OP_SCALE] & C.OP_LOCKED) !== 0 });
      if (!facts.compilable) break;
    }
    return list;
  };
  /** Where the operation's link leads, or would lead, as a block and a distance in pages. */
  const linkOf = (block: RegionBlock, op: number): [number, number] => {
    const target = reader.target(op), pages = Math.floor(target / PAGE);
    return [reader.link(op) || (pages === 0 ? reader.find(block.hostPage + target) : 0), pages];
  };

  return (region, wanted) => {
    const trusting = isTrusting(wanted);
    const { blocks } = region;
    Object.assign(touched, untouched());
    assumed = 0;
    const byAddress = new Map(blocks.map((block, index) => [block.address, index]));
    const byPlace = new Map(blocks.map(({ distance, offset }, index) => [distance * PAGE + offset, index]));
    const blockAt = (address: number, distance: number) => {
      const index = byAddress.get(address);
      return index !== undefined && blocks[index].distance === distance ? index : undefined;
    };
    // code that is in another block too is left to that one
    const lists = blocks.map((block) => {
      const list = instructionsOf(block, trusting);
      const second = list.findIndex(({ offset, goto }, index) => index > 0 && !goto && block.secondPage === 0 && byPlace.has(block.distance * PAGE + offset));
      if (second < 0) return list;
      const { op, offset, left } = list[second];
      return [...list.slice(0, second), { op, offset, left: left + 1, goto: false, into: byPlace.get(block.distance * PAGE + offset) }];
    });

    if (lists.some((list) => list.some(({ facts }) => facts?.changesView))) touched.mostStreams = FEW_STREAMS;

    /** By operation: where its link leads in the region. Looked up once: the interpreter may be setting links just now. */
    const links = new Map<number, number | undefined>();
    const linked = (index: number, op: number) => {
      const block = blocks[index], [address, pages] = linkOf(block, op), to = blockAt(address, block.distance + pages);
      links.set(op, to);
      return to;
    };
    const entries = new Set<number>(), targets = region.targets.map((address) => byAddress.get(address)!);
    const within: number[][] = [], callList: Call[] = [], jumps: number[] = [], pointerCalls: number[] = [];
    const costs: { to: number; left: number }[][] = blocks.map((block, index) => {
      const list: { to: number; left: number }[] = [], inside: number[] = [];
      within.push(inside);
      for (const { op, offset, left, form, decoded, goto, into } of lists[index]) {
        const to = into ?? (goto || (form && relative[form.id]) ? linked(index, op) : undefined);
        if (to !== undefined) list.push({ to, left });
        if (!form || !calls[form.id]) {
          if (to !== undefined) inside.push(to);
          else if (form && indirect[form.id]) jumps.push(index);
          continue;
        }
        const site = offset + decoded!.length < PAGE ? blockAt(reader.find(block.hostPage + offset + decoded!.length), block.distance) : undefined;
        if (site === undefined) continue;
        inside.push(site);
        if (indirect[form.id]) pointerCalls.push(site);
        else callList.push({ heads: to === undefined ? [] : [to], site });
        if (to === undefined) entries.add(site); // who is called will return there from elsewhere
      }
      return list;
    });
    const { jumpsTo: casesOf, callsTo } = divideTargets(within, jumps, targets);
    for (const [jump, cases] of casesOf) within[jump].push(...cases);
    for (const site of pointerCalls) callList.push({ heads: callsTo, site });
    const sites = returnSites(within, callList), returns = (index: number) => lists[index].at(-1)?.form?.mnemonic === "ret";
    /** Blocks that an address may lead to. */
    const jumpsTo = lists.map((list, index): readonly number[] => {
      const form = list.at(-1)?.form;
      return returns(index) ? [...sites[index]] : form && indirect[form.id] ? casesOf.get(index) ?? callsTo : [];
    });
    const shared = shareJumps(jumpsTo), sharedBy = (index: number) => shared.by.get(index);
    jumpsTo.forEach((to, index) => {
      for (const next of sharedBy(index) === undefined ? to : [sharedBy(index)!]) costs[index].push({ to: next, left: lists[index].at(-1)!.left });
    });
    for (const to of shared.targets) {
      costs.push(to.map((next) => ({ to: next, left: 0 })));
      lists.push([]);
    }
    // where no return of the region leads, the interpreter does
    const led = new Set(costs.flatMap((list) => list.map(({ to }) => to)));
    for (const { site } of callList) if (!led.has(site)) entries.add(site);
    entries.add(0);
    const root = outermostHead(within, blocks.map(({ distance, offset }) => distance * PAGE + offset));
    const shape = structure({ edges: costs.map((list) => [...new Set(list.map(({ to }) => to))]), entries, root });

    // instructions on the longest way forward
    const longest = new Array<number>(lists.length).fill(0);
    for (const index of shape.order.toReversed()) {
      const { count } = blocks[index] ?? SHARING;
      longest[index] = Math.max(count, ...costs[index].filter(({ to }) => shape.forward(index, to)).map(({ to, left }) => count - left + longest[to]));
    }
    const most = Math.max(...shape.order.map((index) => longest[index]));
    const several = blocks.some(({ distance }) => distance !== 0);
    let native = false;
    const operations = lists.map(({ length }) => length), loops = chooseIslands(shape.loops, operations, false);
    const islands = chooseIslands(shape.loops, operations, lists.some((list) => list.some(({ facts }) => facts?.speculates)));
    /** Of a block, what is executed when a loop goes on: behind its last way within the loop it has been left. */
    const repeated = (loop: Loop, index: number) => {
      const last = Math.min(...costs[index].filter(({ to }) => loop.blocks.has(to)).map(({ left }) => left));
      return lists[index].filter(({ left }) => left >= last);
    };
    /** By loop: what is done to a register outside of it does not matter. */
    const steady = new Map<Loop | undefined, number>();
    const steadyIn = (loop: Loop | undefined) => {
      let known = steady.get(loop);
      if (known === undefined) steady.set(loop, (known = steadyRegisters(loop ? [...loop.blocks].map((index) => repeated(loop, index)) : lists)));
      return known;
    };
    const recordBlock = (index: number) => {
      touched.steady = steadyIn(loops[index]?.loop);
      const shares = index >= blocks.length, { distance: here } = shares ? SHARING : blocks[index];
      const target = (to: number): Target => {
        const { distance, hostPage, count, offset } = blocks[to] ?? SHARING, route = shape.route(index, to), pages = distance - here;
        const moves = to < blocks.length && (pages !== 0 || (shares && several));
        return { to: route === undefined ? ANY : to, dispatched: shape.dispatched(index, to), entry: shape.entries.get(to) ?? 0, pages, moves, hostPage, count, offset, least: shape.forward(index, to) ? 0 : longest[to] };
      };
      const by = sharedBy(index);
      const recorded = record({
        instructions: lists[index], island: islands[index]?.resident, trust: wanted === "testing" ? "tests" : "bounds",
        targetOf: (op) => {
          const to = links.get(op);
          return to === undefined ? undefined : target(to);
        },
        targetAt: target,
        ...(shares ? { jumpsTo: shared.targets[index - blocks.length].map(target), shares } : by === undefined ? { jumpsTo: jumpsTo[index].map(target) } : { jumpsTo: [], sharedBy: target(by) }),
      });
      native ||= recorded.native;
      return recorded;
    };
    const anywhere = shape.order.some((index) => costs[index].some(({ to }) => shape.route(index, to) === undefined));
    const pages = several || anywhere;
    const float = () => (trusting && !native ? "none" : wanted);
    return {
      code: writeRegion({ shape, islands, record: recordBlock, dispatched: anywhere }, () => ({ touched, assumes: assumed, longest: most, pages, float: float() })),
      float: float(), entries: new Map([...shape.entries].filter(([index]) => index < blocks.length && reader.enterable(blocks[index].address))),
    };
  };
}
