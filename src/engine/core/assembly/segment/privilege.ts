// Small things that depend on privilege: STI, STAC and CLAC, the FSGSBASE instructions.
import { At, C } from "../generated/layout";
import { canonical, CR4_FSGSBASE, GP, raise, setAttention, UD, vcpu } from "../state";
import { AC_FLAG, IF, IOPL } from "../processor/flags";
import { baseOf } from "./descriptor";
import { syncView } from "../processor/control";
import { SHADOW_STI } from "../event/debug";

/** STI: interrupts wait for one more instruction when they were off. Where that follows in any case and nothing asks for attention, no interrupt is known
 * that could wait: whatever comes now comes later.
 * @returns 1 when the border behind must be looked at; then RIP is `nextRip` */
export function enableInterrupts(nextRip: u64, last: u32): u32 {
  const rest = load<u32>(vcpu, At.flagRest);
  if (load<u32>(vcpu, At.cpl) > ((rest & <u32>IOPL) >> 12)) {
    raise(GP, 0);
    return 0;
  }
  if (rest & <u32>IF) return 0;
  store<u32>(vcpu, rest | <u32>IF, At.flagRest);
  if (!last && !atomic.load<u32>(vcpu + At.attention)) return 0;
  store<u32>(vcpu, SHADOW_STI, At.shadow);
  store<u64>(vcpu, nextRip, At.rip);
  setAttention(C.ATTENTION_STEP);
  return 1;
}
/** STAC and CLAC: `on` is 1 or 0. */
export function accessControl(on: u32): void {
  const rest = load<u32>(vcpu, At.flagRest);
  store<u32>(vcpu, on ? rest | <u32>AC_FLAG : rest & ~<u32>AC_FLAG, At.flagRest);
  syncView();
}

/** FSGSBASE instructions are there when CR4 says so. */
export function checkFsGsBase(): void {
  if (!(load<u64>(vcpu, At.cr4) & CR4_FSGSBASE)) raise(UD, 0);
}
export function readBase(segment: u32): u64 {
  return baseOf(segment);
}
/** `base` is canonical, or #GP(0). */
export function writeBase(segment: u32, base: u64): void {
  if (!canonical(base)) return raise(GP, 0);
  store<u64>(vcpu + At.segBase + (<usize>segment << 3), base);
}
