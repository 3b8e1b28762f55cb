// SSE floating-point arithmetic, from the fp-*.ts files.
import type { Instruction } from "../instruction.ts";

export const FP: readonly Instruction[] = [];
