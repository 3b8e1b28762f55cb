// Pipes and FIFOs (pipe(7)): a ring of bytes with two ends. Writes of up to PIPE_BUF bytes are whole or not at all.

import { ERRNO } from "../../abi/linux/errno.ts";
import { O, POLL, S } from "../../abi/linux/files.ts";
import { u32Out } from "../memory/user.ts";
import type { Process } from "../task/task.ts";
import { epochMs, type Kitten } from "../kitten.ts";
import { wake, type Inode, type OpenFile, type Waiters } from "./inode.ts";

const CAPACITY = 65536, PIPE_BUF = 4096;
const FIONREAD = 0x541b;

/** Bytes on their way. */
/** `data` grows up to `capacity` as it is needed. */
export interface Channel { data: Uint8Array; readonly capacity: number; start: number; length: number; readers: number; writers: number; readonly waiters: Waiters }
export const createChannel = (capacity = CAPACITY): Channel => ({ data: new Uint8Array(Math.min(capacity, PIPE_BUF)), capacity, start: 0, length: 0, readers: 0, writers: 0, waiters: new Set() });

export function takeBytes(channel: Channel, into: Uint8Array): number {
  const { data } = channel, count = Math.min(into.length, channel.length), straight = Math.min(count, data.length - channel.start);
  into.set(data.subarray(channel.start, channel.start + straight));
  into.set(data.subarray(0, count - straight), straight);
  channel.start = (channel.start + count) % data.length;
  channel.length -= count;
  if (count > 0) wake(channel.waiters);
  return count;
}
export function putBytes(channel: Channel, from: Uint8Array): number {
  const count = Math.min(from.length, channel.capacity - channel.length);
  if (channel.length + count > channel.data.length) {
    const grown = new Uint8Array(Math.min(channel.capacity, Math.max(2 * channel.data.length, channel.length + count))), straight = Math.min(channel.length, channel.data.length - channel.start);
    grown.set(channel.data.subarray(channel.start, channel.start + straight));
    grown.set(channel.data.subarray(0, channel.length - straight), straight);
    [channel.data, channel.start] = [grown, 0];
  }
  const { data } = channel, at = (channel.start + channel.length) % data.length, straight = Math.min(count, data.length - at);
  data.set(from.subarray(0, straight), at);
  data.set(from.subarray(straight, count));
  channel.length += count;
  if (count > 0) wake(channel.waiters);
  return count;
}

/** One end, or both, of a channel as an open file. */
function openEnd(channel: Channel, inode: Inode, flags: number): OpenFile {
  const access = flags & O.access, reads = access !== O.writeOnly, writes = access !== O.readOnly;
  if (reads) channel.readers++;
  if (writes) channel.writers++;
  wake(channel.waiters);
  return {
    inode, flags, path: "", users: 1, position: 0, seekable: false, waiters: channel.waiters,
    read: (into) => into.length === 0 ? 0 : takeBytes(channel, into) || (channel.writers === 0 ? 0 : -ERRNO.EAGAIN),
    write: (from) => {
      if (channel.readers === 0) return -ERRNO.EPIPE;
      if (from.length === 0) return 0;
      const room = channel.capacity - channel.length;
      return room === 0 || (from.length <= PIPE_BUF && room < from.length) ? -ERRNO.EAGAIN : putBytes(channel, from);
    },
    poll: () => (reads ? (channel.length > 0 ? POLL.in | POLL.rdnorm : 0) | (channel.writers === 0 ? POLL.hup : 0) : 0)
      | (writes ? (channel.capacity - channel.length >= PIPE_BUF ? POLL.out | POLL.wrnorm : 0) | (channel.readers === 0 ? POLL.err : 0) : 0),
    ioctl: (request, argument, process) => request === FIONREAD ? intOut(process, argument, channel.length) : -ERRNO.ENOTTY,
    close: () => {
      if (reads) channel.readers--;
      if (writes) channel.writers--;
      wake(channel.waiters);
    },
  };
}

export const intOut = (process: Process, address: number, value: number): number => u32Out(process.aspace, address, value) ? 0 : -ERRNO.EFAULT;

/** An inode that is nowhere in the tree: of pipes, sockets, event counters. */
export function namelessInode(k: Kitten, kind: string, mode: number, { uid, gid }: Pick<Process, "uid" | "gid">): Inode {
  const ino = ++k.objects.lastInode, timeMs = epochMs(k);
  return { key: `${kind}:${ino}`, stat: () => ({ dev: 12, ino, mode, nlink: 1, uid, gid, rdev: 0, size: 0, blocks: 0, blockBytes: 4096, atimeMs: timeMs, mtimeMs: timeMs, ctimeMs: timeMs }) };
}

/** pipe2(2). @returns the end to read from and the end to write to */
export function createPipe(k: Kitten, flags: number, process: Process): [OpenFile, OpenFile] {
  const inode = namelessInode(k, "pipe", S.fifo | 0o600, process), channel = createChannel();
  const ends: [OpenFile, OpenFile] = [openEnd(channel, inode, flags | O.readOnly), openEnd(channel, inode, flags | O.writeOnly)];
  for (const end of ends) end.path = inode.key.replace(/:(.*)/, ":[$1]");
  return ends;
}

/** A FIFO in a file system. Opening does not wait for the other end: what reads before anybody has written waits there. */
export function createFifo(stat: Inode["stat"]): Inode {
  const channel = createChannel();
  let written = false;
  const inode: Inode = { key: "", stat, open: (flags) => {
    if ((flags & O.access) === O.writeOnly && flags & O.nonblock && channel.readers === 0) return -ERRNO.ENXIO;
    const end = openEnd(channel, inode, flags), { read } = end;
    if ((flags & O.access) !== O.readOnly) written = true;
    return { ...end, read: (into, offset) => {
      const count = read(into, offset);
      return count === 0 && into.length > 0 && !written ? -ERRNO.EAGAIN : count;
    } };
  } };
  return inode;
}
