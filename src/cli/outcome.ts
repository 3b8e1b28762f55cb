// How a guest's end becomes words and an exit status.

import { SIGNAL_NAMES } from "../abi/linux/signals.ts";
import type { KittenOutcome } from "../kitten/run.ts";
import type { Outcome } from "../palacios/vm.ts";

/** Exit statuses, as the README lists them. A debug exit and a Kitten's first program give their own status. */
const STATUS = { "power-off": 0, panic: 2, "triple-fault": 3, halted: 4, stuck: 4, unsupported: 5, stopped: 130 } as const;

export function exitStatus(outcome: Outcome | KittenOutcome): number {
  switch (outcome.kind) {
    case "debug-exit":
    case "exit": return outcome.status & 0xff;
    case "signal": return 128 + outcome.signal;
    default: return STATUS[outcome.kind];
  }
}

export function describeOutcome(outcome: Outcome | KittenOutcome): string {
  switch (outcome.kind) {
    case "power-off": return "powered off";
    case "stopped": return "stopped";
    case "debug-exit": return `debug exit with status ${outcome.status}`;
    case "exit": return `ended with status ${outcome.status}`;
    case "signal": return `was ended by SIG${SIGNAL_NAMES[outcome.signal] ?? outcome.signal}`;
    default: return outcome.message;
  }
}
