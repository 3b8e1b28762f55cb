// A growing byte buffer with the number formats of WebAssembly (WebAssembly Core, Binary Format, Values).

export interface ByteWriter {
  readonly length: number;
  byte(value: number): void;
  bytes(values: Uint8Array | readonly number[]): void;
  /** unsigned LEB128 below 2^32 */
  u32(value: number): void;
  /** signed LEB128 of a 32-bit value */
  s32(value: number): void;
  /** signed LEB128 of a 64-bit value */
  s64(value: bigint): void;
  /** the same, of a value in two halves */
  s64Halves(low: number, high: number): void;
  name(text: string): void;
  /** Overwrites a byte that is already written. */
  patch(at: number, value: number): void;
  /** Takes back what was written from here on. */
  truncate(at: number): void;
  finish(): Uint8Array;
}

export function byteWriter(): ByteWriter {
  let buffer = new Uint8Array(256);
  let length = 0;
  const reserve = (count: number) => {
    if (length + count <= buffer.length) return;
    const larger = new Uint8Array(Math.max(buffer.length * 2, length + count));
    larger.set(buffer.subarray(0, length));
    buffer = larger;
  };
  const byte = (value: number) => {
    if (length === buffer.length) reserve(1);
    buffer[length++] = value;
  };
  const bytes = (values: Uint8Array | readonly number[]) => {
    reserve(values.length);
    buffer.set(values, length);
    length += values.length;
  };
  const u32 = (value: number) => {
    value >>>= 0;
    while (value >= 0x80) {
      byte((value & 0x7f) | 0x80);
      value >>>= 7;
    }
    byte(value);
  };
  const s32 = (value: number) => {
    value |= 0;
    for (;;) {
      const low = value & 0x7f;
      value >>= 7;
      if ((value === 0 && !(low & 0x40)) || (value === -1 && (low & 0x40))) return byte(low);
      byte(low | 0x80);
    }
  };
  const s64Halves = (low: number, high: number) => {
    while (high !== low >> 31) { // the encodings of 32 and 64 bits agree where both apply
      byte((low & 0x7f) | 0x80);
      low = (low >>> 7) | (high << 25);
      high >>= 7;
    }
    s32(low);
  };
  const s64 = (value: bigint) => s64Halves(Number(BigInt.asIntN(32, value)), Number(BigInt.asIntN(32, value >> 32n)));
  const name = (text: string) => {
    const encoded = [...text].map((character) => character.charCodeAt(0)); // our names are ASCII
    u32(encoded.length);
    bytes(encoded);
  };
  return { get length() { return length; }, truncate: (at) => { length = at; }, byte, bytes, u32, s32, s64, s64Halves, name, patch: (at, value) => { buffer[at] = value; }, finish: () => buffer.slice(0, length) };
}
