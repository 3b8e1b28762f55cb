// Addition and subtraction.

import type { Emit, FlagRule, Width } from "../emit.ts";
import { instruction, type Instruction, type Meaning } from "../instruction.ts";
import { arithmeticRows } from "./rows.ts";

type Compute = <V>(e: Emit<V>, width: Width, a: V, b: V) => V;

/** dst = compute(dst, src), with the flags of `rule`. */
export const twoOperands = (rule: FlagRule, compute: Compute): Meaning => (e, { width, dst, src }) => {
  const b = e.load(width, src);
  let result = b;
  const a = e.update(width, dst, (old) => (result = compute(e, width, old, b)));
  e.setFlags(rule, width, a, b, result);
};

const add = instruction("add", "SDM 2A, ADD", arithmeticRows(0, "", "lock"),
  twoOperands("add", (e, width, a, b) => e.add(width, a, b)));

const adc = instruction("adc", "SDM 2A, ADC", arithmeticRows(2, "", "lock"),
  twoOperands("add", (e, width, a, b) => e.add(width, e.add(width, a, b), e.flag("cf"))));

const sub = instruction("sub", "SDM 2B, SUB", arithmeticRows(5, "", "lock"),
  twoOperands("sub", (e, width, a, b) => e.sub(width, a, b)));

const sbb = instruction("sbb", "SDM 2B, SBB", arithmeticRows(3, "", "lock"),
  twoOperands("sub", (e, width, a, b) => e.sub(width, e.sub(width, a, b), e.flag("cf"))));

const cmp = instruction("cmp", "SDM 2A, CMP", arithmeticRows(7), (e, { width, dst, src }) => {
  const a = e.load(width, dst), b = e.load(width, src);
  e.setFlags("sub", width, a, b, e.sub(width, a, b));
});

const neg = instruction("neg", "SDM 2B, NEG", [
  "F6 /3     r/m8  ; lock",
  "F7 /3     r/m*  ; lock",
], (e, { width, dst }) => {
  const zero = e.int(0);
  let result = zero;
  const a = e.update(width, dst, (old) => (result = e.sub(width, zero, old)));
  e.setFlags("sub", width, zero, a, result);
});

const inc = instruction("inc", "SDM 2A, INC", [
  "FE /0     r/m8  ; lock",
  "FF /0     r/m*  ; lock",
  "40 +r     r*    ; no64",
], (e, { width, dst }) => {
  const one = e.int(1);
  let result = one;
  const a = e.update(width, dst, (old) => (result = e.add(width, old, one)));
  e.setFlags("inc", width, a, one, result);
});

const dec = instruction("dec", "SDM 2A, DEC", [
  "FE /1     r/m8  ; lock",
  "FF /1     r/m*  ; lock",
  "48 +r     r*    ; no64",
], (e, { width, dst }) => {
  const one = e.int(1);
  let result = one;
  const a = e.update(width, dst, (old) => (result = e.sub(width, old, one)));
  e.setFlags("dec", width, a, one, result);
});

export const ARITHMETIC: readonly Instruction[] = [add, adc, sub, sbb, cmp, neg, inc, dec];
