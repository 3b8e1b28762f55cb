// Waiting for several files: poll, select, epoll; and the files that stand for events.

import { ERRNO } from "../../abi/linux/errno.ts";
import { O, POLL } from "../../abi/linux/files.ts";
import { install } from "../file/descriptors.ts";
import { createEpoll, EPOLL, type Epoll } from "../file/epoll.ts";
import { createEvent, createSignalFile, createTimerFile, type SignalFile, type TimerFile } from "../file/events.ts";
import type { OpenFile, Waiters } from "../file/inode.ts";
import type { Kitten } from "../kitten.ts";
import { copyIn, copyOut, u64In, i64In } from "../memory/user.ts";
import { block } from "../task/schedule.ts";
import { maskOf } from "../task/signal.ts";
import type { Task } from "../task/task.ts";
import type { Handler } from "./call.ts";
import { fileOf, mostFiles } from "./descriptor.ts";
import { maskForWait } from "./signals.ts";
import { deadlineOf, durationBytes, timespecIn, totalNs } from "./time.ts";

const NS_PER_MS = 1e6;

/** Waits until `attempt` finds something, at most `timeoutNs`. @param maskAt a signal mask for the time of the wait */
function waitFor(k: Kitten, task: Task, sources: readonly Waiters[], attempt: () => number, timeoutNs: number, maskAt: number, cleanup?: () => void): number {
  const now = attempt();
  if (now !== 0 || timeoutNs === 0) {
    cleanup?.();
    return now;
  }
  if (!maskForWait(task, maskAt)) return -ERRNO.EFAULT;
  return block(k, task, { sources, attempt: () => attempt() || undefined, deadlineNs: k.clock.nowNs() + timeoutNs, timedOut: 0, ...(cleanup && { cleanup }) });
}

const POLLFD_BYTES = 8;
function poll_(k: Kitten, task: Task, address: number, count: number, timeoutNs: number, maskAt = 0, cleanup?: () => void): number {
  if (count > mostFiles(task.process)) return -ERRNO.EINVAL;
  const { aspace } = task.process, bytes = copyIn(aspace, address, count * POLLFD_BYTES);
  if (!bytes) return -ERRNO.EFAULT;
  const view = new DataView(bytes.buffer);
  const wanted = Array.from({ length: count }, (_, index) => {
    const fd = view.getInt32(index * POLLFD_BYTES, true);
    return { file: fd < 0 ? undefined : fileOf(task.process, fd), events: view.getInt16(index * POLLFD_BYTES + 4, true) };
  });
  const attempt = () => {
    let ready = 0;
    wanted.forEach(({ file, events }, index) => {
      const found = file === undefined ? 0 : typeof file === "number" ? POLL.nval : file.poll() & (events | POLL.err | POLL.hup);
      view.setInt16(index * POLLFD_BYTES + 6, found, true);
      if (found) ready++;
    });
    return ready === 0 ? 0 : copyOut(aspace, address, bytes) ? ready : -ERRNO.EFAULT;
  };
  const finish = () => {
    if (attempt() === 0) copyOut(aspace, address, bytes); // nothing: revents are cleared
    cleanup?.();
  };
  return waitFor(k, task, sourcesOf(wanted.map(({ file }) => file)), attempt, timeoutNs, maskAt, finish);
}
const sourcesOf = (files: readonly (OpenFile | number | undefined)[]): Waiters[] => files.flatMap((file) => typeof file === "object" ? [file.waiters] : []);
export const poll: Handler = (k, task, address, count, timeoutMs) => poll_(k, task, address, count, timeoutMs < 0 ? Infinity : timeoutMs * NS_PER_MS);

/** The time-out of ppoll and pselect: what is left is written back. */
function timeoutIn(k: Kitten, task: Task, address: number): { ns: number; cleanup?: () => void } | number {
  if (address === 0) return { ns: Infinity };
  const time = timespecIn(task.process.aspace, address);
  if (typeof time === "string") return time === "fault" ? -ERRNO.EFAULT : -ERRNO.EINVAL;
  const ns = totalNs(time), endNs = k.clock.nowNs() + ns;
  return { ns, cleanup: () => { copyOut(task.process.aspace, address, durationBytes(Math.max(0, endNs - k.clock.nowNs()))); } };
}
export const ppoll: Handler = (k, task, address, count, timeoutAt, maskAt) => {
  const timeout = timeoutIn(k, task, timeoutAt);
  return typeof timeout === "number" ? timeout : poll_(k, task, address, count, timeout.ns, maskAt, timeout.cleanup);
};

