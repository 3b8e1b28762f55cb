// Decimal adjustments, of 16- and 32-bit code only.

import type { Emit } from "../emit.ts";
import { instruction, type Instruction } from "../instruction.ts";

/** 1 when the low digit of AL is not decimal, or AF says that it was not. */
function lowDigitOverflows<V>(e: Emit<V>, al: V): V {
  return e.or(e.ltU(e.int(9), e.and(al, e.int(15))), e.flag("af"));
}

const daa = instruction("daa", "SDM 2A, DAA", ["27  ; no64 undef=OF"], (e) => {
  const al = e.reg(8, 0);
  const low = lowDigitOverflows(e, al), high = e.or(e.ltU(e.int(0x99), al), e.flag("cf"));
  const result = e.add(8, al, e.or(e.select(low, e.int(6), e.int(0)), e.select(high, e.int(0x60), e.int(0))));
  e.setReg(8, 0, result);
  e.setFlags("shift", 8, high, e.int(0), result);
  e.setFlag("af", low);
});

const das = instruction("das", "SDM 2A, DAS", ["2F  ; no64 undef=OF"], (e) => {
  const al = e.reg(8, 0);
  const low = lowDigitOverflows(e, al), high = e.or(e.ltU(e.int(0x99), al), e.flag("cf"));
  const result = e.sub(8, al, e.or(e.select(low, e.int(6), e.int(0)), e.select(high, e.int(0x60), e.int(0))));
  e.setReg(8, 0, result);
  // unlike DAA, the borrow of the low digit stays in CF
  e.setFlags("shift", 8, e.or(high, e.and(low, e.ltU(al, e.int(6)))), e.int(0), result);
  e.setFlag("af", low);
});

/** AAA and AAS: `change` is what a digit that overflows does to AX. */
const asciiAdjust = (mnemonic: string, opcode: string, change: <V>(e: Emit<V>, ax: V) => V) =>
  instruction(mnemonic, `SDM 2A, ${mnemonic.toUpperCase()}`, [`${opcode}  ; no64 undef=OF,SF,ZF,PF`], (e) => {
    const ax = e.reg(16, 0);
    const overflows = lowDigitOverflows(e, ax);
    const result = e.and(e.select(overflows, change(e, ax), ax), e.int(0xff0f));
    e.setReg(16, 0, result);
    e.setFlags("shift", 8, overflows, e.int(0), e.and(result, e.int(15)));
    e.setFlag("af", overflows);
  });

const aaa = asciiAdjust("aaa", "37", (e, ax) => e.add(16, ax, e.int(0x106)));
const aas = asciiAdjust("aas", "3F", (e, ax) => e.sub(16, ax, e.int(0x106)));

const aam = instruction("aam", "SDM 2A, AAM", ["D4 ib  immu8  ; no64 undef=OF,AF,CF"], (e, { dst }) => {
  const base = e.load(8, dst), al = e.reg(8, 0);
  e.when(e.isZero(base), () => e.raise("#DE"));
  const low = e.remU(al, base);
  e.setReg(16, 0, e.or(low, e.shl(16, e.divU(al, base), e.int(8))));
  e.setFlags("logic", 8, low, low, low);
});

const aad = instruction("aad", "SDM 2A, AAD", ["D5 ib  immu8  ; no64 undef=OF,AF,CF"], (e, { dst }) => {
  const result = e.add(8, e.reg(8, 0), e.mul(8, e.highByte(0), e.load(8, dst)));
  e.setReg(16, 0, result);
  e.setFlags("logic", 8, result, result, result);
});

/** AL becomes 0xff or 0 by CF. Hardly documented, but every processor has it. */
const salc = instruction("salc", "SDM 2D, One-byte Opcode Map", ["D6  ; no64"], (e) => e.setReg(8, 0, e.neg(8, e.flag("cf"))));

export const DECIMAL: readonly Instruction[] = [daa, das, aaa, aas, aam, aad, salc];
