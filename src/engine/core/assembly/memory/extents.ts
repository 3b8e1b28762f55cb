// Extents (docs/adr/0016-extents.md): stretches of a program's addresses that are contiguous in the host's memory, too, with the same rights everywhere.
// Compiled code compares an address with one of them and has no look-up to wait for. They are made of the guest's page tables when compiled code asks,
// and are no more than TLB entries of any length: whatever takes an entry from the TLB takes all of them, and a page that may be entered
// there may be in them. So nobody has to know of them who knows when to empty a TLB.
import { At, C } from "../generated/layout";
import { EFER_LMA, vcpu } from "../state";
import { watchingAny } from "../event/debug";
import { claimWriting } from "./peers";
import { hostAddress, regionKind, regionRest } from "./regions";
import { currentView, markWritten } from "./tlb";
import { peek, peekGpa, peekShift } from "./walk";

const PAGE: u64 = 0x1000, USER_END: u64 = 1 << 47;
/** Accesses of up to 16 bytes that begin in what an extent says lie in it. */
const LONGEST: u64 = 15;
const HALF: u32 = C.EXTENT_SLOTS / 2, KNOWN: u32 = C.EXTENT_KNOWN / 2;
/** Pages that the first extent after all were forgotten goes on to either side; each further one goes on four times as far. */
const REACH: u32 = 32, REACH_SHIFTS: u32 = 14;
/** Work, in walks: what is there at first, what the time between two questions is worth, and what a large page takes that may be written to. */
const CREDIT: i32 = 512, EARNED: i32 = 8, LARGE_PAGE: u32 = 32;
/** After so many extents a slot stays without one; so many misses at most until core is asked again. */
const MOST_SWITCHES: u8 = 6, MOST_PATIENCE: i32 = 4096;

// @ts-ignore: decorator
@inline function at(index: u32): usize {
  return vcpu + (<usize>index << 3);
}
// @ts-ignore: decorator
@inline function addendOf(index: u32): u32 {
  return load<u32>(vcpu + (<usize>index << 2), At.extentAddend);
}
// @ts-ignore: decorator
@inline function contains(index: u32, linear: u64): bool {
  return linear - load<u64>(at(index), At.extentBase) < load<u64>(at(index), At.extentBytes);
}
function note(index: u32, base: u64, bytes: u64, addend: u32): void {
  store<u64>(at(index), base, At.extentBase);
  store<u64>(at(index), bytes, At.extentBytes);
  store<u32>(vcpu + (<usize>index << 2), addend, At.extentAddend);
}

/** Anything may have gone from the TLB, or another one is used. */
export function forgetExtents(): void {
  if (!load<u32>(vcpu, At.extentsMade)) return;
  memory.fill(vcpu + At.extentBytes, 0, 8 * (C.EXTENT_SLOTS + C.EXTENT_KNOWN));
  store<u32>(vcpu, 0, At.extentsMade);
  memory.fill(vcpu + At.extentSwitches, 0, C.EXTENT_SLOTS);
  store<i32>(vcpu, C.EXTENT_PATIENCE, At.extentPause);
}

/** This host page is not to be written to in place any more. */
export function dropExtentsOf(host: u32): void {
  if (!load<u32>(vcpu, At.extentsMade)) return;
  for (let index = HALF; index < <u32>(C.EXTENT_SLOTS + C.EXTENT_KNOWN); index++) {
    if (index == C.EXTENT_SLOTS) index += KNOWN;
    const first = <u32>load<u64>(at(index), At.extentBase) + addendOf(index);
    if (<u64>(host - first) < load<u64>(at(index), At.extentBytes) + LONGEST) store<u64>(at(index), 0, At.extentBytes);
  }
}

/** Gives a slot an extent, unless it has had others too often: then its accesses go here and there, and a comparison with none is the one that is foreseen. */
function assign(slot: u32, base: u64, bytes: u64, addend: u32): void {
  const switches = vcpu + <usize>slot, count = load<u8>(switches, At.extentSwitches), grows = load<u64>(at(slot), At.extentBytes) && load<u64>(at(slot), At.extentBase) - base < bytes;
  if (!grows) {
    if (count == MOST_SWITCHES) return store<u64>(at(slot), 0, At.extentBytes);
    store<u8>(switches, count + 1, At.extentSwitches);
  }
  store<i32>(vcpu, C.EXTENT_PATIENCE, At.extentPause);
  note(slot, base, bytes, addend);
}

