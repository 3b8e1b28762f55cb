// What a Kitten's processes share beside names: terminals, locks, segments, and the numbers of what has no name.

import type { Budget } from "./memory-fs.ts";
import type { Locks } from "./locks.ts";
import type { Terminal } from "./terminal.ts";
import type { Segments } from "../memory/segments.ts";

/** Bytes of the host that all of a Kitten's programs may take together beside their memory: files in memory, and what is on its way in sockets. */
const FILE_BYTES = 2 ** 30, SOCKET_BYTES = 2 ** 26;

export interface Objects {
  /** Of pipes, sockets, event counters, devices. */
  lastInode: number;
  /** Of file systems without a place in the tree. */
  lastDevice: number;
  readonly files: Budget;
  readonly inFlight: Budget;
  readonly terminals: Map<number, Terminal>;
  readonly locks: Locks;
  readonly segments: Segments;
}
export const createObjects = (): Objects => ({ lastInode: 0, lastDevice: 0x10000, files: { left: FILE_BYTES }, inFlight: { left: SOCKET_BYTES }, terminals: new Map(), locks: new Map(), segments: { byId: new Map(), lastId: 0 } });
