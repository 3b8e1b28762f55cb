// Which handlers are arms of the big loop (docs/adr/0003-dispatch.md): 64-bit code's most frequent forms. The rest costs an indirect call.

import type { Form } from "../../isa/forms.ts";
import type { Variant } from "./operation.ts";

const ALWAYS = new Set(["mov", "add", "sub", "cmp", "test", "and", "or", "xor", "lea", "push", "pop", "call", "jmp", "ret", "movzx", "movsx", "movsxd", "inc", "dec",
  "nop", "shl", "shr", "sar", "neg", "not", "adc", "sbb", "imul", "xchg", "leave", "cdqe", "bt", "endbr64"]);
const CONDITIONAL = /^(j|set|cmov)(o|no|b|ae|e|ne|be|a|s|ns|p|np|l|ge|le|g)$/;
const SELDOM = /^(jo|jno|jp|jnp|seto|setno|setp|setnp|cmovo|cmovno|cmovp|cmovnp)$/;
const VARIANTS: ReadonlySet<Variant> = new Set(["plain64", "base64", "full64"]);

export function isHot(form: Form, variant: Variant): boolean {
  if (!VARIANTS.has(variant)) return false;
  if (form.operands.some((operand) => operand.kind !== "reg" && operand.kind !== "mem" && operand.kind !== "imm" && operand.kind !== "rel")) return false;
  if (form.operands.some((operand) => operand.from === "moffs")) return false;
  if (form.mnemonic === "pop" && form.operands[0].kind === "mem") return false; // RSP moves before the store
  if (form.width === 16 && form.mnemonic !== "mov" && form.mnemonic !== "cmp" && form.mnemonic !== "nop") return false;
  if (CONDITIONAL.test(form.mnemonic)) return !SELDOM.test(form.mnemonic) && !(variant === "full64");
  return ALWAYS.has(form.mnemonic);
}
