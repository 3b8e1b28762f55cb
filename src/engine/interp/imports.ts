// What the interpreter's module imports from core.

import { HELPERS } from "../../isa/helpers.ts";
import type { ModuleWriter } from "../wasm/module.ts";
import type { ValueType } from "../wasm/opcodes.ts";

const LETTERS: Record<string, ValueType> = { l: "i64", i: "i32" };

/** Functions of core that are no helpers of instructions: `arguments:result`. */
const CORE_FUNCTIONS = {
  load8: "l:l", load16: "l:l", load32: "l:l", load64: "l:l", store8: "ll:", store16: "ll:", store32: "ll:", store64: "ll:", loadVector: "li:", storeVector: "li:",
  flagAux: "ill:l", patienceEnds: "l:", beginLocked: "li:i", endLocked: "ili:", beginUpdate: "li:i", endUpdate: "li:", linearAddress: "ilii:l",
  findBlock: ":i", followBranch: "ii:i", pause: "i:i", deliverFault: "i:i", deliverFetchFault: ":i", checkCross: "i:i", refetch: "i:",
} as const;

/** Imports all that handlers may call, and answers by name. */
export function importCore(module: ModuleWriter): (name: string) => number {
  const indices = new Map<string, number>();
  for (const [name, text] of Object.entries({ ...HELPERS, ...CORE_FUNCTIONS })) {
    const [args, result] = text.replace(/[!?]/, "").split(":");
    const params = [...args].filter((letter) => letter !== "v").map((letter) => LETTERS[letter]);
    indices.set(name, module.importFunction("core", name, module.type(params, result in LETTERS ? [LETTERS[result]] : [])));
  }
  return (name) => indices.get(name)!;
}
