// An address space: mappings (vmas) in order, and the page tables that carry them out. Static by default: what a program maps has its frames
// at once, contiguous and in large pages where it fits, so that running code never faults. Lazy are the stack, what nobody may touch yet
// (PROT_NONE), what is not reserved (MAP_NORESERVE) and what is larger than STATIC_MOST; their pages come in chunks when they are touched.
// Pages with several users (fork, private file mappings) are copied at the first write.

import { PROT } from "../../abi/linux/memory.ts";
import type { OpenFile } from "../file/inode.ts";
import { createPageTables, ENTRY, frameOf, LARGE_BYTES, SLOT_BYTES, USER_END, type PageTables } from "./page-tables.ts";
import { FRAME, LARGE, type Pmem } from "./pmem.ts";

/** What a file gives to its mappings: frames, which it keeps. */
export interface PageSource {
  readonly name: string;
  /** Bytes of the file now: pages beyond are a bus error. */
  size(): number;
  /** Frame of a page by its number, -1: no memory. Whoever maps it shares it. */
  page(index: number): number;
  /** A shared mapping may write: by this open file the pages go back. */
  share(file: OpenFile): void;
  /** Whether there is such a file. */
  writable(): boolean;
  /** False: no code may be executed there. */
  executable?: false;
  /** Told when a shared mapping goes that could be written. */
  unmapped(first: number, pages: number): void;
  /** One mapping more, or less. */
  hold(): void;
  drop(): void;
}

export interface Vma { start: number; end: number; prot: number; shared: boolean; lazy: boolean; source?: PageSource; offset: number; name: string }

/** Address spaces of a parallel program's processes by rank. */
export interface Job { readonly spaces: (Aspace | undefined)[] }

/** What a touch of memory comes to. */
export const TOUCH = { done: 0, unmapped: 1, forbidden: 2, bus: 3, noMemory: 4 } as const;
export type Touch = (typeof TOUCH)[keyof typeof TOUCH];

export interface Aspace {
  readonly tables: PageTables;
  readonly pmem: Pmem;
  vmas: Vma[];
  /** The heap: where it begins, and where it ends now. */
  heapStart: number;
  heapEnd: number;
  /** Tasks that run in it. */
  users: number;
  /** Highest address of mappings that may be anywhere. */
  mapTop: number;
  /** Top of its stack, and where position-independent programs begin. */
  readonly stackTop: number;
  readonly programBase: number;
  /** The ranks of a parallel program, which have their memory in slots of each other's, and which this is. */
  job: Job | undefined;
  rank: number;
  /** Told when translations became stale: in [start, start + bytes). */
  stale: (aspace: Aspace, start: number, bytes: number) => void;
}

const STATIC_MOST = 256 * 2 ** 20;
/** Pages that a touch of lazy memory brings. */
const CHUNK = 16;
const STACK_TOP = 0x7fff_ffff_f000;
const MAP_TOP = 0x7fff_f7ff_f000, MAP_BOTTOM = 0x1_0000, PROGRAM_BASE = 0x5555_5555_4000;
/** Below 512 GiB, all of it in one slot of the root. */
const LOW = { stackTop: 0x7f_ffff_f000, mapTop: 0x7f_f7ff_f000, programBase: 0x55_5555_4000 };

/** @returns undefined: no memory */
export function createAspace(pmem: Pmem, stale: Aspace["stale"], low = false): Aspace | undefined {
  const tables = createPageTables(pmem);
  return tables && { tables, pmem, vmas: [], heapStart: 0, heapEnd: 0, users: 1, mapTop: MAP_TOP, stackTop: STACK_TOP, programBase: PROGRAM_BASE, job: undefined, rank: 0, stale, ...(low && LOW) };
}

export const pageUp = (bytes: number): number => Math.ceil(bytes / FRAME) * FRAME;
export const pageDown = (address: number): number => Math.floor(address / FRAME) * FRAME;

