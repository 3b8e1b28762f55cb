// How x87 instructions begin.

import type { Emit, Operand } from "../emit.ts";

/** A waiting instruction on registers. */
export function begin<V>(e: Emit<V>): void {
  e.call("x87Begin", e.decoded("opcodeFop"), instructionPointer(e));
}

/** A waiting instruction with a memory operand. */
export function beginMemory<V>(e: Emit<V>, operand: Operand): void {
  e.call("x87BeginMemory", e.decoded("opcodeFop"), instructionPointer(e), e.effectiveAddress(operand));
}

function instructionPointer<V>(e: Emit<V>): V {
  return e.sub(64, e.nextRip(), e.decoded("length"));
}
