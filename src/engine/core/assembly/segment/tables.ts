// LGDT, LIDT, SGDT, SIDT, and what CR4.UMIP forbids to programs.
import { At } from "../generated/layout";
import { canonical, code64, CR4_UMIP, GP, raise, vcpu } from "../state";
import { load16, load32, load64, probeWrite, store16, store32, store64 } from "../memory/memory";

/** LGDT (`interrupt` 0) and LIDT (1): `bytes` is the operand size. */
export function loadTable(linear: u64, bytes: u32, interrupt: u32): void {
  const limit = load16(linear), wide = code64();
  if (load<u32>(vcpu, At.fault)) return;
  let base = wide ? load64(linear + 2) : load32(linear + 2);
  if (load<u32>(vcpu, At.fault)) return;
  if (!wide && bytes == 2) base &= 0xff_ffff;
  if (wide && !canonical(base)) return raise(GP, 0);
  store<u64>(vcpu + (interrupt ? At.idtBase : At.gdtBase), base);
  store<u32>(vcpu + (interrupt ? At.idtLimit : At.gdtLimit), <u32>limit);
}
/** SGDT and SIDT. */
export function storeTable(linear: u64, interrupt: u32): void {
  const wide = code64(), base = load<u64>(vcpu + (interrupt ? At.idtBase : At.gdtBase));
  probeWrite(linear, wide ? 10 : 6);
  if (load<u32>(vcpu, At.fault)) return;
  store16(linear, <u64>load<u32>(vcpu + (interrupt ? At.idtLimit : At.gdtLimit)));
  if (wide) store64(linear + 2, base);
  else store32(linear + 2, base & 0xffff_ffff);
}
/** #GP(0) for SGDT, SIDT, SLDT, STR and SMSW of a program under CR4.UMIP. */
export function checkUserMode(): void {
  if (load<u32>(vcpu, At.cpl) && (load<u64>(vcpu, At.cr4) & CR4_UMIP)) raise(GP, 0);
}
