// New tasks and processes: the first one, clone, and what execve makes anew.

import { ERRNO } from "../../abi/linux/errno.ts";
import { O } from "../../abi/linux/files.ts";
import { SIGNALS, SIG, SIG_DFL, SIG_IGN } from "../../abi/linux/signals.ts";
import { cloneDescriptors, closeOnExecute, createDescriptors, releaseFile } from "../file/descriptors.ts";
import type { OpenFile } from "../file/inode.ts";
import { openInode } from "../file/open.ts";
import { lookUp, pathOf, type Dentry } from "../file/tree.ts";
import type { Kitten } from "../kitten.ts";
import { cloneAspace, createAspace, destroyAspace, joinJob } from "../memory/aspace.ts";
import { u32Out } from "../memory/user.ts";
import { loadProgram } from "../program/load.ts";
import { mapVdso } from "../program/vdso.ts";
import { exitTask, leaveAspace } from "./exit.ts";
import { copyRegisters, createSaved, freshRegisters, storeRegisters } from "./registers.ts";
import { EDF_RESET_ON_FORK } from "./edf.ts";
import { block, flushTranslations, KEEP, makeReady, unload } from "./schedule.ts";
import type { Process, SignalAction, Task } from "./task.ts";

const MOST_TASKS = 4096;
const UNLIMITED = Infinity;
/** getrlimit(2), by number: CPU FSIZE DATA STACK CORE RSS NPROC NOFILE MEMLOCK AS LOCKS SIGPENDING MSGQUEUE NICE RTPRIO RTTIME. */
const LIMITS: readonly (readonly [number, number])[] = [
  [UNLIMITED, UNLIMITED], [UNLIMITED, UNLIMITED], [UNLIMITED, UNLIMITED], [8 * 2 ** 20, UNLIMITED], [0, UNLIMITED], [UNLIMITED, UNLIMITED], [MOST_TASKS, MOST_TASKS], [1024, 65536],
  [UNLIMITED, UNLIMITED], [UNLIMITED, UNLIMITED], [UNLIMITED, UNLIMITED], [1024, 1024], [819200, 819200], [0, 0], [0, 0], [UNLIMITED, UNLIMITED],
];
const freshAction = (): SignalAction => ({ handler: SIG_DFL, flags: 0, restorer: 0, mask: 0n });

/** A process id or task id that nobody has. */
function freshId(k: Kitten): number {
  do k.nextId = k.nextId >= 32767 ? 300 : k.nextId + 1; while (k.tasks.has(k.nextId) || k.processes.has(k.nextId));
  return k.nextId;
}

function createTask(k: Kitten, process: Process, tid: number, like?: Task): Task {
  const task: Task = {
    tid, process, name: like?.name ?? "", state: "ready", core: like?.core ?? 0, affinity: like?.affinity ?? (1n << BigInt(k.coreCount)) - 1n, saved: createSaved(), wait: undefined,
    mask: like?.mask ?? 0n, savedMask: undefined, pending: [], altStack: { sp: 0, size: 0, flags: 2 }, call: 0, restart: false, clearTid: 0, robustList: 0, usedNs: 0,
    edf: undefined, policy: like?.edf ? 0 : like?.policy ?? 0, priority: like?.priority ?? 0, deathSignal: 0,
  };
  process.tasks.add(task);
  k.tasks.set(tid, task);
  return task;
}

/** `pid`: of another process than the first. */
export interface Start { pid?: number; job?: Process["job"]; path: string; argv: readonly string[]; environment: readonly string[]; cwd: string; descriptors: readonly OpenFile[] }

