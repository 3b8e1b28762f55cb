// Runs a Linux program on a Kitten on the calling thread, its standard streams those of this process. The thread blocks until it ends.

import { randomFillSync } from "node:crypto";
import { fstatSync, readSync, writeSync } from "node:fs";
import os from "node:os";
import { Worker } from "node:worker_threads";
import { createRing } from "../backend/ring.ts";
import { errnoName } from "../abi/linux/errno.ts";
import { O, S } from "../abi/linux/files.ts";
import { SI, SIG } from "../abi/linux/signals.ts";
import { NvlError } from "../base/error.ts";
import { createNodeMemory } from "../hal/memory.ts";
import { openHostFolder } from "../host/nodejs/folder.ts";
import { loadEngineModules } from "../host/nodejs/modules.ts";
import { openStream, type HostStream } from "../kitten/file/console.ts";
import { createHostFs } from "../kitten/file/host-fs.ts";
import type { OpenFile } from "../kitten/file/inode.ts";
import { mountOwn } from "../kitten/file/own.ts";
import { createTerminal, type Terminal } from "../kitten/file/terminal.ts";
import { createKitten, type Kitten } from "../kitten/kitten.ts";
import { runKitten, type KittenOutcome, type KittenWaiter } from "../kitten/run.ts";
import { createPmi } from "../kitten/program/pmi.ts";
import { findProgram, startProgram, type Start } from "../kitten/task/create.ts";
import { exitProcess } from "../kitten/task/exit.ts";
import { signalProcess } from "../kitten/task/signal.ts";
import { createEngine } from "./engine.ts";
import { clockWords, sharedClock } from "./guest-clock.ts";
import { hostTerminal, terminalDescriptors, type HostTerminal } from "./host-terminal.ts";
import { INPUT_ENDED, INPUT_WAKE, type InputData } from "./input-thread.ts";
import { startCores } from "./kitten-cores.ts";
import { openRoot } from "./root.ts";
import { VCPU_OVERHEAD_BYTES, type EngineName } from "./protocol.ts";

export interface ExecMount { host: string; guest: string; readOnly: boolean }
export interface ExecOptions {
  argv: readonly string[];
  environment: readonly string[];
  /** In the guest. */
  cwd: string;
  /** Folder or archive that is the guest's `/`. */
  root: string;
  mounts: readonly ExecMount[];
  memoryBytes: number;
  cores: number;
  /** Processes of a parallel program, each with its rank in its environment. */
  ranks?: number;
  engine: EngineName;
  /** Gets a line per system call. */
  trace?(line: string): void;
}
export interface ExecResult { outcome: KittenOutcome; kitten: Kitten; elapsedMs: number }

const EAGAIN = 11, EPIPE = 32, EIO = 5;
const RETRY_MS = 1;
const INPUT_BYTES = 65536;

/** Writes to a descriptor of the host, whether it blocks or not. */
function writeTo(fd: number, bytes: Uint8Array): number {
  for (;;) {
    try {
      return writeSync(fd, bytes);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code !== "EAGAIN") return code === "EPIPE" ? -EPIPE : -EIO;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, RETRY_MS);
    }
  }
}

/** Reads a descriptor by a thread of its own, begun when somebody wants to read. */
function inputThread(control: Int32Array, fd: number) {
  const ring = createRing(INPUT_BYTES);
  let worker: Worker | undefined;
  return {
    ring, running: () => worker !== undefined, ended: () => ring.available() === 0 && Atomics.load(control, INPUT_ENDED) === 1,
    begin: () => { worker ??= new Worker(new URL("input-thread.js", import.meta.url), { workerData: { fd, ring: ring.buffer, control: control.buffer as SharedArrayBuffer } satisfies InputData, stdin: false }); },
    close: () => { void worker?.terminate(); },
  };
}
type InputThread = ReturnType<typeof inputThread>;

