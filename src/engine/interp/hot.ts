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

/** Pairs that share one arm: a comparison and the jump on it, and what compilers emit side by side. The first of a pair stands for both;
 * the second keeps its own operation and handler, for who comes to it alone. Patterns of form names. */
const EQUAL = /^j(e|ne) /, ORDER = /^j(b|ae|be|a|s|ns|l|ge|le|g) /, SIGN = /^j(s|ns|le|g) /;
const MOV64 = /^mov o64 reg64 reg64/, MOV32 = /^mov o32 reg32 reg32/, PUSH = /^push o64 reg64 \(50/, POP = /^pop o64 reg64 \(58/;
const PAIRS: readonly (readonly [RegExp, ReadonlySet<Variant>, RegExp])[] = [
  [/^(cmp|test) (o32 |o64 )?(reg|m|al|eax|rax)\d*(8|32|64)? (reg|m|imm|cl)/, new Set(["plain64", "base64"]), EQUAL],
  [/^cmp o(32|64) reg\d+ (reg|imm)/, new Set(["plain64"]), ORDER],
  [/^cmp (o32 |o64 )?(reg|m)\d+ (reg|m|imm8)/, new Set(["base64"]), /^j(b|ae|be|a) /],
  [/^cmp (al|reg8) imm8/, new Set(["plain64"]), /^j(be|a|b|ae) /],
  [/^test (o32 |o64 )?reg\d+ reg/, new Set(["plain64"]), SIGN],
  [/^(sub|and|dec|add|xor) o(32|64) reg\d+( reg| imm8|$| \()/, new Set(["plain64"]), EQUAL],
  [MOV64, new Set(["plain64"]), MOV64], [MOV64, new Set(["plain64"]), MOV32], [MOV32, new Set(["plain64"]), MOV64], [MOV64, new Set(["plain64"]), /^call o64 rel/],
  [PUSH, new Set(["plain64"]), PUSH], [PUSH, new Set(["plain64"]), MOV64], [MOV64, new Set(["plain64"]), PUSH], [POP, new Set(["plain64"]), POP], [POP, new Set(["plain64"]), /^(ret o64 \(C3|jmp o64 rel)/],
  [/^movzx o32 reg32 m8/, new Set(["base64"]), /^test reg8 reg8/],
];

export function isPair(first: Form, variant: Variant, second: Form): boolean {
  return PAIRS.some(([a, variants, b]) => variants.has(variant) && a.test(first.name) && b.test(second.name));
}

/** Whether it is worth having a second arm that writes no flags. */
export function hasTwin(form: Form, variant: Variant): boolean {
  return variant === "plain64" && form.width >= 32 && /^(add|sub|and|or|xor|shl|shr|sar|imul|inc|dec)$/.test(form.mnemonic);
}
