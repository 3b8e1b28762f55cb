// Tasks: clone, execve, exit, wait, futex, scheduling.

import { ERRNO, ERESTARTSYS } from "../../abi/linux/errno.ts";
import { AT } from "../../abi/linux/files.ts";
import { FUTEX, FUTEX_BITSET_ANY } from "../../abi/linux/futex.ts";
import { SIG } from "../../abi/linux/signals.ts";
import type { Kitten } from "../kitten.ts";
import type { Aspace } from "../memory/aspace.ts";
import { copyIn, copyOut, i64In, stringIn, u32Out, u64Out } from "../memory/user.ts";
import { clone as makeTask, CLONE, execute } from "../task/create.ts";
import { exitProcess, exitTask, reap } from "../task/exit.ts";
import { lockPi, requeueFutex, unlockPi, waitFutex, wakeFutex, wakeOp } from "../task/futex.ts";
import { allows, block, KEEP, LATER, makeReady, openCores, unqueue } from "../task/schedule.ts";
import { recall } from "../task/together.ts";
import type { Process, Task } from "../task/task.ts";
import type { Handler } from "./call.ts";
import { pathIn, startOf } from "./stat.ts";
import { deadlineOf, timespecIn } from "./time.ts";

export const fork: Handler = (k, task) => makeTask(k, task, { flags: 0, exitSignal: SIG.chld, stack: 0, parentTid: 0, childTid: 0, tls: 0 });
export const vfork: Handler = (k, task) => makeTask(k, task, { flags: CLONE.vm | CLONE.vfork, exitSignal: SIG.chld, stack: 0, parentTid: 0, childTid: 0, tls: 0 });
export const clone: Handler = (k, task, flags, stack, parentTid, childTid, tls) => makeTask(k, task, { flags: flags & ~0xff, exitSignal: flags & 0xff, stack, parentTid, childTid, tls });
export const clone3: Handler = (k, task, address, size) => {
  if (size < 64 || size > 4096) return size > 4096 ? -ERRNO.E2BIG : -ERRNO.EINVAL;
  const bytes = copyIn(task.process.aspace, address, size);
  if (!bytes) return -ERRNO.EFAULT;
  const view = new DataView(bytes.buffer), field = (index: number) => Number(view.getBigInt64(8 * index, true)), flags = field(0);
  if (flags > 0xffff_ffff || flags & CLONE.pidfd || (size >= 72 && field(8) !== 0)) return -ERRNO.EINVAL;
  const stack = field(5);
  return makeTask(k, task, { flags, exitSignal: field(4), stack: stack === 0 ? 0 : stack + field(6), parentTid: field(3), childTid: field(2), tls: field(7) });
};

const MOST_STRINGS = 65536, MOST_STRING = 131072;
/** A vector of strings that a null pointer ends. */
function strings(aspace: Aspace, address: number): string[] | number {
  const out: string[] = [];
  if (address === 0) return out;
  for (let index = 0; index < MOST_STRINGS; index++) {
    const pointer = i64In(aspace, address + 8 * index);
    if (pointer === undefined) return -ERRNO.EFAULT;
    if (pointer === 0) return out;
    const text = stringIn(aspace, pointer, MOST_STRING);
    if (text === undefined) return -ERRNO.EFAULT;
    if (text === null) return -ERRNO.E2BIG;
    out.push(text);
  }
  return -ERRNO.E2BIG;
}
export const execveat: Handler = (k, task, fd, pathAt, argvAt, environmentAt) => {
  const { aspace } = task.process, path = pathIn(task.process, pathAt);
  if (typeof path === "number") return path;
  const argv = strings(aspace, argvAt), environment = strings(aspace, environmentAt);
  if (typeof argv === "number") return argv;
  if (typeof environment === "number") return environment;
  const start = startOf(task.process, fd, path);
  if (typeof start === "number") return start;
  const result = execute(k, task, path, argv.length > 0 ? argv : [""], environment, start);
  if (result !== KEEP) return result;
  // it runs again with fresh registers
  makeReady(k, task);
  return LATER;
};
export const execve: Handler = (k, task, path, argv, environment) => execveat(k, task, AT.fdcwd, path, argv, environment, 0, 0);

export const exit: Handler = (k, task, code) => {
  exitTask(k, task, (code & 0xff) << 8);
  return LATER;
};
export const exit_group: Handler = (k, task, code) => {
  exitProcess(k, task.process, (code & 0xff) << 8);
  return LATER;
};

