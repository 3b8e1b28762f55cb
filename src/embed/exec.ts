// Runs a Linux program on a Kitten on the calling thread, its standard streams those of this process. The thread blocks until it ends.

import { openSync, readSync } from "node:fs";
import os from "node:os";
import { ERRNO, errnoName } from "../abi/linux/errno.ts";
import { O } from "../abi/linux/files.ts";
import { NvlError } from "../base/error.ts";
import { openSegments } from "../backend/segments.ts";
import { createNodeMemory } from "../hal/memory.ts";
import { openHostFolder } from "../host/nodejs/folder.ts";
import { loadEngineModules } from "../host/nodejs/modules.ts";
import { openStream } from "../kitten/file/console.ts";
import { createHostFs } from "../kitten/file/host-fs.ts";
import { mountOwn } from "../kitten/file/own.ts";
import { createKitten, type Kitten } from "../kitten/kitten.ts";
import { runKitten, type KittenOutcome, type KittenWaiter } from "../kitten/run.ts";
import type { Job } from "../kitten/memory/aspace.ts";
import { createPmi } from "../kitten/program/pmi.ts";
import { findProgram, startProgram, type Start } from "../kitten/task/create.ts";
import { exitProcess } from "../kitten/task/exit.ts";
import { compileOnDemand, startCompiler } from "./compiler.ts";
import { createEngine, jitSetup } from "./engine.ts";
import { clockWords, sharedClock } from "./guest-clock.ts";
import { INPUT_WAKE } from "./input-words.ts";
import { passSignals } from "./pass-signals.ts";
import { openRoot } from "./root.ts";
import { standardStreams } from "./standard-streams.ts";
import { VCPU_OVERHEAD_BYTES, type EngineName, type EngineOptions } from "./protocol.ts";

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
  engineOptions?: EngineOptions;
  /** Gets a line per system call. */
  trace?(line: string): void;
}
export interface ExecResult { outcome: KittenOutcome; kitten: Kitten; elapsedMs: number }

/** Room for segments that processes share by name. */
const SEGMENTS_BYTES = 32 * 2 ** 20;
/** How often this thread's events get a turn while programs run. */
const TURN_MS = 50;

/** The descriptor by which ranks talk with their process manager. */
const PMI_FD = 3;
/** Starts a program, once or as ranks of a parallel one. @returns 0 or a negative errno */
export function startRanks(k: Kitten, start: Start, ranks: number | undefined): number {
  if (ranks === undefined) {
    const process = startProgram(k, start);
    return typeof process === "number" ? process : 0;
  }
  const pmi = createPmi(k, ranks, (status) => { for (const pid of k.awaited) exitProcess(k, k.processes.get(pid)!, status << 8); });
  const nothing = openStream(k, { kind: "file", waiters: new Set(), readable: () => true, read: () => 0, write: () => -ERRNO.EIO }, O.readOnly, "/dev/null");
  const job: Job = { spaces: [] };
  for (let rank = 0; rank < ranks; rank++) {
    const [input, ...outputs] = start.descriptors;
    if (rank > 0) for (const file of [nothing, ...outputs]) file.users++;
    const environment = [...start.environment, ...Object.entries({ PMI_RANK: rank, PMI_SIZE: ranks, PMI_FD, MPI_LOCALNRANKS: ranks, MPI_LOCALRANKID: rank }).map(([name, value]) => `${name}=${value}`)];
    const process = startProgram(k, { ...start, pid: k.firstPid + rank, job: { job, rank }, environment, descriptors: [rank === 0 ? input : nothing, ...outputs, pmi.open(rank)] });
    if (typeof process === "number") return process;
  }
  return 0;
}

/** The kernel's, where it has a file of it: node:crypto takes long to load. */
async function randomSource(): Promise<(into: Uint8Array) => void> {
  try {
    const fd = openSync("/dev/urandom", "r");
    return (into) => { for (let done = 0; done < into.length;) done += readSync(fd, into, done, into.length - done, null); };
  } catch {
    const { randomFillSync } = await import("node:crypto");
    return (into) => { randomFillSync(into); };
  }
}

/** @throws exec/not-found and others when the program cannot be started */
export async function exec(options: ExecOptions): Promise<ExecResult> {
  const { argv, environment, cwd, engine, engineOptions = {} } = options, startedMs = performance.now(), startEpochMs = Date.now();
  const fillRandom = await randomSource();
  const count = options.cores, node = createNodeMemory(options.memoryBytes + VCPU_OVERHEAD_BYTES * count + SEGMENTS_BYTES + 8 * 2 ** 20);
  const control = new Int32Array(new SharedArrayBuffer(8)), modules = await loadEngineModules(engine), words = clockWords();
  const crowded = count > os.availableParallelism(), wakeWords = control.buffer as SharedArrayBuffer, meeting = count > 1 ? await import("./kitten-cores.ts") : undefined;
  // for one core, which perhaps runs a program that is soon over, there is no such thread until there is something to compile
  const compiling = engine !== "jit" ? undefined : count > 1 ? { ports: startCompiler(node.wasm, count) } : { onDemand: compileOnDemand(node.wasm) };
  let failure: NvlError | undefined;
  const others = meeting?.startCores(node, { count, crowded, engine, engineOptions, modules, control: wakeWords, clock: words }, compiling?.ports?.slice(1) ?? [], (error) => { failure = error; });
  const clock = others ? sharedClock(words) : { nowNs: () => Math.round((performance.now() - startedMs) * 1e6) };
  const root = await openRoot(options.root, () => startEpochMs + clock.nowNs() / 1e6, fillRandom);
  const user = os.userInfo();
  const k = createKitten({
    node, engine: await createEngine(engine, modules, { nowMs: () => performance.now(), ...jitSetup(engineOptions, compiling?.ports?.[0]), ...(compiling?.onDemand && { elsewhere: compiling.onDemand.elsewhere }) }),
    memoryBytes: options.memoryBytes, cores: count, ...(meeting && others && { shared: meeting.meet(others.words, count, node.wasm, wakeWords, crowded) }), clock, startEpochMs,
    fillRandom, uid: Math.max(0, user.uid), gid: Math.max(0, user.gid), hostname: os.hostname(), root, trace: options.trace,
  });
  const shared = node.allocate(SEGMENTS_BYTES, 4096, "shared segments");
  k.segments = openSegments(node.wasm.buffer, { start: shared, end: shared + SEGMENTS_BYTES }, 0);
  mountOwn(k);
  for (const { host, guest, readOnly } of options.mounts) k.mounts.set(guest, createHostFs(openHostFolder(host, readOnly)));
  const streams = await standardStreams(k, control), stopPassing = passSignals(k);
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
    if (failure) throw failure;
    turnAtMs = performance.now() + TURN_MS;
  }
  for (const port of compiling?.ports ?? []) port.close();
  compiling?.onDemand?.close();
  stopPassing();
  streams.close();
  return { outcome, kitten: k, elapsedMs: performance.now() - startedMs };
}
