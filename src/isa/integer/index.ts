// The general-purpose instructions: data movement, arithmetic, logic, shifts, strings, control transfer.

import type { Instruction } from "../instruction.ts";
import { ARITHMETIC } from "./arithmetic.ts";
import { BIT } from "./bit.ts";
import { CONTROL } from "./control.ts";
import { DECIMAL } from "./decimal.ts";
import { DIVIDE } from "./divide.ts";
import { EXCHANGE } from "./exchange.ts";
import { FLAG } from "./flag.ts";
import { LOGIC } from "./logic.ts";
import { MISC } from "./misc.ts";
import { MOVE } from "./move.ts";
import { MULTIPLY } from "./multiply.ts";
import { PORT } from "./port.ts";
import { SHIFT } from "./shift.ts";
import { STACK } from "./stack.ts";
import { STRING } from "./string.ts";

export const INTEGER: readonly Instruction[] = [
  ...ARITHMETIC, ...LOGIC, ...SHIFT, ...BIT, ...MOVE, ...STACK, ...MULTIPLY, ...DIVIDE, ...CONTROL,
  ...EXCHANGE, ...STRING, ...FLAG, ...PORT, ...DECIMAL, ...MISC,
];
