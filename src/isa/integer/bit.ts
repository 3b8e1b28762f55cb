// Single bits, and searches for them.

import type { Emit, Operands, Width } from "../emit.ts";
import { instruction, type Instruction } from "../instruction.ts";
import { addressMask } from "./address.ts";

type Change = <V>(e: Emit<V>, width: Width, old: V, mask: V) => V;

/** A bit offset in a register is signed and not limited to the operand: it reaches any byte around the memory operand's address.
 * @returns linear address of the operand-sized piece that holds the bit */
function pieceOf<V>(e: Emit<V>, { width, dst }: Operands, offset: V, access: "read" | "write"): V {
  const pieces = e.sar(64, e.signExtend(width, offset), e.int(Math.log2(width)));
  const address = e.add(64, e.effectiveAddress(dst), e.shl(64, pieces, e.int(Math.log2(width / 8))));
  return e.linear(e.decoded("segment"), e.and(address, addressMask(e)), width / 8, access);
}

/** BT, and BTS, BTR, BTC, which change the bit too. */
const bitTest = (mnemonic: string, rows: readonly string[], change?: Change) => instruction(mnemonic, `SDM 2A, ${mnemonic.toUpperCase()}`, rows,
  <V>(e: Emit<V>, operands: Operands) => {
    const { width, dst, src } = operands;
    const offset = e.load(width, src), at = e.and(offset, e.int(width - 1));
    const compute = (old: V) => change!(e, width, old, e.shl(width, e.int(1), at));
    const far = dst.kind === "mem" && src.kind === "reg";
    const old = change === undefined
      ? (far ? e.loadLinear(width, pieceOf(e, operands, offset, "read")) : e.load(width, dst))
      : (far ? e.updateLinear(width, pieceOf(e, operands, offset, "write"), compute) : e.update(width, dst, compute));
    e.setFlag("cf", e.and(e.shr(width, old, at), e.int(1)));
  });

const undefined_ = "undef=OF,SF,AF,PF";
const bt = bitTest("bt", [`0F A3 /r     r/m*  r*     ; ${undefined_}`, `0F BA /4 ib  r/m*  immu8  ; ${undefined_}`]);
const bts = bitTest("bts", [`0F AB /r     r/m*  r*     ; lock ${undefined_}`, `0F BA /5 ib  r/m*  immu8  ; lock ${undefined_}`],
  (e, _width, old, mask) => e.or(old, mask));
const btr = bitTest("btr", [`0F B3 /r     r/m*  r*     ; lock ${undefined_}`, `0F BA /6 ib  r/m*  immu8  ; lock ${undefined_}`],
  (e, width, old, mask) => e.and(old, e.not(width, mask)));
const btc = bitTest("btc", [`0F BB /r     r/m*  r*     ; lock ${undefined_}`, `0F BA /7 ib  r/m*  immu8  ; lock ${undefined_}`],
  (e, _width, old, mask) => e.xor(old, mask));

/** Without a bit the destination stays as it is, all 64 bits of it: what processors do, though Intel's manual calls it undefined. */
const scan = (mnemonic: string, opcode: string, find: <V>(e: Emit<V>, width: Width, a: V) => V) =>
  instruction(mnemonic, `SDM 2A, ${mnemonic.toUpperCase()}`, [
    `0F ${opcode} /r  r*  r/m*  ; undef=CF,OF,SF,AF,PF`,
  ], (e, { width, dst, src }) => {
    const a = e.load(width, src);
    e.when(e.ne(a, e.int(0)), () => e.store(width, dst, find(e, width, a)));
    e.setFlags("logic", width, a, a, a);
  });

const bsf = scan("bsf", "BC", (e, width, a) => e.ctz(width, a));
const bsr = scan("bsr", "BD", (e, width, a) => e.sub(width, e.int(width - 1), e.clz(width, a)));

const popcnt = instruction("popcnt", "SDM 2B, POPCNT", [
  "F3 0F B8 /r  r*  r/m*",
], (e, { width, dst, src }) => {
  const a = e.load(width, src);
  e.store(width, dst, e.popcnt(a));
  e.setFlagBits(e.shl(64, e.isZero(a), e.int(6)), 0x8d5n);
});

const crc32 = instruction("crc32", "SDM 2A, CRC32", [
  "F2 0F 38 F0 /r        r32  r/m8",
  "F2 REX.W 0F 38 F0 /r  r64  r/m8",
  "o16 F2 0F 38 F1 /r    r32  r/m16",
  "o32 F2 0F 38 F1 /r    r32  r/m32",
  "o64 F2 0F 38 F1 /r    r64  r/m64",
], (e, { dst, src }) => {
  const value = e.load(src.width as Width, src);
  e.store(dst.width as Width, dst, e.call("crc32", e.load(32, dst), value, e.int(src.width / 8)));
});

export const BIT: readonly Instruction[] = [bt, bts, btr, btc, bsf, bsr, popcnt, crc32];
