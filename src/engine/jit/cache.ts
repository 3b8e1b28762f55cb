// Compiled regions of one vCPU: their functions in the interpreter's table, and records in memory by which core drops them (blocks.ts).

import { CONSTANTS as C, type NodeMemory } from "../../hal/index.ts";
import type { CompiledRegion } from "./compile.ts";
import type { JitCounters } from "./counters.ts";

/** Memory for the records. When it or the limit of code is used up, everything is forgotten. */
const RECORD_BYTES = 1 << 20;
const MOST_CODE_BYTES = 64 << 20;
const GROWTH = 64;
/** Entries until a block whose region was dropped is hot again: as late as possible, its bytes change. */
const COOL = 0xffff;

export interface RegionCache {
  /** @param codeBytes size of the module that they came in, or their share */
  install(region: CompiledRegion, code: unknown, codeBytes: number): void;
  /** The region of a record, if it is not dropped. */
  find(record: number): CompiledRegion | undefined;
  /** Regions that are not dropped. */
  count(): number;
  /** All blocks have been forgotten, and all regions with them. */
  flushed(): void;
}

export function createRegionCache(node: NodeMemory, table: () => WebAssembly.Table, dropRegion: (region: number) => void, counters: JitCounters): RegionCache {
  const start = node.allocate(RECORD_BYTES, 64, "compiled regions"), u16 = new Uint16Array(node.bytes.buffer), u32 = new Uint32Array(node.bytes.buffer);
  let next = start, codeBytes = 0;
  let live: { record: number; slot: number; region: CompiledRegion; codeBytes: number }[] = [];
  const free: number[] = [];

  const sweep = () => {
    live = live.filter(({ record, slot, codeBytes: bytes }) => {
      if (u32[record >>> 2] !== 0) return true;
      table().set(slot, null);
      free.push(slot);
      codeBytes -= bytes;
      return false;
    });
  };
  const count = () => live.filter(({ record }) => u32[record >>> 2] !== 0).length;
  const dropAll = () => {
    counters.evicted += count();
    for (const { record, region } of live) {
      dropRegion(record);
      for (const { address } of region.blocks) u32[(address + C.BLOCK_MEMBERS) >>> 2] = 0;
    }
    sweep();
    next = start;
  };
  const slotFor = (code: unknown) => {
    if (free.length === 0) sweep();
    if (free.length === 0) {
      const first = table().grow(GROWTH);
      for (let slot = first + GROWTH - 1; slot >= first; slot--) free.push(slot);
    }
    const slot = free.pop()!;
    table().set(slot, code);
    return slot;
  };

  const install: RegionCache["install"] = (region, code, bytes) => {
    const { blocks, entries } = region, size = C.COMPILED_BLOCKS + 4 * blocks.length + C.MEMBER_BYTES * blocks.length;
    if (next + size + 8 > start + RECORD_BYTES || codeBytes + bytes > MOST_CODE_BYTES) dropAll();
    const record = next, members = record + C.COMPILED_BLOCKS + 4 * blocks.length;
    next += (size + 7) & ~7;
    const slot = slotFor(code);
    u32[(record + C.COMPILED_COUNT) >>> 2] = blocks.length;
    u32[(record + C.COMPILED_FUNCTION) >>> 2] = slot;
    blocks.forEach(({ address }, index) => {
      u32[(record + C.COMPILED_BLOCKS + 4 * index) >>> 2] = address;
      const member = members + index * C.MEMBER_BYTES;
      u32[(member + C.MEMBER_NEXT) >>> 2] = u32[(address + C.BLOCK_MEMBERS) >>> 2];
      u32[(member + C.MEMBER_REGION) >>> 2] = record;
      u32[(address + C.BLOCK_MEMBERS) >>> 2] = member;
      if (u16[(address + C.BLOCK_HOT) >>> 1] === 0) u16[(address + C.BLOCK_HOT) >>> 1] = COOL;
      const entry = entries.get(index);
      if (entry === undefined) return;
      // the newest region with a block knows most about it
      const first = (address + C.BLOCK_HEADER_BYTES) >>> 1;
      if (u32[(address + C.BLOCK_REGION) >>> 2] === 0) u16[(address + C.BLOCK_HANDLER) >>> 1] = u16[first];
      u32[(address + C.BLOCK_REGION) >>> 2] = record;
      u16[(address + C.BLOCK_ENTRY) >>> 1] = entry;
      u16[first] = C.HANDLER_REGION;
    });
    live.push({ record, slot, region, codeBytes: bytes });
    codeBytes += bytes;
  };
  const flushed = () => {
    counters.evicted += count();
    for (const { record } of live) u32[record >>> 2] = 0;
    sweep();
    next = start;
  };
  return { install, find: (at) => live.find(({ record }) => record === at && u32[at >>> 2] !== 0)?.region, count, flushed };
}
