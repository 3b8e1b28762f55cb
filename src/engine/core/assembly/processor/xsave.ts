// FXSAVE, FXRSTOR and the XSAVE family (SDM 1, Managing State Using the XSAVE Feature Set). Components are x87 (0) and SSE (1), so standard
// and compacted form differ in the header alone. All components count as in use: the init and modified optimizations are not made.
// Physical x87 registers are numbered from R0, the image has ST(0) first.
import { At, C } from "../generated/layout";
import { code64, CR0_TS, CR4_OSXSAVE, GP, NM, raise, reg, UD, vcpu } from "../state";
import { setWords } from "../x87/control";
import { load16, load32, load64, load8, probeRead, probeWrite, store16, store32, store64, store8 } from "../memory/memory";

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

/** The x87 part; `wide`: 64-bit pointers without selectors (REX.W). */
function storeX87(linear: u64, wide: u32): void {
  store16(linear, load<u32>(vcpu, At.fcw));
  store16(linear + 2, load<u32>(vcpu, At.fsw));
  store8(linear + 4, load<u32>(vcpu, At.ftw));
  store8(linear + 5, 0);
  store16(linear + 6, load<u32>(vcpu, At.fop));
  if (wide) {
    store64(linear + 8, load<u64>(vcpu, At.fip));
    store64(linear + 16, load<u64>(vcpu, At.fdp));
  } else {
    store32(linear + 8, load<u64>(vcpu, At.fip) & 0xffff_ffff);
    store16(linear + 12, load<u32>(vcpu, At.fcs));
    store32(linear + 16, load<u64>(vcpu, At.fdp) & 0xffff_ffff);
    store16(linear + 20, load<u32>(vcpu, At.fds));
  }
  for (let i: u32 = 0; i < 8; i++) {
    store64(linear + 32 + (i << 4), load<u64>(st(i)));
    store64(linear + 40 + (i << 4), <u64>load<u16>(st(i), 8));
  }
}
function loadX87(linear: u64, wide: u32): void {
  setWords(<u32>load16(linear), <u32>load16(linear + 2));
  store<u32>(vcpu, <u32>load8(linear + 4), At.ftw);
  store<u32>(vcpu, <u32>load16(linear + 6) & 0x7ff, At.fop);
  if (wide) {
    store<u64>(vcpu, load64(linear + 8), At.fip);
    store<u64>(vcpu, load64(linear + 16), At.fdp);
    store<u32>(vcpu, 0, At.fcs);
    store<u32>(vcpu, 0, At.fds);
  } else {
    store<u64>(vcpu, load32(linear + 8), At.fip);
    store<u32>(vcpu, <u32>load16(linear + 12), At.fcs);
    store<u64>(vcpu, load32(linear + 16), At.fdp);
    store<u32>(vcpu, <u32>load16(linear + 20), At.fds);
  }
  for (let i: u32 = 0; i < 8; i++) {
    store<u64>(st(i), load64(linear + 32 + (i << 4)));
    store<u64>(st(i), load16(linear + 40 + (i << 4)), 8);
  }
}
function initX87(): void {
  store<u32>(vcpu, 0x37f, At.fcw);
  memory.fill(vcpu + At.fsw, 0, At.scratch - At.fsw);
  memory.fill(vcpu + At.fpr, 0, 128);
}

function storeVectors(linear: u64): void {
  for (let i: u32 = 0, n = vectors(); i < n; i++) {
    const at = vcpu + At.xmm + (<usize>i << 4);
    store64(linear + 160 + (i << 4), load<u64>(at));
    store64(linear + 168 + (i << 4), load<u64>(at, 8));
  }
}
function loadVectors(linear: u64): void {
  for (let i: u32 = 0, n = vectors(); i < n; i++) {
    const at = vcpu + At.xmm + (<usize>i << 4);
    store<u64>(at, load64(linear + 160 + (i << 4)));
    store<u64>(at, load64(linear + 168 + (i << 4)), 8);
  }
}
function storeMxcsr(linear: u64): void {
  store32(linear + 24, load<u32>(vcpu, At.mxcsr));
  store32(linear + 28, MXCSR_MASK);
}

export function saveLegacy(linear: u64, wide: u32): void {
  if (linear & 15) return raise(GP, 0);
  probeWrite(linear, LEGACY_BYTES);
  if (pending()) return;
  storeX87(linear, wide);
  storeMxcsr(linear);
  storeVectors(linear);
}
export function restoreLegacy(linear: u64, wide: u32): void {
  if (linear & 15) return raise(GP, 0);
  probeRead(linear, LEGACY_BYTES);
  if (pending()) return;
  const mxcsr = <u32>load32(linear + 24);
  if (mxcsr & ~MXCSR_MASK) return raise(GP, 0);
  loadX87(linear, wide);
  store<u32>(vcpu, mxcsr, At.mxcsr);
  loadVectors(linear);
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
  probeWrite(linear, LEGACY_BYTES + HEADER_BYTES);
  if (pending()) return;
  const components = requested(), header = linear + LEGACY_BYTES;
  if (components & X87) storeX87(linear, wide);
  if (components & SSE) {
    storeMxcsr(linear);
    storeVectors(linear);
  }
  if (compacted) {
    store64(header, components);
    store64(header + 8, components | COMPACTED);
  } else {
    const old = load64(header);
    store64(header, (old & ~load<u64>(vcpu, At.xcr0)) | (old & ~components) | components);
  }
}

/** XRSTOR, and XRSTORS (`supervisor` 1), which takes the compacted form only. */
export function restoreExtended(linear: u64, wide: u32, supervisor: u32): void {
  check(linear);
  if (pending()) return;
  probeRead(linear, LEGACY_BYTES + HEADER_BYTES);
  if (pending()) return;
  const header = linear + LEGACY_BYTES, present = load64(header), form = load64(header + 8), xcr0 = load<u64>(vcpu, At.xcr0);
  let reserved = load64(header + 16);
  if (form & COMPACTED) {
    for (let i: u64 = 24; i < HEADER_BYTES; i += 8) reserved |= load64(header + i);
    reserved |= (form & ~COMPACTED & ~xcr0) | (present & ~form);
  } else reserved |= form | (present & ~xcr0) | supervisor;
  if (reserved) return raise(GP, 0);
  const components = requested();
  if (components & SSE) {
    const fresh = (form & COMPACTED) && !(present & SSE), mxcsr = fresh ? MXCSR_INIT : <u32>load32(linear + 24);
    if (mxcsr & ~MXCSR_MASK) return raise(GP, 0);
    store<u32>(vcpu, mxcsr, At.mxcsr);
    if (present & SSE) loadVectors(linear);
    else memory.fill(vcpu + At.xmm, 0, <usize>vectors() << 4);
  }
  if (components & X87) {
    if (present & X87) loadX87(linear, wide);
    else initX87();
  }
}
