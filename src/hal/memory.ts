// The memory of a physical node: one shared WebAssembly.Memory that holds the RAM of all its virtual nodes, and outside of every guest's
// reach the vCPU states, TLBs and decoded code. A `VnodeMemory` is what one virtual node sees of it: a region table.
//
// Security: a guest-physical address becomes a host address only through the region table of its own virtual node, when a TLB entry is
// filled (engine/core, `translate`). Nothing else may turn a number from a guest into an index of `bytes`.

import { NvlError } from "../base/error.ts";
import { CONSTANTS as C } from "./layout.ts";

const WASM_PAGE = 65536;
/** Below this lie the static data of the Wasm modules. */
const FIRST_FREE = 0x100000;
const PAGE_WORDS = 4 * 2 ** 20;

export interface NodeMemory {
  readonly wasm: WebAssembly.Memory;
  readonly bytes: Uint8Array;
  readonly view: DataView;
  /** Takes zeroed bytes of the node, `align` a power of two. @throws node/out-of-memory */
  allocate(bytes: number, align: number, what: string): number;
  /** Address of a u32 per 4096-byte host page: which vCPUs have decoded code of it, and which may write there (hal/layout.ts). */
  readonly codePages: number;
}

export interface Region { gpa: number; bytes: number; host: number; kind: "ram" | "rom" }

export interface VnodeMemory {
  /** Address of the region table. */
  readonly table: number;
  readonly regions: readonly Region[];
  /** Host address of [gpa, gpa + bytes) if it lies in one region, else -1. */
  host(gpa: number, bytes: number): number;
  /** Copies out; what is not RAM or ROM reads as 0xff. */
  read(gpa: number, bytes: number): Uint8Array;
  /** Copies in, ROM too. @throws memory/outside when a part is neither RAM nor ROM */
  write(gpa: number, data: Uint8Array): void;
  /** Zeroes RAM. @throws as write */
  clear(gpa: number, bytes: number): void;
  /** One region more, or less: of memory that others have made reachable. Who uses it must have forgotten its translations before it goes. Threads that have the table open already see it when
   * a TLB entry is filled; only this object's other functions know it. @throws memory/regions when there are too many */
  add(region: Region): void;
  remove(gpa: number): void;
  /** Bytes of RAM in pages that hold anything but zeros. */
  touchedBytes(): number;
}

/** Makes the memory of a node.
 * @param bytes upper bound of all that will be allocated, at most 4 GiB; untouched pages cost the host nothing */
export function createNodeMemory(bytes: number): NodeMemory {
  const pages = Math.ceil((bytes + FIRST_FREE + PAGE_WORDS) / WASM_PAGE);
  if (pages > 65536) throw new NvlError("node/too-large", `a node has at most 4 GiB less tables, not ${pages * WASM_PAGE} bytes`, { context: { bytes } });
  let wasm: WebAssembly.Memory;
  try {
    wasm = new WebAssembly.Memory({ initial: pages, maximum: 65536, shared: true });
  } catch (cause) {
    throw new NvlError("node/out-of-memory", `the host gives no ${pages * WASM_PAGE} bytes of address space`, { context: { bytes }, cause });
  }
  return adoptNodeMemory(wasm, FIRST_FREE);
}

/** The same memory seen from another thread, which may allocate [next, end) of it. */
export function adoptNodeMemory(wasm: WebAssembly.Memory, next: number, end = wasm.buffer.byteLength): NodeMemory {
  const bytes = new Uint8Array(wasm.buffer);
  const allocate = (size: number, align: number, what: string) => {
    const start = Math.ceil(next / align) * align;
    if (start + size > end) throw new NvlError("node/out-of-memory", `no ${size} bytes left for ${what}`, { context: { size, left: end - next } });
    next = start + size;
    return start;
  };
  const codePages = FIRST_FREE;
  if (next === FIRST_FREE) next += PAGE_WORDS;
  return { wasm, bytes, view: new DataView(wasm.buffer), allocate, codePages };
}

/** Writes a region table for `regions`, which must be sorted, disjoint and page-aligned. */
export function createVnodeMemory(node: NodeMemory, regions: readonly Region[]): VnodeMemory {
  if (regions.length > C.REGION_MAX) throw new NvlError("memory/regions", `at most ${C.REGION_MAX} regions`, { context: { count: regions.length } });
  const table = node.allocate(4096, 4096, "region table");
  let end = 0;
  regions.forEach((region, index) => {
    if (region.gpa < end || region.gpa % 4096 || region.bytes % 4096 || region.host % 4096)
      throw new NvlError("memory/regions", "regions must be sorted, disjoint and page-aligned", { context: { region } });
    end = region.gpa + region.bytes;
    const entry = table + C.REGION_FIRST + index * C.REGION_ENTRY_BYTES;
    node.view.setBigUint64(entry, BigInt(region.gpa), true);
    node.view.setBigUint64(entry + 8, BigInt(region.bytes), true);
    node.view.setUint32(entry + 16, region.host, true);
    node.view.setUint32(entry + 20, region.kind === "ram" ? C.REGION_RAM : C.REGION_ROM, true);
  });
  node.view.setUint32(table, regions.length, true);
  return openVnodeMemory(node, table);
}

