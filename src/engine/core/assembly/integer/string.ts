// String instructions in blocks (SDM 1, String Operations). A call does as many elements as lie in one page of RAM on both sides, again and
// again up to a bound, and one by one what crosses pages or leads to a device. Registers are exact when it returns, with a fault too;
// flags are written when it returns without one.
import { At, C } from "../generated/layout";
import { code64, faulted, reg, setReg, vcpu } from "../state";
import { DF_FLAG } from "../processor/flags";
import { attributesOf, CODE, DOWN, limitOf } from "../segment/descriptor";
import { linearAddress } from "../memory/address";
import { loadSized, maskOf, storeSized } from "../memory/sized";
import { probeRead, probeWrite } from "../memory/memory";
import { noteStore } from "../memory/regions";
import { stopping, watching } from "../event/debug";

const RAX: u32 = 0, RCX: u32 = 1, RSI: u32 = 6, RDI: u32 = 7;
const REPNE: u32 = 2;

/** Bytes that one call does at most, when they are done by the page; an element done by itself counts as so many. */
const WORK: i32 = 65536, SINGLE: i32 = 64;

/** Elements between two looks at interrupts: one only, while somebody steps. */
// @ts-ignore: decorator
@inline function workOfCall(): i32 {
  return atomic.load<u32>(vcpu + At.attention) & C.ATTENTION_STEP ? 1 : WORK;
}
// @ts-ignore: decorator
@inline function downward(): bool {
  return (load<u32>(vcpu, At.flagRest) & <u32>DF_FLAG) != 0;
}

/** Writes a register in the address width: 16 bits keep the rest, 32 clear it. */
// @ts-ignore: decorator
@inline function setMasked(number: u32, value: u64, mask: u64): void {
  setReg(number, mask == 0xffff ? (reg(number) & ~mask) | (value & mask) : value & mask);
}
// @ts-ignore: decorator
@inline function advance(number: u32, bytes: u64, mask: u64, down: bool): void {
  const old = reg(number);
  setMasked(number, down ? old - bytes : old + bytes, mask);
}

/** How many elements from `offset` on neither wrap nor leave the segment nor the page of `linear`; 1 when only the first is known to be good. */
function runOf(count: u64, segment: u32, offset: u64, linear: u64, shift: u32, mask: u64, down: bool): u64 {
  const inPage = linear & 0xfff;
  let run = min<u64>(count, down ? (inPage >> shift) + 1 : (0x1000 - inPage) >> shift);
  if (down) run = min<u64>(run, (offset >> shift) + 1);
  else if (mask != ~0) run = min<u64>(run, (mask - offset + 1) >> shift);
  if (!code64()) {
    const attributes = attributesOf(segment);
    if ((attributes & (CODE | DOWN)) == DOWN) run = 1;
    else if (!down) run = min<u64>(run, (<u64>limitOf(segment) - offset + 1) >> shift);
  }
  return max<u64>(run, 1);
}

/** Up to here words in a loop are faster than a call of memory.copy or memory.fill. */
export const SHORT: usize = 64;

export function copyShort(target: usize, source: usize, length: usize): void {
  for (; length >= 8; length -= 8, target += 8, source += 8) store<u64>(target, load<u64>(source));
  for (; length != 0; length--, target++, source++) store<u8>(target, load<u8>(source));
}

/** One element after the other: each may read what the one before it wrote. */
function moveOverlapping<T>(target: usize, source: usize, count: u32, step: isize): void {
  for (let i: u32 = 0; i < count; i++) {
    store<T>(target, load<T>(source));
    target += step;
    source += step;
  }
}

