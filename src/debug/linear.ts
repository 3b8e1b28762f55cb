// Guest memory by linear address for a debugger: the page walk (SDM 3A, Paging) without any trace, neither accessed bits nor TLB entries
// nor faults, whatever the rights of a page. Devices are never touched: what is not RAM or ROM is not there.

import type { VnodeMemory } from "../hal/memory.ts";
import type { VcpuState } from "../hal/state.ts";

const CR0_PG = 1n << 31n, CR4_PSE = 1n << 4n, CR4_PAE = 1n << 5n, EFER_LMA = 1n << 10n;
const PRESENT = 1n, LARGE = 1n << 7n, ADDRESS = 0x000f_ffff_ffff_f000n;
const PAGE = 4096n;

/** A page: where it begins, and how it is mapped. `flags` are the bits of the last entry, W and U less where an upper level has them not, NX where one has it. */
export interface Mapping { linear: bigint; gpa: bigint; bytes: bigint; flags: bigint }

interface Level { shift: bigint; entryBytes: number; entries: number; mayBeLarge: boolean }
const level = (shift: bigint, entryBytes: number, entries: number, mayBeLarge: boolean): Level => ({ shift, entryBytes, entries, mayBeLarge });
const LONG = [level(39n, 8, 512, false), level(30n, 8, 512, true), level(21n, 8, 512, true), level(12n, 8, 512, false)];
const PAE = [level(30n, 8, 4, false), level(21n, 8, 512, true), level(12n, 8, 512, false)];
const LEGACY = (pse: boolean) => [level(22n, 4, 1024, pse), level(12n, 4, 1024, false)];

const signExtend = (linear: bigint) => BigInt.asUintN(64, BigInt.asIntN(48, linear));
const W = 2n, U = 4n, NX = 1n << 63n;

export interface LinearMemory {
  /** @returns the page that holds this address, undefined when none is mapped there */
  translate(linear: bigint): Mapping | undefined;
  /** Bytes from `linear` on, up to the first that is not memory. */
  read(linear: bigint, bytes: number): Uint8Array;
  /** Writes all or nothing. @returns false when part of it is not RAM; `written` hears of each piece by guest-physical address */
  write(linear: bigint, data: Uint8Array, written: (gpa: number, bytes: number) => void): boolean;
  /** All pages that are mapped, in order; none while paging is off. */
  mappings(): Generator<Mapping>;
}

