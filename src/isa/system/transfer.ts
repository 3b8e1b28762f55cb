// Transfers of control that change more than RIP: far ones, interrupts, system calls. Each is one helper, which writes RIP.

import { instruction, type Instruction } from "../instruction.ts";
import { loadFarPointer } from "./segment.ts";

const farJump = instruction("jmp", "SDM 2A, JMP", [
  "EA     ptr16:*  ; no64",
  "FF /5  m16:*",
], (e, operands) => {
  const { width, dst, src } = operands;
  const { offset, selector } = dst.kind === "mem" ? loadFarPointer(e, operands, dst) : { offset: e.load(width, dst), selector: e.load(16, src) };
  e.call("farJump", selector, offset, e.int(width / 8));
  e.leave();
});

const farCall = instruction("call", "SDM 2A, CALL", [
  "9A     ptr16:*  ; no64",
  "FF /3  m16:*",
], (e, operands) => {
  const { width, dst, src } = operands;
  const { offset, selector } = dst.kind === "mem" ? loadFarPointer(e, operands, dst) : { offset: e.load(width, dst), selector: e.load(16, src) };
  e.call("farCall", selector, offset, e.int(width / 8), e.nextRip());
  e.leave();
});

const farReturn = instruction("retf", "SDM 2B, RET", ["CB  ; *"], (e, { width }) => {
  e.call("farReturn", e.int(width / 8), e.int(0));
  e.leave();
});
const farReturnRelease = instruction("retf", "SDM 2B, RET", ["CA iw  immu16  ; *"], (e, { width, dst }) => {
  e.call("farReturn", e.int(width / 8), e.load(16, dst));
  e.leave();
});

const iret = ([["iret", 16], ["iretd", 32], ["iretq", 64]] as const).map(([mnemonic, width]) =>
  instruction(mnemonic, "SDM 2A, IRET/IRETD/IRETQ", [`o${width} CF`], (e) => {
    e.call("interruptReturn", e.int(width / 8));
    e.leave();
  }));

const int = instruction("int", "SDM 2A, INT n/INTO/INT3/INT1", ["CD ib  immu8"], (e, { dst }) => {
  e.call("softwareInterrupt", e.load(8, dst), e.nextRip());
  e.leave();
});
const int3 = instruction("int3", "SDM 2A, INT n/INTO/INT3/INT1", ["CC"], (e) => {
  e.call("softwareInterrupt", e.int(3), e.nextRip());
  e.leave();
});
const int1 = instruction("int1", "SDM 2A, INT n/INTO/INT3/INT1", ["F1"], (e) => {
  e.call("interrupt1", e.nextRip());
  e.leave();
});
const into = instruction("into", "SDM 2A, INT n/INTO/INT3/INT1", ["CE  ; no64"], (e) => {
  e.when(e.flag("of"), () => {
    e.call("softwareInterrupt", e.int(4), e.nextRip());
    e.leave();
  });
});

const syscall = instruction("syscall", "SDM 2B, SYSCALL", ["0F 05"], (e) => {
  e.call("systemCall", e.nextRip());
  e.leave();
});
/** 64-bit operand size returns to 64-bit code. */
const returns = ([["sysret", "0F 07", "SDM 2B, SYSRET", "systemReturn"], ["sysexit", "0F 35", "SDM 2B, SYSEXIT", "systemExit"]] as const)
  .flatMap(([mnemonic, opcode, source, helper]) => [
    instruction(mnemonic, source, [`o16 ${opcode}  ; cpl0`, `o32 ${opcode}  ; cpl0`], (e) => {
      e.call(helper, e.int(4));
      e.leave();
    }),
    instruction(`${mnemonic}q`, source, [`o64 ${opcode}  ; cpl0`], (e) => {
      e.call(helper, e.int(8));
      e.leave();
    }),
  ]);
const sysenter = instruction("sysenter", "SDM 2B, SYSENTER", ["0F 34"], (e) => {
  e.call("systemEnter");
  e.leave();
});
export const TRANSFER: readonly Instruction[] = [farJump, farCall, farReturn, farReturnRelease, ...iret, int, int3, int1, into, syscall, ...returns, sysenter];
