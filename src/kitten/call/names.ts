// Calls that work on names: open, directories, links, rights, times; and descriptors themselves.

import { ERRNO, ERESTARTSYS } from "../../abi/linux/errno.ts";
import { AT, direntType, O, S } from "../../abi/linux/files.ts";
import { closeDescriptor, install } from "../file/descriptors.ts";
import { type DirectoryEntry, type Inode, type OpenFile } from "../file/inode.ts";
import { openInode } from "../file/open.ts";
import { createPipe } from "../file/pipe.ts";
import { makeAt, pathOf, walk, type Found } from "../file/tree.ts";
import { epochMs, type Kitten } from "../kitten.ts";
import { copyIn, copyOut, u32Out } from "../memory/user.ts";
import type { Process } from "../task/task.ts";
import type { Handler } from "./call.ts";
import { closeFor, fileOf, mostFiles } from "./descriptor.ts";
import { recordLock } from "./locks.ts";
import { findAt, pathIn, startOf } from "./stat.ts";

/** Where a path leads; the last name may be missing. */
function place(k: Kitten, process: Process, fd: number, pathAt: number, follow: boolean): Found | number {
  const path = pathIn(process, pathAt);
  if (typeof path === "number") return path;
  const start = startOf(process, fd, path);
  return typeof start === "number" ? start : walk({ mounts: k.mounts, process, follow }, start, path);
}

export const openat: Handler = (k, { process }, fd, pathAt, flags, mode) => {
  if ((flags & O.tmpfile) === O.tmpfile) return -ERRNO.EOPNOTSUPP;
  const exclusive = (flags & (O.create | O.exclusive)) === (O.create | O.exclusive);
  const found = place(k, process, fd, pathAt, !(flags & O.nofollow) && !exclusive);
  if (typeof found === "number") return found;
  let { dentry } = found;
  if (!dentry) {
    if (!(flags & O.create)) return -ERRNO.ENOENT;
    if (found.mustBeDirectory) return -ERRNO.EISDIR;
    const made = found.parent.inode.make?.(found.name, { mode: S.file | (mode & 0o7777 & ~process.umask), uid: process.uid, gid: process.gid }) ?? -ERRNO.EROFS;
    if (typeof made === "number") return made;
    dentry = { inode: made, name: found.name, parent: found.parent };
  } else if (exclusive) return -ERRNO.EEXIST;
  const { inode } = dentry;
  if (flags & O.directory && !inode.lookup) return -ERRNO.ENOTDIR;
  if (flags & O.create && inode.lookup) return -ERRNO.EISDIR;
  const file = flags & O.path ? pathOnly(inode, flags, pathOf(dentry)) : openInode(inode, flags & ~(O.create | O.exclusive | O.cloexec), pathOf(dentry), process);
  if (typeof file === "number") return file;
  if (flags & O.truncate && (flags & O.access) !== O.readOnly) k.pages.truncated(inode, 0);
  file.flags &= ~O.noctty;
  file.dentry ??= dentry;
  return install(process.files, file, (flags & O.cloexec) !== 0, mostFiles(process));
};
const pathOnly = (inode: Inode, flags: number, path: string): OpenFile => ({
  inode, flags, path, users: 1, position: 0, seekable: false, waiters: new Set(), read: () => -ERRNO.EBADF, write: () => -ERRNO.EBADF, poll: () => 32,
});
export const open: Handler = (k, task, path, flags, mode) => openat(k, task, AT.fdcwd, path, flags, mode, 0, 0);
export const creat: Handler = (k, task, path, mode) => openat(k, task, AT.fdcwd, path, O.create | O.writeOnly | O.truncate, mode, 0, 0);
export const openat2: Handler = (k, task, fd, path, howAt, size) => {
  const bytes = size < 24 ? undefined : copyIn(task.process.aspace, howAt, 24);
  if (!bytes) return size < 24 ? -ERRNO.EINVAL : -ERRNO.EFAULT;
  const view = new DataView(bytes.buffer);
  if (view.getBigUint64(16, true) !== 0n) return -ERRNO.EINVAL;
  return openat(k, task, fd, path, view.getUint32(0, true), view.getUint32(8, true), 0, 0);
};
export const close: Handler = (k, { process }, fd) => closeFor(k, process, fd);
export const close_range: Handler = (k, { process }, first, last, flags) => {
  if (first > last || flags & ~4) return -ERRNO.EINVAL;
  process.files.table.forEach((entry, fd) => {
    if (!entry || fd < first || fd > last) return;
    if (flags & 4) entry.closeOnExec = true;
    else closeFor(k, process, fd);
  });
  return 0;
};

