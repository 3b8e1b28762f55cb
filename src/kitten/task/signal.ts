// Signals: sending, and choosing whom (signal(7)). What they do to a task that runs is in deliver.ts.

import { DEFAULT_ACTION, SA, SIG, SIG_DFL, SIG_IGN } from "../../abi/linux/signals.ts";
import { wake } from "../file/inode.ts";
import type { Kitten } from "../kitten.ts";
import { endWait, makeReady, unqueue } from "./schedule.ts";
import { halt, recall } from "./together.ts";
import type { Process, SignalInfo, Task } from "./task.ts";

export const bitOf = (signal: number): bigint => 1n << BigInt(signal - 1);
const UNBLOCKABLE = bitOf(SIG.kill) | bitOf(SIG.stop);
const FIRST_REALTIME = 32, MOST_QUEUED = 1024;
const isStop = (signal: number) => DEFAULT_ACTION[signal] === "stop";

/** A mask as programs may set it. */
export const maskOf = (bits: bigint): bigint => bits & ~UNBLOCKABLE;

/** Whether a signal does nothing to a process. */
function isIgnored({ actions }: Process, signal: number): boolean {
  const { handler } = actions[signal];
  return handler === SIG_IGN || (handler === SIG_DFL && DEFAULT_ACTION[signal] === "ignore");
}

function queue(pending: SignalInfo[], info: SignalInfo): void {
  if (pending.length >= MOST_QUEUED || (info.signal < FIRST_REALTIME && pending.some(({ signal }) => signal === info.signal))) return;
  pending.push(info);
}

/** What comes with every signal, whoever gets it. @returns false: nothing is left to deliver */
function prepare(k: Kitten, process: Process, { signal }: SignalInfo): boolean {
  const drop = (which: (signal: number) => boolean) => {
    for (const owner of [process, ...process.tasks]) owner.pending = owner.pending.filter((info) => !which(info.signal));
  };
  if (signal === SIG.cont || signal === SIG.kill) {
    drop(isStop);
    resume(k, process, signal === SIG.cont);
  } else if (isStop(signal)) drop((other) => other === SIG.cont);
  const blocked = [...process.tasks].some((task) => task.mask & bitOf(signal));
  return blocked || !isIgnored(process, signal);
}

/** Ends a task's wait if a signal that it does not block is there; one that runs elsewhere comes for it. */
function interrupt(k: Kitten, task: Task): void {
  if (task.state === "running") recall(k, task);
  if (task.state === "waiting" && task.wait && nextSignal(task)) endWait(k, task, task.wait.interrupted);
}

/** To one task. */
export function sendSignal(k: Kitten, task: Task, info: SignalInfo): void {
  const { process } = task;
  if (task.state === "dead" || !prepare(k, process, info)) return;
  queue(task.pending, info);
  wake(process.signalled);
  interrupt(k, task);
}

/** To a process: the first of its tasks that does not block it will take it. */
export function signalProcess(k: Kitten, process: Process, info: SignalInfo): void {
  if (process.status !== undefined || !prepare(k, process, info)) return;
  queue(process.pending, info);
  wake(process.signalled);
  for (const task of process.tasks) {
    if (task.mask & bitOf(info.signal)) continue;
    interrupt(k, task);
    break;
  }
}

/** A signal that the task has caused and cannot block or ignore: then it is the end. */
export function forceSignal(k: Kitten, task: Task, info: SignalInfo): void {
  const action = task.process.actions[info.signal];
  if (task.mask & bitOf(info.signal) || action.handler === SIG_IGN) {
    task.mask &= ~bitOf(info.signal);
    action.handler = SIG_DFL;
  }
  task.pending.unshift(info);
}

/** Signals that are pending and not blocked; those to the task first, low numbers first. */
export function nextSignal(task: Task, take = false): SignalInfo | undefined {
  for (const owner of [task, task.process]) {
    let best = -1;
    owner.pending.forEach(({ signal }, index) => { if (!(task.mask & bitOf(signal)) && (best < 0 || signal < owner.pending[best].signal)) best = index; });
    if (best >= 0) return take ? owner.pending.splice(best, 1)[0] : owner.pending[best];
  }
  return undefined;
}

/** Takes a pending signal out of a set, blocked or not (sigwait, signalfd). */
export function takeSignal(task: Task, set: bigint): SignalInfo | undefined {
  for (const owner of [task, task.process]) {
    const index = owner.pending.findIndex(({ signal }) => set & bitOf(signal));
    if (index >= 0) return owner.pending.splice(index, 1)[0];
  }
  return undefined;
}
export const pendingSet = (task: Task): bigint => [...task.pending, ...task.process.pending].reduce((set, { signal }) => set | bitOf(signal), 0n);

/** All tasks of a process stand still until SIGCONT. */
export function stop(k: Kitten, process: Process, signal: number): void {
  process.stopped = signal;
  process.report = "stopped";
  for (const task of process.tasks) {
    if (task.state === "running") halt(k, task);
    unqueue(k, task);
    if (task.state === "ready" || task.state === "running") task.state = "stopped";
  }
  tellParent(k, process, 5, signal);
}
function resume(k: Kitten, process: Process, report: boolean): void {
  if (!process.stopped) return;
  process.stopped = 0;
  process.report = report ? "continued" : undefined;
  for (const task of process.tasks) if (task.state === "stopped") makeReady(k, task);
  if (report) tellParent(k, process, 6, SIG.cont);
}

/** SIGCHLD and a word to who waits. */
export function tellParent(k: Kitten, process: Process, code: number, status: number): void {
  const { parent } = process;
  if (!parent) return;
  wake(parent.waiters);
  const action = parent.actions[SIG.chld];
  if (process.exitSignal === 0 || (process.status === undefined && action.flags & SA.noCldStop)) return;
  signalProcess(k, parent, { signal: process.exitSignal, code, pid: process.pid, uid: process.uid, status });
}
