// The kernel's access to a program's memory: by the program's own page tables and rights, whatever the address. A bad one is a value.

import { PROT } from "../../abi/linux/memory.ts";
import { touch, TOUCH, type Aspace } from "./aspace.ts";
import { ENTRY, frameOf, LARGE_BYTES, USER_END } from "./page-tables.ts";
import { FRAME } from "./pmem.ts";

/** Guest-physical address behind an address of the program, valid to the end of its page. @returns -1: the program may not do this access */
export function reach(aspace: Aspace, address: number, write: boolean): number {
  if (!(address >= 0 && address < USER_END)) return -1;
  const { tables, pmem } = aspace, needed = ENTRY.present | (write ? ENTRY.write : 0);
  for (let attempt = 0; attempt < 2; attempt++) {
    const entry = tables.find(address), word = entry < 0 ? 0 : pmem.words[entry];
    if ((word & needed) === needed) {
      if (write) pmem.words[entry] |= ENTRY.dirty;
      return frameOf(word) + address % (word & ENTRY.large ? LARGE_BYTES : FRAME);
    }
    if (touch(aspace, address, write ? PROT.write : PROT.read) !== TOUCH.done) return -1;
  }
  return -1;
}

/** Calls `visit` with the bytes of [address, address + length), page by page. @returns how many bytes could be reached */
export function spans(aspace: Aspace, address: number, length: number, write: boolean, visit: (bytes: Uint8Array, offset: number) => void): number {
  let done = 0;
  while (done < length) {
    const at = address + done, gpa = reach(aspace, at, write);
    if (gpa < 0) break;
    const count = Math.min(length - done, FRAME - (at % FRAME));
    visit(aspace.pmem.bytes(gpa, count), done);
    if (write) aspace.pmem.written(gpa, count);
    done += count;
  }
  return done;
}

/** A copy of the program's bytes, undefined for EFAULT. `length` must have been checked: it is allocated. */
export function copyIn(aspace: Aspace, address: number, length: number): Uint8Array | undefined {
  const out = new Uint8Array(length);
  return spans(aspace, address, length, false, (bytes, offset) => out.set(bytes, offset)) === length ? out : undefined;
}
/** @returns false for EFAULT */
export function copyOut(aspace: Aspace, address: number, data: Uint8Array): boolean {
  return spans(aspace, address, data.length, true, (bytes, offset) => bytes.set(data.subarray(offset, offset + bytes.length))) === data.length;
}

/** The string at an address, without its NUL; undefined for EFAULT, null when it has more than `most` bytes. */
export function stringIn(aspace: Aspace, address: number, most: number): string | undefined | null {
  const parts: number[] = [];
  for (let at = address; ; ) {
    const gpa = reach(aspace, at, false);
    if (gpa < 0) return undefined;
    const bytes = aspace.pmem.bytes(gpa, FRAME - (at % FRAME)), end = bytes.indexOf(0);
    if (parts.length + (end < 0 ? bytes.length : end) > most) return null;
    for (let index = 0; index < (end < 0 ? bytes.length : end); index++) parts.push(bytes[index]);
    if (end >= 0) return decoder.decode(Uint8Array.from(parts));
    at += bytes.length;
  }
}
const decoder = new TextDecoder();

/** Numbers at an address; undefined for EFAULT. */
export function u32In(aspace: Aspace, address: number): number | undefined {
  if (address % 4 === 0) {
    const gpa = reach(aspace, address, false);
    return gpa < 0 ? undefined : aspace.pmem.words[aspace.pmem.firstWord + gpa / 4];
  }
  const bytes = copyIn(aspace, address, 4);
  return bytes && new DataView(bytes.buffer).getUint32(0, true);
}
export function u64In(aspace: Aspace, address: number): bigint | undefined {
  const bytes = copyIn(aspace, address, 8);
  return bytes && new DataView(bytes.buffer).getBigUint64(0, true);
}
/** A signed 64-bit number; beyond 2^53 its low bits are lost. */
export function i64In(aspace: Aspace, address: number): number | undefined {
  const value = u64In(aspace, address);
  return value === undefined ? undefined : Number(BigInt.asIntN(64, value));
}
export function u32Out(aspace: Aspace, address: number, value: number): boolean {
  if (address % 4 === 0) {
    const gpa = reach(aspace, address, true);
    if (gpa < 0) return false;
    aspace.pmem.words[aspace.pmem.firstWord + gpa / 4] = value;
    aspace.pmem.written(gpa, 4);
    return true;
  }
  return copyOut(aspace, address, Uint8Array.of(value, value >>> 8, value >>> 16, value >>> 24));
}
/** Changes an aligned word while other cores may do so too. @param change the new value, undefined to leave it. @returns what it was; undefined for EFAULT */
export function u32Change(aspace: Aspace, address: number, change: (word: number) => number | undefined): number | undefined {
  const gpa = address % 4 === 0 ? reach(aspace, address, true) : -1;
  if (gpa < 0) return undefined;
  const { words, firstWord } = aspace.pmem, at = firstWord + gpa / 4;
  for (;;) {
    const word = Atomics.load(words, at), next = change(word);
    if (next !== undefined && Atomics.compareExchange(words, at, word, next >>> 0) !== word) continue;
    if (next !== undefined) aspace.pmem.written(gpa, 4);
    return word;
  }
}
export function u64Out(aspace: Aspace, address: number, value: number | bigint): boolean {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigInt64(0, BigInt.asIntN(64, BigInt(value)), true);
  return copyOut(aspace, address, bytes);
}
