// Kernel payloads by their magic numbers (kernel sources: the compressions of KERNEL_GZIP … KERNEL_ZSTD).

import { gunzipSync } from "fflate";
import { unbzip2 } from "./bzip2.ts";
import { lz4Legacy } from "./lz4.ts";
import { unlzma } from "./lzma.ts";
import { unxz } from "./xz.ts";
import { unzstd } from "./zstd.ts";

/** Its last word is what fflate reserves, unseen. */
function gunzip(bytes: Uint8Array): Uint8Array {
  if (bytes.length < 18 || new DataView(bytes.buffer, bytes.byteOffset + bytes.length - 4).getUint32(0, true) > 2 ** 30) throw new RangeError("gzip data is cut off, or more than 1 GiB");
  return gunzipSync(bytes);
}

const FORMATS = [
  { name: "gzip", magic: [0x1f, 0x8b], inflate: gunzip },
  { name: "xz", magic: [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00], inflate: unxz },
  { name: "lzma", magic: [0x5d, 0x00, 0x00], inflate: unlzma },
  { name: "zstd", magic: [0x28, 0xb5, 0x2f, 0xfd], inflate: unzstd },
  { name: "lz4", magic: [0x02, 0x21, 0x4c, 0x18], inflate: lz4Legacy },
  { name: "bzip2", magic: [0x42, 0x5a, 0x68], inflate: unbzip2 },
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
