// Standard input and output where they are no terminal: pipes and files of the host, as open files.

import { ERRNO } from "../../abi/linux/errno.ts";
import { O, POLL, S } from "../../abi/linux/files.ts";
import { epochMs, type Kitten } from "../kitten.ts";
import type { Inode, OpenFile, Waiters } from "./inode.ts";

/** A stream of the host. */
export interface HostStream {
  kind: "pipe" | "file";
  /** @returns bytes, 0 at the end, -EAGAIN when nothing is there yet */
  read(into: Uint8Array): number;
  write(from: Uint8Array): number;
  /** Something can be read, or the end. */
  readable(): boolean;
  /** Told when something came. */
  readonly waiters: Waiters;
}

/** @param mode O_RDONLY, O_WRONLY or O_RDWR */
export function openStream(k: Kitten, stream: HostStream, mode: number, path: string): OpenFile {
  const ino = ++k.objects.lastInode, timeMs = epochMs(k), owner = { uid: k.uid, gid: k.gid };
  const inode: Inode = { key: `stream:${ino}`, stat: () => ({
    dev: 5, ino, mode: stream.kind === "file" ? S.file | 0o644 : S.fifo | 0o600, nlink: 1, ...owner, rdev: 0, size: 0, blocks: 0, blockBytes: 4096, atimeMs: timeMs, mtimeMs: timeMs, ctimeMs: timeMs,
  }) };
  return {
    inode, flags: mode, path, users: 1, position: 0, seekable: false, waiters: stream.waiters, ioctl: () => -ERRNO.ENOTTY,
    read: (into) => into.length === 0 ? 0 : stream.read(into), write: (from) => stream.write(from),
    poll: () => (mode !== O.writeOnly && stream.readable() ? POLL.in | POLL.rdnorm : 0) | (mode !== O.readOnly ? POLL.out | POLL.wrnorm : 0),
  };
}
