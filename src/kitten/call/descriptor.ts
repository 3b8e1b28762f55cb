// From a descriptor's number to the open file.

import { ERRNO } from "../../abi/linux/errno.ts";
import type { OpenFile } from "../file/inode.ts";
import type { Process } from "../task/task.ts";

export function fileOf({ files }: Process, fd: number): OpenFile | number {
  return files.table[fd]?.file ?? -ERRNO.EBADF;
}
/** RLIMIT_NOFILE. */
export const mostFiles = ({ limits }: Process): number => Math.min(limits[7][0], 65536);
