// The counters of a virtual node, read from its VM.

import type { JitCounters } from "../engine/jit/counters.ts";
import { REGION_EXITS, type FieldName } from "../hal/layout.ts";
import type { VcpuState } from "../hal/state.ts";
import type { Vm } from "../palacios/vm.ts";
import type { JitStatistics, LiveStatistics } from "./protocol.ts";

/** @param jit of the thread that runs the VM; undefined: another engine */
export function readStatistics(vm: Vm, elapsedMs: number, sleptMs: number, jit?: JitCounters): LiveStatistics {
  const states = vm.states(), own = vm.vcpus.map(({ state }) => state);
  const sumOf = (of: readonly VcpuState[]) => (field: FieldName, index = 0) => of.reduce((total, state) => total + Number(state.readField(field, index)), 0);
  const sum = sumOf(states);
  return {
    instructions: sum("retired"), elapsedMs, runningMs: elapsedMs - sleptMs, exits: { ...vm.exits },
    interrupts: sum("interrupts"), pageFaults: sum("pageFaults"), tlbMisses: sum("tlbMisses"), blocksDecoded: sum("blocksDecoded"), codeInvalidations: sum("codeInvalidations"),
    resets: vm.resets, ...(jit && { jit: jitStatistics(jit, sumOf(own)) }),
  };
}

function jitStatistics(jit: JitCounters, sum: (field: FieldName, index?: number) => number): JitStatistics {
  const exits: Record<string, number> = {}, dropped = sum("regionsDropped");
  for (const [index, reason] of Object.entries(REGION_EXITS)) exits[reason] = (exits[reason] ?? 0) + sum("regionExits", Number(index));
  return { ...jit, executed: sum("compiledInstructions"), dropped, live: jit.regions - dropped - jit.evicted, exits };
}
