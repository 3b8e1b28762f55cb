// struct stat and struct statx as programs get them (stat(2); arch/x86/include/uapi/asm/stat.h, include/uapi/linux/stat.h).

import { ERRNO } from "../../abi/linux/errno.ts";
import { AT } from "../../abi/linux/files.ts";
import type { Inode, Stat } from "../file/inode.ts";
import { lookUp, type Dentry } from "../file/tree.ts";
import type { Kitten } from "../kitten.ts";
import { copyOut, stringIn } from "../memory/user.ts";
import type { Process } from "../task/task.ts";
import type { Handler } from "./call.ts";
import { fileOf } from "./descriptor.ts";

export const MOST_PATH = 4096;

/** The string at an address as a path. */
export function pathIn({ aspace }: Process, address: number): string | number {
  const path = stringIn(aspace, address, MOST_PATH - 1);
  return path === undefined ? -ERRNO.EFAULT : path === null ? -ERRNO.ENAMETOOLONG : path;
}

/** Where a path that is relative to `fd` begins. */
export function startOf(process: Process, fd: number, path: string): Dentry | number {
  if (path.startsWith("/") || fd === AT.fdcwd) return process.cwd;
  const file = fileOf(process, fd);
  return typeof file === "number" ? file : file.dentry ?? -ERRNO.ENOTDIR;
}

/** What is at a path, or the open file itself with AT_EMPTY_PATH. */
export function findAt(k: Kitten, process: Process, fd: number, pathAddress: number, flags: number, follow = !(flags & AT.symlinkNofollow)): { inode: Inode; stat: () => Stat | number; dentry?: Dentry } | number {
  const path = flags & AT.emptyPath && pathAddress === 0 ? "" : pathIn(process, pathAddress);
  if (typeof path === "number") return path;
  if (path === "" && flags & AT.emptyPath) {
    if (fd === AT.fdcwd) return { inode: process.cwd.inode, stat: () => process.cwd.inode.stat(), dentry: process.cwd };
    const file = fileOf(process, fd);
    return typeof file === "number" ? file : { inode: file.inode, stat: () => file.stat?.() ?? file.inode.stat(), dentry: file.dentry };
  }
  const start = startOf(process, fd, path);
  if (typeof start === "number") return start;
  const found = lookUp({ mounts: k.mounts, process, follow }, start, path);
  return typeof found === "number" ? found : { inode: found.inode, stat: () => found.inode.stat(), dentry: found };
}

const seconds = (ms: number) => BigInt(Math.floor(ms / 1000)), nanoseconds = (ms: number) => BigInt(Math.round((ms - Math.floor(ms / 1000) * 1000) * 1e6) % 1_000_000_000);

function statBytes(stat: Stat): Uint8Array {
  const out = new Uint8Array(144), view = new DataView(out.buffer), u64 = (at: number, value: number | bigint) => view.setBigInt64(at, BigInt.asIntN(64, BigInt(value)), true);
  u64(0, stat.dev); u64(8, stat.ino); u64(16, stat.nlink);
  view.setUint32(24, stat.mode, true); view.setUint32(28, stat.uid, true); view.setUint32(32, stat.gid, true);
  u64(40, stat.rdev); u64(48, stat.size); u64(56, stat.blockBytes); u64(64, stat.blocks);
  [stat.atimeMs, stat.mtimeMs, stat.ctimeMs].forEach((ms, index) => {
    u64(72 + 16 * index, seconds(ms));
    u64(80 + 16 * index, nanoseconds(ms));
  });
  return out;
}
const BASIC_STATS = 0x7ff;
const major = (dev: number) => (dev >>> 8) & 0xfff, minor = (dev: number) => (dev & 0xff) | ((dev >>> 12) & 0xfff00);
function statxBytes(stat: Stat): Uint8Array {
  const out = new Uint8Array(256), view = new DataView(out.buffer), u64 = (at: number, value: number | bigint) => view.setBigInt64(at, BigInt.asIntN(64, BigInt(value)), true);
  view.setUint32(0, BASIC_STATS, true);
  view.setUint32(4, stat.blockBytes, true);
  [stat.nlink, stat.uid, stat.gid].forEach((value, index) => view.setUint32(16 + 4 * index, value, true));
  view.setUint16(28, stat.mode, true);
  u64(32, stat.ino); u64(40, stat.size); u64(48, stat.blocks);
  for (const [at, ms] of [[64, stat.atimeMs], [96, stat.ctimeMs], [112, stat.mtimeMs]]) {
    u64(at, seconds(ms));
    view.setUint32(at + 8, Number(nanoseconds(ms)), true);
  }
  [major(stat.rdev), minor(stat.rdev), major(stat.dev), minor(stat.dev)].forEach((value, index) => view.setUint32(128 + 4 * index, value, true));
  return out;
}

const put = ({ aspace }: Process, address: number, stat: Stat | number, format = statBytes): number =>
  typeof stat === "number" ? stat : copyOut(aspace, address, format(stat)) ? 0 : -ERRNO.EFAULT;

export const newfstatat: Handler = (k, { process }, fd, path, buffer, flags) => {
  const found = findAt(k, process, fd, path, flags);
  return typeof found === "number" ? found : put(process, buffer, found.stat());
};
export const stat: Handler = (k, task, path, buffer) => newfstatat(k, task, AT.fdcwd, path, buffer, 0, 0, 0);
export const lstat: Handler = (k, task, path, buffer) => newfstatat(k, task, AT.fdcwd, path, buffer, AT.symlinkNofollow, 0, 0);
export const fstat: Handler = (_k, { process }, fd, buffer) => {
  const file = fileOf(process, fd);
  return typeof file === "number" ? file : put(process, buffer, file.stat?.() ?? file.inode.stat());
};
export const statx: Handler = (k, { process }, fd, path, flags, _mask, buffer) => {
  const found = findAt(k, process, fd, path, flags);
  return typeof found === "number" ? found : put(process, buffer, found.stat(), statxBytes);
};

const FS_MAGIC = 0x0102_1994; // tmpfs
function statfsBytes(): Uint8Array {
  const out = new Uint8Array(120), view = new DataView(out.buffer);
  const values: [number, number][] = [[0, FS_MAGIC], [8, 4096], [16, 2 ** 22], [24, 2 ** 21], [32, 2 ** 21], [40, 2 ** 20], [48, 2 ** 19], [64, 255], [72, 4096]];
  for (const [at, value] of values) view.setBigUint64(at, BigInt(value), true);
  return out;
}
export const statfs: Handler = (k, { process }, path, buffer) => {
  const found = findAt(k, process, AT.fdcwd, path, 0);
  return typeof found === "number" ? found : copyOut(process.aspace, buffer, statfsBytes()) ? 0 : -ERRNO.EFAULT;
};
export const fstatfs: Handler = (_k, { process }, fd, buffer) => {
  const file = fileOf(process, fd);
  return typeof file === "number" ? file : copyOut(process.aspace, buffer, statfsBytes()) ? 0 : -ERRNO.EFAULT;
};
