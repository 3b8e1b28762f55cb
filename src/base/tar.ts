// tar archives (POSIX.1, pax: ustar and extended headers; GNU long names and large numbers), as docker export and distributions write them.

export type TarKind = "file" | "directory" | "symlink" | "link" | "character-device" | "block-device" | "fifo";
export interface TarEntry { path: string; kind: TarKind; mode: number; uid: number; gid: number; mtimeMs: number; target: string; major: number; minor: number; content: Uint8Array }

const BLOCK = 512;
const KINDS: Readonly<Record<string, TarKind>> = { "0": "file", "\0": "file", "7": "file", "1": "link", "2": "symlink", "3": "character-device", "4": "block-device", "5": "directory", "6": "fifo" };
const decoder = new TextDecoder();

const text = (block: Uint8Array, at: number, bytes: number): string => {
  const end = block.indexOf(0, at);
  return decoder.decode(block.subarray(at, end < 0 || end > at + bytes ? at + bytes : end));
};
/** Octal digits, or with the first bit set a big-endian number. */
const number = (block: Uint8Array, at: number, bytes: number): number => {
  if (!(block[at] & 0x80)) return Number.parseInt(text(block, at, bytes).trim() || "0", 8);
  return block.subarray(at, at + bytes).reduce((sum, byte, index) => sum * 256 + (index === 0 ? byte & 0x7f : byte), 0);
};
/** Whether a block is a header: its checksum counts itself as spaces. */
const isHeader = (block: Uint8Array): boolean => block.reduce((sum, byte, index) => sum + (index >= 148 && index < 156 ? 32 : byte), 0) === number(block, 148, 8);

/** `LENGTH key=value\n` records, LENGTH counting itself. */
function paxRecords(bytes: Uint8Array): Map<string, string> {
  const out = new Map<string, string>();
  for (let at = 0; at < bytes.length;) {
    const space = bytes.indexOf(32, at), length = Number(decoder.decode(bytes.subarray(at, space)));
    if (!(length > 0)) break;
    const record = decoder.decode(bytes.subarray(space + 1, at + length - 1)), equals = record.indexOf("=");
    out.set(record.slice(0, equals), record.slice(equals + 1));
    at += length;
  }
  return out;
}

export const isTar = (bytes: Uint8Array): boolean => bytes.length >= BLOCK && isHeader(bytes.subarray(0, BLOCK)) && bytes.subarray(0, BLOCK).some((byte) => byte !== 0);

/** @returns entries in order, contents as views of `archive`; undefined: no tar archive, or one that is cut off */
export function readTar(archive: Uint8Array): TarEntry[] | undefined {
  const entries: TarEntry[] = [];
  let global = new Map<string, string>(), local = new Map<string, string>(), longName: string | undefined, longTarget: string | undefined;
  let at = 0;
  while (at + BLOCK <= archive.length) {
    const block = archive.subarray(at, at + BLOCK);
    if (block[0] === 0 && block.every((byte) => byte === 0)) return entries;
    if (!isHeader(block)) return undefined;
    const pax = (key: string) => local.get(key) ?? global.get(key), kind = String.fromCharCode(block[156]);
    const size = /[xgLK]/.test(kind) ? number(block, 124, 12) : Number(pax("size") ?? number(block, 124, 12)), content = archive.subarray(at + BLOCK, at + BLOCK + size);
    if (content.length < size) return undefined;
    at += BLOCK + Math.ceil(size / BLOCK) * BLOCK;
    if (kind === "x") local = paxRecords(content);
    else if (kind === "g") global = paxRecords(content);
    else if (kind === "L") longName = text(content, 0, size);
    else if (kind === "K") longTarget = text(content, 0, size);
    else {
      const prefix = text(block, 257, 5) === "ustar" && block[262] === 0 ? text(block, 345, 155) : "", name = text(block, 0, 100);
      const path = pax("path") ?? longName ?? (prefix ? `${prefix}/${name}` : name);
      if (KINDS[kind]) entries.push({
        path: path.replace(/^(\.?\/)+/, "").replace(/\/+$/, ""), kind: path.endsWith("/") && KINDS[kind] === "file" ? "directory" : KINDS[kind], mode: number(block, 100, 8) & 0o7777,
        uid: Number(pax("uid") ?? number(block, 108, 8)), gid: Number(pax("gid") ?? number(block, 116, 8)), mtimeMs: Number(pax("mtime") ?? number(block, 136, 12)) * 1000,
        target: pax("linkpath") ?? longTarget ?? text(block, 157, 100), major: number(block, 329, 8), minor: number(block, 337, 8), content: KINDS[kind] === "file" ? content : new Uint8Array(),
      });
      local = new Map();
      longName = longTarget = undefined;
    }
  }
  return at === archive.length ? entries : undefined;
}
