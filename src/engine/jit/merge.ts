// Regions end where others begin, so code that calls a lot goes from region to region. Where that happens often, a region is compiled again
// with what it goes on to. Many regions of one path become candidates at the same time; the one that is farthest out on the stack
// contains the others when it has grown, so the others wait until they have been entered often again.

import { CONSTANTS as C } from "../../hal/layout.ts";

/** Entries until a region that did not grow when others did is a candidate again. */
const AGAIN = 60_000;

export interface Merger {
  /** A block in which a region is entered often. */
  offer(block: number): void;
  /** The blocks whose regions shall grow: of programs and of kernels, one each at most. */
  choose(): number[];
  /** All blocks have been forgotten. */
  flushed(): void;
}

export interface MergerParts {
  /** The node's memory. */
  u16: Uint16Array;
  /** Of the vCPU. */
  stackPointer(): bigint;
  /** Whether a region is entered in a block. */
  isCompiled(block: number): boolean;
  nowMs(): number;
  /** From one time that regions grow to the next: what is compiled again takes time from what is not compiled yet. */
  periodMs: number;
}

export function createMerger({ u16, stackPointer, isCompiled, nowMs, periodMs }: MergerParts): Merger {
  let candidates: { block: number; stack: bigint }[] = [], lastMs = -Infinity;
  return {
    flushed: () => { candidates = []; },
    offer: (block) => { candidates.push({ block, stack: stackPointer() }); },
    choose: () => {
      if (candidates.length === 0 || nowMs() - lastMs < periodMs) return [];
      lastMs = nowMs();
      const offered = candidates.filter(({ block }) => isCompiled(block)).sort((a, b) => (a.stack > b.stack ? -1 : a.stack < b.stack ? 1 : 0));
      candidates = [];
      const outermost = [offered.find(({ stack }) => stack >> 63n !== 0n), offered.find(({ stack }) => stack >> 63n === 0n)];
      for (const each of offered) if (!outermost.includes(each)) u16[(each.block + C.BLOCK_HOT) >>> 1] = AGAIN;
      return outermost.flatMap((each) => (each ? [each.block] : []));
    },
  };
}
