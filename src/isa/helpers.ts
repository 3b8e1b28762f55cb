// Every helper of engine/core that a meaning may call: its arguments and result. The interpreter, the JIT and the oracle declare and call
// helpers from this table, and a test compares it with core's exports.
//
// A signature is `arguments:result`. l is i64, i is i32, v is a vector: the k-th vector argument goes to scratch slot k, a vector result
// comes from scratch slot 3, so the function itself has neither. `!` at the end: it may set `fault`; the caller looks and abandons.
// `?` at the end: it only looks, and changes nothing.

import { CONTROL_HELPERS } from "./system/helpers.ts";
import { CRYPTO_HELPERS, SSE_HELPERS } from "./sse/helpers.ts";
import { FP_HELPERS } from "./float/helpers.ts";
import { INTEGER_HELPERS } from "./integer/helpers.ts";
import { X87_HELPERS } from "./x87/helpers.ts";

export const HELPERS = { ...INTEGER_HELPERS, ...CONTROL_HELPERS, ...SSE_HELPERS, ...CRYPTO_HELPERS, ...FP_HELPERS, ...X87_HELPERS } as const;
export type HelperName = keyof typeof HELPERS;

export interface HelperSignature { args: ("l" | "i" | "v")[]; result: "l" | "i" | "v" | ""; faults: boolean; pure: boolean }

/** Parses a signature such as `li:l!`. */
export function helperSignature(name: HelperName): HelperSignature {
  const match = /^([liv]*):([liv]?)([!?]?)$/.exec(HELPERS[name])!;
  return { args: [...match[1]] as ("l" | "i" | "v")[], result: match[2] as "l" | "i" | "v" | "", faults: match[3] === "!", pure: match[3] === "?" };
}
