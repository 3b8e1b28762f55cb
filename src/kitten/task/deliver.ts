// What pending signals do to a task before it goes on in its program: nothing, its handler, a stop, the end.

import { ERRNO } from "../../abi/linux/errno.ts";
import { DEFAULT_ACTION, SA, SIG, SIG_DFL, SIG_IGN } from "../../abi/linux/signals.ts";
import type { Kitten } from "../kitten.ts";
import { exitProcess } from "./exit.ts";
import { pushFrame } from "./frame.ts";
import { registersOf, setResult } from "./schedule.ts";
import { bitOf, maskOf, nextSignal, stop } from "./signal.ts";
import type { Task } from "./task.ts";

/** Whether `deliverSignals` has something to do. */
export const hasSignals = (task: Task): boolean => (task.pending.length > 0 || task.process.pending.length > 0 || task.restart || task.savedMask !== undefined);

/** Does what pending signals ask for, before the task goes on in its program. It may be stopped or dead after this. */
export function deliverSignals(k: Kitten, task: Task): void {
  const { process } = task;
  while (task.state !== "dead" && task.state !== "stopped") {
    const info = nextSignal(task, true);
    if (!info) break;
    const { signal } = info, action = process.actions[signal];
    if (action.handler === SIG_IGN) continue;
    if (action.handler === SIG_DFL) {
      switch (DEFAULT_ACTION[signal]) {
        case "ignore":
        case "continue": continue;
        case "stop": stop(k, process, signal); continue;
        default: exitProcess(k, process, signal); return;
      }
    }
    if (task.restart) {
      task.restart = false;
      if (action.flags & SA.restart) repeatCall(k, task);
      else setResult(k, task, -ERRNO.EINTR);
    }
    const { handler, flags } = action;
    if (!pushFrame(k, task, info, action)) { // no stack for it
      exitProcess(k, process, SIG.segv);
      return;
    }
    task.savedMask = undefined;
    task.mask |= maskOf(action.mask | (flags & SA.noDefer ? 0n : bitOf(signal)));
    if (flags & SA.resetHand) action.handler = SIG_DFL;
    k.trace?.(`[${task.tid}] --- signal ${signal} (code ${info.code}) to handler 0x${handler.toString(16)} ---`);
  }
  if (task.state === "dead") return;
  if (task.restart) {
    task.restart = false;
    repeatCall(k, task);
  }
  if (task.savedMask !== undefined) {
    task.mask = task.savedMask;
    task.savedMask = undefined;
  }
}

/** The task executes its SYSCALL again. */
function repeatCall(k: Kitten, task: Task): void {
  const state = registersOf(k, task);
  state.write("rip", state.read("rip") - 2n);
  state.write("rax", BigInt(task.call));
}
