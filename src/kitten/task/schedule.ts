// Which task runs: a queue per core, cooperative round robin. A task that waits is tried again when something it waits for may have changed.

import { CONSTANTS as C } from "../../hal/layout.ts";
import type { VcpuState } from "../../hal/state.ts";
import { ERESTARTSYS, ERRNO } from "../../abi/linux/errno.ts";
import type { Core, Kitten } from "../kitten.ts";
import { NR } from "../../abi/linux/system-calls.ts";
import type { Aspace } from "../memory/aspace.ts";
import { FRAME } from "../memory/pmem.ts";
import { loadRegisters, storeRegisters } from "./registers.ts";
import type { Task, Wait } from "./task.ts";

/** What a system call answers that has none yet, and one that has set the registers itself. */
export const LATER = -100_000, KEEP = -100_001;

/** Registers of a task, wherever they are. */
export function registersOf(k: Kitten, task: Task): VcpuState {
  const core = k.cores[task.core];
  return core.loaded === task ? core.vcpu.state : task.saved.state;
}

/** Writes what a system call returns. */
export function setResult(k: Kitten, task: Task, result: number): void {
  const core = k.cores[task.core];
  if (core.loaded !== task) return task.saved.state.write("rax", BigInt(result));
  k.words[core.gpr] = result;
  k.words[core.gpr + 1] = Math.floor(result / 2 ** 32);
}

/** Puts a task at the end of its core's queue. */
export function makeReady(k: Kitten, task: Task): void {
  task.state = "ready";
  const core = k.cores[task.core];
  core.queue.push(task);
  noteAlone(k, core);
}

export interface WaitSetup extends Partial<Pick<Wait, "deadlineNs" | "timedOut" | "interrupted" | "cleanup">> { sources?: Wait["sources"]; attempt?: Wait["attempt"] }

/** Makes the task that calls wait. @returns LATER */
export function block(k: Kitten, task: Task, setup: WaitSetup): number {
  const tell = () => { k.retries.add(task); };
  const wait: Wait = {
    attempt: () => undefined, sources: [], deadlineNs: Infinity, timedOut: -ERRNO.ETIMEDOUT, interrupted: -ERRNO.EINTR, ...setup, tell, call: task.call,
  };
  task.wait = wait;
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
  const { process } = task;
  for (const [number, value] of [[NR.getpid, process.pid], [NR.gettid, task.tid], [NR.getppid, process.parent?.pid ?? 0], [NR.getuid, process.uid], [NR.geteuid, process.uid],
    [NR.getgid, process.gid], [NR.getegid, process.gid]] as const) setAnswer(k, core, number, value);
}
/** sched_yield is answered on the core while nobody waits for it. */
export function noteAlone(k: Kitten, core: Core): void {
  if (k.trace) return;
  const alone = core.queue.length === 0;
  if (alone) setAnswer(k, core, NR.sched_yield, 0);
  else k.words[(core.answers + NR.sched_yield * C.ANSWER_BYTES) / 4] = 0;
}

/** Brings a task's registers and address space onto a core. */
export function switchTo(k: Kitten, core: Core, task: Task): void {
  core.current = task;
  task.state = "running";
  noteAlone(k, core);
  if (core.loaded === task) return;
  const { state } = core.vcpu;
  if (core.loaded) storeRegisters(k.node.bytes, state.address, core.loaded.saved);
  loadRegisters(k.node.bytes, state.address, task.saved);
  core.loaded = task;
  state.write("cr3", BigInt(task.process.aspace.tables.root));
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
  for (const { vcpu, loaded } of k.cores) {
    if (!loaded || loaded.process.aspace !== aspace) continue;
    if (bytes > 16 * FRAME) vcpu.invalidateTlb();
    else for (let at = start; at < start + bytes; at += FRAME) vcpu.invalidateTlb(BigInt(at));
  }
}
