// Signals.

import { ERRNO } from "../../abi/linux/errno.ts";
import { SI, SIG, SIGNALS, SS } from "../../abi/linux/signals.ts";
import { copyIn, copyOut, u64In, u64Out } from "../memory/user.ts";
import { infoBytes, onAltStack, popFrame } from "../task/frame.ts";
import { block, KEEP, registersOf } from "../task/schedule.ts";
import { forceSignal, maskOf, pendingSet, sendSignal, signalProcess, takeSignal } from "../task/signal.ts";
import type { SignalInfo, Task } from "../task/task.ts";
import type { Handler } from "./call.ts";
import { deadlineOf, timespecIn } from "./time.ts";

const isSignal = (signal: number) => signal >= 1 && signal <= SIGNALS;
const SET_BYTES = 8;

export const rt_sigaction: Handler = (_k, { process }, signal, newAt, oldAt, size) => {
  if (!isSignal(signal) || size !== SET_BYTES || (newAt !== 0 && (signal === SIG.kill || signal === SIG.stop))) return -ERRNO.EINVAL;
  const { aspace } = process, old = process.actions[signal], bytes = newAt === 0 ? undefined : copyIn(aspace, newAt, 32);
  if (newAt !== 0 && !bytes) return -ERRNO.EFAULT;
  if (oldAt !== 0) {
    const out = new BigUint64Array([BigInt(old.handler), BigInt(old.flags), BigInt(old.restorer), BigInt.asUintN(64, old.mask)]);
    if (!copyOut(aspace, oldAt, new Uint8Array(out.buffer))) return -ERRNO.EFAULT;
  }
  if (bytes) {
    const view = new DataView(bytes.buffer);
    process.actions[signal] = { handler: Number(view.getBigInt64(0, true)), flags: view.getUint32(8, true), restorer: Number(view.getBigInt64(16, true)), mask: maskOf(view.getBigUint64(24, true)) };
  }
  return 0;
};

export const rt_sigprocmask: Handler = (_k, task, how, newAt, oldAt, size) => {
  if (size !== SET_BYTES) return -ERRNO.EINVAL;
  const { aspace } = task.process, before = task.mask, set = newAt === 0 ? undefined : u64In(aspace, newAt);
  if (newAt !== 0) {
    if (set === undefined) return -ERRNO.EFAULT;
    if (how < 0 || how > 2) return -ERRNO.EINVAL;
    task.mask = maskOf(how === 0 ? before | set : how === 1 ? before & ~set : set);
  }
  return oldAt === 0 || u64Out(aspace, oldAt, BigInt.asUintN(64, before)) ? 0 : -ERRNO.EFAULT;
};

export const rt_sigpending: Handler = (_k, task, address, size) =>
  size > SET_BYTES ? -ERRNO.EINVAL : copyOut(task.process.aspace, address, new Uint8Array(new BigUint64Array([BigInt.asUintN(64, pendingSet(task) & task.mask)]).buffer).subarray(0, size)) ? 0 : -ERRNO.EFAULT;

/** Puts a mask in place until the wait that follows is over. @returns false: EFAULT */
export function maskForWait(task: Task, address: number): boolean {
  if (address === 0) return true;
  const set = u64In(task.process.aspace, address);
  if (set === undefined) return false;
  task.savedMask = task.mask;
  task.mask = maskOf(set);
  return true;
}

export const rt_sigsuspend: Handler = (k, task, address, size) => {
  if (size !== SET_BYTES) return -ERRNO.EINVAL;
  return maskForWait(task, address) ? block(k, task, { sources: [task.process.signalled], attempt: () => (pendingSet(task) & ~task.mask ? -ERRNO.EINTR : undefined) }) : -ERRNO.EFAULT;
};

export const rt_sigtimedwait: Handler = (k, task, setAt, infoAt, timeoutAt, size) => {
  if (size !== SET_BYTES) return -ERRNO.EINVAL;
  const { aspace } = task.process, set = u64In(aspace, setAt);
  if (set === undefined) return -ERRNO.EFAULT;
  const timeout = timeoutAt === 0 ? undefined : timespecIn(aspace, timeoutAt);
  if (typeof timeout === "string") return timeout === "fault" ? -ERRNO.EFAULT : -ERRNO.EINVAL;
  const attempt = () => {
    const info = takeSignal(task, maskOf(set));
    if (!info) return undefined;
    return infoAt === 0 || copyOut(aspace, infoAt, infoBytes(info)) ? info.signal : -ERRNO.EFAULT;
  };
  const now = attempt();
  if (now !== undefined) return now;
  if (timeout && timeout.seconds === 0 && timeout.ns === 0) return -ERRNO.EAGAIN;
  return block(k, task, { attempt, sources: [task.process.signalled], deadlineNs: timeout ? deadlineOf(k, timeout, false, false) : Infinity, timedOut: -ERRNO.EAGAIN });
};

