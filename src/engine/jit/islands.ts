// Islands: loops whose registers, flags and page of the stack are in locals while they run. Everywhere else those stay in the vCPU's state
// from one block to the next: at a block where ways meet, V8 copies each of twenty-odd values that have no register from one place of its frame to another.

import { nothingResident, type Resident } from "./place.ts";
import type { Loop } from "./structure.ts";

/** A larger loop is no island, but loops in it may be. */
const MOST_OPERATIONS = 150;

export interface Island {
  /** places of its loop; none when it is the whole region */
  loop: Loop | undefined;
  resident: Resident;
}

/** @param loops the outer ones first
 * @param operations of each block
 * @param whole the region shall be one island
 * @returns the island of each block */
export function chooseIslands(loops: readonly Loop[], operations: readonly number[], whole: boolean): (Island | undefined)[] {
  const of: (Island | undefined)[] = operations.map(() => undefined);
  if (whole) return of.fill({ loop: undefined, resident: nothingResident() });
  for (const loop of loops) {
    const blocks = [...loop.blocks];
    if (of[loop.header] || blocks.reduce((sum, block) => sum + operations[block], 0) > MOST_OPERATIONS) continue;
    const island = { loop, resident: nothingResident() };
    for (const block of blocks) of[block] = island;
  }
  return of;
}
