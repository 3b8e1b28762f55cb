// Which blocks make a region: those that are reached from a hot one by links that were taken, up to where other regions begin.

import { CONSTANTS as C } from "../../hal/layout.ts";
import { decode, DECODED, type Decoded } from "../../isa/decode.ts";
import { prune } from "./prune.ts";

const PAGE = 4096;
/** Limits of one region: blocks, operations, and distance in pages from where it begins. */
const MOST_BLOCKS = 128, MOST_OPERATIONS = 600, FARTHEST_PAGES = 1 << 18;
/** A region of so many operations at most is compiled once more with what leads to it: to go there and back costs more than they do. */
const SMALL = 100;
/** A block is cold when it was entered less than this part of the times that make one hot. */
const COLD = 1 / 10;
/** Of an instruction. */
const LONGEST = 15;

/** Words of the node's memory. */
export interface Words { u8: Uint8Array; u16: Uint16Array; u32: Uint32Array; i32: Int32Array }

/** A block within a region: where it lies counts from the page in which the region's first block lies. */
export interface RegionBlock {
  address: number;
  /** guest pages from that of the first block */
  distance: number;
  /** host address of its page, guest offset in it */
  hostPage: number;
  offset: number;
  /** instructions that entering it costs */
  count: number;
  operations: number;
  /** host address of the page in which its only instruction ends, if that is another one */
  secondPage: number;
}

export interface Region {
  /** the first is where it begins */
  blocks: RegionBlock[];
  /** addresses of blocks to which indirect jumps may lead */
  targets: number[];
}

/** Longer lists than this do not exist; somebody writes what is read. */
const MOST_IN_BUCKET = 10_000;

/** Blocks as core keeps them, read from TypeScript: perhaps while core changes them (elsewhere.ts).
 * @param state blocks at or behind `end` are as if they were not there */
export function blockReader({ u8, u16, u32, i32 }: Words, state: { blockTable: number; end: number }) {
  const handlerOf = (block: number, index: number) => {
    const handler = u16[(block + C.BLOCK_HEADER_BYTES + index * C.OP_BYTES) >>> 1];
    return handler === C.HANDLER_REGION ? u16[(block + C.BLOCK_HANDLER) >>> 1] : handler;
  };
  /** A block that a region may contain: of 64-bit code, not dropped. */
  const usable = (block: number) => {
    if (block === 0 || block >= state.end || u32[(block + C.BLOCK_HOST) >>> 2] === 0 || u8[block + C.BLOCK_SIZE] !== C.MODE_CODE64) return false;
    const handler = handlerOf(block, 0);
    return handler >= C.HANDLER_FIRST || handler === C.HANDLER_CROSS;
  };
  /** May compiled code be entered in it? An operation of the interpreter's own has no function that could be called instead. */
  const enterable = (block: number) => usable(block) && handlerOf(block, 0) !== C.HANDLER_CROSS;
  const window = new Uint8Array(2 * LONGEST);
  /** Decodes the instruction of an operation anew. */
  const decodeAt = (block: number, index: number, decoded: Decoded): boolean => {
    const host = u32[(block + C.BLOCK_HOST) >>> 2], second = u32[(block + C.BLOCK_SECOND) >>> 2];
    const at = ((host & ~(PAGE - 1)) >>> 0) + u16[(block + C.BLOCK_HEADER_BYTES + index * C.OP_BYTES + C.OP_OFFSET) >>> 1], end = ((host | (PAGE - 1)) >>> 0) + 1;
    if (second === 0) return decode(u8, at, end, 64, decoded) === DECODED;
    window.set(u8.subarray(at, end));
    window.set(u8.subarray(second, second + LONGEST), end - at);
    return decode(window, 0, end - at + LONGEST, 64, decoded) === DECODED;
  };
  /** The block of 64-bit code at a host address, 0 if there is none. */
  const find = (host: number) => {
    const bucket = Math.imul(host, C.TLB_HASH) >>> (32 - C.BLOCK_TABLE_BITS);
    let block = u32[(state.blockTable >>> 2) + bucket];
    for (let left = MOST_IN_BUCKET; block !== 0; left--) {
      if (u32[(block + C.BLOCK_HOST) >>> 2] === host >>> 0 && u8[block + C.BLOCK_SIZE] === C.MODE_CODE64) return block < state.end ? block : 0;
      if (left === 0) break;
      block = u32[(block + C.BLOCK_NEXT) >>> 2];
    }
    return 0;
  };
  return { handlerOf, usable, enterable, decodeAt, find, target: (op: number) => u32[(op + C.OP_IMM) >>> 2] + i32[(op + C.OP_IMM + 4) >>> 2] * 2 ** 32, link: (op: number) => u32[(op + C.OP_LINK) >>> 2] };
}
export type BlockReader = ReturnType<typeof blockReader>;

/** What decoding tells of an operation: does it go to its link, does it call, does it go where a register says. */
export interface OperationKind { relative: boolean; calls: boolean; indirect: boolean; length: number }

export interface RegionSurroundings {
  kindOf(block: number, index: number): OperationKind;
  /** Blocks to which an indirect jump in this host page may lead. */
  near(page: number): readonly number[];
  /** Is another region entered in this block, one that is worth going to? Then it is not compiled once more. */
  isEntry(block: number): boolean;
  /** Is the block interpreted, and has it been entered seldom by now? Where it is left out (prune.ts) and needed after all, it becomes hot by itself. */
  isCold(block: number): boolean;
}

