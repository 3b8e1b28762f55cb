// What the JIT has to know of a form before it writes code for it, found out by recording the form's meaning once.

import { CRYPTO_HELPERS } from "../../isa/sse/helpers.ts";
import { FP_HELPERS } from "../../isa/float/helpers.ts";
import { NvlError } from "../../base/error.ts";
import type { Decoded } from "../../isa/decode.ts";
import type { Emit } from "../../isa/emit.ts";
import type { Form } from "../../isa/forms.ts";
import { perform } from "../../isa/perform.ts";
import { createEmit } from "../wasm/emit.ts";
import type { FlagStore } from "../wasm/flags.ts";
import { createGraph, type Node, type Region } from "../wasm/ir.ts";
import { speculation } from "../wasm/speculate.ts";
import { xmmInLocals } from "../wasm/xmm.ts";
import { nothingResident, regionPlacement, untouched } from "./place.ts";
import { RUNS, stringsInPlace } from "./strings.ts";

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
  /** behind it other pages may be accessible */
  changesView: boolean;
  /** whatever it does is in locals, and can be taken back */
  revocable: boolean;
  /** its arithmetic may be done before it is known to be right */
  speculates: boolean;
}

/** Helpers that know nothing of registers, flags or RIP: those may be in locals meanwhile. */
const CALLABLE: ReadonlySet<string> = new Set([
  ...Object.keys(FP_HELPERS), ...Object.keys(CRYPTO_HELPERS), "divideWide", "crc32", "getMxcsr", "compareStrings", "stringLength",
  // the way into a kernel and out of it
  "swapGs", "readTimeStamp", "timeStampAux", "random", "readControl", "checkFsGsBase", "readBase", "writeBase", "readSelector", "enableInterrupts", "accessControl", ...Object.values(RUNS),
]);

/** Instructions that write some flags and look at none. */
const KEEPING: ReadonlySet<string> = new Set(["inc", "dec", "rol", "ror", "bt", "bts", "btr", "btc", "stc", "clc"]);

const INTERPRETED: FormFacts = { compilable: false, readsFlags: true, keepsFlags: false, writesFlags: false, leaves: true, changesView: false, revocable: false, speculates: false };

/** Can what was recorded be taken back? Not so what was stored or called on a way that goes on, or set on one of two ways only. */
const isRevocable = (body: Region, outermost = true): boolean =>
  body.ended || body.nodes.every(({ kind, bodies }) => kind !== "store" && kind !== "call" && (kind !== "set" || outermost) && bodies.every((inner) => isRevocable(inner, false)));

/** @param speculative whether floating point may be done on trust */
export function createFacts(speculative: boolean): (form: Form, decoded: Decoded) => FormFacts {
  const known = new Map<number, FormFacts>(), graph = createGraph();
  let refused: boolean, leaves: boolean, changesView: boolean, readsFlags: boolean, writesFlags: boolean, branches: boolean, oneSided: boolean, speculates: boolean;
  const g = { ...graph, exit: (kind: string) => {
    if (kind === "again") refused = true;
    if (kind !== "miss" && kind !== "fault") branches = true;
    leaves = true;
    graph.exit(kind);
  } };
  const core = (name: string) => {
    changesView ||= name === "accessControl";
    if (!CALLABLE.has(name)) refused = true;
    return 0;
  };
  const surroundings = { g, state: graph.param(0, "i32"), core, leaveOnMiss: true };
  const reads = () => {
    readsFlags = true;
    return graph.get(1, "i64");
  };
  const flagStore: FlagStore = { result: reads, aux: reads, carry: reads, setResult: () => {
    writesFlags = true;
    oneSided ||= graph.scope().parent !== undefined;
  }, setAux: () => {} };
  const island = nothingResident();
  const placement = regionPlacement(surroundings, untouched(), () => island, () => {
    leaves = branches = true;
    graph.exit("jump");
  });
  const speculated = speculation(g, () => "bounds"), strings = stringsInPlace(surroundings, () => e);
  const e: Emit<Node> = createEmit(surroundings, placement.of, flagStore, xmmInLocals(surroundings, placement.vectors), (helper, args) => {
    const made = speculates ? speculated.float(helper, args) : undefined;
    tried ||= made !== undefined;
    return made ?? strings(helper, args);
  });
  let tried: boolean;

  const find = (form: Form, decoded: Decoded, speculating: boolean): FormFacts => {
    refused = leaves = changesView = readsFlags = writesFlags = branches = oneSided = tried = false;
    speculates = speculating;
    const { root } = graph.begin();
    graph.nextInstruction();
    placement.begin(form, decoded, 0, 0);
    try {
      perform(e, form);
    } catch (error) {
      // an access behind a change, or an operand that regions do not have
      if (!(error instanceof NvlError && error.code === "wasm/miss") && !(error instanceof RangeError)) throw error;
      return INTERPRETED;
    }
    if (refused) return INTERPRETED;
    leaves ||= root.nodes.some(({ kind }) => kind === "if" || kind === "call");
    speculated.drop();
    const revocable = !branches && !oneSided && isRevocable(root);
    if (tried && !revocable) return find(form, decoded, false);
    return { compilable: true, readsFlags, keepsFlags: readsFlags && KEEPING.has(form.mnemonic), writesFlags: writesFlags && !leaves, leaves, changesView, revocable, speculates: tried };
  };
  return (form, decoded) => {
    // a count of 0 is a shift without flags
    const key = form.id * 512 + (decoded.addressWidth === 64 ? 0 : 256) + (form.immediates[0] === 1 ? decoded.immLow & 0xff : 0);
    let facts = known.get(key);
    if (!facts) known.set(key, (facts = find(form, decoded, speculative)));
    return facts;
  };
}
