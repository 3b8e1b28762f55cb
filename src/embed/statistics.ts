// The counters of a virtual node, read from its VM.

import type { JitCounters } from "../engine/jit/counters.ts";
import { REGION_EXITS, type FieldName } from "../hal/layout.ts";
import type { Vm } from "../palacios/vm.ts";
import type { JitStatistics, LiveStatistics } from "./protocol.ts";

/** @param jit of all its vCPUs; undefined: another engine */
export function readStatistics(vm: Vm, elapsedMs: number, sleptMs: number, jit?: JitCounters): LiveStatistics {
  const states = vm.states(), sum = (field: FieldName, index = 0) => states.reduce((total, state) => total + Number(state.readField(field, index)), 0);
  return {
    instructions: sum("retired"), elapsedMs, runningMs: elapsedMs - sleptMs, exits: { ...vm.exits },
    interrupts: sum("interrupts"), pageFaults: sum("pageFaults"), tlbMisses: sum("tlbMisses"), blocksDecoded: sum("blocksDecoded"), codeInvalidations: sum("codeInvalidations"),
    resets: vm.resets, ...(jit && { jit: jitStatistics(jit, sum) }),
  };
}

function jitStatistics(jit: JitCounters, sum: (field: FieldName, index?: number) => number): JitStatistics {
  const exits: Record<string, number> = {}, dropped = sum("regionsDropped");
  for (const [index, reason] of Object.entries(REGION_EXITS)) exits[reason] = (exits[reason] ?? 0) + sum("regionExits", Number(index));
  return { ...jit, executed: sum("compiledInstructions"), dropped, live: jit.regions - dropped - jit.evicted, exits };
}
