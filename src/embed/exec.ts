// Runs a Linux program on a Kitten on the calling thread, its standard streams those of this process. The thread blocks until it ends.

import { randomFillSync } from "node:crypto";
import { fstatSync, readSync, writeSync } from "node:fs";
import os from "node:os";
import tty from "node:tty";
import { Worker } from "node:worker_threads";
import { createRing } from "../backend/ring.ts";
import { errnoName } from "../abi/linux/errno.ts";
import { O, S } from "../abi/linux/files.ts";
import { NvlError } from "../base/error.ts";
import { createNodeMemory } from "../hal/memory.ts";
import { openHostFolder } from "../host/nodejs/folder.ts";
import { loadEngineModules } from "../host/nodejs/modules.ts";
import { openStream, type HostStream } from "../kitten/file/console.ts";
import { makeDevice, MEMORY_DEVICES, memoryDevice } from "../kitten/file/devices.ts";
import { createHostFs } from "../kitten/file/host-fs.ts";
import type { OpenFile } from "../kitten/file/inode.ts";
import { createMemoryFs } from "../kitten/file/memory-fs.ts";
import { createProc } from "../kitten/file/proc.ts";
import { createKitten, epochMs, type Kitten } from "../kitten/kitten.ts";
import { runKitten, type KittenOutcome } from "../kitten/run.ts";
import { findProgram, startProgram } from "../kitten/task/create.ts";
import { createEngine } from "./engine.ts";
import { INPUT_ENDED, INPUT_WAKE, type InputData } from "./input-thread.ts";
import { VCPU_OVERHEAD_BYTES, type EngineName } from "./protocol.ts";

