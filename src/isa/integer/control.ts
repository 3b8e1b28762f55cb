// Near transfers of control. Far ones, interrupts and system calls are in ../system.

import { CONDITIONS, type Emit, type Width } from "../emit.ts";
import { instruction, type Instruction } from "../instruction.ts";
import { addressMask } from "./address.ts";
import { hex } from "./rows.ts";

/** #GP(0) for a target that is not canonical or beyond CS, before the instruction has changed anything else; `undo` takes back what it has. */
function checkTarget<V>(e: Emit<V>, width: Width, target: V, undo?: () => void): void {
  const outside = width === 64 ? e.ne(e.sar(64, e.shl(64, target, e.int(16)), e.int(16)), target) : e.call("beyondCode", target);
  e.when(outside, () => {
    undo?.();
    e.raise("#GP", e.int(0));
  });
}

const jmp = instruction("jmp", "SDM 2A, JMP", [
  "EB cb     rel8  ; f64",
  "E9 c*     rel*  ; f64",
  "FF /4     r/m*  ; f64",
], (e, { width, dst }) => {
  if (dst.kind === "rel") e.jumpRelative(width, dst);
  else e.jump(e.load(width, dst));
});

const jcc = CONDITIONS.map((condition, number) => instruction(`j${condition}`, "SDM 2A, Jcc", [
  `${hex(0x70 + number)} cb     rel8  ; f64`,
  `0F ${hex(0x80 + number)} c*  rel*  ; f64`,
], (e, { width, dst }) => e.branch(e.condition(condition), width, dst)));

const call = instruction("call", "SDM 2A, CALL", [
  "E8 c*     rel*  ; f64",
  "FF /2     r/m*  ; f64",
], (e, { width, dst }) => {
  if (dst.kind === "rel") {
    if (width !== 64) checkTarget(e, width, e.relativeTarget(width, dst));
    e.push(width, e.nextRip());
    e.jumpRelative(width, dst);
    return;
  }
  const target = e.load(width, dst);
  checkTarget(e, width, target);
  e.push(width, e.nextRip());
  e.jump(target);
});

const ret = instruction("ret", "SDM 2B, RET", [
  "C3                ; f64",
], (e, { width }) => {
  const top = e.reg(64, 4);
  const target = e.pop(width);
  checkTarget(e, width, target, () => e.setReg(64, 4, top));
  e.jump(target);
});

const retRelease = instruction("ret", "SDM 2B, RET", [
  "C2 iw     immu16  ; f64",
], (e, { width, dst }) => {
  const top = e.reg(64, 4);
  const target = e.pop(width);
  checkTarget(e, width, target, () => e.setReg(64, 4, top));
  const bytes = e.load(16, dst);
  if (width === 64) e.setReg(64, 4, e.add(64, e.reg(64, 4), bytes));
  else e.call("releaseStack", bytes);
  e.jump(target);
});

/** The count register of LOOP and JCXZ has the address width. */
function count<V>(e: Emit<V>): V {
  return e.and(e.reg(64, 1), addressMask(e));
}

/** The count register less one. @returns also whether it is not zero */
function countDown<V>(e: Emit<V>): { register: V; more: V } {
  const mask = addressMask(e), old = e.reg(64, 1);
  const left = e.and(e.sub(64, old, e.int(1)), mask);
  // a 16-bit count keeps the rest of RCX, a 32-bit one clears it
  const kept = e.select(e.eq(mask, e.int(0xffff)), e.and(old, e.int(0xffff_ffff_ffff_0000n)), e.int(0));
  return { register: e.or(kept, left), more: e.ne(left, e.int(0)) };
}

const loop = (mnemonic: string, opcode: string, also: <V>(e: Emit<V>, more: V) => V) => instruction(mnemonic, "SDM 2A, LOOP/LOOPcc", [
  `${opcode} cb     rel8  ; f64`,
], (e, { width, dst }) => {
  const { register, more } = countDown(e), taken = also(e, more);
  if (width !== 64) e.when(taken, () => checkTarget(e, width, e.relativeTarget(width, dst)));
  e.setReg(64, 1, register);
  e.branch(taken, width, dst);
});

const loops = [
  loop("loopne", "E0", (e, more) => e.and(more, e.condition("ne"))),
  loop("loope", "E1", (e, more) => e.and(more, e.condition("e"))),
  loop("loop", "E2", (_e, more) => more),
];

/** JCXZ, JECXZ or JRCXZ by address width. */
const jrcxz = instruction("jrcxz", "SDM 2A, Jcc", [
  "E3 cb     rel8  ; f64",
], (e, { width, dst }) => e.branch(e.isZero(count(e)), width, dst));

export const CONTROL: readonly Instruction[] = [jmp, ...jcc, call, ret, retRelease, ...loops, jrcxz];
