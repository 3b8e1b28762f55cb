// Memory: brk, mmap and its kin.

import { ERRNO } from "../../abi/linux/errno.ts";
import { O, S } from "../../abi/linux/files.ts";
import { MADV, MAP, MREMAP, PROT } from "../../abi/linux/memory.ts";
import { install, releaseFile } from "../file/descriptors.ts";
import { openInode } from "../file/open.ts";
import { createMemoryFs } from "../file/memory-fs.ts";
import type { OpenFile } from "../file/inode.ts";
import { epochMs, type Kitten } from "../kitten.ts";
import {
  applyRights, cut, findHole, insert, isFree, isStatic, join, pageDown, pageUp, populate, TOUCH, unmap, vacate, vmaAt, type Aspace, type PageSource, type Vma,
} from "../memory/aspace.ts";
import { frameOf, USER_END } from "../memory/page-tables.ts";
import { FRAME } from "../memory/pmem.ts";
import { copyOut, stringIn } from "../memory/user.ts";
import type { Process } from "../task/task.ts";
import type { Handler } from "./call.ts";
import { fileOf, mostFiles } from "./descriptor.ts";

const LOWEST = 0x1_0000;
const ALL_PROT = PROT.read | PROT.write | PROT.exec;

/** Whether RLIMIT_AS allows so many bytes more (getrlimit(2)). */
const mayGrow = ({ aspace, limits }: Process, bytes: number): boolean => limits[9][0] === Infinity || aspace.vmas.reduce((sum, { start, end }) => sum + end - start, bytes) <= limits[9][0];

/** Puts a mapping into an address space that has room for it. @returns its address or a negative errno */
export function placeMapping(aspace: Aspace, vma: Vma, atOnce: boolean): number {
  insert(aspace, vma);
  if (atOnce || isStatic(vma)) {
    const touched = populate(aspace, vma);
    if (touched === TOUCH.noMemory) {
      unmap(aspace, vma.start, vma.end);
      return -ERRNO.ENOMEM;
    }
  }
  const { start, end } = vma;
  join(aspace, start, end);
  return start;
}

export const brk: Handler = (_k, { process }, address) => {
  const { aspace } = process, before = pageUp(aspace.heapEnd), after = pageUp(address);
  if (address < aspace.heapStart || address - aspace.heapStart > Math.min(process.limits[2][0], USER_END)) return aspace.heapEnd;
  if (after > before) {
    if (!isFree(aspace, before, after) || !mayGrow(process, after - before) || placeMapping(aspace, { start: before, end: after, prot: PROT.read | PROT.write, shared: false, lazy: false, offset: 0, name: "[heap]" }, false) < 0) return aspace.heapEnd;
  } else if (after < before && !unmap(aspace, after, before)) return aspace.heapEnd;
  return aspace.heapEnd = address;
};

export const mmap: Handler = (k, { process }, address, length, prot, flags, fd, offset) => {
  const { aspace } = process, type = flags & MAP.type;
  if (!(length > 0) || offset < 0 || offset % FRAME !== 0 || (type !== MAP.shared && type !== MAP.private && type !== MAP.sharedValidate)) return -ERRNO.EINVAL;
  if (length > USER_END) return -ERRNO.ENOMEM;
  const bytes = pageUp(length), shared = type !== MAP.private;
  if (!mayGrow(process, bytes)) return -ERRNO.ENOMEM;
  let file: OpenFile | undefined;
  if (!(flags & MAP.anonymous)) {
    const found = fileOf(process, fd);
    if (typeof found === "number") return found;
    const access = found.flags & O.access;
    if (access === O.writeOnly || (shared && prot & PROT.write && access !== O.readWrite)) return -ERRNO.EACCES;
    const stat = found.inode.stat();
    if (typeof stat === "number" || (stat.mode & S.format) === S.directory) return -ERRNO.ENODEV;
    if ((stat.mode & S.format) !== S.file) {
      if (stat.rdev !== 0x105) return -ERRNO.ENODEV; // /dev/zero is anonymous memory
    } else file = found;
  }
  let start: number;
  if (flags & (MAP.fixed | MAP.fixedNoReplace)) {
    if (address % FRAME !== 0) return -ERRNO.EINVAL;
    if (address < LOWEST) return address < 0 ? -ERRNO.ENOMEM : -ERRNO.EPERM;
    if (address + bytes > USER_END) return -ERRNO.ENOMEM;
    if (flags & MAP.fixedNoReplace && !isFree(aspace, address, address + bytes)) return -ERRNO.EEXIST;
    if (!unmap(aspace, address, address + bytes)) return -ERRNO.ENOMEM;
    start = address;
  } else {
    const hint = pageDown(address);
    start = hint >= LOWEST && hint + bytes <= USER_END && isFree(aspace, hint, hint + bytes) ? hint
      : findHole(aspace, bytes, flags & MAP.low32 ? Math.min(2 ** 31, aspace.mapTop) : aspace.mapTop);
    if (start < 0) return -ERRNO.ENOMEM;
  }
  let source: PageSource | undefined, offsetIn = offset;
  if (file) {
    source = k.pages.source(file);
    if (shared && prot & PROT.write) source.share(file);
  } else if (shared) {
    source = sharedMemory(k, process, bytes);
    offsetIn = 0;
    if (!source) return -ERRNO.ENOMEM;
  }
  const lazy = (prot & ALL_PROT) === 0 || (flags & MAP.noReserve) !== 0;
  return placeMapping(aspace, { start, end: start + bytes, prot: prot & ALL_PROT, shared, lazy, source, offset: offsetIn, name: file?.path ?? "" }, (flags & MAP.populate) !== 0 && (prot & ALL_PROT) !== 0);
};

