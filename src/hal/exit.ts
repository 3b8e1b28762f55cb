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
 * - syscall: a hosted program executed SYSCALL, and RIP is behind it, RCX and R11 are as the instruction leaves them
 * - exception: a hosted program raised one: `vector`, `errorCode`, for #PF the address in CR2; RIP as the processor would save it
 * - entry-failed: the host's virtualization refused to enter the guest */
export type ExitReason = "budget" | "kick" | "hlt" | "pause" | "shutdown" | "debug" | "unsupported" | "reset" | "syscall" | "exception" | "entry-failed";

export interface Exit {
  reason: ExitReason;
  readonly detail: bigint;
  /** Of an exception: its vector and error code. */
  readonly vector: number;
  readonly errorCode: number;
}

const NAMES: Record<number, ExitReason> = {
  [CONSTANTS.EXIT_BUDGET]: "budget", [CONSTANTS.EXIT_KICK]: "kick", [CONSTANTS.EXIT_HLT]: "hlt", [CONSTANTS.EXIT_SHUTDOWN]: "shutdown",
  [CONSTANTS.EXIT_DEBUG]: "debug", [CONSTANTS.EXIT_UNSUPPORTED]: "unsupported", [CONSTANTS.EXIT_RESET]: "reset", [CONSTANTS.EXIT_PAUSE]: "pause",
  [CONSTANTS.EXIT_SYSCALL]: "syscall", [CONSTANTS.EXIT_EXCEPTION]: "exception",
};

const CODES = Object.fromEntries(Object.entries(NAMES).map(([code, reason]) => [reason, Number(code)])) as Partial<Record<ExitReason, number>>;

/** The reason behind a numeric EXIT code of the shared layout. */
export function exitReason(code: number): ExitReason {
  return NAMES[code] ?? "unsupported";
}

/** The inverse. */
export function exitCode(reason: ExitReason): number {
  return CODES[reason] ?? CONSTANTS.EXIT_UNSUPPORTED;
}

/** The one exit record of a vCPU, and how an engine fills it: the reason by its EXIT code, all else read from the state when it is asked for.
 * @returns a function that gives the record, the same one each time */
export function createExitRecord(state: VcpuState): (code: number) => Exit {
  const detail = () => state.readField("exitDetail");
  const exit = {
    reason: "budget" as ExitReason,
    get detail() { return detail(); },
    get vector() { return Number(detail() & 0xffn); },
    get errorCode() { return Number(detail() >> 32n); },
  };
  return (code) => {
    exit.reason = exitReason(code);
    return exit;
  };
}
