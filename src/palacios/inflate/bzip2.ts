// bzip2: Huffman-coded, move-to-front, run-length and Burrows-Wheeler blocks (bzip2 format, as implemented by bzip2 1.0). Block checksums are
// not verified: a kernel image has one of its own. The packages that exist need Node.js's Buffer.

import { createOutput, inflated, reserve, type Output } from "./output.ts";

const BLOCK_MAGIC = [0x3141_59, 0x2653_59], END_MAGIC = [0x1772_45, 0x3850_90];
const RUN_A = 0, RUN_B = 1, GROUP = 50, CODE_BITS_MAX = 20;

/** Bits of the input, most significant first. */
function bitReader(input: Uint8Array) {
  let at = 0, held = 0, heldBits = 0;
  /** @param count at most 24 */
  const bits = (count: number): number => {
    while (heldBits < count) {
      if (at >= input.length) throw new RangeError("bzip2 data is cut off");
      held = ((held & 0xff_ffff) << 8) | input[at++];
      heldBits += 8;
      if (heldBits > 24) break;
    }
    heldBits -= count;
    return (held >>> heldBits) & (2 ** count - 1);
  };
  return bits;
}
type Bits = ReturnType<typeof bitReader>;

/** Canonical Huffman decoder from code lengths. */
function huffman(lengths: Uint8Array) {
  const first = new Int32Array(CODE_BITS_MAX + 2), count = new Int32Array(CODE_BITS_MAX + 2), base = new Int32Array(CODE_BITS_MAX + 2);
  for (const length of lengths) count[length]++;
  const sorted = new Uint16Array(lengths.length);
  let code = 0, index = 0;
  for (let length = 1; length <= CODE_BITS_MAX; length++) {
    first[length] = code;
    base[length] = index;
    lengths.forEach((own, symbol) => { if (own === length) sorted[index++] = symbol; });
    code = (code + count[length]) << 1;
  }
  return (bits: Bits): number => {
    let value = 0;
    for (let length = 1; length <= CODE_BITS_MAX; length++) {
      value = (value << 1) | bits(1);
      const offset = value - first[length];
      if (offset >= 0 && offset < count[length]) return sorted[base[length] + offset];
    }
    throw new RangeError("bzip2 code is not in the table");
  };
}

function usedSymbols(bits: Bits): number[] {
  const groups = bits(16);
  const used: number[] = [];
  for (let group = 0; group < 16; group++) {
    if (!(groups & (0x8000 >> group))) continue;
    const members = bits(16);
    for (let index = 0; index < 16; index++) if (members & (0x8000 >> index)) used.push(group * 16 + index);
  }
  return used;
}

function moveToFront<T>(list: T[], index: number): T {
  const [value] = list.splice(index, 1);
  list.unshift(value);
  return value;
}

/** Reads one block's symbols. @returns the transformed bytes and the index of the original string */
function readBlock(bits: Bits, blockMax: number): { bytes: Uint8Array; origin: number } {
  if (bits(1)) throw new RangeError("bzip2 randomised blocks are obsolete and not supported");
  const origin = bits(24);
  const symbols = usedSymbols(bits);
  const alphabet = symbols.length + 2;
  const tables = bits(3), selectorCount = bits(15);
  if (tables < 2 || tables > 6 || selectorCount === 0) throw new RangeError("bzip2 block has no valid tables");
  const order = Array.from({ length: tables }, (_, index) => index);
  const selectors = Uint8Array.from({ length: selectorCount }, () => {
    let index = 0;
    while (bits(1)) if (++index >= tables) throw new RangeError("bzip2 selector is out of range");
    return moveToFront(order, index);
  });
  const decoders = order.map(() => {
    const lengths = new Uint8Array(alphabet);
    let length = bits(5);
    for (let symbol = 0; symbol < alphabet; symbol++) {
      while (bits(1)) length += bits(1) ? -1 : 1;
      if (length < 1 || length > CODE_BITS_MAX) throw new RangeError("bzip2 code length is out of range");
      lengths[symbol] = length;
    }
    return huffman(lengths);
  });

  const out = new Uint8Array(blockMax);
  let length = 0, run = 0, place = 1;
  const flush = () => {
    if (length + run > blockMax) throw new RangeError("bzip2 block is too long");
    if (run > 0) out.fill(symbols[0], length, length + run);
    length += run;
    run = 0;
    place = 1;
  };
  for (let group = 0, left = 0; ;) {
    if (left === 0) {
      if (group >= selectorCount) throw new RangeError("bzip2 block has too few selectors");
      group++;
      left = GROUP;
    }
    left--;
    const symbol = decoders[selectors[group - 1]](bits);
    if (symbol === RUN_A || symbol === RUN_B) {
      run += place * (symbol + 1);
      place *= 2;
      if (run > blockMax) throw new RangeError("bzip2 run is too long");
      continue;
    }
    flush();
    if (symbol === alphabet - 1) return { bytes: out.subarray(0, length), origin };
    if (length >= blockMax) throw new RangeError("bzip2 block is too long");
    out[length++] = moveToFront(symbols, symbol - 1);
  }
}

/** Undoes the Burrows-Wheeler transform. */
function untransform({ bytes, origin }: { bytes: Uint8Array; origin: number }): Uint8Array {
  if (origin >= bytes.length) throw new RangeError("bzip2 block begins outside of itself");
  const starts = new Uint32Array(257);
  for (const byte of bytes) starts[byte + 1]++;
  for (let byte = 0; byte < 256; byte++) starts[byte + 1] += starts[byte];
  const next = new Uint32Array(bytes.length);
  bytes.forEach((byte, index) => { next[starts[byte]++] = index; });
  const out = new Uint8Array(bytes.length);
  let at = next[origin];
  for (let index = 0; index < out.length; index++) {
    out[index] = bytes[at];
    at = next[at];
  }
  return out;
}

/** Undoes the first run-length coding: four equal bytes are followed by a count of more. */
function expandRuns(bytes: Uint8Array, output: Output): void {
  let equal = 0;
  for (let index = 0; index < bytes.length; index++) {
    const byte = bytes[index];
    if (equal === 4) {
      reserve(output, byte);
      output.bytes.fill(bytes[index - 1], output.length, output.length + byte);
      output.length += byte;
      equal = 0;
      continue;
    }
    equal = equal > 0 && bytes[index - 1] === byte ? equal + 1 : 1;
    reserve(output, 1);
    output.bytes[output.length++] = byte;
  }
}

/** Inflates a .bz2 file; what follows its first stream is ignored. @throws RangeError on corrupt input */
export function unbzip2(input: Uint8Array): Uint8Array {
  const level = input[3] - 0x30;
  if (!(level >= 1 && level <= 9)) throw new RangeError("bzip2 level is out of range");
  const bits = bitReader(input.subarray(4)), output = createOutput(input.length * 4);
  for (;;) {
    const magic = [bits(24), bits(24)];
    bits(16); bits(16); // checksum
    if (magic[0] === END_MAGIC[0] && magic[1] === END_MAGIC[1]) return inflated(output);
    if (magic[0] !== BLOCK_MAGIC[0] || magic[1] !== BLOCK_MAGIC[1]) throw new RangeError("bzip2 block has no magic number");
    expandRuns(untransform(readBlock(bits, level * 100_000)), output);
  }
}