/** Makes a process from outside, the first one or another, and loads its program. @returns the process, or a negative errno */
export function startProgram(k: Kitten, { pid = k.firstPid, job, path, argv, environment, cwd, descriptors }: Start): Process | number {
  const aspace = createAspace(k.pmem, (which, start, bytes) => flushTranslations(k, which, start, bytes));
  if (!aspace) return -ERRNO.ENOMEM;
  const root: Dentry = { inode: k.mounts.get("/")!, name: "" }, files = createDescriptors();
  descriptors.forEach((file, fd) => { files.table[fd] = { file, closeOnExec: false }; });
  const process: Process = {
    pid, job, parent: undefined, children: new Set(), tasks: new Set(), aspace, files, root, cwd: root, umask: 0o022, uid: k.uid, gid: k.gid, group: pid, session: pid,
    actions: Array.from({ length: SIGNALS + 1 }, freshAction), pending: [], limits: LIMITS.map(([soft, hard]) => [soft, hard]), executable: "", argv: [], environment: [], exitSignal: SIG.chld,
    status: undefined, stopped: 0, report: undefined, exiting: undefined, vforkDone: undefined, waiters: new Set(), signalled: new Set(), timers: new Map(), startNs: k.clock.nowNs(), usedNs: 0, childrenNs: 0,
  };
  k.processes.set(pid, process);
  const there = lookUp({ mounts: k.mounts, process, follow: true }, root, cwd);
  if (typeof there !== "number") process.cwd = there;
  const task = createTask(k, process, process.pid);
  const done = execute(k, task, path, argv, environment);
  if (done !== KEEP) return done;
  k.awaited.add(pid);
  makeReady(k, task);
  return process;
}

const MOST_SCRIPTS = 4, MOST_SHEBANG = 255;

/** execve: replaces the program of a process. @returns KEEP or a negative errno: the old program goes on */
export function execute(k: Kitten, task: Task, path: string, argv: readonly string[], environment: readonly string[], start: Dentry = task.process.cwd, name = path): number {
  const { process } = task;
  const open = (file: string, from = process.cwd): OpenFile | number => {
    const found = lookUp({ mounts: k.mounts, process, follow: true }, from, file);
    if (typeof found === "number") return found;
    const stat = found.inode.stat();
    if (typeof stat === "number") return stat;
    if ((stat.mode & 0o170000) !== 0o100000 || !(stat.mode & 0o111)) return -ERRNO.EACCES;
    return openInode(found.inode, O.readOnly, pathOf(found), process);
  };
  let file = open(path, start), words = argv;
  for (let depth = 0; ; depth++) {
    if (typeof file === "number") return file;
    const head = new Uint8Array(MOST_SHEBANG), count = file.read(head, 0);
    if (count < 2 || head[0] !== 0x23 || head[1] !== 0x21) break; // #!
    releaseFile(file);
    if (depth >= MOST_SCRIPTS) return -ERRNO.ELOOP;
    const line = new TextDecoder().decode(head.subarray(2, count)).split("\n", 1)[0].trim(), [interpreter, argument] = line.split(/\s+(.*)/s, 2);
    if (!interpreter) return -ERRNO.ENOEXEC;
    words = [interpreter, ...argument ? [argument] : [], path, ...words.slice(1)];
    path = interpreter;
    file = open(path);
  }
  const aspace = createAspace(k.pmem, process.aspace.stale, process.job !== undefined), random = new Uint8Array(16);
  k.fillRandom(random);
  const image = aspace ? loadProgram({
    aspace, file, source: k.pages.source, open, argv: words, environment, name, uid: process.uid, gid: process.gid, stackBytes: Math.min(process.limits[3][0], 64 * 2 ** 20), random,
    vdso: mapVdso(k, aspace),
  }) : -ERRNO.ENOMEM;
  const executable = file.path;
  releaseFile(file);
  if (typeof image === "number") {
    if (aspace) destroyAspace(aspace);
    return image;
  }
  // no way back from here
  for (const other of [...process.tasks]) if (other !== task) exitTask(k, other, 0);
  if (process.executable !== "") leaveAspace(process);
  else destroyAspace(process.aspace); // the first program: there was none
  if (process.files.users > 1) {
    process.files.users--;
    process.files = cloneDescriptors(process.files);
  }
  closeOnExecute(process.files);
  process.aspace = aspace!;
  if (process.job) joinJob(aspace!, process.job.job, process.job.rank);
  process.executable = executable;
  process.argv = [...words];
  process.environment = [...environment];
  process.actions = process.actions.map(({ handler }) => ({ ...freshAction(), handler: handler === SIG_IGN ? SIG_IGN : SIG_DFL }));
  unload(k, task);
  Object.assign(task, { name: name.slice(name.lastIndexOf("/") + 1).slice(0, 15), altStack: { sp: 0, size: 0, flags: 2 }, clearTid: 0, robustList: 0 });
  freshRegisters(task.saved, image.entry, image.stack);
  return KEEP;
}

