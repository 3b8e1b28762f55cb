// What the JIT has to know of a form before it writes code for it, found out by recording the form's meaning once.

import { HELPERS } from "../../isa/helpers.ts";
import { CRYPTO_HELPERS } from "../../isa/sse/helpers.ts";
import { FP_HELPERS } from "../../isa/float/helpers.ts";
import { NvlError } from "../../base/error.ts";
import type { Decoded } from "../../isa/decode.ts";
import type { Form } from "../../isa/forms.ts";
import { perform } from "../../isa/perform.ts";
import { createEmit } from "../wasm/emit.ts";
import type { FlagStore } from "../wasm/flags.ts";
import { createGraph } from "../wasm/ir.ts";
import { regionPlacement, untouched } from "./place.ts";

export interface FormFacts {
  /** compiled code can execute it; else the interpreter does */
  compilable: boolean;
  readsFlags: boolean;
  /** it reads only those flags that it leaves as they are */
  keepsFlags: boolean;
  /** all six, whatever happens */
  writesFlags: boolean;
  /** it may leave the region, or branch */
  leaves: boolean;
}

/** Helpers that know nothing of registers, flags or RIP: those may be in locals meanwhile. */
const CALLABLE: ReadonlySet<string> = new Set([
  ...Object.keys(FP_HELPERS), ...Object.keys(CRYPTO_HELPERS), "divideWide", "crc32", "getMxcsr", "compareStrings", "stringLength",
]);

/** Instructions that write some flags and look at none. */
const KEEPING: ReadonlySet<string> = new Set(["inc", "dec", "rol", "ror", "bt", "bts", "btr", "btc", "stc", "clc"]);

const INTERPRETED: FormFacts = { compilable: false, readsFlags: true, keepsFlags: false, writesFlags: false, leaves: true };

export function createFacts(): (form: Form, decoded: Decoded) => FormFacts {
  const known = new Map<number, FormFacts>(), graph = createGraph();
  let refused: boolean, leaves: boolean, readsFlags: boolean, writesFlags: boolean;
  const g = { ...graph, exit: (kind: string) => {
    if (kind === "again" || kind === "leave") refused = true;
    leaves = true;
    graph.exit(kind);
  } };
  const core = (name: string) => {
    if (!CALLABLE.has(name) || !(name in HELPERS)) refused = true;
    return 0;
  };
  const surroundings = { g, state: graph.param(0, "i32"), core, leaveOnMiss: true };
  const reads = () => {
    readsFlags = true;
    return graph.get(1, "i64");
  };
  const flagStore: FlagStore = { result: reads, aux: reads, carry: reads, setResult: () => { writesFlags = true; }, setAux: () => {} };
  const placement = regionPlacement(surroundings, untouched(), () => {
    leaves = true;
    graph.exit("jump");
  });
  const e = createEmit(surroundings, placement.of, flagStore);

  const find = (form: Form, decoded: Decoded): FormFacts => {
    refused = leaves = readsFlags = writesFlags = false;
    const { root } = graph.begin();
    graph.nextInstruction();
    placement.begin(form, decoded, 0);
    try {
      perform(e, form);
    } catch (error) {
      // an access behind a change, or an operand that regions do not have
      if (!(error instanceof NvlError && error.code === "wasm/miss") && !(error instanceof RangeError)) throw error;
      return INTERPRETED;
    }
    if (refused) return INTERPRETED;
    leaves ||= root.nodes.some(({ kind }) => kind === "if" || kind === "call");
    return { compilable: true, readsFlags, keepsFlags: readsFlags && KEEPING.has(form.mnemonic), writesFlags: writesFlags && !leaves, leaves };
  };
  return (form, decoded) => {
    // a count of 0 is a shift without flags
    const key = form.id * 256 + (form.immediates[0] === 1 ? decoded.immLow & 0xff : 0);
    let facts = known.get(key);
    if (!facts) known.set(key, (facts = find(form, decoded)));
    return facts;
  };
}
