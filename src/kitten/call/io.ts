// Reading and writing open files.

import { ERRNO, ERESTARTSYS } from "../../abi/linux/errno.ts";
import { O, S, SEEK } from "../../abi/linux/files.ts";
import { SI, SIG } from "../../abi/linux/signals.ts";
import type { OpenFile } from "../file/inode.ts";
import type { Kitten } from "../kitten.ts";
import { copyIn, copyOut, i64In, u64Out } from "../memory/user.ts";
import { block } from "../task/schedule.ts";
import { sendSignal } from "../task/signal.ts";
import type { Task } from "../task/task.ts";
import type { Handler } from "./call.ts";
import { fileOf } from "./descriptor.ts";

/** Bytes that one call moves at most at a time, and in all (as Linux). */
const CHUNK = 2 ** 20, MOST = 0x7fff_f000, MOST_VECTORS = 1024;

interface Part { address: number; length: number }

/** The parts of an iovec array; a negative errno when there is something wrong with it. */
function vectors(task: Task, address: number, count: number): Part[] | number {
  if (count < 0 || count > MOST_VECTORS) return -ERRNO.EINVAL;
  const parts: Part[] = [];
  let total = 0;
  for (let index = 0; index < count; index++) {
    const base = i64In(task.process.aspace, address + 16 * index), length = i64In(task.process.aspace, address + 16 * index + 8);
    if (base === undefined || length === undefined) return -ERRNO.EFAULT;
    if (length < 0) return -ERRNO.EINVAL;
    const fits = Math.min(length, MOST - total);
    parts.push({ address: base, length: fits });
    total += fits;
  }
  return parts;
}

/** Moves bytes of a file into memory, or the other way, until it has no more at hand. @returns how many, or a negative errno */
function move(k: Kitten, task: Task, file: OpenFile, parts: readonly Part[], offset: number, write: boolean): number {
  const { aspace } = task.process;
  let total = 0;
  for (const part of parts) {
    for (let done = 0; done < part.length;) {
      const count = Math.min(CHUNK, part.length - done), at = part.address + done;
      let moved: number;
      if (write) {
        const bytes = copyIn(aspace, at, count);
        if (!bytes) return total || -ERRNO.EFAULT;
        moved = file.write(bytes, offset + total);
        if (moved > 0 && file.seekable) k.pages.written(file.inode, offset + total, bytes.subarray(0, moved));
      } else {
        const bytes = new Uint8Array(count);
        moved = file.read(bytes, offset + total);
        if (moved > 0) {
          if (file.seekable) k.pages.overlay(file.inode, offset + total, bytes.subarray(0, moved));
          if (!copyOut(aspace, at, bytes.subarray(0, moved))) return total || -ERRNO.EFAULT;
        }
      }
      if (moved < 0) return total || moved;
      total += moved;
      done += moved;
      if (moved < count) return total;
    }
  }
  return total;
}

