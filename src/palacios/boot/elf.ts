// Reads an ELF executable's loadable segments and notes. Every number of the file is checked before it is used.

import { ELF_CLASS, ELF_MAGIC, EM_386, EM_X86_64, PT_LOAD, PT_NOTE } from "../../abi/elf.ts";
import type { Issue } from "../../base/error.ts";

export interface ElfSegment { gpa: number; virtual: bigint; file: Uint8Array; memoryBytes: number }
export interface ElfNote { owner: string; type: number; value: Uint8Array }
export interface Elf {
  bits: 32 | 64;
  /** As in the header: a virtual address. */
  entry: bigint;
  segments: readonly ElfSegment[];
  notes: readonly ElfNote[];
}

const SEGMENTS_MAX = 256;
const LIMIT = 2 ** 40;

export const isElf = (bytes: Uint8Array): boolean =>
  bytes.length >= 52 && new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true) === ELF_MAGIC;

/** Parses an ELF file for x86. @returns the parts that a loader needs, or what is wrong with it */
export function parseElf(bytes: Uint8Array): { elf: Elf } | { issues: Issue[] } {
  const bad = (message: string) => ({ issues: [{ path: "kernel", message }] });
  if (!isElf(bytes)) return bad("not an ELF file");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const wide = bytes[4] === ELF_CLASS[64];
  if (!wide && bytes[4] !== ELF_CLASS[32]) return bad(`ELF class ${bytes[4]} is unknown; 1 (32-bit) and 2 (64-bit) are allowed`);
  if (bytes[5] !== 1) return bad("big-endian ELF is not for x86");
  if (wide && bytes.length < 64) return bad("ELF header is cut off");
  const machine = view.getUint16(18, true);
  if (machine !== EM_386 && machine !== EM_X86_64) return bad(`ELF is for machine ${machine}; x86 (3) and x86-64 (62) are allowed`);
  const word = (at: number) => wide ? view.getBigUint64(at, true) : BigInt(view.getUint32(at, true));
  const entry = word(24);
  const tableAt = Number(word(wide ? 32 : 28));
  const entryBytes = view.getUint16(wide ? 54 : 42, true), count = view.getUint16(wide ? 56 : 44, true);
  if (entryBytes < (wide ? 56 : 32)) return bad(`ELF program headers of ${entryBytes} bytes are too short`);
  if (count > SEGMENTS_MAX) return bad(`ELF has ${count} program headers; at most ${SEGMENTS_MAX} are allowed`);
  if (tableAt + count * entryBytes > bytes.length) return bad("ELF program headers lie outside the file");
  const segments: ElfSegment[] = [];
  const notes: ElfNote[] = [];
  for (let index = 0; index < count; index++) {
    const at = tableAt + index * entryBytes;
    const type = view.getUint32(at, true);
    const [offset, virtual, physical, fileBytes, memoryBytes] = wide
      ? [word(at + 8), word(at + 16), word(at + 24), word(at + 32), word(at + 40)]
      : [word(at + 4), word(at + 8), word(at + 12), word(at + 16), word(at + 20)];
    if (type !== PT_LOAD && type !== PT_NOTE) continue;
    if (offset + fileBytes > BigInt(bytes.length)) return bad(`ELF segment ${index} lies outside the file`);
    const file = bytes.subarray(Number(offset), Number(offset + fileBytes));
    if (type === PT_NOTE) notes.push(...parseNotes(file));
    else {
      if (physical > LIMIT || memoryBytes > LIMIT) return bad(`ELF segment ${index} is at 0x${physical.toString(16)} with 0x${memoryBytes.toString(16)} bytes: more than a node can have`);
      if (memoryBytes < fileBytes) return bad(`ELF segment ${index} is larger in the file than in memory`);
      segments.push({ gpa: Number(physical), virtual, file, memoryBytes: Number(memoryBytes) });
    }
  }
  if (segments.length === 0) return bad("ELF has nothing to load");
  return { elf: { bits: wide ? 64 : 32, entry, segments, notes } };
}

function parseNotes(bytes: Uint8Array): ElfNote[] {
  const notes: ElfNote[] = [];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let at = 0; at + 12 <= bytes.length;) {
    const ownerBytes = view.getUint32(at, true), valueBytes = view.getUint32(at + 4, true), type = view.getUint32(at + 8, true);
    const valueAt = at + 12 + Math.ceil(ownerBytes / 4) * 4;
    if (valueAt + valueBytes > bytes.length) break;
    const owner = String.fromCharCode(...bytes.subarray(at + 12, Math.min(at + 12 + ownerBytes, at + 76))).replace(/\0.*$/s, "");
    notes.push({ owner, type, value: bytes.subarray(valueAt, valueAt + valueBytes) });
    at = valueAt + Math.ceil(valueBytes / 4) * 4;
  }
  return notes;
}
