// ELF-64 programs as execve reads them (System V ABI, chapters 4 and 5; its AMD64 supplement). A file is whatever it is: each field is checked.

import { ELF_CLASS, ELF_MAGIC, EM_X86_64, ET_DYN, ET_EXEC, PT_GNU_STACK, PT_INTERP, PT_LOAD, PF_X } from "../../abi/elf.ts";
import { ERRNO } from "../../abi/linux/errno.ts";
import { USER_END } from "../memory/page-tables.ts";
import { FRAME } from "../memory/pmem.ts";

export interface Segment { offset: number; address: number; fileBytes: number; memoryBytes: number; rights: number }
export interface Elf {
  relocatable: boolean;
  entry: number;
  segments: Segment[];
  /** Range of addresses, whole pages. */
  start: number;
  end: number;
  headers: { offset: number; count: number; bytes: number };
  interpreter: { offset: number; bytes: number } | undefined;
  executableStack: boolean;
}

const HEADER_BYTES = 64, PROGRAM_HEADER_BYTES = 56, MOST_HEADERS = 256, MOST_INTERPRETER = 4096;

/** @param read bytes of the file; fewer at its end
 * @returns -ENOEXEC for what is no x86-64 program */
export function parseElf(read: (offset: number, bytes: number) => Uint8Array): Elf | number {
  const head = read(0, HEADER_BYTES);
  if (head.length < HEADER_BYTES) return -ERRNO.ENOEXEC;
  const view = new DataView(head.buffer, head.byteOffset);
  const type = view.getUint16(16, true);
  if (view.getUint32(0, true) !== ELF_MAGIC || head[4] !== ELF_CLASS[64] || head[5] !== 1 || view.getUint16(18, true) !== EM_X86_64 || (type !== ET_EXEC && type !== ET_DYN)) return -ERRNO.ENOEXEC;
  const offset = Number(view.getBigUint64(32, true)), count = view.getUint16(56, true);
  if (view.getUint16(54, true) !== PROGRAM_HEADER_BYTES || count === 0 || count > MOST_HEADERS) return -ERRNO.ENOEXEC;
  const table = read(offset, count * PROGRAM_HEADER_BYTES);
  if (table.length < count * PROGRAM_HEADER_BYTES) return -ERRNO.ENOEXEC;
  const headers = new DataView(table.buffer, table.byteOffset);
  const elf: Elf = {
    relocatable: type === ET_DYN, entry: Number(view.getBigUint64(24, true)), segments: [], start: Infinity, end: 0, headers: { offset, count, bytes: PROGRAM_HEADER_BYTES },
    interpreter: undefined, executableStack: false,
  };
  for (let index = 0; index < count; index++) {
    const at = index * PROGRAM_HEADER_BYTES, u64 = (field: number) => Number(headers.getBigUint64(at + field, true));
    const kind = headers.getUint32(at, true), rights = headers.getUint32(at + 4, true);
    const segment = { offset: u64(8), address: u64(16), fileBytes: u64(32), memoryBytes: u64(40), rights };
    if (kind === PT_GNU_STACK) elf.executableStack = (rights & PF_X) !== 0;
    if (kind === PT_INTERP) {
      if (segment.fileBytes < 2 || segment.fileBytes > MOST_INTERPRETER) return -ERRNO.ENOEXEC;
      elf.interpreter = { offset: segment.offset, bytes: segment.fileBytes };
    }
    if (kind !== PT_LOAD || segment.memoryBytes === 0) continue;
    const { address, memoryBytes, fileBytes } = segment, last = elf.segments[elf.segments.length - 1];
    if (fileBytes > memoryBytes || address % FRAME !== segment.offset % FRAME || !(address + memoryBytes <= USER_END) || (last && address < last.address + last.memoryBytes)) return -ERRNO.EINVAL;
    elf.segments.push(segment);
    elf.start = Math.min(elf.start, Math.floor(address / FRAME) * FRAME);
    elf.end = Math.max(elf.end, Math.ceil((address + memoryBytes) / FRAME) * FRAME);
  }
  return elf.segments.length > 0 ? elf : -ERRNO.ENOEXEC;
}

/** Address of the program headers in memory, as AT_PHDR wants it. */
export function headersAddress({ headers, segments }: Elf): number {
  const holder = segments.find(({ offset, fileBytes }) => headers.offset >= offset && headers.offset < offset + fileBytes);
  return holder ? headers.offset - holder.offset + holder.address : 0;
}