export const rt_sigreturn: Handler = (k, task) => {
  if (!popFrame(k, task)) forceSignal(k, task, { signal: SIG.segv, code: SI.kernel });
  return KEEP;
};

const sender = (task: Task, signal: number, code: number): SignalInfo => ({ signal, code, pid: task.process.pid, uid: task.process.uid });
export const kill: Handler = (k, task, pid, signal) => {
  if (signal !== 0 && !isSignal(signal)) return -ERRNO.EINVAL;
  const group = pid === 0 ? task.process.group : -pid;
  const targets = [...k.processes.values()].filter((process) => process.status === undefined && (pid > 0 ? process.pid === pid : pid === -1 ? process !== task.process : process.group === group));
  if (targets.length === 0) return pid > 0 && k.processes.has(pid) ? 0 : -ERRNO.ESRCH;
  if (signal !== 0) for (const process of targets) signalProcess(k, process, sender(task, signal, SI.user));
  return 0;
};
export const tgkill: Handler = (k, task, pid, tid, signal) => {
  if (tid <= 0 || (signal !== 0 && !isSignal(signal))) return -ERRNO.EINVAL;
  const target = k.tasks.get(tid);
  if (!target || (pid !== -1 && target.process.pid !== pid)) return -ERRNO.ESRCH;
  if (signal !== 0) sendSignal(k, target, sender(task, signal, SI.tkill));
  return 0;
};
export const tkill: Handler = (k, task, tid, signal) => tgkill(k, task, -1, tid, signal, 0, 0, 0);

/** The details that the caller gives. */
function detailsIn(task: Task, address: number, signal: number): SignalInfo | number {
  const bytes = copyIn(task.process.aspace, address, 128);
  if (!bytes) return -ERRNO.EFAULT;
  const view = new DataView(bytes.buffer);
  return { signal, code: view.getInt32(8, true), pid: view.getInt32(16, true), uid: view.getInt32(20, true), value: view.getBigInt64(24, true) };
}
export const rt_sigqueueinfo: Handler = (k, task, pid, signal, infoAt) => {
  const process = k.processes.get(pid), info = detailsIn(task, infoAt, signal);
  if (typeof info === "number") return info;
  if (!process) return -ERRNO.ESRCH;
  if (signal !== 0 && !isSignal(signal)) return -ERRNO.EINVAL;
  if (info.code >= 0 && process !== task.process) return -ERRNO.EPERM;
  if (signal !== 0) signalProcess(k, process, info);
  return 0;
};
export const rt_tgsigqueueinfo: Handler = (k, task, pid, tid, signal, infoAt) => {
  const target = k.tasks.get(tid), info = detailsIn(task, infoAt, signal);
  if (typeof info === "number") return info;
  if (!target || target.process.pid !== pid) return -ERRNO.ESRCH;
  if (signal !== 0 && !isSignal(signal)) return -ERRNO.EINVAL;
  if (signal !== 0) sendSignal(k, target, info);
  return 0;
};

const SMALLEST_STACK = 2048;
export const sigaltstack: Handler = (k, task, newAt, oldAt) => {
  const { aspace } = task.process, { altStack } = task, on = onAltStack(task, Number(registersOf(k, task).read("rsp")));
  const bytes = newAt === 0 ? undefined : copyIn(aspace, newAt, 24);
  if (newAt !== 0 && !bytes) return -ERRNO.EFAULT;
  if (oldAt !== 0) {
    const out = new DataView(new ArrayBuffer(24));
    out.setBigInt64(0, BigInt(altStack.sp), true);
    out.setInt32(8, altStack.size === 0 ? SS.disable : altStack.flags | (on ? SS.onStack : 0), true);
    out.setBigInt64(16, BigInt(altStack.size), true);
    if (!copyOut(aspace, oldAt, new Uint8Array(out.buffer))) return -ERRNO.EFAULT;
  }
  if (!bytes) return 0;
  if (on) return -ERRNO.EPERM;
  const view = new DataView(bytes.buffer), flags = view.getUint32(8, true), size = Number(view.getBigUint64(16, true));
  if ((flags & 3) === 3 || flags & 0x7fff_fffc) return -ERRNO.EINVAL;
  if (flags & SS.disable) task.altStack = { sp: 0, size: 0, flags: SS.disable };
  else if (size < SMALLEST_STACK) return -ERRNO.ENOMEM;
  else task.altStack = { sp: Number(view.getBigInt64(0, true)), size, flags: flags & ~SS.onStack };
  return 0;
};
