// The general-purpose instructions: data movement, arithmetic, logic, shifts, strings, control transfer.

import type { Instruction } from "../instruction.ts";
import { ARITHMETIC } from "./arithmetic.ts";
import { CONTROL } from "./control.ts";
import { LOGIC } from "./logic.ts";
import { MOVE } from "./move.ts";
import { STACK } from "./stack.ts";

export const INTEGER: readonly Instruction[] = [...ARITHMETIC, ...LOGIC, ...MOVE, ...STACK, ...CONTROL];
