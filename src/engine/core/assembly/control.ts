// Control registers and what follows from them.
import { At, C } from "./generated/layout";
import { CR0_EM, CR0_PE, CR0_TS, CR4_OSFXSR, EFER_LMA, protectedMode, vcpu } from "./state";
import { AC_FLAG, VM } from "./flags";
import { viewFor } from "./tlb";

const ATTRIBUTE_L: u32 = 0x2000, ATTRIBUTE_DB: u32 = 0x4000;

/** Recomputes what is derived: mode, tlb, fpuTrap. */
export function sync(): void {
  const cr0 = load<u64>(vcpu, At.cr0), flags = load<u32>(vcpu, At.flagRest);
  const cs = load<u32>(vcpu + At.segAttr + 4 * C.SEG_CS), ss = load<u32>(vcpu + At.segAttr + 4 * C.SEG_SS);
  let mode: u32 = cs & ATTRIBUTE_DB ? C.MODE_CODE32 : C.MODE_CODE16;
  if (cr0 & CR0_PE) {
    if (flags & <u32>VM) mode |= C.MODE_VM86;
    else mode |= C.MODE_PROTECTED;
    if ((load<u64>(vcpu, At.efer) & EFER_LMA) && (cs & ATTRIBUTE_L)) mode = C.MODE_CODE64 | C.MODE_PROTECTED;
  }
  if (ss & ATTRIBUTE_DB) mode |= C.MODE_STACK32;
  store<u32>(vcpu, mode, At.mode);
  syncView();
  let trap: u32 = 0;
  if (cr0 & (CR0_EM | CR0_TS)) trap |= 1;
  if ((cr0 & CR0_EM) || !(load<u64>(vcpu, At.cr4) & CR4_OSFXSR)) trap |= 2;
  if (cr0 & CR0_TS) trap |= 4;
  if (cr0 & CR0_EM) trap |= 8;
  store<u32>(vcpu, trap, At.fpuTrap);
}

/** The part of sync that depends on CPL, AC and SMAP alone. */
export function syncView(): void {
  const ac = (load<u32>(vcpu, At.flagRest) & <u32>AC_FLAG) != 0;
  const view = viewFor(protectedMode() ? load<u32>(vcpu, At.cpl) : 0, ac);
  store<u32>(vcpu, load<u32>(vcpu, At.tlbArea) + view * <u32>(C.TLB_ENTRIES * C.TLB_ENTRY_BYTES), At.tlb);
}
