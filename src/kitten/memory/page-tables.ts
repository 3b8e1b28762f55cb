// x86-64 page tables (SDM 3A, 4-Level Paging) in physical memory, written by Kitten, walked by the vCPU. Every frame is below 4 GiB, so
// that an entry is its lower 32-bit word and NX in the upper one.
// Addresses are numbers below USER_END. An entry is named by the index of its lower word in `pmem.words`.

import { FRAME, LARGE, type Pmem } from "./pmem.ts";

/** End of the addresses that programs have: 47 bits, less the page before the hole. */
export const USER_END = 2 ** 47 - FRAME;
export const LARGE_BYTES = LARGE * FRAME;

/** Bits of an entry's lower word. WRITTEN_ELSEWHERE: the frame has other users, a write makes a copy. HELD: the frame is kept for a page that may not be touched. FOREIGN: of a root, the tables are
 * another address space's. */
export const ENTRY = { present: 1, write: 2, user: 4, accessed: 32, dirty: 64, large: 128, copy: 0x200, held: 0x400, foreign: 0x800 } as const;
const ADDRESS = 0xffff_f000;
const NX = 0x8000_0000;
/** What an entry of the root covers. */
export const SLOT_BYTES = 2 ** 39;
const SPANS = [2 ** 39, 2 ** 30, 2 ** 21, 2 ** 12] as const;

export interface PageTables {
  /** gpa of the root, for CR3. */
  readonly root: number;
  /** The leaf entry of an address, or -1 where there is none: not even a table. */
  find(address: number): number;
  /** Likewise, making tables on the way; a large page is not split. @returns -1: no memory */
  make(address: number, large?: boolean): number;
  /** Writes an entry. @param bits ENTRY bits; without `present` or `held` it becomes empty */
  set(entry: number, gpa: number, bits: number, execute: boolean): void;
  /** Calls `visit` for every leaf that has a frame in [start, end); a large page that is only partly inside is split. @returns false: no memory */
  each(start: number, end: number, visit: (entry: number, address: number, bytes: number) => void): boolean;
  /** Makes 512 small pages of a large one. @returns false: no memory */
  split(address: number): boolean;
  /** Shows the lowest 512 GiB of another address space in a slot of 512 GiB, or in place of it nothing. @returns false: something else is there, or no memory */
  show(slot: number, other: PageTables | undefined): boolean;
  /** The root's entry for the lowest 512 GiB, made if need be; 0: no memory. */
  lowest(): number;
  /** Gives the tables back; the frames of the leaves are the caller's. */
  destroy(): void;
}

export const frameOf = (word: number): number => (word & ADDRESS) >>> 0;

/** Index in `words` of the entry of a table for an address. */
const slot = (firstWord: number, table: number, address: number, level: number) => firstWord + table / 4 + 2 * (Math.floor(address / SPANS[level]) % 512);
const isTable = (word: number, level: number) => (word & ENTRY.present) !== 0 && level < 3 && !(level === 2 && word & ENTRY.large);

/** The leaf entry of an address under the tables of `root`, or -1. */
export function findEntry(words: Uint32Array, firstWord: number, root: number, address: number): number {
  let entry = slot(firstWord, root, address, 0);
  for (let level = 0; level < 3; level++) {
    const word = words[entry];
    if (!isTable(word, level)) return level === 2 && word !== 0 ? entry : -1;
    entry = slot(firstWord, frameOf(word), address, level + 1);
  }
  return entry;
}

/** @returns undefined: no memory */
export function createPageTables(pmem: Pmem): PageTables | undefined {
  const { words, firstWord } = pmem;
  const root = pmem.allocate(1, "tables");
  if (root < 0) return undefined;
  const find = (address: number) => findEntry(words, firstWord, root, address);
  const make = (address: number, large = false) => {
    let entry = slot(firstWord, root, address, 0);
    if (words[entry] & ENTRY.foreign) return -1;
    for (let level = 0; level < (large ? 2 : 3); level++) {
      if (!isTable(words[entry], level)) {
        if (words[entry] !== 0) return entry; // a large page
        const table = pmem.allocate(1, "tables");
        if (table < 0) return -1;
        words[entry] = table | ENTRY.present | ENTRY.write | ENTRY.user | ENTRY.accessed;
      }
      entry = slot(firstWord, frameOf(words[entry]), address, level + 1);
    }
    return entry;
  };
  const set = (entry: number, gpa: number, bits: number, execute: boolean) => {
    const kept = bits & (ENTRY.present | ENTRY.held);
    words[entry + 1] = kept && !execute ? NX : 0;
    words[entry] = kept ? (gpa | bits) >>> 0 : 0;
  };
  const split = (address: number) => {
    const entry = find(address), word = words[entry], upper = words[entry + 1];
    const table = pmem.allocate(1, "tables");
    if (table < 0) return false;
    for (let index = 0, at = firstWord + table / 4; index < 512; index++, at += 2) {
      words[at] = ((word & ~ENTRY.large) + index * FRAME) >>> 0;
      words[at + 1] = upper;
    }
    words[entry + 1] = 0;
    words[entry] = table | ENTRY.present | ENTRY.write | ENTRY.user | ENTRY.accessed;
    return true;
  };
  const each: PageTables["each"] = (start, end, visit) => {
    const walk = (table: number, level: number, base: number): boolean => {
      const span = SPANS[level];
      const first = Math.max(0, Math.floor((start - base) / span)), last = Math.min(511, Math.ceil((end - base) / span) - 1);
      for (let index = first; index <= last; index++) {
        const entry = firstWord + table / 4 + 2 * index, word = words[entry], address = base + index * span;
        if (word === 0 || (level === 0 && word & ENTRY.foreign)) continue;
        if (isTable(word, level)) {
          if (!walk(frameOf(word), level + 1, address)) return false;
        } else if (level === 2 && (address < start || address + span > end)) {
          if (!split(address) || !walk(frameOf(words[entry]), 3, address)) return false;
        } else visit(entry, address, span);
      }
      return true;
    };
    return walk(root, 0, 0);
  };
  const destroy = () => {
    const free = (table: number, level: number) => {
      for (let entry = firstWord + table / 4, end = entry + 1024; level < 3 && entry < end; entry += 2) if (isTable(words[entry], level) && !(level === 0 && words[entry] & ENTRY.foreign)) free(frameOf(words[entry]), level + 1);
      pmem.release(table, 1);
    };
    free(root, 0);
  };
  const lowest = () => (make(0) < 0 ? 0 : words[firstWord + root / 4]);
  const show = (index: number, other: PageTables | undefined) => {
    const entry = firstWord + root / 4 + 2 * index, word = words[entry], shown = other ? other.lowest() : 0;
    if ((word !== 0 && !(word & ENTRY.foreign)) || (other && shown === 0)) return false;
    words[entry] = other ? shown | ENTRY.foreign : 0;
    return true;
  };
  return { root, show, lowest, find, make, set, each, split, destroy };
}

/** Whether an address can be a base of FS or GS that a program sets: its own half. */
export const canonicalUser = (address: number): boolean => address >= 0 && address < 2 ** 47;
