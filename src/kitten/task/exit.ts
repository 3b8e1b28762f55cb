// The end of tasks and processes.

import { SA, SI, SIG, SIG_IGN } from "../../abi/linux/signals.ts";
import { releaseDescriptors } from "../file/descriptors.ts";
import { dropLocks } from "../file/locks.ts";
import type { Kitten } from "../kitten.ts";
import { destroyAspace } from "../memory/aspace.ts";
import { u32Out } from "../memory/user.ts";
import { leaveEdf } from "./edf.ts";
import { exitRobust, wakeFutex } from "./futex.ts";
import { halt } from "./together.ts";
import { leaveWait, unload, unqueue } from "./schedule.ts";
import { tellParent } from "./signal.ts";
import type { Process, Task } from "./task.ts";

/** One task ends. @param status as wait4 gives it, for the process if this was its last one */
export function exitTask(k: Kitten, task: Task, status: number): void {
  if (task.state === "dead") return;
  const { process } = task, { aspace } = process;
  if (task.state === "running") halt(k, task);
  leaveWait(k, task);
  exitRobust(k, task);
  if (task.clearTid !== 0 && (process.tasks.size > 1 || aspace.users > 1) && u32Out(aspace, task.clearTid, 0)) wakeFutex(k, aspace, task.clearTid, 1);
  task.state = "dead";
  leaveEdf(k, task);
  unqueue(k, task);
  unload(k, task);
  process.tasks.delete(task);
  k.tasks.delete(task.tid);
  process.usedNs += task.usedNs;
  if (process.tasks.size === 0) endProcess(k, process, process.exiting ?? status);
}

/** All tasks of a process end. */
export function exitProcess(k: Kitten, process: Process, status: number): void {
  process.exiting ??= status;
  k.trace?.(`[${process.pid}] +++ ends with ${status} +++`);
  for (const task of [...process.tasks]) exitTask(k, task, status);
}

/** Leaves an address space: of a process that ends, or executes another program. */
export function leaveAspace(process: Process): void {
  const { aspace } = process;
  if (--aspace.users === 0) destroyAspace(aspace);
  process.vforkDone?.();
  process.vforkDone = undefined;
}

function endProcess(k: Kitten, process: Process, status: number): void {
  process.status = status;
  if (k.objects.locks.size > 0) for (const key of [...k.objects.locks.keys()]) dropLocks(k.objects.locks, key, process);
  releaseDescriptors(process.files);
  leaveAspace(process);
  for (const child of process.children) {
    child.parent = undefined; // whoever adopts it does not care for its status
    if (child.status !== undefined) k.processes.delete(child.pid);
  }
  process.children.clear();
  const { parent } = process, signal = status & 0x7f;
  if (k.awaited.delete(process.pid)) {
    if (status !== 0) k.failed ??= status;
    if (k.awaited.size === 0) k.ended = k.failed ?? status;
  }
  if (!parent) {
    k.processes.delete(process.pid);
    return;
  }
  tellParent(k, process, signal ? SI.killed : SI.exited, signal || status >> 8);
  const action = parent.actions[SIG.chld];
  if (process.exitSignal === SIG.chld && (action.handler === SIG_IGN || action.flags & SA.noCldWait)) reap(k, process);
}

/** Forgets a process that has ended. */
export function reap(k: Kitten, process: Process): void {
  const { parent } = process;
  if (parent) {
    parent.children.delete(process);
    parent.childrenNs += process.usedNs + process.childrenNs;
  }
  k.processes.delete(process.pid);
}
