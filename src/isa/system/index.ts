// System instructions: segments, control registers, far transfers, interrupts, time, ports, virtual memory.
import type { Instruction } from "../instruction.ts";

export const SYSTEM: readonly Instruction[] = [
];