/** A region table that exists already, seen from any thread. */
export function openVnodeMemory(node: NodeMemory, table: number): VnodeMemory {
  const regions: Region[] = [];
  for (let index = 0; index < node.view.getUint32(table, true); index++) {
    const entry = table + C.REGION_FIRST + index * C.REGION_ENTRY_BYTES;
    regions.push({
      gpa: Number(node.view.getBigUint64(entry, true)), bytes: Number(node.view.getBigUint64(entry + 8, true)),
      host: node.view.getUint32(entry + 16, true), kind: node.view.getUint32(entry + 20, true) === C.REGION_RAM ? "ram" : "rom",
    });
  }
  const find = (gpa: number) => regions.find((region) => gpa >= region.gpa && gpa < region.gpa + region.bytes);
  const host = (gpa: number, bytes: number) => {
    const region = find(gpa);
    return region && gpa + bytes <= region.gpa + region.bytes ? region.host + (gpa - region.gpa) : -1;
  };
  /** Calls `visit` for each part of [gpa, gpa + bytes) that lies in one region, or in none (host -1). */
  const forParts = (gpa: number, bytes: number, visit: (host: number, offset: number, length: number) => void) => {
    for (let offset = 0; offset < bytes;) {
      const at = gpa + offset;
      const region = find(at);
      const next = region ? region.gpa + region.bytes : Math.min(...regions.map((r) => r.gpa).filter((g) => g > at), Infinity);
      const length = Math.min(bytes - offset, next - at);
      visit(region ? region.host + (at - region.gpa) : -1, offset, length);
      offset += length;
    }
  };
  const read = (gpa: number, bytes: number) => {
    const out = new Uint8Array(bytes).fill(0xff);
    forParts(gpa, bytes, (at, offset, length) => { if (at >= 0) out.set(node.bytes.subarray(at, at + length), offset); });
    return out;
  };
  const requireMemory = (gpa: number, bytes: number) => forParts(gpa, bytes, (at, offset) => {
    if (at < 0) throw new NvlError("memory/outside", "write outside of guest RAM", { context: { gpa: gpa + offset, bytes } });
  });
  const clear = (gpa: number, bytes: number) => {
    requireMemory(gpa, bytes);
    forParts(gpa, bytes, (at, _, length) => node.bytes.fill(0, at, at + length));
  };
  const write = (gpa: number, data: Uint8Array) => {
    requireMemory(gpa, data.length);
    forParts(gpa, data.length, (at, offset, length) => node.bytes.set(data.subarray(offset, offset + length), at));
  };
  const touchedBytes = () => {
    let pages = 0;
    for (const { host: start, bytes, kind } of regions) {
      if (kind !== "ram") continue;
      const words = new Float64Array(node.wasm.buffer, start, bytes / 8);
      for (let page = 0; page < words.length; page += 512) {
        // as floats a NaN counts as set and a negative zero does not: the next word of such a page tells
        for (let word = page; word < page + 512; word++) if (words[word] !== 0) { pages++; break; }
      }
    }
    return pages * 4096;
  };
  const entryAt = (index: number) => table + C.REGION_FIRST + index * C.REGION_ENTRY_BYTES, sizeWord = (index: number) => (entryAt(index) + 8) / 4, words = new Int32Array(node.wasm.buffer);
  const add = (region: Region) => {
    const count = node.view.getUint32(table, true);
    let index = 0;
    while (index < count && words[sizeWord(index)] !== 0) index++;
    if (index >= C.REGION_MAX) throw new NvlError("memory/regions", `at most ${C.REGION_MAX} regions`, { context: { count } });
    // empty until all of it is there: others walk the table meanwhile
    node.view.setBigUint64(entryAt(index) + 8, 0n, true);
    node.view.setBigUint64(entryAt(index), BigInt(region.gpa), true);
    node.view.setUint32(entryAt(index) + 16, region.host, true);
    node.view.setUint32(entryAt(index) + 20, region.kind === "ram" ? C.REGION_RAM : C.REGION_ROM, true);
    Atomics.store(words, sizeWord(index), region.bytes);
    if (index === count) Atomics.store(words, table / 4, count + 1);
    regions.push(region);
  };
  const remove = (gpa: number) => {
    for (let index = 0; index < node.view.getUint32(table, true); index++) if (node.view.getBigUint64(entryAt(index), true) === BigInt(gpa)) Atomics.store(words, sizeWord(index), 0);
    const at = regions.findIndex((region) => region.gpa === gpa);
    if (at >= 0) regions.splice(at, 1);
  };
  return { table, regions, host, read, write, clear, touchedBytes, add, remove };
}
