// x87 floating point and MMX.
import type { Instruction } from "../instruction.ts";

export const X87: readonly Instruction[] = [
];
