// The control thread of a Kitten: runs the first core, and everything that tasks ask for, until the first process has ended: system calls, exceptions, deadlines, sleep. The other cores
// execute on threads of their own (core.ts) and come here with what they leave their programs for.

import { unreachable } from "../base/error.ts";
import { hex } from "../base/text.ts";
import { OFFSET } from "../hal/layout.ts";
import { createExitRecord, exitCode, type Exit } from "../hal/exit.ts";
import { SI, SIG } from "../abi/linux/signals.ts";
import { PROT } from "../abi/linux/memory.ts";
import { ALONE_INSTRUCTIONS, ALONE_TURN_NS, PATIENCE, SHARED_TURN_NS, SPINS, TURN_INSTRUCTIONS } from "./core.ts";
import type { Core, Kitten } from "./kitten.ts";
import { systemCall } from "./call/dispatch.ts";
import { touch, TOUCH } from "./memory/aspace.ts";
import { CORE, relax } from "./task/cores.ts";
import { beginTurn, charge, endTurn, isPreempted } from "./task/edf.ts";
import { deliverSignals, hasSignals } from "./task/deliver.ts";
import { exitProcess } from "./task/exit.ts";
import { allows, makeReady, nextTask, requeue, retryWaits, switchTo } from "./task/schedule.ts";
import { forceSignal } from "./task/signal.ts";
import type { SignalInfo, Task } from "./task/task.ts";
import { beginWork, endCores, rest, start } from "./task/together.ts";

/** What the loop needs of the thread it is on. */
export interface KittenWaiter {
  /** Sleeps until something comes from outside or guest time reaches `deadlineNs`; undefined: no deadline. */
  waitUntil(deadlineNs: number | undefined): void;
  /** Brings in what came from outside. @returns true: end now */
  poll(): boolean;
}

/** How it ended: as the first process's status says (wait4), or by force. */
export type KittenOutcome = { kind: "exit"; status: number } | { kind: "signal"; signal: number } | { kind: "stopped" } | { kind: "stuck"; message: string };

/** System calls between two looks at the clock. */
const CALLS_PER_LOOK = 32;
/** Whose deadline is nearer than that sleeps at once instead of looking for work. */
const NEAR_NS = 1e5;

export function runKitten(k: Kitten, waiter: KittenWaiter): KittenOutcome {
  const [first] = k.cores;
  const outcome = (): KittenOutcome => {
    for (;;) {
      beginWork(k);
      if (waiter.poll()) return { kind: "stopped" };
      k.deadlines.fire(k.clock.nowNs());
      serveCores(k);
      if (k.ended !== undefined) return k.ended & 0x7f ? { kind: "signal", signal: k.ended & 0x7f } : { kind: "exit", status: k.ended >> 8 };
      const ready = prepare(k, first);
      if (hasWork(k) || k.ended !== undefined) continue; // preparing has led to something
      if (ready) runFirst(k, first);
      else if (k.tasks.size === 0) return { kind: "stuck", message: "no task is left" };
      else {
        rest(k, first);
        sleep(k, waiter);
      }
    }
  };
  const how = outcome();
  if (how.kind !== "stopped") endCores(k); // it may go on
  return how;
}

/** Until there is something to do. */
function sleep(k: Kitten, waiter: KittenWaiter): void {
  const { shared } = k, deadlineNs = k.deadlines.next();
  if (k.coreCount === 1) return waiter.waitUntil(deadlineNs);
  const wanted = () => shared.asked() || shared.state(0) === CORE.runs;
  shared.unlock();
  const patient = !shared.crowded && (deadlineNs === undefined || deadlineNs - k.clock.nowNs() > NEAR_NS);
  for (let spins = patient ? SPINS : 0; spins > 0; spins--) {
    if (wanted()) return;
    relax();
  }
  shared.setControlAsleep(true);
  if (!wanted()) waiter.waitUntil(deadlineNs);
  shared.setControlAsleep(false);
}

/** Finds a core something to do: its task if that may go on, else the next one; its registers are loaded then, and it has heard of its signals. @returns false: there is nothing */
function prepare(k: Kitten, core: Core): boolean {
  for (;;) {
    let task = core.current;
    if (k.edf.size > 0 && task?.state === "running" && isPreempted(core, task)) requeue(k, task);
    if (task?.state !== "running") {
      core.current = undefined;
      task = nextTask(k, core);
      if (!task) return false;
      switchTo(k, core, task);
    }
    if (hasSignals(task)) deliverSignals(k, task);
    if (task.state !== "running") continue;
    if (allows(k, task, core.index)) return true;
    makeReady(k, task);
  }
}