/** Standard input where it is no terminal: a file is read as it is, what may block by a thread. */
function standardInput(thread: InputThread): HostStream & { poll(): void } {
  const waiters = new Set<() => void>(), format = fstatSync(0).mode & S.format;
  if (format === S.file || format === S.character) return {
    kind: "file", waiters, write: () => -EIO, readable: () => true, poll: () => {},
    read: (into) => {
      try {
        return readSync(0, into, 0, into.length, null);
      } catch {
        return -EIO;
      }
    },
  };
  const readable = () => {
    thread.begin();
    return thread.ring.available() > 0 || thread.ended();
  };
  return {
    kind: "pipe", waiters, readable, write: (bytes) => writeTo(0, bytes),
    read: (into) => {
      if (!readable()) return -EAGAIN;
      const bytes = thread.ring.read(into.length);
      into.set(bytes);
      return bytes.length;
    },
    poll: () => { if (thread.running() && waiters.size > 0 && readable()) for (const tell of [...waiters]) tell(); },
  };
}
const output = (fd: number): HostStream => ({ kind: "pipe", waiters: new Set(), readable: () => false, read: () => -EIO, write: (bytes) => writeTo(fd, bytes) });

interface Standard { descriptors: OpenFile[]; terminal: Terminal | undefined; poll(): void; close(): void }
/** Descriptors 0 to 2 for the programs. */
function standardStreams(k: Kitten, control: Int32Array): Standard {
  const onTerminal = terminalDescriptors(), thread = inputThread(control, onTerminal[0] ?? 0);
  const input = onTerminal.includes(0) ? undefined : standardInput(thread);
  let terminal: Terminal | undefined, host: HostTerminal | undefined;
  if (onTerminal.length > 0) {
    host = hostTerminal(onTerminal[0], () => { if (!input) thread.begin(); }, writeTo);
    terminal = createTerminal(k, 0, host.screen);
    k.objects.terminals.set(0, terminal);
    host.attach(terminal);
  }
  const first = { pid: k.firstPid, session: k.firstPid };
  const descriptors = [0, 1, 2].map((fd): OpenFile => {
    const opened = terminal && onTerminal.includes(fd) ? terminal.open(O.readWrite, first) : undefined;
    return typeof opened === "object" ? opened : fd === 0 ? openStream(k, input!, O.readOnly, "pipe:[0]") : openStream(k, output(fd), O.writeOnly, `pipe:[${fd}]`);
  });
  return {
    descriptors, terminal,
    poll: () => {
      if (input) return input.poll();
      if (thread.ring.available() > 0) terminal!.discipline.type(thread.ring.read());
      if (thread.running() && thread.ended()) terminal!.hangUp();
    },
    close: () => {
      thread.close();
      host?.close();
    },
  };
}

/** Signals that are passed on; the others end this process, or stop it. */
const PASSED = ["SIGHUP", "SIGINT", "SIGQUIT", "SIGTERM", "SIGUSR1", "SIGUSR2", "SIGALRM", "SIGCONT"] as const;
/** How often this thread's events get a turn while programs run. */
const TURN_MS = 50;

/** Passes signals to this process on to the Kitten's first one. */
function passSignals(k: Kitten): () => void {
  const listeners = PASSED.map((name) => {
    const listener = () => {
      const process = k.processes.get(k.firstPid);
      if (process) signalProcess(k, process, { signal: SIG[name.slice(3).toLowerCase() as keyof typeof SIG], code: SI.user });
    };
    process.on(name, listener);
    return () => process.off(name, listener);
  });
  return () => { for (const stop of listeners) stop(); };
}

