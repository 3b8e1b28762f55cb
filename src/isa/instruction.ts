// A row is one line of the manual's opcode table as text; an instruction is its rows and its meaning. Everything else about the
// instruction set (decoder, encoder, handlers, random tests, the support table) is derived from these.
//
// Row: `OPCODE  OPERANDS  ; ATTRIBUTES`
//   opcode    hex bytes, upper case; NP 66 F2 F3 as mandatory prefixes (NP: none of them); REX.W; +r (register in the low 3 bits);
//             /r, /0../7 (ModRM.reg); ib iw id iq (immediate), i* (16 or 32 bits by operand size), cb cw cd c* (relative), /is4 later
//             a ModRM byte with fixed value is written as its hex byte (0F 01 D0), with +r when its low 3 bits vary (D8 C0 +r)
//             o16 o32 o64 first: only at this operand size (o16 98 is CBW, o32 98 is CWDE); without an o64 row, o32 serves 64 too
//             of several rows that fit, the most specific wins: F3 90 before 90, REX.W B8 before B8, 0F 01 D0 before 0F 01 /2
//   operands  r8 r16 r32 r64 r*   ModRM.reg, or +r            r/m8 … r/m*   ModRM.rm, register or memory
//             rm32 rm64 rm*       ModRM.rm, register only     m m8 m16 m32 m64 m80 m128 m*   memory only (m: no size)
//             imm8 imm16 imm32 imm64 imm*   sign-extended to the operand size       immu8: zero-extended
//             rel8 rel16 rel32 rel*         moffs8 moffs*     1 (the constant)
//             immu16: zero-extended         r*/m16 r32/m8 …   register and memory of different widths
//             al ax eax rax *ax cl dx       Sreg CR DR        es cs ss ds fs gs (named by the opcode)
//             m16:16 m16:32 m16:64 m16:*    far pointer in memory; its operand has the width of the offset
//             ptr16:16 ptr16:32 ptr16:*     far pointer in the code: makes two operands, offset and then selector
//             xmm0 (named by the opcode)    xmm (reg) xmmr (rm, register only) xmm/m128 xmm/m64 xmm/m32 xmm/m16 xmm/m8     mm mmr mm/m64 mm/m32     st st(i)
//             `*` in a row stands for 16, 32 and 64 by operand size: it makes one form each
//   attributes, separated by blanks
//             *                one form per operand size though no operand shows it (IRET, MOVS); d64 and f64 imply it
//             no64, only64     not valid / only valid in 64-bit mode
//             d64, f64         operand size defaults to 64 in 64-bit mode / is always 64 there (66 is ignored)
//             lock             LOCK allowed when operand 1 is memory
//             locked           atomic with or without LOCK when operand 1 is memory (XCHG)
//             rep              REP prefixes mean something (F2/F3 are otherwise ignored unless mandatory)
//             cpl0             #GP(0) unless CPL is 0
//             protected        #UD in real mode
//             undef=OF,AF      flags that the manual leaves undefined; undef-dst: so is the destination
//             sse, x87, mmx    checks of CR0 and CR4 that the class needs come first; mmx also reports a pending x87 exception, and a form
//                              with an MM operand ends with TOP = 0 and all tags valid
//             x                no test on the host CPU (privileged, or it depends on the host)

import type { Emit, Operands } from "./emit.ts";

export type Meaning = <V>(e: Emit<V>, operands: Operands) => void;

export interface Instruction {
  readonly mnemonic: string;
  /** where the manual defines it: volume, section title */
  readonly source: string;
  readonly rows: readonly string[];
  readonly meaning: Meaning;
}

/** Defines an instruction: the only way. Rows whose operands differ only in registers and memory share one meaning. */
export function instruction(mnemonic: string, source: string, rows: readonly string[], meaning: Meaning): Instruction {
  return { mnemonic, source, rows, meaning };
}
