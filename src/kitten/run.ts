// Runs a Kitten's cores on the calling thread until its first process has ended: tasks in turn, system calls, exceptions, deadlines, sleep.

import { unreachable } from "../base/error.ts";
import { hex } from "../base/text.ts";
import type { Exit } from "../hal/exit.ts";
import { SI, SIG } from "../abi/linux/signals.ts";
import { PROT } from "../abi/linux/memory.ts";
import type { Core, Kitten } from "./kitten.ts";
import { systemCall } from "./call/dispatch.ts";
import { touch, TOUCH } from "./memory/aspace.ts";
import { deliverSignals, hasSignals } from "./task/deliver.ts";
import { exitProcess } from "./task/exit.ts";
import { makeReady, retryWaits, switchTo } from "./task/schedule.ts";
import { forceSignal } from "./task/signal.ts";
import type { SignalInfo, Task } from "./task/task.ts";

/** What the loop needs of the thread it is on. */
export interface KittenWaiter {
  /** Sleeps until something comes from outside or guest time reaches `deadlineNs`; undefined: no deadline. */
  waitUntil(deadlineNs: number | undefined): void;
  /** Brings in what came from outside. @returns true: end now */
  poll(): boolean;
}

/** How it ended: as the first process's status says (wait4), or by force. */
export type KittenOutcome = { kind: "exit"; status: number } | { kind: "signal"; signal: number } | { kind: "stopped" } | { kind: "stuck"; message: string };

/** A turn of a task that shares its core, and of one that does not, in instructions and nanoseconds. */
const SHARED_TURN_NS = 5e6, TURN_INSTRUCTIONS = 500_000;
/** System calls between two looks at the clock. */
const CALLS_PER_LOOK = 32;

export function runKitten(k: Kitten, waiter: KittenWaiter): KittenOutcome {
  const [core] = k.cores;
  for (;;) {
    if (waiter.poll()) return { kind: "stopped" };
    k.deadlines.fire(k.clock.nowNs());
    retryWaits(k);
    if (k.ended !== undefined) return k.ended & 0x7f ? { kind: "signal", signal: k.ended & 0x7f } : { kind: "exit", status: k.ended >> 8 };
    const task = core.queue.shift();
    if (task) runTask(k, core, task);
    else if (k.tasks.size === 0) return { kind: "stuck", message: "no task is left" };
    else waiter.waitUntil(k.deadlines.next());
  }
}

/** Runs a task until it waits, yields or has had its turn. */
function runTask(k: Kitten, core: Core, task: Task): void {
  switchTo(k, core, task);
  const { vcpu } = core, beginNs = k.clock.nowNs();
  const next = k.deadlines.next() ?? Infinity;
  let calls = 0;
  while (task.state === "running") {
    if (hasSignals(task)) {
      deliverSignals(k, task);
      if (task.state !== "running") break;
    }
    const exit = vcpu.run(TURN_INSTRUCTIONS, "whole blocks");
    if (exit.reason === "syscall") {
      systemCall(k, core, task);
      if (k.retries.size > 0) retryWaits(k);
      if (++calls % CALLS_PER_LOOK !== 0) continue;
    } else handleExit(k, core, task, exit);
    if (task.state !== "running") break;
    const nowNs = k.clock.nowNs();
    if (nowNs >= next || nowNs - beginNs >= SHARED_TURN_NS) makeReady(k, task);
  }
  task.usedNs += k.clock.nowNs() - beginNs;
  core.current = undefined;
}

function handleExit(k: Kitten, core: Core, task: Task, exit: Exit): void {
  switch (exit.reason) {
    case "syscall":
    case "budget":
    case "kick":
    case "debug": return;
    case "pause": // it spins: perhaps for one of those who wait for this core
      if (core.queue.length > 0) makeReady(k, task);
      return;
    case "exception": {
      const info = exceptionSignal(k, core, task, exit.vector, exit.errorCode);
      if (!info) return;
      k.trace?.(`[${task.tid}] --- exception ${exit.vector} at ${hex(core.vcpu.state.read("rip"))}, address ${hex(info.address ?? 0)} ---`);
      return forceSignal(k, task, { ...info, fault: { vector: exit.vector, errorCode: exit.errorCode } });
    }
    case "hlt":
    case "shutdown":
    case "unsupported":
    case "reset":
    case "entry-failed": return exitProcess(k, task.process, SIG.kill); // cannot come of a program: the engine is at its end
    default: return unreachable(exit.reason);
  }
}

const FETCH = 16, WRITE = 2;
/** The signal that an exception is; undefined: it was mended. */
function exceptionSignal(k: Kitten, { vcpu: { state } }: Core, task: Task, vector: number, errorCode: number): SignalInfo | undefined {
  const rip = () => Number(state.read("rip"));
  switch (vector) {
    case 0: return { signal: SIG.fpe, code: SI.intDiv, address: rip() };
    case 1: return { signal: SIG.trap, code: SI.trapTrace, address: rip() };
    case 3: return { signal: SIG.trap, code: SI.kernel };
    case 6: return { signal: SIG.ill, code: SI.illOpn, address: rip() };
    case 12: return { signal: SIG.bus, code: SI.kernel, address: 0 };
    case 14: {
      const address = Number(BigInt.asIntN(64, state.read("cr2"))), access = errorCode & FETCH ? PROT.exec : errorCode & WRITE ? PROT.write : PROT.read;
      switch (touch(task.process.aspace, address, access)) {
        case TOUCH.done: return undefined;
        case TOUCH.unmapped: return { signal: SIG.segv, code: SI.mapErr, address };
        case TOUCH.forbidden: return { signal: SIG.segv, code: SI.accErr, address };
        case TOUCH.bus: return { signal: SIG.bus, code: SI.busAdrErr, address };
        default: // no memory left: nobody is asked
          exitProcess(k, task.process, SIG.kill);
          return undefined;
      }
    }
    case 16: return { signal: SIG.fpe, code: floatCode(Number(state.read("fsw")) & ~Number(state.read("fcw"))), address: rip() };
    case 17: return { signal: SIG.bus, code: SI.busAdrAln, address: 0 };
    case 19: return { signal: SIG.fpe, code: floatCode(Number(state.read("mxcsr")) & ~(Number(state.read("mxcsr")) >> 7)), address: rip() };
    default: return { signal: SIG.segv, code: SI.kernel, address: 0 };
  }
}
/** Which of the unmasked floating-point exceptions it was (arch/x86/kernel/fpu: fpu__exception_code). */
function floatCode(bits: number): number {
  if (bits & 1) return SI.fltInv;
  if (bits & 4) return SI.fltDiv;
  if (bits & 8) return SI.fltOvf;
  if (bits & 0x12) return SI.fltUnd;
  return bits & 0x20 ? SI.fltRes : 0;
}
