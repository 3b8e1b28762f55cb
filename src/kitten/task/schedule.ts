// Which task runs: a queue per core, cooperative round robin. A task that waits is tried again when something it waits for may have changed.

import { CONSTANTS as C } from "../../hal/layout.ts";
import type { VcpuState } from "../../hal/state.ts";
import { ERESTARTSYS, ERRNO } from "../../abi/linux/errno.ts";
import type { Core, Kitten } from "../kitten.ts";
import { NR } from "../../abi/linux/system-calls.ts";
import type { Aspace } from "../memory/aspace.ts";
import { FRAME } from "../memory/pmem.ts";
import { awaken, endTurn, isPreempted, mostUrgent, throttle } from "./edf.ts";
import { OWN_ANSWERS } from "./migrate.ts";
import { loadRegisters, storeRegisters } from "./registers.ts";
import type { Task, Wait } from "./task.ts";

/** What a system call answers that has none yet, and one that has set the registers itself. */
export const LATER = -100_000, KEEP = -100_001;

/** Registers of a task, wherever they are. */
export function registersOf(k: Kitten, task: Task): VcpuState {
  const core = k.cores[task.core];
  return core.loaded === task ? core.state : task.saved.state;
}

/** Writes what a system call returns. */
export function setResult(k: Kitten, task: Task, result: number): void {
  const core = k.cores[task.core];
  if (core.loaded !== task) return task.saved.state.write("rax", BigInt(result));
  k.words[core.gpr] = result;
  k.words[core.gpr + 1] = Math.floor(result / 2 ** 32);
}

export const allows = (k: Kitten, task: Task, core: number): boolean => (task.edf ? task.edf.core === core : (task.affinity >> BigInt(core) & 1n) === 1n) && !k.closed.has(core);
/** Cores that tasks may be on, as a set of bits. */
export const openCores = (k: Kitten): bigint => [...k.closed].reduce((mask, core) => mask & ~(1n << BigInt(core)), (1n << BigInt(k.coreCount)) - 1n);

/** Where a task that has become ready goes: to its core if that has nothing to do, else to another such one, else where the fewest are. */
function chooseCore(k: Kitten, task: Task): Core {
  if (task.edf) return k.cores[task.edf.core];
  if ((task.affinity & openCores(k)) === 0n) task.affinity = openCores(k); // its cores were removed: any other will do (sched_setaffinity(2))
  const last = k.cores[task.core];
  let best = last, least = Infinity;
  for (const core of k.cores) {
    if (!allows(k, task, core.index)) continue;
    const load = 2 * (core.queue.length + (core.current && core.current !== task ? 1 : 0)) + (core === last ? 0 : 1);
    if (load < least) {
      least = load;
      best = core;
    }
  }
  return best;
}

function enqueue(k: Kitten, task: Task, core: Core): void {
  task.state = "ready";
  bring(k, task, core);
  if (task.edf) {
    endTurn(k, task);
    if (throttle(k, task, () => { if (task.state === "ready" && !core.queue.includes(task)) enqueue(k, task, core); })) return;
  }
  core.queue.push(task);
  if (k.coreCount > 1) k.hasReady = true;
  noteQueue(k, core);
  if (task.edf && core.index > 0 && core.current?.state === "running" && isPreempted(core, core.current)) k.shared.recall(core.index);
  else if (core.index > 0 && core.queue.length === 1) k.shared.nudge(core.index); // it is not alone any more
}
/** A task can go on. @param core where, if that is decided */
export function makeReady(k: Kitten, task: Task, core = k.coreCount === 1 ? k.cores[0] : chooseCore(k, task)): void {
  if (task.edf && task.state === "waiting") awaken(k, task);
  enqueue(k, task, core);
}
/** A task has had its turn: it goes to the end of its core's queue. */
export const requeue = (k: Kitten, task: Task): void => enqueue(k, task, k.cores[task.edf?.core ?? task.core]);

/** A task goes to a core; its registers come along if another core still has them. */
function bring(k: Kitten, task: Task, core: Core): void {
  const from = k.cores[task.core];
  if (from !== core && from.loaded === task) {
    storeRegisters(k.node.bytes, from.state.address, task.saved);
    from.loaded = undefined;
  }
  if (from !== core && from.current === task) from.current = undefined;
  task.core = core.index;
}

/** Takes a task out of its queue. */
export function unqueue(k: Kitten, task: Task): void {
  const core = k.cores[task.core], at = core.queue.indexOf(task);
  if (at < 0) return;
  core.queue.splice(at, 1);
  noteQueue(k, core);
}

/** The next task for a core: of its own queue, or of another that has more than it can do. */
export function nextTask(k: Kitten, core: Core): Task | undefined {
  if (k.closed.has(core.index)) return undefined;
  const [own] = core.queue.splice(k.edf.size > 0 ? mostUrgent(core.queue) : 0, 1);
  if (own) {
    noteQueue(k, core);
    return own;
  }
  for (const other of k.cores) {
    const isBusy = other !== core && other.queue.length > (other.current?.state === "running" ? 0 : 1), at = isBusy ? other.queue.findIndex((task) => allows(k, task, core.index)) : -1;
    if (at < 0) continue;
    const [task] = other.queue.splice(at, 1);
    noteQueue(k, other);
    bring(k, task, core);
    return task;
  }
  return undefined;
}

