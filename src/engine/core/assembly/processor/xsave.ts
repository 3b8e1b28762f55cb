// FXSAVE, FXRSTOR and the XSAVE family (SDM 1, Managing State Using the XSAVE Feature Set). Components are x87 (0) and SSE (1), so standard
// and compacted form differ in the header alone. All components count as in use: the init and modified optimizations are not made.
// Physical x87 registers are numbered from R0, the image has ST(0) first. An image within one page of RAM is read and written as it lies there.
import { At, C } from "../generated/layout";
import { code64, CR0_TS, CR4_OSXSAVE, GP, NM, raise, reg, UD, vcpu } from "../state";
import { setWords } from "../x87/control";
import { load16, load32, load64, load8, probeRead, probeWrite, store16, store32, store64, store8 } from "../memory/memory";
import { noteStore } from "../memory/regions";
import { watching } from "../event/debug";

const LEGACY_BYTES: u32 = 512, HEADER_BYTES: u32 = 64, COMPACTED: u64 = 1 << 63;
const X87: u64 = 1, SSE: u64 = 2, MXCSR_MASK: u32 = 0xffff, MXCSR_INIT: u32 = 0x1f80;

function pending(): bool {
  return load<u32>(vcpu, At.fault) != 0;
}
/** Host address of ST(i) in the state. */
function st(i: u32): usize {
  return vcpu + At.fpr + (<usize>(((load<u32>(vcpu, At.fsw) >> 11) + i) & 7) << 4);
}
function vectors(): u32 {
  return code64() ? 16 : 8;
}

/** Where the image is: its linear address, and in this node's memory, or 0 where every access must be made by itself. */
let at: u64 = 0, host: usize = 0;
/** @returns false with a fault pending */
function openImage(linear: u64, bytes: u32, write: bool): bool {
  at = linear;
  host = write ? probeWrite(linear, bytes) : probeRead(linear, bytes);
  if (host && watching(linear & ~0xfff)) host = 0;
  return !pending();
}
// @ts-ignore: decorator
@inline function put8(offset: u32, value: u64): void {
  if (host) store<u8>(host + offset, <u8>value);
  else store8(at + offset, value);
}
// @ts-ignore: decorator
@inline function put16(offset: u32, value: u64): void {
  if (host) store<u16>(host + offset, <u16>value);
  else store16(at + offset, value);
}
// @ts-ignore: decorator
@inline function put32(offset: u32, value: u64): void {
  if (host) store<u32>(host + offset, <u32>value);
  else store32(at + offset, value);
}
// @ts-ignore: decorator
@inline function put64(offset: u32, value: u64): void {
  if (host) store<u64>(host + offset, value);
  else store64(at + offset, value);
}
// @ts-ignore: decorator
@inline function get8(offset: u32): u32 {
  return host ? <u32>load<u8>(host + offset) : <u32>load8(at + offset);
}
// @ts-ignore: decorator
@inline function get16(offset: u32): u32 {
  return host ? <u32>load<u16>(host + offset) : <u32>load16(at + offset);
}
// @ts-ignore: decorator
@inline function get32(offset: u32): u32 {
  return host ? load<u32>(host + offset) : <u32>load32(at + offset);
}
// @ts-ignore: decorator
@inline function get64(offset: u32): u64 {
  return host ? load<u64>(host + offset) : load64(at + offset);
}
/** Behind the writing of an image. */
function closeImage(bytes: u32): void {
  if (host) noteStore(host, bytes);
}

/** The x87 part; `wide`: 64-bit pointers without selectors (REX.W). */
function storeX87(wide: u32): void {
  put16(0, load<u32>(vcpu, At.fcw));
  put16(2, load<u32>(vcpu, At.fsw));
  put8(4, load<u32>(vcpu, At.ftw));
  put8(5, 0);
  put16(6, load<u32>(vcpu, At.fop));
  if (wide) {
    put64(8, load<u64>(vcpu, At.fip));
    put64(16, load<u64>(vcpu, At.fdp));
  } else {
    put32(8, load<u64>(vcpu, At.fip) & 0xffff_ffff);
    put16(12, load<u32>(vcpu, At.fcs));
    put32(16, load<u64>(vcpu, At.fdp) & 0xffff_ffff);
    put16(20, load<u32>(vcpu, At.fds));
  }
  for (let i: u32 = 0; i < 8; i++) {
    put64(32 + (i << 4), load<u64>(st(i)));
    put64(40 + (i << 4), <u64>load<u16>(st(i), 8));
  }
}
function loadX87(wide: u32): void {
  setWords(get16(0), get16(2));
  store<u32>(vcpu, get8(4), At.ftw);
  store<u32>(vcpu, get16(6) & 0x7ff, At.fop);
  if (wide) {
    store<u64>(vcpu, get64(8), At.fip);
    store<u64>(vcpu, get64(16), At.fdp);
    store<u32>(vcpu, 0, At.fcs);
    store<u32>(vcpu, 0, At.fds);
  } else {
    store<u64>(vcpu, get32(8), At.fip);
    store<u32>(vcpu, get16(12), At.fcs);
    store<u64>(vcpu, get32(16), At.fdp);
    store<u32>(vcpu, get16(20), At.fds);
  }
  for (let i: u32 = 0; i < 8; i++) {
    store<u64>(st(i), get64(32 + (i << 4)));
    store<u64>(st(i), get16(40 + (i << 4)), 8);
  }
}
function initX87(): void {
  store<u32>(vcpu, 0x37f, At.fcw);
  memory.fill(vcpu + At.fsw, 0, At.scratch - At.fsw);
  memory.fill(vcpu + At.fpr, 0, 128);
}

