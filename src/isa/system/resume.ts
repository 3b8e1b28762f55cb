// The end of an instruction that changed what later ones depend on: mode, paging, interrupts.

import type { Emit } from "../emit.ts";

/** Ends the instruction: execution goes on at the next one, and everything is looked at anew. */
export function resume<V>(e: Emit<V>): void {
  e.call("resume", e.nextRip());
  e.leave();
}
