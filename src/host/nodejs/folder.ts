// A folder of this machine for a guest: plain synchronous calls of Node.js, errors as negative errno.

import {
  chmodSync, closeSync, constants, fstatSync, fsyncSync, ftruncateSync, lchownSync, linkSync, lstatSync, lutimesSync, mkdirSync, openSync, readdirSync, readlinkSync, readSync, renameSync, rmdirSync,
  symlinkSync, unlinkSync, writeSync, type Stats,
} from "node:fs";
import os from "node:os";
import path from "node:path";
import type { HostFolder } from "../../base/folder.ts";

const EIO = 5, EROFS = 30;
/** Formats by what Node.js says of an entry. */
const FORMAT = { file: 0o100000, directory: 0o040000, symlink: 0o120000, fifo: 0o010000, socket: 0o140000, character: 0o020000, block: 0o060000 } as const;

/** @returns what `work` returns, or the negative errno of its failure */
function attempt<T>(work: () => T): T | number {
  try {
    return work();
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? "";
    return -((os.constants.errno as Record<string, number>)[code] ?? EIO);
  }
}
const plain = ({ dev, ino, mode, nlink, uid, gid, rdev, size, blocks, blksize, atimeMs, mtimeMs, ctimeMs }: Stats) =>
  ({ dev, ino, mode, nlink, uid, gid, rdev, size, blocks, blockBytes: blksize, atimeMs, mtimeMs, ctimeMs });

/** @param readOnly everything that would change something is EROFS */
export function openHostFolder(root: string, readOnly = false): HostFolder {
  const at = (relative: string) => path.join(root, relative);
  const change = <T>(work: () => T): T | number => (readOnly ? -EROFS : attempt(work));
  const done = (work: () => void): number => change(() => {
    work();
    return 0;
  }) as number;
  return {
    stat: (file) => attempt(() => plain(lstatSync(at(file)))),
    list: (file) => attempt(() => readdirSync(at(file), { withFileTypes: true }).map((entry) => ({ name: entry.name, ino: 1, mode:
      entry.isFile() ? FORMAT.file : entry.isDirectory() ? FORMAT.directory : entry.isSymbolicLink() ? FORMAT.symlink : entry.isFIFO() ? FORMAT.fifo : entry.isSocket() ? FORMAT.socket
        : entry.isCharacterDevice() ? FORMAT.character : FORMAT.block }))),
    readlink: (file) => attempt(() => readlinkSync(at(file))),
    open: (file, { write, create }, mode) => (readOnly && (write || create)) ? -EROFS : attempt(() =>
      openSync(at(file), constants.O_NOFOLLOW | constants.O_NONBLOCK | (write ? constants.O_RDWR : constants.O_RDONLY) | (create ? constants.O_CREAT | constants.O_EXCL : 0), mode)),
    close: (handle) => closeSync(handle),
    statOpen: (handle) => attempt(() => plain(fstatSync(handle))),
    read: (handle, offset, into) => attempt(() => readSync(handle, into, 0, into.length, offset)),
    write: (handle, offset, from) => change(() => writeSync(handle, from, 0, from.length, offset)),
    truncate: (handle, bytes) => done(() => ftruncateSync(handle, bytes)),
    sync: (handle) => done(() => fsyncSync(handle)),
    makeDirectory: (file, mode) => done(() => mkdirSync(at(file), mode)),
    symlink: (file, target) => done(() => symlinkSync(target, at(file))),
    link: (file, to) => done(() => linkSync(at(file), at(to))),
    remove: (file, directory) => done(() => (directory ? rmdirSync : unlinkSync)(at(file))),
    rename: (file, to) => done(() => renameSync(at(file), at(to))),
    change: (file, { mode, uid, gid, atimeMs, mtimeMs }) => done(() => {
      if (mode !== undefined) chmodSync(at(file), mode & 0o7777);
      if (uid !== undefined || gid !== undefined) lchownSync(at(file), uid ?? -1, gid ?? -1);
      if (atimeMs !== undefined || mtimeMs !== undefined) {
        const before = lstatSync(at(file));
        lutimesSync(at(file), (atimeMs ?? before.atimeMs) / 1000, (mtimeMs ?? before.mtimeMs) / 1000);
      }
    }),
  };
}
