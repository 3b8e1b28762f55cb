// Shared memory segments: shmget, shmat, shmdt, shmctl.

import { ERRNO } from "../../abi/linux/errno.ts";
import { PROT } from "../../abi/linux/memory.ts";
import { epochMs, type Kitten } from "../kitten.ts";
import { findHole, isFree, pageUp, unmap, type Aspace, type Vma } from "../memory/aspace.ts";
import type { Segment } from "../memory/segments.ts";
import { USER_END } from "../memory/page-tables.ts";
import { FRAME } from "../memory/pmem.ts";
import { copyIn, copyOut } from "../memory/user.ts";
import type { Process } from "../task/task.ts";
import type { Handler } from "./call.ts";
import { placeMapping, sharedMemory } from "./memory.ts";

const IPC = { create: 0o1000, exclusive: 0o2000, remove: 0, set: 1, stat: 2, info: 3 } as const;
const SHM = { readOnly: 0o10000, round: 0o20000, remap: 0o40000, exec: 0o100000, lock: 11, unlock: 12, stat: 13, info: 14 } as const;
const MOST_SEGMENTS = 4096, LOWEST = 0x1_0000;

const isOf = (vma: Vma, segment: Segment) => vma.source === segment.source;
/** How often it is attached: in every address space, the pieces that begin at its beginning. */
function attached(k: Kitten, segment: Segment): number {
  const spaces = new Set<Aspace>([...k.processes.values()].filter(({ status }) => status === undefined).map(({ aspace }) => aspace));
  let count = 0;
  for (const { vmas } of spaces) for (const vma of vmas) if (isOf(vma, segment) && vma.offset === 0) count++;
  return count;
}
/** Forgets segments that were removed and are attached nowhere. */
function sweep(k: Kitten): void {
  for (const segment of k.objects.segments.byId.values()) {
    if (!segment.removed || attached(k, segment) > 0) continue;
    segment.source.drop();
    k.objects.segments.byId.delete(segment.id);
  }
}

export const shmget: Handler = (k, { process }, key, size, flags) => {
  const { segments } = k.objects;
  sweep(k);
  const known = key === 0 ? undefined : [...segments.byId.values()].find((each) => each.key === key && !each.removed);
  if (known) return (flags & (IPC.create | IPC.exclusive)) === (IPC.create | IPC.exclusive) ? -ERRNO.EEXIST : size > known.bytes ? -ERRNO.EINVAL : known.id;
  if (key !== 0 && !(flags & IPC.create)) return -ERRNO.ENOENT;
  if (!(size > 0)) return -ERRNO.EINVAL;
  if (segments.byId.size >= MOST_SEGMENTS) return -ERRNO.ENOSPC;
  if (pageUp(size) > k.pmem.frames * FRAME) return -ERRNO.ENOMEM;
  const source = sharedMemory(k, process, pageUp(size));
  if (!source) return -ERRNO.ENOMEM;
  source.hold();
  const { pid, uid, gid } = process, id = segments.lastId++;
  segments.byId.set(id, { id, key, bytes: size, source, mode: flags & 0o777, uid, gid, creator: { pid, uid, gid }, lastPid: 0, attachedMs: 0, detachedMs: 0, changedMs: epochMs(k), removed: false });
  return id;
};

export const shmat: Handler = (k, { process }, id, address, flags) => {
  const segment = k.objects.segments.byId.get(id), { aspace } = process;
  if (!segment) return -ERRNO.EINVAL;
  const bytes = pageUp(segment.bytes);
  let start = flags & SHM.round ? address - address % FRAME : address;
  if (start === 0) {
    start = findHole(aspace, bytes);
    if (start < 0) return -ERRNO.ENOMEM;
  } else {
    if (start % FRAME !== 0 || start < LOWEST || start + bytes > USER_END) return -ERRNO.EINVAL;
    if (flags & SHM.remap ? !unmap(aspace, start, start + bytes) : !isFree(aspace, start, start + bytes)) return flags & SHM.remap ? -ERRNO.ENOMEM : -ERRNO.EINVAL;
  }
  const prot = PROT.read | (flags & SHM.readOnly ? 0 : PROT.write) | (flags & SHM.exec ? PROT.exec : 0);
  const placed = placeMapping(aspace, { start, end: start + bytes, prot, shared: true, lazy: false, source: segment.source, offset: 0, name: `/SYSV${(segment.key >>> 0).toString(16).padStart(8, "0")}` }, false);
  if (placed >= 0) Object.assign(segment, { attachedMs: epochMs(k), lastPid: process.pid });
  return placed;
};

