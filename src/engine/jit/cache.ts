// Compiled regions of one vCPU: their functions in the interpreter's table, and records in memory by which core drops them (blocks.ts).
//
// The cache is a queue of modules. What would go beyond its bounds, of code or of records, evicts the oldest modules: their blocks are
// interpreted again, and compiled again if they become hot again. V8 frees a module when the table holds none of its functions any more.

import { CONSTANTS as C, type NodeMemory } from "../../hal/index.ts";
import type { CompiledRegion } from "./compile.ts";
import type { JitCounters } from "./counters.ts";

/** Memory for the records: a ring. */
const RECORD_BYTES = 2 << 20;
const GROWTH = 64;
/** Memory that V8 takes for a byte of Wasm when its code is optimized: the byte, baseline code, optimized code, metadata. */
export const HOST_BYTES_PER_WASM_BYTE = 16;

export interface RegionCache {
  /** @param code functions of the regions
   * @param wasmBytes size of the module that they came in */
  install(regions: readonly CompiledRegion[], code: readonly unknown[], wasmBytes: number): void;
  /** The region of a record, if it is not dropped. */
  find(record: number): CompiledRegion | undefined;
  /** All blocks have been forgotten, and all regions with them. */
  flushed(): void;
}

/** Functions of core that a cache needs: by a region's record, by a block (blocks.ts). */
export interface CoreRegions { dropRegion(region: number): void; forgetJump(block: number): void }

interface Installed { record: number; slot: number; region: CompiledRegion }
interface Module { regions: Installed[]; hostBytes: number }

/** @param limit bytes of the host that compiled code may take
 * @param heat entries until a block is hot again */
export function createRegionCache(node: NodeMemory, table: () => WebAssembly.Table, { dropRegion, forgetJump }: CoreRegions, counters: JitCounters, limit: number, heat: number): RegionCache {
  const start = node.allocate(RECORD_BYTES, 64, "compiled regions"), end = start + RECORD_BYTES;
  const u16 = new Uint16Array(node.bytes.buffer), u32 = new Uint32Array(node.bytes.buffer);
  /** The oldest first. Records lie in the same order, and begin anew at `start` when they come to the end. */
  let modules: Module[] = [], next = start, hostBytes = 0;
  const free: number[] = [];

  const word = (address: number) => address >>> 2;
  const count = (change: number) => {
    hostBytes += change;
    counters.cacheBytes += change; // of all vCPUs of the thread
  };
  const isDropped = ({ record }: Installed) => u32[word(record + C.COMPILED_COUNT)] === 0;
  /** Functions of regions that core has dropped leave the table; a module without any is gone. */
  const sweep = () => {
    for (const module of modules) {
      for (const region of module.regions) if (isDropped(region)) release(region);
      if (module.hostBytes === 0 || module.regions.some(({ slot }) => slot >= 0)) continue;
      count(-module.hostBytes);
      module.hostBytes = 0;
    }
  };
  const release = (region: Installed) => {
    if (region.slot < 0) return;
    table().set(region.slot, null);
    free.push(region.slot);
    region.slot = -1;
  };
  /** Takes a record out of the lists of its blocks: its memory is used again. */
  const unlink = ({ record, region: { blocks } }: Installed) => {
    const first = record + C.COMPILED_BLOCKS + 4 * blocks.length, behind = first + C.MEMBER_BYTES * blocks.length;
    for (const { address } of blocks) {
      for (let link = address + C.BLOCK_MEMBERS; u32[word(link)] !== 0;) {
        const member = u32[word(link)];
        if (member >= first && member < behind) u32[word(link)] = u32[word(member + C.MEMBER_NEXT)];
        else link = member + C.MEMBER_NEXT;
      }
    }
  };
  const evictOldest = () => {
    const module = modules.shift()!;
    for (const region of module.regions) {
      if (!isDropped(region)) {
        counters.evicted++;
        dropRegion(region.record);
      }
      release(region);
      unlink(region);
    }
    count(-module.hostBytes);
  };
  /** Where the records of the oldest module begin that has any. */
  const oldestRecord = () => modules.find(({ regions }) => regions.length > 0)?.regions[0].record;
  /** Memory of the ring, for which the oldest modules may have to go. */
  const allocate = (bytes: number): number => {
    for (;;) {
      const oldest = oldestRecord();
      if (oldest === undefined) next = start;
      if (oldest === undefined || oldest < next) {
        if (next + bytes <= end) break;
        next = start; // what is left behind is too little
      } else if (next + bytes < oldest) break;
      else evictOldest();
    }
    const record = next;
    next += bytes;
    return record;
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

  const installRegion = (region: CompiledRegion, code: unknown): Installed => {
    const { blocks, entries } = region;
    const record = allocate((C.COMPILED_BLOCKS + (4 + C.MEMBER_BYTES) * blocks.length + 7) & ~7), members = record + C.COMPILED_BLOCKS + 4 * blocks.length;
    const slot = slotFor(code);
    u32[word(record + C.COMPILED_COUNT)] = blocks.length;
    u32[word(record + C.COMPILED_FUNCTION)] = slot;
    blocks.forEach(({ address }, index) => {
      u32[word(record + C.COMPILED_BLOCKS + 4 * index)] = address;
      const member = members + index * C.MEMBER_BYTES;
      u32[word(member + C.MEMBER_NEXT)] = u32[word(address + C.BLOCK_MEMBERS)];
      u32[word(member + C.MEMBER_REGION)] = record;
      u32[word(address + C.BLOCK_MEMBERS)] = member;
      const entry = entries.get(index);
      if (u16[(address + C.BLOCK_HOT) >>> 1] === 0) u16[(address + C.BLOCK_HOT) >>> 1] = heat; // from elsewhere it may be entered often, and a region may be dropped
      if (entry === undefined) return;
      // the newest region with a block knows most about it
      const first = (address + C.BLOCK_HEADER_BYTES) >>> 1;
      if (u32[word(address + C.BLOCK_REGION)] === 0) u16[(address + C.BLOCK_HANDLER) >>> 1] = u16[first];
      else forgetJump(address);
      u32[word(address + C.BLOCK_REGION)] = record;
      u16[(address + C.BLOCK_ENTRY) >>> 1] = entry;
      u16[first] = C.HANDLER_REGION;
    });
    return { record, slot, region };
  };
  const install: RegionCache["install"] = (regions, code, wasmBytes) => {
    const more = wasmBytes * HOST_BYTES_PER_WASM_BYTE;
    if (hostBytes + more > limit) sweep();
    while (hostBytes + more > limit && modules.length > 0) evictOldest();
    const module: Module = { regions: [], hostBytes: more };
    modules.push(module);
    count(more);
    regions.forEach((region, index) => module.regions.push(installRegion(region, code[index])));
  };
  const find = (record: number) => {
    for (const { regions } of modules) for (const each of regions) if (each.record === record && !isDropped(each)) return each.region;
    return undefined;
  };
  const flushed = () => {
    for (const module of modules) {
      for (const region of module.regions) {
        if (!isDropped(region)) counters.evicted++;
        u32[word(region.record + C.COMPILED_COUNT)] = 0;
        release(region);
      }
    }
    count(-hostBytes);
    modules = [];
    next = start;
  };
  return { install, find, flushed };
}