export function moveString(bytes: u32, addressWidth: u32, segment: u32, rep: u32): u32 {
  const mask = maskOf(addressWidth), shift = ctz(bytes), down = downward();
  let count: u64 = rep ? reg(RCX) & mask : 1, work = workOfCall();
  while (count && work > 0) {
    const from = reg(RSI) & mask, to = reg(RDI) & mask;
    const source = linearAddress(segment, from, bytes, 0);
    if (faulted()) return 0;
    const sourceHost = <usize>probeRead(source, bytes);
    if (faulted()) return 0;
    const target = linearAddress(C.SEG_ES, to, bytes, 1);
    if (faulted()) return 0;
    const targetHost = <usize>probeWrite(target, bytes);
    if (faulted()) return 0;
    let run: u64 = 1;
    if (sourceHost && targetHost && !watching(source & ~0xfff) && !watching(target & ~0xfff)) {
      if (count > 1 && work > 1) run = runOf(runOf(count, segment, from, source, shift, mask, down), C.SEG_ES, to, target, shift, mask, down);
      const length = <usize>run << shift, back = down ? length - bytes : 0;
      const low = targetHost - back, distance = down ? (sourceHost - back) - low : low - sourceHost;
      if (run == 1) copyOne(low, sourceHost, bytes);
      else if (distance >= length) {
        // apart in both directions, or else the order of bytes matters
        if (length <= SHORT && sourceHost - back - low >= length && low - (sourceHost - back) >= length) copyShort(low, sourceHost - back, length);
        else memory.copy(low, sourceHost - back, length);
      }
      else if (bytes == 1) moveOverlapping<u8>(targetHost, sourceHost, <u32>run, down ? -1 : 1);
      else if (bytes == 2) moveOverlapping<u16>(targetHost, sourceHost, <u32>run, down ? -2 : 2);
      else if (bytes == 4) moveOverlapping<u32>(targetHost, sourceHost, <u32>run, down ? -4 : 4);
      else moveOverlapping<u64>(targetHost, sourceHost, <u32>run, down ? -8 : 8);
      noteStore(low, <u32>length);
      work -= <i32>length;
    } else {
      const value = loadSized(source, bytes);
      storeSized(target, bytes, value);
      if (faulted()) return 0;
      work = stopping() ? 0 : work - SINGLE;
    }
    advance(RSI, run << shift, mask, down);
    advance(RDI, run << shift, mask, down);
    count -= run;
    if (rep) setMasked(RCX, count, mask);
  }
  return count && rep ? 1 : 0;
}

// @ts-ignore: decorator
@inline function copyOne(target: usize, source: usize, bytes: u32): void {
  if (bytes == 1) store<u8>(target, load<u8>(source));
  else if (bytes == 2) store<u16>(target, load<u16>(source));
  else if (bytes == 4) store<u32>(target, load<u32>(source));
  else store<u64>(target, load<u64>(source));
}

export function fillRun<T>(target: usize, count: u32, value: T): void {
  for (const end = target + <usize>count * sizeof<T>(); target < end; target += sizeof<T>()) store<T>(target, value);
}

export function storeString(bytes: u32, addressWidth: u32, segment: u32, rep: u32): u32 {
  const mask = maskOf(addressWidth), shift = ctz(bytes), down = downward(), value = reg(RAX);
  const even = bytes == 1 || (value << (64 - (bytes << 3))) == (((value & 0xff) * 0x0101_0101_0101_0101) << (64 - (bytes << 3)));
  let count: u64 = rep ? reg(RCX) & mask : 1, work = workOfCall();
  while (count && work > 0) {
    const to = reg(RDI) & mask;
    const target = linearAddress(C.SEG_ES, to, bytes, 1);
    if (faulted()) return 0;
    const host = <usize>probeWrite(target, bytes);
    if (faulted()) return 0;
    let run: u64 = 1;
    if (host && !watching(target & ~0xfff)) {
      if (count > 1 && work > 1) run = runOf(count, C.SEG_ES, to, target, shift, mask, down);
      const length = <usize>run << shift, low = down ? host - (length - bytes) : host;
      if (even && length > SHORT) memory.fill(low, <u8>value, length);
      else if (bytes == 1) fillRun<u8>(low, <u32>run, <u8>value);
      else if (bytes == 2) fillRun<u16>(low, <u32>run, <u16>value);
      else if (bytes == 4) fillRun<u32>(low, <u32>run, <u32>value);
      else fillRun<u64>(low, <u32>run, value);
      noteStore(low, <u32>length);
      work -= <i32>length;
    } else {
      storeSized(target, bytes, value);
      if (faulted()) return 0;
      work = stopping() ? 0 : work - SINGLE;
    }
    advance(RDI, run << shift, mask, down);
    count -= run;
    if (rep) setMasked(RCX, count, mask);
  }
  return count && rep ? 1 : 0;
}

