// What a debugger wants a vCPU to stop at. Nothing of it is visible to the guest: neither its memory nor its debug registers change.

import type { VcpuState } from "./state.ts";

export interface Watchpoint { address: bigint; bytes: number; access: "read" | "write" | "any" }

/** Guest-linear addresses: of instructions before which a vCPU stops, and of data behind whose access it stops. */
export interface Stops { breakpoints: readonly bigint[]; watchpoints: readonly Watchpoint[] }

export const NO_STOPS: Stops = { breakpoints: [], watchpoints: [] };

/** Values of the state's `stopped` after an exit "debug": a breakpoint, or a watchpoint by its index in the list. */
export const STOPPED_BREAKPOINT = 1, STOPPED_WATCHPOINT = 2;

const EFER_LMA = 1n << 10n, SEGMENT_L = 1 << 13;

/** Linear address of the instruction at RIP. */
export function linearRip(state: VcpuState): bigint {
  const { base, attributes } = state.readSegment("cs"), rip = state.read("rip");
  return state.read("efer") & EFER_LMA && attributes & SEGMENT_L ? rip : BigInt.asUintN(32, rip + base);
}