/** Index of the first vma that ends above `address`. */
function indexOf(vmas: readonly Vma[], address: number): number {
  let low = 0, high = vmas.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (vmas[middle].end > address) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** The mapping of an address. */
export function vmaAt(aspace: Aspace, address: number): Vma | undefined {
  const vma = aspace.vmas[indexOf(aspace.vmas, address)];
  return vma && vma.start <= address ? vma : undefined;
}

/** Mappings that overlap [start, end), cut so that they lie inside. */
export function cut(aspace: Aspace, start: number, end: number): Vma[] {
  const { vmas } = aspace, out: Vma[] = [];
  for (let index = indexOf(vmas, start); index < vmas.length && vmas[index].start < end; index++) {
    let vma = vmas[index];
    if (vma.start < start) {
      const left = { ...vma, end: start };
      vma.source?.hold();
      vma.offset += start - vma.start;
      vma.start = start;
      vmas.splice(index++, 0, left);
    }
    if (vma.end > end) {
      const right = { ...vma, start: end, offset: vma.offset + end - vma.start };
      vma.source?.hold();
      vma.end = end;
      vmas.splice(index + 1, 0, right);
    }
    out.push(vma);
  }
  return out;
}

/** Joins neighbours around [start, end) that differ in nothing. */
export function join({ vmas }: Aspace, start: number, end: number): void {
  for (let index = Math.max(1, indexOf(vmas, start - 1)); index < vmas.length && vmas[index].start <= end;) {
    const left = vmas[index - 1], right = vmas[index];
    if (left.end === right.start && left.prot === right.prot && left.shared === right.shared && left.lazy === right.lazy && left.source === right.source && left.name === right.name
      && (!left.source || left.offset + left.end - left.start === right.offset)) {
      left.end = right.end;
      right.source?.drop();
      vmas.splice(index, 1);
    } else index++;
  }
}

/** A free range of `bytes`, the highest one below `mapTop`, large mappings on large pages. @returns -1: none */
export function findHole({ vmas, mapTop }: Aspace, bytes: number, top = mapTop): number {
  const align = bytes >= LARGE_BYTES ? LARGE_BYTES : FRAME;
  let end = top;
  for (let index = indexOf(vmas, top - 1); ; index--) {
    if (index < vmas.length && vmas[index] && vmas[index].start < end) end = vmas[index].start;
    const floor = index > 0 ? vmas[index - 1].end : MAP_BOTTOM;
    const start = Math.floor((end - bytes) / align) * align;
    if (start >= Math.max(floor, MAP_BOTTOM)) return start;
    if (index <= 0) return -1;
    end = Math.min(end, vmas[index - 1].start);
  }
}

/** True where nothing is mapped. */
export function isFree({ vmas }: Aspace, start: number, end: number): boolean {
  const index = indexOf(vmas, start);
  return index >= vmas.length || vmas[index].start >= end;
}

const entryBits = (prot: number, copy: boolean) =>
  ENTRY.user | ENTRY.accessed | (prot & 7 ? ENTRY.present : ENTRY.held) | (copy ? ENTRY.copy : prot & PROT.write ? ENTRY.write | ENTRY.dirty : 0);

/** Puts frames of their own under pages of an anonymous mapping that have none. @returns false: no memory */
function fill({ tables, pmem }: Aspace, vma: Vma, start: number, end: number): boolean {
  const execute = (vma.prot & PROT.exec) !== 0, bits = entryBits(vma.prot, false);
  for (let at = start; at < end;) {
    if (at % LARGE_BYTES === 0 && end - at >= LARGE_BYTES && tables.find(at) < 0) {
      const gpa = pmem.allocate(LARGE, "program", LARGE);
      if (gpa >= 0) {
        const entry = tables.make(at, true);
        if (entry < 0) {
          pmem.release(gpa, LARGE);
          return false;
        }
        if (pmem.words[entry] === 0) {
          tables.set(entry, gpa, bits | ENTRY.large, execute);
          at += LARGE_BYTES;
          continue;
        }
        pmem.release(gpa, LARGE); // an empty table is there already
      }
    }
    const limit = Math.min(end, Math.floor(at / LARGE_BYTES + 1) * LARGE_BYTES);
    let run = 0;
    while (at + run * FRAME < limit && isEmpty(tables, pmem, at + run * FRAME)) run++;
    if (run === 0) {
      at += FRAME;
      continue;
    }
    let gpa = pmem.allocate(run, "program");
    for (; gpa < 0 && run > 1; gpa = pmem.allocate(run, "program")) run >>= 1;
    if (gpa < 0) return false;
    for (let index = 0; index < run; index++) {
      const entry = tables.make(at + index * FRAME);
      if (entry < 0) {
        pmem.release(gpa + index * FRAME, run - index);
        return false;
      }
      tables.set(entry, gpa + index * FRAME, bits, execute);
    }
    at += run * FRAME;
  }
  return true;
}
function isEmpty(tables: PageTables, pmem: Pmem, address: number): boolean {
  const entry = tables.find(address);
  return entry < 0 || pmem.words[entry] === 0;
}

/** Puts one page of a file under an address. */
function fillFromFile(aspace: Aspace, vma: Vma, address: number, write: boolean): Touch {
  const { tables, pmem } = aspace, source = vma.source!, offset = vma.offset + address - vma.start;
  if (offset >= pageUp(source.size())) return TOUCH.bus;
  const frame = source.page(offset / FRAME), entry = frame < 0 ? -1 : tables.make(address);
  if (entry < 0) return TOUCH.noMemory;
  pmem.share(frame, 1);
  tables.set(entry, frame, entryBits(vma.prot, !vma.shared), (vma.prot & PROT.exec) !== 0);
  if (!write || vma.shared) return TOUCH.done;
  const done = copyPage(aspace, vma, entry);
  aspace.stale(aspace, address, FRAME); // another core may have read it meanwhile
  return done;
}

/** Gives a private page with several users a frame of its own. */
function copyPage({ tables, pmem }: Aspace, vma: Vma, entry: number): Touch {
  const old = frameOf(pmem.words[entry]), execute = (vma.prot & PROT.exec) !== 0;
  if (pmem.users(old) > 1) {
    const frame = pmem.allocate(1, "program");
    if (frame < 0) return TOUCH.noMemory;
    pmem.bytes(frame, FRAME).set(pmem.bytes(old, FRAME));
    pmem.release(old, 1);
    tables.set(entry, frame, entryBits(vma.prot, false), execute);
  } else tables.set(entry, old, entryBits(vma.prot, false), execute);
  return TOUCH.done;
}

/** Brings the frames that a mapping is to have from the beginning. */
export function populate(aspace: Aspace, vma: Vma, start = vma.start, end = vma.end): Touch {
  if (!vma.source) return fill(aspace, vma, start, end) ? TOUCH.done : TOUCH.noMemory;
  const last = Math.min(end, vma.start + pageUp(vma.source.size()) - vma.offset);
  for (let at = start; at < last; at += FRAME) {
    if (!isEmpty(aspace.tables, aspace.pmem, at)) continue;
    const touch = fillFromFile(aspace, vma, at, false);
    if (touch !== TOUCH.done) return touch;
  }
  return TOUCH.done;
}

export const isStatic = (vma: Vma): boolean => !vma.lazy && (vma.prot & 7) !== 0 && vma.end - vma.start <= STATIC_MOST;

/** A page is touched that the page tables do not allow, or not yet. @param access PROT bit */
export function touch(aspace: Aspace, address: number, access: number): Touch {
  const vma = vmaAt(aspace, address), other = vma ? undefined : aspace.job?.spaces[Math.floor(address / SLOT_BYTES) - 1];
  if (other && other !== aspace) return touch(other, address % SLOT_BYTES, access);
  if (!vma) return TOUCH.unmapped;
  const allowed = vma.prot & PROT.write || vma.prot & PROT.exec ? vma.prot | PROT.read : vma.prot;
  if (!(allowed & access)) return TOUCH.forbidden;
  const { tables, pmem } = aspace, page = pageDown(address), write = access === PROT.write;
  let entry = tables.find(page);
  if (entry < 0 || pmem.words[entry] === 0) {
    if (vma.source) return fillFromFile(aspace, vma, page, write);
    const chunk = CHUNK * FRAME, start = Math.max(vma.start, Math.floor(page / chunk) * chunk), end = Math.min(vma.end, Math.floor(page / chunk) * chunk + chunk);
    return fill(aspace, vma, start, end) || fill(aspace, vma, page, page + FRAME) ? TOUCH.done : TOUCH.noMemory;
  }
  if (write && pmem.words[entry] & ENTRY.copy) {
    if (pmem.words[entry] & ENTRY.large) {
      if (!tables.split(page)) return TOUCH.noMemory;
      entry = tables.find(page);
    }
    const done = copyPage(aspace, vma, entry);
    aspace.stale(aspace, page, FRAME);
    return done;
  }
  aspace.stale(aspace, page, FRAME);
  return TOUCH.done;
}

/** Takes the frames from pages, and lets their mappings be. @returns false: no memory for the tables that this takes */
export function vacate(aspace: Aspace, start: number, end: number): boolean {
  const { tables, pmem } = aspace, gone: number[] = [];
  const done = tables.each(start, end, (entry, _, bytes) => {
    gone.push(frameOf(pmem.words[entry]), bytes / FRAME);
    tables.set(entry, 0, 0, false);
  });
  aspace.stale(aspace, start, end - start); // before anybody else may get the frames: other cores may run in here
  for (let index = 0; index < gone.length; index += 2) pmem.release(gone[index], gone[index + 1]);
  return done;
}

/** Unmaps what lies in [start, end). @returns false: no memory */
export function unmap(aspace: Aspace, start: number, end: number): boolean {
  const gone = cut(aspace, start, end);
  if (gone.length === 0) return true;
  if (!vacate(aspace, start, end)) return false;
  for (const { source, shared, prot, offset, start: from, end: to } of gone) {
    if (source && shared && prot & PROT.write) source.unmapped(Math.floor(offset / FRAME), (to - from) / FRAME);
    source?.drop();
  }
  const first = aspace.vmas.indexOf(gone[0]);
  aspace.vmas.splice(first, gone.length);
  return true;
}

/** Adds a mapping where nothing is. */
export function insert(aspace: Aspace, vma: Vma): void {
  aspace.vmas.splice(indexOf(aspace.vmas, vma.start), 0, vma);
  vma.source?.hold();
}

/** Gives pages the rights of their mappings anew, after `prot` of a vma was changed. */
export function applyRights(aspace: Aspace, { start, end, prot }: Vma): boolean {
  const { tables, pmem } = aspace;
  return tables.each(start, end, (entry) => {
    const word = pmem.words[entry];
    tables.set(entry, frameOf(word), entryBits(prot, (word & ENTRY.copy) !== 0) | (word & ENTRY.large), (prot & PROT.exec) !== 0);
  });
}

/** Another address space with the same content: private pages are copied when one of both writes. @returns undefined: no memory */
export function cloneAspace(aspace: Aspace): Aspace | undefined {
  const { pmem, tables } = aspace, copy = createAspace(pmem, aspace.stale);
  if (!copy) return undefined;
  Object.assign(copy, { heapStart: aspace.heapStart, heapEnd: aspace.heapEnd, mapTop: aspace.mapTop });
  for (const vma of aspace.vmas) {
    insert(copy, { ...vma });
    let enough = true;
    const done = tables.each(vma.start, vma.end, (entry, address, bytes) => {
      let word = pmem.words[entry];
      if (!vma.shared) word = pmem.words[entry] = (word & ~(ENTRY.write | ENTRY.dirty) | ENTRY.copy) >>> 0;
      const at = copy.tables.make(address, bytes === LARGE_BYTES);
      if (at < 0) {
        enough = false;
        return;
      }
      pmem.share(frameOf(word), bytes / FRAME);
      pmem.words[at] = word;
      pmem.words[at + 1] = pmem.words[entry + 1];
    });
    if (!done || !enough) {
      destroyAspace(copy);
      return undefined;
    }
  }
  aspace.stale(aspace, 0, USER_END);
  return copy;
}

/** It is a rank's: from now on all ranks find each other's memory, and this one its own, at (rank + 1) · 512 GiB. */
export function joinJob(aspace: Aspace, job: Job, rank: number): void {
  Object.assign(aspace, { job, rank });
  job.spaces[rank] = aspace;
  job.spaces.forEach((other, index) => {
    if (!other) return;
    aspace.tables.show(index + 1, other.tables);
    if (other !== aspace) other.tables.show(rank + 1, aspace.tables);
  });
}
function leaveJob(aspace: Aspace): void {
  const { job, rank } = aspace;
  if (job?.spaces[rank] !== aspace) return;
  for (const other of job.spaces) other?.tables.show(rank + 1, undefined);
  aspace.stale(aspace, 0, USER_END); // of all of the job
  job.spaces[rank] = undefined;
}

/** Gives everything back. */
export function destroyAspace(aspace: Aspace): void {
  leaveJob(aspace);
  unmap(aspace, 0, USER_END);
  aspace.tables.destroy();
  aspace.stale(aspace, 0, USER_END);
}
