// The .xz container: blocks of LZMA2, each with an optional x86 filter in front (The .xz File Format). Integrity checks are the kernel image's
// own business (it has a CRC32 of its own); block and index sizes are not verified.

import { createLzmaDecoder } from "./lzma.ts";
import { createOutput, inflated, reserve, type Output } from "./output.ts";

const FILTER_X86 = 0x04, FILTER_LZMA2 = 0x21;
const CHECK_BYTES = [0, 4, 4, 4, 8, 8, 8, 16, 16, 16, 32, 32, 32, 64, 64, 64];

/** Inflates an .xz file; what follows its first stream is ignored. @throws RangeError on corrupt input or a filter that is not supported */
export function unxz(input: Uint8Array): Uint8Array {
  if (input.length < 24) throw new RangeError("xz data is cut off");
  const checkBytes = CHECK_BYTES[input[7] & 0xf];
  const output = createOutput(input.length * 4);
  let at = 12;
  while (input[at] !== 0) { // 0 begins the index
    if (at >= input.length) throw new RangeError("xz data is cut off");
    const filters = blockFilters(input, at);
    const start = output.length;
    const dataAt = at + (input[at] + 1) * 4;
    at = lzma2(input, dataAt, output);
    if (filters.includes(FILTER_X86)) x86Decode(output.bytes.subarray(start, output.length));
    at = dataAt + Math.ceil((at - dataAt) / 4) * 4 + checkBytes;
  }
  return inflated(output);
}

/** Identifiers of the filters of the block whose header is at `at`. */
function blockFilters(input: Uint8Array, at: number): number[] {
  const flags = input[at + 1];
  let next = at + 2;
  const multibyte = () => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = input[next++] ?? 0;
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80 || shift > 56) return value;
    }
  };
  if (flags & 0x40) multibyte();
  if (flags & 0x80) multibyte();
  const filters = Array.from({ length: (flags & 3) + 1 }, () => {
    const id = multibyte(), propertyBytes = multibyte();
    next += propertyBytes;
    return id;
  });
  if (filters.some((id) => id !== FILTER_X86 && id !== FILTER_LZMA2)) throw new RangeError("xz filter is not supported");
  return filters;
}

/** Inflates LZMA2 chunks up to the end marker. @returns where it ended */
function lzma2(input: Uint8Array, at: number, output: Output): number {
  const decoder = createLzmaDecoder(output);
  for (;;) {
    if (at >= input.length) throw new RangeError("LZMA2 data is cut off");
    const control = input[at++];
    if (control === 0) return at;
    if (control === 1 || control >= 0xe0) decoder.resetDictionary();
    if (control < 0x80) {
      if (control > 2) throw new RangeError("LZMA2 control byte is reserved");
      const bytes = ((input[at] << 8) | input[at + 1]) + 1;
      if (at + 2 + bytes > input.length) throw new RangeError("LZMA2 data is cut off");
      reserve(output, bytes);
      output.bytes.set(input.subarray(at + 2, at + 2 + bytes), output.length);
      output.length += bytes;
      at += 2 + bytes;
      continue;
    }
    const inflated = (((control & 0x1f) << 16) | (input[at] << 8) | input[at + 1]) + 1;
    const packed = ((input[at + 2] << 8) | input[at + 3]) + 1;
    at += 4;
    if (control >= 0xc0) decoder.setProperties(input[at++]);
    if (control >= 0xa0) decoder.reset();
    decoder.decode(input.subarray(at, at + packed), inflated);
    at += packed;
  }
}

/** Undoes the x86 filter, in place: the absolute targets of CALL and JMP become relative again (The .xz File Format, Branch/Call/Jump Filters). */
function x86Decode(bytes: Uint8Array): void {
  const isSign = (byte: number) => byte === 0x00 || byte === 0xff;
  /** Bit i set: an opcode stood i + 1 bytes before and was left alone. An operand that overlaps one may not have been converted either. */
  let recent = 0, last = -5;
  for (let at = 0; at + 5 <= bytes.length; at++) {
    if ((bytes[at] & 0xfe) !== 0xe8) continue;
    const gap = at - last;
    last = at;
    recent = gap > 3 ? 0 : (recent << (gap - 1)) & 7;
    const farthest = recent === 0 ? 0 : recent === 1 ? 1 : recent < 4 ? 2 : 3;
    const several = (recent & (recent - 1)) !== 0;
    if (several || (recent !== 0 && isSign(bytes[at + 4 - farthest])) || !isSign(bytes[at + 4])) {
      recent = (recent << 1) | 1;
      continue;
    }
    let target = (bytes[at + 1] | (bytes[at + 2] << 8) | (bytes[at + 3] << 16) | (bytes[at + 4] << 24)) >>> 0;
    for (;;) {
      target = (target - (at + 5)) >>> 0;
      if (recent === 0 || !isSign((target >>> (24 - farthest * 8)) & 0xff)) break;
      target = (target ^ (2 ** (32 - farthest * 8) - 1)) >>> 0;
    }
    bytes[at + 1] = target & 0xff;
    bytes[at + 2] = (target >>> 8) & 0xff;
    bytes[at + 3] = (target >>> 16) & 0xff;
    bytes[at + 4] = target & 0x0100_0000 ? 0xff : 0x00;
    at += 4;
  }
}
