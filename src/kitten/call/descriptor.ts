// From a descriptor's number to the open file.

import { ERRNO } from "../../abi/linux/errno.ts";
import { closeDescriptor } from "../file/descriptors.ts";
import { dropLocks } from "../file/locks.ts";
import type { Kitten } from "../kitten.ts";
import type { OpenFile } from "../file/inode.ts";
import type { Process } from "../task/task.ts";

export function fileOf({ files }: Process, fd: number): OpenFile | number {
  return files.table[fd]?.file ?? -ERRNO.EBADF;
}
/** Closes a descriptor, and drops the process's locks of its file: they go with any descriptor of it (fcntl(2)). */
export function closeFor({ objects }: Kitten, process: Process, fd: number): number {
  const file = process.files.table[fd]?.file;
  if (file && objects.locks.size > 0) dropLocks(objects.locks, file.inode.key, process);
  return closeDescriptor(process.files, fd);
}
/** RLIMIT_NOFILE. */
export const mostFiles = ({ limits }: Process): number => Math.min(limits[7][0], 65536);
