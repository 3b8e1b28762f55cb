// Futexes: queues of tasks by the word that they wait for (futex(2)), and what becomes of locks whose owner ends.

import { ERRNO } from "../../abi/linux/errno.ts";
import { FUTEX_BITSET_ANY, FUTEX_OWNER_DIED, FUTEX_TID_MASK, FUTEX_WAITERS } from "../../abi/linux/futex.ts";
import type { Kitten } from "../kitten.ts";
import { vmaAt, type Aspace } from "../memory/aspace.ts";
import { reach, i64In, u32Change, u32In, u32Out } from "../memory/user.ts";
import { block, endWait, type WaitSetup } from "./schedule.ts";
import type { Task } from "./task.ts";

interface Waiter { task: Task; bits: number; key: string }
/** Tasks in the order in which they came, by word. */
export type Futexes = Map<string, Waiter[]>;

/** What names a word: its place in memory that is shared, else its address. @returns undefined: the program may not read it */
function keyOf(aspace: Aspace, address: number): string | undefined {
  const gpa = reach(aspace, address, false);
  if (gpa < 0) return undefined;
  return vmaAt(aspace, address)?.shared ? `g${gpa}` : `${aspace.tables.root}:${address}`;
}
const at = ({ futexes }: Kitten, key: string): Waiter[] => {
  let list = futexes.get(key);
  if (!list) futexes.set(key, list = []);
  return list;
};
function remove(k: Kitten, waiter: Waiter): void {
  const list = k.futexes.get(waiter.key), index = list?.indexOf(waiter) ?? -1;
  if (index < 0) return;
  list!.splice(index, 1);
  if (list!.length === 0) k.futexes.delete(waiter.key);
}

/** Waits while the word has this value. @returns LATER, -EAGAIN, -EFAULT */
export function waitFutex(k: Kitten, task: Task, address: number, value: number, bits: number, how: Pick<WaitSetup, "deadlineNs" | "interrupted">): number {
  const { aspace } = task.process;
  if (address % 4 !== 0 || bits === 0) return -ERRNO.EINVAL;
  const now = u32In(aspace, address), key = now === undefined ? undefined : keyOf(aspace, address);
  if (key === undefined) return -ERRNO.EFAULT;
  if (now !== value >>> 0) return -ERRNO.EAGAIN;
  const waiter: Waiter = { task, bits, key };
  at(k, key).push(waiter);
  return block(k, task, { ...how, cleanup: () => remove(k, waiter) });
}

/** Wakes at most `most` tasks that wait for the word. @returns how many */
export function wakeFutex(k: Kitten, aspace: Aspace, address: number, most: number, bits = FUTEX_BITSET_ANY): number {
  if (address % 4 !== 0) return -ERRNO.EINVAL;
  const key = keyOf(aspace, address);
  if (key === undefined) return -ERRNO.EFAULT;
  let woken = 0;
  for (const waiter of [...k.futexes.get(key) ?? []]) {
    if (woken >= most) break;
    if (!(waiter.bits & bits)) continue;
    endWait(k, waiter.task, 0);
    woken++;
  }
  return woken;
}

/** Moves those who are not woken to another word. @param expected the value that the word must have, undefined for any */
export function requeueFutex(k: Kitten, aspace: Aspace, from: number, to: number, wakeMost: number, moveMost: number, expected: number | undefined): number {
  if (expected !== undefined) {
    const now = u32In(aspace, from);
    if (now === undefined) return -ERRNO.EFAULT;
    if (now !== expected >>> 0) return -ERRNO.EAGAIN;
  }
  const target = keyOf(aspace, to);
  if (target === undefined) return -ERRNO.EFAULT;
  const woken = wakeFutex(k, aspace, from, wakeMost);
  if (woken < 0) return woken;
  const waiting = [...k.futexes.get(keyOf(aspace, from)!) ?? []].slice(0, Math.max(0, moveMost));
  for (const waiter of waiting) {
    remove(k, waiter);
    waiter.key = target;
    at(k, target).push(waiter);
  }
  return woken + waiting.length;
}

