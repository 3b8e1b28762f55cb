// SSE floating-point arithmetic, from the fp-*.ts files.
import type { Instruction } from "../instruction.ts";
import { FP_ARITHMETIC, FP_COMPARE } from "./arithmetic.ts";
import { FP_CONVERT } from "./convert.ts";

export const FP: readonly Instruction[] = [...FP_ARITHMETIC, ...FP_COMPARE, ...FP_CONVERT];