export function loadString(bytes: u32, addressWidth: u32, segment: u32, rep: u32): u32 {
  const mask = maskOf(addressWidth), shift = ctz(bytes), down = downward();
  let count: u64 = rep ? reg(RCX) & mask : 1, work = workOfCall();
  while (count && work > 0) {
    const from = reg(RSI) & mask;
    const source = linearAddress(segment, from, bytes, 0);
    if (faulted()) return 0;
    const host = <usize>probeRead(source, bytes);
    if (faulted()) return 0;
    let run: u64 = 1, value: u64 = 0;
    if (host && !watching(source & ~0xfff)) {
      if (count > 1 && work > 1) run = runOf(count, segment, from, source, shift, mask, down);
      const distance = <usize>(run - 1) << shift; // of all that are loaded only the last remains
      value = loadRaw(down ? host - distance : host + distance, bytes);
      work -= <i32>(run << shift);
    } else {
      value = loadSized(source, bytes);
      if (faulted()) return 0;
      work = stopping() ? 0 : work - SINGLE;
    }
    if (bytes == 1) setReg(RAX, (reg(RAX) & ~0xff) | value);
    else setMasked(RAX, value, bytes == 2 ? 0xffff : ~0);
    advance(RSI, run << shift, mask, down);
    count -= run;
    if (rep) setMasked(RCX, count, mask);
  }
  return count && rep ? 1 : 0;
}

// @ts-ignore: decorator
@inline function loadRaw(host: usize, bytes: u32): u64 {
  return bytes == 1 ? <u64>load<u8>(host) : bytes == 2 ? <u64>load<u16>(host) : bytes == 4 ? <u64>load<u32>(host) : load<u64>(host);
}

/** Index of the first element whose equality with `value` is `stop`, or `count`. */
function scanRun<T>(host: usize, count: u32, step: isize, value: T, stop: bool): u32 {
  let i: u32 = 0;
  for (; i < count && (load<T>(host) == value) != stop; i++) host += step;
  return i;
}
function compareRun<T>(first: usize, second: usize, count: u32, step: isize, stop: bool): u32 {
  let i: u32 = 0;
  for (; i < count && (load<T>(first) == load<T>(second)) != stop; i++) {
    first += step;
    second += step;
  }
  return i;
}

// Where an element faults, the flags are those of the last comparison before it, as AMD's processors have it; Intel's manual says that they are as
// before the instruction (SDM 2B, REP/REPE/REPZ/REPNE/REPNZ), which nobody can rely on who is interrupted between elements.

