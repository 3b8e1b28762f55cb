// The stack. Where an instruction pushes or pops several values, or its pointer is narrower than 64 bits, a helper does it, so that a
// fault in the middle leaves the registers as they were.

import { instruction, type Instruction } from "../instruction.ts";

const push = instruction("push", "SDM 2B, PUSH", [
  "50 +r     r*    ; d64",
  "FF /6     r/m*  ; d64",
  "6A ib     imm8  ; d64",
  "68 i*     imm*  ; d64",
], (e, { width, dst }) => e.push(width, e.load(width, dst)));

const pop = instruction("pop", "SDM 2B, POP", [
  "58 +r     r*    ; d64",
  "8F /0     r/m*  ; d64",
], (e, { width, dst }) => {
  if (dst.kind === "reg") return e.store(width, dst, e.pop(width));
  // an address based on RSP is that after the pop, yet a fault of the store must not show it
  const before = e.reg(64, 4);
  const value = e.pop(width);
  const after = e.reg(64, 4);
  const offset = e.effectiveAddress(dst);
  e.setReg(64, 4, before);
  e.storeLinear(width, e.linear(e.decoded("segment"), offset, width / 8, "write"), value);
  e.setReg(64, 4, after);
});

const pusha = instruction("pusha", "SDM 2B, PUSHA/PUSHAD", ["60  ; * no64"], (e, { width }) => {
  e.call("pushAll", e.int(width / 8));
});

const popa = instruction("popa", "SDM 2B, POPA/POPAD", ["61  ; * no64"], (e, { width }) => {
  e.call("popAll", e.int(width / 8));
});

const enter = instruction("enter", "SDM 2A, ENTER", [
  "C8 iw ib  immu16 immu8  ; d64",
], (e, { width, dst, src }) => {
  e.call("enterFrame", e.int(width / 8), e.load(16, dst), e.load(8, src));
});

const leave = instruction("leave", "SDM 2A, LEAVE", ["C9  ; d64"], (e, { width }) => {
  if (width !== 64) {
    e.call("leaveFrame", e.int(width / 8));
    return;
  }
  const frame = e.reg(64, 5);
  const caller = e.loadLinear(64, e.linear(e.int(2), frame, 8, "read"));
  e.setReg(64, 4, e.add(64, frame, e.int(8)));
  e.setReg(64, 5, caller);
});

export const STACK: readonly Instruction[] = [push, pop, pusha, popa, enter, leave];
