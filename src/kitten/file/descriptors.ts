// File descriptors of a process: numbers, what they stand for, and whether execve closes them.

import { ERRNO } from "../../abi/linux/errno.ts";
import type { OpenFile } from "./inode.ts";

export interface Descriptor { file: OpenFile; closeOnExec: boolean }
export interface Descriptors {
  table: (Descriptor | undefined)[];
  /** Processes that share it. */
  users: number;
}
export const createDescriptors = (): Descriptors => ({ table: [], users: 1 });

/** One user of an open file less. */
export function releaseFile(file: OpenFile): void {
  if (--file.users === 0) file.close?.();
}

/** Puts a file at the lowest free number from `from` on. @param most RLIMIT_NOFILE @returns the number, or -EMFILE */
export function install({ table }: Descriptors, file: OpenFile, closeOnExec: boolean, most: number, from = 0): number {
  let fd = from;
  while (table[fd]) fd++;
  if (fd >= most) return -ERRNO.EMFILE;
  table[fd] = { file, closeOnExec };
  return fd;
}

/** @returns 0 or -EBADF */
export function closeDescriptor({ table }: Descriptors, fd: number): number {
  const entry = table[fd];
  if (!entry) return -ERRNO.EBADF;
  table[fd] = undefined;
  releaseFile(entry.file);
  return 0;
}

/** The same files under the same numbers. */
export function cloneDescriptors({ table }: Descriptors): Descriptors {
  for (const entry of table) if (entry) entry.file.users++;
  return { table: table.map((entry) => entry && { ...entry }), users: 1 };
}
export function releaseDescriptors(descriptors: Descriptors): void {
  if (--descriptors.users > 0) return;
  descriptors.table.forEach((_, fd) => closeDescriptor(descriptors, fd));
}
export function closeOnExecute(descriptors: Descriptors): void {
  descriptors.table.forEach((entry, fd) => { if (entry?.closeOnExec) closeDescriptor(descriptors, fd); });
}
