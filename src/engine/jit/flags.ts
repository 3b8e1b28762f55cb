// Flags in locals. flagResult is always made; what flagAux follows from is kept beside a code (FLAGS_ in hal/layout.ts), and made only
// for who asks: core's flagAux at the end of a region, or the instruction that reads a carry. Outside of islands (islands.ts) the locals hold
// what a block has changed, until it ends: between blocks flags are in the state.

import { CONSTANTS as C, OFFSET } from "../../hal/layout.ts";
import type { FlagRule, Width } from "../../isa/emit.ts";
import type { FlagStore } from "../wasm/flags.ts";
import type { Node, Region } from "../wasm/ir.ts";
import type { Surroundings } from "../wasm/types.ts";
import { LOCAL } from "./locals.ts";

const CODES: Partial<Record<FlagRule, number>> = { add: C.FLAGS_ADD, sub: C.FLAGS_SUB, inc: C.FLAGS_INC, dec: C.FLAGS_DEC };
const CARRY = 1n << 63n;
/** What flagAux follows from: which of them do not matter, the code tells. */
export const AUX_PARTS = [[LOCAL.flagCode, OFFSET.flagCode, "i32"], [LOCAL.flagFirst, OFFSET.flagFirst, "i64"], [LOCAL.flagAux, OFFSET.flagAux, "i64"]] as const;

/** A value that a local has wherever its scope reaches: one that is set on one way only is not known behind. */
interface Known { value: Node; scope: Region }

/** Parts of the flags that are in locals and not in the state: 0, or DIRTY_ bits. */
export const DIRTY_RESULT = 1, DIRTY_AUX = 2;

export interface LocalFlags extends FlagStore {
  /** The flags of the instruction that comes are not needed by anybody. */
  dead: boolean;
  /** A block begins. */
  begin(): void;
  /** What would have to be stored if the code were left here. */
  dirty(): number;
  /** Stores what is not in the state. */
  flush(): void;
}

