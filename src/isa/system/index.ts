// System instructions: segments, control registers, far transfers, interrupts, time, saved state.
import type { Instruction } from "../instruction.ts";
import { CONTROL } from "./control.ts";
import { PRIVILEGE } from "./privilege.ts";
import { PROCESSOR } from "./processor.ts";
import { SEGMENT } from "./segment.ts";
import { TRANSFER } from "./transfer.ts";
import { XSAVE } from "./xsave.ts";

export const SYSTEM: readonly Instruction[] = [...SEGMENT, ...TRANSFER, ...CONTROL, ...PRIVILEGE, ...PROCESSOR, ...XSAVE];
