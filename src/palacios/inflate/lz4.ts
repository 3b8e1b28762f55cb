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

/** Up to here a loop copies quicker than a call of the runtime. */
const SHORT = 48;

function block(input: Uint8Array, output: Output): void {
  const start = output.length, limit = start + BLOCK_MAX;
  let { bytes } = output, from = 0, to = start;
  const long = () => {
    let length = 15;
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
    bytes = output.bytes;
  };
  while (from < input.length) {
    const token = input[from++];
    const literals = token >> 4 === 15 ? long() : token >> 4, behind = to + literals;
    if (from + literals > input.length) throw new RangeError("LZ4 literals run over the end");
    if (behind > limit || behind > bytes.length) room(behind);
    if (literals > SHORT) {
      bytes.set(input.subarray(from, from + literals), to);
      from += literals;
      to = behind;
    } else while (to < behind) bytes[to++] = input[from++];
    if (from >= input.length) break; // the last sequence has no match
    const distance = input[from] | (input[from + 1] << 8);
    from += 2;
    const length = ((token & 15) === 15 ? long() : token & 15) + 4, end = to + length;
    if (distance === 0 || distance > to - start) throw new RangeError("LZ4 match lies outside of the block");
    if (end > limit || end > bytes.length) room(end);
    if (length > SHORT && distance >= length) {
      bytes.copyWithin(to, to - distance, to - distance + length);
      to = end;
    } else for (let source = to - distance; to < end;) bytes[to++] = bytes[source++];
  }
  output.length = to;
}