function storeVectors(): void {
  if (host) return memory.copy(host + 160, vcpu + At.xmm, <usize>vectors() << 4);
  for (let i: u32 = 0, n = vectors() << 1; i < n; i++) put64(160 + (i << 3), load<u64>(vcpu + At.xmm + (i << 3)));
}
function loadVectors(): void {
  if (host) return memory.copy(vcpu + At.xmm, host + 160, <usize>vectors() << 4);
  for (let i: u32 = 0, n = vectors() << 1; i < n; i++) store<u64>(vcpu + At.xmm + (i << 3), get64(160 + (i << 3)));
}
function storeMxcsr(): void {
  put32(24, load<u32>(vcpu, At.mxcsr));
  put32(28, MXCSR_MASK);
}

export function saveLegacy(linear: u64, wide: u32): void {
  if (linear & 15) return raise(GP, 0);
  if (!openImage(linear, LEGACY_BYTES, true)) return;
  storeX87(wide);
  storeMxcsr();
  storeVectors();
  closeImage(LEGACY_BYTES);
}
export function restoreLegacy(linear: u64, wide: u32): void {
  if (linear & 15) return raise(GP, 0);
  if (!openImage(linear, LEGACY_BYTES, false)) return;
  const mxcsr = get32(24);
  if (mxcsr & ~MXCSR_MASK) return raise(GP, 0);
  loadX87(wide);
  store<u32>(vcpu, mxcsr, At.mxcsr);
  loadVectors();
}

/** #UD without CR4.OSXSAVE, #NM with CR0.TS, #GP(0) when not aligned to 64 bytes. */
function check(linear: u64): void {
  if (!(load<u64>(vcpu, At.cr4) & CR4_OSXSAVE)) raise(UD, 0);
  else if (load<u64>(vcpu, At.cr0) & CR0_TS) raise(NM, 0);
  else if (linear & 63) raise(GP, 0);
}
function requested(): u64 {
  return ((reg(0) & 0xffff_ffff) | (reg(2) << 32)) & load<u64>(vcpu, At.xcr0);
}

/** XSAVE and XSAVEOPT (`compacted` 0), XSAVEC and XSAVES (1). */
export function saveExtended(linear: u64, wide: u32, compacted: u32): void {
  check(linear);
  if (pending()) return;
  if (!openImage(linear, LEGACY_BYTES + HEADER_BYTES, true)) return;
  const components = requested();
  if (components & X87) storeX87(wide);
  if (components & SSE) {
    storeMxcsr();
    storeVectors();
  }
  if (compacted) {
    put64(LEGACY_BYTES, components);
    put64(LEGACY_BYTES + 8, components | COMPACTED);
  } else {
    const old = get64(LEGACY_BYTES);
    put64(LEGACY_BYTES, (old & ~load<u64>(vcpu, At.xcr0)) | (old & ~components) | components);
  }
  closeImage(LEGACY_BYTES + HEADER_BYTES);
}

/** XRSTOR, and XRSTORS (`supervisor` 1), which takes the compacted form only. */
export function restoreExtended(linear: u64, wide: u32, supervisor: u32): void {
  check(linear);
  if (pending()) return;
  if (!openImage(linear, LEGACY_BYTES + HEADER_BYTES, false)) return;
  const present = get64(LEGACY_BYTES), form = get64(LEGACY_BYTES + 8), xcr0 = load<u64>(vcpu, At.xcr0);
  let reserved = get64(LEGACY_BYTES + 16);
  if (form & COMPACTED) {
    for (let i: u32 = 24; i < HEADER_BYTES; i += 8) reserved |= get64(LEGACY_BYTES + i);
    reserved |= (form & ~COMPACTED & ~xcr0) | (present & ~form);
  } else reserved |= form | (present & ~xcr0) | supervisor;
  if (reserved) return raise(GP, 0);
  const components = requested();
  if (components & SSE) {
    const fresh = (form & COMPACTED) && !(present & SSE), mxcsr = fresh ? MXCSR_INIT : get32(24);
    if (mxcsr & ~MXCSR_MASK) return raise(GP, 0);
    store<u32>(vcpu, mxcsr, At.mxcsr);
    if (present & SSE) loadVectors();
    else memory.fill(vcpu + At.xmm, 0, <usize>vectors() << 4);
  }
  if (components & X87) {
    if (present & X87) loadX87(wide);
    else initX87();
  }
}
