// The locals of a region's function. Registers and flags live in them while compiled code runs.

import { VCPU_FIELDS } from "../../hal/layout.ts";
import type { LocalPool } from "../wasm/lower.ts";
import type { ValueType } from "../wasm/opcodes.ts";

/** Pages that a region remembers beside that of the stack (docs/adr/0008-tlb.md): in locals, and in the state for vectors. */
export const STREAMS = VCPU_FIELDS.vectorPage.count;
/** Where a region changes what pages are accessible, as it must then forget them all. */
export const FEW_STREAMS = 2;

/** state, number of the block to go to, and the operation to answer with: parameters. Then what every region has. From `xmm` on these are numbers in
 * graphs: the function has only those that it uses, wherever they are among its other locals (V8's time goes with how many there are).
 * `target` is where a jump leads that does not compare by itself. */
export const LOCAL = { state: 0, entry: 1, answer: 2, left: 3, flagCode: 4, page: 5, flagResult: 6, flagFirst: 7, flagAux: 8, gpr: 9, stackPage: 25, stackAddend: 26,
  xmm: 27, streamPage: 43, streamAddend: 43 + STREAMS, target: 43 + 2 * STREAMS } as const;
const several = (count: number, type: ValueType) => Array.from({ length: count }, () => type);
export const FIXED_TYPES: readonly ValueType[] = ["i32", "i32", ...several(LOCAL.stackAddend - LOCAL.page, "i64"), "i32"];
const TYPES = [...FIXED_TYPES, ...several(16, "v128"), ...several(STREAMS, "i64"), ...several(STREAMS, "i32"), ...several(1, "i64")];

/** Locals of pages. */
export const PAGES = [LOCAL.stackPage, ...Array.from({ length: FEW_STREAMS }, (_, stream) => LOCAL.streamPage + stream)];

export const typeOfLocal = (index: number): ValueType => TYPES[index - LOCAL.left];

export interface FrugalPool extends LocalPool {
  /** The local that has this number in graphs. */
  homeOf(local: number): number;
  /** Those that have got one of their own. */
  readonly homes: ReadonlyMap<number, number>;
}

/** As lower's localPool, but quick, and with few locals. Its first one comes behind those that every region has. */
export function frugalPool(): FrugalPool {
  const types: ValueType[] = [], homes = new Map<number, number>(), taken = new Set<number>(), first = LOCAL.xmm;
  const free: Record<ValueType, number[]> = { i32: [], i64: [], f32: [], f64: [], v128: [] };
  return {
    types, homes,
    homeOf: (local) => {
      if (local < LOCAL.xmm) return local;
      let home = homes.get(local);
      if (home === undefined) {
        homes.set(local, (home = first + types.push(typeOfLocal(local)) - 1));
        taken.add(home);
      }
      return home;
    },
    take: (type) => free[type].pop() ?? first + types.push(type) - 1,
    give: (type, local) => { free[type].push(local); },
    release: () => {
      for (const list of Object.values(free)) list.length = 0;
      for (let index = types.length - 1; index >= 0; index--) if (!taken.has(first + index)) free[types[index]].push(first + index);
    },
  };
}
