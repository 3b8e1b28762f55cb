// Locks of files: what fcntl and flock ask for.

import { ERRNO, ERESTARTSYS } from "../../abi/linux/errno.ts";
import { O, SEEK } from "../../abi/linux/files.ts";
import { findOpposed, dropLocks, lockRecord, lockWaiters, lockWhole, unlockRecords, unlockWhole, type Lock, type Owner } from "../file/locks.ts";
import type { OpenFile } from "../file/inode.ts";
import type { Kitten } from "../kitten.ts";
import { copyIn, copyOut } from "../memory/user.ts";
import { block } from "../task/schedule.ts";
import type { Task } from "../task/task.ts";
import type { Handler } from "./call.ts";
import { fileOf } from "./descriptor.ts";

const READ_LOCK = 0, WRITE_LOCK = 1, UNLOCK = 2;
const FLOCK_BYTES = 32;

/** The locks of an open file go when it is closed for good. */
function watchClose(k: Kitten, file: OpenFile): void {
  if (file.holdsLocks) return;
  file.holdsLocks = true;
  const { close } = file;
  file.close = () => {
    dropLocks(k.objects.locks, file.inode.key, file);
    close?.();
  };
}

/** F_GETLK, F_SETLK, F_SETLKW and those for open files. */
export function recordLock(k: Kitten, task: Task, file: OpenFile, argument: number, what: { get: boolean; wait: boolean; ofFile: boolean }): number {
  const { process } = task, { locks } = k.objects, bytes = copyIn(process.aspace, argument, FLOCK_BYTES);
  if (!bytes) return -ERRNO.EFAULT;
  const view = new DataView(bytes.buffer), type = view.getInt16(0, true), whence = view.getInt16(2, true), length = Number(view.getBigInt64(16, true));
  if (type < READ_LOCK || type > UNLOCK || whence < SEEK.set || whence > SEEK.end || (what.ofFile && view.getInt32(24, true) !== 0)) return -ERRNO.EINVAL;
  const stat = whence === SEEK.end ? file.stat?.() ?? file.inode.stat() : undefined;
  if (typeof stat === "number") return stat;
  let start = Number(view.getBigInt64(8, true)) + (whence === SEEK.cur ? file.position : stat?.size ?? 0), end = length === 0 ? Infinity : start + length;
  if (length < 0) [start, end] = [end, start];
  if (start < 0) return -ERRNO.EINVAL;
  const owner: Owner = what.ofFile ? file : process, { key } = file.inode, access = file.flags & O.access;
  const lock: Lock = { owner, exclusive: type === WRITE_LOCK, start, end, pid: what.ofFile ? -1 : process.pid };
  if (what.get) {
    if (type === UNLOCK) return -ERRNO.EINVAL;
    const found = findOpposed(locks, key, lock);
    view.setInt16(0, !found ? UNLOCK : found.exclusive ? WRITE_LOCK : READ_LOCK, true);
    if (found) {
      view.setInt16(2, SEEK.set, true);
      view.setBigInt64(8, BigInt(found.start), true);
      view.setBigInt64(16, found.end === Infinity ? 0n : BigInt(found.end - found.start), true);
      view.setInt32(24, found.pid, true);
    }
    return copyOut(process.aspace, argument, bytes) ? 0 : -ERRNO.EFAULT;
  }
  if (type === UNLOCK) {
    unlockRecords(locks, key, owner, start, end);
    return 0;
  }
  if (file.flags & O.path || (type === WRITE_LOCK ? access === O.readOnly : access === O.writeOnly)) return -ERRNO.EBADF;
  if (what.ofFile) watchClose(k, file);
  const attempt = () => {
    const done = lockRecord(locks, key, lock);
    return done === -ERRNO.EAGAIN ? undefined : done;
  };
  const now = attempt();
  if (now !== undefined) return now;
  return what.wait ? block(k, task, { sources: [lockWaiters(locks, key)], attempt, interrupted: -ERESTARTSYS }) : -ERRNO.EAGAIN;
}

const LOCK = { shared: 1, exclusive: 2, nonblock: 4, unlock: 8 } as const;
export const flock: Handler = (k, task, fd, operation) => {
  const file = fileOf(task.process, fd), { locks } = k.objects;
  if (typeof file === "number") return file;
  const which = operation & ~LOCK.nonblock, { key } = file.inode;
  if (which === LOCK.unlock) {
    unlockWhole(locks, key, file);
    return 0;
  }
  if (which !== LOCK.shared && which !== LOCK.exclusive) return -ERRNO.EINVAL;
  watchClose(k, file);
  const attempt = () => lockWhole(locks, key, file, which === LOCK.exclusive) === 0 ? 0 : undefined;
  if (attempt() === 0) return 0;
  return operation & LOCK.nonblock ? -ERRNO.EAGAIN : block(k, task, { sources: [lockWaiters(locks, key)], attempt, interrupted: -ERESTARTSYS });
};
