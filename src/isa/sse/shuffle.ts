// Shuffles whose pattern is known only when they execute: each makes a vector of byte numbers from it and swizzles. WebAssembly's
// swizzle gives 0 for a byte number above 15.
import type { Emit } from "../emit.ts";
import { instruction, type Instruction } from "../instruction.ts";
import { byteNumbers, everyLane, join, loadPacked, mmxRows, packed, packedControlled, quad, shuffle } from "./packed.ts";

const swizzle = <V>(e: Emit<V>, a: V, pattern: V): V => e.simd("i8x16.swizzle", [a, pattern]);

/** Byte numbers of the four doublewords that the bit pairs of `control` select. */
function doublewordPattern<V>(e: Emit<V>, control: V): V {
  // a product moves each lane's pair to bits 6 and 7, for want of shifts by lane
  const moved = e.simd("i32x4.mul", [e.simd("i32x4.splat", [control]), e.vector(0x10_0000_0040n, 0x1_0000_0004n)]);
  const pairs = e.simd("v128.and", [e.simd("i32x4.shr_u", [moved, e.int(6)]), everyLane(e, 32, 3n)]);
  return e.simd("i32x4.add", [e.simd("i32x4.mul", [pairs, everyLane(e, 32, 0x04040404n)]), everyLane(e, 32, 0x03020100n)]);
}
/** Byte numbers of the four words of one half that the bit pairs of `control` select; the other half stays. */
function wordPattern<V>(e: Emit<V>, control: V, half: "low" | "high"): V {
  const low = half === "low", pairs = 0x0001_0004_0010_0040n;
  const moved = e.simd("i16x8.mul", [e.simd("i16x8.splat", [control]), low ? e.vector(pairs, 0n) : e.vector(0n, pairs)]);
  const chosen = e.simd("v128.and", [e.simd("i16x8.shr_u", [moved, e.int(6)]), everyLane(e, 16, 3n)]);
  const base = low ? e.vector(0x0100_0100_0100_0100n, 0x0f0e_0d0c_0b0a_0908n) : e.vector(0x0706_0504_0302_0100n, 0x0908_0908_0908_0908n);
  return e.simd("i16x8.add", [e.simd("i16x8.mul", [chosen, everyLane(e, 16, 0x0202n)]), base]);
}

const controlled = (mnemonic: string, source: string, row: string, pattern: <V>(e: Emit<V>, control: V) => V) =>
  instruction(mnemonic, source, [row], (e, { dst, src, third }) => e.storeVector(dst.width, dst, swizzle(e, loadPacked(e, src), pattern(e, e.load(8, third)))));

/** Moves the bytes of a register by a number of bytes: their numbers are counted up or down, past either end they become 0. */
const byteShift = (mnemonic: string, source: string, row: string, direction: "up" | "down"): Instruction =>
  instruction(mnemonic, source, [row], (e, { dst, src }) => {
    const by = e.simd("i8x16.min_u", [e.simd("i8x16.splat", [e.load(8, src)]), everyLane(e, 8, 16n)]);
    const pattern = e.simd(direction === "up" ? "i8x16.sub" : "i8x16.add", [byteNumbers(e), by]);
    e.storeVector(128, dst, swizzle(e, e.loadVector(128, dst), pattern));
  });

export const SHUFFLES: readonly Instruction[] = [
  controlled("pshufd", "SDM 2B, PSHUFD—Shuffle Packed Doublewords", "66 0F 70 /r ib  xmm xmm/m128 immu8  ; sse", doublewordPattern),
  controlled("pshuflw", "SDM 2B, PSHUFLW—Shuffle Packed Low Words", "F2 0F 70 /r ib  xmm xmm/m128 immu8  ; sse", (e, control) => wordPattern(e, control, "low")),
  controlled("pshufhw", "SDM 2B, PSHUFHW—Shuffle Packed High Words", "F3 0F 70 /r ib  xmm xmm/m128 immu8  ; sse", (e, control) => wordPattern(e, control, "high")),
  controlled("pshufw", "SDM 2B, PSHUFW—Shuffle Packed Words", "NP 0F 70 /r ib  mm mm/m64 immu8  ; mmx", (e, control) => wordPattern(e, control, "low")),

  packed("pshufb", "SDM 2B, PSHUFB—Packed Shuffle Bytes", mmxRows("0F 38 00"),
    // the top bit clears the byte; of the others only as many count as there are bytes
    (e, a, b, bits) => swizzle(e, a, e.simd("v128.and", [b, everyLane(e, 8, bits === 64 ? 0x87n : 0x8fn)]))),

  packedControlled("palignr", "SDM 2B, PALIGNR—Packed Align Right",
    ["NP 0F 3A 0F /r ib  mm mm/m64 immu8  ; mmx", "66 0F 3A 0F /r ib  xmm xmm/m128 immu8  ; sse"], (e, a, b, control, bits) => {
      const pattern = e.simd("i8x16.add_sat_u", [byteNumbers(e), e.simd("i8x16.splat", [control])]);
      if (bits === 64) return swizzle(e, join(e, b, a), pattern);
      return e.simd("v128.or", [swizzle(e, b, pattern), swizzle(e, a, e.simd("i8x16.sub", [pattern, everyLane(e, 8, 16n)]))]);
    }),

  packedControlled("shufps", "SDM 2B, SHUFPS—Packed Interleave Shuffle of Quadruplets of Single Precision Floating-Point Values",
    ["NP 0F C6 /r ib  xmm xmm/m128 immu8  ; sse"], (e, a, b, control) => {
      const pattern = doublewordPattern(e, control);
      return shuffle(e, swizzle(e, a, pattern), swizzle(e, b, pattern), 8, [0, 3]);
    }),
  packedControlled("shufpd", "SDM 2B, SHUFPD—Packed Interleave Shuffle of Pairs of Double Precision Floating-Point Values",
    ["66 0F C6 /r ib  xmm xmm/m128 immu8  ; sse"], (e, a, b, control) => {
      const pick = (value: typeof a, bit: number) => e.select(e.and(e.shr(64, control, e.int(bit)), e.int(1)), quad(e, value, 1), quad(e, value, 0));
      return e.simd("i64x2.replace_lane", [e.simd("i64x2.splat", [pick(a, 0)]), pick(b, 1)], [1]);
    }),

  byteShift("pslldq", "SDM 2B, PSLLDQ—Shift Double Quadword Left Logical", "66 0F 73 /7 ib  xmmr immu8  ; sse", "up"),
  byteShift("psrldq", "SDM 2B, PSRLDQ—Shift Double Quadword Right Logical", "66 0F 73 /3 ib  xmmr immu8  ; sse", "down"),
];