/** FUTEX_WAKE_OP: changes a second word, wakes at the first, and at the second if its old value compares. */
export function wakeOp(k: Kitten, aspace: Aspace, first: number, second: number, most: number, mostSecond: number, operation: number): number {
  let argument = operation << 8 >> 20;
  const compare = operation << 20 >> 20, kind = operation >>> 28 & 7;
  if (operation >>> 31) argument = 1 << (argument & 31);
  if (kind > 4) return -ERRNO.ENOSYS;
  if (second % 4 !== 0) return -ERRNO.EINVAL;
  const old = u32Change(aspace, second, (word) => [argument, word + argument, word | argument, word & ~argument, word ^ argument][kind]);
  if (old === undefined) return -ERRNO.EFAULT;
  const signed = old | 0;
  const holds = [signed === compare, signed !== compare, signed < compare, signed <= compare, signed > compare, signed >= compare][operation >>> 24 & 15];
  if (holds === undefined) return -ERRNO.ENOSYS;
  const woken = wakeFutex(k, aspace, first, most);
  return woken < 0 || !holds ? woken : woken + Math.max(0, wakeFutex(k, aspace, second, mostSecond));
}

/** Locks with an owner in the word. @returns 0, LATER, or what is wrong */
export function lockPi(k: Kitten, task: Task, address: number, onlyTry: boolean, how: Pick<WaitSetup, "deadlineNs">): number {
  const { aspace } = task.process;
  if (address % 4 !== 0) return -ERRNO.EINVAL;
  const key = keyOf(aspace, address), waiting = key !== undefined && k.futexes.has(key) ? FUTEX_WAITERS : 0;
  const word = key === undefined ? undefined : u32Change(aspace, address, (now) => {
    const owner = now & FUTEX_TID_MASK;
    if (owner === 0) return task.tid | (now & FUTEX_OWNER_DIED) | waiting;
    return owner === task.tid || onlyTry || !k.tasks.has(owner) ? undefined : now | FUTEX_WAITERS;
  });
  if (key === undefined || word === undefined) return -ERRNO.EFAULT;
  const owner = word & FUTEX_TID_MASK;
  if (owner === 0) return 0;
  if (owner === task.tid) return -ERRNO.EDEADLK;
  if (onlyTry) return -ERRNO.EAGAIN;
  if (!k.tasks.has(owner)) return -ERRNO.ESRCH;
  const waiter: Waiter = { task, bits: FUTEX_BITSET_ANY, key };
  at(k, key).push(waiter);
  return block(k, task, { ...how, cleanup: () => remove(k, waiter) });
}
/** The first who waits becomes the owner. */
export function unlockPi(k: Kitten, task: Task, address: number): number {
  const { aspace } = task.process, word = u32In(aspace, address), key = word === undefined ? undefined : keyOf(aspace, address);
  if (word === undefined || key === undefined) return -ERRNO.EFAULT;
  if ((word & FUTEX_TID_MASK) !== task.tid) return -ERRNO.EPERM;
  passOn(k, aspace, address, key, 0);
  return 0;
}
function passOn(k: Kitten, aspace: Aspace, address: number, key: string, bits: number): void {
  const waiting = k.futexes.get(key) ?? [], [first] = waiting;
  u32Out(aspace, address, first ? first.task.tid | bits | (waiting.length > 1 ? FUTEX_WAITERS : 0) : bits);
  if (first) endWait(k, first.task, 0);
}

const MOST_ROBUST = 2048;
/** Locks on the task's robust list: their word says that the owner died, and one who waits is woken (get_robust_list(2)). */
export function exitRobust(k: Kitten, task: Task): void {
  const { aspace } = task.process, head = task.robustList;
  if (head === 0) return;
  const offset = i64In(aspace, head + 8), pending = i64In(aspace, head + 16);
  const release = (entry: number) => {
    const address = Math.floor(entry / 2) * 2 + offset!, pi = entry % 2 === 1;
    const word = address % 4 === 0 ? u32In(aspace, address) : undefined;
    if (word === undefined || (word & FUTEX_TID_MASK) !== task.tid) return;
    const key = keyOf(aspace, address);
    if (pi && key) return passOn(k, aspace, address, key, FUTEX_OWNER_DIED);
    const before = u32Change(aspace, address, (now) => now & FUTEX_WAITERS | FUTEX_OWNER_DIED)!;
    if (before & FUTEX_WAITERS) wakeFutex(k, aspace, address, 1);
  };
  let entry = i64In(aspace, head);
  if (offset === undefined) return;
  for (let count = 0; entry !== undefined && entry !== head && count < MOST_ROBUST; count++) {
    const next: number | undefined = i64In(aspace, Math.floor(entry / 2) * 2);
    if (entry !== pending) release(entry);
    entry = next;
  }
  if (pending) release(pending);
}