/** @param state whose page tables are meant, as they are at the moment of each call */
export function linearMemory(state: VcpuState, memory: VnodeMemory): LinearMemory {
  const entryAt = (gpa: bigint, bytes: number): bigint => {
    if (memory.host(Number(gpa), bytes) < 0) return 0n;
    const raw = memory.read(Number(gpa), bytes), view = new DataView(raw.buffer, raw.byteOffset, bytes);
    return bytes === 8 ? view.getBigUint64(0, true) : BigInt(view.getUint32(0, true));
  };
  const paging = (): { levels: Level[]; root: bigint; long: boolean } | undefined => {
    if (!(state.read("cr0") & CR0_PG)) return undefined;
    const cr3 = state.read("cr3"), cr4 = state.read("cr4");
    if (state.read("efer") & EFER_LMA) return { levels: LONG, root: cr3 & ADDRESS, long: true };
    return cr4 & CR4_PAE ? { levels: PAE, root: cr3 & 0xffff_ffe0n, long: false } : { levels: LEGACY((cr4 & CR4_PSE) !== 0n), root: cr3 & 0xffff_f000n, long: false };
  };
  /** The page behind a last entry. Large pages of 32-bit paging have address bits 32..39 in bits 13..20 (PSE-36). */
  const leaf = ({ shift, entryBytes }: Level, entry: bigint, linear: bigint, rights: bigint): Mapping => {
    const bytes = 1n << shift, gpa = entryBytes === 4 && shift > 12n ? (entry & 0xffc0_0000n) | ((entry >> 13n) & 0xffn) << 32n : entry & ADDRESS & ~(bytes - 1n);
    return { linear: linear & ~(bytes - 1n), gpa, bytes, flags: (entry & ~(W | U)) | (entry & rights & (W | U)) | ((entry | rights) & NX) };
  };
  const combine = (rights: bigint, entry: bigint) => (rights & entry & (W | U)) | ((rights | entry) & NX);

  const translate = (linear: bigint): Mapping | undefined => {
    const tables = paging();
    if (!tables) return linear < 1n << 32n ? { linear: linear & ~(PAGE - 1n), gpa: linear & ~(PAGE - 1n), bytes: PAGE, flags: PRESENT | W | U } : undefined;
    if (tables.long ? signExtend(linear) !== linear : linear >= 1n << 32n) return undefined;
    let table = tables.root, rights = W | U;
    for (const one of tables.levels) {
      const entry = entryAt(table + ((linear >> one.shift) & BigInt(one.entries - 1)) * BigInt(one.entryBytes), one.entryBytes);
      if (!(entry & PRESENT)) return undefined;
      if (one.shift === 12n || (one.mayBeLarge && entry & LARGE)) return leaf(one, entry, linear, rights);
      rights = tables.levels === PAE && one === PAE[0] ? rights : combine(rights, entry);
      table = entry & ADDRESS;
    }
    return undefined;
  };
  function* within(table: bigint, levels: readonly Level[], from: bigint, rights: bigint, long: boolean): Generator<Mapping> {
    const [one, ...below] = levels;
    for (let index = 0; index < one.entries; index++) {
      const entry = entryAt(table + BigInt(index * one.entryBytes), one.entryBytes);
      if (!(entry & PRESENT)) continue;
      const linear = long ? signExtend(from | BigInt(index) << one.shift) : from | BigInt(index) << one.shift;
      if (one.shift === 12n || (one.mayBeLarge && entry & LARGE)) yield leaf(one, entry, linear, rights);
      else yield* within(entry & ADDRESS, below, linear, levels === PAE ? rights : combine(rights, entry), long);
    }
  }
  /** Calls `visit` for each part of [linear, linear + bytes) in one page, until it says false. */
  const forPages = (linear: bigint, bytes: number, visit: (gpa: number, offset: number, length: number) => boolean): boolean => {
    for (let offset = 0; offset < bytes;) {
      const at = BigInt.asUintN(64, linear + BigInt(offset)), page = translate(at);
      const length = Math.min(bytes - offset, Number(PAGE - (at & (PAGE - 1n))));
      if (!page || !visit(Number(page.gpa + (at - page.linear)), offset, length)) return false;
      offset += length;
    }
    return true;
  };
  const read: LinearMemory["read"] = (linear, bytes) => {
    const out = new Uint8Array(bytes);
    let have = 0;
    forPages(linear, bytes, (gpa, offset, length) => {
      if (memory.host(gpa, length) < 0) return false;
      out.set(memory.read(gpa, length), offset);
      have = offset + length;
      return true;
    });
    return out.subarray(0, have);
  };
  const isRam = (gpa: number, bytes: number) => memory.regions.some((region) => region.kind === "ram" && gpa >= region.gpa && gpa + bytes <= region.gpa + region.bytes);
  const write: LinearMemory["write"] = (linear, data, written) => {
    if (!forPages(linear, data.length, (gpa, _, length) => isRam(gpa, length))) return false;
    return forPages(linear, data.length, (gpa, offset, length) => {
      memory.write(gpa, data.subarray(offset, offset + length));
      written(gpa, length);
      return true;
    });
  };
  function* mappings(): Generator<Mapping> {
    const tables = paging();
    if (tables) yield* within(tables.root, tables.levels, 0n, W | U, tables.long);
  }
  return { translate, read, write, mappings };
}
