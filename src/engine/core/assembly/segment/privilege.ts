// Small things that depend on privilege: STI, STAC and CLAC, the FSGSBASE instructions.
import { At } from "../generated/layout";
import { canonical, CR4_FSGSBASE, GP, raise, UD, vcpu } from "../state";
import { AC_FLAG, IF, IOPL } from "../processor/flags";
import { baseOf } from "./descriptor";
import { syncView } from "../processor/control";
import { SHADOW_STI } from "../event/debug";

/** STI: interrupts wait for one more instruction when they were off. */
export function enableInterrupts(): void {
  const rest = load<u32>(vcpu, At.flagRest);
  if (load<u32>(vcpu, At.cpl) > ((rest & <u32>IOPL) >> 12)) return raise(GP, 0);
  if (rest & <u32>IF) return;
  store<u32>(vcpu, rest | <u32>IF, At.flagRest);
  store<u32>(vcpu, SHADOW_STI, At.shadow);
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