const WNOHANG = 1, WUNTRACED = 2, WEXITED = 4, WCONTINUED = 8, WNOWAIT = 0x0100_0000, WCLONE = 0x8000_0000 | 0, WALL = 0x4000_0000, WNOTHREAD = 0x2000_0000;

interface Report { child: Process; status: number }
/** A child with something to report, "none" when there is no such child at all. */
function findReport(k: Kitten, { children, group }: Process, pid: number, options: number): Report | "none" | undefined {
  let any = false;
  for (const child of children) {
    if (pid > 0 ? child.pid !== pid : pid === 0 ? child.group !== group : pid < -1 && child.group !== -pid) continue;
    if (!(options & WALL) && (child.exitSignal !== SIG.chld) !== ((options & WCLONE) !== 0)) continue;
    any = true;
    if (child.status !== undefined && options & WEXITED) {
      if (!(options & WNOWAIT)) reap(k, child);
      return { child, status: child.status };
    }
    if ((child.report === "stopped" && options & WUNTRACED) || (child.report === "continued" && options & WCONTINUED)) {
      const status = child.report === "stopped" ? child.stopped << 8 | 0x7f : 0xffff;
      if (!(options & WNOWAIT)) child.report = undefined;
      return { child, status };
    }
  }
  return any ? undefined : "none";
}
function waitFor(k: Kitten, task: Task, pid: number, options: number, finish: (report: Report | undefined) => number): number {
  const attempt = () => {
    const report = findReport(k, task.process, pid, options);
    return report === "none" ? -ERRNO.ECHILD : report ? finish(report) : undefined;
  };
  const now = attempt();
  if (now !== undefined) return now;
  if (options & WNOHANG) return finish(undefined);
  return block(k, task, { attempt, sources: [task.process.waiters], interrupted: -ERESTARTSYS });
}
const rusage = (ns: number) => {
  const out = new Uint8Array(144), view = new DataView(out.buffer);
  view.setBigInt64(0, BigInt(Math.floor(ns / 1e9)), true);
  view.setBigInt64(8, BigInt(Math.floor(ns % 1e9 / 1000)), true);
  return out;
};
export const wait4: Handler = (k, task, pid, statusAt, options, usageAt) => {
  if (options & ~(WNOHANG | WUNTRACED | WCONTINUED | WNOTHREAD | WALL | WCLONE)) return -ERRNO.EINVAL;
  const { aspace } = task.process;
  return waitFor(k, task, pid, options | WEXITED, (report) => {
    if (!report) return 0;
    if (statusAt !== 0 && !u32Out(aspace, statusAt, report.status)) return -ERRNO.EFAULT;
    if (usageAt !== 0 && !copyOut(aspace, usageAt, rusage(report.child.usedNs + report.child.childrenNs))) return -ERRNO.EFAULT;
    return report.child.pid;
  });
};
export const waitid: Handler = (k, task, kind, id, infoAt, options, usageAt) => {
  if (!(options & (WEXITED | WUNTRACED | WCONTINUED)) || kind < 0 || kind > 2) return -ERRNO.EINVAL; // P_ALL, P_PID, P_PGID
  const { aspace, group } = task.process, pid = kind === 0 ? -1 : kind === 1 ? id : -(id || group);
  return waitFor(k, task, pid, options, (report) => {
    const info = new Uint8Array(128), view = new DataView(info.buffer);
    if (report) {
      const { status, child } = report, signal = status & 0x7f;
      view.setInt32(0, SIG.chld, true);
      view.setInt32(8, status === 0xffff ? 6 : signal === 0x7f ? 5 : signal ? 2 : 1, true);
      view.setInt32(16, child.pid, true);
      view.setInt32(20, child.uid, true);
      view.setInt32(24, status === 0xffff ? SIG.cont : signal === 0x7f || !signal ? status >> 8 : signal, true);
    }
    if (infoAt !== 0 && !copyOut(aspace, infoAt, info)) return -ERRNO.EFAULT;
    if (report && usageAt !== 0 && !copyOut(aspace, usageAt, rusage(report.child.usedNs + report.child.childrenNs))) return -ERRNO.EFAULT;
    return 0;
  });
};
export const getrusage: Handler = (_k, task, who, address) => {
  if (who < -1 || who > 1) return -ERRNO.EINVAL;
  const { process } = task, own = [...process.tasks].reduce((sum, { usedNs }) => sum + usedNs, process.usedNs);
  return copyOut(process.aspace, address, rusage(who === -1 ? process.childrenNs : who === 1 ? task.usedNs : own)) ? 0 : -ERRNO.EFAULT;
};

