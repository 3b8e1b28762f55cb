// What the stub debugs: some vCPUs and a memory, all of which stand still while it looks.

import type { Stops } from "../hal/debug.ts";
import type { VnodeMemory } from "../hal/memory.ts";
import type { VcpuState } from "../hal/state.ts";

/** - waiting: it is halted still, some time has passed; stopped: that vCPU met what it shall stop at, its state's `stopped` says which
 * - ended: the guest has ended */
export type StepResult = "executed" | "waiting" | "ended" | { stopped: number };

export interface DebugTarget {
  readonly states: readonly VcpuState[];
  readonly memory: VnodeMemory;
  /** Where vCPUs stop from now on. */
  setStops(stops: Stops): void;
  /** Executes one instruction of one vCPU, whatever breakpoint it has, with interrupts left waiting. While it is halted the others run. */
  step(index: number): StepResult;
  /** Guest memory was written. */
  wrote(gpa: number, bytes: number): void;
  /** Guest time stands still until the vCPUs run again. */
  freeze(frozen: boolean): void;
  /** Back to the state after power-on, at once. */
  reset(): void;
  /** Ends the guest. */
  end(): void;
}
