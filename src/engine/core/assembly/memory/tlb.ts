// The TLB of ARCHITECTURE.md: a table of entries for each view that compiled code looks at inline, filled and emptied only here.
// Behind them: marks (which large pages were entered, since INVLPG drops a whole page) and a log of non-global entries (since loading CR3
// drops just those, and clearing 96 KiB on every context switch would be slow).
import { At, C } from "../generated/layout";
import { CR0_AM, CR4_SMAP, vcpu } from "../state";
import { claimWriting } from "./peers";
import { AC_ACCESS, allowed, FETCH, USER, walkRights, walkShift, WRITE } from "./walk";

const VIEW_BYTES: usize = C.TLB_ENTRIES * C.TLB_ENTRY_BYTES;
const MARKS: usize = VIEW_BYTES * C.TLB_VIEWS;
const LOG: usize = MARKS + C.TLB_MARKS;
const RIGHT_D: u64 = 64, RIGHT_G: u64 = 256;

/** Entries in the log; more than TLB_LOG means that it is incomplete. */
let logged: u32 = 0;

// @ts-ignore: decorator
@inline function area(): usize {
  return load<u32>(vcpu, At.tlbArea);
}

/** Address of the entry in which the page of `linear` would be. */
// @ts-ignore: decorator
@inline export function entryOf(linear: u64, view: u32): usize {
  const index = <u32>((<u32>(linear >> 12) * <u32>C.TLB_HASH) >>> C.TLB_SHIFT);
  return area() + <usize>view * VIEW_BYTES + <usize>index * C.TLB_ENTRY_BYTES;
}

// @ts-ignore: decorator
@inline function markOf(linear: u64, shift: u32): usize {
  return area() + MARKS + <usize>((<u32>((linear >> shift) + shift) * <u32>C.TLB_HASH) >>> 22);
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
export function fill(linear: u64, view: u32, gpa: u64, host: usize, ram: bool): void {
  const page = linear & ~0xfff, entry = entryOf(linear, view), access = accessOf(view), rights = walkRights;
  const data = view != C.TLB_VIEW_ALIGNED, write = data && ram && (rights & RIGHT_D) && allowed(rights, access | WRITE) && claimWriting(host);
  store<u64>(entry, data && allowed(rights, access) ? page : <u64>C.TLB_EMPTY, C.TLB_READ);
  store<u64>(entry, write ? page : <u64>C.TLB_EMPTY, C.TLB_WRITE);
  store<u64>(entry, allowed(rights, access | FETCH) ? page : <u64>C.TLB_EMPTY, C.TLB_EXEC);
  store<u32>(entry, <u32>host - <u32>page, C.TLB_ADDEND);
  store<u32>(entry, <u32>(gpa >> 12), C.TLB_GFN);
  if (walkShift != 12) store<u8>(markOf(linear, walkShift), 1);
  if (!(rights & RIGHT_G)) {
    if (logged < <u32>C.TLB_LOG) store<u32>(area() + LOG + (<usize>logged << 2), <u32>entry);
    logged++;
  }
}

// @ts-ignore: decorator
@inline function drop(entry: usize): void {
  store<u64>(entry, <u64>C.TLB_EMPTY, C.TLB_READ);
  store<u64>(entry, <u64>C.TLB_EMPTY, C.TLB_WRITE);
  store<u64>(entry, <u64>C.TLB_EMPTY, C.TLB_EXEC);
}

/** Drops everything: after a change of what rights mean, and when a vCPU is made or reset. */
export function flush(): void {
  memory.fill(area(), 0xff, MARKS);
  memory.fill(area() + MARKS, 0, C.TLB_MARKS);
  logged = 0;
}

/** Drops what is not global (MOV to CR3). */
export function flushNonGlobal(): void {
  if (logged > <u32>C.TLB_LOG) return flush();
  const log = area() + LOG;
  // an entry of the log may hold a global page by now: dropping it too is harmless
  for (let i: u32 = 0; i < logged; i++) drop(load<u32>(log + (<usize>i << 2)));
  logged = 0;
}

function dropRange(linear: u64, shift: u32): void {
  if (!load<u8>(markOf(linear, shift))) return;
  const start = linear >> shift, first = area();
  for (let entry = first; entry < first + MARKS; entry += C.TLB_ENTRY_BYTES) {
    if (load<u64>(entry, C.TLB_READ) >> shift == start || load<u64>(entry, C.TLB_EXEC) >> shift == start || load<u64>(entry, C.TLB_WRITE) >> shift == start) drop(entry);
  }
}

/** Drops the page that contains `linear`, whatever its size, global or not (INVLPG). */
export function invalidate(linear: u64): void {
  const page = linear & ~0xfff;
  for (let view: u32 = 0; view < <u32>C.TLB_VIEWS; view++) {
    const entry = entryOf(linear, view);
    if (load<u64>(entry, C.TLB_READ) == page || load<u64>(entry, C.TLB_EXEC) == page || load<u64>(entry, C.TLB_WRITE) == page) drop(entry);
  }
  dropRange(linear, 21);
  dropRange(linear, 22);
  dropRange(linear, 30);
}

/** Makes stores to a host page go through `store…` from now on: it holds decoded code. Call it when codePages says so. */
export function watchPage(host: u32): void {
  const page = host & ~0xfff, first = area();
  for (let entry = first; entry < first + MARKS; entry += C.TLB_ENTRY_BYTES) {
    const tag = load<u64>(entry, C.TLB_WRITE);
    if (tag != <u64>C.TLB_EMPTY && load<u32>(entry, C.TLB_ADDEND) + <u32>tag == page) store<u64>(entry, <u64>C.TLB_EMPTY, C.TLB_WRITE);
  }
}
