// Segment registers, LDTR and TR (SDM 2A and 2B; what a load checks is in engine/core).

import type { Emit, Operand, Operands } from "../emit.ts";
import { instruction, type Instruction } from "../instruction.ts";
import { resume } from "./resume.ts";

const SS = 2, LDTR = 6, TR = 7;

const movFrom = instruction("mov", "SDM 2B, MOV", ["8C /r  r*/m16  Sreg"], (e, { width, dst, src }) => {
  const selector = e.call("readSelector", e.registerNumber(src));
  e.store(dst.kind === "mem" ? 16 : width, dst, selector);
});

/** SS changes the stack's width, and interrupts wait for one more instruction. */
const movTo = instruction("mov", "SDM 2B, MOV", ["8E /r  Sreg  r*/m16"], (e, { dst, src }) => {
  e.call("loadSegmentRegister", e.registerNumber(dst), e.load(16, src));
  resume(e);
});

const push = instruction("push", "SDM 2B, PUSH", [
  "06     es  ; * no64",
  "0E     cs  ; * no64",
  "16     ss  ; * no64",
  "1E     ds  ; * no64",
  "0F A0  fs  ; d64",
  "0F A8  gs  ; d64",
], (e, { width, dst }) => e.push(width, e.call("readSelector", e.registerNumber(dst))));

const pop = instruction("pop", "SDM 2B, POP", [
  "07     es  ; * no64",
  "1F     ds  ; * no64",
  "0F A1  fs  ; d64",
  "0F A9  gs  ; d64",
], (e, { width, dst }) => { e.call("popSegment", e.registerNumber(dst), e.int(width / 8)); });
const popStack = instruction("pop", "SDM 2B, POP", ["17  ss  ; * no64"], (e, { width, dst }) => {
  e.call("popSegment", e.registerNumber(dst), e.int(width / 8));
  resume(e);
});

/** Offset and selector of a far pointer in memory. */
export function loadFarPointer<V>(e: Emit<V>, { width }: Operands, operand: Operand): { offset: V; selector: V } {
  const linear = e.linearAddress(operand, width / 8 + 2, "read");
  const offset = e.loadLinear(width, linear);
  return { offset, selector: e.loadLinear(16, e.add(64, linear, e.int(width / 8))) };
}

const farLoads = ([["lds", "C5", 3, "no64"], ["les", "C4", 0, "no64"], ["lss", "0F B2", SS, ""], ["lfs", "0F B4", 4, ""], ["lgs", "0F B5", 5, ""]] as const)
  .map(([mnemonic, opcode, segment, attributes]) => instruction(mnemonic, "SDM 2A, LDS/LES/LFS/LGS/LSS", [`${opcode} /r  r*  m16:*  ; ${attributes}`], (e, operands) => {
    const { offset, selector } = loadFarPointer(e, operands, operands.src);
    e.call("loadSegmentRegister", e.int(segment), selector);
    e.store(operands.width, operands.dst, offset);
    if (segment === SS) resume(e);
  }));

const lldt = instruction("lldt", "SDM 2A, LLDT", ["0F 00 /2  r*/m16  ; protected cpl0"], (e, { dst }) => { e.call("loadLdt", e.load(16, dst)); });
const ltr = instruction("ltr", "SDM 2A, LTR", ["0F 00 /3  r*/m16  ; protected cpl0"], (e, { dst }) => { e.call("loadTask", e.load(16, dst)); });

const storeSelector = (mnemonic: string, digit: number, segment: number) => instruction(mnemonic, `SDM 2B, ${mnemonic.toUpperCase()}`, [
  `0F 00 /${digit}  r*/m16  ; protected`,
], (e, { width, dst }) => {
  e.call("checkUserMode");
  e.store(dst.kind === "mem" ? 16 : width, dst, e.call("readSelector", e.int(segment)));
});
const sldt = storeSelector("sldt", 0, LDTR), str = storeSelector("str", 1, TR);

const look = (mnemonic: string, opcode: string, helper: "accessRights" | "segmentLimit") => instruction(mnemonic, `SDM 2A, ${mnemonic.toUpperCase()}`, [
  `0F ${opcode} /r  r*  r*/m16  ; protected`,
], (e, { width, dst, src }) => {
  const answer = e.call(helper, e.load(16, src));
  const visible = e.shr(64, answer, e.int(32));
  e.when(visible, () => e.store(width, dst, e.zeroExtend(width, e.zeroExtend(32, answer)))); // else not even the upper half changes
  e.setFlag("zf", visible);
});
const lar = look("lar", "02", "accessRights"), lsl = look("lsl", "03", "segmentLimit");

const verify = (mnemonic: string, digit: number, write: number) => instruction(mnemonic, "SDM 2B, VERR/VERW", [
  `0F 00 /${digit}  r*/m16  ; protected`,
], (e, { dst }) => e.setFlag("zf", e.call("verifySegment", e.load(16, dst), e.int(write))));
const verr = verify("verr", 4, 0), verw = verify("verw", 5, 1);

/** Raises the requested privilege level of a selector to that of another. */
const arpl = instruction("arpl", "SDM 2A, ARPL", ["63 /r  r*/m16  r*  ; no64 protected"], (e, { dst, src }) => {
  const rpl = e.and(e.load(16, src), e.int(3));
  let lower = rpl;
  e.update(16, dst, (old) => {
    lower = e.ltU(e.and(old, e.int(3)), rpl);
    return e.select(lower, e.or(e.and(old, e.int(0xfffc)), rpl), old);
  });
  e.setFlag("zf", lower);
});

export const SEGMENT: readonly Instruction[] = [movFrom, movTo, push, pop, popStack, ...farLoads, lldt, ltr, sldt, str, lar, lsl, verr, verw, arpl];
