// What a task and a process are. A task is a thread; a process is what threads share: memory, files, names, signal handlers.

import type { VcpuState } from "../../hal/state.ts";
import type { Descriptors } from "../file/descriptors.ts";
import type { Waiters } from "../file/inode.ts";
import type { Dentry } from "../file/tree.ts";
import type { Edf } from "./edf.ts";
import type { Aspace, Job } from "../memory/aspace.ts";

/** A timer of a process: setitimer, alarm and timer_create have the same. `notify`: a SIGEV constant. */
export interface Timer { id: number; clock: number; notify: number; signal: number; value: bigint; tid: number; intervalNs: number; atNs: number; overrun: number; cancel(): void }

/** A handler as sigaction gives it. `mask`: bit n - 1 is signal n. */
export interface SignalAction { handler: number; flags: number; restorer: number; mask: bigint }
/** Details that come with a signal. */
export interface SignalInfo { signal: number; code: number; pid?: number; uid?: number; address?: number; status?: number; value?: bigint; timer?: number; overrun?: number; fault?: { vector: number; errorCode: number } }

export interface Process {
  readonly pid: number;
  /** It is a rank of a parallel program: others see its memory, and it theirs. */
  readonly job: { job: Job; rank: number } | undefined;
  parent: Process | undefined;
  readonly children: Set<Process>;
  readonly tasks: Set<Task>;
  aspace: Aspace;
  files: Descriptors;
  root: Dentry;
  cwd: Dentry;
  umask: number;
  uid: number;
  gid: number;
  group: number;
  session: number;
  actions: SignalAction[];
  /** Signals to the whole process. */
  pending: SignalInfo[];
  /** Soft and hard limits by number (getrlimit(2)). */
  limits: [soft: number, hard: number][];
  executable: string;
  argv: string[];
  /** Bytes of the environment at the start, for /proc. */
  environment: string[];
  /** Signal for the parent at the end, 0: none. */
  exitSignal: number;
  /** Status as wait4 gives it, set when the last task has ended. */
  status: number | undefined;
  /** Set while it is stopped: the signal. */
  stopped: number;
  /** What a waiting parent has not been told yet. */
  report: "stopped" | "continued" | undefined;
  /** exit_group was called, or a signal killed it: tasks end with this status. */
  exiting: number | undefined;
  /** A vfork parent waits for this process to end or execute. */
  vforkDone: (() => void) | undefined;
  /** Parents that wait. */
  readonly waiters: Waiters;
  /** Those who wait for signals in other ways than by a handler: sigwait, signalfd. */
  readonly signalled: Waiters;
  /** Timers by id; those of setitimer are -1 and below. */
  timers: Map<number, Timer>;
  startNs: number;
  /** Of tasks that have ended, and of children that were waited for. */
  usedNs: number;
  childrenNs: number;
}

/** Why a task does not run, and how it goes on. */
export interface Wait {
  /** Tried when somebody tells: the system call's answer, or undefined to wait on. */
  attempt(): number | undefined;
  sources: readonly Waiters[];
  tell: () => void;
  deadlineNs: number;
  /** Answer at the deadline. */
  timedOut: number;
  /** Answer when a signal comes first. */
  interrupted: number;
  /** Called when it ends, however. */
  cleanup?(): void;
  /** For ps: what it waits in. */
  call: number;
}

export interface Task {
  readonly tid: number;
  process: Process;
  name: string;
  state: "ready" | "running" | "waiting" | "stopped" | "dead";
  /** Core whose queue it is in, and cores that it may be on. */
  core: number;
  affinity: bigint;
  /** Registers while it is on no core; see registers.ts. */
  readonly saved: { bytes: Uint8Array; state: VcpuState };
  wait: Wait | undefined;
  mask: bigint;
  /** Mask that rt_sigsuspend and others put in place, and which the next handler's frame must save. */
  savedMask: bigint | undefined;
  pending: SignalInfo[];
  altStack: { sp: number; size: number; flags: number };
  /** Number of the system call that it is in, and whether that is to begin anew unless a handler says otherwise. */
  call: number;
  restart: boolean;
  /** set_tid_address: cleared and woken when the task ends. */
  clearTid: number;
  robustList: number;
  usedNs: number;
  /** SCHED_DEADLINE. */
  edf: Edf | undefined;
  policy: number;
  priority: number;
  /** Set by arch and prctl calls. */
  deathSignal: number;
}
