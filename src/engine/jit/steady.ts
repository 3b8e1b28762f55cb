// Which registers move through memory step by step, as far as a region's instructions tell: what lies there is probably in the page of the
// access before. A wrong guess costs time, nothing else.

import { FIRST_HIGH_BYTE, NO_REGISTER, registerOf } from "../../isa/decode.ts";
import type { Instruction } from "./block.ts";

/** They write no register, or none that addresses are made of. */
const READERS = new Set(["cmp", "test", "push", "bt", "jmp", "call", "ret", "nop", "endbr64"]);
/** Besides their first operand these write RAX or RDX. */
const WIDE = new Set(["mul", "div", "idiv", "cwd", "cdq", "cqo", "cbw", "cwde", "cdqe", "cmpxchg", "cmpxchg8b", "cmpxchg16b", "rdtsc", "rdtscp", "cpuid"]);
/** What they do to an address keeps its steps steady, if their second operand is. */
const MOVERS = new Set(["mov", "add", "sub", "shl"]);
const RAX = 0, RDX = 2, RSP = 4, RBP = 5, ALL = 0xffff;

/** @returns bits of registers that are made of constants, of what the stack holds, and of each other */
export function steadyRegisters(lists: readonly (readonly Instruction[])[]): number {
  let steady = ALL;
  const sources: [to: number, from: number][] = [];
  for (const list of lists) for (const { form, decoded } of list) {
    if (!form || !decoded || READERS.has(form.mnemonic)) continue;
    const { mnemonic, operands: [first, second] } = form;
    if (WIDE.has(mnemonic) || (mnemonic === "imul" && form.operands.length === 1)) steady &= ~(1 << RAX | 1 << RDX);
    if (first?.kind !== "reg") continue;
    const to = registerOf(first, decoded) % FIRST_HIGH_BYTE, other = second?.kind === "reg" ? registerOf(second, decoded) % FIRST_HIGH_BYTE : NO_REGISTER;
    const byConstant = mnemonic === "inc" || mnemonic === "dec" || (MOVERS.has(mnemonic) && second?.kind === "imm") || (mnemonic === "xor" && other === to);
    const reloads = mnemonic === "mov" && second.kind === "mem" && (decoded.base === RSP || decoded.base === RBP) && decoded.index === NO_REGISTER;
    if (byConstant || reloads) continue;
    if (mnemonic === "lea") for (const from of [decoded.base, decoded.index]) sources.push([to, from]);
    else if ((MOVERS.has(mnemonic) || mnemonic === "imul" || mnemonic === "movsxd") && other !== NO_REGISTER) sources.push([to, other]);
    else steady &= ~(1 << to);
    if (mnemonic === "xchg" && other !== NO_REGISTER) steady &= ~(1 << other);
  }
  for (let before = -1; before !== steady;) {
    before = steady;
    for (const [to, from] of sources) if (from < FIRST_HIGH_BYTE && !(steady & (1 << from))) steady &= ~(1 << to);
  }
  return steady;
}
