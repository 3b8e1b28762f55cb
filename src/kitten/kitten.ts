// A Kitten: memory, cores, tasks, files. It owns whole cores and a range of the node's memory, and nobody is above or below it. All of its state
// belongs to one thread, the control thread; a core's registers lie in shared memory, so that they are in reach wherever the core runs.

import type { SharedSegments } from "../backend/segments.ts";
import { openVcpuState, type VcpuState } from "../hal/state.ts";
import type { GuestClock, Vcpu, Engine } from "../hal/vcpu.ts";
import { OFFSET } from "../hal/layout.ts";
import { createVnodeMemory, type NodeMemory, type VnodeMemory } from "../hal/memory.ts";
import { createCoreVcpu } from "./core.ts";
import { createPageCache, type PageCache } from "./memory/page-cache.ts";
import { createPmem, type Pmem } from "./memory/pmem.ts";
import { CORE, coreWordsBytes, openCores, type Cores } from "./task/cores.ts";
import { createDeadlines, type Deadlines } from "./task/deadlines.ts";
import type { Futexes } from "./task/futex.ts";
import { createMover } from "./task/migrate.ts";
import type { Process, Task } from "./task/task.ts";
import { createObjects, type Objects } from "./file/objects.ts";
import type { Mounts } from "./file/tree.ts";
import type { Sockets } from "./file/socket.ts";
import type { Inode, Waiters } from "./file/inode.ts";

export interface Core {
  readonly index: number;
  /** Registers, in shared memory; its thread's while it runs. */
  readonly state: VcpuState;
  /** Indices of RAX and CR3 in `words`; register n is 2 n further. */
  readonly gpr: number;
  readonly cr3: number;
  /** Address of its table of answers. */
  readonly answers: number;
  /** CR3 when it ran last. */
  ranUnder: number;
  /** Whose registers the vCPU has. */
  loaded: Task | undefined;
  current: Task | undefined;
  /** When `current` began to run. */
  sinceNs: number;
  /** Tasks that are ready, first in, first out. */
  readonly queue: Task[];
}

export interface KittenSetup {
  node: NodeMemory;
  engine: Engine;
  memoryBytes: number;
  /** How many, 1 to 16; all but the first have threads of their own, which run `runCore`. */
  cores: number;
  /** Where they meet (task/cores.ts), if there are several. */
  shared?: Cores;
  clock: GuestClock;
  /** The host's clock at guest time 0, in milliseconds since 1970. */
  startEpochMs: number;
  fillRandom(into: Uint8Array): void;
  uid: number;
  gid: number;
  hostname: string;
  /** Root file system. */
  root: Inode;
  /** Gets a line for each system call. */
  trace?(line: string): void;
}

export interface Kitten extends Pick<KittenSetup, "node" | "clock" | "startEpochMs" | "fillRandom" | "uid" | "gid" | "hostname" | "trace"> {
  readonly memory: VnodeMemory;
  readonly pmem: Pmem;
  readonly pages: PageCache;
  /** Memory shared with other virtual nodes, where there is such, and how many mappings of it there are by address. */
  segments: SharedSegments | undefined;
  readonly attached: Map<number, number>;
  /** The node's memory as words, for registers. */
  readonly words: Int32Array;
  /** Those whose threads have begun; there will be `coreCount`. */
  readonly cores: Core[];
  readonly coreCount: number;
  readonly shared: Cores;
  /** The first core's vCPU, which the control thread runs itself, and its way to hand its task over. */
  readonly vcpu: Vcpu;
  readonly move: (address: number) => boolean;
  /** Hand-overs that it knows of. */
  seenMoves: number;
  /** A task has become ready. */
  hasReady: boolean;
  /** Cores that shall have no tasks: removed from the running Kitten until they are added again. */
  readonly closed: Set<number>;
  /** Told when a core comes. */
  readonly coming: Waiters;
  readonly tasks: Map<number, Task>;
  readonly processes: Map<number, Process>;
  readonly mounts: Mounts;
  readonly deadlines: Deadlines;
  /** Tasks of the earliest-deadline-first class. */
  readonly edf: Set<Task>;
  /** Tasks whose waits shall be tried again. */
  readonly retries: Set<Task>;
  readonly futexes: Futexes;
  readonly sockets: Sockets;
  readonly objects: Objects;
  nextId: number;
  /** For names and numbers that just must differ. */
  names: number;
  /** Processes that were started from outside; when none is left, `ended` is the status of the first that failed, or of the last. */
  readonly awaited: Set<number>;
  failed: number | undefined;
  ended: number | undefined;
  /** The first process. */
  firstPid: number;
  /** Counters of system calls by number. */
  readonly calls: Uint32Array;
  switches: number;
}

/** A core whose thread has begun, as the control thread sees it. */
export function openCore(k: Pick<Kitten, "node" | "shared">, index: number): Core {
  const address = k.shared.address(index);
  return {
    index, state: openVcpuState(k.node.view, address), gpr: (address + OFFSET.gpr) / 4, cr3: (address + OFFSET.cr3) / 4, answers: k.shared.answers(index), ranUnder: 0, loaded: undefined, current: undefined,
    sinceNs: 0, queue: [],
  };
}

/** @throws node/out-of-memory */
export function createKitten(setup: KittenSetup): Kitten {
  const { node, engine, clock, cores: coreCount, fillRandom } = setup;
  const host = node.allocate(setup.memoryBytes, 2 * 2 ** 20, "memory of a Kitten");
  const memory = createVnodeMemory(node, [{ gpa: 0, bytes: setup.memoryBytes, host, kind: "ram" }]);
  const shared = setup.shared ?? openCores(new SharedArrayBuffer(coreWordsBytes(1)), 1, () => {}, () => {}, false);
  shared.open(memory.table);
  const { vcpu, answers } = createCoreVcpu({ node, engine, clock, fillRandom, index: 0, count: coreCount }, memory);
  shared.setState(0, CORE.taken);
  shared.come(0, vcpu.state.address, answers);
  const pmem = createPmem(node, memory, (gpa, bytes) => vcpu.invalidateCode(gpa, bytes));
  pmem.allocate(1, "kernel"); // gpa 0 stands for "none" in some places
  return {
    ...setup, memory, pmem, pages: createPageCache(pmem), segments: undefined, attached: new Map(), words: new Int32Array(node.wasm.buffer), cores: [openCore({ node, shared }, 0)], coreCount, shared, vcpu, move: createMover(node, memory, shared, 0),
    seenMoves: 0, hasReady: false, coming: new Set(), closed: new Set(), tasks: new Map(), processes: new Map(), mounts: new Map([["/", setup.root]]),
    deadlines: createDeadlines(), edf: new Set(), retries: new Set(), futexes: new Map(), sockets: new Map(), objects: createObjects(), nextId: 2, names: 0x10000, awaited: new Set(), failed: undefined, ended: undefined, firstPid: 2, calls: new Uint32Array(512), switches: 0,
  };
}

/** Milliseconds since 1970, as the guest knows them. */
export const epochMs = (k: Kitten): number => k.startEpochMs + k.clock.nowNs() / 1e6;
