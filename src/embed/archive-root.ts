// A root file system from an archive: held in memory, with all that programs write.

import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { S } from "../abi/linux/files.ts";
import { NvlError } from "../base/error.ts";
import { isTar, readTar, type TarEntry } from "../base/tar.ts";
import { makeDevice, memoryDevice } from "../kitten/file/devices.ts";
import type { Inode } from "../kitten/file/inode.ts";
import { createMemoryFs } from "../kitten/file/memory-fs.ts";
import { createFifo } from "../kitten/file/pipe.ts";
import { compressionOf, decompress } from "../palacios/inflate/index.ts";

/** Bytes that programs may write. */
const MOST_BYTES = 2 ** 31;
const FORMATS: Readonly<Record<TarEntry["kind"], number>> = {
  file: S.file, link: S.file, directory: S.directory, symlink: S.symlink, "character-device": S.character, "block-device": S.block, fifo: S.fifo,
};

/** File systems that are recognized and not read, by a magic number at an offset. */
const IMAGES = [{ name: "ext2, 3 or 4", at: 0x438, magic: [0x53, 0xef] }, { name: "squashfs", at: 0, magic: [0x68, 0x73, 0x71, 0x73] }, { name: "qcow2", at: 0, magic: [0x51, 0x46, 0x49, 0xfb] }] as const;

function readArchive(file: string): TarEntry[] {
  const packed = readFileSync(file), compression = compressionOf(packed);
  const bytes = compression === "gzip" ? gunzipSync(packed) : compression ? decompress(compression, packed) : packed;
  const entries = bytes && isTar(bytes) ? readTar(bytes) : undefined;
  if (entries) return entries;
  const image = IMAGES.find(({ at, magic }) => magic.every((byte, index) => packed[at + index] === byte));
  throw new NvlError("exec/root", image ? `${file} is an image of ${image.name}, which is not supported as root: unpack it, or give a tar archive`
    : compression && !bytes ? `${file} is corrupt, or not ${compression}` : `${file} is no folder and no tar archive (plain, gzip, xz, zstd, bzip2)`, { context: { file } });
}

/** Puts entries into a tree, the later over the earlier. */
function fillTree(root: Inode, entries: readonly TarEntry[]): void {
  const owner = { uid: 0, gid: 0 };
  const at = (path: string): Inode | undefined => path.split("/").filter(Boolean).reduce<Inode | undefined>((folder, name) => {
    const next = folder?.lookup?.(name);
    return typeof next === "object" ? next : undefined;
  }, root);
  /** The folder of that path, made where it is missing. */
  const folder = (path: string): Inode | undefined => path.split("/").filter(Boolean).reduce<Inode | undefined>((parent, name) => {
    const found = parent?.lookup?.(name), next = typeof found === "object" ? found : parent?.make?.(name, { ...owner, mode: S.directory | 0o755 });
    return typeof next === "object" ? next : undefined;
  }, root);
  for (const { path, kind, mode, uid, gid, mtimeMs, target, major, minor, content } of entries) {
    const slash = path.lastIndexOf("/"), name = path.slice(slash + 1), parent = folder(path.slice(0, Math.max(0, slash)));
    if (!parent?.make || name === "..") continue;
    if (path === "") {
      root.change?.({ mode, uid, gid });
      continue;
    }
    const known = parent.lookup!(name);
    if (typeof known === "object" && !(kind === "directory" && known.lookup)) parent.remove?.(name, known.lookup !== undefined);
    if (kind === "link") {
      const other = at(target);
      if (other) parent.link?.(name, other);
      continue;
    }
    const made = kind === "directory" && typeof known === "object" && known.lookup ? known : parent.make(name, { mode: FORMATS[kind] | mode, uid, gid, rdev: makeDevice(major, minor), target, content });
    if (typeof made === "object") made.change?.({ mode, uid, gid, atimeMs: mtimeMs, mtimeMs });
  }
}

/** @param nowMs since 1970
 * @throws exec/root when the file is no archive */
export function openArchive(path: string, nowMs: () => number, fillRandom: (into: Uint8Array) => void): Inode {
  const entries = readArchive(path);
  const root = createMemoryFs({ dev: 1, nowMs, budget: { left: MOST_BYTES }, special: (mode, rdev, inodeStat) => (mode & S.format) === S.fifo ? createFifo(inodeStat) : memoryDevice(rdev, inodeStat, fillRandom) });
  fillTree(root, entries);
  return root;
}
