// The debugger on the thread of a virtual node: what it debugs is the VM there, its bytes come through a ring and go as messages.

import { openRing } from "../backend/ring.ts";
import { createDebugger, type Debugger, type StepResult } from "../debug/index.ts";
import { handleExit, type Waiter } from "../palacios/run.ts";
import type { Vm } from "../palacios/vm.ts";
import { CONTROL, type DebugStart } from "./protocol.ts";

/** A halted vCPU that is to execute one instruction is looked at this often. */
const NAP_NS = 20e6;
/** Meanwhile the others execute so many at a time. */
const OTHERS_INSTRUCTIONS = 10_000;

/** @param freeze stops guest time, and lets it go on; `control`: the control words; `send` carries bytes to the debugger */
export function debugVm(vm: Vm, start: DebugStart, control: Int32Array, freeze: (frozen: boolean) => void, waiter: Waiter, send: (bytes: Uint8Array) => void): Debugger {
  const input = openRing(start.input);
  const stopWanted = () => Atomics.load(control, CONTROL.stop) !== 0;
  const settle = () => {
    if (vm.virtualClock) return; // in virtual time all this waits for the end of the slice
    vm.timers.fire();
    for (const index of vm.vcpus.keys()) vm.settle(index);
  };
  /** What the others do while a halted vCPU waits for something to execute. */
  const runOthers = (index: number): StepResult => {
    const ready = vm.vcpus.filter((vcpu) => vcpu.index !== index && vcpu.canRun());
    if (ready.length === 0) waiter.waitUntil(Math.min(vm.timers.next() ?? Infinity, vm.timers.nowNs() + NAP_NS));
    for (const vcpu of ready) {
      const exit = vcpu.run(OTHERS_INSTRUCTIONS);
      if (exit.reason === "debug") return { stopped: vcpu.index };
      handleExit(vm, vcpu, exit);
    }
    return vm.outcome ? "ended" : "waiting";
  };
  const step = (index: number): StepResult => {
    settle();
    const vcpu = vm.vcpus[index];
    if (!vcpu.canRun()) return runOthers(index);
    const before = vcpu.retired(), exit = vcpu.step();
    if (exit.reason === "debug") return { stopped: index };
    handleExit(vm, vcpu, exit);
    if (vm.outcome) return "ended";
    if (vm.resetRequested) vm.reset();
    return vcpu.retired() === before ? "waiting" : "executed";
  };
  return createDebugger({
    states: vm.vcpus.map(({ state }) => state), memory: vm.memory, step,
    setStops: (stops) => { for (const vcpu of vm.vcpus) vcpu.setStops(stops); },
    wrote: (gpa, bytes) => { vm.vcpus[0].invalidateCode(gpa, bytes); },
    freeze, reset: vm.reset,
    end: () => { vm.outcome ??= { kind: "stopped" }; },
  }, {
    connection: () => {
      const connection = Atomics.load(control, CONTROL.debugger);
      if (connection !== Atomics.load(control, CONTROL.debuggerSeen)) {
        input.read(); // of the one before
        Atomics.store(control, CONTROL.debuggerSeen, connection);
      }
      return connection;
    },
    read: () => input.read(),
    send,
    wait: () => {
      const woken = Atomics.load(control, CONTROL.wake);
      if (input.available() === 0 && !stopWanted() && Atomics.load(control, CONTROL.debugger) === Atomics.load(control, CONTROL.debuggerSeen)) Atomics.wait(control, CONTROL.wake, woken);
    },
  }, () => vm.outcome !== undefined || stopWanted(), start.wait);
}
