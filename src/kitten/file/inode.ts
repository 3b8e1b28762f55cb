// What file systems, devices, pipes and sockets are to the rest of Kitten. Calls are synchronous and answer with a value or a negative errno.
// -EAGAIN from `read` and `write` means: not now; who wants to wait asks `waiters` to be told, and tries again.

import type { Dentry } from "./tree.ts";
import type { Process } from "../task/task.ts";

export interface Stat {
  dev: number; ino: number; mode: number; nlink: number; uid: number; gid: number; rdev: number; size: number; blocks: number; blockBytes: number;
  atimeMs: number; mtimeMs: number; ctimeMs: number;
}
export interface DirectoryEntry { name: string; ino: number; mode: number }
/** What chmod, chown and utimensat change. */
export interface Change { mode?: number; uid?: number; gid?: number; atimeMs?: number; mtimeMs?: number }
/** What mknod, mkdir, symlink and creating opens make. `content` is of a file in memory; it stays the caller's and is copied at the first write. */
export interface NewInode { mode: number; uid: number; gid: number; rdev?: number; target?: string; inode?: Inode; content?: Uint8Array }

/** A file, directory, link or device. Which functions it has tells what it is; `mode` has the format bits. */
export interface Inode {
  /** The same for the same file, as long as it is open or mapped. */
  readonly key: string;
  stat(): Stat | number;
  change?(what: Change): number;
  lookup?(name: string): Inode | number;
  list?(): DirectoryEntry[] | number;
  make?(name: string, what: NewInode): Inode | number;
  link?(name: string, inode: Inode): number;
  /** Removes a name; of a directory when `directory`. */
  remove?(name: string, directory: boolean): number;
  rename?(name: string, to: Inode, newName: string): number;
  readlink?(process?: Process): string | number;
  /** A link that leads to an open file or directory itself (of /proc), not to a path. */
  follow?(process: Process): Inode | undefined;
  read?(offset: number, into: Uint8Array): number;
  write?(offset: number, from: Uint8Array): number;
  truncate?(bytes: number): number;
  sync?(): number;
  /** An open file more, or less: what has no name and is not open is gone. */
  hold?(): void;
  drop?(): void;
  /** Devices, pipes, and whatever keeps something per open file. */
  open?(flags: number, process: Process): OpenFile | number;
}

/** An open file description. */
export interface OpenFile {
  readonly inode: Inode;
  /** O_ flags: access mode and status. */
  flags: number;
  /** Where it is, for people (/proc/self/fd). */
  path: string;
  /** Its place in the tree, for fchdir and paths that are relative to it. */
  dentry?: Dentry;
  /** Of a directory that is being read: its entries when that began. */
  listing?: DirectoryEntry[];
  /** Descriptors that stand for it. */
  users: number;
  /** Position of files that have one. */
  position: number;
  /** False: a stream; pread and lseek make no sense. */
  readonly seekable: boolean;
  /** Moves from `offset` of a seekable file; of a stream it is ignored. */
  read(into: Uint8Array, offset: number): number;
  write(from: Uint8Array, offset: number): number;
  /** POLL bits that hold now. */
  poll(): number;
  readonly waiters: Waiters;
  /** It has had locks, which go when it is closed. */
  holdsLocks?: boolean;
  /** Where they differ from the inode's: it may have lost its name. */
  stat?(): Stat | number;
  truncate?(bytes: number): number;
  ioctl?(request: number, argument: number, process: Process): number;
  /** What a read or write of this process answers before it is tried: 0, go on. Terminals bar those in the background. */
  barred?(process: Process, write: boolean): number;
  close?(): void;
}

/** Who wants to know that something may have changed. */
export type Waiters = Set<() => void>;
/** Tells all, each once. */
export function wake(waiters: Waiters): void {
  if (waiters.size > 0) for (const tell of [...waiters]) tell();
}

/** Regular files need no waiting: one empty set for all would collect nothing. */
export const NEVER: Waiters = new Set();
