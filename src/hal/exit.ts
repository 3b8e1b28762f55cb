// Why a vCPU gave control back. One record per vCPU, reused: read it before the next `run()`.

import { CONSTANTS } from "./layout.ts";
import type { VcpuState } from "./state.ts";

/** - budget: the instructions of this run are used up
 * - kick: somebody called `kick()`
 * - hlt: the vCPU waits for an interrupt, NMI or INIT (SDM 2A, HLT)
 * - pause: it spins: the PAUSE instructions that it was given are used up (`patience` of Vcpu)
 * - shutdown: triple fault (SDM 3A, Double Fault Exception)
 * - debug: a breakpoint or single step of the debugger
 * - unsupported: the guest needs something that this engine does not do; `detail` is the RIP; the state's `unsupported` says what
 * - reset: the guest asked for it through a device (the bus sets it)
 * - entry-failed: the host's virtualization refused to enter the guest */
export type ExitReason = "budget" | "kick" | "hlt" | "pause" | "shutdown" | "debug" | "unsupported" | "reset" | "entry-failed";

export interface Exit {
  reason: ExitReason;
  detail: bigint;
}

const NAMES: Record<number, ExitReason> = {
  [CONSTANTS.EXIT_BUDGET]: "budget", [CONSTANTS.EXIT_KICK]: "kick", [CONSTANTS.EXIT_HLT]: "hlt", [CONSTANTS.EXIT_SHUTDOWN]: "shutdown",
  [CONSTANTS.EXIT_DEBUG]: "debug", [CONSTANTS.EXIT_UNSUPPORTED]: "unsupported", [CONSTANTS.EXIT_RESET]: "reset", [CONSTANTS.EXIT_PAUSE]: "pause",
};

/** The reason behind a numeric EXIT code of the shared layout. */
export function exitReason(code: number): ExitReason {
  return NAMES[code] ?? "unsupported";
}

/** The one exit record of a vCPU, and how an engine fills it: the reason by its EXIT code, the detail from the state.
 * @returns a function that gives the record, the same one each time */
export function createExitRecord(state: VcpuState): (code: number) => Exit {
  const exit: Exit = { reason: "budget", detail: 0n };
  return (code) => {
    exit.reason = exitReason(code);
    exit.detail = state.readField("exitDetail");
    return exit;
  };
}
