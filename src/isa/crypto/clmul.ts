// Carry-less multiplication.
import type { Instruction } from "../instruction.ts";
import { packedControlled, quad } from "../sse/packed.ts";

export const CLMUL: readonly Instruction[] = [
  packedControlled("pclmulqdq", "SDM 2B, PCLMULQDQ—Carry-Less Multiplication Quadword", ["66 0F 3A 44 /r ib  xmm xmm/m128 immu8  ; sse"], (e, a, b, control) => {
    const half = (value: typeof a, bit: number) => e.select(e.and(e.shr(64, control, e.int(bit)), e.int(1)), quad(e, value, 1), quad(e, value, 0));
    return e.call("carrylessMultiply", half(a, 0), half(b, 4));
  }),
];