/** read, write and their vector forms, at the file's position or at `at`. Waits where there is nothing yet. */
function transfer(k: Kitten, task: Task, fd: number, parts: readonly Part[] | number, at: number | undefined, write: boolean, flags = 0): number {
  const file = fileOf(task.process, fd);
  if (typeof file === "number") return file;
  if (typeof parts === "number") return parts;
  const access = file.flags & O.access;
  if (file.flags & O.path || (write ? access === O.readOnly : access === O.writeOnly)) return -ERRNO.EBADF;
  if (at !== undefined) {
    if (!file.seekable) return -ERRNO.ESPIPE;
    if (at < 0) return -ERRNO.EINVAL;
  }
  const barred = file.barred?.(task.process, write) ?? 0;
  if (barred === -ERESTARTSYS) task.restart = true; // the process is stopped first
  if (barred < 0) return barred;
  const attempt = (): number => {
    let offset = at ?? file.position;
    if (write && file.flags & O.append && file.seekable) {
      const stat = file.stat?.() ?? file.inode.stat();
      if (typeof stat === "number") return stat;
      offset = stat.size;
    }
    const moved = move(k, task, file, parts, offset, write);
    if (moved > 0 && at === undefined && file.seekable) file.position = offset + moved;
    if (write && moved === -ERRNO.EPIPE) sendSignal(k, task, { signal: SIG.pipe, code: SI.kernel });
    return moved;
  };
  // a write to a stream goes on until all is written
  const total = parts.reduce((sum, { length }) => sum + length, 0);
  const first = attempt();
  const more = write && !file.seekable && first >= 0 && first < total;
  if ((first !== -ERRNO.EAGAIN && !more) || file.flags & O.nonblock || flags & 0x40) return first;
  let done = Math.max(0, first), left = more ? skip(parts, done) : parts;
  return block(k, task, {
    sources: [file.waiters], interrupted: done || -ERESTARTSYS,
    attempt: () => {
      if (!write) {
        const moved = attempt();
        return moved === -ERRNO.EAGAIN ? undefined : moved;
      }
      const moved = move(k, task, file, left, 0, true);
      if (moved === -ERRNO.EAGAIN || moved === 0) return undefined;
      if (moved < 0) {
        if (moved === -ERRNO.EPIPE) sendSignal(k, task, { signal: SIG.pipe, code: SI.kernel });
        return done || moved;
      }
      done += moved;
      left = skip(left, moved);
      if (task.wait) task.wait.interrupted = done;
      return done >= total ? done : undefined;
    },
  });
}
const skip = (parts: readonly Part[], bytes: number): Part[] => parts.flatMap(({ address, length }) => {
  const gone = Math.min(bytes, length);
  bytes -= gone;
  return gone < length ? [{ address: address + gone, length: length - gone }] : [];
});
const one = (address: number, length: number): Part[] | number => length < 0 ? -ERRNO.EINVAL : [{ address, length: Math.min(length, MOST) }];

export const read: Handler = (k, task, fd, address, length) => transfer(k, task, fd, one(address, length), undefined, false);
export const write: Handler = (k, task, fd, address, length) => transfer(k, task, fd, one(address, length), undefined, true);
export const pread64: Handler = (k, task, fd, address, length, offset) => transfer(k, task, fd, one(address, length), offset, false);
export const pwrite64: Handler = (k, task, fd, address, length, offset) => transfer(k, task, fd, one(address, length), offset, true);
export const readv: Handler = (k, task, fd, address, count) => transfer(k, task, fd, vectors(task, address, count), undefined, false);
export const writev: Handler = (k, task, fd, address, count) => transfer(k, task, fd, vectors(task, address, count), undefined, true);
export const preadv: Handler = (k, task, fd, address, count, low) => transfer(k, task, fd, vectors(task, address, count), low, false);
export const pwritev: Handler = (k, task, fd, address, count, low) => transfer(k, task, fd, vectors(task, address, count), low, true);
export const preadv2: Handler = (k, task, fd, address, count, low) => transfer(k, task, fd, vectors(task, address, count), low === -1 ? undefined : low, false);
export const pwritev2: Handler = (k, task, fd, address, count, low) => transfer(k, task, fd, vectors(task, address, count), low === -1 ? undefined : low, true);

export const lseek: Handler = (_k, { process }, fd, offset, whence) => {
  const file = fileOf(process, fd);
  if (typeof file === "number") return file;
  if (!file.seekable) return -ERRNO.ESPIPE;
  const stat = whence >= SEEK.end ? file.stat?.() ?? file.inode.stat() : undefined;
  if (typeof stat === "number") return stat;
  let position: number;
  switch (whence) {
    case SEEK.set: position = offset; break;
    case SEEK.cur: position = file.position + offset; break;
    case SEEK.end: position = stat!.size + offset; break;
    case SEEK.data: // every byte is data, as file systems without holes say
    case SEEK.hole:
      if (offset < 0 || offset >= stat!.size) return -ERRNO.ENXIO;
      position = whence === SEEK.data ? offset : stat!.size;
      break;
    default: return -ERRNO.EINVAL;
  }
  if (!(position >= 0 && position <= Number.MAX_SAFE_INTEGER)) return -ERRNO.EINVAL;
  return file.position = position;
};

