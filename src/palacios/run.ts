// Runs a VM on the calling thread until it ends: timers, exits, sleep, and the turns of its vCPUs.

import { unreachable } from "../base/error.ts";
import { hex } from "../base/text.ts";
import { CONSTANTS } from "../hal/layout.ts";
import type { Exit } from "../hal/exit.ts";
import type { Vcpu } from "../hal/vcpu.ts";
import type { Outcome, Vm } from "./vm.ts";

/** What the run loop needs of the thread it is on. */
export interface Waiter {
  /** Sleeps until somebody wakes the VM (input, stop) or guest time reaches `deadlineNs`; undefined: no deadline. Asks `isIdle` once more when a wake-up
   * cannot be lost any more. */
  waitUntil(deadlineNs: number | undefined, isIdle?: () => boolean): void;
  /** Called between slices: brings console input in, takes output out. @returns true when the VM shall stop */
  poll(): boolean;
  /** A vCPU stopped where a debugger wants it to. Returns when it may run on. @returns true when the VM shall stop */
  stopped?(index: number): boolean;
}

/** Guest time between two looks at the clock, when no timer wants one before; and when other vCPUs wait for their turn. */
const SLICE_NS = 1e6, TURN_NS = 2e5;
/** Limits of a slice in instructions, and the speed that is assumed at first, in instructions per nanosecond. */
const SHORTEST = 1_000, LONGEST = 4_000_000, FIRST_SPEED = 0.05;
/** Instructions of a slice in virtual time: what happens to a vCPU from outside waits for its end. */
const VIRTUAL_SLICE = 100_000;
/** PAUSEs after which a vCPU that spins gives its turn to another one, 0 when there is none. */
export const PATIENCE = 32n;
/** How long a vCPU that spins sleeps where the host has fewer cores than there are vCPUs. */
const YIELD_NS = 50_000;
const IF = 0x200n;
const UNSUPPORTED: Record<number, string> = { [CONSTANTS.UNSUPPORTED_VM86]: "virtual-8086 mode", [CONSTANTS.UNSUPPORTED_TASK]: "hardware task switching" };

/** Runs until the guest ends or `waiter.poll` says stop. vCPUs take turns. */
export function runVm(vm: Vm, waiter: Waiter): Outcome {
  const { vcpus, timers } = vm, count = vcpus.length;
  const slice = vm.virtualClock ? virtualSlices(vm) : realSlices(vm);
  let last = count - 1, patience = 0n;
  const isIdle = () => !vm.others?.asked() && !vcpus.some((vcpu) => vcpu.canRun());
  for (;;) {
    if (waiter.poll()) vm.outcome ??= { kind: "stopped" };
    vm.serveOthers();
    timers.fire();
    if (vm.outcome) {
      vm.others?.stop();
      return vm.outcome;
    }
    if (vm.resetRequested) vm.reset();
    let ready = 0, next = -1;
    for (let step = 1; step <= count; step++) {
      const index = (last + step) % count;
      vm.settle(index);
      if (!vcpus[index].canRun()) continue;
      ready++;
      if (next < 0) next = index;
    }
    if (ready === 0) {
      if (vcpus.every(neverWakes) && (!vm.others || vm.others.areDead())) vm.outcome = { kind: "halted", message: `halted with interrupts off at ${hex(vcpus[0].state.read("rip"))}: nothing can wake it` };
      else if (vm.virtualClock && timers.next() !== undefined) vm.virtualClock.skipTo(timers.next()!);
      else waiter.waitUntil(timers.next(), isIdle);
      continue;
    }
    last = next;
    const wanted = ready > 1 || vm.others?.crowded ? PATIENCE : 0n;
    if ((count > 1 || vm.others) && (wanted !== 0n || patience !== 0n)) vcpus[next].state.writeField("pauses", patience = wanted);
    const before = vm.trace ? vcpus[next].retired() : 0;
    let exit = slice(vcpus[next], ready);
    while (exit.reason === "debug" && !waiter.stopped?.(next) && !vm.outcome && !vm.resetRequested) exit = slice(vcpus[next], ready);
    if (vm.trace?.topics.has("exits")) vm.trace.event(next, vcpus[next].state.read("rip"), { topic: "exits", reason: exit.reason, instructions: vcpus[next].retired() - before });
    handleExit(vm, vcpus[next], exit);
    if (vm.others && exit.reason === "pause") waiter.waitUntil(timers.nowNs() + YIELD_NS);
  }
}

