// Kernel payloads by their magic numbers (kernel sources: the compressions of KERNEL_GZIP … KERNEL_ZSTD).

import { gunzipSync } from "fflate";
import { decompress as unzstd } from "fzstd";
import { lz4Legacy } from "./lz4.ts";

const FORMATS = [
  { name: "gzip", magic: [0x1f, 0x8b], inflate: (bytes: Uint8Array) => gunzipSync(bytes) },
  { name: "lz4", magic: [0x02, 0x21, 0x4c, 0x18], inflate: lz4Legacy },
  { name: "zstd", magic: [0x28, 0xb5, 0x2f, 0xfd], inflate: (bytes: Uint8Array) => unzstd(bytes) },
] as const;
export type Compression = (typeof FORMATS)[number]["name"];

/** Which compression a payload has, or undefined when we do not know it. */
export function compressionOf(bytes: Uint8Array): Compression | undefined {
  return FORMATS.find(({ magic }) => magic.every((byte, index) => bytes[index] === byte))?.name;
}

/** Inflates a payload; what follows the compressed data (Linux appends the size) is ignored.
 * @returns undefined when the data is corrupt */
export function decompress(compression: Compression, bytes: Uint8Array): Uint8Array | undefined {
  try {
    return FORMATS.find(({ name }) => name === compression)!.inflate(bytes);
  } catch {
    return undefined;
  }
}
