// How a guest's end becomes words and an exit status.

import type { Outcome } from "../palacios/vm.ts";

/** Exit statuses, as the README lists them. A debug exit gives the guest's own status. */
const STATUS = { "power-off": 0, panic: 2, "triple-fault": 3, halted: 4, unsupported: 5, stopped: 130 } as const;

export function exitStatus(outcome: Outcome): number {
  return outcome.kind === "debug-exit" ? outcome.status & 0xff : STATUS[outcome.kind];
}

export function describeOutcome(outcome: Outcome): string {
  switch (outcome.kind) {
    case "power-off": return "powered off";
    case "stopped": return "stopped";
    case "debug-exit": return `debug exit with status ${outcome.status}`;
    default: return outcome.message;
  }
}