/** Slices by the clock. */
export function realSlices(vm: Pick<Vm, "timers" | "sliceEndNs">): (vcpu: Vcpu, ready: number) => Exit {
  let speed = FIRST_SPEED;
  return (vcpu, ready) => {
    const beginNs = vm.timers.nowNs(), before = vcpu.retired();
    vm.sliceEndNs = Math.min(beginNs + (ready > 1 ? TURN_NS : SLICE_NS), vm.timers.next() ?? Infinity);
    const budget = Math.min(LONGEST, Math.max(SHORTEST, Math.trunc((vm.sliceEndNs - beginNs) * speed)));
    const exit = vcpu.run(budget, "whole blocks");
    vm.sliceEndNs = 0;
    const executed = vcpu.retired() - before;
    if (executed >= SHORTEST) speed = (speed + executed / Math.max(1, vm.timers.nowNs() - beginNs)) / 2;
    return exit;
  };
}

/** Slices by instructions: each ends at one that is the same in every run, and what all vCPUs that are ready execute counts as done at the same time.
 * What a debugger interrupts, or executes by itself, belongs to the slice that goes on then. */
function virtualSlices(vm: Vm): (vcpu: Vcpu, ready: number) => Exit {
  const clock = vm.virtualClock!;
  let begun: { vcpu: Vcpu; before: number; budget: number } | undefined;
  return (vcpu, ready) => {
    if (begun && (begun.vcpu !== vcpu || vcpu.retired() < begun.before)) begun = undefined; // there was a reset
    begun ??= { vcpu, before: vcpu.retired(), budget: Math.max(1, Math.min(VIRTUAL_SLICE, Math.ceil((vm.timers.next() ?? Infinity) - clock.nowNs()))) };
    const exit = vcpu.run(Math.max(0, begun.budget - (vcpu.retired() - begun.before)), "exact");
    if (exit.reason === "debug") return exit;
    clock.advance((vcpu.retired() - begun.before) / ready);
    begun = undefined;
    return exit;
  };
}

export const unsupportedMessage = (what: number, rip: bigint | number) => `the guest needs ${UNSUPPORTED[what] ?? "something"}, which is not supported, at ${hex(rip)}`;
export const tripleFaultMessage = (rip: bigint | number) => `triple fault at ${hex(rip)}: the guest could not deliver an exception`;

/** It has no instruction to execute, and no interrupt can change that. */
export function neverWakes(vcpu: Vcpu): boolean {
  return Number(vcpu.state.readField("activity")) === CONSTANTS.ACTIVITY_WAIT_SIPI || !(vcpu.state.read("rflags") & IF);
}

/** What follows an exit. An exit changes who runs next; port and memory accesses are calls on the bus and do not come here. */
export function handleExit(vm: Vm, vcpu: Vcpu, exit: Exit): "run" | "wait" | "stop" {
  vm.exits[exit.reason] = (vm.exits[exit.reason] ?? 0) + 1;
  switch (exit.reason) {
    case "budget":
    case "kick":
    case "debug":
    case "pause":
      return "run";
    case "hlt":
      return "wait";
    case "shutdown":
      vm.outcome ??= { kind: "triple-fault", message: tripleFaultMessage(vcpu.state.read("rip")) };
      return "stop";
    case "unsupported":
    case "entry-failed":
      vm.outcome ??= { kind: "unsupported", message: unsupportedMessage(Number(vcpu.state.readField("unsupported")), exit.detail) };
      return "stop";
    case "syscall":
    case "exception": // of hosted programs, which a PC has none of
      return "run";
    case "reset":
      vm.resetRequested = true;
      return "run";
    default:
      return unreachable(exit.reason);
  }
}
