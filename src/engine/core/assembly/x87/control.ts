// x87: control and status words, environment images (SDM 1, Saving the x87 FPU's State).

import { At, C } from "../generated/layout";
import { vcpu } from "../state";
import { load16, load32, load64, probeRead, probeWrite, store16, store32, store64 } from "../memory/memory";
import { BUSY, SUMMARY, register } from "./x87";

/** Bits of FCW that exist; bit 6 reads as 1. */
const CONTROL_BITS: u32 = 0x1f3f, CONTROL_ONE: u32 = 0x40;

export function x87Init(): void {
  store<u32>(vcpu, 0x37f, At.fcw);
  store<u32>(vcpu, 0, At.fsw);
  store<u32>(vcpu, 0, At.ftw);
  store<u32>(vcpu, 0, At.fop);
  store<u64>(vcpu, 0, At.fip);
  store<u64>(vcpu, 0, At.fdp);
}

export function x87ClearExceptions(): void {
  store<u32>(vcpu, load<u32>(vcpu, At.fsw) & 0x7f00, At.fsw);
}

export function x87ControlWord(): u32 { return load<u32>(vcpu, At.fcw); }
export function x87StatusWord(): u32 { return load<u32>(vcpu, At.fsw); }

/** Changes control and status; what is pending follows from both. */
export function setWords(fcw: u32, fsw: u32): void {
  fcw = (fcw & CONTROL_BITS) | CONTROL_ONE;
  fsw &= ~(SUMMARY | BUSY);
  if ((fsw & ~fcw & 0x3f) != 0) fsw |= SUMMARY | BUSY;
  store<u32>(vcpu, fcw, At.fcw);
  store<u32>(vcpu, fsw, At.fsw);
}

export function x87LoadControlWord(value: u32): void {
  setWords(value, load<u32>(vcpu, At.fsw));
}

/** Two bits per register: 0 valid, 1 zero, 2 special, 3 empty. */
function tagWord(): u32 {
  let tags: u32 = 0;
  const used = load<u32>(vcpu, At.ftw);
  for (let i: u32 = 0; i < 8; i++) {
    const at = vcpu + At.fpr + (usize(i) << 4), sig = load<u64>(at), exp = load<u16>(at, 8) & 0x7fff;
    let tag: u32 = 0;
    if ((used >> i & 1) == 0) tag = 3;
    else if (exp == 0 && sig == 0) tag = 1;
    else if (exp == 0 || exp == 0x7fff || sig >> 63 == 0) tag = 2;
    tags |= tag << (i * 2);
  }
  return tags;
}

function setTagWord(tags: u32): void {
  let used: u32 = 0;
  for (let i: u32 = 0; i < 8; i++) if ((tags >> (i * 2) & 3) != 3) used |= 1 << i;
  store<u32>(vcpu, used, At.ftw);
}

function realMode(): bool {
  const mode = load<u32>(vcpu, At.mode);
  return (mode & C.MODE_PROTECTED) == 0 || (mode & C.MODE_VM86) != 0;
}

/** Writes the environment: 7 fields of 2 or 4 bytes. Those of 2 bytes in a field of 4 have ones above. */
function putEnvironment(linear: u64, width: u32): void {
  const fcw = load<u32>(vcpu, At.fcw), fsw = load<u32>(vcpu, At.fsw), tags = tagWord(), fop = load<u32>(vcpu, At.fop);
  const fip = load<u64>(vcpu, At.fip), fdp = load<u64>(vcpu, At.fdp), fcs = load<u32>(vcpu, At.fcs), fds = load<u32>(vcpu, At.fds);
  const real = realMode();
  if (width == 16) {
    store16(linear, fcw);
    store16(linear + 2, fsw);
    store16(linear + 4, tags);
    store16(linear + 6, fip & 0xffff);
    store16(linear + 8, real ? u32(fip >> 4) & 0xf000 | fop : fcs);
    store16(linear + 10, fdp & 0xffff);
    store16(linear + 12, real ? u32(fdp >> 4) & 0xf000 : fds);
    return;
  }
  store32(linear, 0xffff0000 | fcw);
  store32(linear + 4, 0xffff0000 | fsw);
  store32(linear + 8, 0xffff0000 | tags);
  if (real) {
    store32(linear + 12, 0xffff0000 | (fip & 0xffff));
    store32(linear + 16, (fip >> 4 & 0xffff000) | fop);
    store32(linear + 20, 0xffff0000 | (fdp & 0xffff));
    store32(linear + 24, fdp >> 4 & 0xffff000);
  } else {
    store32(linear + 12, fip & 0xffffffff);
    store32(linear + 16, fop << 16 | fcs);
    store32(linear + 20, fdp & 0xffffffff);
    store32(linear + 24, 0xffff0000 | fds);
  }
}

function takeEnvironment(linear: u64, width: u32): void {
  const real = realMode(), step: u64 = width == 16 ? 2 : 4;
  const fcw = load16(linear), fsw = load16(linear + step), tags = load16(linear + step * 2);
  const ip = width == 16 ? load16(linear + 6) : load32(linear + 12), ipHigh = width == 16 ? load16(linear + 8) : load32(linear + 16);
  const dp = width == 16 ? load16(linear + 10) : load32(linear + 20), dpHigh = width == 16 ? load16(linear + 12) : load32(linear + 24);
  setTagWord(u32(tags));
  setWords(u32(fcw), u32(fsw));
  store<u64>(vcpu, real ? (ip & 0xffff) | (ipHigh & 0xffff000) << 4 : ip, At.fip);
  store<u64>(vcpu, real ? (dp & 0xffff) | (dpHigh & 0xffff000) << 4 : dp, At.fdp);
  if (real) store<u32>(vcpu, u32(ipHigh) & 0x7ff, At.fop);
  else if (width != 16) store<u32>(vcpu, u32(ipHigh >> 16) & 0x7ff, At.fop);
}

function writable(linear: u64, bytes: u32): bool {
  probeWrite(linear, bytes);
  return load<u32>(vcpu, At.fault) == 0;
}
function readable(linear: u64, bytes: u32): bool {
  probeRead(linear, bytes);
  return load<u32>(vcpu, At.fault) == 0;
}

export function x87StoreEnvironment(linear: u64, width: u32): void {
  if (!writable(linear, width == 16 ? 14 : 28)) return;
  putEnvironment(linear, width);
  setWords(load<u32>(vcpu, At.fcw) | 0x3f, load<u32>(vcpu, At.fsw)); // so that a handler may use x87
}

export function x87LoadEnvironment(linear: u64, width: u32): void {
  if (readable(linear, width == 16 ? 14 : 28)) takeEnvironment(linear, width);
}

export function x87Save(linear: u64, width: u32): void {
  const header: u32 = width == 16 ? 14 : 28;
  if (!writable(linear, header + 80)) return;
  putEnvironment(linear, width);
  for (let i: u32 = 0; i < 8; i++) {
    const to = linear + header + i * 10, at = register(i);
    store64(to, load<u64>(at));
    store16(to + 8, load<u16>(at, 8));
  }
  x87Init();
}

export function x87Restore(linear: u64, width: u32): void {
  const header: u32 = width == 16 ? 14 : 28;
  if (!readable(linear, header + 80)) return;
  takeEnvironment(linear, width);
  for (let i: u32 = 0; i < 8; i++) {
    const from = linear + header + i * 10, at = register(i);
    const sig = load64(from), signExp = load16(from + 8);
    store<u64>(at, sig);
    store<u64>(at, signExp, 8);
  }
}
