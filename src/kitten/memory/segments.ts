// Shared memory segments by key (sysvipc(7), shmget(2)).

import type { PageSource } from "./aspace.ts";

export interface Segment {
  readonly id: number;
  /** 0 (IPC_PRIVATE): found by nobody. */
  key: number;
  readonly bytes: number;
  readonly source: PageSource;
  mode: number;
  uid: number;
  gid: number;
  creator: { pid: number; uid: number; gid: number };
  lastPid: number;
  attachedMs: number;
  detachedMs: number;
  changedMs: number;
  /** IPC_RMID: it goes when nobody has it attached. */
  removed: boolean;
}
export interface Segments { byId: Map<number, Segment>; lastId: number }
