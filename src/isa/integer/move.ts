// Data movement between registers, memory and immediates.

import { CONDITIONS, type Width } from "../emit.ts";
import { instruction, type Instruction } from "../instruction.ts";
import { hex } from "./rows.ts";

const mov = instruction("mov", "SDM 2B, MOV", [
  "88 /r     r/m8     r8",
  "89 /r     r/m*     r*",
  "8A /r     r8       r/m8",
  "8B /r     r*       r/m*",
  "A0        al       moffs8",
  "A1        *ax      moffs*",
  "A2        moffs8   al",
  "A3        moffs*   *ax",
  "B0 +r ib  r8       imm8",
  "o16 B8 +r iw  r16  imm16",
  "o32 B8 +r id  r32  imm32",
  "o64 B8 +r iq  r64  imm64",
  "C6 /0 ib  r/m8     imm8",
  "C7 /0 i*  r/m*     imm*",
], (e, { width, dst, src }) => e.store(width, dst, e.load(width, src)));

const movzx = instruction("movzx", "SDM 2B, MOVZX", [
  "0F B6 /r  r*  r/m8",
  "0F B7 /r  r*  r/m16",
], (e, { width, dst, src }) => e.store(width, dst, e.load(src.width as Width, src)));

const movsx = instruction("movsx", "SDM 2B, MOVSX/MOVSXD", [
  "0F BE /r  r*  r/m8",
  "0F BF /r  r*  r/m16",
], (e, { width, dst, src }) => e.store(width, dst, e.zeroExtend(width, e.signExtend(src.width as Width, e.load(src.width as Width, src)))));

const movsxd = instruction("movsxd", "SDM 2B, MOVSX/MOVSXD", [
  "o16 63 /r  r16  r/m16  ; only64 x", // AMD reads 32 bits here
  "o32 63 /r  r32  r/m32  ; only64",
  "o64 63 /r  r64  r/m32  ; only64",
], (e, { width, dst, src }) => e.store(width, dst, e.zeroExtend(width, e.signExtend(src.width as Width, e.load(src.width as Width, src)))));

const movbe = instruction("movbe", "SDM 2B, MOVBE", [
  "NP 0F 38 F0 /r  r*  m*",
  "NP 0F 38 F1 /r  m*  r*",
], (e, { width, dst, src }) => e.store(width, dst, e.byteSwap(width as 16 | 32 | 64, e.load(width, src))));

const bswap = instruction("bswap", "SDM 2A, BSWAP", [
  "o16 0F C8 +r  r16  ; undef-dst",
  "o32 0F C8 +r  r32",
  "o64 0F C8 +r  r64",
], (e, { width, dst }) => {
  // undefined for 16 bits: processors write zero
  e.store(width, dst, width === 16 ? e.int(0) : e.byteSwap(width as 32 | 64, e.load(width, dst)));
});

const lea = instruction("lea", "SDM 2A, LEA", [
  "8D /r     r*  m",
], (e, { width, dst, src }) => e.store(width, dst, e.zeroExtend(width, e.effectiveAddress(src))));

/** CBW, CWDE and CDQE: the accumulator from its lower half. */
const widenings = ([["cbw", 16, 8], ["cwde", 32, 16], ["cdqe", 64, 32]] as const).map(([mnemonic, width, from]) =>
  instruction(mnemonic, "SDM 2A, CBW/CWDE/CDQE", [`o${width} 98`],
    (e) => e.setReg(width, 0, e.zeroExtend(width, e.signExtend(from, e.reg(from, 0))))));

/** CWD, CDQ and CQO: the sign of the accumulator into all of (E)DX or RDX. */
const signs = ([["cwd", 16], ["cdq", 32], ["cqo", 64]] as const).map(([mnemonic, width]) =>
  instruction(mnemonic, "SDM 2A, CWD/CDQ/CQO", [`o${width} 99`],
    (e) => e.setReg(width, 2, e.sar(width, e.reg(width, 0), e.int(width - 1)))));

/** The source is read, and 32-bit destinations lose their upper half, whether the condition holds or not. */
const cmov = CONDITIONS.map((condition, number) => instruction(`cmov${condition}`, "SDM 2A, CMOVcc", [
  `0F ${hex(0x40 + number)} /r  r*  r/m*`,
], (e, { width, dst, src }) => {
  const b = e.load(width, src);
  e.store(width, dst, e.select(e.condition(condition), b, e.load(width, dst)));
}));

const set = CONDITIONS.map((condition, number) => instruction(`set${condition}`, "SDM 2B, SETcc", [
  `0F ${hex(0x90 + number)} /r  r/m8`,
], (e, { dst }) => e.store(8, dst, e.condition(condition))));

const movnti = instruction("movnti", "SDM 2B, MOVNTI", [
  "NP 0F C3 /r        m32  r32",
  "NP REX.W 0F C3 /r  m64  r64",
], (e, { width, dst, src }) => e.store(width, dst, e.load(width, src)));

export const MOVE: readonly Instruction[] = [mov, movzx, movsx, movsxd, movbe, bswap, lea, ...widenings, ...signs, ...cmov, ...set, movnti];
