// Scheduling: policies and their parameters, the earliest-deadline-first class, yielding to a task.

import { ERRNO } from "../../abi/linux/errno.ts";
import type { Kitten } from "../kitten.ts";
import { copyIn, copyOut, u32Out } from "../memory/user.ts";
import { admittingCore, charge, joinEdf, leaveEdf, type EdfSetup } from "../task/edf.ts";
import { allows, block, LATER, makeReady, noteQueue, openCores, requeue, setResult, unqueue } from "../task/schedule.ts";
import type { Task } from "../task/task.ts";
import { recall } from "../task/together.ts";
import type { Handler } from "./call.ts";

const POLICY = { other: 0, fifo: 1, rr: 2, batch: 3, idle: 5, deadline: 6 } as const;
const POLICIES: readonly number[] = Object.values(POLICY);
const isRealtime = (policy: number) => policy === POLICY.fifo || policy === POLICY.rr;
const taskOf = (k: Kitten, task: Task, tid: number): Task | undefined => tid === 0 ? task : k.tasks.get(tid);

export const sched_yield: Handler = (k, task) => {
  if (task.edf) { // what is left of its time in this period
    charge(task, k.clock.nowNs());
    task.edf.leftNs = Math.min(0, task.edf.leftNs);
  }
  requeue(k, task);
  setResult(k, task, 0);
  return LATER;
};
/** To a task that is ready, by process and task, 0 for whatever process: it is the next of its class on this core. 1: so it is; 0: it cannot run now, and nothing has happened. */
export const yield_to: Handler = (k, task, pid, tid) => {
  const other = k.tasks.get(tid), core = k.cores[task.core];
  if (!other || (pid !== 0 && other.process.pid !== pid)) return -ERRNO.ESRCH;
  if (other === task || other.state !== "ready" || !k.cores[other.core].queue.includes(other) || !allows(k, other, core.index)) return 0;
  unqueue(k, other);
  makeReady(k, other, core);
  core.queue.unshift(core.queue.pop()!);
  noteQueue(k, core);
  requeue(k, task);
  setResult(k, task, 1);
  return LATER;
};

export const sched_getscheduler: Handler = (k, task, tid) => taskOf(k, task, tid)?.policy ?? -ERRNO.ESRCH;
/** A task that is ready, wherever it waits for its turn. */
function queueAnew(k: Kitten, task: Task): void {
  if (task.state !== "ready") return;
  unqueue(k, task);
  makeReady(k, task);
}
const setPolicy = (k: Kitten, task: Task, policy: number, priority: number): number => {
  if (!POLICIES.includes(policy) || policy === POLICY.deadline || (isRealtime(policy) ? priority < 1 || priority > 99 : priority !== 0)) return -ERRNO.EINVAL;
  leaveEdf(k, task);
  Object.assign(task, { policy, priority });
  queueAnew(k, task);
  return 0;
};
export const sched_setscheduler: Handler = (k, task, tid, policy, address) => {
  const other = taskOf(k, task, tid), bytes = copyIn(task.process.aspace, address, 4);
  if (!other) return -ERRNO.ESRCH;
  return bytes ? setPolicy(k, other, policy & 0xff, new DataView(bytes.buffer).getInt32(0, true)) : -ERRNO.EFAULT;
};
export const sched_getparam: Handler = (k, task, tid, address) => {
  const other = taskOf(k, task, tid);
  return !other ? -ERRNO.ESRCH : u32Out(task.process.aspace, address, other.priority) ? 0 : -ERRNO.EFAULT;
};
export const sched_setparam: Handler = (k, task, tid, address) => sched_setscheduler(k, task, tid, taskOf(k, task, tid)?.policy ?? 0, address, 0, 0, 0);
export const sched_get_priority_max: Handler = (_k, _task, policy) => isRealtime(policy) ? 99 : POLICIES.includes(policy) ? 0 : -ERRNO.EINVAL;
export const sched_get_priority_min: Handler = (_k, _task, policy) => isRealtime(policy) ? 1 : POLICIES.includes(policy) ? 0 : -ERRNO.EINVAL;
export const sched_rr_get_interval: Handler = (_k, { process }, _tid, address) => copyOut(process.aspace, address, new Uint8Array(new BigInt64Array([0n, 100_000_000n]).buffer)) ? 0 : -ERRNO.EFAULT;
export const getpriority: Handler = () => 20;
export const setpriority: Handler = () => 0;