const IN = POLL.in | POLL.rdnorm | POLL.rdband | POLL.hup | POLL.err, OUT = POLL.out | POLL.wrnorm | POLL.wrband | POLL.err, EXCEPT = POLL.pri;
function select_(k: Kitten, task: Task, count: number, sets: readonly number[], timeoutNs: number, maskAt = 0, cleanup?: () => void): number {
  const { aspace } = task.process;
  if (count < 0) return -ERRNO.EINVAL;
  const fds = Math.min(count, mostFiles(task.process)), length = Math.ceil(fds / 64) * 8;
  const given = sets.map((address) => address === 0 ? new Uint8Array(length) : copyIn(aspace, address, length));
  if (given.some((bytes) => !bytes)) return -ERRNO.EFAULT;
  const has = (bytes: Uint8Array, fd: number) => bytes[fd >> 3] >> (fd & 7) & 1;
  const wanted: { fd: number; file: OpenFile }[] = [];
  for (let fd = 0; fd < fds; fd++) {
    if (!given.some((bytes) => has(bytes!, fd))) continue;
    const file = fileOf(task.process, fd);
    if (typeof file === "number") return file;
    wanted.push({ fd, file });
  }
  const look = (): { ready: number; found: Uint8Array[] } => {
    const found = sets.map(() => new Uint8Array(length));
    let ready = 0;
    for (const { fd, file } of wanted) {
      const events = file.poll();
      [IN, OUT, EXCEPT].forEach((mask, index) => {
        if (!has(given[index]!, fd) || !(events & mask)) return;
        found[index][fd >> 3] |= 1 << (fd & 7);
        ready++;
      });
    }
    return { ready, found };
  };
  const write = (found: readonly Uint8Array[]) => sets.every((address, index) => address === 0 || copyOut(aspace, address, found[index]));
  const attempt = () => {
    const { ready, found } = look();
    return ready === 0 ? 0 : write(found) ? ready : -ERRNO.EFAULT;
  };
  const finish = () => {
    const { ready, found } = look();
    if (ready === 0) write(found);
    cleanup?.();
  };
  return waitFor(k, task, sourcesOf(wanted.map(({ file }) => file)), attempt, timeoutNs, maskAt, finish);
}
export const select: Handler = (k, task, count, readAt, writeAt, exceptAt, timeoutAt) => {
  if (timeoutAt === 0) return select_(k, task, count, [readAt, writeAt, exceptAt], Infinity);
  const { aspace } = task.process, bytes = copyIn(aspace, timeoutAt, 16);
  if (!bytes) return -ERRNO.EFAULT;
  const [seconds, us] = [...new BigInt64Array(bytes.buffer)].map(Number);
  if (seconds < 0 || us < 0) return -ERRNO.EINVAL;
  const ns = seconds * 1e9 + us * 1000, endNs = k.clock.nowNs() + ns;
  return select_(k, task, count, [readAt, writeAt, exceptAt], ns, 0, () => {
    const left = Math.max(0, endNs - k.clock.nowNs());
    copyOut(aspace, timeoutAt, new Uint8Array(new BigInt64Array([BigInt(Math.floor(left / 1e9)), BigInt(Math.floor(left % 1e9 / 1000))]).buffer));
  });
};
export const pselect6: Handler = (k, task, count, readAt, writeAt, exceptAt, timeoutAt, sigmaskAt) => {
  const timeout = timeoutIn(k, task, timeoutAt), maskAt = sigmaskAt === 0 ? 0 : i64In(task.process.aspace, sigmaskAt);
  if (typeof timeout === "number") return timeout;
  return maskAt === undefined ? -ERRNO.EFAULT : select_(k, task, count, [readAt, writeAt, exceptAt], timeout.ns, maskAt, timeout.cleanup);
};

/** Puts a new file at a free descriptor. */
const give = (task: Task, file: OpenFile, flags: number): number => install(task.process.files, file, (flags & O.cloexec) !== 0, mostFiles(task.process));

