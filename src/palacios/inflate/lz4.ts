// LZ4 in the legacy framing that Linux uses: magic, then blocks of (compressed bytes, data) that inflate to at most 8 MiB each
// (LZ4 Frame Format Description, Legacy frame; LZ4 Block Format Description).

import { createOutput, inflated, reserve, type Output } from "./output.ts";

const MAGIC = 0x184c_2102;
const BLOCK_MAX = 8 * 2 ** 20;

/** Inflates a legacy LZ4 stream. Trailing bytes that are no block end it; Linux appends the inflated size there. @throws RangeError on corrupt input */
export function lz4Legacy(input: Uint8Array): Uint8Array {
  const view = new DataView(input.buffer, input.byteOffset, input.length);
  const appended = view.getUint32(input.length - 4, true);
  const output = createOutput(appended < input.length * 16 ? appended : input.length * 4);
  for (let at = 4; at + 4 <= input.length;) {
    const bytes = view.getUint32(at, true);
    if (bytes === MAGIC) { at += 4; continue; }
    if (at + 4 + bytes > input.length || bytes === 0) break;
    block(input.subarray(at + 4, at + 4 + bytes), output);
    at += 4 + bytes;
  }
  return inflated(output);
}

function block(input: Uint8Array, output: Output): void {
  const start = output.length, limit = start + BLOCK_MAX;
  let from = 0, to = start;
  const long = (length: number) => {
    if (length !== 15) return length;
    for (let byte = 255; byte === 255;) {
      byte = input[from++] ?? 0;
      length += byte;
    }
    return length;
  };
  const room = (end: number) => {
    if (end > limit) throw new RangeError("LZ4 block is too long");
    output.length = to;
    reserve(output, end - to);
  };
  while (from < input.length) {
    const token = input[from++];
    const literals = long(token >> 4);
    if (from + literals > input.length) throw new RangeError("LZ4 literals run over the end");
    room(to + literals);
    output.bytes.set(input.subarray(from, from + literals), to);
    from += literals;
    to += literals;
    if (from >= input.length) break; // the last sequence has no match
    const distance = input[from] | (input[from + 1] << 8);
    from += 2;
    const end = to + long(token & 15) + 4;
    if (distance === 0 || distance > to - start) throw new RangeError("LZ4 match lies outside of the block");
    room(end);
    const { bytes } = output;
    while (to < end) { bytes[to] = bytes[to - distance]; to++; }
  }
  output.length = to;
}
