// LZ4 in the legacy framing that Linux uses: magic, then blocks of (compressed bytes, data) that inflate to at most 8 MiB each
// (LZ4 Frame Format Description, Legacy frame; LZ4 Block Format Description).

const MAGIC = 0x184c_2102;
const BLOCK_MAX = 8 * 2 ** 20;

/** Inflates a legacy LZ4 stream. Trailing bytes that are no block (Linux appends the size) end it. @throws RangeError on corrupt input */
export function lz4Legacy(input: Uint8Array): Uint8Array {
  const view = new DataView(input.buffer, input.byteOffset, input.length);
  const blocks: Uint8Array[] = [];
  for (let at = 4; at + 4 <= input.length;) {
    const bytes = view.getUint32(at, true);
    if (bytes === MAGIC) { at += 4; continue; }
    if (at + 4 + bytes > input.length || bytes === 0) break;
    blocks.push(lz4Block(input.subarray(at + 4, at + 4 + bytes)));
    at += 4 + bytes;
  }
  const out = new Uint8Array(blocks.reduce((sum, block) => sum + block.length, 0));
  let at = 0;
  for (const block of blocks) { out.set(block, at); at += block.length; }
  return out;
}

function lz4Block(input: Uint8Array): Uint8Array {
  const out = new Uint8Array(BLOCK_MAX);
  let from = 0, to = 0;
  const long = (length: number) => {
    if (length !== 15) return length;
    for (let byte = 255; byte === 255;) {
      byte = input[from++] ?? 0;
      length += byte;
    }
    return length;
  };
  while (from < input.length) {
    const token = input[from++];
    const literals = long(token >> 4);
    if (from + literals > input.length || to + literals > BLOCK_MAX) throw new RangeError("LZ4 literals run over the end");
    out.set(input.subarray(from, from + literals), to);
    from += literals;
    to += literals;
    if (from >= input.length) break; // the last sequence has no match
    const distance = input[from] | (input[from + 1] << 8);
    from += 2;
    const end = to + long(token & 15) + 4;
    if (distance === 0 || distance > to || end > BLOCK_MAX) throw new RangeError("LZ4 match lies outside of the block");
    while (to < end) { out[to] = out[to - distance]; to++; }
  }
  return out.subarray(0, to);
}
