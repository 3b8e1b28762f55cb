// The earliest-deadline-first class: SCHED_DEADLINE as sched(7) has it. A task is promised so much time in each of its periods, and gets it before its deadline. Every such task has a core;
// a core admits as many as fill 95 % of it, so that all keep their deadlines (partitioned EDF, a constant-bandwidth server for each task). Who has used up its time waits for its next period.

import type { Core, Kitten } from "../kitten.ts";
import type { Deadline } from "./deadlines.ts";
import type { Task } from "./task.ts";

export interface EdfSetup { runtimeNs: number; deadlineNs: number; periodNs: number; flags: number }
export interface Edf extends EdfSetup {
  /** The core that has admitted it. */
  core: number;
  /** Time left in this period, and when the period's deadline is. */
  leftNs: number;
  dueNs: number;
  /** Since when it has not been charged, while it runs. */
  sinceNs: number | undefined;
  /** When it runs: its time is used up. When it waits for that: its next period begins. */
  alarm: Deadline | undefined;
}

/** Share of a core that is given to such tasks at most (sched_rt_runtime_us of sched_rt_period_us). */
const MOST = 0.95;

/** A task of the class does not fork, unless by this flag its children are not of it. */
export const EDF_RESET_ON_FORK = 1;

const share = ({ runtimeNs, periodNs }: EdfSetup) => runtimeNs / periodNs;

/** A core of those in the set that can take the task, its own one first. @returns its index, -1: none can */
export function admittingCore(k: Kitten, task: Task, setup: EdfSetup, allowed: bigint): number {
  const load = Array.from({ length: k.coreCount }, () => 0);
  for (const other of k.edf) if (other !== task) load[other.edf!.core] += share(other.edf!);
  const fits = (core: number) => (allowed >> BigInt(core) & 1n) === 1n && load[core] + share(setup) <= MOST + 1e-9;
  if (fits(task.core)) return task.core;
  return load.map((used, core) => ({ used, core })).filter(({ core }) => fits(core)).sort((a, b) => a.used - b.used)[0]?.core ?? -1;
}

/** Makes it a task of this class; `core` has admitted it. */
export function joinEdf(k: Kitten, task: Task, setup: EdfSetup, core: number): void {
  const running = task.edf?.sinceNs !== undefined || task.state === "running", nowNs = k.clock.nowNs();
  k.deadlines.cancel(task.edf?.alarm);
  task.edf = { ...setup, core, leftNs: setup.runtimeNs, dueNs: nowNs + setup.deadlineNs, sinceNs: undefined, alarm: undefined };
  k.edf.add(task);
  if (task.state === "running") k.shared.setPinned(task.core, true);
  if (running) beginTurn(k, task);
}
export function leaveEdf(k: Kitten, task: Task): void {
  k.deadlines.cancel(task.edf?.alarm);
  task.edf = undefined;
  k.edf.delete(task);
}

/** It begins to run. */
export function beginTurn(k: Kitten, task: Task): void {
  const { edf } = task;
  if (!edf || edf.sinceNs !== undefined) return;
  edf.sinceNs = k.clock.nowNs();
  edf.alarm = k.deadlines.set(edf.sinceNs + edf.leftNs, () => {
    edf.alarm = undefined;
    if (task.state === "running" && task.core > 0) k.shared.recall(task.core);
  });
}
/** Takes the time that it ran from what it has. @returns whether that is used up */
export function charge({ edf }: Task, nowNs: number): boolean {
  if (!edf) return false;
  if (edf.sinceNs !== undefined) {
    edf.leftNs -= nowNs - edf.sinceNs;
    edf.sinceNs = nowNs;
  }
  return edf.leftNs <= 0;
}
/** It does not run any more. */
export function endTurn(k: Kitten, task: Task): void {
  const { edf } = task;
  if (!edf || edf.sinceNs === undefined) return;
  charge(task, k.clock.nowNs());
  edf.sinceNs = undefined;
  k.deadlines.cancel(edf.alarm);
  edf.alarm = undefined;
}

/** It was waiting and can go on: what is left must not be more than its share until the deadline, or another period begins now. */
export function awaken(k: Kitten, { edf }: Task): void {
  if (!edf || edf.alarm) return;
  const nowNs = k.clock.nowNs();
  if (edf.dueNs > nowNs && edf.leftNs / (edf.dueNs - nowNs) <= edf.runtimeNs / edf.deadlineNs) return;
  edf.dueNs = nowNs + edf.deadlineNs;
  edf.leftNs = edf.runtimeNs;
}

/** Time used up: until its next period. @param goOn called when that begins @returns false: it has time */
export function throttle(k: Kitten, task: Task, goOn: () => void): boolean {
  const { edf } = task;
  if (edf?.alarm) return true; // waits already
  if (!edf || edf.leftNs > 0) return false;
  const nowNs = k.clock.nowNs();
  let begin = edf.dueNs - edf.deadlineNs + edf.periodNs;
  for (edf.leftNs += edf.runtimeNs; edf.leftNs <= 0; edf.leftNs += edf.runtimeNs) begin += edf.periodNs; // it was late to stop
  if (begin + edf.deadlineNs <= nowNs) {
    begin = nowNs;
    edf.leftNs = edf.runtimeNs;
  }
  edf.dueNs = begin + edf.deadlineNs;
  if (begin <= nowNs) return false;
  edf.alarm = k.deadlines.set(begin, () => {
    edf.alarm = undefined;
    if (task.edf === edf) goOn();
  });
  return true;
}

/** Index in a core's queue of the task to run next. */
export function mostUrgent(queue: readonly Task[]): number {
  let best = 0;
  for (let index = 1; index < queue.length; index++) if ((queue[index].edf?.dueNs ?? Infinity) < (queue[best].edf?.dueNs ?? Infinity)) best = index;
  return best;
}
/** Whether somebody in the core's queue comes before the task that it runs. */
export const isPreempted = ({ queue }: Core, task: Task): boolean => queue.some(({ edf }) => edf !== undefined && edf.dueNs < (task.edf?.dueNs ?? Infinity));
