// INVLPG and INVPCID.
import { At, C } from "../generated/layout";
import { canonical, code64, CR4_PCIDE, GP, raise, vcpu } from "../state";
import { baseOf } from "../segment/descriptor";
import { load64 } from "./memory";
import { flush, flushContexts, flushPcid, invalidate } from "./tlb";

/** INVLPG of an offset in a segment; an address that is not canonical has no translation. */
export function invalidatePage(segment: u32, offset: u64): void {
  const wide = code64();
  const linear = wide ? (segment == C.SEG_FS || segment == C.SEG_GS ? baseOf(segment) + offset : offset) : (baseOf(segment) + offset) & 0xffff_ffff;
  if (!wide || canonical(linear)) invalidate(linear);
}
/** INVPCID. */
export function invalidateContext(type: u64, descriptor: u64): void {
  const pcid = load64(descriptor);
  if (load<u32>(vcpu, At.fault)) return;
  const linear = load64(descriptor + 8);
  if (load<u32>(vcpu, At.fault)) return;
  if (type > 3 || pcid > 0xfff) return raise(GP, 0);
  if (type < 2 && pcid && !(load<u64>(vcpu, At.cr4) & CR4_PCIDE)) return raise(GP, 0);
  if (type == 0 && !canonical(linear)) return raise(GP, 0);
  if (type == 0) invalidate(linear);
  else if (type == 1) flushPcid(<u32>pcid);
  else if (type == 3) flushContexts();
  else flush();
}
