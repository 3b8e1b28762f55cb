// Bitwise logic and tests. The names for single and double precision do the same to the same bits as the integer ones.
import { instruction, type Instruction } from "../instruction.ts";
import type { SimdOp } from "../simd.ts";
import { laneWise, mmxRows, packed, xmmRows, type Compute } from "./packed.ts";

/** x86 inverts the first operand, WebAssembly the second. */
const andNot: Compute = (e, a, b) => e.simd("v128.andnot", [b, a]);
const LOGIC: readonly [mnemonic: string, opcode: string, integer: string, compute: Compute, what: string][] = [
  ["and", "0F 54", "0F DB", laneWise("v128.and"), "AND"],
  ["andn", "0F 55", "0F DF", andNot, "AND NOT"],
  ["or", "0F 56", "0F EB", laneWise("v128.or"), "OR"],
  ["xor", "0F 57", "0F EF", laneWise("v128.xor"), "XOR"],
];

export const PACKED_LOGIC: readonly Instruction[] = [
  ...LOGIC.flatMap(([name, opcode, integer, compute, what]) => [
    packed(`${name}ps`, `SDM 2, ${name.toUpperCase()}PS—Bitwise Logical ${what} of Packed Single Precision Floating-Point Values`, [`NP ${opcode} /r  xmm xmm/m128  ; sse`], compute),
    packed(`${name}pd`, `SDM 2, ${name.toUpperCase()}PD—Bitwise Logical ${what} of Packed Double Precision Floating-Point Values`, xmmRows(opcode), compute),
    packed(`p${name}`, `SDM 2B, P${name.toUpperCase()}—Logical ${what}`, mmxRows(integer), compute),
  ]),
  instruction("ptest", "SDM 2B, PTEST—Logical Compare", ["66 0F 38 17 /r  xmm xmm/m128  ; sse"], (e, { dst, src }) => {
    const a = e.loadVector(128, dst), b = e.loadVector(128, src, "aligned");
    const none = (op: SimdOp) => e.isZero(e.simd("v128.any_true", [e.simd(op, [b, a])]));
    const zf = none("v128.and"), cf = none("v128.andnot");
    e.setFlagBits(e.or(cf, e.shl(64, zf, e.int(6))), 0x8d5n); // OF SF AF PF are cleared
  }),
];
