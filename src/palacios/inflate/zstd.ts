// Zstandard (RFC 8878) by fzstd, which decodes one block into the window of the frame. Kernels are packed with a window of 128 MiB and without
// their size in the frame: fzstd then moves the whole window for every block, 20 seconds for a kernel. Given a buffer for all of the content
// it does not, so the frame is measured first: its end, and how much it can hold.

import { decompress } from "fzstd";

const MAGIC = 0xfd2f_b528, SKIPPABLE = 0x184d_2a50;
const BLOCK_MAX = 128 * 1024;
/** More than any kernel or initrd has: a corrupt file must not make us reserve it. */
const CONTENT_MAX = 2 ** 31;

interface Frame {
  /** Where it ends. */
  end: number;
  /** Bytes of content that it says it has. */
  contentBytes: number | undefined;
  /** Bytes of content that it has at most. */
  bound: number;
}

/** Reads the headers of the frame at the start of `input`, and of its blocks. @throws RangeError when it is cut off */
function measure(input: Uint8Array): Frame {
  const view = new DataView(input.buffer, input.byteOffset, input.length); // reads outside of it throw RangeError
  const magic = view.getUint32(0, true);
  if (magic >>> 4 === SKIPPABLE >>> 4) return { end: 8 + view.getUint32(4, true), contentBytes: 0, bound: 0 };
  if (magic !== MAGIC) throw new RangeError("not a Zstandard frame");
  const descriptor = view.getUint8(4), single = (descriptor & 0x20) !== 0;
  const sizeBytes = [single ? 1 : 0, 2, 4, 8][descriptor >> 6], sizeAt = 5 + (single ? 0 : 1) + [0, 1, 2, 4][descriptor & 3];
  const contentBytes = sizeBytes === 0 ? undefined : sizeBytes === 1 ? view.getUint8(sizeAt) : sizeBytes === 2 ? view.getUint16(sizeAt, true) + 256
    : sizeBytes === 4 ? view.getUint32(sizeAt, true) : Number(view.getBigUint64(sizeAt, true));
  let end = sizeAt + sizeBytes, bound = 0;
  for (let last = false; !last;) {
    const header = view.getUint16(end, true) | view.getUint8(end + 2) << 16, size = header >>> 3, type = header >> 1 & 3;
    last = (header & 1) !== 0;
    end += 3 + (type === 1 ? 1 : size); // a run has one byte
    bound += type === 2 ? BLOCK_MAX : size;
  }
  if (descriptor & 4) end += 4; // checksum
  if (end > input.length || bound > CONTENT_MAX) throw new RangeError("Zstandard frame is cut off, or too large");
  return { end, contentBytes, bound };
}

/** Inflates the frames at the start of `input`; four bytes behind them may be the size of the content, as Linux appends it, other bytes are ignored.
 * @throws on corrupt input */
export function unzstd(input: Uint8Array): Uint8Array {
  const parts: Uint8Array[] = [];
  for (let rest = input; rest.length >= 8 || parts.length === 0;) {
    const isFrame = rest.length >= 4 && [MAGIC >>> 4, SKIPPABLE >>> 4].includes(new DataView(rest.buffer, rest.byteOffset).getUint32(0, true) >>> 4);
    if (!isFrame && parts.length > 0) break;
    const { end, contentBytes, bound } = measure(rest);
    const frame = rest.subarray(0, end);
    rest = rest.subarray(end);
    const appended = parts.length === 0 && rest.length === 4 ? new DataView(rest.buffer, rest.byteOffset).getUint32(0, true) : undefined;
    const size = contentBytes ?? appended;
    if (size === undefined || size > bound) parts.push(decompress(frame));
    else if (bound > 0) parts.push(decompress(frame, new Uint8Array(bound)).subarray(0, size));
  }
  if (parts.length === 1) return parts[0];
  const out = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) { out.set(part, at); at += part.length; }
  return out;
}
