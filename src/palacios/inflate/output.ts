// What a decoder writes to: bytes that grow, and are at once the dictionary of the formats that copy from what they have written.

export interface Output { bytes: Uint8Array; length: number }

/** @param expected bytes that are allocated at once: with a good guess nothing is ever copied */
export function createOutput(expected = 2 ** 20): Output {
  return { bytes: new Uint8Array(expected), length: 0 };
}

/** Makes room for `more` bytes. @throws RangeError over 1 GiB: no kernel is that large, but a damaged length may be */
export function reserve(output: Output, more: number): void {
  const needed = output.length + more;
  if (needed <= output.bytes.length) return;
  if (needed > 2 ** 30) throw new RangeError("more than 1 GiB inflated");
  const grown = new Uint8Array(Math.max(needed, output.bytes.length * 2));
  grown.set(output.bytes.subarray(0, output.length));
  output.bytes = grown;
}

/** What has been written. */
export function inflated(output: Output): Uint8Array {
  return output.bytes.subarray(0, output.length);
}