/** Of stretch(). */
let work: u32 = 0;
/** Pages from this one on, upwards or downwards, as far as they may be written to in place. @returns how many */
function claim(host: u32, pages: u32, up: bool): u32 {
  for (let done: u32 = 0; done < pages; done++, host += up ? 0x1000 : -0x1000) {
    if (!claimWriting(host)) return done;
    markWritten(host);
  }
  return pages;
}
/** How many bytes there are from a page on, upwards or downwards, that lie at this addend. */
function stretch(first: u64, addend: u32, write: bool, up: bool, most: u32): u64 {
  let bytes: u64 = 0;
  for (let pages: u32 = 0; pages < most;) {
    const linear = up ? first + bytes : first - bytes;
    work++;
    if (linear >= USER_END || !peek(linear, write)) break;
    const host = hostAddress(peekGpa);
    if (!host || regionKind != C.REGION_RAM || <u32>host - <u32>linear != addend) break;
    const within = linear & (((<u64>1 << peekShift) - 1) & ~0xfff), rest = up ? (<u64>1 << peekShift) - within : within + PAGE;
    const count = <u32>(min<u64>(rest, regionRest(peekGpa, up)) >> 12);
    if (write && count > 1) work += LARGE_PAGE;
    const claimed = write ? claim(<u32>host, count, up) : count;
    bytes += <u64>claimed << 12;
    if (claimed < count || count == 0) break;
    pages += count > 1 ? 16 : 1;
  }
  return bytes;
}

/** Addresses were not in the extents of their slots several times, this one last: gives the slot the one that it is in. */
export function extend(linear: u64, slot: u32): void {
  const write = slot >= HALF, slots = write ? HALF : 0, known = C.EXTENT_SLOTS + (write ? KNOWN : 0);
  const patience = min(max(2 * load<i32>(vcpu, At.extentPause), C.EXTENT_PATIENCE), MOST_PATIENCE);
  store<i32>(vcpu, patience, At.extentPause);
  store<i32>(vcpu, patience, At.extentPatience);
  const made = load<u32>(vcpu, At.extentsMade), credit = made ? load<i32>(vcpu, At.extentCredit) + EARNED : CREDIT;
  store<i32>(vcpu, credit, At.extentCredit);
  for (let index = known; index < known + KNOWN; index++) if (contains(index, linear))
    return assign(slot, load<u64>(at(index), At.extentBase), load<u64>(at(index), At.extentBytes), addendOf(index));
  if (credit < 0 || currentView() != C.TLB_VIEW_USER || !(load<u64>(vcpu, At.efer) & EFER_LMA) || watchingAny()) return;
  const page = linear & ~0xfff;
  if (page >= USER_END || !peek(page, write)) return;
  const addend = <u32>hostAddress(peekGpa) - <u32>page, reach = REACH << min(2 * made, REACH_SHIFTS);
  work = 1;
  const up = stretch(page, addend, write, true, reach);
  store<i32>(vcpu, credit - <i32>work, At.extentCredit);
  if (!up) return;
  const base = page - stretch(page - PAGE, addend, write, false, reach), bytes = page + up - base - LONGEST;
  store<i32>(vcpu, credit - <i32>work, At.extentCredit);
  store<u32>(vcpu, made + 1, At.extentsMade);
  // in place of what it contains
  let place = known + made % KNOWN;
  for (let index = known; index < known + KNOWN; index++) if (load<u64>(at(index), At.extentBytes) && load<u64>(at(index), At.extentBase) - base < bytes) place = index;
  note(place, base, bytes, addend);
  assign(slot, base, bytes, addend);
  for (let index = slots; index < slots + HALF; index++) if (index != slot && !load<u64>(at(index), At.extentBytes) && !load<u8>(vcpu + index, At.extentSwitches)) note(index, base, bytes, addend);
}