export const epoll_create1: Handler = (k, task, flags) => flags & ~O.cloexec ? -ERRNO.EINVAL : give(task, createEpoll(k, task.process), flags);
export const epoll_create: Handler = (k, task, size) => size <= 0 ? -ERRNO.EINVAL : epoll_create1(k, task, 0, 0, 0, 0, 0, 0);
const epollOf = (task: Task, fd: number): Epoll | number => {
  const file = fileOf(task.process, fd);
  return typeof file === "number" ? file : "collect" in file ? file as Epoll : -ERRNO.EINVAL;
};
export const epoll_ctl: Handler = (_k, task, epfd, operation, fd, eventAt) => {
  const epoll = epollOf(task, epfd), file = fileOf(task.process, fd);
  if (typeof epoll === "number") return epoll;
  if (typeof file === "number") return file;
  if (operation === EPOLL.ctlDel) return epoll.control(operation, fd, file, 0, 0n);
  const bytes = copyIn(task.process.aspace, eventAt, 12);
  if (!bytes) return -ERRNO.EFAULT;
  const view = new DataView(bytes.buffer);
  return epoll.control(operation, fd, file, view.getUint32(0, true), view.getBigUint64(4, true));
};
function epollWait(k: Kitten, task: Task, epfd: number, eventsAt: number, most: number, timeoutNs: number, maskAt: number): number {
  const epoll = epollOf(task, epfd);
  if (typeof epoll === "number") return epoll;
  if (most <= 0 || most > 65536) return -ERRNO.EINVAL;
  return waitFor(k, task, [epoll.waiters], () => {
    const found = epoll.collect(most), bytes = new Uint8Array(12 * found.length), view = new DataView(bytes.buffer);
    found.forEach(({ events, data }, index) => {
      view.setUint32(12 * index, events, true);
      view.setBigUint64(12 * index + 4, data, true);
    });
    return copyOut(task.process.aspace, eventsAt, bytes) ? found.length : -ERRNO.EFAULT;
  }, timeoutNs, maskAt);
}
export const epoll_wait: Handler = (k, task, epfd, events, most, timeoutMs) => epollWait(k, task, epfd, events, most, timeoutMs < 0 ? Infinity : timeoutMs * NS_PER_MS, 0);
export const epoll_pwait: Handler = (k, task, epfd, events, most, timeoutMs, maskAt) => epollWait(k, task, epfd, events, most, timeoutMs < 0 ? Infinity : timeoutMs * NS_PER_MS, maskAt);
export const epoll_pwait2: Handler = (k, task, epfd, events, most, timeoutAt, maskAt) => {
  const timeout = timeoutIn(k, task, timeoutAt);
  return typeof timeout === "number" ? timeout : epollWait(k, task, epfd, events, most, timeout.ns, maskAt);
};

export const eventfd2: Handler = (k, task, initial, flags) => flags & ~(O.cloexec | O.nonblock | 1) ? -ERRNO.EINVAL : give(task, createEvent(k, initial, (flags & 1) !== 0, flags & O.nonblock, task.process), flags);
export const eventfd: Handler = (k, task, initial) => eventfd2(k, task, initial, 0, 0, 0, 0, 0);
export const timerfd_create: Handler = (k, task, clock, flags) => {
  if (![0, 1, 7, 8, 9].includes(clock) || flags & ~(O.cloexec | O.nonblock)) return -ERRNO.EINVAL;
  return give(task, createTimerFile(k, clock === 0 || clock === 8, flags & O.nonblock, task.process), flags);
};
const timerOf = (task: Task, fd: number): TimerFile | number => {
  const file = fileOf(task.process, fd);
  return typeof file === "number" ? file : "arm" in file ? file as TimerFile : -ERRNO.EINVAL;
};
const leftBytes = (timer: TimerFile): Uint8Array => {
  const { valueNs, intervalNs } = timer.left(), out = new Uint8Array(32);
  out.set(durationBytes(intervalNs));
  out.set(durationBytes(valueNs), 16);
  return out;
};
export const timerfd_settime: Handler = (k, task, fd, flags, newAt, oldAt) => {
  const timer = timerOf(task, fd), { aspace } = task.process;
  if (typeof timer === "number") return timer;
  const interval = timespecIn(aspace, newAt), value = timespecIn(aspace, newAt + 16);
  if (interval === "fault" || value === "fault") return -ERRNO.EFAULT;
  if (interval === "invalid" || value === "invalid" || flags & ~3) return -ERRNO.EINVAL;
  if (oldAt !== 0 && !copyOut(aspace, oldAt, leftBytes(timer))) return -ERRNO.EFAULT;
  timer.arm(totalNs(value) === 0 ? 0 : Math.max(1, deadlineOf(k, value, (flags & 1) !== 0, timer.realtime)), totalNs(interval));
  return 0;
};
export const timerfd_gettime: Handler = (_k, task, fd, address) => {
  const timer = timerOf(task, fd);
  return typeof timer === "number" ? timer : copyOut(task.process.aspace, address, leftBytes(timer)) ? 0 : -ERRNO.EFAULT;
};
export const signalfd4: Handler = (k, task, fd, maskAt, size, flags) => {
  if (size !== 8 || flags & ~(O.cloexec | O.nonblock)) return -ERRNO.EINVAL;
  const set = u64In(task.process.aspace, maskAt);
  if (set === undefined) return -ERRNO.EFAULT;
  if (fd === -1) return give(task, createSignalFile(k, task, maskOf(set), flags & O.nonblock), flags);
  const file = fileOf(task.process, fd);
  if (typeof file === "number") return file;
  if (!("signals" in file)) return -ERRNO.EINVAL;
  (file as SignalFile).signals = maskOf(set);
  return fd;
};
export const signalfd: Handler = (k, task, fd, mask, size) => signalfd4(k, task, fd, mask, size, 0, 0, 0);
