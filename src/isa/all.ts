// Every instruction that NVL has. The order decides the numbers of forms, so it is stable within one build.

import type { Instruction } from "./instruction.ts";
import { INTEGER } from "./integer/index.ts";
import { SSE } from "./sse/index.ts";
import { SYSTEM } from "./system/index.ts";
import { X87 } from "./x87/index.ts";

export const INSTRUCTIONS: readonly Instruction[] = [...INTEGER, ...SYSTEM, ...SSE, ...X87];
