// How a region does floating point (docs/adr/0006): on trust, where MXCSR asks for what Wasm does; else each operation for itself.

import { CONSTANTS as C, OFFSET } from "../../hal/layout.ts";
import type { CompiledRegion } from "./compile.ts";
import type { RegionBlock } from "./region.ts";

/** - none: not at all
 * - trusting: entered only where MXCSR asks for what Wasm does; knows results by bounds of what comes in
 * - testing: the same, but tests each result, as some numbers are beyond these bounds
 * - watched: whatever MXCSR says, as it was not to be trusted; tells when it is
 * - careful: whatever MXCSR says, as the numbers are not ordinary */
export type FloatMode = "none" | "trusting" | "testing" | "watched" | "careful";
export const isTrusting = (mode: FloatMode) => mode === "trusting" || mode === "testing";

/** Of MXCSR: all but flags other than PE, DAZ and FTZ; and what that is where PE is set, everything masked, and results are rounded to nearest. */
export const TRUSTED_MASK = 0x7fa0, TRUSTED = 0x1fa0;

/** Refusals in a slice that make a region's trust doubtful, and slices with so many until it is compiled otherwise. */
const OFTEN_REFUSED = 200, STRIKES = 3;

/** Modes as a block remembers what is wanted for it. */
const MODES: readonly FloatMode[] = ["trusting", "testing", "watched", "careful"];

/** What the blocks of a region want; the most careful counts. */
export const wantedMode = (u8: Uint8Array, blocks: readonly RegionBlock[]): FloatMode => MODES[Math.max(...blocks.map(({ address }) => u8[address + C.BLOCK_FLOAT]))];

/** Decides after each slice whether a region must be compiled for what its floating point turned out to need. The state remembers the last one that refused
 * its operands, or was entered with the other kind of MXCSR: it is likely to be the one that does so often.
 * @param find the region of a record
 * @param renew compiles it anew
 * @returns what to call after a slice */
export function floatJudge(u8: Uint8Array, state: number, find: (record: number) => CompiledRegion | undefined, renew: (record: number, region: CompiledRegion) => void): () => void {
  const u32 = new Uint32Array(u8.buffer);
  const refused = (state + OFFSET.floatRefused) >>> 2, count = (state + OFFSET.regionExits + 8 * C.REGION_REFUSED) >>> 2, mxcsr = (state + OFFSET.mxcsr) >>> 2;
  let before = 0;
  return () => {
    const operation = u32[refused];
    if (operation === 0) return;
    const record = u32[(operation - C.BLOCK_HEADER_BYTES + C.BLOCK_REGION) >>> 2];
    u32[refused] = 0;
    const often = u32[count] - before >= OFTEN_REFUSED, region = record === 0 ? undefined : find(record);
    before = u32[count];
    if (!region || (isTrusting(region.float) && !often) || ++region.strikes < STRIKES) return;
    const trusted = (u32[mxcsr] & TRUSTED_MASK) === TRUSTED;
    const wanted = region.float === "watched" ? "trusting" : !trusted ? "watched" : region.float === "trusting" ? "testing" : "careful";
    for (const { address } of region.blocks) u8[address + C.BLOCK_FLOAT] = MODES.indexOf(wanted);
    renew(record, region);
  };
}
