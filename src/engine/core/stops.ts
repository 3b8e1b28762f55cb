// Breakpoints and watchpoints of a debugger (hal/debug.ts), as far as they are the same for all engines: what is set, and the single step.

import { NvlError } from "../../base/error.ts";
import type { Stops, Watchpoint } from "../../hal/debug.ts";
import type { Exit } from "../../hal/exit.ts";
import { CONSTANTS as C, VCPU_FIELDS } from "../../hal/layout.ts";
import type { VcpuState } from "../../hal/state.ts";
import type { Vcpu } from "../../hal/vcpu.ts";

const ACCESS = { read: 1n, write: 2n, any: 3n } as const;
/** `shadow` as after STI: interrupts wait for one instruction. */
const SHADOW = 1n;

export interface StopSet {
  set(stops: Stops): void;
  /** Is there any breakpoint? */
  any(): boolean;
  /** Shall an instruction not be executed? To be asked before any that may have a breakpoint. */
  isAt(linear: bigint): boolean;
  step(run: Vcpu["run"]): Exit;
}

/** @param flush empties the TLB: pages with watchpoints are kept out of it
 * @param changed hears of the breakpoints that came and went, and of all that there are now */
export function createStops(state: VcpuState, flush: () => void, changed: (different: readonly bigint[], all: ReadonlySet<bigint>) => void = () => {}): StopSet {
  let breakpoints: ReadonlySet<bigint> = new Set(), watchpoints: readonly Watchpoint[] = [], stepping = false;
  const setBreakpoints = (next: ReadonlySet<bigint>) => {
    const different = [...[...next].filter((one) => !breakpoints.has(one)), ...[...breakpoints].filter((one) => !next.has(one))];
    breakpoints = next;
    if (different.length > 0) changed(different, next);
  };
  const setWatchpoints = (next: readonly Watchpoint[]) => {
    if (next.length > VCPU_FIELDS.watchAddress.count) throw new NvlError("engine/watchpoints", `at most ${VCPU_FIELDS.watchAddress.count} watchpoints`, { context: { count: next.length } });
    const text = (list: readonly Watchpoint[]) => list.map(({ address, bytes, access }) => `${address} ${bytes} ${access}`).join();
    if (text(next) === text(watchpoints)) return;
    watchpoints = next;
    state.writeField("watchCount", BigInt(next.length));
    for (const [index, { address, bytes, access }] of next.entries()) {
      state.writeField("watchAddress", address, index);
      state.writeField("watchBytes", BigInt(bytes), index);
      state.writeField("watchAccess", ACCESS[access], index);
    }
    flush();
  };
  return {
    set: ({ breakpoints: at, watchpoints: data }) => {
      setBreakpoints(new Set(at));
      setWatchpoints(data);
    },
    any: () => breakpoints.size > 0,
    isAt: (linear) => !stepping && breakpoints.has(linear),
    step: (run) => {
      const waits = state.readField("shadow") === 0n && state.readField("activity") === BigInt(C.ACTIVITY_RUNNING), before = state.readField("retired");
      if (waits) state.writeField("shadow", SHADOW);
      stepping = true;
      const exit = run(1);
      stepping = false;
      if (waits && state.readField("retired") === before) state.writeField("shadow", 0n);
      return exit;
    },
  };
}
