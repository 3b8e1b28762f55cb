// Packed integer multiplication.
import type { Emit } from "../emit.ts";
import type { Instruction } from "../instruction.ts";
import { everyLane, laneWise, mmxRows, packed, shuffle, xmmRows } from "./packed.ts";

/** The upper halves of eight 16-bit products. */
function highWords<V>(e: Emit<V>, a: V, b: V, sign: "s" | "u"): V {
  const low = e.simd(`i32x4.extmul_low_i16x8_${sign}`, [a, b]), high = e.simd(`i32x4.extmul_high_i16x8_${sign}`, [a, b]);
  return shuffle(e, low, high, 2, [1, 3, 5, 7, 9, 11, 13, 15]);
}
/** The even 32-bit lanes, packed into the low half. */
const evenDoublewords = <V>(e: Emit<V>, a: V): V => shuffle(e, a, a, 4, [0, 2]);

export const PACKED_MULTIPLY: readonly Instruction[] = [
  packed("pmullw", "SDM 2B, PMULLW—Multiply Packed Signed Integers and Store Low Result", mmxRows("0F D5"), laneWise("i16x8.mul")),
  packed("pmulhw", "SDM 2B, PMULHW—Multiply Packed Signed Integers and Store High Result", mmxRows("0F E5"), (e, a, b) => highWords(e, a, b, "s")),
  packed("pmulhuw", "SDM 2B, PMULHUW—Multiply Packed Unsigned Integers and Store High Result", mmxRows("0F E4"), (e, a, b) => highWords(e, a, b, "u")),
  packed("pmaddwd", "SDM 2B, PMADDWD—Multiply and Add Packed Integers", mmxRows("0F F5"), laneWise("i32x4.dot_i16x8_s")),
  packed("pmuludq", "SDM 2B, PMULUDQ—Multiply Packed Unsigned Doubleword Integers", mmxRows("0F F4"),
    (e, a, b) => e.simd("i64x2.extmul_low_i32x4_u", [evenDoublewords(e, a), evenDoublewords(e, b)])),
  packed("pmuldq", "SDM 2B, PMULDQ—Multiply Packed Doubleword Integers", xmmRows("0F 38 28"),
    (e, a, b) => e.simd("i64x2.extmul_low_i32x4_s", [evenDoublewords(e, a), evenDoublewords(e, b)])),
  packed("pmulld", "SDM 2B, PMULLD/PMULLQ—Multiply Packed Integers and Store Low Result", xmmRows("0F 38 40"), laneWise("i32x4.mul")),
  packed("pmaddubsw", "SDM 2B, PMADDUBSW—Multiply and Add Packed Signed and Unsigned Bytes", mmxRows("0F 38 04"), (e, a, b) => {
    const eight = e.int(8); // a is unsigned, b signed; each product fits in 16 bits, their sum may not
    const even = e.simd("i16x8.mul", [e.simd("v128.and", [a, everyLane(e, 16, 0xffn)]), e.simd("i16x8.shr_s", [e.simd("i16x8.shl", [b, eight]), eight])]);
    const odd = e.simd("i16x8.mul", [e.simd("i16x8.shr_u", [a, eight]), e.simd("i16x8.shr_s", [b, eight])]);
    return e.simd("i16x8.add_sat_s", [even, odd]);
  }),
  packed("pmulhrsw", "SDM 2B, PMULHRSW—Packed Multiply High With Round and Scale", mmxRows("0F 38 0B"), (e, a, b) => {
    const least = everyLane(e, 16, 0x8000n); // WebAssembly saturates the square of the least number, x86 wraps
    const wraps = e.simd("v128.and", [e.simd("i16x8.eq", [a, least]), e.simd("i16x8.eq", [b, least])]);
    return e.simd("v128.xor", [e.simd("i16x8.q15mulr_sat_s", [a, b]), wraps]);
  }),
];