function duplicate(process: Process, fd: number, from: number, closeOnExec: boolean): number {
  const file = fileOf(process, fd);
  if (typeof file === "number") return file;
  const made = install(process.files, file, closeOnExec, mostFiles(process), from);
  if (made >= 0) file.users++;
  return made;
}
export const dup: Handler = (_k, { process }, fd) => duplicate(process, fd, 0, false);
export const dup3: Handler = (k, { process }, fd, to, flags) => {
  const file = fileOf(process, fd);
  if (typeof file === "number") return file;
  if (fd === to || flags & ~O.cloexec) return -ERRNO.EINVAL;
  if (to < 0 || to >= mostFiles(process)) return -ERRNO.EBADF;
  file.users++;
  closeFor(k, process, to);
  process.files.table[to] = { file, closeOnExec: (flags & O.cloexec) !== 0 };
  return to;
};
export const dup2: Handler = (k, task, fd, to) => {
  const file = fileOf(task.process, fd);
  return typeof file === "number" ? file : fd === to ? fd : dup3(k, task, fd, to, 0, 0, 0, 0);
};

const F = { dupfd: 0, getfd: 1, setfd: 2, getfl: 3, setfl: 4, getlk: 5, setlk: 6, setlkw: 7, setown: 8, getown: 9, ofdGetlk: 36, ofdSetlk: 37, ofdSetlkw: 38, dupfdCloexec: 1030, setpipe: 1031, getpipe: 1032, addSeals: 1033, getSeals: 1034 } as const;
const SETTABLE = O.append | O.nonblock | O.async | O.direct | O.noatime;
export const fcntl: Handler = (k, task, fd, command, argument) => {
  const { process } = task;
  const entry = process.files.table[fd];
  if (!entry) return -ERRNO.EBADF;
  const { file } = entry;
  switch (command) {
    case F.dupfd:
    case F.dupfdCloexec: return argument < 0 || argument >= mostFiles(process) ? -ERRNO.EINVAL : duplicate(process, fd, argument, command === F.dupfdCloexec);
    case F.getfd: return Number(entry.closeOnExec);
    case F.setfd:
      entry.closeOnExec = argument % 2 === 1;
      return 0;
    case F.getfl: return file.flags | (file.seekable ? O.largefile : 0);
    case F.setfl:
      file.flags = file.flags & ~SETTABLE | argument & SETTABLE;
      return 0;
    case F.getlk:
    case F.setlk:
    case F.setlkw:
    case F.ofdGetlk:
    case F.ofdSetlk:
    case F.ofdSetlkw:
      return recordLock(k, task, file, argument, { get: command === F.getlk || command === F.ofdGetlk, wait: command === F.setlkw || command === F.ofdSetlkw, ofFile: command >= F.ofdGetlk });
    case F.setown:
    case F.addSeals: return 0;
    case F.getown:
    case F.getSeals: return 0;
    case F.getpipe:
    case F.setpipe: return 65536;
  }
  return -ERRNO.EINVAL;
};
export const pipe2: Handler = (k, { process }, address, flags) => {
  if (flags & ~(O.cloexec | O.nonblock | O.direct)) return -ERRNO.EINVAL;
  const ends = createPipe(k, flags & O.nonblock, process), close = (flags & O.cloexec) !== 0, fds: number[] = [];
  for (const file of ends) {
    const fd = install(process.files, file, close, mostFiles(process));
    if (fd < 0) {
      for (const made of fds) closeDescriptor(process.files, made);
      return fd;
    }
    fds.push(fd);
  }
  return copyOut(process.aspace, address, new Uint8Array(new Int32Array(fds).buffer)) ? 0 : -ERRNO.EFAULT;
};
export const pipe: Handler = (k, task, address) => pipe2(k, task, address, 0, 0, 0, 0, 0);

