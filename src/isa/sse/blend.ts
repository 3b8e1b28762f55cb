// Choices between two operands lane by lane: by the bits of an immediate, or by the signs of XMM0's lanes.
import type { Emit } from "../emit.ts";
import type { Instruction } from "../instruction.ts";
import type { SimdOp } from "../simd.ts";
import { packed, packedControlled } from "./packed.ts";

const BIT_PER_LANE = {
  "i16x8": [0x0008_0004_0002_0001n, 0x0080_0040_0020_0010n],
  "i32x4": [0x2_0000_0001n, 0x8_0000_0004n],
  "i64x2": [1n, 2n],
} as const;
type Shape = keyof typeof BIT_PER_LANE;

const byImmediate = (shape: Shape) => <V>(e: Emit<V>, a: V, b: V, control: V): V => {
  const [low, high] = BIT_PER_LANE[shape], bits = e.vector(low, high);
  const chosen = e.simd(`${shape}.eq`, [e.simd("v128.and", [e.simd(`${shape}.splat`, [control]), bits]), bits]);
  return e.simd("v128.bitselect", [b, a, chosen]);
};
const bySign = (op: SimdOp, laneBits: number) => <V>(e: Emit<V>, a: V, b: V): V =>
  e.simd("v128.bitselect", [b, a, e.simd(op, [e.xmm(0), e.int(laneBits - 1)])]);

const immediateRow = (opcode: string) => [`66 ${opcode} /r ib  xmm xmm/m128 immu8  ; sse`];
const signRow = (opcode: string) => [`66 ${opcode} /r  xmm xmm/m128 xmm0  ; sse`];

export const BLENDS: readonly Instruction[] = [
  packedControlled("pblendw", "SDM 2B, PBLENDW—Blend Packed Words", immediateRow("0F 3A 0E"), byImmediate("i16x8")),
  packedControlled("blendps", "SDM 2A, BLENDPS—Blend Packed Single Precision Floating-Point Values", immediateRow("0F 3A 0C"), byImmediate("i32x4")),
  packedControlled("blendpd", "SDM 2A, BLENDPD—Blend Packed Double Precision Floating-Point Values", immediateRow("0F 3A 0D"), byImmediate("i64x2")),
  packed("pblendvb", "SDM 2B, PBLENDVB—Variable Blend Packed Bytes", signRow("0F 38 10"), bySign("i8x16.shr_s", 8)),
  packed("blendvps", "SDM 2A, BLENDVPS—Variable Blend Packed Single Precision Floating-Point Values", signRow("0F 38 14"), bySign("i32x4.shr_s", 32)),
  packed("blendvpd", "SDM 2A, BLENDVPD—Variable Blend Packed Double Precision Floating-Point Values", signRow("0F 38 15"), bySign("i64x2.shr_s", 64)),
];