/** The descriptor by which ranks talk with their process manager. */
const PMI_FD = 3;
/** Starts a program, once or as ranks of a parallel one. @returns 0 or a negative errno */
function startRanks(k: Kitten, start: Start, ranks: number | undefined): number {
  if (ranks === undefined) {
    const process = startProgram(k, start);
    return typeof process === "number" ? process : 0;
  }
  const pmi = createPmi(k, ranks, (status) => { for (const pid of k.awaited) exitProcess(k, k.processes.get(pid)!, status << 8); });
  const nothing = openStream(k, { kind: "file", waiters: new Set(), readable: () => true, read: () => 0, write: () => -EIO }, O.readOnly, "/dev/null");
  for (let rank = 0; rank < ranks; rank++) {
    const [input, ...outputs] = start.descriptors;
    if (rank > 0) for (const file of [nothing, ...outputs]) file.users++;
    const environment = [...start.environment, ...Object.entries({ PMI_RANK: rank, PMI_SIZE: ranks, PMI_FD, MPI_LOCALNRANKS: ranks, MPI_LOCALRANKID: rank }).map(([name, value]) => `${name}=${value}`)];
    const process = startProgram(k, { ...start, pid: k.firstPid + rank, environment, descriptors: [rank === 0 ? input : nothing, ...outputs, pmi.open(rank)] });
    if (typeof process === "number") return process;
  }
  return 0;
}

/** @throws exec/not-found and others when the program cannot be started */
export async function exec(options: ExecOptions): Promise<ExecResult> {
  const { argv, environment, cwd, engine } = options, startedMs = performance.now(), startEpochMs = Date.now();
  const fillRandom = (into: Uint8Array) => { randomFillSync(into); };
  const count = options.cores, node = createNodeMemory(options.memoryBytes + VCPU_OVERHEAD_BYTES * count + 8 * 2 ** 20);
  const control = new Int32Array(new SharedArrayBuffer(8)), modules = await loadEngineModules(engine), words = clockWords();
  const others = count > 1 ? startCores(node, { count, engine, engineOptions: {}, modules, control: control.buffer as SharedArrayBuffer, clock: words }) : undefined;
  const clock = others ? sharedClock(words) : { nowNs: () => Math.round((performance.now() - startedMs) * 1e6) };
  const root = openRoot(options.root, () => startEpochMs + clock.nowNs() / 1e6, fillRandom);
  const user = os.userInfo();
  const k = createKitten({
    node, engine: await createEngine(engine, modules), memoryBytes: options.memoryBytes, cores: count, ...(others && { shared: others.shared }), clock, startEpochMs,
    fillRandom, uid: Math.max(0, user.uid), gid: Math.max(0, user.gid), hostname: os.hostname(), root, trace: options.trace,
  });
  mountOwn(k);
  for (const { host, guest, readOnly } of options.mounts) k.mounts.set(guest, createHostFs(openHostFolder(host, readOnly)));
  const streams = standardStreams(k, control), stopPassing = passSignals(k);
  const searchPath = environment.find((entry) => entry.startsWith("PATH="))?.slice(5) ?? "/usr/local/bin:/usr/bin:/bin";
  const path = findProgram(k, argv[0], searchPath, cwd);
  const started = typeof path === "number" ? path : startRanks(k, { path, argv, environment, cwd, descriptors: streams.descriptors }, options.ranks);
  if (started < 0) throw new NvlError("exec/start", `${argv[0]} cannot be started: ${errnoName(-started)}`, { context: { argv, errno: -started } });
  let seen = 0, turnAtMs = performance.now() + TURN_MS, outcome: KittenOutcome;
  const turnIsDue = () => performance.now() >= turnAtMs;
  const waiter: KittenWaiter = {
    poll: () => {
      seen = Atomics.load(control, INPUT_WAKE);
      streams.poll();
      return turnIsDue();
    },
    waitUntil: (deadlineNs) => {
      const timeoutMs = Math.min(deadlineNs === undefined ? Infinity : (deadlineNs - k.clock.nowNs()) / 1e6, turnAtMs - performance.now());
      if (timeoutMs > 0) Atomics.wait(control, INPUT_WAKE, seen, timeoutMs);
    },
  };
  // the loop keeps this thread: now and then it lets go, and events (signals, the terminal's size) come in
  for (;;) {
    outcome = runKitten(k, waiter);
    if (outcome.kind !== "stopped") break;
    await new Promise((resolve) => { setImmediate(resolve); });
    turnAtMs = performance.now() + TURN_MS;
  }
  stopPassing();
  streams.close();
  return { outcome, kitten: k, elapsedMs: performance.now() - startedMs };
}
