// What the control thread does with cores that run on other threads: while it works no task changes its core, and whom it needs it stops.

import { openCore, type Core, type Kitten } from "../kitten.ts";
import { wake } from "../file/inode.ts";
import { exitCode } from "../../hal/exit.ts";
import { CORE } from "./cores.ts";
import { makeReady, unqueue } from "./schedule.ts";
import type { Task } from "./task.ts";

const SYSCALL_BYTES = 2n;

/** The control thread begins to work: takes note of tasks that have changed cores by themselves, and of cores that have come. */
export function beginWork(k: Kitten): void {
  if (k.coreCount === 1) return;
  const { shared } = k;
  shared.lock();
  shared.setState(0, CORE.taken);
  const moves = shared.moves();
  if (moves !== k.seenMoves) {
    k.seenMoves = moves;
    for (const core of k.cores) adopt(k, core);
  }
  while (k.cores.length < k.coreCount && shared.state(k.cores.length) !== CORE.offline) {
    if (k.closed.has(k.cores.length)) shared.turn(k.cores.length, CORE.free, CORE.idle);
    k.cores.push(openCore(k, k.cores.length));
    wake(k.coming);
    k.hasReady = true; // perhaps for it
  }
}

function adopt(k: Kitten, core: Core): void {
  const { shared } = k, task = k.tasks.get(shared.task(core.index)), mask = shared.affinity(core.index);
  if (core.current !== task) {
    core.current = core.loaded = task;
    if (task) task.core = core.index;
    core.sinceNs = k.clock.nowNs();
  }
  core.ranUnder = k.words[core.cr3] >>> 0;
  if (task && mask !== 0) {
    task.affinity = BigInt(mask);
    shared.setAffinity(core.index, 0);
  }
}

/** A core goes on with its task, whose registers are loaded. */
export function start(k: Kitten, core: Core): void {
  const { shared } = k, { index } = core;
  core.ranUnder = k.words[core.cr3] >>> 0;
  if (k.coreCount === 1) return;
  shared.setTask(index, core.current!.tid);
  shared.setAffinity(index, 0);
  shared.setPinned(index, core.current!.edf !== undefined);
  if (index > 0) shared.wake(index, CORE.runs);
}

/** A core has nothing to do. */
export function rest(k: Kitten, core: Core): void {
  if (k.coreCount === 1) return;
  k.shared.setTask(core.index, 0);
  k.shared.setState(core.index, core.loaded || k.closed.has(core.index) ? CORE.idle : CORE.free);
}

/** A running task comes to the control thread soon: there is a signal for it, or it has to go elsewhere. */
export function recall(k: Kitten, task: Task): void {
  if (task.core > 0) k.shared.recall(task.core);
}
/** A running task executes no instruction any more when this returns. A system call that nobody has looked at yet has not happened: the task will make it again. */
export function halt(k: Kitten, { core: index }: Task): void {
  const { shared } = k;
  if (index === 0) return;
  shared.halt(index);
  if (shared.state(index) !== CORE.asks || shared.reason(index) !== exitCode("syscall")) return;
  const { state } = k.cores[index];
  state.write("rip", state.read("rip") - SYSCALL_BYTES);
  shared.setReason(index, exitCode("kick"));
}

/** Adds a core to the running Kitten, or removes it: its tasks go elsewhere. The first one stays, as the control thread does. @returns false: it cannot be */
export function openOrClose(k: Kitten, index: number, open: boolean): boolean {
  if (index === 0) return open;
  const core = k.cores[index];
  if (open) {
    k.closed.delete(index);
    if (core && !core.loaded) k.shared.turn(index, CORE.idle, CORE.free);
    k.hasReady = true; // perhaps for it
    return true;
  }
  for (const { edf } of k.edf) if (edf!.core === index) return false; // it has promised its time
  k.closed.add(index);
  if (!core) return true;
  k.shared.turn(index, CORE.free, CORE.idle); // so that no task goes there by itself
  for (const task of [...core.queue]) {
    unqueue(k, task);
    makeReady(k, task);
  }
  if (core.current?.state === "running") recall(k, core.current);
  return true;
}

/** No core executes anything until the control thread goes on. */
export function haltAll(k: Kitten): void {
  for (let index = 1; index < k.coreCount; index++) k.shared.halt(index);
}

/** All threads of cores end. */
export function endCores(k: Kitten): void {
  for (let index = 1; index < k.coreCount; index++) {
    k.shared.halt(index);
    k.shared.wake(index, CORE.ends);
  }
}
