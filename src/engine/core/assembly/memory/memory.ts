// Guest memory by linear address: what compiled code calls when the TLB does not answer, and what core itself uses.
// An access that crosses pages touches neither before both are known to be allowed. What is not RAM goes to the bus, at most 4 bytes
// at a time; ROM ignores writes. Values are zero-extended to 64 bits.
import { At, C } from "../generated/layout";
import { AC, forgetStray, longMode, raise, strays, UD, vcpu } from "../state";
import { FETCH, walk, walkGpa, WRITE } from "./walk";
import { accessOf, currentEntry, currentView, entryOf, fill } from "./tlb";
import { hostAddress, noteStore, regionKind } from "./regions";
import { mmioRead, mmioWrite } from "../bus";
import { watchAccess, watchForDebugger, watching } from "../event/debug";

/** Where the last translate() that returned 0 without a fault led: no memory of ours. */
let outsideGpa: u64 = 0;
/** True when the last translate() for a write led to ROM. */
let outsideRom: bool = false;

/** Host address of the byte at `linear` for an access (0, WRITE or FETCH) in a view. Fills the TLB.
 * @returns 0 when a fault is pending, or when there is no memory to be read or written (see outsideGpa) */
function translate(linear: u64, access: u32, view: u32): usize {
  const entry = entryOf(linear, view);
  const tag = load<u64>(entry + (access & WRITE ? <usize>C.TLB_WRITE : access & FETCH ? <usize>C.TLB_EXEC : <usize>C.TLB_READ));
  if (tag == (linear & ~0xfff)) return <usize>(load<u32>(entry, C.TLB_ADDEND) + <u32>linear);
  store<u64>(vcpu, load<u64>(vcpu, At.tlbMisses) + 1, At.tlbMisses);
  if (strays(linear, 1)) return 0;
  if (!walk(linear, access | accessOf(view))) return 0;
  const gpa = walkGpa, host = hostAddress(gpa);
  outsideRom = false;
  if (!host) {
    outsideGpa = gpa;
    return 0;
  }
  const ram = regionKind == C.REGION_RAM;
  if (!watching(linear & ~0xfff)) fill(linear, view, host & ~0xfff, ram);
  if ((access & WRITE) && !ram) {
    outsideRom = true;
    return 0;
  }
  return host;
}

/** The scratch slot for copies of what lies in two pages, in bytes. */
const COPY_SLOT: usize = 6 << 4;

// @ts-ignore: decorator
@inline function crosses(linear: u64, bytes: u32): bool {
  return (<u32>linear & 0xfff) + bytes > 0x1000;
}
/** Address of the byte after a page: outside of long mode linear addresses have 32 bits. */
// @ts-ignore: decorator
@inline function nextPage(linear: u64): u64 {
  const next = (linear | 0xfff) + 1;
  return longMode() ? next : next & 0xffff_ffff;
}

function deviceRead(gpa: u64, bytes: u32): u64 {
  if (bytes == 8) {
    const low = deviceRead(gpa, 4);
    return low | (deviceRead(gpa + 4, 4) << 32);
  }
  const value = <u64>mmioRead(<f64>gpa, bytes);
  return value & ((<u64>1 << (bytes << 3)) - 1);
}
function deviceWrite(gpa: u64, bytes: u32, value: u64): void {
  if (bytes == 8) {
    deviceWrite(gpa, 4, value & 0xffff_ffff);
    deviceWrite(gpa + 4, 4, value >> 32);
    return;
  }
  mmioWrite(<f64>gpa, bytes, <u32>(value & ((<u64>1 << (bytes << 3)) - 1)));
}

function rawLoad(host: usize, bytes: u32): u64 {
  return bytes == 1 ? <u64>load<u8>(host) : bytes == 2 ? <u64>load<u16>(host) : bytes == 4 ? <u64>load<u32>(host) : load<u64>(host);
}
function rawStore(host: usize, bytes: u32, value: u64): void {
  if (bytes == 1) store<u8>(host, <u8>value);
  else if (bytes == 2) store<u16>(host, <u16>value);
  else if (bytes == 4) store<u32>(host, <u32>value);
  else store<u64>(host, value);
  noteStore(host, bytes);
}

/** #AC(0) of programs under CR0.AM and EFLAGS.AC; a page fault comes first. @returns false: a fault is pending */
function alignmentOk(linear: u64, bytes: u32, access: u32): bool {
  if (!(linear & (bytes - 1))) return true;
  probe(linear, bytes, access, C.TLB_VIEW_ALIGNED);
  raise(AC, 0);
  return false;
}

