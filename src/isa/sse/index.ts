// MMX and SSE to SSE4.2, AES, PCLMULQDQ and SHA.
import type { Instruction } from "../instruction.ts";
import { FP } from "./fp-index.ts";

const SIMD: readonly Instruction[] = [];

export const SSE: readonly Instruction[] = [...SIMD, ...FP];
