// x87: control and status words, environment, stack management. Mnemonics with N do not wait for a pending exception.
// CR0.NE = 0 (exceptions reported by an external interrupt, as in the PC/AT) is treated as if IGNNE# were asserted: nothing is reported.
// FCS and FDS are always 0, as on CPUs that report them deprecated (CPUID leaf 7, EBX bit 13).

import { instruction, type Instruction } from "../instruction.ts";
import { begin } from "./begin.ts";

export const X87_CONTROL: readonly Instruction[] = [
  instruction("WAIT", "SDM 2B, WAIT/FWAIT", ["9B"], (e) => {
    e.call("x87Wait"); // no attribute x87: CR0.EM does not matter, and CR0.TS only with CR0.MP
  }),
  instruction("FNINIT", "SDM 2A, FINIT/FNINIT", ["DB E3  ; x87"], (e) => {
    e.call("x87Init");
  }),
  instruction("FNCLEX", "SDM 2A, FCLEX/FNCLEX", ["DB E2  ; x87"], (e) => {
    e.call("x87ClearExceptions");
  }),
  // of the 8087 and 80287: nothing since the 80387
  instruction("FNENI", "SDM 3B, x87 FPU Compatibility", ["DB E0  ; x87"], () => {}),
  instruction("FNDISI", "SDM 3B, x87 FPU Compatibility", ["DB E1  ; x87"], () => {}),
  instruction("FNSETPM", "SDM 3B, x87 FPU Compatibility", ["DB E4  ; x87"], () => {}),
  instruction("FNSTSW", "SDM 2A, FSTSW/FNSTSW", ["DD /7  m16  ; x87", "DF E0  ax  ; x87"], (e, { dst }) => {
    e.store(16, dst, e.call("x87StatusWord"));
  }),
  instruction("FNSTCW", "SDM 2A, FSTCW/FNSTCW", ["D9 /7  m16  ; x87"], (e, { dst }) => {
    e.store(16, dst, e.call("x87ControlWord"));
  }),
  instruction("FLDCW", "SDM 2A, FLDCW", ["D9 /5  m16  ; x87"], (e, { dst }) => {
    e.call("x87Pending");
    e.call("x87LoadControlWord", e.load(16, dst));
  }),
  instruction("FLDENV", "SDM 2A, FLDENV", ["D9 /4  m  ; * x87"], (e, { width, dst }) => {
    e.call("x87Pending");
    e.call("x87LoadEnvironment", e.linearAddress(dst, width === 16 ? 14 : 28, "read"), e.int(width));
  }),
  instruction("FNSTENV", "SDM 2A, FSTENV/FNSTENV", ["D9 /6  m  ; * x87"], (e, { width, dst }) => {
    e.call("x87StoreEnvironment", e.linearAddress(dst, width === 16 ? 14 : 28, "write"), e.int(width));
  }),
  instruction("FRSTOR", "SDM 2A, FRSTOR", ["DD /4  m  ; * x87"], (e, { width, dst }) => {
    e.call("x87Pending");
    e.call("x87Restore", e.linearAddress(dst, width === 16 ? 94 : 108, "read"), e.int(width));
  }),
  instruction("FNSAVE", "SDM 2A, FSAVE/FNSAVE", ["DD /6  m  ; * x87"], (e, { width, dst }) => {
    e.call("x87Save", e.linearAddress(dst, width === 16 ? 94 : 108, "write"), e.int(width));
  }),
  instruction("FFREE", "SDM 2A, FFREE", ["DD C0 +r  st(i)  ; x87"], (e) => {
    begin(e);
    e.call("x87Free", e.int(0));
  }),
  instruction("FFREEP", "AMD64 APM 5, FFREE", ["DF C0 +r  st(i)  ; x87"], (e) => {
    begin(e);
    e.call("x87Free", e.int(1));
  }),
  instruction("FDECSTP", "SDM 2A, FDECSTP", ["D9 F6  ; x87"], (e) => {
    begin(e);
    e.call("x87RotateStack", e.int(-1));
  }),
  instruction("FINCSTP", "SDM 2A, FINCSTP", ["D9 F7  ; x87"], (e) => {
    begin(e);
    e.call("x87RotateStack", e.int(1));
  }),
  instruction("FNOP", "SDM 2A, FNOP", ["D9 D0  ; x87"], (e) => {
    begin(e);
    e.call("x87Nop");
  }),
];
