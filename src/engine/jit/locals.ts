// The locals of a region's function. Registers and flags live in them while compiled code runs.

import type { LocalPool } from "../wasm/lower.ts";
import type { ValueType } from "../wasm/opcodes.ts";

/** Pages that a region remembers beside that of the stack (docs/adr/0008-tlb.md). */
export const STREAMS = 8;

/** state, number of the block to go to, and the operation to answer with: parameters. Then what every region has. */
export const LOCAL = { state: 0, entry: 1, answer: 2, left: 3, flagCode: 4, page: 5, flagResult: 6, flagFirst: 7, flagAux: 8, gpr: 9, stackPage: 25, stackAddend: 26, xmm: 27, streamPage: 43, streamAddend: 43 + STREAMS, temporaries: 43 + 2 * STREAMS } as const;
export const FIXED_TYPES: readonly ValueType[] = ["i32", "i32", ...Array.from({ length: LOCAL.stackAddend - LOCAL.page }, () => "i64" as const), "i32",
  ...Array.from({ length: 16 }, () => "v128" as const), ...Array.from({ length: STREAMS }, () => "i64" as const), ...Array.from({ length: STREAMS }, () => "i32" as const)];

/** Locals with the address of a remembered page. */
export const REMEMBERED: readonly number[] = [LOCAL.stackPage, ...Array.from({ length: STREAMS }, (_, stream) => LOCAL.streamPage + stream)];

export const typeOfLocal = (index: number): ValueType => FIXED_TYPES[index - LOCAL.left];

/** As lower's localPool, but quick, and with few locals: V8's time goes with how many there are, too. */
export function frugalPool(first: number): LocalPool {
  const types: ValueType[] = [];
  const free: Record<ValueType, number[]> = { i32: [], i64: [], f32: [], f64: [], v128: [] };
  return {
    types,
    take: (type) => free[type].pop() ?? first + types.push(type) - 1,
    give: (type, local) => { free[type].push(local); },
    release: () => {
      for (const list of Object.values(free)) list.length = 0;
      for (let index = types.length - 1; index >= 0; index--) free[types[index]].push(first + index);
    },
  };
}
