// The general-purpose instructions: data movement, arithmetic, logic, shifts, strings, control transfer.
import type { Instruction } from "../instruction.ts";

export const INTEGER: readonly Instruction[] = [
];
