// SSE to SSE4.2, AES, SHA, PCLMULQDQ, and the state management that goes with them.
import type { Instruction } from "../instruction.ts";

export const SSE: readonly Instruction[] = [
];
