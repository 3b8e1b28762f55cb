// POPF: the one way for a program to write all of RFLAGS (SDM 2B, POPF/POPFD/POPFQ).
import { At, C } from "../generated/layout";
import { protectedMode, unsupported, vcpu } from "../state";
import { AC_FLAG, IF, IOPL, ID, NT, readFlags, RF, TF, VM, ARITHMETIC, DF_FLAG, writeFlags } from "./flags";
import { syncView } from "./control";

const ALWAYS: u64 = ARITHMETIC | TF | DF_FLAG | NT | RF;

/** Writes the flags that this privilege level may write; RF becomes 0.
 * @returns 1 when what follows depends on it (TF, AC, an interrupt that is now let in); then RIP is `nextRip` */
export function popFlags(value: u64, width: u32, nextRip: u64): u32 {
  const old = readFlags();
  if (old & VM) {
    unsupported(C.UNSUPPORTED_VM86);
    return 0;
  }
  const cpl = protectedMode() ? load<u32>(vcpu, At.cpl) : 0;
  let mask = ALWAYS;
  if (cpl == 0) mask |= IOPL;
  if (cpl <= (<u32>(old >> 12) & 3)) mask |= IF;
  if (width > 16) mask |= AC_FLAG | ID;
  writeFlags(value & ~RF, mask);
  const now = readFlags(), changed = old ^ now;
  if (changed & AC_FLAG) syncView();
  if (!(changed & AC_FLAG) && !(now & TF) && !(changed & now & IF)) return 0;
  store<u64>(vcpu, nextRip, At.rip);
  return 1;
}