export function scanString(bytes: u32, addressWidth: u32, segment: u32, rep: u32): u32 {
  const mask = maskOf(addressWidth), shift = ctz(bytes), down = downward(), stop = rep == REPNE;
  const value = reg(RAX) & maskOf(bytes << 3), step = down ? -<isize>bytes : <isize>bytes;
  let count: u64 = rep ? reg(RCX) & mask : 1, work = workOfCall(), last: u64 = 0, stopped = false;
  const all = count;
  while (count && work > 0 && !stopped) {
    const to = reg(RDI) & mask;
    const target = linearAddress(C.SEG_ES, to, bytes, 0);
    if (faulted()) break;
    const host = <usize>probeRead(target, bytes);
    if (faulted()) break;
    let run: u64 = 1;
    if (host && !watching(target & ~0xfff)) {
      if (count > 1 && work > 1) run = runOf(count, C.SEG_ES, to, target, shift, mask, down);
      const length = <u32>run;
      const at = bytes == 1 ? scanRun<u8>(host, length, step, <u8>value, stop) : bytes == 2 ? scanRun<u16>(host, length, step, <u16>value, stop)
        : bytes == 4 ? scanRun<u32>(host, length, step, <u32>value, stop) : scanRun<u64>(host, length, step, value, stop);
      run = min<u64>(run, at + 1);
      last = loadRaw(host + <isize>(run - 1) * step, bytes);
      work -= <i32>(run << shift);
    } else {
      const element = loadSized(target, bytes);
      if (faulted()) break;
      last = element;
      work = stopping() ? 0 : work - SINGLE;
    }
    stopped = (last == value) == stop;
    advance(RDI, run << shift, mask, down);
    count -= run;
    if (rep) setMasked(RCX, count, mask);
  }
  if (count != all) setCompareFlags(value, last, bytes);
  return count && rep && !stopped && !faulted() ? 1 : 0;
}

export function compareString(bytes: u32, addressWidth: u32, segment: u32, rep: u32): u32 {
  const mask = maskOf(addressWidth), shift = ctz(bytes), down = downward(), stop = rep == REPNE;
  const step = down ? -<isize>bytes : <isize>bytes;
  let count: u64 = rep ? reg(RCX) & mask : 1, work = workOfCall(), first: u64 = 0, second: u64 = 0, stopped = false;
  const all = count;
  while (count && work > 0 && !stopped) {
    const from = reg(RSI) & mask, to = reg(RDI) & mask;
    const source = linearAddress(segment, from, bytes, 0);
    if (faulted()) break;
    const sourceHost = <usize>probeRead(source, bytes);
    if (faulted()) break;
    const target = linearAddress(C.SEG_ES, to, bytes, 0);
    if (faulted()) break;
    const targetHost = <usize>probeRead(target, bytes);
    if (faulted()) break;
    let run: u64 = 1;
    if (sourceHost && targetHost && !watching(source & ~0xfff) && !watching(target & ~0xfff)) {
      if (count > 1 && work > 1) run = runOf(runOf(count, segment, from, source, shift, mask, down), C.SEG_ES, to, target, shift, mask, down);
      const length = <u32>run;
      const at = bytes == 1 ? compareRun<u8>(sourceHost, targetHost, length, step, stop) : bytes == 2 ? compareRun<u16>(sourceHost, targetHost, length, step, stop)
        : bytes == 4 ? compareRun<u32>(sourceHost, targetHost, length, step, stop) : compareRun<u64>(sourceHost, targetHost, length, step, stop);
      run = min<u64>(run, at + 1);
      const distance = <isize>(run - 1) * step;
      first = loadRaw(sourceHost + distance, bytes);
      second = loadRaw(targetHost + distance, bytes);
      work -= <i32>(run << shift);
    } else {
      const a = loadSized(source, bytes), b = loadSized(target, bytes);
      if (faulted()) break;
      first = a;
      second = b;
      work = stopping() ? 0 : work - SINGLE;
    }
    stopped = (first == second) == stop;
    advance(RSI, run << shift, mask, down);
    advance(RDI, run << shift, mask, down);
    count -= run;
    if (rep) setMasked(RCX, count, mask);
  }
  if (count != all) setCompareFlags(first, second, bytes);
  return count && rep && !stopped && !faulted() ? 1 : 0;
}

/** The flags of CMP in lazy form. */
function setCompareFlags(a: u64, b: u64, bytes: u32): void {
  const up = 64 - (bytes << 3);
  const difference = <i64>((a - b) << up) >> up;
  const carry: u64 = a < b ? 1 : 0;
  const overflow = (((a ^ b) & (a ^ <u64>difference)) << up) >> 63;
  store<i64>(vcpu, difference, At.flagResult);
  store<u64>(vcpu, (carry << 63) | ((carry ^ overflow) << 62) | ((((a ^ b ^ <u64>difference) >> 4) & 1) << 3), At.flagAux);
}
