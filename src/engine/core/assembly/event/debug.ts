// Debug registers (SDM 3B, Debug, Branch Profile, TSC). Breakpoints make the engine step; the page of an enabled data
// breakpoint is kept out of the TLB, so that every access to it comes through the slow paths. I/O breakpoints never match.
import { At, C } from "../generated/layout";
import { CR4_DE, DB, GP, raise, setAttention, UD, vcpu } from "../state";
import { RF } from "../processor/flags";
import { dropBlockOf } from "../blocks";
import { flush } from "../memory/tlb";

const DR6: usize = At.dr + 48, DR7: usize = At.dr + 56;
const DR6_BS: u64 = 0x4000;
const EXECUTE: u32 = 0, WRITES: u32 = 1, READS_WRITES: u32 = 3;

/** DR6 bits of data breakpoints that the current instruction met. */
let met: u64 = 0;

// @ts-ignore: decorator
@inline function enabled(dr7: u32, i: u32): bool {
  return ((dr7 >> (i << 1)) & 3) != 0;
}
// @ts-ignore: decorator
@inline function kind(dr7: u32, i: u32): u32 {
  return (dr7 >> (16 + (i << 2))) & 3;
}
function lengthOf(dr7: u32, i: u32): u64 {
  const code = (dr7 >> (18 + (i << 2))) & 3;
  return code == 0 ? 1 : code == 1 ? 2 : code == 2 ? 8 : 4;
}

/** Whether a page holds an enabled data breakpoint, or a watchpoint of a debugger. */
export function watching(page: u64): bool {
  for (let i: u32 = 0, count = load<u32>(vcpu, At.watchCount); i < count; i++)
    if (page <= watchEnd(i) && watchStart(i) <= page + 0xfff) return true;
  const dr7 = <u32>load<u64>(vcpu + DR7);
  if (!(dr7 & 0xff)) return false;
  for (let i: u32 = 0; i < 4; i++) {
    if (!enabled(dr7, i) || kind(dr7, i) == EXECUTE) continue;
    if ((load<u64>(vcpu + At.dr + (<usize>i << 3)) & ~0xfff) == page) return true;
  }
  return false;
}

/** Whether any page may. */
export function watchingAny(): bool {
  return load<u32>(vcpu, At.watchCount) != 0 || (load<u64>(vcpu + DR7) & 0xff) != 0;
}

// @ts-ignore: decorator
@inline function watchStart(i: u32): u64 {
  return load<u64>(vcpu + At.watchAddress + (<usize>i << 3));
}
/** The last byte. */
// @ts-ignore: decorator
@inline function watchEnd(i: u32): u64 {
  return watchStart(i) + load<u64>(vcpu + At.watchBytes + (<usize>i << 3)) - 1;
}

/** An access has been made: a debugger that watches it stops the vCPU behind the instruction. Whoever calls from the middle of one that goes on
 * looks at `stopping`. */
export function watchForDebugger(linear: u64, bytes: u32, write: bool): void {
  const count = load<u32>(vcpu, At.watchCount);
  if (!count || load<u32>(vcpu, At.stopped)) return;
  for (let i: u32 = 0; i < count; i++) {
    if (!(load<u32>(vcpu + At.watchAccess + (<usize>i << 2)) & (write ? 2 : 1))) continue;
    if (linear > watchEnd(i) || watchStart(i) > linear + bytes - 1) continue;
    store<u32>(vcpu, STOPPED_WATCHPOINT + i, At.stopped);
    store<u64>(vcpu, max<u64>(linear, watchStart(i)), At.exitDetail);
    if (load<u32>(vcpu, At.exitReason) == C.EXIT_NONE) store<u32>(vcpu, C.EXIT_DEBUG, At.exitReason);
    setAttention(C.ATTENTION_EXIT);
    const operation = load<u32>(vcpu, At.operation);
    if (operation) dropBlockOf(operation);
    return;
  }
}
const STOPPED_BREAKPOINT: u32 = 1, STOPPED_WATCHPOINT: u32 = 2;

/** Whether the instruction that executes shall be the last, and of repeated ones the iteration. */
export function stopping(): bool {
  return load<u32>(vcpu, At.stopped) != 0;
}

const WITHHELD_RF: u32 = 0x10000;
/** `run` is about to leave before the instruction at RIP: what the border did for it is undone, so that the next run does it again. */
export function stopAtBreakpoint(): void {
  const withheld = load<u32>(vcpu, At.withheld), shadow = withheld & 0xffff;
  if (withheld & WITHHELD_RF) store<u32>(vcpu, load<u32>(vcpu, At.flagRest) | <u32>RF, At.flagRest);
  if (shadow) store<u32>(vcpu, shadow, At.shadow);
  // behind MOV SS it was there before
  if (shadow != SHADOW_MOV_SS) store<u32>(vcpu, load<u32>(vcpu, At.blocking) & ~C.BLOCKING_STEP, At.blocking);
  store<u32>(vcpu, STOPPED_BREAKPOINT, At.stopped);
  store<u32>(vcpu, C.EXIT_DEBUG, At.exitReason);
}
/** `shadow` after STI; and after MOV SS and POP SS, where debug traps wait too (SDM 3A, Masking Exceptions and Interrupts When Switching Stacks). */
export const SHADOW_STI: u32 = 1, SHADOW_MOV_SS: u32 = 2;

