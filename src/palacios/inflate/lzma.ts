// LZMA (range-coded Lempel-Ziv) as a decoder over growing output, for the two containers that kernels use: .lzma and LZMA2 in .xz.
// Our own because the packages that exist lack the x86 filter that every xz kernel has (LZMA Specification; The .xz File Format).

import { createOutput, inflated, reserve, type Output } from "./output.ts";

const TOP = 2 ** 24, HALF = 1024, PROBABILITY_BITS = 11, MOVE_BITS = 5;
const STATES = 12, POSITION_STATES_MAX = 16, MATCH_MIN = 2;

const probabilities = (count: number) => new Uint16Array(count).fill(HALF);
const lengthCoder = () => ({ choice: probabilities(2), low: probabilities(POSITION_STATES_MAX * 8), mid: probabilities(POSITION_STATES_MAX * 8), high: probabilities(256) });

/** A decoder that keeps its state over chunks. `setProperties` and `reset` come before the first `decode`. */
export function createLzmaDecoder(output: Output) {
  let lc = 0, lpMask = 0, pbMask = 0;
  let state = 0, rep0 = 0, rep1 = 0, rep2 = 0, rep3 = 0, dictionaryStart = 0;
  let input = new Uint8Array(), at = 0, range = 0, code = 0;
  let literal = probabilities(0x300);
  let isMatch = probabilities(0), isRep = probabilities(0), isRep0 = probabilities(0), isRep1 = probabilities(0), isRep2 = probabilities(0), isRep0Long = probabilities(0);
  let slots = probabilities(0), special = probabilities(0), align = probabilities(0);
  let matchLength = lengthCoder(), repLength = lengthCoder();

  const normalize = () => {
    if (range < TOP) {
      if (at >= input.length) throw new RangeError("LZMA data ends early");
      range = (range << 8) >>> 0;
      code = ((code << 8) | input[at++]) >>> 0;
    }
  };
  const bit = (table: Uint16Array, index: number): number => {
    normalize();
    const probability = table[index];
    const bound = (range >>> PROBABILITY_BITS) * probability;
    if (code < bound) {
      range = bound;
      table[index] = probability + (((1 << PROBABILITY_BITS) - probability) >> MOVE_BITS);
      return 0;
    }
    range -= bound;
    code -= bound;
    table[index] = probability - (probability >> MOVE_BITS);
    return 1;
  };
  const tree = (table: Uint16Array, base: number, bits: number): number => {
    let node = 1;
    for (let count = 0; count < bits; count++) node = (node << 1) | bit(table, base + node);
    return node - (1 << bits);
  };
  const reverseTree = (table: Uint16Array, base: number, bits: number): number => {
    let node = 1, value = 0;
    for (let count = 0; count < bits; count++) {
      const next = bit(table, base + node);
      node = (node << 1) | next;
      value |= next << count;
    }
    return value;
  };
  const direct = (bits: number): number => {
    let value = 0;
    for (let count = 0; count < bits; count++) {
      normalize();
      range >>>= 1;
      const one = code >= range ? 1 : 0;
      if (one) code -= range;
      value = value * 2 + one;
    }
    return value;
  };
  const decodeLength = (coder: ReturnType<typeof lengthCoder>, positionState: number): number => {
    if (bit(coder.choice, 0) === 0) return tree(coder.low, positionState * 8, 3);
    if (bit(coder.choice, 1) === 0) return 8 + tree(coder.mid, positionState * 8, 3);
    return 16 + tree(coder.high, 0, 8);
  };
  const decodeDistance = (length: number): number => {
    const slot = tree(slots, Math.min(length, 3) * 64, 6);
    if (slot < 4) return slot;
    const bits = (slot >> 1) - 1;
    const base = (2 | (slot & 1)) * 2 ** bits;
    if (slot < 14) return base + reverseTree(special, base - slot, bits);
    return base + direct(bits - 4) * 16 + reverseTree(align, 0, 4);
  };

  const setProperties = (properties: number) => {
    if (properties >= 9 * 5 * 5) throw new RangeError("LZMA properties are out of range");
    lc = properties % 9;
    lpMask = (1 << (Math.floor(properties / 9) % 5)) - 1;
    pbMask = (1 << Math.floor(properties / 45)) - 1;
    literal = probabilities(0x300 << (lc + Math.log2(lpMask + 1)));
  };
  const reset = () => {
    state = rep0 = rep1 = rep2 = rep3 = 0;
    literal.fill(HALF);
    isMatch = probabilities(STATES * POSITION_STATES_MAX);
    isRep = probabilities(STATES);
    isRep0 = probabilities(STATES);
    isRep1 = probabilities(STATES);
    isRep2 = probabilities(STATES);
    isRep0Long = probabilities(STATES * POSITION_STATES_MAX);
    slots = probabilities(4 * 64);
    special = probabilities(128);
    align = probabilities(16);
    matchLength = lengthCoder();
    repLength = lengthCoder();
  };
  const resetDictionary = () => { dictionaryStart = output.length; };

  const decodeLiteral = (position: number) => {
    const { bytes } = output;
    const previous = position > 0 ? bytes[output.length - 1] : 0;
    const base = 0x300 * (((position & lpMask) << lc) + (previous >> (8 - lc)));
    let symbol = 1;
    if (state >= 7) {
      let match = bytes[output.length - rep0 - 1];
      while (symbol < 0x100) {
        const expected = (match >> 7) & 1;
        match <<= 1;
        const next = bit(literal, base + ((1 + expected) << 8) + symbol);
        symbol = (symbol << 1) | next;
        if (expected !== next) break;
      }
    }
    while (symbol < 0x100) symbol = (symbol << 1) | bit(literal, base + symbol);
    bytes[output.length++] = symbol & 0xff;
    state = state < 4 ? 0 : state < 10 ? state - 3 : state - 6;
  };

  /** Inflates until `bytes` more are in the output, or to the end marker when `bytes` is Infinity. @returns bytes of input used */
  const decode = (source: Uint8Array, bytes: number): number => {
    if (source.length < 5 || source[0] !== 0) throw new RangeError("LZMA data does not begin with 0");
    input = source as Uint8Array<ArrayBuffer>;
    at = 5;
    range = 0xffff_ffff;
    code = ((source[1] << 24) | (source[2] << 16) | (source[3] << 8) | source[4]) >>> 0;
    const end = output.length + bytes;
    while (output.length < end) {
      reserve(output, 1);
      const position = output.length - dictionaryStart;
      const positionState = position & pbMask;
      if (bit(isMatch, state * POSITION_STATES_MAX + positionState) === 0) {
        decodeLiteral(position);
        continue;
      }
      let length: number;
      if (bit(isRep, state) === 0) {
        rep3 = rep2; rep2 = rep1; rep1 = rep0;
        length = decodeLength(matchLength, positionState);
        state = state < 7 ? 7 : 10;
        rep0 = decodeDistance(length);
        if (rep0 === 0xffff_ffff) {
          if (bytes !== Infinity) throw new RangeError("LZMA end marker comes early");
          return at;
        }
      } else {
        if (bit(isRep0, state) === 0) {
          if (bit(isRep0Long, state * POSITION_STATES_MAX + positionState) === 0) {
            if (rep0 >= position) throw new RangeError("LZMA distance reaches before the start");
            state = state < 7 ? 9 : 11;
            output.bytes[output.length] = output.bytes[output.length - rep0 - 1];
            output.length++;
            continue;
          }
        } else {
          let distance = rep1;
          if (bit(isRep1, state) !== 0) {
            if (bit(isRep2, state) === 0) distance = rep2;
            else { distance = rep3; rep3 = rep2; }
            rep2 = rep1;
          }
          rep1 = rep0;
          rep0 = distance;
        }
        length = decodeLength(repLength, positionState);
        state = state < 7 ? 8 : 11;
      }
      if (rep0 >= position) throw new RangeError("LZMA distance reaches before the start");
      const count = Math.min(length + MATCH_MIN, end - output.length);
      reserve(output, count);
      const { bytes: out } = output;
      for (let from = output.length - rep0 - 1, to = output.length, last = to + count; to < last;) out[to++] = out[from++];
      output.length += count;
    }
    normalize();
    return at;
  };
  return { setProperties, reset, resetDictionary, decode };
}

/** Inflates a .lzma file (LZMA_alone): properties, dictionary size, size or -1, data. @throws RangeError on corrupt input */
export function unlzma(input: Uint8Array): Uint8Array {
  if (input.length < 18) throw new RangeError("LZMA data is cut off");
  const size = new DataView(input.buffer, input.byteOffset).getBigUint64(5, true);
  const output = createOutput(size < 2n ** 30n ? Number(size) : undefined);
  const decoder = createLzmaDecoder(output);
  decoder.setProperties(input[0]);
  decoder.reset();
  decoder.decode(input.subarray(13), size === 0xffff_ffff_ffff_ffffn ? Infinity : Number(size));
  return inflated(output);
}