export const getdents64: Handler = (_k, { process }, fd, address, size) => {
  const file = fileOf(process, fd);
  if (typeof file === "number") return file;
  if (!file.inode.list) return -ERRNO.ENOTDIR;
  if (file.position === 0 || !file.listing) {
    const own = file.inode.stat(), entries = file.inode.list();
    if (typeof own === "number") return own;
    if (typeof entries === "number") return entries;
    const upper = file.dentry?.parent?.inode.stat();
    file.listing = [{ name: ".", ino: own.ino, mode: own.mode }, { name: "..", ino: typeof upper === "object" ? upper.ino : own.ino, mode: own.mode }, ...entries];
  }
  const { bytes, next } = direntBytes(file.listing, file.position, Math.min(size, 2 ** 20));
  if (bytes.length === 0) return file.position < file.listing.length ? -ERRNO.EINVAL : 0;
  if (!copyOut(process.aspace, address, bytes)) return -ERRNO.EFAULT;
  file.position = next;
  return bytes.length;
};
function direntBytes(entries: readonly DirectoryEntry[], from: number, most: number): { bytes: Uint8Array; next: number } {
  const out: number[] = [];
  let next = from;
  for (; next < entries.length; next++) {
    const { name, ino, mode } = entries[next], text = new TextEncoder().encode(name), length = (19 + text.length + 1 + 7) & ~7;
    if (out.length + length > most) break;
    const record = new Uint8Array(length), view = new DataView(record.buffer);
    view.setBigUint64(0, BigInt(ino), true);
    view.setBigInt64(8, BigInt(next + 1), true);
    view.setUint16(16, length, true);
    record[18] = direntType(mode);
    record.set(text, 19);
    for (const byte of record) out.push(byte);
  }
  return { bytes: Uint8Array.from(out), next };
}

export const getcwd: Handler = (_k, { process }, address, size) => {
  const path = new TextEncoder().encode(`${pathOf(process.cwd)}\0`);
  if (size < path.length) return -ERRNO.ERANGE;
  return copyOut(process.aspace, address, path) ? path.length : -ERRNO.EFAULT;
};
export const chdir: Handler = (k, { process }, pathAt) => {
  const found = findAt(k, process, AT.fdcwd, pathAt, 0);
  if (typeof found === "number") return found;
  if (!found.inode.lookup) return -ERRNO.ENOTDIR;
  process.cwd = found.dentry!;
  return 0;
};
export const fchdir: Handler = (_k, { process }, fd) => {
  const file = fileOf(process, fd);
  if (typeof file === "number") return file;
  if (!file.inode.lookup || !file.dentry) return -ERRNO.ENOTDIR;
  process.cwd = file.dentry;
  return 0;
};
export const chroot: Handler = (k, { process }, pathAt) => {
  const found = findAt(k, process, AT.fdcwd, pathAt, 0);
  if (typeof found === "number") return found;
  if (!found.inode.lookup) return -ERRNO.ENOTDIR;
  process.root = { inode: found.inode, name: "" };
  return 0;
};