export const CLONE = {
  vm: 0x100, fs: 0x200, files: 0x400, sighand: 0x800, pidfd: 0x1000, vfork: 0x4000, parent: 0x8000, thread: 0x10000, newns: 0x20000, sysvsem: 0x40000, settls: 0x80000,
  parentSettid: 0x100000, childCleartid: 0x200000, untraced: 0x800000, childSettid: 0x1000000, namespaces: 0x7e02_0000, clearSighand: 0x1_0000_0000,
} as const;
export interface Clone { flags: number; exitSignal: number; stack: number; parentTid: number; childTid: number; tls: number }

/** clone, fork and vfork. @returns the new id, LATER for vfork, or a negative errno */
export function clone(k: Kitten, task: Task, { flags, exitSignal, stack, parentTid, childTid, tls }: Clone): number {
  const { process } = task, thread = (flags & CLONE.thread) !== 0;
  if ((thread && !(flags & CLONE.sighand)) || (flags & CLONE.sighand && !(flags & CLONE.vm)) || flags & CLONE.namespaces) return flags & CLONE.namespaces ? -ERRNO.EPERM : -ERRNO.EINVAL;
  if (exitSignal < 0 || exitSignal > SIGNALS) return -ERRNO.EINVAL;
  if (k.tasks.size >= MOST_TASKS || (task.edf && !(task.edf.flags & EDF_RESET_ON_FORK))) return -ERRNO.EAGAIN;
  const tid = freshId(k);
  let owner = process;
  if (!thread) {
    const aspace = flags & CLONE.vm ? process.aspace : cloneAspace(process.aspace);
    if (!aspace) return -ERRNO.ENOMEM;
    if (flags & CLONE.vm) aspace.users++;
    if (flags & CLONE.files) process.files.users++;
    owner = {
      ...process, pid: tid, job: undefined, parent: flags & CLONE.parent ? process.parent : process, children: new Set(), tasks: new Set(), aspace, files: flags & CLONE.files ? process.files : cloneDescriptors(process.files),
      actions: process.actions.map((action) => ({ ...action })), pending: [], limits: process.limits.map(([soft, hard]) => [soft, hard]), exitSignal, status: undefined, stopped: 0, report: undefined,
      exiting: undefined, vforkDone: undefined, waiters: new Set(), signalled: new Set(), timers: new Map(), startNs: k.clock.nowNs(), usedNs: 0, childrenNs: 0,
    };
    owner.parent?.children.add(owner);
    k.processes.set(tid, owner);
  }
  const made = createTask(k, owner, tid, task), core = k.cores[task.core];
  if (core.loaded === task) storeRegisters(k.node.bytes, core.state.address, made.saved);
  else copyRegisters(task.saved, made.saved);
  const { state } = made.saved;
  state.write("rax", 0n);
  if (stack !== 0) state.write("rsp", BigInt(stack));
  if (flags & CLONE.settls) state.writeSegment("fs", { ...state.readSegment("fs"), base: BigInt(tls) });
  if (!thread && !(flags & CLONE.vm && !(flags & CLONE.vfork))) made.altStack = { ...task.altStack };
  if (flags & CLONE.parentSettid) u32Out(process.aspace, parentTid, tid);
  if (flags & CLONE.childSettid) u32Out(owner.aspace, childTid, tid);
  if (flags & CLONE.childCleartid) made.clearTid = childTid;
  makeReady(k, made);
  if (!(flags & CLONE.vfork) || thread) return tid;
  let done = false;
  owner.vforkDone = () => {
    done = true;
    k.retries.add(task);
  };
  const parentMask = task.mask;
  task.mask = ~0n & ~(1n << 8n); // only SIGKILL gets through
  return block(k, task, { attempt: () => (done ? tid : undefined), cleanup: () => { task.mask = parentMask; } });
}

/** Finds a program as a shell does: a name without a slash in the folders of PATH. @returns its path, or a negative errno */
export function findProgram(k: Kitten, name: string, path: string, cwd: string): string | number {
  if (name.includes("/")) return name;
  const root: Dentry = { inode: k.mounts.get("/")!, name: "" }, process = { root, uid: k.uid, gid: k.gid } as Process;
  for (const folder of path.split(":")) {
    const file = `${folder === "" ? cwd : folder}/${name}`, found = lookUp({ mounts: k.mounts, process, follow: true }, root, file);
    if (typeof found === "number") continue;
    const stat = found.inode.stat();
    if (typeof stat !== "number" && (stat.mode & 0o170000) === 0o100000 && stat.mode & 0o111) return file;
  }
  return -ERRNO.ENOENT;
}
