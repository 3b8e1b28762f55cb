// Moves of a part of a vector: scalars between register files, halves, and the duplicating moves of SSE3.
import { instruction, type Instruction, type Meaning } from "../instruction.ts";
import { fromScalar, loadPacked, packedUnary, quad, shuffle } from "./packed.ts";

/** General register or memory to vector register, zeros above. */
const scalarIn: Meaning = (e, { dst, src }) => e.storeVector(dst.width, dst, fromScalar(e, e.load(src.width === 64 ? 64 : 32, src)));
/** Low lane of a vector register to general register or memory. */
const scalarOut: Meaning = (e, { dst, src }) => {
  const width = dst.width === 64 ? 64 : 32;
  e.store(width, dst, e.zeroExtend(width, quad(e, e.loadVector(width, src), 0)));
};
/** MOVSS and MOVSD: zeros above when loaded from memory, the old upper part otherwise. */
const scalarFloat = (bits: 32 | 64): Meaning => (e, { dst, src }) =>
  e.storeVector(src.kind === "mem" ? 128 : bits, dst, e.loadVector(bits, src));

const lowHalf: Meaning = (e, { dst, src }) => e.storeVector(64, dst, e.loadVector(64, src));
/** The upper half is set, the lower kept. */
const highHalf: Meaning = (e, { dst, src }) => e.storeVector(128, dst, shuffle(e, e.loadVector(128, dst), e.loadVector(64, src), 8, [0, 2]));
/** The upper half is what moves, to a lower half or to memory. */
const fromHighHalf: Meaning = (e, { dst, src }) => {
  const value = e.loadVector(128, src);
  e.storeVector(64, dst, shuffle(e, value, value, 8, [1, 1]));
};

export const PARTIAL_MOVES: readonly Instruction[] = [
  instruction("movd", "SDM 2B, MOVD/MOVQ—Move Doubleword/Move Quadword", [
    "NP 0F 6E /r  mm r/m32  ; mmx",
    "66 0F 6E /r  xmm r/m32  ; sse",
  ], scalarIn),
  instruction("movq", "SDM 2B, MOVD/MOVQ—Move Doubleword/Move Quadword", [
    "NP REX.W 0F 6E /r  mm r/m64  ; mmx",
    "66 REX.W 0F 6E /r  xmm r/m64  ; sse",
  ], scalarIn),
  instruction("movd", "SDM 2B, MOVD/MOVQ—Move Doubleword/Move Quadword", [
    "NP 0F 7E /r  r/m32 mm  ; mmx",
    "66 0F 7E /r  r/m32 xmm  ; sse",
  ], scalarOut),
  instruction("movq", "SDM 2B, MOVD/MOVQ—Move Doubleword/Move Quadword", [
    "NP REX.W 0F 7E /r  r/m64 mm  ; mmx",
    "66 REX.W 0F 7E /r  r/m64 xmm  ; sse",
  ], scalarOut),

  instruction("movss", "SDM 2B, MOVSS—Move or Merge Scalar Single Precision Floating-Point Value", [
    "F3 0F 10 /r  xmm xmm/m32  ; sse",
    "F3 0F 11 /r  xmm/m32 xmm  ; sse",
  ], scalarFloat(32)),
  instruction("movsd", "SDM 2B, MOVSD—Move or Merge Scalar Double Precision Floating-Point Value", [
    "F2 0F 10 /r  xmm xmm/m64  ; sse",
    "F2 0F 11 /r  xmm/m64 xmm  ; sse",
  ], scalarFloat(64)),

  instruction("movlps", "SDM 2B, MOVLPS—Move Low Packed Single Precision Floating-Point Values", [
    "NP 0F 12 /r  xmm m64  ; sse",
    "NP 0F 13 /r  m64 xmm  ; sse",
  ], lowHalf),
  instruction("movlpd", "SDM 2B, MOVLPD—Move Low Packed Double Precision Floating-Point Value", [
    "66 0F 12 /r  xmm m64  ; sse",
    "66 0F 13 /r  m64 xmm  ; sse",
  ], lowHalf),
  instruction("movhps", "SDM 2B, MOVHPS—Move High Packed Single Precision Floating-Point Values", ["NP 0F 16 /r  xmm m64  ; sse"], highHalf),
  instruction("movhps", "SDM 2B, MOVHPS—Move High Packed Single Precision Floating-Point Values", ["NP 0F 17 /r  m64 xmm  ; sse"], fromHighHalf),
  instruction("movhpd", "SDM 2B, MOVHPD—Move High Packed Double Precision Floating-Point Value", ["66 0F 16 /r  xmm m64  ; sse"], highHalf),
  instruction("movhpd", "SDM 2B, MOVHPD—Move High Packed Double Precision Floating-Point Value", ["66 0F 17 /r  m64 xmm  ; sse"], fromHighHalf),
  instruction("movlhps", "SDM 2B, MOVLHPS—Move Packed Single Precision Floating-Point Values Low to High", ["NP 0F 16 /r  xmm xmmr  ; sse"], highHalf),
  instruction("movhlps", "SDM 2B, MOVHLPS—Move Packed Single Precision Floating-Point Values High to Low", ["NP 0F 12 /r  xmm xmmr  ; sse"], fromHighHalf),

  instruction("movddup", "SDM 2B, MOVDDUP—Replicate Double Precision Floating-Point Values", ["F2 0F 12 /r  xmm xmm/m64  ; sse"], (e, { dst, src }) => {
    const value = loadPacked(e, src);
    e.storeVector(128, dst, shuffle(e, value, value, 8, [0, 0]));
  }),
  packedUnary("movsldup", "SDM 2B, MOVSLDUP—Replicate Single Precision Floating-Point Values", ["F3 0F 12 /r  xmm xmm/m128  ; sse"],
    (e, a) => shuffle(e, a, a, 4, [0, 0, 2, 2])),
  packedUnary("movshdup", "SDM 2B, MOVSHDUP—Replicate Single Precision Floating-Point Values", ["F3 0F 16 /r  xmm xmm/m128  ; sse"],
    (e, a) => shuffle(e, a, a, 4, [1, 1, 3, 3])),
];