/** Makes an entry where a path says. */
function make(k: Kitten, process: Process, fd: number, pathAt: number, what: { mode: number; rdev?: number; target?: string }): number {
  const path = pathIn(process, pathAt);
  if (typeof path === "number") return path;
  const start = startOf(process, fd, path);
  if (typeof start === "number") return start;
  const made = makeAt(k.mounts, process, start, path, what);
  return typeof made === "number" ? made : 0;
}
export const mkdirat: Handler = (k, { process }, fd, path, mode) => make(k, process, fd, path, { mode: S.directory | mode & 0o1777 });
export const mkdir: Handler = (k, task, path, mode) => mkdirat(k, task, AT.fdcwd, path, mode, 0, 0, 0);
export const mknodat: Handler = (k, { process }, fd, path, mode, rdev) => {
  const format = mode & S.format || S.file;
  if (format === S.directory || format === S.symlink) return -ERRNO.EPERM;
  return make(k, process, fd, path, { mode: format | mode & 0o7777, rdev });
};
export const mknod: Handler = (k, task, path, mode, rdev) => mknodat(k, task, AT.fdcwd, path, mode, rdev, 0, 0);
export const symlinkat: Handler = (k, { process }, targetAt, fd, path) => {
  const target = pathIn(process, targetAt);
  if (typeof target === "number") return target;
  return target === "" ? -ERRNO.ENOENT : make(k, process, fd, path, { mode: S.symlink | 0o777, target });
};
export const symlink: Handler = (k, task, target, path) => symlinkat(k, task, target, AT.fdcwd, path, 0, 0, 0);
export const linkat: Handler = (k, { process }, oldFd, oldAt, newFd, newAt, flags) => {
  const old = findAt(k, process, oldFd, oldAt, flags & AT.emptyPath, (flags & AT.symlinkFollow) !== 0), found = place(k, process, newFd, newAt, false);
  if (typeof old === "number") return old;
  if (typeof found === "number") return found;
  if (found.dentry) return -ERRNO.EEXIST;
  return found.parent.inode.link?.(found.name, old.inode) ?? -ERRNO.EPERM;
};
export const link: Handler = (k, task, old, path) => linkat(k, task, AT.fdcwd, old, AT.fdcwd, path, 0, 0);
export const unlinkat: Handler = (k, { process }, fd, pathAt, flags) => {
  if (flags & ~AT.removedir) return -ERRNO.EINVAL;
  const directory = (flags & AT.removedir) !== 0, found = place(k, process, fd, pathAt, false);
  if (typeof found === "number") return found;
  if (!found.dentry) return -ERRNO.ENOENT;
  if (found.name === "") return directory ? -ERRNO.EINVAL : -ERRNO.EISDIR;
  if (found.mustBeDirectory && !directory) return found.dentry.inode.lookup ? -ERRNO.EISDIR : -ERRNO.ENOTDIR;
  if (k.mounts.has(pathOf(found.dentry))) return -ERRNO.EBUSY;
  return found.parent.inode.remove?.(found.name, directory) ?? -ERRNO.EROFS;
};
export const unlink: Handler = (k, task, path) => unlinkat(k, task, AT.fdcwd, path, 0, 0, 0, 0);
export const rmdir: Handler = (k, task, path) => unlinkat(k, task, AT.fdcwd, path, AT.removedir, 0, 0, 0);
export const renameat2: Handler = (k, { process }, oldFd, oldAt, newFd, newAt, flags) => {
  if (flags & ~1) return -ERRNO.EINVAL;
  const from = place(k, process, oldFd, oldAt, false), to = place(k, process, newFd, newAt, false);
  if (typeof from === "number") return from;
  if (typeof to === "number") return to;
  if (!from.dentry) return -ERRNO.ENOENT;
  if (from.name === "" || to.name === "") return -ERRNO.EBUSY;
  if (flags & 1 && to.dentry) return -ERRNO.EEXIST; // RENAME_NOREPLACE
  for (let at = to.parent; at; at = at.parent!) if (at.inode === from.dentry.inode) return -ERRNO.EINVAL;
  return from.parent.inode.rename?.(from.name, to.parent.inode, to.name) ?? -ERRNO.EROFS;
};
export const renameat: Handler = (k, task, oldFd, old, newFd, path) => renameat2(k, task, oldFd, old, newFd, path, 0, 0);
export const rename: Handler = (k, task, old, path) => renameat2(k, task, AT.fdcwd, old, AT.fdcwd, path, 0, 0);
export const readlinkat: Handler = (k, { process }, fd, pathAt, address, size) => {
  if (size <= 0) return -ERRNO.EINVAL;
  const found = findAt(k, process, fd, pathAt, AT.emptyPath, false);
  if (typeof found === "number") return found;
  const target = found.inode.readlink?.(process) ?? -ERRNO.EINVAL;
  if (typeof target === "number") return target;
  const bytes = new TextEncoder().encode(target).subarray(0, Math.min(size, 4096));
  return copyOut(process.aspace, address, bytes) ? bytes.length : -ERRNO.EFAULT;
};
export const readlink: Handler = (k, task, path, address, size) => readlinkat(k, task, AT.fdcwd, path, address, size, 0, 0);

