// The signs of lanes as bits of a general register, and stores under a mask of signs.
import { instruction, type Instruction, type Meaning } from "../instruction.ts";
import type { SimdOp } from "../simd.ts";

const signs = (op: SimdOp): Meaning => (e, { dst, src }) => {
  e.store(32, dst, e.simd(op, [e.loadVector(src.width, src)]));
};

/** MASKMOVQ and MASKMOVDQU: bytes of the first operand whose byte in the second has its top bit set go to [rDI], in DS unless a prefix says otherwise. */
const maskedStore: Meaning = (e, { dst, src }) => {
  const bytes = dst.width / 8, addressMask = e.shr(64, e.int(0xffff_ffff_ffff_ffffn), e.sub(64, e.int(64), e.decoded("addressWidth")));
  const linear = e.linear(e.decoded("segment"), e.and(e.reg(64, 7), addressMask), bytes, "write");
  if (dst.kind === "mm") e.call("mmxTouch"); // even when the store faults, unlike all others (AMD Zen 5)
  e.call("storeMasked", linear, e.int(bytes), e.loadVector(dst.width, dst), e.loadVector(src.width, src));
};

export const MASKS: readonly Instruction[] = [
  instruction("pmovmskb", "SDM 2B, PMOVMSKB—Move Byte Mask", ["NP 0F D7 /r  r32 mmr  ; mmx", "66 0F D7 /r  r32 xmmr  ; sse"], signs("i8x16.bitmask")),
  instruction("movmskps", "SDM 2B, MOVMSKPS—Extract Packed Single Precision Floating-Point Sign Mask", ["NP 0F 50 /r  r32 xmmr  ; sse"], signs("i32x4.bitmask")),
  instruction("movmskpd", "SDM 2B, MOVMSKPD—Extract Packed Double Precision Floating-Point Sign Mask", ["66 0F 50 /r  r32 xmmr  ; sse"], signs("i64x2.bitmask")),
  instruction("maskmovq", "SDM 2B, MASKMOVQ—Store Selected Bytes of Quadword", ["NP 0F F7 /r  mm mmr  ; mmx"], maskedStore),
  instruction("maskmovdqu", "SDM 2B, MASKMOVDQU—Store Selected Bytes of Double Quadword", ["66 0F F7 /r  xmm xmmr  ; sse"], maskedStore),
];
