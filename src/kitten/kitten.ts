// A Kitten: memory, cores, tasks, files. It owns whole cores and a range of the node's memory, and nobody is above or below it. All of its state
// belongs to one thread, the control thread; a core's registers lie in shared memory, so that they are in reach wherever the core runs.

import type { GuestClock, Vcpu, Engine, Bus } from "../hal/vcpu.ts";
import { CONSTANTS as C, OFFSET } from "../hal/layout.ts";
import { createVnodeMemory, type NodeMemory, type VnodeMemory } from "../hal/memory.ts";
import { createPageCache, type PageCache } from "./memory/page-cache.ts";
import { createPmem, type Pmem } from "./memory/pmem.ts";
import { createDeadlines, type Deadlines } from "./task/deadlines.ts";
import type { Futexes } from "./task/futex.ts";
import { prepareVcpu } from "./task/registers.ts";
import type { Process, Task } from "./task/task.ts";
import { createObjects, type Objects } from "./file/objects.ts";
import type { Mounts } from "./file/tree.ts";
import type { Sockets } from "./file/socket.ts";
import type { Inode } from "./file/inode.ts";

export interface Core {
  readonly index: number;
  readonly vcpu: Vcpu;
  /** Index of RAX in `words`; register n is 2 n further. */
  readonly gpr: number;
  /** Address of its table of answers. */
  readonly answers: number;
  /** Whose registers the vCPU has. */
  loaded: Task | undefined;
  current: Task | undefined;
  /** Tasks that are ready, first in, first out. */
  readonly queue: Task[];
}

export interface KittenSetup {
  node: NodeMemory;
  engine: Engine;
  memoryBytes: number;
  cores: number;
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
  /** The node's memory as words, for registers. */
  readonly words: Int32Array;
  readonly cores: readonly Core[];
  readonly tasks: Map<number, Task>;
  readonly processes: Map<number, Process>;
  readonly mounts: Mounts;
  readonly deadlines: Deadlines;
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

export const TSC_HZ = 1_000_000_000;
const APIC_TIMER_HZ = 100_000_000;
const ONES = (bytes: number) => 2 ** (8 * bytes) - 1;
/** There are no devices on a Kitten's cores. */
const NO_BUS: Bus = {
  pioRead: (_, bytes) => ONES(bytes), pioWrite: () => {}, mmioRead: (_, bytes) => ONES(bytes), mmioWrite: () => {}, acknowledge: () => -1,
  msrRead: () => undefined, msrWrite: () => false, tprRead: () => 0, tprWrite: () => {},
};

/** @throws node/out-of-memory */
export function createKitten(setup: KittenSetup): Kitten {
  const { node, engine, clock } = setup;
  const host = node.allocate(setup.memoryBytes, 2 * 2 ** 20, "memory of a Kitten");
  const memory = createVnodeMemory(node, [{ gpa: 0, bytes: setup.memoryBytes, host, kind: "ram" }]);
  const cores: Core[] = [];
  const pmem = createPmem(node, memory, (gpa, bytes) => cores[0].vcpu.invalidateCode(gpa, bytes));
  pmem.allocate(1, "kernel"); // gpa 0 stands for "none" in some places
  for (let index = 0; index < setup.cores; index++) {
    const vcpu = engine.createVcpu({
      node, memory, index, bus: NO_BUS, clock, entropy: () => {
        const bytes = new Uint8Array(4);
        setup.fillRandom(bytes);
        return new DataView(bytes.buffer).getUint32(0);
      },
      model: { tscHz: TSC_HZ, apicTimerHz: APIC_TIMER_HZ, vcpuCount: setup.cores, apicId: index },
    });
    vcpu.reset();
    prepareVcpu(vcpu.state);
    vcpu.state.writeField("activity", BigInt(C.ACTIVITY_RUNNING));
    vcpu.state.writeField("tscAux", BigInt(index));
    const answers = node.allocate(C.ANSWER_COUNT * C.ANSWER_BYTES, 64, "answers");
    vcpu.state.writeField("answers", BigInt(answers));
    cores.push({ index, vcpu, gpr: (vcpu.state.address + OFFSET.gpr) / 4, answers, loaded: undefined, current: undefined, queue: [] });
  }
  return {
    ...setup, memory, pmem, pages: createPageCache(pmem), words: new Int32Array(node.wasm.buffer), cores, tasks: new Map(), processes: new Map(), mounts: new Map([["/", setup.root]]),
    deadlines: createDeadlines(), retries: new Set(), futexes: new Map(), sockets: new Map(), objects: createObjects(), nextId: 2, names: 0x10000, awaited: new Set(), failed: undefined, ended: undefined, firstPid: 2, calls: new Uint32Array(512), switches: 0,
  };
}

/** Milliseconds since 1970, as the guest knows them. */
export const epochMs = (k: Kitten): number => k.startEpochMs + k.clock.nowNs() / 1e6;
