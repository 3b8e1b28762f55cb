// Moves of whole vectors: aligned, unaligned and non-temporal (which differ from the others only in what they ask of caches).
import type { AnyWidth } from "../emit.ts";
import { instruction, type Instruction, type Meaning } from "../instruction.ts";

const aligned: Meaning = (e, { dst, src }) => e.storeVector(128, dst, e.loadVector(128, src, "aligned"), "aligned");
const unaligned: Meaning = (e, { dst, src }) => e.storeVector(128, dst, e.loadVector(128, src));
/** A 64-bit move; an XMM destination gets zeros above. */
const quadword: Meaning = (e, { dst, src }) => {
  const bits: AnyWidth = dst.kind === "xmm" ? 128 : 64;
  e.storeVector(bits, dst, e.loadVector(64, src));
};

const bothWays = (load: string, store: string) => [`${load} /r  xmm xmm/m128  ; sse`, `${store} /r  xmm/m128 xmm  ; sse`];

export const MOVES: readonly Instruction[] = [
  instruction("movaps", "SDM 2B, MOVAPS—Move Aligned Packed Single Precision Floating-Point Values", bothWays("NP 0F 28", "NP 0F 29"), aligned),
  instruction("movapd", "SDM 2B, MOVAPD—Move Aligned Packed Double Precision Floating-Point Values", bothWays("66 0F 28", "66 0F 29"), aligned),
  instruction("movdqa", "SDM 2B, MOVDQA—Move Aligned Packed Integer Values", bothWays("66 0F 6F", "66 0F 7F"), aligned),
  instruction("movups", "SDM 2B, MOVUPS—Move Unaligned Packed Single Precision Floating-Point Values", bothWays("NP 0F 10", "NP 0F 11"), unaligned),
  instruction("movupd", "SDM 2B, MOVUPD—Move Unaligned Packed Double Precision Floating-Point Values", bothWays("66 0F 10", "66 0F 11"), unaligned),
  instruction("movdqu", "SDM 2B, MOVDQU—Move Unaligned Packed Integer Values", bothWays("F3 0F 6F", "F3 0F 7F"), unaligned),
  instruction("lddqu", "SDM 2A, LDDQU—Load Unaligned Integer 128 Bits", ["F2 0F F0 /r  xmm m128  ; sse"], unaligned),

  instruction("movq", "SDM 2B, MOVQ—Move Quadword", [
    "NP 0F 6F /r  mm mm/m64  ; mmx",
    "NP 0F 7F /r  mm/m64 mm  ; mmx",
    "F3 0F 7E /r  xmm xmm/m64  ; sse",
    "66 0F D6 /r  xmm/m64 xmm  ; sse",
  ], quadword),
  instruction("movq2dq", "SDM 2B, MOVQ2DQ—Move Quadword from MMX Technology to XMM Register", ["F3 0F D6 /r  xmm mmr  ; sse mmx"], quadword),
  instruction("movdq2q", "SDM 2B, MOVDQ2Q—Move Quadword from XMM to MMX Technology Register", ["F2 0F D6 /r  mm xmmr  ; sse mmx"], quadword),

  instruction("movntps", "SDM 2B, MOVNTPS—Store Packed Single Precision Floating-Point Values Using Non-Temporal Hint", ["NP 0F 2B /r  m128 xmm  ; sse"], aligned),
  instruction("movntpd", "SDM 2B, MOVNTPD—Store Packed Double Precision Floating-Point Values Using Non-Temporal Hint", ["66 0F 2B /r  m128 xmm  ; sse"], aligned),
  instruction("movntdq", "SDM 2B, MOVNTDQ—Store Packed Integers Using Non-Temporal Hint", ["66 0F E7 /r  m128 xmm  ; sse"], aligned),
  instruction("movntdqa", "SDM 2B, MOVNTDQA—Load Double Quadword Non-Temporal Aligned Hint", ["66 0F 38 2A /r  xmm m128  ; sse"], aligned),
  instruction("movntq", "SDM 2B, MOVNTQ—Store of Quadword Using Non-Temporal Hint", ["NP 0F E7 /r  m64 mm  ; mmx"], quadword),
];
