// Runs a VM on the calling thread until it ends: timers, exits, sleep.

import { unreachable } from "../base/error.ts";
import { hex } from "../base/text.ts";
import { CONSTANTS } from "../hal/layout.ts";
import type { Exit } from "../hal/exit.ts";
import type { Vcpu } from "../hal/vcpu.ts";
import type { Outcome, Vm } from "./vm.ts";

/** What the run loop needs of the thread it is on. */
export interface Waiter {
  /** Sleeps until somebody wakes the VM (input, stop) or guest time reaches `deadlineNs`; undefined: no deadline. */
  waitUntil(deadlineNs: number | undefined): void;
  /** Called between slices: brings console input in, takes output out. @returns true when the VM shall stop */
  poll(): boolean;
}

/** Guest time between two looks at the clock, when no timer wants one before. */
const SLICE_NS = 1e6;
/** Limits of a slice in instructions, and the speed that is assumed at first, in instructions per nanosecond. */
const SHORTEST = 1_000, LONGEST = 4_000_000, FIRST_SPEED = 0.05;
const IF = 0x200n;
const UNSUPPORTED: Record<number, string> = { [CONSTANTS.UNSUPPORTED_VM86]: "virtual-8086 mode", [CONSTANTS.UNSUPPORTED_TASK]: "hardware task switching" };

/** Runs until the guest ends or `waiter.poll` says stop. */
export function runVm(vm: Vm, waiter: Waiter): Outcome {
  const [vcpu] = vm.vcpus;
  let speed = FIRST_SPEED;
  for (;;) {
    if (waiter.poll()) vm.outcome ??= { kind: "stopped" };
    vm.timers.fire();
    if (vm.outcome) return vm.outcome;
    if (vm.resetRequested) vm.reset();
    const beginNs = vm.timers.nowNs(), before = vcpu.retired();
    vm.sliceEndNs = Math.min(beginNs + SLICE_NS, vm.timers.next() ?? Infinity);
    const budget = Math.min(LONGEST, Math.max(SHORTEST, Math.trunc((vm.sliceEndNs - beginNs) * speed)));
    const exit = vcpu.run(budget, "whole blocks");
    vm.sliceEndNs = 0;
    const executed = vcpu.retired() - before;
    if (executed >= SHORTEST) speed = (speed + executed / Math.max(1, vm.timers.nowNs() - beginNs)) / 2;
    const next = handleExit(vm, vcpu, exit);
    if (next === "wait") waiter.waitUntil(vm.timers.next());
  }
}

/** What follows an exit. An exit changes who runs next; port and memory accesses are calls on the bus and do not come here. */
export function handleExit(vm: Vm, vcpu: Vcpu, exit: Exit): "run" | "wait" | "stop" {
  vm.exits[exit.reason] = (vm.exits[exit.reason] ?? 0) + 1;
  switch (exit.reason) {
    case "budget":
    case "kick":
    case "debug":
      return "run";
    case "hlt":
      if (vcpu.state.read("rflags") & IF) return "wait";
      vm.outcome ??= { kind: "halted", message: `halted with interrupts off at ${hex(vcpu.state.read("rip"))}: nothing can wake it` };
      return "stop";
    case "shutdown":
      vm.outcome ??= { kind: "triple-fault", message: `triple fault at ${hex(vcpu.state.read("rip"))}: the guest could not deliver an exception` };
      return "stop";
    case "unsupported":
    case "entry-failed":
      vm.outcome ??= { kind: "unsupported", message: `the guest needs ${UNSUPPORTED[Number(vcpu.state.readField("unsupported"))] ?? "something"}, which is not supported, at ${hex(exit.detail)}` };
      return "stop";
    case "reset":
      vm.resetRequested = true;
      return "run";
    default:
      return unreachable(exit.reason);
  }
}