/** Anonymous memory that forks share: a file without a name. */
export function sharedMemory(k: Kitten, process: Process, bytes: number): PageSource | undefined {
  const file = memoryFile(k, process, "/dev/zero (deleted)");
  if (!file || typeof file === "number") return undefined;
  let size = bytes;
  const source = k.pages.source(file);
  releaseFile(file);
  return Object.assign(source, { size: () => size });
}
export function memoryFile(k: Kitten, process: Process, path: string): OpenFile | number {
  const root = createMemoryFs({ dev: ++k.objects.lastDevice, nowMs: () => epochMs(k), budget: k.objects.files });
  const inode = root.make!("file", { mode: S.file | 0o777, uid: process.uid, gid: process.gid });
  if (typeof inode === "number") return inode;
  const file = openInode(inode, O.readWrite, path, process);
  root.remove!("file", false); // it goes when nobody has it any more
  return file;
}

export const memfd_create: Handler = (k, { process }, nameAt, flags) => {
  const name = stringIn(process.aspace, nameAt, 249);
  if (name === undefined) return -ERRNO.EFAULT;
  if (name === null || flags & ~7) return -ERRNO.EINVAL;
  const file = memoryFile(k, process, `/memfd:${name} (deleted)`);
  return typeof file === "number" ? file : install(process.files, file, (flags & 1) !== 0, mostFiles(process));
};

export const munmap: Handler = (_k, { process: { aspace } }, address, length) => {
  if (address % FRAME !== 0 || !(length > 0) || address < 0 || address + length > USER_END) return -ERRNO.EINVAL;
  return unmap(aspace, address, address + pageUp(length)) ? 0 : -ERRNO.ENOMEM;
};

export const mprotect: Handler = (_k, { process: { aspace } }, address, length, prot) => {
  if (address % FRAME !== 0 || address < 0 || length < 0 || prot & ~(ALL_PROT | PROT.growsDown)) return -ERRNO.EINVAL;
  if (length === 0) return 0;
  const end = address + pageUp(length);
  if (end > USER_END || !isCovered(aspace, address, end)) return -ERRNO.ENOMEM;
  for (const vma of cut(aspace, address, end)) {
    if (prot & PROT.exec && vma.source?.executable === false) return -ERRNO.EACCES;
    if (vma.shared && vma.source && prot & PROT.write && !(vma.prot & PROT.write) && !vma.source.writable()) return -ERRNO.EACCES;
    vma.prot = prot & ALL_PROT;
    if (!applyRights(aspace, vma)) return -ERRNO.ENOMEM;
  }
  aspace.stale(aspace, address, end - address);
  join(aspace, address, end);
  return 0;
};

/** Whether every page of a range is mapped. */
function isCovered(aspace: Aspace, start: number, end: number): boolean {
  for (let at = start; at < end;) {
    const vma = vmaAt(aspace, at);
    if (!vma) return false;
    at = vma.end;
  }
  return true;
}

