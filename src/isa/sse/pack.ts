// Narrowing, interleaving and widening of lanes.
import type { Emit } from "../emit.ts";
import type { Instruction } from "../instruction.ts";
import type { SimdOp } from "../simd.ts";
import { mmxRows, operandsInRow, packed, packedUnary, shuffle, upTo, xmmRows, type Compute } from "./packed.ts";

const narrow = (op: SimdOp): Compute => (e, a, b, bits) => e.simd(op, operandsInRow(e, a, b, bits));

/** Alternates the lanes of the low or high halves of both operands. */
const interleave = (half: "low" | "high", laneBytes: number): Compute => (e, a, b, bits) => {
  const perOperand = 16 / laneBytes, results = bits / 8 / laneBytes, first = half === "high" ? results / 2 : 0;
  return shuffle(e, a, b, laneBytes, upTo(results).map((i) => first + (i >> 1) + (i & 1) * perOperand));
};
/** The MMX forms of the low half read only 32 bits of memory, the XMM forms all 128. */
const lowHalfRows = (opcode: string) => [`NP ${opcode} /r  mm mm/m32  ; mmx`, ...xmmRows(opcode)];

const UNPACK_LOW = "SDM 2B, PUNPCKLBW/PUNPCKLWD/PUNPCKLDQ/PUNPCKLQDQ—Unpack Low Data";
const UNPACK_HIGH = "SDM 2B, PUNPCKHBW/PUNPCKHWD/PUNPCKHDQ/PUNPCKHQDQ—Unpack High Data";
const PACK_SIGNED = "SDM 2B, PACKSSWB/PACKSSDW—Pack With Signed Saturation";

/** PMOVSX and PMOVZX: suffix, last opcode byte with sign (+10 without), bits of the source, steps of widening. */
const WIDEN = [
  ["bw", 0x20, 64, ["i16x8.extend_low_i8x16"]],
  ["bd", 0x21, 32, ["i16x8.extend_low_i8x16", "i32x4.extend_low_i16x8"]],
  ["bq", 0x22, 16, ["i16x8.extend_low_i8x16", "i32x4.extend_low_i16x8", "i64x2.extend_low_i32x4"]],
  ["wd", 0x23, 64, ["i32x4.extend_low_i16x8"]],
  ["wq", 0x24, 32, ["i32x4.extend_low_i16x8", "i64x2.extend_low_i32x4"]],
  ["dq", 0x25, 64, ["i64x2.extend_low_i32x4"]],
] as const;
function widening(sign: "s" | "z"): Instruction[] {
  const source = sign === "s" ? "SDM 2B, PMOVSX—Packed Move With Sign Extend" : "SDM 2B, PMOVZX—Packed Move With Zero Extend";
  return WIDEN.map(([suffix, opcode, bits, steps]) =>
    packedUnary(`pmov${sign}x${suffix}`, source, [`66 0F 38 ${(opcode + (sign === "s" ? 0 : 0x10)).toString(16)} /r  xmm xmm/m${bits}  ; sse`],
      <V>(e: Emit<V>, a: V) => steps.reduce((value, step) => e.simd(`${step}_${sign === "s" ? "s" : "u"}`, [value]), a)));
}

export const PACKS: readonly Instruction[] = [
  packed("packsswb", PACK_SIGNED, mmxRows("0F 63"), narrow("i8x16.narrow_i16x8_s")),
  packed("packssdw", PACK_SIGNED, mmxRows("0F 6B"), narrow("i16x8.narrow_i32x4_s")),
  packed("packuswb", "SDM 2B, PACKUSWB—Pack With Unsigned Saturation", mmxRows("0F 67"), narrow("i8x16.narrow_i16x8_u")),
  packed("packusdw", "SDM 2B, PACKUSDW—Pack With Unsigned Saturation", xmmRows("0F 38 2B"), narrow("i16x8.narrow_i32x4_u")),

  packed("punpcklbw", UNPACK_LOW, lowHalfRows("0F 60"), interleave("low", 1)),
  packed("punpcklwd", UNPACK_LOW, lowHalfRows("0F 61"), interleave("low", 2)),
  packed("punpckldq", UNPACK_LOW, lowHalfRows("0F 62"), interleave("low", 4)),
  packed("punpcklqdq", UNPACK_LOW, xmmRows("0F 6C"), interleave("low", 8)),
  packed("punpckhbw", UNPACK_HIGH, mmxRows("0F 68"), interleave("high", 1)),
  packed("punpckhwd", UNPACK_HIGH, mmxRows("0F 69"), interleave("high", 2)),
  packed("punpckhdq", UNPACK_HIGH, mmxRows("0F 6A"), interleave("high", 4)),
  packed("punpckhqdq", UNPACK_HIGH, xmmRows("0F 6D"), interleave("high", 8)),
  packed("unpcklps", "SDM 2B, UNPCKLPS—Unpack and Interleave Low Packed Single Precision Floating-Point Values", ["NP 0F 14 /r  xmm xmm/m128  ; sse"], interleave("low", 4)),
  packed("unpckhps", "SDM 2B, UNPCKHPS—Unpack and Interleave High Packed Single Precision Floating-Point Values", ["NP 0F 15 /r  xmm xmm/m128  ; sse"], interleave("high", 4)),
  packed("unpcklpd", "SDM 2B, UNPCKLPD—Unpack and Interleave Low Packed Double Precision Floating-Point Values", xmmRows("0F 14"), interleave("low", 8)),
  packed("unpckhpd", "SDM 2B, UNPCKHPD—Unpack and Interleave High Packed Double Precision Floating-Point Values", xmmRows("0F 15"), interleave("high", 8)),

  ...widening("s"),
  ...widening("z"),
];
