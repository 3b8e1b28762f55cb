// The control and status register MXCSR, and the end of MMX code.
import { instruction, type Instruction } from "../instruction.ts";

/** Bits of MXCSR that exist; the others must be written as 0 (SDM 1, Guidelines for Writing to the MXCSR Register). */
const MXCSR_MASK = 0xffff;

export const SSE_CONTROL: readonly Instruction[] = [
  instruction("ldmxcsr", "SDM 2A, LDMXCSR—Load MXCSR Register", ["NP 0F AE /2  m32  ; sse"], (e, { dst }) => {
    const value = e.load(32, dst);
    e.when(e.ltU(e.int(MXCSR_MASK), value), () => e.raise("#GP", e.int(0)));
    e.call("setMxcsr", value);
  }),
  instruction("stmxcsr", "SDM 2B, STMXCSR—Store MXCSR Register State", ["NP 0F AE /3  m32  ; sse"], (e, { dst }) => e.store(32, dst, e.call("getMxcsr"))),
  instruction("emms", "SDM 2A, EMMS—Empty MMX Technology State", ["NP 0F 77  ; mmx"], (e) => void e.call("emms")),
];
