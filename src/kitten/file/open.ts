// Open descriptions of files and directories that have content at offsets.

import { ERRNO } from "../../abi/linux/errno.ts";
import { O, POLL, S } from "../../abi/linux/files.ts";
import type { Process } from "../task/task.ts";
import { type Inode, type OpenFile } from "./inode.ts";

/** @param path where it was found */
export function openInode(inode: Inode, flags: number, path: string, process: Process): OpenFile | number {
  if (inode.open) {
    const file = inode.open(flags, process);
    if (typeof file !== "number" && file.path === "") file.path = path; // a stream that is opened by /proc keeps its own
    return file;
  }
  const stat = inode.stat();
  if (typeof stat === "number") return stat;
  const format = stat.mode & S.format, writes = (flags & O.access) !== O.readOnly;
  if (format === S.symlink) return -ERRNO.ELOOP;
  if (format === S.socket || format === S.character || format === S.block) return -ERRNO.ENXIO;
  if (format === S.directory && writes) return -ERRNO.EISDIR;
  if (flags & O.truncate && writes && format === S.file) {
    const done = inode.truncate?.(0) ?? -ERRNO.EROFS;
    if (done < 0) return done;
  }
  inode.hold?.();
  return {
    inode, flags, path, users: 1, position: 0, seekable: true, waiters: new Set(),
    read: (into, offset) => format === S.directory ? -ERRNO.EISDIR : inode.read?.(offset, into) ?? -ERRNO.EINVAL,
    write: (from, offset) => inode.write?.(offset, from) ?? -ERRNO.EINVAL,
    poll: () => POLL.in | POLL.out | POLL.rdnorm | POLL.wrnorm, close: () => inode.drop?.(),
  };
}
