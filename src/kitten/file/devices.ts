// Devices without state: /dev/null, zero, full, random, urandom (null(4), random(4)).

import { ERRNO } from "../../abi/linux/errno.ts";
import { POLL } from "../../abi/linux/files.ts";
import { NEVER, type Inode, type OpenFile } from "./inode.ts";

export const makeDevice = (major: number, minor: number): number => (minor & 0xff) | ((major & 0xfff) << 8) | ((minor & ~0xff) << 12);

interface Stream { read(into: Uint8Array): number; write(from: Uint8Array): number }

const streams: Record<number, (fillRandom: (into: Uint8Array) => void) => Stream> = {
  [makeDevice(1, 3)]: () => ({ read: () => 0, write: (from) => from.length }),
  [makeDevice(1, 5)]: () => ({ read: zeros, write: (from) => from.length }),
  [makeDevice(1, 7)]: () => ({ read: zeros, write: () => -ERRNO.ENOSPC }),
  [makeDevice(1, 8)]: random, [makeDevice(1, 9)]: random,
};
function zeros(into: Uint8Array): number {
  into.fill(0);
  return into.length;
}
function random(fill: (into: Uint8Array) => void): Stream {
  return { write: (from) => from.length, read: (into) => {
    fill(into);
    return into.length;
  } };
}
/** Names in /dev, in order. */
export const MEMORY_DEVICES = [["null", 1, 3], ["zero", 1, 5], ["full", 1, 7], ["random", 1, 8], ["urandom", 1, 9]] as const;

/** What opens as a device of this number. */
export function memoryDevice(rdev: number, stat: Inode["stat"], fillRandom: (into: Uint8Array) => void): Inode | undefined {
  const make = streams[rdev];
  if (!make) return undefined;
  const stream = make(fillRandom);
  const inode: Inode = { key: `device:${rdev}`, stat, open: (flags): OpenFile => ({
    inode, flags, path: "", users: 1, position: 0, seekable: false, waiters: NEVER,
    read: (into) => stream.read(into), write: (from) => stream.write(from), poll: () => POLL.in | POLL.out | POLL.rdnorm | POLL.wrnorm,
  }) };
  return inode;
}