/** access: what the mode says to the process's user; root may all but execute what nobody may. */
export const faccessat: Handler = (k, { process }, fd, pathAt, mode, flags) => {
  if (mode & ~7) return -ERRNO.EINVAL;
  const found = findAt(k, process, fd, pathAt, flags);
  if (typeof found === "number") return found;
  const stat = found.stat();
  if (typeof stat === "number") return stat;
  const shift = stat.uid === process.uid ? 6 : stat.gid === process.gid ? 3 : 0;
  let allowed = stat.mode >> shift & 7;
  if (process.uid === 0) allowed = 6 | (found.inode.lookup || stat.mode & 0o111 ? 1 : 0);
  return (mode & allowed) === mode ? 0 : -ERRNO.EACCES;
};
export const faccessat1: Handler = (k, task, fd, path, mode) => faccessat(k, task, fd, path, mode, 0, 0, 0);
export const access: Handler = (k, task, path, mode) => faccessat(k, task, AT.fdcwd, path, mode, 0, 0, 0);

const change = (k: Kitten, process: Process, fd: number, path: number, flags: number, what: Parameters<NonNullable<Inode["change"]>>[0]): number => {
  const found = findAt(k, process, fd, path, flags);
  return typeof found === "number" ? found : found.inode.change?.(what) ?? -ERRNO.EPERM;
};
export const fchmodat: Handler = (k, { process }, fd, path, mode) => change(k, process, fd, path, 0, { mode: mode & 0o7777 });
export const fchmodat2: Handler = (k, { process }, fd, path, mode, flags) => change(k, process, fd, path, flags, { mode: mode & 0o7777 });
export const chmod: Handler = (k, { process }, path, mode) => change(k, process, AT.fdcwd, path, 0, { mode: mode & 0o7777 });
export const fchmod: Handler = (k, { process }, fd, mode) => change(k, process, fd, 0, AT.emptyPath, { mode: mode & 0o7777 });
const owner = (uid: number, gid: number) => ({ ...uid !== -1 && { uid }, ...gid !== -1 && { gid } });
export const fchownat: Handler = (k, { process }, fd, path, uid, gid, flags) => change(k, process, fd, path, flags, owner(uid, gid));
export const chown: Handler = (k, { process }, path, uid, gid) => change(k, process, AT.fdcwd, path, 0, owner(uid, gid));
export const lchown: Handler = (k, { process }, path, uid, gid) => change(k, process, AT.fdcwd, path, AT.symlinkNofollow, owner(uid, gid));
export const fchown: Handler = (k, { process }, fd, uid, gid) => change(k, process, fd, 0, AT.emptyPath, owner(uid, gid));
export const umask: Handler = (_k, { process }, mask) => {
  const before = process.umask;
  process.umask = mask & 0o777;
  return before;
};