/** Notes data breakpoints that an access meets; #DB follows the instruction. */
export function watchAccess(linear: u64, bytes: u32, write: bool): void {
  const dr7 = <u32>load<u64>(vcpu + DR7);
  if (!(dr7 & 0xff)) return;
  for (let i: u32 = 0; i < 4; i++) {
    const how = kind(dr7, i);
    if (!enabled(dr7, i) || !(how == READS_WRITES || (how == WRITES && write))) continue;
    const length = lengthOf(dr7, i), start = load<u64>(vcpu + At.dr + (<usize>i << 3)) & ~(length - 1);
    if (linear < start + length && start < linear + bytes) {
      const blocking = load<u32>(vcpu, At.blocking);
      met = (blocking & C.BLOCKING_DATA ? met : 0) | (1 << i);
      store<u32>(vcpu, blocking | C.BLOCKING_DATA, At.blocking);
      setAttention(C.ATTENTION_STEP);
    }
  }
}

/** Whether instructions must be executed one by one: #DB comes directly before the one that has a breakpoint, or behind the one that meets data. */
export function stepsForBreakpoints(): bool {
  return (load<u64>(vcpu + DR7) & 0xff) != 0;
}

/** Raises #DB when the instruction at RIP has a breakpoint, unless RF is set; RF is used up. */
export function instructionBreakpoint(): bool {
  const dr7 = <u32>load<u64>(vcpu + DR7), flags = load<u32>(vcpu, At.flagRest);
  if (flags & <u32>RF) {
    store<u32>(vcpu, flags & ~<u32>RF, At.flagRest);
    if (dr7 & 0xff) store<u32>(vcpu, load<u32>(vcpu, At.withheld) | WITHHELD_RF, At.withheld); // else nobody will ask
    return false;
  }
  if (!(dr7 & 0xff)) return false;
  const at = load<u64>(vcpu + At.segBase + 8 * C.SEG_CS) + load<u64>(vcpu, At.rip);
  let hits: u64 = 0;
  for (let i: u32 = 0; i < 4; i++)
    if (enabled(dr7, i) && kind(dr7, i) == EXECUTE && load<u64>(vcpu + At.dr + (<usize>i << 3)) == at) hits |= 1 << i;
  if (!hits) return false;
  store<u64>(vcpu + DR6, (load<u64>(vcpu + DR6) & ~0xf) | hits);
  raise(DB, 0);
  return true;
}

/** Writes DR6 for the trap after an instruction: single step, data breakpoints, or both. */
export function debugTrap(): void {
  const blocking = load<u32>(vcpu, At.blocking);
  let dr6 = load<u64>(vcpu + DR6) & ~0xf;
  if (blocking & C.BLOCKING_STEP) dr6 |= DR6_BS;
  if (blocking & C.BLOCKING_DATA) dr6 |= met;
  met = 0;
  store<u64>(vcpu + DR6, dr6);
  store<u32>(vcpu, blocking & ~(C.BLOCKING_STEP | C.BLOCKING_DATA), At.blocking);
}

export function readDebug(number: u32): u64 {
  const register = debugRegister(number);
  return load<u32>(vcpu, At.fault) ? 0 : load<u64>(vcpu + At.dr + (<usize>register << 3));
}
export function writeDebug(number: u32, value: u64): void {
  const register = debugRegister(number);
  if (load<u32>(vcpu, At.fault)) return;
  if (register >= 6) {
    if (value >> 32) return raise(GP, 0);
    value = register == 6 ? (value & 0xe00f) | 0xffff_0ff0 : (value & 0xffff_23ff) | 0x400;
  }
  store<u64>(vcpu + At.dr + (<usize>register << 3), value);
  flush(); // pages of data breakpoints are kept out of the TLB
  if (stepsForBreakpoints()) setAttention(C.ATTENTION_STEP);
}
/** DR4 and DR5 are DR6 and DR7 unless CR4.DE makes them invalid; DR7.GD makes every access a #DB. */
function debugRegister(number: u32): u32 {
  if (number == 4 || number == 5) {
    if (load<u64>(vcpu, At.cr4) & CR4_DE) raise(UD, 0);
    number += 2;
  } else if (number > 7) raise(UD, 0);
  if (!load<u32>(vcpu, At.fault) && (load<u64>(vcpu + At.dr + 56) & 0x2000)) {
    store<u64>(vcpu + At.dr + 48, load<u64>(vcpu + At.dr + 48) | 0x2000);
    raise(DB, 0);
  }
  return number & 7;
}
