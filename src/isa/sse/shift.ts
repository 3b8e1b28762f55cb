// Packed shifts by a register, memory or immediate. The count is the low 64 bits of its operand: too large a count clears the lanes, or
// fills them with their sign, where WebAssembly would take it modulo the lane.
import type { Emit } from "../emit.ts";
import { instruction, type Instruction, type Meaning } from "../instruction.ts";
import type { SimdOp } from "../simd.ts";
import { loadPacked, maskIf, quad } from "./packed.ts";

const meaning = (op: SimdOp, laneBits: number, arithmetic: boolean): Meaning => <V>(e: Emit<V>, { dst, src }: Parameters<Meaning>[1]) => {
  const count = src.kind === "imm" ? e.load(8, src) : quad(e, loadPacked(e, src), 0);
  const within = e.ltU(count, e.int(laneBits)), value = e.loadVector(dst.width, dst);
  e.storeVector(dst.width, dst, arithmetic
    ? e.simd(op, [value, e.select(within, count, e.int(laneBits - 1))])
    : e.simd("v128.and", [e.simd(op, [value, count]), maskIf(e, within)]));
};

const SHIFTS = [
  // mnemonic, opcode, opcode and extension of the immediate form, operation, bits of a lane
  ["psrlw", "D1", "71 /2", "i16x8.shr_u", 16], ["psrld", "D2", "72 /2", "i32x4.shr_u", 32], ["psrlq", "D3", "73 /2", "i64x2.shr_u", 64],
  ["psraw", "E1", "71 /4", "i16x8.shr_s", 16], ["psrad", "E2", "72 /4", "i32x4.shr_s", 32],
  ["psllw", "F1", "71 /6", "i16x8.shl", 16], ["pslld", "F2", "72 /6", "i32x4.shl", 32], ["psllq", "F3", "73 /6", "i64x2.shl", 64],
] as const;
const TITLES: Record<string, string> = {
  psrl: "SDM 2B, PSRLW/PSRLD/PSRLQ—Shift Packed Data Right Logical",
  psra: "SDM 2B, PSRAW/PSRAD/PSRAQ—Shift Packed Data Right Arithmetic",
  psll: "SDM 2B, PSLLW/PSLLD/PSLLQ—Shift Packed Data Left Logical",
};

export const PACKED_SHIFTS: readonly Instruction[] = SHIFTS.map(([mnemonic, opcode, immediate, op, laneBits]) =>
  instruction(mnemonic, TITLES[mnemonic.slice(0, 4)], [
    `NP 0F ${opcode} /r  mm mm/m64  ; mmx`,
    `66 0F ${opcode} /r  xmm xmm/m128  ; sse`,
    `NP 0F ${immediate} ib  mmr immu8  ; mmx`,
    `66 0F ${immediate} ib  xmmr immu8  ; sse`,
  ], meaning(op, laneBits, op.endsWith("_s"))));
