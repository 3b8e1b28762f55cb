// Registers after RESET and INIT (SDM 3A, Processor State After Reset; 64-bit processors start in real-address mode).
import { At, C } from "../generated/layout";
import { setReg, vcpu } from "../state";
import { setSegment } from "../segment/descriptor";
import { flush } from "../memory/tlb";
import { sync } from "../processor/control";

/** Family 6, model 0x36 (CPUID leaf 1): RDX after reset. */
export const SIGNATURE: u32 = 0x0003_0661;
const APIC_BSP: u64 = 0x100, APIC_ENABLED: u64 = 0x800;

/** What RESET and INIT have in common. */
function common(): void {
  for (let i: u32 = 0; i < 16; i++) setReg(i, 0);
  setReg(2, SIGNATURE);
  store<u64>(vcpu, 0, At.zero);
  for (let segment: u32 = 0; segment < 6; segment++) setSegment(segment, 0, 0, 0xffff, 0x93);
  setSegment(C.SEG_CS, 0xf000, 0xffff_0000, 0xffff, 0x93);
  setSegment(C.SEG_LDTR, 0, 0, 0xffff, 0x82);
  setSegment(C.SEG_TR, 0, 0, 0xffff, 0x8b);
  setSegment(C.SEG_NONE, 0, 0, 0xffff_ffff, 0xc093);
  store<u64>(vcpu, 0xfff0, At.rip);
  store<u64>(vcpu, 1, At.flagResult);
  store<u64>(vcpu, 0, At.flagAux);
  store<u32>(vcpu, 2, At.flagRest);
  store<u64>(vcpu, 0, At.gdtBase);
  store<u64>(vcpu, 0, At.idtBase);
  store<u32>(vcpu, 0xffff, At.gdtLimit);
  store<u32>(vcpu, 0xffff, At.idtLimit);
  store<u32>(vcpu, 0, At.cpl);
  store<u64>(vcpu, 0, At.cr2);
  store<u64>(vcpu, 0, At.cr3);
  store<u64>(vcpu, 0, At.cr4);
  store<u64>(vcpu, 0, At.efer);
  for (let i: usize = 0; i < 8; i++) store<u64>(vcpu + At.dr + (i << 3), 0);
  store<u64>(vcpu + At.dr + 48, 0xffff_0ff0);
  store<u64>(vcpu + At.dr + 56, 0x400);
  store<u64>(vcpu, 0, At.xss);
  store<u32>(vcpu, 0, At.fault);
  store<u32>(vcpu, 0, At.shadow);
  store<u32>(vcpu, 0, At.blocking);
  store<u32>(vcpu, 0, At.exitReason);
}

/** Power-on or RESET. The first vCPU begins, the others wait for SIPI. */
export function reset(): void {
  common();
  store<u64>(vcpu, 0x6000_0010, At.cr0);
  store<u64>(vcpu, 1, At.xcr0);
  memory.fill(vcpu + At.star, 0, At.xmm - At.star);
  store<u64>(vcpu, 0x0007_0406_0007_0406, At.pat);
  store<u64>(vcpu, 1, At.miscEnable); // fast strings
  const first = load<u32>(vcpu, At.apicId) == 0;
  store<u64>(vcpu, 0xfee0_0000 | APIC_ENABLED | (first ? APIC_BSP : 0), At.apicBase);
  memory.fill(vcpu + At.xmm, 0, At.mxcsr - At.xmm);
  store<u32>(vcpu, 0x1f80, At.mxcsr);
  store<u32>(vcpu, 0x40, At.fcw);
  store<u32>(vcpu, 0, At.fsw);
  store<u32>(vcpu, 0xff, At.ftw); // RESET leaves the registers valid and zero; FINIT empties them
  memory.fill(vcpu + At.fop, 0, At.scratch - At.fop);
  store<u64>(vcpu, 0, At.retired);
  atomic.and<u32>(vcpu + At.attention, C.ATTENTION_MAIL); // decoded code outlives a reset
  store<u32>(vcpu, first ? C.ACTIVITY_RUNNING : C.ACTIVITY_WAIT_SIPI, At.activity);
  flush();
  sync();
}

/** INIT: caches' policy, MSRs, x87 and SSE state stay. */
export function initialize(): void {
  common();
  store<u64>(vcpu, (load<u64>(vcpu, At.cr0) & 0x6000_0000) | 0x10, At.cr0);
  store<u32>(vcpu, load<u64>(vcpu, At.apicBase) & APIC_BSP ? C.ACTIVITY_RUNNING : C.ACTIVITY_WAIT_SIPI, At.activity);
  flush();
  sync();
}