export const sendfile: Handler = (k, task, outFd, inFd, offsetAt, count) => {
  const source = fileOf(task.process, inFd), target = fileOf(task.process, outFd);
  if (typeof source === "number") return source;
  if (typeof target === "number") return target;
  if (!source.seekable || count < 0) return -ERRNO.EINVAL;
  const { aspace } = task.process, from = offsetAt === 0 ? source.position : i64In(aspace, offsetAt);
  if (from === undefined) return -ERRNO.EFAULT;
  const bytes = new Uint8Array(Math.min(count, CHUNK)), got = source.read(bytes, from);
  if (got <= 0) return got;
  const finish = (sent: number): number => {
    if (sent < 0) return sent;
    if (target.seekable) target.position += sent;
    if (offsetAt === 0) source.position = from + sent;
    else if (!u64Out(aspace, offsetAt, from + sent)) return -ERRNO.EFAULT;
    return sent;
  };
  const sent = target.write(bytes.subarray(0, got), target.position);
  if (sent !== -ERRNO.EAGAIN || target.flags & O.nonblock) return finish(sent);
  return block(k, task, { sources: [target.waiters], interrupted: -ERESTARTSYS, attempt: () => {
    const later = target.write(bytes.subarray(0, got), target.position);
    return later === -ERRNO.EAGAIN ? undefined : finish(later);
  } });
};

export const copy_file_range: Handler = (k, { process }, inFd, inAt, outFd, outAt, count, flags) => {
  const source = fileOf(process, inFd), target = fileOf(process, outFd);
  if (typeof source === "number") return source;
  if (typeof target === "number") return target;
  if (flags !== 0 || count < 0 || !source.seekable || !target.seekable) return -ERRNO.EINVAL;
  const from = inAt === 0 ? source.position : i64In(process.aspace, inAt), to = outAt === 0 ? target.position : i64In(process.aspace, outAt);
  if (from === undefined || to === undefined) return -ERRNO.EFAULT;
  const bytes = new Uint8Array(Math.min(count, CHUNK)), got = source.read(bytes, from);
  if (got <= 0) return got;
  const put = target.write(bytes.subarray(0, got), to);
  if (put < 0) return put;
  k.pages.written(target.inode, to, bytes.subarray(0, put));
  if (inAt === 0) source.position += put; else if (!u64Out(process.aspace, inAt, from + put)) return -ERRNO.EFAULT;
  if (outAt === 0) target.position += put; else if (!u64Out(process.aspace, outAt, to + put)) return -ERRNO.EFAULT;
  return put;
};

const truncateTo = (k: Kitten, file: OpenFile, bytes: number): number => {
  const stat = file.inode.stat();
  if (typeof stat !== "number" && (stat.mode & S.format) !== S.file) return -ERRNO.EINVAL;
  const done = file.truncate?.(bytes) ?? file.inode.truncate?.(bytes) ?? -ERRNO.EINVAL;
  if (done >= 0) k.pages.truncated(file.inode, bytes);
  return done;
};
export const ftruncate: Handler = (k, { process }, fd, bytes) => {
  const file = fileOf(process, fd);
  if (typeof file === "number") return file;
  if (bytes < 0 || (file.flags & O.access) === O.readOnly) return -ERRNO.EINVAL;
  return truncateTo(k, file, bytes);
};
export const fallocate: Handler = (k, { process }, fd, mode, offset, length) => {
  const file = fileOf(process, fd);
  if (typeof file === "number") return file;
  if (offset < 0 || length <= 0) return -ERRNO.EINVAL;
  if (mode & ~1) return -ERRNO.EOPNOTSUPP;
  const stat = file.stat?.() ?? file.inode.stat();
  if (typeof stat === "number") return stat;
  return mode & 1 || stat.size >= offset + length ? 0 : truncateTo(k, file, offset + length);
};
export const fsync: Handler = (k, { process }, fd) => {
  const file = fileOf(process, fd);
  if (typeof file === "number") return file;
  if (!file.seekable) return -ERRNO.EINVAL;
  k.pages.sync(file.inode);
  return file.inode.sync?.() ?? 0;
};