export interface ExecMount { host: string; guest: string; readOnly: boolean }
export interface ExecOptions {
  argv: readonly string[];
  environment: readonly string[];
  /** In the guest. */
  cwd: string;
  /** Folder that is the guest's `/`. */
  root: string;
  mounts: readonly ExecMount[];
  memoryBytes: number;
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

/** Standard input: a file is read as it is, what may block by a thread of its own, begun when somebody wants to read. */
function standardInput(control: Int32Array): HostStream & { poll(): void; close(): void } {
  const waiters = new Set<() => void>(), kind = tty.isatty(0) ? "terminal" : (fstatSync(0).mode & S.format) === S.file || (fstatSync(0).mode & S.format) === S.character ? "file" : "pipe";
  if (kind === "file") return {
    kind, waiters, write: () => -EIO, readable: () => true, poll: () => {}, close: () => {},
    read: (into) => {
      try {
        return readSync(0, into, 0, into.length, null);
      } catch {
        return -EIO;
      }
    },
  };
  const ring = createRing(INPUT_BYTES);
  let worker: Worker | undefined;
  const begin = () => { worker ??= new Worker(new URL("input-thread.js", import.meta.url), { workerData: { ring: ring.buffer, control: control.buffer as SharedArrayBuffer } satisfies InputData, stdin: false }); };
  const readable = () => {
    begin();
    return ring.available() > 0 || Atomics.load(control, INPUT_ENDED) === 1;
  };
  return {
    kind, waiters, readable, write: (bytes) => writeTo(0, bytes),
    read: (into) => {
      if (!readable()) return -EAGAIN;
      const bytes = ring.read(into.length);
      into.set(bytes);
      return bytes.length;
    },
    poll: () => { if (worker && waiters.size > 0 && readable()) for (const tell of [...waiters]) tell(); },
    close: () => { void worker?.terminate(); },
    size: () => ({ columns: process.stdout.columns ?? 80, rows: process.stdout.rows ?? 24 }),
    setRaw: (raw) => { process.stdin.setRawMode?.(raw); },
  };
}
const output = (fd: number): HostStream => ({
  kind: tty.isatty(fd) ? "terminal" : "pipe", waiters: new Set(), readable: () => false, read: () => -EIO, write: (bytes) => writeTo(fd, bytes),
  size: () => ({ columns: process.stdout.columns ?? 80, rows: process.stdout.rows ?? 24 }),
});

/** /proc, /sys, and /dev as far as it has no hardware. */
function mountOwn(k: Kitten): void {
  const fill = k.fillRandom;
  const dev = createMemoryFs({ dev: 6, nowMs: () => epochMs(k), mostBytes: 2 ** 20, special: (_mode, rdev, stat) => memoryDevice(rdev, stat, fill) });
  const owner = { uid: 0, gid: 0 };
  for (const [name, major, minor] of MEMORY_DEVICES) dev.make!(name, { ...owner, mode: S.character | 0o666, rdev: makeDevice(major, minor) });
  for (const [name, target] of [["fd", "/proc/self/fd"], ["stdin", "/proc/self/fd/0"], ["stdout", "/proc/self/fd/1"], ["stderr", "/proc/self/fd/2"]]) dev.make!(name, { ...owner, mode: S.symlink | 0o777, target });
  dev.make!("shm", { ...owner, mode: S.directory | 0o1777 });
  const { proc, sys } = createProc(k);
  k.mounts.set("/proc", proc);
  k.mounts.set("/sys", sys);
  k.mounts.set("/dev", dev);
  k.mounts.set("/dev/shm", createMemoryFs({ dev: 7, nowMs: () => epochMs(k), mostBytes: 2 ** 30 }, 0o1777));
}

/** @throws exec/not-found and others when the program cannot be started */
export async function exec(options: ExecOptions): Promise<ExecResult> {
  const { argv, environment, cwd, engine } = options, startedMs = performance.now(), startEpochMs = Date.now();
  const node = createNodeMemory(options.memoryBytes + VCPU_OVERHEAD_BYTES + 8 * 2 ** 20);
  const control = new Int32Array(new SharedArrayBuffer(8));
  const user = os.userInfo();
  const k = createKitten({
    node, engine: await createEngine(engine, await loadEngineModules(engine)), memoryBytes: options.memoryBytes, cores: 1, clock: { nowNs: () => Math.round((performance.now() - startedMs) * 1e6) }, startEpochMs,
    fillRandom: (into) => { randomFillSync(into); }, uid: Math.max(0, user.uid), gid: Math.max(0, user.gid), hostname: os.hostname(), root: createHostFs(openHostFolder(options.root)), trace: options.trace,
  });
  mountOwn(k);
  for (const { host, guest, readOnly } of options.mounts) k.mounts.set(guest, createHostFs(openHostFolder(host, readOnly)));
  const input = standardInput(control), owner = { uid: k.uid, gid: k.gid };
  const descriptors: OpenFile[] = [[input, O.readOnly, 0], [output(1), O.writeOnly, 1], [output(2), O.writeOnly, 2]].map(([stream, mode, fd]) =>
    openStream(stream as HostStream, (stream as HostStream).kind === "terminal" ? O.readWrite : mode as number, (stream as HostStream).kind === "terminal" ? "/dev/pts/0" : `pipe:[${fd}]`, startEpochMs, owner));
  const searchPath = environment.find((entry) => entry.startsWith("PATH="))?.slice(5) ?? "/usr/local/bin:/usr/bin:/bin";
  const path = findProgram(k, argv[0], searchPath, cwd);
  const started = typeof path === "number" ? path : startProgram(k, { path, argv, environment, cwd, descriptors });
  if (typeof started === "number") throw new NvlError("exec/start", `${argv[0]} cannot be started: ${errnoName(-started)}`, { context: { argv, errno: -started } });
  let seen = 0;
  const outcome = runKitten(k, {
    poll: () => {
      seen = Atomics.load(control, INPUT_WAKE);
      input.poll();
      return false;
    },
    waitUntil: (deadlineNs) => {
      const timeoutMs = deadlineNs === undefined ? Infinity : (deadlineNs - k.clock.nowNs()) / 1e6;
      if (timeoutMs > 0) Atomics.wait(control, INPUT_WAKE, seen, timeoutMs);
    },
  });
  input.close();
  return { outcome, kitten: k, elapsedMs: performance.now() - startedMs };
}
