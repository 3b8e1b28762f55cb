// Guest time that is counted in instructions: one nanosecond each. It stands still while a slice runs but for one nanosecond per look at it, so that
// what a guest reads does not depend on how an engine divides its code.

import type { GuestClock } from "../hal/vcpu.ts";

export interface VirtualClock extends GuestClock {
  /** The time, without being noticed. */
  peekNs(): number;
  /** A slice has ended: so many instructions were executed on each of the vCPUs that had something to do. */
  advance(instructions: number): void;
  /** Nobody has anything to do until then. */
  skipTo(ns: number): void;
}

export function createVirtualClock(): VirtualClock {
  let now = 0;
  return {
    nowNs: () => ++now,
    peekNs: () => now,
    advance: (instructions) => { now += instructions; },
    skipTo: (ns) => { now = Math.max(now, ns); },
  };
}
