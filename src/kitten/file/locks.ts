// Locks of files (fcntl(2), Advisory record locking and Open file description locks; flock(2)). Record locks belong to a process or to an open
// file, those of flock to an open file; the two kinds know nothing of each other.

import { ERRNO } from "../../abi/linux/errno.ts";
import { wake, type OpenFile, type Waiters } from "./inode.ts";
import type { Process } from "../task/task.ts";

export type Owner = Process | OpenFile;
/** Bytes [start, end); `pid` is what F_GETLK tells. */
export interface Lock { owner: Owner; exclusive: boolean; start: number; end: number; pid: number }
interface FileLocks { records: Lock[]; whole: Lock[]; readonly waiters: Waiters }
/** By the key of the inode. */
export type Locks = Map<string, FileLocks>;
/** Locks that a file may have in all. */
const MOST = 10_000;

/** Where those wait who want a lock of this file. */
export function lockWaiters(locks: Locks, key: string): Waiters {
  let of = locks.get(key);
  if (!of) locks.set(key, of = { records: [], whole: [], waiters: new Set() });
  return of.waiters;
}
const overlaps = (lock: Lock, start: number, end: number) => lock.start < end && lock.end > start;
const opposes = (lock: Lock, { owner, exclusive, start, end }: Lock) => lock.owner !== owner && (lock.exclusive || exclusive) && overlaps(lock, start, end);

/** A lock that stands against this one. */
export const findOpposed = (locks: Locks, key: string, wanted: Lock): Lock | undefined => locks.get(key)?.records.find((lock) => opposes(lock, wanted));

/** Takes from `list` what an owner has in [start, end), and adds `lock` there. */
function replace(list: readonly Lock[], owner: Owner, start: number, end: number, lock: Lock | undefined): Lock[] {
  const kept = list.flatMap((each) => each.owner !== owner || !overlaps(each, start, end) ? [each]
    : [...each.start < start ? [{ ...each, end: start }] : [], ...each.end > end ? [{ ...each, start: end }] : []]);
  return lock ? [...kept, lock] : kept;
}
function forget(locks: Locks, key: string): void {
  const of = locks.get(key);
  if (of && of.records.length === 0 && of.whole.length === 0 && of.waiters.size === 0) locks.delete(key);
}

/** @returns 0, -EAGAIN where another's lock stands against it, -ENOLCK */
export function lockRecord(locks: Locks, key: string, lock: Lock): number {
  if (findOpposed(locks, key, lock)) return -ERRNO.EAGAIN;
  lockWaiters(locks, key);
  const of = locks.get(key)!;
  if (of.records.length >= MOST) return -ERRNO.ENOLCK;
  const weaker = of.records.some((each) => each.owner === lock.owner && each.exclusive && !lock.exclusive && overlaps(each, lock.start, lock.end));
  of.records = replace(of.records, lock.owner, lock.start, lock.end, lock);
  if (weaker) wake(of.waiters);
  return 0;
}
export function unlockRecords(locks: Locks, key: string, owner: Owner, start: number, end: number): void {
  const of = locks.get(key);
  if (!of) return;
  of.records = replace(of.records, owner, start, end, undefined);
  wake(of.waiters);
  forget(locks, key);
}

/** flock. @returns 0 or -EAGAIN */
export function lockWhole(locks: Locks, key: string, owner: OpenFile, exclusive: boolean): number {
  lockWaiters(locks, key);
  const of = locks.get(key)!, lock: Lock = { owner, exclusive, start: 0, end: Infinity, pid: 0 };
  if (of.whole.some((each) => opposes(each, lock))) return -ERRNO.EAGAIN;
  of.whole = replace(of.whole, owner, 0, Infinity, lock);
  wake(of.waiters);
  return 0;
}
export function unlockWhole(locks: Locks, key: string, owner: OpenFile): void {
  const of = locks.get(key);
  if (!of) return;
  of.whole = of.whole.filter((each) => each.owner !== owner);
  wake(of.waiters);
  forget(locks, key);
}

/** The owner is no more, or has closed the file. */
export function dropLocks(locks: Locks, key: string, owner: Owner): void {
  if (locks.size === 0) return;
  unlockRecords(locks, key, owner, 0, Infinity);
  if ("inode" in owner) unlockWhole(locks, key, owner);
}