export interface WaitSetup extends Partial<Pick<Wait, "deadlineNs" | "timedOut" | "interrupted" | "cleanup">> { sources?: Wait["sources"]; attempt?: Wait["attempt"] }

/** Makes the task that calls wait. @returns LATER */
export function block(k: Kitten, task: Task, setup: WaitSetup): number {
  const tell = () => { k.retries.add(task); };
  const wait: Wait = {
    attempt: () => undefined, sources: [], deadlineNs: Infinity, timedOut: -ERRNO.ETIMEDOUT, interrupted: -ERRNO.EINTR, ...setup, tell, call: task.call,
  };
  task.wait = wait;
  endTurn(k, task);
  task.state = "waiting";
  for (const source of wait.sources) source.add(tell);
  if (wait.deadlineNs < Infinity) {
    const alarm = k.deadlines.set(wait.deadlineNs, () => { if (task.wait === wait) endWait(k, task, wait.timedOut); });
    const { cleanup } = wait;
    wait.cleanup = () => {
      k.deadlines.cancel(alarm);
      cleanup?.();
    };
  }
  return LATER;
}

/** Takes a task out of its wait, without an answer. */
export function leaveWait(k: Kitten, task: Task): void {
  const { wait } = task;
  if (!wait) return;
  task.wait = undefined;
  k.retries.delete(task);
  for (const source of wait.sources) source.delete(wait.tell);
  wait.cleanup?.();
}

/** The wait is over: the system call answers. */
export function endWait(k: Kitten, task: Task, result: number): void {
  leaveWait(k, task);
  task.restart = result === -ERESTARTSYS;
  if (result !== KEEP) setResult(k, task, result);
  k.trace?.(`[${task.tid}] ... = ${result}`);
  makeReady(k, task);
}

/** Tries what was told that something changed. */
export function retryWaits(k: Kitten): void {
  while (k.retries.size > 0) {
    const [task] = k.retries;
    k.retries.delete(task);
    const result = task.wait?.attempt();
    if (result !== undefined) endWait(k, task, result);
  }
}

const setAnswer = (k: Kitten, core: Core, number: number, value: number) => {
  const entry = (core.answers + number * C.ANSWER_BYTES) / 4;
  k.words[entry] = 1;
  k.words[entry + C.ANSWER_VALUE / 4] = value;
  k.words[entry + C.ANSWER_VALUE / 4 + 1] = value < 0 ? -1 : 0;
};

/** What the core answers without asking: who its task is, and that nobody else wants to run. */
function noteTask(k: Kitten, core: Core, task: Task): void {
  if (k.trace) return;
  const { process } = task, values = [process.pid, task.tid, process.parent?.pid ?? 0, process.uid, process.uid, process.gid, process.gid];
  OWN_ANSWERS.forEach((number, index) => setAnswer(k, core, number, values[index]));
}
/** Tells a core how many wait for it; sched_yield is answered there while nobody does. */
export function noteQueue(k: Kitten, core: Core): void {
  const { length } = core.queue;
  if (k.coreCount > 1) k.shared.setQueued(core.index, length);
  if (k.trace) return;
  if (length === 0 && !k.shared.crowded && !core.current?.edf) setAnswer(k, core, NR.sched_yield, 0);
  else k.words[(core.answers + NR.sched_yield * C.ANSWER_BYTES) / 4] = 0;
}

/** Brings a task's registers and address space onto a core. */
export function switchTo(k: Kitten, core: Core, task: Task): void {
  core.current = task;
  task.state = "running";
  noteQueue(k, core);
  if (core.loaded === task) return;
  const { state } = core;
  if (core.loaded) storeRegisters(k.node.bytes, state.address, core.loaded.saved);
  loadRegisters(k.node.bytes, state.address, task.saved);
  core.loaded = task;
  k.words[core.cr3] = task.process.aspace.tables.root;
  noteTask(k, core, task);
  k.switches++;
}

/** The registers in the task's copy are newer than those on its core. */
export function unload(k: Kitten, task: Task): void {
  const core = k.cores[task.core];
  if (core.loaded === task) core.loaded = undefined;
}

/** Makes cores forget translations of an address space. */
export function flushTranslations(k: Kitten, aspace: Aspace, start: number, bytes: number): void {
  const roots = (aspace.job?.spaces ?? [aspace]).flatMap((each) => (each ? [each.tables.root] : [])); // ranks have it in a slot of theirs
  for (const { index, cr3, ranUnder } of k.cores) {
    if (!roots.includes(ranUnder) && !roots.includes(k.words[cr3] >>> 0)) continue;
    if (index > 0) k.shared.flush(index);
    else if (bytes > 16 * FRAME || aspace.job) k.vcpu.invalidateTlb();
    else for (let at = start; at < start + bytes; at += FRAME) k.vcpu.invalidateTlb(BigInt(at));
  }
}
