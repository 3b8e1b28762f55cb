// The TLBs of ARCHITECTURE.md: tables of entries that compiled code looks at inline, filled and emptied only here. A context is one table for
// each view; every PCID used lately has one, so that a change of address spaces changes tables (docs/adr/0008-tlb.md).
// Behind them: two logs of each context's entries, of global and of other pages, each entry at most once in each, so that dropping costs what
// filling did and not what the tables hold; and marks, which say what need not be looked for: large pages that were entered (INVLPG drops
// a whole page) and host pages that were entered for writing.
import { At, C } from "../generated/layout";
import { CR0_AM, CR4_PCIDE, CR4_SMAP, vcpu } from "../state";
import { dropExtentsOf, forgetExtents } from "./extents";
import { claimWriting } from "./peers";
import { AC_ACCESS, allowed, FETCH, USER, walkRights, walkShift, WRITE } from "./walk";

const VIEW_BYTES: usize = C.TLB_ENTRIES * C.TLB_ENTRY_BYTES;
const LOGS: usize = C.TLB_CONTEXTS * C.TLB_CONTEXT_BYTES, LOG_BYTES: usize = C.TLB_LOG * 4, MARK_BYTES: usize = 1 << C.TLB_MARK_BITS;
const MARKS: usize = LOGS + 2 * C.TLB_CONTEXTS * LOG_BYTES, WRITTEN: usize = MARKS + MARK_BYTES;
/** Behind the marks, of each context: how many entries are in its logs, its PCID, when it was used last. */
const LENGTHS: usize = WRITTEN + MARK_BYTES, PCIDS: usize = LENGTHS + 8 * C.TLB_CONTEXTS, LAST_USES: usize = PCIDS + 4 * C.TLB_CONTEXTS;
const RIGHT_D: u64 = 64, RIGHT_G: u64 = 256;
/** Which of a context's logs; also the bit of TLB_UNLOGGED which says that the entry is not in it. */
const OTHERS: u32 = 1, GLOBALS: u32 = 2;
const NO_PCID: u32 = 0xffff;

/** The context in use, and how often one has been entered. */
let current: u32 = 0, uses: u32 = 0;

// @ts-ignore: decorator
@inline function area(): usize {
  return load<u32>(vcpu, At.tlbArea);
}
// @ts-ignore: decorator
@inline function contexts(): u32 {
  return load<u32>(vcpu, At.tlbContexts);
}
/** Where the number of entries in a log is. */
// @ts-ignore: decorator
@inline function lengthOf(context: u32, log: u32): usize {
  return area() + LENGTHS + (<usize>(2 * context + log - 1) << 2);
}
// @ts-ignore: decorator
@inline function pcidOf(context: u32): usize {
  return area() + PCIDS + (<usize>context << 2);
}
// @ts-ignore: decorator
@inline function lastUseOf(context: u32): usize {
  return area() + LAST_USES + (<usize>context << 2);
}
// @ts-ignore: decorator
@inline function logOf(context: u32, log: u32): usize {
  return area() + LOGS + <usize>(2 * context + log - 1) * LOG_BYTES;
}

/** Address of the table of a view in the context in use. */
export function tableOf(view: u32): u32 {
  return <u32>(area() + <usize>current * C.TLB_CONTEXT_BYTES + <usize>view * VIEW_BYTES);
}
/** The view whose table compiled code uses. */
export function currentView(): u32 {
  return (load<u32>(vcpu, At.tlb) - <u32>area()) / <u32>VIEW_BYTES & (C.TLB_VIEWS - 1);
}

// @ts-ignore: decorator
@inline function indexOf(linear: u64): usize {
  return <usize>(<u32>(linear >> 12) & C.TLB_ENTRIES - 1) * C.TLB_ENTRY_BYTES;
}
/** Address of the entry in which the page of `linear` would be. */
// @ts-ignore: decorator
@inline export function entryOf(linear: u64, view: u32): usize {
  return <usize>tableOf(view) + indexOf(linear);
}
/** The same in the table of the view in use. */
// @ts-ignore: decorator
@inline export function currentEntry(linear: u64): usize {
  return <usize>load<u32>(vcpu, At.tlb) + indexOf(linear);
}

// @ts-ignore: decorator
@inline function markOf(linear: u64, shift: u32): usize {
  return area() + MARKS + <usize>((<u32>((linear >> shift) + shift) * <u32>C.TLB_HASH) >>> (32 - C.TLB_MARK_BITS));
}
// @ts-ignore: decorator
@inline function writtenMark(host: usize): usize {
  return area() + WRITTEN + ((host >> 12) & (MARK_BYTES - 1));
}