export const mremap: Handler = (_k, { process }, address, oldLength, newLength, flags, newAddress) => {
  if (address % FRAME !== 0 || address < 0 || !(newLength > 0) || oldLength < 0 || flags & ~7 || (flags & MREMAP.fixed && !(flags & MREMAP.mayMove)) || flags & MREMAP.dontUnmap) return -ERRNO.EINVAL;
  const { aspace } = process, vma = vmaAt(aspace, address);
  if (!vma) return -ERRNO.EFAULT;
  const before = pageUp(oldLength), after = pageUp(newLength);
  if (address + before > vma.end || after > USER_END) return -ERRNO.EFAULT;
  if (before === 0) return -ERRNO.EINVAL;
  if (after > before && !mayGrow(process, after - before)) return -ERRNO.ENOMEM;
  if (!(flags & MREMAP.fixed)) {
    if (after <= before) return after === before || unmap(aspace, address + after, address + before) ? address : -ERRNO.ENOMEM;
    if (address + before === vma.end && address + after <= USER_END && isFree(aspace, vma.end, address + after)) {
      const grown: Vma = { ...vma, start: vma.end, end: address + after, offset: vma.offset + vma.end - vma.start };
      return placeMapping(aspace, grown, false) < 0 ? -ERRNO.ENOMEM : address;
    }
    if (!(flags & MREMAP.mayMove)) return -ERRNO.ENOMEM;
  }
  const target = flags & MREMAP.fixed ? newAddress : findHole(aspace, after);
  if (target < 0) return -ERRNO.ENOMEM;
  if (flags & MREMAP.fixed) {
    if (target % FRAME !== 0 || target < LOWEST || target + after > USER_END || (target < address + before && address < target + after)) return -ERRNO.EINVAL;
    if (!unmap(aspace, target, target + after)) return -ERRNO.ENOMEM;
  }
  const moved = Math.min(before, after), [old] = cut(aspace, address, address + moved);
  insert(aspace, { ...old, start: target, end: target + moved });
  const { tables, pmem } = aspace;
  let enough = true;
  tables.each(address, address + moved, (entry, at, bytes) => {
    const execute = pmem.words[entry + 1] === 0, word = pmem.words[entry], gpa = frameOf(word);
    for (let page = 0; page < bytes; page += FRAME) { // large pages become small ones, unless they stay aligned: rare enough
      const to = tables.make(target + at - address + page);
      if (to < 0) enough = false;
      else tables.set(to, gpa + page, word & 0xf7f, execute);
    }
    tables.set(entry, 0, 0, false);
  });
  unmap(aspace, address, address + before);
  if (!enough) return -ERRNO.ENOMEM;
  if (after > moved) {
    const grown: Vma = { ...old, start: target + moved, end: target + after, offset: old.offset + moved };
    if (placeMapping(aspace, grown, false) < 0) return -ERRNO.ENOMEM;
  }
  return target;
};

export const madvise: Handler = (_k, { process: { aspace } }, address, length, advice) => {
  if (address % FRAME !== 0 || address < 0 || length < 0) return -ERRNO.EINVAL;
  const end = address + pageUp(length);
  if (end > USER_END || !isCovered(aspace, address, end)) return -ERRNO.ENOMEM;
  if (advice === MADV.dontNeed) {
    // zeros, or the file's bytes, from now on: pages come back when they are touched
    for (const vma of cut(aspace, address, end)) if (!vacate(aspace, vma.start, vma.end)) return -ERRNO.ENOMEM;
    join(aspace, address, end);
    return 0;
  }
  if (advice === MADV.populateRead || advice === MADV.populateWrite) {
    for (const vma of cut(aspace, address, end)) if (populate(aspace, vma) !== TOUCH.done) return -ERRNO.ENOMEM;
    join(aspace, address, end);
    return 0;
  }
  return advice >= 0 && advice <= 25 || advice === 100 || advice === 101 ? 0 : -ERRNO.EINVAL;
};

export const msync: Handler = (_k, { process: { aspace } }, address, length) => {
  if (address % FRAME !== 0 || address < 0 || length < 0) return -ERRNO.EINVAL;
  const end = address + pageUp(length);
  if (!isCovered(aspace, address, end)) return -ERRNO.ENOMEM;
  for (const vma of aspace.vmas) {
    if (vma.end <= address || vma.start >= end || !vma.shared || !vma.source) continue;
    const from = Math.max(vma.start, address), to = Math.min(vma.end, end);
    vma.source.unmapped((vma.offset + from - vma.start) / FRAME, (to - from) / FRAME);
  }
  return 0;
};

export const mincore: Handler = (_k, { process: { aspace } }, address, length, vector) => {
  if (address % FRAME !== 0 || address < 0) return -ERRNO.EINVAL;
  if (length < 0 || length > 2 ** 34 || !isCovered(aspace, address, address + pageUp(length))) return -ERRNO.ENOMEM;
  const out = new Uint8Array(pageUp(length) / FRAME).map((_, index) => {
    const entry = aspace.tables.find(address + index * FRAME);
    return entry >= 0 && aspace.pmem.words[entry] & 1 ? 1 : 0;
  });
  return copyOut(aspace, vector, out) ? 0 : -ERRNO.EFAULT;
};

/** Everything that has frames is locked: nothing is ever paged out. */
export const mlock: Handler = (_k, { process: { aspace } }, address, length) =>
  length < 0 || address < 0 ? -ERRNO.EINVAL : isCovered(aspace, pageDown(address), pageUp(address + length)) ? 0 : -ERRNO.ENOMEM;