const UTIME_NOW = 0x3fff_ffff, UTIME_OMIT = 0x3fff_fffe;
export const utimensat: Handler = (k, { process }, fd, path, timesAt, flags) => {
  let times: { atimeMs?: number; mtimeMs?: number } = { atimeMs: epochMs(k), mtimeMs: epochMs(k) };
  if (timesAt !== 0) {
    const bytes = copyIn(process.aspace, timesAt, 32);
    if (!bytes) return -ERRNO.EFAULT;
    const [accessS, accessNs, modifyS, modifyNs] = [...new BigInt64Array(bytes.buffer)].map(Number);
    const ms = (seconds: number, ns: number) => ns === UTIME_NOW ? epochMs(k) : seconds * 1000 + ns / 1e6;
    if ([accessNs, modifyNs].some((ns) => ns !== UTIME_NOW && ns !== UTIME_OMIT && (ns < 0 || ns >= 1e9))) return -ERRNO.EINVAL;
    times = { ...accessNs !== UTIME_OMIT && { atimeMs: ms(accessS, accessNs) }, ...modifyNs !== UTIME_OMIT && { mtimeMs: ms(modifyS, modifyNs) } };
  }
  return change(k, process, fd, path, path === 0 ? AT.emptyPath : flags, times);
};
export const utimes: Handler = (k, { process }, path, timesAt) => {
  const bytes = timesAt === 0 ? undefined : copyIn(process.aspace, timesAt, 32);
  if (timesAt !== 0 && !bytes) return -ERRNO.EFAULT;
  const [accessS, accessUs, modifyS, modifyUs] = bytes ? [...new BigInt64Array(bytes.buffer)].map(Number) : [];
  return change(k, process, AT.fdcwd, path, 0, bytes ? { atimeMs: accessS * 1000 + accessUs / 1000, mtimeMs: modifyS * 1000 + modifyUs / 1000 } : { atimeMs: epochMs(k), mtimeMs: epochMs(k) });
};
export const utime: Handler = (k, { process }, path, timesAt) => {
  const bytes = timesAt === 0 ? undefined : copyIn(process.aspace, timesAt, 16);
  if (timesAt !== 0 && !bytes) return -ERRNO.EFAULT;
  const [accessS, modifyS] = bytes ? [...new BigInt64Array(bytes.buffer)].map(Number) : [epochMs(k) / 1000, epochMs(k) / 1000];
  return change(k, process, AT.fdcwd, path, 0, { atimeMs: accessS * 1000, mtimeMs: modifyS * 1000 });
};
export const truncate: Handler = (k, { process }, path, bytes) => {
  const found = findAt(k, process, AT.fdcwd, path, 0);
  if (typeof found === "number") return found;
  if (bytes < 0) return -ERRNO.EINVAL;
  const done = found.inode.truncate?.(bytes) ?? (found.inode.lookup ? -ERRNO.EISDIR : -ERRNO.EINVAL);
  if (done >= 0) k.pages.truncated(found.inode, bytes);
  return done;
};

const FIONREAD = 0x541b, FIONBIO = 0x5421, FIOCLEX = 0x5451, FIONCLEX = 0x5450;
export const ioctl: Handler = (_k, task, fd, request, argument) => {
  const { process } = task;
  const entry = process.files.table[fd];
  if (!entry) return -ERRNO.EBADF;
  const { file } = entry;
  if (request === FIOCLEX || request === FIONCLEX) {
    entry.closeOnExec = request === FIOCLEX;
    return 0;
  }
  if (request === FIONBIO) {
    const value = copyIn(process.aspace, argument, 4);
    if (!value) return -ERRNO.EFAULT;
    file.flags = value.some((byte) => byte !== 0) ? file.flags | O.nonblock : file.flags & ~O.nonblock;
    return 0;
  }
  if (request === FIONREAD && file.seekable) {
    const stat = file.inode.stat();
    return typeof stat === "number" ? stat : u32Out(process.aspace, argument, Math.max(0, stat.size - file.position)) ? 0 : -ERRNO.EFAULT;
  }
  const done = file.ioctl?.(request, argument, process) ?? -ERRNO.ENOTTY;
  if (done === -ERESTARTSYS) task.restart = true; // the process is stopped first
  return done;
};