/** A host page may be written to in place from now on. */
// @ts-ignore: decorator
@inline export function markWritten(host: usize): void {
  store<u8>(writtenMark(host), 1);
}

/** Which accesses a view stands for, as bits of a walk's access. */
// @ts-ignore: decorator
@inline export function accessOf(view: u32): u32 {
  return view == C.TLB_VIEW_USER || view == C.TLB_VIEW_ALIGNED ? USER : view == C.TLB_VIEW_AC ? AC_ACCESS : 0;
}

/** The view of explicit accesses at this privilege. */
export function viewFor(cpl: u32, ac: bool): u32 {
  if (cpl == 3) return ac && (load<u64>(vcpu, At.cr0) & CR0_AM) ? C.TLB_VIEW_ALIGNED : C.TLB_VIEW_USER;
  return ac && (load<u64>(vcpu, At.cr4) & CR4_SMAP) ? C.TLB_VIEW_AC : C.TLB_VIEW_SUPERVISOR;
}

/** Enters the page that the last walk found. `host` is where its 4096 bytes are; `ram`: it may be written to.
 * Where alignment is checked only instructions are fetched by the TLB: loads and stores come to the slow paths, which check it. */
export function fill(linear: u64, view: u32, host: usize, ram: bool): void {
  const page = linear & ~0xfff, entry = entryOf(linear, view), access = accessOf(view), rights = walkRights;
  const data = view != C.TLB_VIEW_ALIGNED, write = data && ram && (rights & RIGHT_D) && allowed(rights, access | WRITE) && claimWriting(host);
  store<u64>(entry, data && allowed(rights, access) ? page : <u64>C.TLB_EMPTY, C.TLB_READ);
  store<u64>(entry, write ? page : <u64>C.TLB_EMPTY, C.TLB_WRITE);
  store<u64>(entry, allowed(rights, access | FETCH) ? page : <u64>C.TLB_EMPTY, C.TLB_EXEC);
  store<u32>(entry, <u32>host - <u32>page, C.TLB_ADDEND);
  if (write) markWritten(host);
  if (walkShift != 12) store<u8>(markOf(linear, walkShift), 1);
  const log = rights & RIGHT_G ? GLOBALS : OTHERS, unlogged = load<u32>(entry, C.TLB_UNLOGGED);
  if (!(unlogged & log)) return;
  store<u32>(entry, unlogged & ~log, C.TLB_UNLOGGED);
  const length = lengthOf(current, log);
  store<u32>(logOf(current, log) + (<usize>load<u32>(length) << 2), <u32>entry);
  store<u32>(length, load<u32>(length) + 1);
}

/** What compiled code compares addresses with is true no longer: something may have gone from the TLB, or another one is used. */
export function forgetPages(): void {
  forgetStack();
  forgetExtents();
}
/** Compiled code remembers the page of its stack from one region to the next: no longer, after anything may have gone from the TLB or another one is used. */
// @ts-ignore: decorator
@inline export function forgetStack(): void {
  store<u64>(vcpu, <u64>C.TLB_EMPTY, At.stackPage);
}

// @ts-ignore: decorator
@inline function drop(entry: usize): void {
  store<u64>(entry, <u64>C.TLB_EMPTY, C.TLB_READ);
  store<u64>(entry, <u64>C.TLB_EMPTY, C.TLB_WRITE);
  store<u64>(entry, <u64>C.TLB_EMPTY, C.TLB_EXEC);
}

/** Drops the entries of a log. One may hold a page of the other kind by now: dropping it too is harmless. */
function dropLogged(context: u32, log: u32): void {
  forgetPages();
  const length = lengthOf(context, log), start = logOf(context, log);
  for (let at = start, end = start + (<usize>load<u32>(length) << 2); at < end; at += 4) {
    const entry = load<u32>(at);
    drop(entry);
    store<u32>(entry, load<u32>(entry, C.TLB_UNLOGGED) | log, C.TLB_UNLOGGED);
  }
  store<u32>(length, 0);
}

/** Makes a context that has not been used ready. */
function prepare(context: u32): void {
  memory.fill(area() + <usize>context * C.TLB_CONTEXT_BYTES, 0xff, C.TLB_CONTEXT_BYTES);
  store<u32>(vcpu, context + 1, At.tlbContexts);
}