/** @param inIsland whether the block at hand is in one */
export function flagsInLocals({ g, state }: Surroundings, inIsland: () => boolean): LocalFlags {
  let dirty = 0;
  const nested = () => g.scope().parent !== undefined;
  const isLocal = (part: number) => inIsland() || (dirty & part) !== 0;
  /** Sets a part: in the state, where it may be set or not and has not been before. */
  const put = (part: number, list: readonly (readonly [local: number, offset: number, value: Node])[]) => {
    const direct = !isLocal(part) && nested();
    if (!direct && !inIsland()) dirty |= part;
    for (const [local, offset, value] of list) {
      if (direct) g.store(value.type === "i64" ? "i64.store" : "i32.store", state, offset, value);
      else g.set(local, value);
    }
  };
  const localResult = () => (isLocal(DIRTY_RESULT) ? g.get(LOCAL.flagResult, "i64") : g.load("i64.load", state, OFFSET.flagResult));
  const auxPart = (local: number, offset: number, type: "i32" | "i64") => (isLocal(DIRTY_AUX) ? g.get(local, type) : g.load(`${type}.load`, state, offset));
  let result: Known | undefined, aux: Known | undefined;
  let deferred: { rule: FlagRule; width: Width; first: Node; result: Node; scope: Region; make(): Node } | undefined;
  const wide = (node: Node) => (node.type === "i64" ? node : g.pure("i64.extend_i32_u", node));
  const code = () => auxPart(LOCAL.flagCode, OFFSET.flagCode, "i32");
  const op = (name: "add" | "sub" | "and" | "or" | "xor" | "shl" | "shr_u", a: Node, b: Node | bigint) => g.pure(`i64.${name}`, a, typeof b === "bigint" ? g.i64(b) : b);
  /** What core's flagAux makes of the locals. Without a call: where only an exit needs it, it is computed there. */
  const made = (): Node => {
    const number = g.pure("i32.sub", code(), g.i32(1)), first = auxPart(LOCAL.flagFirst, OFFSET.flagFirst, "i64");
    const shift = wide(g.pure("i32.sub", g.i32(64), g.pure("i32.shl", g.i32(8), g.pure("i32.and", number, g.i32(3)))));
    const kept = g.pure("i32.ge_u", code(), g.i32(C.FLAGS_KEPT_CARRY)), down = g.pure("i32.and", number, g.i32(4));
    // all at the upper end: before - x = after is after + x = before
    const after = op("shl", localResult(), shift), one = op("shl", g.i64(1), shift);
    const before = g.select(kept, g.select(down, op("add", after, one), op("sub", after, one)), op("shl", first, shift));
    const term = g.select(down, after, before), sum = g.select(down, before, after), other = op("sub", sum, term);
    const carries = op("or", op("and", term, other), op("and", op("or", term, other), op("xor", sum, ~0n)));
    const adjust = op("and", op("shr_u", op("shr_u", op("xor", op("xor", term, other), sum), shift), 1n), 8n);
    const overflow = op("and", op("xor", carries, op("shr_u", carries, 1n)), 1n << 62n);
    return op("or", g.select(kept, op("or", first, op("xor", op("shr_u", first, 1n), overflow)), op("and", carries, 3n << 62n)), adjust);
  };
  const unknown = () => g.select(code(), made(), auxPart(LOCAL.flagAux, OFFSET.flagAux, "i64"));

  const store: LocalFlags = {
    dead: false,
    begin: () => { dirty = 0; },
    dirty: () => dirty,
    flush: () => {
      if (dirty & DIRTY_RESULT) g.keep("i64.store", state, OFFSET.flagResult, g.get(LOCAL.flagResult, "i64"));
      if (dirty & DIRTY_AUX) for (const [local, offset, type] of AUX_PARTS) g.keep(`${type}.store`, state, offset, g.get(local, type));
      if (!nested()) dirty = 0;
    },
    result: () => (result && g.within(result.scope) ? result.value : localResult()),
    aux: () => {
      if (aux && g.within(aux.scope)) return aux.value;
      if (deferred && g.within(deferred.scope)) return deferred.make();
      const value = unknown();
      aux = { value, scope: g.scope() };
      return value;
    },
    carry: () => {
      if (aux && g.within(aux.scope)) return g.pure("i64.and", aux.value, g.i64(CARRY));
      if (deferred && g.within(deferred.scope)) {
        const { rule, first, result: r, width } = deferred;
        if (rule === "inc" || rule === "dec") return first;
        if (rule === "add" && width >= 32) return g.pure("i64.shl", wide(g.pure(width === 64 ? "i64.lt_u" : "i32.lt_u", r, first)), g.i64(63n));
        return g.pure("i64.and", deferred.make(), g.i64(CARRY));
      }
      return g.pure("i64.and", store.aux(), g.i64(CARRY));
    },
    setResult: (value) => {
      result = { value, scope: g.scope() };
      if (!store.dead) put(DIRTY_RESULT, [[LOCAL.flagResult, OFFSET.flagResult, value]]);
    },
    setAux: (value) => {
      aux = { value, scope: g.scope() };
      deferred = undefined;
      if (store.dead) return;
      put(DIRTY_AUX, [[LOCAL.flagAux, OFFSET.flagAux, value], [LOCAL.flagCode, OFFSET.flagCode, g.i32(0)]]);
    },
    defer: (rule, width, first, value, plain, make) => {
      if (!plain) return false;
      aux = undefined;
      deferred = { rule, width, first, result: value, scope: g.scope(), make };
      if (store.dead) return true;
      put(DIRTY_AUX, [[LOCAL.flagFirst, OFFSET.flagFirst, wide(first)], [LOCAL.flagCode, OFFSET.flagCode, g.i32(CODES[rule]! + Math.log2(width / 8))]]);
      return true;
    },
  };
  return store;
}
