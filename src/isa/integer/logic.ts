// Bitwise logic.

import { instruction, type Instruction } from "../instruction.ts";
import { twoOperands } from "./arithmetic.ts";
import { arithmeticRows } from "./rows.ts";

const and = instruction("and", "SDM 2A, AND", arithmeticRows(4, "undef=AF", "lock"), twoOperands("logic", (e, _width, a, b) => e.and(a, b)));
const or = instruction("or", "SDM 2B, OR", arithmeticRows(1, "undef=AF", "lock"), twoOperands("logic", (e, _width, a, b) => e.or(a, b)));
const xor = instruction("xor", "SDM 2D, XOR", arithmeticRows(6, "undef=AF", "lock"), twoOperands("logic", (e, _width, a, b) => e.xor(a, b)));

const test = instruction("test", "SDM 2B, TEST", [
  "84 /r     r/m8  r8    ; undef=AF",
  "85 /r     r/m*  r*    ; undef=AF",
  "A8 ib     al    imm8  ; undef=AF",
  "A9 i*     *ax   imm*  ; undef=AF",
  "F6 /0 ib  r/m8  imm8  ; undef=AF",
  "F7 /0 i*  r/m*  imm*  ; undef=AF",
  "F6 /1 ib  r/m8  imm8  ; undef=AF", // not in the manual, but every processor has them
  "F7 /1 i*  r/m*  imm*  ; undef=AF",
], (e, { width, dst, src }) => {
  const a = e.load(width, dst), b = e.load(width, src);
  e.setFlags("logic", width, a, b, e.and(a, b));
});

const not = instruction("not", "SDM 2B, NOT", [
  "F6 /2     r/m8  ; lock",
  "F7 /2     r/m*  ; lock",
], (e, { width, dst }) => {
  e.update(width, dst, (old) => e.not(width, old));
});

export const LOGIC: readonly Instruction[] = [and, or, xor, test, not];