/** Runs the first core's task until it waits, yields, goes elsewhere or has had its turn. */
function runFirst(k: Kitten, core: Core): void {
  const task = core.current!, { vcpu, shared } = k, beginNs = k.clock.nowNs(), several = k.coreCount > 1;
  const pauses = (core.state.address + OFFSET.pauses) / 4;
  let calls = 0;
  core.sinceNs = beginNs;
  beginTurn(k, task);
  const next = k.deadlines.next() ?? Infinity;
  start(k, core);
  for (;;) {
    k.words[pauses] = core.queue.length > 0 || shared.crowded ? Number(PATIENCE) : 0;
    if (several) {
      shared.unlock();
      shared.setState(0, CORE.runs);
      if (shared.asked()) vcpu.kick();
    }
    const exit = vcpu.run(next === Infinity && core.queue.length === 0 ? ALONE_INSTRUCTIONS : TURN_INSTRUCTIONS, "whole blocks");
    if (several) {
      if (exit.reason === "syscall" && k.move(core.state.address)) {
        if (comesBack(k, task)) continue;
        break;
      }
      beginWork(k);
    }
    if (exit.reason === "syscall") systemCall(k, core, task);
    else handleExit(k, core, task, exit);
    if (hasWork(k) || (several && shared.asked())) serveCores(k);
    const look = k.edf.size > 0 || exit.reason !== "syscall" || ++calls % CALLS_PER_LOOK === 0, nowNs = look ? k.clock.nowNs() : 0;
    if (k.edf.size > 0 && task.state === "running" && (charge(task, nowNs) || isPreempted(core, task))) requeue(k, task);
    if (task.state === "running" && (nowNs >= next || nowNs - beginNs >= (core.queue.length > 0 ? SHARED_TURN_NS : ALONE_TURN_NS))) requeue(k, task);
    if (core.current !== task || task.state !== "running") break;
    if (hasSignals(task)) deliverSignals(k, task);
    if (task.state !== "running" || !allows(k, task, core.index)) break;
  }
  task.usedNs += k.clock.nowNs() - beginNs;
}

/** The first core has handed its task over: waits a little whether it comes back before there is anything else to do. */
function comesBack({ shared }: Kitten, { tid }: Task): boolean {
  for (let spins = shared.crowded ? 0 : SPINS; spins > 0 && !shared.asked(); spins--) {
    if (shared.state(0) === CORE.runs) return shared.task(0) === tid;
    relax();
  }
  return false;
}

/** Does what the other cores ask for, and gives those something to do that have nothing. */
function serveCores(k: Kitten): void {
  const { shared } = k;
  if (k.coreCount > 1) {
    for (let asked = shared.takeAsked(); asked !== 0; asked &= asked - 1) {
      const core = k.cores[31 - Math.clz32(asked & -asked)];
      if (core && shared.state(core.index) === CORE.asks) serve(k, core);
    }
  }
  while (hasWork(k)) {
    retryWaits(k);
    k.hasReady = false;
    for (let index = 1; index < k.cores.length; index++) {
      const core = k.cores[index], state = shared.state(index);
      if ((state === CORE.free || state === CORE.idle) && shared.turn(index, state, CORE.taken)) goOn(k, core);
    }
  }
}
/** Somebody's wait may be over, or a task could run. */
const hasWork = (k: Kitten): boolean => k.retries.size > 0 || k.hasReady;

/** A core has left its program. */
function serve(k: Kitten, core: Core): void {
  const { shared } = k, { index, current: task } = core, exit = createExitRecord(core.state)(shared.reason(index));
  shared.forgetRecall(index);
  shared.setReason(index, exitCode("kick")); // it is being looked at: see `halt`
  if (task) {
    const isHere = core.loaded === task && task.state !== "dead"; // else it has ended, or goes on elsewhere
    if (isHere && exit.reason === "syscall") systemCall(k, core, task);
    else if (isHere) handleExit(k, core, task, exit);
    task.usedNs += k.clock.nowNs() - core.sinceNs;
    endTurn(k, task);
    if (task.state === "running" && ((exit.reason === "budget" && core.queue.length > 0) || (task.edf && task.edf.leftNs <= 0))) requeue(k, task);
  }
  goOn(k, core);
}
function goOn(k: Kitten, core: Core): void {
  if (!prepare(k, core)) return rest(k, core);
  core.sinceNs = k.clock.nowNs();
  beginTurn(k, core.current!);
  start(k, core);
}

function handleExit(k: Kitten, core: Core, task: Task, exit: Exit): void {
  switch (exit.reason) {
    case "syscall":
    case "budget":
    case "kick":
    case "debug": return;
    case "pause": // it spins: perhaps for one of those who wait for this core
      if (core.queue.length > 0 && task.state === "running") requeue(k, task);
      return;
    case "exception": {
      const info = exceptionSignal(k, core, task, exit.vector, exit.errorCode);
      if (!info) return;
      k.trace?.(`[${task.tid}] --- exception ${exit.vector} at ${hex(core.state.read("rip"))}, address ${hex(info.address ?? 0)} ---`);
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
function exceptionSignal(k: Kitten, { state }: Core, task: Task, vector: number, errorCode: number): SignalInfo | undefined {
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