export function loadFrom(linear: u64, bytes: u32, view: u32): u64 {
  if (view == C.TLB_VIEW_ALIGNED && !alignmentOk(linear, bytes, 0)) return 0;
  watchAccess(linear, bytes, false);
  if (crosses(linear, bytes)) {
    if (strays(linear, bytes)) return 0;
    const second = nextPage(linear), firstBytes: u32 = 0x1000 - (<u32>linear & 0xfff);
    const firstHost = translate(linear, 0, view), firstGpa = outsideGpa;
    if (load<u32>(vcpu, At.fault)) return 0;
    const secondHost = translate(second, 0, view), secondGpa = outsideGpa;
    if (load<u32>(vcpu, At.fault)) return 0;
    let value: u64 = 0;
    for (let i: u32 = 0; i < bytes; i++) {
      const inFirst = i < firstBytes, host = inFirst ? firstHost : secondHost;
      const at = inFirst ? i : i - firstBytes;
      const byte = host ? <u64>load<u8>(host + at) : deviceRead((inFirst ? firstGpa : secondGpa) + at, 1);
      value |= byte << (i << 3);
    }
    watchForDebugger(linear, bytes, false);
    return value;
  }
  const host = translate(linear, 0, view);
  if (!host && load<u32>(vcpu, At.fault)) return 0;
  watchForDebugger(linear, bytes, false);
  return host ? rawLoad(host, bytes) : deviceRead(outsideGpa, bytes);
}

export function storeTo(linear: u64, bytes: u32, value: u64, view: u32): void {
  if (view == C.TLB_VIEW_ALIGNED && !alignmentOk(linear, bytes, WRITE)) return;
  watchAccess(linear, bytes, true);
  if (crosses(linear, bytes)) {
    if (strays(linear, bytes)) return;
    const second = nextPage(linear), firstBytes: u32 = 0x1000 - (<u32>linear & 0xfff);
    const firstHost = translate(linear, WRITE, view), firstGpa = outsideGpa, firstRom = outsideRom;
    if (load<u32>(vcpu, At.fault)) return;
    const secondHost = translate(second, WRITE, view), secondGpa = outsideGpa, secondRom = outsideRom;
    if (load<u32>(vcpu, At.fault)) return;
    for (let i: u32 = 0; i < bytes; i++) {
      const inFirst = i < firstBytes, host = inFirst ? firstHost : secondHost;
      const at = inFirst ? i : i - firstBytes, byte = (value >> (i << 3)) & 0xff;
      if (host) rawStore(host + at, 1, byte);
      else if (!(inFirst ? firstRom : secondRom)) deviceWrite((inFirst ? firstGpa : secondGpa) + at, 1, byte);
    }
    watchForDebugger(linear, bytes, true);
    return;
  }
  const host = translate(linear, WRITE, view);
  if (!host && load<u32>(vcpu, At.fault)) return;
  watchForDebugger(linear, bytes, true);
  if (host) rawStore(host, bytes, value);
  else if (!outsideRom) deviceWrite(outsideGpa, bytes, value);
}

export function load8(linear: u64): u64 { return loadFrom(linear, 1, currentView()); }
export function load16(linear: u64): u64 { return loadFrom(linear, 2, currentView()); }
export function load32(linear: u64): u64 { return loadFrom(linear, 4, currentView()); }
export function load64(linear: u64): u64 { return loadFrom(linear, 8, currentView()); }
export function store8(linear: u64, value: u64): void { storeTo(linear, 1, value, currentView()); }
export function store16(linear: u64, value: u64): void { storeTo(linear, 2, value, currentView()); }
export function store32(linear: u64, value: u64): void { storeTo(linear, 4, value, currentView()); }
export function store64(linear: u64, value: u64): void { storeTo(linear, 8, value, currentView()); }

/** Second half's address of a 16-byte access: outside of long mode linear addresses wrap at 4 GiB. */
// @ts-ignore: decorator
@inline function plus8(linear: u64): u64 {
  return longMode() ? linear + 8 : (linear + 8) & 0xffff_ffff;
}

