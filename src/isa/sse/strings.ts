// PCMPESTRI, PCMPESTRM, PCMPISTRI and PCMPISTRM: comparisons of all elements of two short strings, with explicit or implicit lengths.
// The comparison itself is a helper (engine/core/assembly/vector/strcompare.ts).
import type { Emit, Operands, Width } from "../emit.ts";
import { instruction, type Instruction } from "../instruction.ts";
import { bytes, choose, fromScalar, upTo } from "./packed.ts";

type Strings<V> = { found: V; control: V };

/** Compares, sets the flags, and returns the bit per element of the second operand. */
function compare<V>(e: Emit<V>, { dst, src, third }: Operands, lengths: "implicit" | Width): Strings<V> {
  const first = e.loadVector(128, dst), second = e.loadVector(128, src), control = e.load(8, third);
  const length = (string: V, register: number): V => {
    if (lengths === "implicit") return e.call("stringLength", string, control);
    const given = e.signExtend(lengths, e.reg(lengths, register)); // the helper limits its absolute value to the elements there are
    return e.select(e.ltS(64, given, e.int(0)), e.neg(64, given), given);
  };
  const result = e.call("compareStrings", first, second, length(first, 0), length(second, 2), control);
  const found = e.and(result, e.int(0xffff)), bit = (value: V, at: number) => e.shl(64, value, e.int(at));
  const ends = e.shr(64, result, e.int(16)); // ZF, SF: a string ends within its operand; ZF is bit 6 of RFLAGS, SF bit 7
  e.setFlagBits(e.or(e.or(e.ne(found, e.int(0)), bit(ends, 6)), bit(e.and(found, e.int(1)), 11)), 0x8d5n);
  return { found, control };
}

/** ECX gets the number of the first or last element found, or of elements when there is none. */
function index<V>(e: Emit<V>, { found, control }: Strings<V>): void {
  const elements = e.shr(64, e.int(16), e.and(control, e.int(1)));
  const last = e.sub(64, e.int(15), e.clz(16, found)), first = e.ctz(16, found);
  const chosen = e.select(e.and(e.shr(64, control, e.int(6)), e.int(1)), last, first);
  e.setReg(32, 1, e.select(e.isZero(found), elements, chosen));
}
/** XMM0 gets the bits themselves, or each spread over its element. */
function mask<V>(e: Emit<V>, { found, control }: Strings<V>): void {
  const both = e.simd("i16x8.splat", [found]);
  const bitOfByte = bytes(e, upTo(16).map((i) => 1 << (i & 7))), bitOfWord = e.vector(0x0008_0004_0002_0001n, 0x0080_0040_0020_0010n);
  const halves = e.simd("i8x16.shuffle", [both, both], upTo(16).map((i) => i >> 3));
  const spreadBytes = e.simd("i8x16.eq", [e.simd("v128.and", [halves, bitOfByte]), bitOfByte]);
  const spreadWords = e.simd("i16x8.eq", [e.simd("v128.and", [both, bitOfWord]), bitOfWord]);
  const spread = choose(e, e.and(control, e.int(1)), spreadWords, spreadBytes);
  e.setXmm(0, choose(e, e.and(e.shr(64, control, e.int(6)), e.int(1)), spread, fromScalar(e, found)));
}

const define = (mnemonic: string, title: string, opcode: string, lengths: "implicit" | Width, result: typeof index): Instruction =>
  instruction(mnemonic, `SDM 2B, ${title}`, [`66 ${lengths === 64 ? "REX.W " : ""}0F 3A ${opcode} /r ib  xmm xmm/m128 immu8  ; sse`],
    (e, operands) => result(e, compare(e, operands, lengths)));

export const STRINGS: readonly Instruction[] = [
  define("pcmpestrm", "PCMPESTRM—Packed Compare Explicit Length Strings, Return Mask", "60", 32, mask),
  define("pcmpestrm", "PCMPESTRM—Packed Compare Explicit Length Strings, Return Mask", "60", 64, mask),
  define("pcmpestri", "PCMPESTRI—Packed Compare Explicit Length Strings, Return Index", "61", 32, index),
  define("pcmpestri", "PCMPESTRI—Packed Compare Explicit Length Strings, Return Index", "61", 64, index),
  define("pcmpistrm", "PCMPISTRM—Packed Compare Implicit Length Strings, Return Mask", "62", "implicit", mask),
  define("pcmpistri", "PCMPISTRI—Packed Compare Implicit Length Strings, Return Index", "63", "implicit", index),
];
