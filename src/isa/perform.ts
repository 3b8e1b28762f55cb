// What engines call to get the whole of an instruction: the checks that its attributes ask for, then its meaning.

import type { Emit } from "./emit.ts";
import { operandsOf, type Form } from "./forms.ts";

/** Bits of `fpuTrap` (hal/layout.ts). */
const X87_NM = 1, SSE_UD = 2, SSE_NM = 4, MMX_UD = 8;

/** Emits a form: attribute checks in the order of the manual's exception priorities (#UD, #NM, #GP), then the meaning. */
export function perform<V>(e: Emit<V>, form: Form): void {
  const has = form.attributes;
  const trapped = (bits: number, vector: "#UD" | "#NM") => e.when(e.ne(e.and(e.fpuTrap(), e.int(bits)), e.int(0)), () => e.raise(vector));
  if (has.has("protected")) e.when(e.isZero(e.protectedMode()), () => e.raise("#UD"));
  const invalid = (has.has("sse") ? SSE_UD : 0) | (has.has("mmx") ? MMX_UD : 0);
  const unavailable = (has.has("sse") ? SSE_NM : 0) | (has.has("x87") || has.has("mmx") ? X87_NM : 0);
  if (invalid !== 0) trapped(invalid, "#UD");
  if (unavailable !== 0) trapped(unavailable, "#NM");
  if (has.has("cpl0")) e.when(e.ne(e.cpl(), e.int(0)), () => e.raise("#GP", e.int(0)));
  // CVTPI2PD from memory has the attribute but leaves the x87 unit alone
  const mmx = has.has("mmx"), usesMm = form.operands.some((operand) => operand.kind === "mm");
  if (mmx && (usesMm || form.operands.length === 0)) e.call("x87Pending");
  form.instruction.meaning(e, operandsOf(form));
  if (mmx && usesMm) e.call("mmxTouch");
}