/** Drops everything: after a change of what rights mean, and when a vCPU is made or reset. */
export function flush(): void {
  if (!contexts()) prepare(0);
  for (let context: u32 = 0; context < contexts(); context++) {
    dropLogged(context, OTHERS);
    dropLogged(context, GLOBALS);
    store<u32>(pcidOf(context), NO_PCID);
  }
  memory.fill(area() + MARKS, 0, 2 * MARK_BYTES);
  store<u32>(pcidOf(current), load<u64>(vcpu, At.cr4) & CR4_PCIDE ? <u32>load<u64>(vcpu, At.cr3) & 0xfff : 0);
}

/** Drops what is not global of the address space in use. */
export function flushNonGlobal(): void {
  dropLogged(current, OTHERS);
}
/** Drops what is not global of all address spaces. */
export function flushContexts(): void {
  for (let context: u32 = 0; context < contexts(); context++) dropLogged(context, OTHERS);
}
/** Drops what is not global of one PCID. */
export function flushPcid(pcid: u32): void {
  for (let context: u32 = 0; context < contexts(); context++) if (load<u32>(pcidOf(context)) == pcid) dropLogged(context, OTHERS);
}

/** The address space in use becomes that of a PCID; what is not global of it goes unless `keep`. The caller recomputes `tlb`. */
export function enterContext(pcid: u32, keep: bool): void {
  forgetPages();
  let found: u32 = C.TLB_CONTEXTS, oldest: u32 = 0;
  for (let context: u32 = 0; context < contexts(); context++) {
    if (load<u32>(pcidOf(context)) == pcid) found = context;
    if (load<u32>(lastUseOf(context)) < load<u32>(lastUseOf(oldest))) oldest = context;
  }
  if (found == C.TLB_CONTEXTS) {
    if (contexts() < <u32>C.TLB_CONTEXTS) prepare(found = contexts());
    else dropLogged(found = oldest, OTHERS);
    store<u32>(pcidOf(found), pcid);
  } else if (!keep) dropLogged(found, OTHERS);
  current = found;
  store<u32>(lastUseOf(found), ++uses);
}

/** Drops the entries of all contexts whose page, or large page, is that of `linear`. */
function dropRange(linear: u64, shift: u32): void {
  if (!load<u8>(markOf(linear, shift))) return;
  const start = linear >> shift;
  for (let context: u32 = 0; context < contexts(); context++) for (let log = OTHERS; log <= GLOBALS; log++) {
    const first = logOf(context, log);
    for (let at = first, end = first + (<usize>load<u32>(lengthOf(context, log)) << 2); at < end; at += 4) {
      const entry = load<u32>(at);
      if (load<u64>(entry, C.TLB_READ) >> shift == start || load<u64>(entry, C.TLB_EXEC) >> shift == start || load<u64>(entry, C.TLB_WRITE) >> shift == start) drop(entry);
    }
  }
}

/** Drops the page that contains `linear`, whatever its size, global or not, of every address space (INVLPG, which may do so). */
export function invalidate(linear: u64): void {
  forgetPages();
  const page = linear & ~0xfff;
  for (let entry = area() + indexOf(linear), end = area() + <usize>contexts() * C.TLB_CONTEXT_BYTES; entry < end; entry += VIEW_BYTES) {
    if (load<u64>(entry, C.TLB_READ) == page || load<u64>(entry, C.TLB_EXEC) == page || load<u64>(entry, C.TLB_WRITE) == page) drop(entry);
  }
  dropRange(linear, 21);
  dropRange(linear, 22);
  dropRange(linear, 30);
}

/** Makes stores to a host page go through `store…` from now on: it holds decoded code. Call it when codePages says so. */
export function watchPage(host: u32): void {
  const page = host & ~0xfff;
  if (!load<u8>(writtenMark(page))) return;
  forgetStack();
  dropExtentsOf(page);
  for (let context: u32 = 0; context < contexts(); context++) for (let log = OTHERS; log <= GLOBALS; log++) {
    const first = logOf(context, log);
    for (let at = first, end = first + (<usize>load<u32>(lengthOf(context, log)) << 2); at < end; at += 4) {
      const entry = load<u32>(at), tag = load<u64>(entry, C.TLB_WRITE);
      if (tag != <u64>C.TLB_EMPTY && load<u32>(entry, C.TLB_ADDEND) + <u32>tag == page) store<u64>(entry, <u64>C.TLB_EMPTY, C.TLB_WRITE);
    }
  }
}
