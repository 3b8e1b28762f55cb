// Flags in locals. flagResult is always made; what flagAux follows from is kept beside a code (FLAGS_ in hal/layout.ts), and made only
// for who asks: core's flagAux at the end of a region, or the instruction that reads a carry.

import { CONSTANTS as C } from "../../hal/layout.ts";
import type { FlagRule, Width } from "../../isa/emit.ts";
import type { FlagStore } from "../wasm/flags.ts";
import type { Node, Region } from "../wasm/ir.ts";
import type { Surroundings } from "../wasm/types.ts";
import { LOCAL } from "./locals.ts";

const CODES: Partial<Record<FlagRule, number>> = { add: C.FLAGS_ADD, sub: C.FLAGS_SUB, inc: C.FLAGS_INC, dec: C.FLAGS_DEC };
const CARRY = 1n << 63n;

/** A value that a local has wherever its scope reaches: one that is set on one way only is not known behind. */
interface Known { value: Node; scope: Region }

export interface LocalFlags extends FlagStore {
  /** The flags of the instruction that comes are not needed by anybody. */
  dead: boolean;
}

export function flagsInLocals({ g, core }: Surroundings): LocalFlags {
  let result: Known | undefined, aux: Known | undefined;
  let deferred: { rule: FlagRule; width: Width; first: Node; result: Node; scope: Region; make(): Node } | undefined;
  const wide = (node: Node) => (node.type === "i64" ? node : g.pure("i64.extend_i32_u", node));
  const code = () => g.get(LOCAL.flagCode, "i32");
  const made = () => g.call(core("flagAux"), [code(), g.get(LOCAL.flagFirst, "i64"), g.get(LOCAL.flagResult, "i64")], "i64", true);

  const store: LocalFlags = {
    dead: false,
    result: () => (result && g.within(result.scope) ? result.value : g.get(LOCAL.flagResult, "i64")),
    aux: () => {
      if (aux && g.within(aux.scope)) return aux.value;
      if (deferred && g.within(deferred.scope)) return deferred.make();
      return g.choose("i64", code(), made, () => g.get(LOCAL.flagAux, "i64"));
    },
    carry: () => {
      if (aux && g.within(aux.scope)) return g.pure("i64.and", aux.value, g.i64(CARRY));
      if (deferred && g.within(deferred.scope)) {
        const { rule, first, result: r, width } = deferred;
        if (rule === "inc" || rule === "dec") return first;
        if (rule === "add" && width >= 32) return g.pure("i64.shl", wide(g.pure(width === 64 ? "i64.lt_u" : "i32.lt_u", r, first)), g.i64(63n));
        return g.pure("i64.and", deferred.make(), g.i64(CARRY));
      }
      return g.choose("i64", g.pure("i32.ge_u", code(), g.i32(C.FLAGS_KEPT_CARRY)), () => g.get(LOCAL.flagFirst, "i64"),
        () => g.pure("i64.and", g.choose("i64", code(), made, () => g.get(LOCAL.flagAux, "i64")), g.i64(CARRY)));
    },
    setResult: (value) => {
      result = { value, scope: g.scope() };
      if (!store.dead) g.set(LOCAL.flagResult, value);
    },
    setAux: (value) => {
      aux = { value, scope: g.scope() };
      deferred = undefined;
      if (store.dead) return;
      g.set(LOCAL.flagAux, value);
      g.set(LOCAL.flagCode, g.i32(0));
    },
    defer: (rule, width, first, value, plain, make) => {
      if (!plain) return false;
      aux = undefined;
      deferred = { rule, width, first, result: value, scope: g.scope(), make };
      if (store.dead) return true;
      g.set(LOCAL.flagFirst, wide(first));
      g.set(LOCAL.flagCode, g.i32(CODES[rule]! + Math.log2(width / 8)));
      return true;
    },
  };
  return store;
}