export const shmdt: Handler = (k, { process }, address) => {
  const { aspace } = process, first = aspace.vmas.find(({ start }) => start === address);
  const segment = first && [...k.objects.segments.byId.values()].find((each) => isOf(first, each));
  if (!first || !segment || first.offset !== 0) return -ERRNO.EINVAL;
  for (const { start, end } of aspace.vmas.filter((vma) => isOf(vma, segment) && vma.start - vma.offset === address)) if (!unmap(aspace, start, end)) return -ERRNO.ENOMEM;
  Object.assign(segment, { detachedMs: epochMs(k), lastPid: process.pid });
  sweep(k);
  return 0;
};

/** struct shmid64_ds (include/uapi/asm-generic/shmbuf.h, ipcbuf.h). */
function describe(k: Kitten, segment: Segment): Uint8Array {
  const out = new Uint8Array(112), view = new DataView(out.buffer), { creator } = segment, u64 = (at: number, value: number) => view.setBigUint64(at, BigInt(Math.floor(value)), true);
  [segment.key, segment.uid, segment.gid, creator.uid, creator.gid, segment.mode | (segment.removed ? 0o1000 : 0)].forEach((value, index) => view.setInt32(4 * index, value, true));
  [segment.bytes, segment.attachedMs / 1000, segment.detachedMs / 1000, segment.changedMs / 1000].forEach((value, index) => u64(48 + 8 * index, value));
  view.setInt32(80, creator.pid, true);
  view.setInt32(84, segment.lastPid, true);
  u64(88, attached(k, segment));
  return out;
}
function change(k: Kitten, segment: Segment, process: Process, address: number): number {
  const bytes = copyIn(process.aspace, address, 112);
  if (!bytes) return -ERRNO.EFAULT;
  const view = new DataView(bytes.buffer);
  Object.assign(segment, { uid: view.getInt32(4, true), gid: view.getInt32(8, true), mode: view.getUint32(20, true) & 0o777, changedMs: epochMs(k) });
  return 0;
}
export const shmctl: Handler = (k, { process }, id, command, address) => {
  const segment = k.objects.segments.byId.get(id), { aspace } = process;
  if (command === IPC.info || command === SHM.info) {
    const out = new BigUint64Array(command === IPC.info ? [2n ** 63n, 1n, BigInt(MOST_SEGMENTS), BigInt(MOST_SEGMENTS), 2n ** 51n, 0n, 0n, 0n, 0n] : [BigInt(k.objects.segments.byId.size), 0n, 0n, 0n, 0n, 0n]);
    return copyOut(aspace, address, new Uint8Array(out.buffer)) ? Math.max(0, k.objects.segments.lastId - 1) : -ERRNO.EFAULT;
  }
  if (!segment) return -ERRNO.EINVAL;
  switch (command) {
    case IPC.remove:
      segment.removed = true;
      segment.key = 0;
      sweep(k);
      return 0;
    case IPC.stat:
    case SHM.stat: return copyOut(aspace, address, describe(k, segment)) ? command === SHM.stat ? segment.id : 0 : -ERRNO.EFAULT;
    case IPC.set: return change(k, segment, process, address);
    case SHM.lock:
    case SHM.unlock: return 0;
  }
  return -ERRNO.EINVAL;
};