/** 16 bytes into scratch slot `slot`. */
export function loadVector(linear: u64, slot: u32): void {
  const view = currentView();
  if (strays(linear, 16)) return;
  const low = loadFrom(linear, 8, view);
  if (load<u32>(vcpu, At.fault)) return;
  const high = loadFrom(plus8(linear), 8, view);
  if (load<u32>(vcpu, At.fault)) return;
  const at = vcpu + At.scratch + (<usize>(slot & 7) << 4);
  store<u64>(at, low);
  store<u64>(at, high, 8);
}
/** 16 bytes from scratch slot `slot`. */
export function storeVector(linear: u64, slot: u32): void {
  const view = currentView();
  if (strays(linear, 16)) return;
  if (crosses(linear, 16)) {
    probe(linear, 16, WRITE, view);
    if (load<u32>(vcpu, At.fault)) return;
  }
  const at = vcpu + At.scratch + (<usize>(slot & 7) << 4);
  storeTo(linear, 8, load<u64>(at), view);
  if (load<u32>(vcpu, At.fault)) return;
  storeTo(plus8(linear), 8, load<u64>(at, 8), view);
}

function probe(linear: u64, bytes: u32, access: u32, view: u32): usize {
  if (bytes && strays(linear, bytes)) return 0;
  const first = translate(linear, access, view);
  if (load<u32>(vcpu, At.fault) || !crosses(linear, bytes)) return first;
  translate(nextPage(linear), access, view);
  return 0;
}

/** For compiled code: where an access lies that can be made in place, once its page is in the TLB.
 * @param access number of bytes, and LOCATE_WRITE for a write; LOCATE_COPY for a read of which a copy will do, so that it may lie in two pages
 * @returns host address; 0 when it must not be made there (a fault, a device, a page with code, a second page): then nothing is pending */
export function locate(linear: u64, access: u32): u32 {
  const write = access & C.LOCATE_WRITE, bytes = access & 0xff, entry = currentEntry(linear), tag = entry + (write ? <usize>C.TLB_WRITE : <usize>C.TLB_READ);
  if (load<u64>(tag) == (linear + (bytes - 1) & ~0xfff)) return load<u32>(entry, C.TLB_ADDEND) + <u32>linear;
  if (access & C.LOCATE_COPY && crosses(linear, bytes)) return copyOf(linear, bytes);
  return locateAnew(linear, bytes, write != 0, entry, tag);
}
/** Of at most 16 bytes in two pages, in a scratch slot. */
function copyOf(linear: u64, bytes: u32): u32 {
  const second = nextPage(linear), firstBytes: u32 = 0x1000 - (<u32>linear & 0xfff), copy = vcpu + At.scratch + COPY_SLOT;
  const from = locate(linear, 1), on = from ? locate(second, 1) : 0;
  if (!on) return 0;
  memory.copy(copy, <usize>from, <usize>firstBytes);
  memory.copy(copy + firstBytes, <usize>on, <usize>(bytes - firstBytes));
  return <u32>copy;
}
/** By itself, so that `locate` needs no frame. */
function locateAnew(linear: u64, bytes: u32, write: bool, entry: usize, tag: usize): u32 {
  if (crosses(linear, bytes)) return 0;
  translate(linear, write ? WRITE : 0, currentView());
  if (load<u32>(vcpu, At.fault)) {
    store<u32>(vcpu, 0, At.fault);
    forgetStray();
    return 0;
  }
  return load<u64>(tag) == (linear & ~0xfff) ? load<u32>(entry, C.TLB_ADDEND) + <u32>linear : 0;
}

/** Faults as a write of `bytes` (at most 4096) would, and changes nothing but accessed and dirty bits.
 * @returns host address when the bytes lie in one page of RAM, else 0. Whoever writes there calls noteStore */
export function probeWrite(linear: u64, bytes: u32): u32 {
  return <u32>probe(linear, bytes, WRITE, currentView());
}
/** Faults as a read of `bytes` (at most 4096) would. @returns host address when the bytes lie in one page of memory, else 0 */
export function probeRead(linear: u64, bytes: u32): u32 {
  return <u32>probe(linear, bytes, 0, currentView());
}

/** Host address of the instruction byte at a linear address; valid to the end of its page. @returns 0: a fault is pending */
export function fetch(linear: u64): u32 {
  const host = translate(linear, FETCH, currentView());
  // where there is no memory the bus reads as FF FF, which is no instruction
  if (!host && !load<u32>(vcpu, At.fault)) raise(UD, 0);
  return <u32>host;
}

/** Accesses of the processor itself (descriptor tables, task state, stacks of handlers): supervisor whatever the CPL. */
export function systemLoad(linear: u64, bytes: u32): u64 {
  return loadFrom(linear, bytes, C.TLB_VIEW_SUPERVISOR);
}
export function systemStore(linear: u64, bytes: u32, value: u64): void {
  storeTo(linear, bytes, value, C.TLB_VIEW_SUPERVISOR);
}
