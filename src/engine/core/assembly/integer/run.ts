// REP MOVS and REP STOS of compiled code: all elements at once, or none. What is not plain (pages that are not there, that hold code or belong to a
// device; elements that cross pages; copies onto themselves; downwards; long runs, between which interrupts have their chance) is string.ts's.
import { At, C } from "../generated/layout";
import { vcpu } from "../state";
import { DF_FLAG } from "../processor/flags";
import { locate } from "../memory/memory";
import { currentEntry } from "../memory/tlb";
import { copyShort, fillRun, SHORT } from "./string";

/** Bytes of a run at most: on either side it crosses two borders of pages, which makes five pieces. */
const LONGEST: u64 = 8192;
const PAGE: u32 = 4096;
/** Pieces of the run at hand, each within one page on either side: target, source, bytes. They are in the scratch slots from the fourth on. */
const PIECES: usize = At.scratch + 64, PIECE_BYTES: usize = 12;

/** Host address of a byte in RAM that may be read, or with LOCATE_WRITE written, without anybody being told; or 0. */
function hostOf(linear: u64, write: u32): usize {
  const entry = currentEntry(linear);
  if (load<u64>(entry + (write ? <usize>C.TLB_WRITE : <usize>C.TLB_READ)) != (linear & ~0xfff)) return locate(linear, 1 | write);
  return <usize>(load<u32>(entry, C.TLB_ADDEND) + <u32>linear);
}
/** Bytes of so many elements, or 0 where they are too many. */
// @ts-ignore: decorator
@inline function lengthOf(count: u64, bytes: u32): u32 {
  return count > LONGEST || (count << ctz(<u64>bytes)) > LONGEST || load<u32>(vcpu, At.flagRest) & <u32>DF_FLAG ? 0 : <u32>count << ctz(bytes);
}
// @ts-ignore: decorator
@inline function inPage(linear: u64): u32 {
  return PAGE - (<u32>linear & (PAGE - 1));
}

/** @returns 1: all elements have been moved; 0: nothing has happened */
export function moveAll(source: u64, target: u64, count: u64, bytes: u32): u32 {
  if (!count) return 1;
  const length = lengthOf(count, bytes);
  if (!length) return 0;
  const pieces = vcpu + PIECES;
  let end = pieces;
  for (let done: u32 = 0; done < length; end += PIECE_BYTES) {
    const from = source + done, to = target + done, size = min(length - done, min(inPage(from), inPage(to)));
    if (size & (bytes - 1)) return 0;
    const sourceHost = hostOf(from, 0);
    if (!sourceHost) return 0;
    const targetHost = hostOf(to, C.LOCATE_WRITE);
    if (!targetHost || targetHost - sourceHost < size) return 0;
    store<u32>(end, targetHost);
    store<u32>(end, sourceHost, 4);
    store<u32>(end, size, 8);
    done += size;
  }
  for (let piece = pieces; piece < end; piece += PIECE_BYTES) {
    const to = <usize>load<u32>(piece), from = <usize>load<u32>(piece, 4), size = <usize>load<u32>(piece, 8);
    if (size <= SHORT && from - to >= size) copyShort(to, from, size);
    else memory.copy(to, from, size);
  }
  return 1;
}

/** @returns 1: all elements have been stored; 0: nothing has happened */
export function storeAll(target: u64, count: u64, bytes: u32, value: u64): u32 {
  if (!count) return 1;
  const length = lengthOf(count, bytes), rest = 64 - (bytes << 3), even = value << rest == (value & 0xff) * 0x0101_0101_0101_0101 << rest;
  if (!length) return 0;
  const pieces = vcpu + PIECES;
  let end = pieces;
  for (let done: u32 = 0; done < length; end += PIECE_BYTES) {
    const to = target + done, size = min(length - done, inPage(to));
    if (size & (bytes - 1)) return 0;
    const host = hostOf(to, C.LOCATE_WRITE);
    if (!host) return 0;
    store<u32>(end, host);
    store<u32>(end, size, 8);
    done += size;
  }
  for (let piece = pieces; piece < end; piece += PIECE_BYTES) {
    const to = <usize>load<u32>(piece), size = load<u32>(piece, 8);
    if (even && size > <u32>SHORT) memory.fill(to, <u8>value, size);
    else if (bytes == 1) fillRun<u8>(to, size, <u8>value);
    else if (bytes == 2) fillRun<u16>(to, size >> 1, <u16>value);
    else if (bytes == 4) fillRun<u32>(to, size >> 2, <u32>value);
    else fillRun<u64>(to, size >> 3, value);
  }
  return 1;
}
