// Files that stand for events: eventfd(2), timerfd(2), signalfd(2).

import { ERRNO } from "../../abi/linux/errno.ts";
import { POLL } from "../../abi/linux/files.ts";
import type { Kitten } from "../kitten.ts";
import { pendingSet, takeSignal } from "../task/signal.ts";
import type { Deadline } from "../task/deadlines.ts";
import type { Process, Task } from "../task/task.ts";
import { wake, type Inode, type OpenFile } from "./inode.ts";
import { namelessInode } from "./pipe.ts";

const COUNTER_BYTES = 8;
const MOST = 2n ** 64n - 2n;
const ANONYMOUS = 0o600;

/** An open file of a kind of its own. */
function openFile(inode: Inode, path: string, flags: number, rest: Pick<OpenFile, "read" | "write" | "poll"> & Partial<OpenFile>): OpenFile {
  return { inode, flags: flags | 2, path, users: 1, position: 0, seekable: false, waiters: new Set(), ...rest };
}

export function createEvent(k: Kitten, initial: number, semaphore: boolean, flags: number, owner: Process): OpenFile {
  let count = BigInt(initial);
  const file: OpenFile = openFile(namelessInode(k, "eventfd", ANONYMOUS, owner), "anon_inode:[eventfd]", flags, {
    read: (into) => {
      if (into.length < COUNTER_BYTES) return -ERRNO.EINVAL;
      if (count === 0n) return -ERRNO.EAGAIN;
      const taken = semaphore ? 1n : count;
      count -= taken;
      new DataView(into.buffer, into.byteOffset).setBigUint64(0, taken, true);
      wake(file.waiters);
      return COUNTER_BYTES;
    },
    write: (from) => {
      if (from.length < COUNTER_BYTES) return -ERRNO.EINVAL;
      const added = new DataView(from.buffer, from.byteOffset).getBigUint64(0, true);
      if (added > MOST) return -ERRNO.EINVAL;
      if (count + added > MOST) return -ERRNO.EAGAIN;
      count += added;
      wake(file.waiters);
      return COUNTER_BYTES;
    },
    poll: () => (count > 0n ? POLL.in | POLL.rdnorm : 0) | (count < MOST ? POLL.out | POLL.wrnorm : 0),
  });
  return file;
}

export interface TimerFile extends OpenFile {
  /** Guest time at which it expires, 0: off; and the interval, 0: once. */
  arm(atNs: number, intervalNs: number): void;
  left(): { valueNs: number; intervalNs: number };
  realtime: boolean;
}
export function createTimerFile(k: Kitten, realtime: boolean, flags: number, owner: Process): TimerFile {
  let expirations = 0n, nextNs = 0, intervalNs = 0, deadline: Deadline | undefined;
  const set = () => {
    k.deadlines.cancel(deadline);
    deadline = nextNs > 0 ? k.deadlines.set(nextNs, () => {
      const more = intervalNs > 0 ? 1 + Math.max(0, Math.floor((k.clock.nowNs() - nextNs) / intervalNs)) : 1;
      expirations += BigInt(more);
      nextNs = intervalNs > 0 ? nextNs + more * intervalNs : 0;
      set();
      wake(file.waiters);
    }) : undefined;
  };
  const file: TimerFile = Object.assign(openFile(namelessInode(k, "timerfd", ANONYMOUS, owner), "anon_inode:[timerfd]", flags, {
    read: (into: Uint8Array) => {
      if (into.length < COUNTER_BYTES) return -ERRNO.EINVAL;
      if (expirations === 0n) return -ERRNO.EAGAIN;
      new DataView(into.buffer, into.byteOffset).setBigUint64(0, expirations, true);
      expirations = 0n;
      return COUNTER_BYTES;
    },
    write: () => -ERRNO.EINVAL, poll: () => (expirations > 0n ? POLL.in | POLL.rdnorm : 0), close: () => k.deadlines.cancel(deadline),
  }), {
    realtime,
    arm: (atNs: number, interval: number) => {
      [nextNs, intervalNs, expirations] = [atNs, interval, 0n];
      set();
    },
    left: () => ({ valueNs: nextNs > 0 ? Math.max(1, nextNs - k.clock.nowNs()) : 0, intervalNs }),
  });
  return file;
}

const SIGINFO_BYTES = 128;
export interface SignalFile extends OpenFile { signals: bigint }
export function createSignalFile(k: Kitten, task: Task, signals: bigint, flags: number): SignalFile {
  const { process } = task;
  const file: SignalFile = Object.assign(openFile(namelessInode(k, "signalfd", ANONYMOUS, process), "anon_inode:[signalfd]", flags, {
    waiters: process.signalled, write: () => -ERRNO.EINVAL,
    read: (into: Uint8Array) => {
      if (into.length < SIGINFO_BYTES) return -ERRNO.EINVAL;
      let done = 0;
      for (; done + SIGINFO_BYTES <= into.length; done += SIGINFO_BYTES) {
        const info = takeSignal(task, file.signals);
        if (!info) break;
        const view = new DataView(into.buffer, into.byteOffset + done);
        view.setUint32(0, info.signal, true);
        view.setInt32(8, info.code, true);
        view.setUint32(12, info.pid ?? 0, true);
        view.setUint32(16, info.uid ?? 0, true);
        view.setUint32(24, info.timer ?? 0, true);
        view.setUint32(32, info.overrun ?? 0, true);
        view.setInt32(40, info.status ?? 0, true);
        view.setInt32(44, Number(BigInt.asIntN(32, info.value ?? 0n)), true);
        view.setBigUint64(48, BigInt.asUintN(64, info.value ?? 0n), true);
      }
      return done || -ERRNO.EAGAIN;
    },
    poll: () => (pendingSet(task) & file.signals ? POLL.in | POLL.rdnorm : 0),
  }), { signals });
  return file;
}