export const set_tid_address: Handler = (_k, task, address) => {
  task.clearTid = address;
  return task.tid;
};
export const set_robust_list: Handler = (_k, task, head, length) => {
  if (length !== 24) return -ERRNO.EINVAL;
  task.robustList = head;
  return 0;
};
export const get_robust_list: Handler = (k, task, tid, headAt, lengthAt) => {
  const other = tid === 0 ? task : k.tasks.get(tid);
  if (!other) return -ERRNO.ESRCH;
  return u64Out(task.process.aspace, headAt, other.robustList) && u64Out(task.process.aspace, lengthAt, 24) ? 0 : -ERRNO.EFAULT;
};

export const futex: Handler = (k, task, address, operation, value, timeoutAt, secondAddress, third) => {
  const { aspace } = task.process, command = operation & FUTEX.command;
  const timed = command === FUTEX.wait || command === FUTEX.waitBitset || command === FUTEX.lockPi || command === FUTEX.lockPi2;
  let deadlineNs = Infinity;
  if (timed && timeoutAt !== 0) {
    const timeout = timespecIn(aspace, timeoutAt);
    if (typeof timeout === "string") return timeout === "fault" ? -ERRNO.EFAULT : -ERRNO.EINVAL;
    const realtime = command === FUTEX.lockPi || (operation & FUTEX.clockRealtime) !== 0;
    deadlineNs = deadlineOf(k, timeout, command !== FUTEX.wait, realtime);
  }
  const second = timeoutAt; // as a number, for commands without time-out
  switch (command) {
    case FUTEX.wait: return waitFutex(k, task, address, value, FUTEX_BITSET_ANY, { deadlineNs, interrupted: timeoutAt === 0 ? -ERESTARTSYS : -ERRNO.EINTR });
    case FUTEX.waitBitset: return waitFutex(k, task, address, value, third, { deadlineNs, interrupted: -ERESTARTSYS });
    case FUTEX.wake: return wakeFutex(k, aspace, address, Math.max(1, value));
    case FUTEX.wakeBitset: return third === 0 ? -ERRNO.EINVAL : wakeFutex(k, aspace, address, Math.max(1, value), third);
    case FUTEX.requeue: return requeueFutex(k, aspace, address, secondAddress, value, second, undefined);
    case FUTEX.cmpRequeue: return requeueFutex(k, aspace, address, secondAddress, value, second, third);
    case FUTEX.wakeOp: return wakeOp(k, aspace, address, secondAddress, value, second, third);
    case FUTEX.lockPi:
    case FUTEX.lockPi2: return lockPi(k, task, address, false, { deadlineNs });
    case FUTEX.trylockPi: return lockPi(k, task, address, true, {});
    case FUTEX.unlockPi: return unlockPi(k, task, address);
  }
  return -ERRNO.ENOSYS;
};

const taskOf = (k: Kitten, task: Task, tid: number): Task | undefined => tid === 0 ? task : k.tasks.get(tid);
export const sched_getaffinity: Handler = (k, task, tid, size, address) => {
  const other = taskOf(k, task, tid);
  if (!other) return -ERRNO.ESRCH;
  if (size < 8 || size % 8) return -ERRNO.EINVAL;
  return u64Out(task.process.aspace, address, other.affinity & openCores(k)) ? 8 : -ERRNO.EFAULT;
};
export const sched_setaffinity: Handler = (k, task, tid, size, address) => {
  const other = taskOf(k, task, tid);
  if (!other) return -ERRNO.ESRCH;
  const bytes = copyIn(task.process.aspace, address, Math.max(0, Math.min(size, 8)));
  if (!bytes) return -ERRNO.EFAULT;
  const mask = bytes.reduce((sum, byte, index) => sum | BigInt(byte) << BigInt(8 * index), 0n) & openCores(k);
  if (mask === 0n) return -ERRNO.EINVAL;
  if (other.edf && mask !== openCores(k)) return -ERRNO.EBUSY; // it was admitted for them all
  const set = () => {
    if (!k.cores.some(({ index }) => mask >> BigInt(index) & 1n)) return undefined; // their threads are about to begin
    other.affinity = mask;
    if (other.state === "running" && other !== task) recall(k, other);
    else if (other.state === "ready" && !allows(k, other, other.core)) {
      unqueue(k, other);
      makeReady(k, other);
    }
    return 0;
  };
  return set() ?? block(k, task, { attempt: set, sources: [k.coming] });
};
