// What a Kitten's processes share beside names: terminals, locks, segments, and the numbers of what has no name.

import type { Locks } from "./locks.ts";
import type { Terminal } from "./terminal.ts";
import type { Segments } from "../memory/segments.ts";

export interface Objects {
  /** Of pipes, sockets, event counters, devices. */
  lastInode: number;
  /** Of file systems without a place in the tree. */
  lastDevice: number;
  readonly terminals: Map<number, Terminal>;
  readonly locks: Locks;
  readonly segments: Segments;
}
export const createObjects = (): Objects => ({ lastInode: 0, lastDevice: 0x10000, terminals: new Map(), locks: new Map(), segments: { byId: new Map(), lastId: 0 } });
