// Sums, differences and minima across lanes.
import type { Emit } from "../emit.ts";
import type { Instruction } from "../instruction.ts";
import type { SimdOp } from "../simd.ts";
import { byteNumbers, everyLane, fromScalar, mmxRows, operandsInRow, packed, packedControlled, packedUnary, shuffle, upTo, xmmRows, type Compute } from "./packed.ts";

/** Combines neighbours: the pairs of `a` give the low half of the result, those of `b` the high half. */
const neighbours = (op: SimdOp, laneBytes: number): Compute => (e, a, b, bits) => {
  const [first, second] = operandsInRow(e, a, b, bits), lanes = upTo(bits / 8 / laneBytes);
  const side = (odd: number) => shuffle(e, first, second, laneBytes, lanes.map((i) => 2 * i + odd));
  return e.simd(op, [side(0), side(1)]);
};
const HORIZONTAL = [
  ["phaddw", "0F 38 01", "i16x8.add", 2, "PHADDW/PHADDD—Packed Horizontal Add"],
  ["phaddd", "0F 38 02", "i32x4.add", 4, "PHADDW/PHADDD—Packed Horizontal Add"],
  ["phaddsw", "0F 38 03", "i16x8.add_sat_s", 2, "PHADDSW—Packed Horizontal Add and Saturate"],
  ["phsubw", "0F 38 05", "i16x8.sub", 2, "PHSUBW/PHSUBD—Packed Horizontal Subtract"],
  ["phsubd", "0F 38 06", "i32x4.sub", 4, "PHSUBW/PHSUBD—Packed Horizontal Subtract"],
  ["phsubsw", "0F 38 07", "i16x8.sub_sat_s", 2, "PHSUBSW—Packed Horizontal Subtract and Saturate"],
] as const;

/** |a - b| of unsigned bytes: one of the two saturated differences is 0. */
const distances = <V>(e: Emit<V>, a: V, b: V): V => e.simd("v128.or", [e.simd("i8x16.sub_sat_u", [a, b]), e.simd("i8x16.sub_sat_u", [b, a])]);
/** Sums of four neighbouring bytes in lanes of 32 bits. */
const sumsOfFour = <V>(e: Emit<V>, a: V): V => e.simd("i32x4.extadd_pairwise_i16x8_u", [e.simd("i16x8.extadd_pairwise_i8x16_u", [a])]);

export const HORIZONTALS: readonly Instruction[] = [
  ...HORIZONTAL.map(([mnemonic, opcode, op, laneBytes, source]) => packed(mnemonic, `SDM 2B, ${source}`, mmxRows(opcode), neighbours(op, laneBytes))),

  packed("psadbw", "SDM 2B, PSADBW—Compute Sum of Absolute Differences", mmxRows("0F F6"), (e, a, b) => {
    const sums = sumsOfFour(e, distances(e, a, b));
    return e.simd("i64x2.add", [e.simd("v128.and", [sums, everyLane(e, 64, 0xffff_ffffn)]), e.simd("i64x2.shr_u", [sums, e.int(32)])]);
  }),

  packedControlled("mpsadbw", "SDM 2B, MPSADBW—Compute Multiple Packed Sums of Absolute Difference", ["66 0F 3A 42 /r ib  xmm xmm/m128 immu8  ; sse"], (e, a, b, control) => {
    // bit 2 chooses where in `a` the eight overlapping groups of four begin, bits 1..0 the one group of `b`
    const start = e.and(control, e.int(4)), group = e.mul(64, e.and(control, e.int(3)), e.int(0x04040404));
    const from = e.simd("i8x16.swizzle", [a, e.simd("i8x16.add", [byteNumbers(e), e.simd("i8x16.splat", [start])])]);
    const other = e.simd("i8x16.swizzle", [b, e.simd("i32x4.splat", [e.add(32, group, e.int(0x03020100))])]);
    const sums = (first: number) => {
      const groups = shuffle(e, from, from, 1, upTo(16).map((i) => first + (i >> 2) + (i & 3)));
      return sumsOfFour(e, distances(e, groups, other));
    };
    return e.simd("i16x8.narrow_i32x4_u", [sums(0), sums(4)]);
  }),

  packedUnary("phminposuw", "SDM 2B, PHMINPOSUW—Packed Horizontal Word Minimum", xmmRows("0F 38 41"), (e, a) => {
    const fold = (value: typeof a, lanes: number[]) => e.simd("i16x8.min_u", [value, shuffle(e, value, value, 2, lanes)]);
    const least = fold(fold(fold(a, [4, 5, 6, 7, 0, 1, 2, 3]), [2, 3, 0, 1, 6, 7, 4, 5]), [1, 0, 3, 2, 5, 4, 7, 6]);
    const position = e.ctz(32, e.simd("i16x8.bitmask", [e.simd("i16x8.eq", [a, least])]));
    return fromScalar(e, e.or(e.simd("i16x8.extract_lane_u", [least], [0]), e.shl(64, position, e.int(16))));
  }),
];
