// All x87 instructions. Operands and stack are handled by helpers, see helpers.ts.

import type { Instruction } from "../instruction.ts";
import { X87_ARITHMETIC } from "./arithmetic.ts";
import { X87_COMPARE } from "./compare.ts";
import { X87_CONTROL } from "./control.ts";
import { X87_TRANSFER } from "./transfer.ts";

export const X87: readonly Instruction[] = [...X87_CONTROL, ...X87_TRANSFER, ...X87_ARITHMETIC, ...X87_COMPARE];