/** struct sched_attr as its first edition had it (include/uapi/linux/sched/types.h); what came later is about utilization, which is not kept. */
const ATTRIBUTE_BYTES = 48, KNOWN_BYTES = 56, MOST_BYTES = 4096;
/** Of flags: reset on fork, reclaim, overrun, keep policy, keep parameters, utilization. */
const FLAGS = 0x7f, LEAST_RUNTIME_NS = 1024, LEAST_PERIOD_NS = 100_000, MOST_PERIOD_NS = 2 ** 22 * 1000;

/** @returns undefined: such times cannot be */
function edfSetup(view: DataView, flags: number): EdfSetup | undefined {
  const [runtime, deadline, given] = [24, 32, 40].map((at) => view.getBigUint64(at, true)), period = given || deadline;
  if (deadline === 0n || runtime < LEAST_RUNTIME_NS || deadline >> 63n || period >> 63n || period < deadline || deadline < runtime || period < LEAST_PERIOD_NS || period > MOST_PERIOD_NS) return undefined;
  return { runtimeNs: Number(runtime), deadlineNs: Number(deadline), periodNs: Number(period), flags };
}

export const sched_setattr: Handler = (k, task, tid, address, flags) => {
  const { aspace } = task.process;
  if (address === 0 || tid < 0 || flags !== 0) return -ERRNO.EINVAL;
  const sizeBytes = copyIn(aspace, address, 4), size = sizeBytes && (new DataView(sizeBytes.buffer).getUint32(0, true) || ATTRIBUTE_BYTES);
  if (size === undefined) return -ERRNO.EFAULT;
  const bytes = size >= ATTRIBUTE_BYTES && size <= MOST_BYTES ? copyIn(aspace, address, size) : new Uint8Array(KNOWN_BYTES + 1).fill(1);
  if (!bytes) return -ERRNO.EFAULT;
  if (bytes.subarray(KNOWN_BYTES).some((byte) => byte !== 0)) return u32Out(aspace, address, KNOWN_BYTES) ? -ERRNO.E2BIG : -ERRNO.EFAULT;
  const view = new DataView(bytes.buffer), policy = view.getInt32(4, true), wanted = Number(view.getBigUint64(8, true)), priority = view.getUint32(20, true), other = taskOf(k, task, tid);
  if (policy < 0) return -ERRNO.EINVAL;
  if (!other) return -ERRNO.ESRCH;
  if (wanted > FLAGS) return -ERRNO.EINVAL;
  if (policy !== POLICY.deadline) return setPolicy(k, other, policy, priority);
  const setup = priority === 0 ? edfSetup(view, wanted) : undefined;
  if (!setup) return -ERRNO.EINVAL;
  if ((openCores(k) & ~other.affinity) !== 0n) return -ERRNO.EPERM; // it must not be tied to some of the cores
  const set = () => {
    const core = admittingCore(k, other, setup, openCores(k));
    if (core < 0) return -ERRNO.EBUSY;
    if (core >= k.cores.length) return undefined; // its thread is about to begin
    joinEdf(k, other, setup, core);
    Object.assign(other, { policy, priority: 0 });
    if (other.state === "running" && other !== task) recall(k, other);
    else queueAnew(k, other);
    noteQueue(k, k.cores[other.core]);
    return 0;
  };
  return set() ?? block(k, task, { attempt: set, sources: [k.coming] });
};
export const sched_getattr: Handler = (k, task, tid, address, size, flags) => {
  if (address === 0 || tid < 0 || size > MOST_BYTES || size < ATTRIBUTE_BYTES || flags !== 0) return -ERRNO.EINVAL;
  const other = taskOf(k, task, tid);
  if (!other) return -ERRNO.ESRCH;
  const out = new Uint8Array(Math.min(size, KNOWN_BYTES)), view = new DataView(out.buffer), { edf, policy, priority } = other;
  view.setUint32(0, out.length, true);
  view.setUint32(4, policy, true);
  view.setUint32(20, priority, true);
  if (edf) {
    view.setBigUint64(8, BigInt(edf.flags), true);
    [edf.runtimeNs, edf.deadlineNs, edf.periodNs].forEach((ns, index) => view.setBigUint64(24 + 8 * index, BigInt(ns), true));
  }
  if (out.length === KNOWN_BYTES) view.setUint32(52, 1024, true); // no limit of utilization
  return copyOut(task.process.aspace, address, out) ? 0 : -ERRNO.EFAULT;
};