/** @param heat entries that make a block hot */
export function coldBlocks({ u16, u32 }: Words, heat: number): (block: number) => boolean {
  const fewest = Math.floor(heat * COLD);
  return (block) => u32[(block + C.BLOCK_MEMBERS) >>> 2] === 0 && heat - u16[(block + C.BLOCK_HOT) >>> 1] < fewest;
}

const operationsOf = (blocks: readonly RegionBlock[]) => blocks.reduce((sum, { operations }) => sum + operations, 0);

/** Blocks in which regions are entered that are not small: those in memory, and those that are added, which are not there yet. */
export function createEntries({ u16, u32 }: Words) {
  const added = new Map<number, boolean>();
  const isLarge = (region: number) => {
    let operations = 0;
    for (let left = u32[(region + C.COMPILED_COUNT) >>> 2], at = region + C.COMPILED_BLOCKS; left > 0; left--, at += 4) operations += u16[(u32[at >>> 2] + C.BLOCK_OPS) >>> 1];
    return operations > SMALL;
  };
  return {
    add: (entered: Iterable<number>, { blocks }: Region) => {
      const large = operationsOf(blocks) > SMALL;
      for (const index of entered) added.set(blocks[index].address, large);
    },
    has: (block: number) => {
      const region = u32[(block + C.BLOCK_REGION) >>> 2];
      return added.get(block) ?? (region !== 0 && isLarge(region));
    },
  };
}

export function formRegion(first: number, { u16, u32 }: Words, blocks: BlockReader, { kindOf, near, isEntry, isCold }: RegionSurroundings): Region {
  const found = new Map<number, RegionBlock>();
  const make = (address: number, distance: number): RegionBlock => {
    const host = u32[(address + C.BLOCK_HOST) >>> 2];
    return { address, distance, hostPage: (host & ~(PAGE - 1)) >>> 0, offset: host & (PAGE - 1), count: u16[(address + C.BLOCK_COUNT) >>> 1], operations: u16[(address + C.BLOCK_OPS) >>> 1], secondPage: u32[(address + C.BLOCK_SECOND) >>> 2] };
  };
  // blocks overlap: what two have in common is compiled once
  const operations = new Set<number>();
  const reserve = (block: RegionBlock): boolean => {
    const more: number[] = [];
    for (let index = 0; index < block.operations; index++) {
      const place = block.distance * PAGE + u16[(block.address + C.BLOCK_HEADER_BYTES + index * C.OP_BYTES + C.OP_OFFSET) >>> 1];
      if (operations.has(place)) break;
      more.push(place);
    }
    if (operations.size + more.length > MOST_OPERATIONS) return false;
    for (const place of more) operations.add(place);
    return true;
  };
  const queue: RegionBlock[] = [];
  /** By distance, the host page that is there: where indirect jumps lead is a guess, and so is how far that is. */
  const pages = new Map<number, number>();
  const offer = (address: number, distance: number) => {
    if (found.has(address) || !blocks.usable(address) || (address !== first && isEntry(address)) || Math.abs(distance) > FARTHEST_PAGES) return;
    const block = make(address, distance);
    if (block.hostPage === 0) return; // it was dropped just now: a region with it would pass for one whose blocks are what they were
    if ((pages.get(distance) ?? block.hostPage) !== block.hostPage || found.size >= MOST_BLOCKS || !reserve(block)) return;
    pages.set(distance, block.hostPage);
    found.set(address, block);
    queue.push(block);
  };
  offer(first, 0);
  const targets = new Set<number>(), edges = new Map<number, readonly number[]>();
  for (let block = queue.shift(); block; block = queue.shift()) {
    const list: [number, number][] = [];
    for (let index = 0; index < block.operations; index++) {
      const op = block.address + C.BLOCK_HEADER_BYTES + index * C.OP_BYTES, handler = blocks.handlerOf(block.address, index);
      const goto = handler === C.HANDLER_GOTO;
      if (!goto && handler < C.HANDLER_FIRST) continue;
      const kind = goto ? { relative: true, calls: false, indirect: false, length: 0 } : kindOf(block.address, index);
      if (kind.relative && blocks.link(op) !== 0) list.push([blocks.link(op), block.distance + Math.floor(blocks.target(op) / PAGE)]);
      const behind = u16[(op + C.OP_OFFSET) >>> 1] + kind.length;
      if (kind.indirect) for (const other of near(block.hostPage >>> 0)) {
        list.push([other, block.distance + (((u32[(other + C.BLOCK_HOST) >>> 2] & ~(PAGE - 1)) >>> 0) - block.hostPage) / PAGE]);
        targets.add(other);
      }
      // where a call returns to is a place to go on
      if (kind.calls && behind < PAGE) list.push([blocks.find(block.hostPage + behind), block.distance]);
    }
    for (const [address, distance] of list) offer(address, distance);
    edges.set(block.address, list.map(([address]) => address));
  }
  const staying = new Set(prune(first, edges, isCold));
  return { blocks: [...found.values()].filter(({ address }) => staying.has(address)), targets: [...targets].filter((address) => staying.has(address)) };
}
