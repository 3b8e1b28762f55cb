// One lane in or out. Which lane is known only when they execute, so it is selected by comparing lane numbers or by a swizzle.
import type { Emit, Width } from "../emit.ts";
import { instruction, type Instruction, type Meaning } from "../instruction.ts";
import { bytes, quad, upTo } from "./packed.ts";

type Lane = 8 | 16 | 32 | 64;
const SHAPE = { 8: "i8x16", 16: "i16x8", 32: "i32x4", 64: "i64x2" } as const;

/** Ones in the lane with the given number. */
function laneMask<V>(e: Emit<V>, lane: Lane, number: V): V {
  const numbers = bytes(e, upTo(16).map((i) => i % (lane / 8) === 0 ? i / (lane / 8) : 0));
  return e.simd(`${SHAPE[lane]}.eq`, [numbers, e.simd(`${SHAPE[lane]}.splat`, [number])]);
}
const laneNumber = <V>(e: Emit<V>, control: V, bits: number, lane: Lane): V => e.and(control, e.int(bits / lane - 1));

const insert = (lane: Lane): Meaning => (e, { dst, src, third }) => {
  const value = e.load(src.width as Width, src), number = laneNumber(e, e.load(8, third), dst.width, lane);
  const everywhere = e.simd(`${SHAPE[lane]}.splat`, [value]);
  e.storeVector(dst.width, dst, e.simd("v128.bitselect", [everywhere, e.loadVector(dst.width, dst), laneMask(e, lane, number)]));
};

/** The lane as a zero-extended scalar. */
function lane<V>(e: Emit<V>, bits: Lane, value: V, number: V): V {
  if (bits === 64) return e.select(number, quad(e, value, 1), quad(e, value, 0));
  const size = bits / 8, base = Array.from({ length: size }, (_, i) => BigInt(i) << BigInt(8 * i)).reduce((a, b) => a | b);
  const pattern = e.add(32, e.mul(32, number, e.int(bits === 8 ? 1 : bits === 16 ? 0x0202 : 0x04040404)), e.int(base));
  const moved = e.simd("i8x16.swizzle", [value, e.simd(`${SHAPE[bits]}.splat`, [pattern])]);
  return e.zeroExtend(bits, quad(e, moved, 0));
}
const extract = (bits: Lane): Meaning => (e, { dst, src, third }) => {
  const value = lane(e, bits, e.loadVector(src.width, src), laneNumber(e, e.load(8, third), src.width, bits));
  e.store(dst.width as Width, dst, value);
};

const PINSR = "SDM 2B, PINSRB/PINSRD/PINSRQ—Insert Byte/Dword/Qword", PEXTR = "SDM 2B, PEXTRB/PEXTRD/PEXTRQ—Extract Byte/Dword/Qword";

export const INSERTS: readonly Instruction[] = [
  instruction("pinsrb", PINSR, ["66 0F 3A 20 /r ib  xmm r32/m8 immu8  ; sse"], insert(8)),
  instruction("pinsrw", "SDM 2B, PINSRW—Insert Word", [
    "NP 0F C4 /r ib  mm r32/m16 immu8  ; mmx",
    "66 0F C4 /r ib  xmm r32/m16 immu8  ; sse",
  ], insert(16)),
  instruction("pinsrd", PINSR, ["66 0F 3A 22 /r ib  xmm r/m32 immu8  ; sse"], insert(32)),
  instruction("pinsrq", PINSR, ["66 REX.W 0F 3A 22 /r ib  xmm r/m64 immu8  ; sse"], insert(64)),

  instruction("pextrb", PEXTR, ["66 0F 3A 14 /r ib  r32/m8 xmm immu8  ; sse"], extract(8)),
  instruction("pextrw", "SDM 2B, PEXTRW—Extract Word", [
    "NP 0F C5 /r ib  r32 mmr immu8  ; mmx",
    "66 0F C5 /r ib  r32 xmmr immu8  ; sse",
    "66 0F 3A 15 /r ib  r32/m16 xmm immu8  ; sse",
  ], extract(16)),
  instruction("pextrd", PEXTR, ["66 0F 3A 16 /r ib  r/m32 xmm immu8  ; sse"], extract(32)),
  instruction("pextrq", PEXTR, ["66 REX.W 0F 3A 16 /r ib  r/m64 xmm immu8  ; sse"], extract(64)),
  instruction("extractps", "SDM 2A, EXTRACTPS—Extract Packed Floating-Point Values", ["66 0F 3A 17 /r ib  r/m32 xmm immu8  ; sse"], extract(32)),

  instruction("insertps", "SDM 2A, INSERTPS—Insert Scalar Single Precision Floating-Point Value", ["66 0F 3A 21 /r ib  xmm xmm/m32 immu8  ; sse"], (e, { dst, src, third }) => {
    // bits 7..6 choose a lane of a register source, 5..4 the lane it goes to, 3..0 the lanes that become 0
    const control = e.load(8, third);
    const value = src.kind === "mem" ? quad(e, e.loadVector(32, src), 0) : lane(e, 32, e.loadVector(128, src), e.shr(8, control, e.int(6)));
    const target = laneMask(e, 32, e.and(e.shr(8, control, e.int(4)), e.int(3)));
    const inserted = e.simd("v128.bitselect", [e.simd("i32x4.splat", [value]), e.loadVector(128, dst), target]);
    const laneBits = e.vector(0x2_0000_0001n, 0x8_0000_0004n);
    const cleared = e.simd("i32x4.eq", [e.simd("v128.and", [e.simd("i32x4.splat", [control]), laneBits]), laneBits]);
    e.storeVector(128, dst, e.simd("v128.andnot", [inserted, cleared]));
  }),
];
