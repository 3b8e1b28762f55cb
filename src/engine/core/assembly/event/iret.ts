// IRET in every mode (SDM 2A, IRET/IRETD/IRETQ). `bytes` is the operand size.
import { At, C } from "../generated/layout";
import { code64, GP, longMode, protectedMode, raise, unsupported, vcpu } from "../state";
import { AC_FLAG, ARITHMETIC, DF_FLAG, ID, IF, IOPL, NT, RF, TF, VIF, VIP, VM, writeFlags } from "../processor/flags";
import { limitOf, setRealSegment } from "../segment/descriptor";
import { closeStack, openCurrentStack, popOff } from "../segment/stack";
import { returnTo } from "../segment/far";
import { stepsForBreakpoints } from "./debug";
import { sync } from "../processor/control";

const ALWAYS: u64 = ARITHMETIC | TF | DF_FLAG | NT;

export function interruptReturn(bytes: u32): void {
  const flags = load<u32>(vcpu, At.flagRest);
  if (flags & <u32>VM) return unsupported(C.UNSUPPORTED_VM86);
  if (protectedMode() && (flags & <u32>NT)) return longMode() ? raise(GP, 0) : unsupported(C.UNSUPPORTED_TASK); // return from a nested task
  openCurrentStack();
  const rip = popOff(bytes), selector = <u32>popOff(bytes) & 0xffff, saved = popOff(bytes);
  if (load<u32>(vcpu, At.fault)) return;
  const wide = bytes == 2 ? 0 : RF | AC_FLAG | ID;
  if (!protectedMode()) {
    if (rip > <u64>limitOf(C.SEG_CS)) return raise(GP, 0);
    setRealSegment(C.SEG_CS, selector);
    closeStack();
    store<u64>(vcpu, rip, At.rip);
    restoreFlags(saved, ALWAYS | wide | IF | IOPL);
    return;
  }
  const cpl = load<u32>(vcpu, At.cpl);
  if (bytes != 2 && (saved & VM) && cpl == 0 && !longMode()) return unsupported(C.UNSUPPORTED_VM86);
  let mask = ALWAYS | wide;
  if (cpl <= ((flags >> 12) & 3)) mask |= IF;
  if (cpl == 0) mask |= bytes == 2 ? IOPL : IOPL | VIF | VIP;
  if (returnTo(selector, rip, bytes, 0, code64())) restoreFlags(saved, mask);
}

function restoreFlags(saved: u64, mask: u64): void {
  // RF matters only where breakpoints make the engine look at every instruction
  if (!stepsForBreakpoints()) saved &= ~RF;
  writeFlags(saved, mask);
  store<u32>(vcpu, load<u32>(vcpu, At.blocking) & ~C.BLOCKING_NMI, At.blocking);
  sync();
}
