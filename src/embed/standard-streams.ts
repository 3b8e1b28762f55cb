// Standard input and output of this process for the programs of a Kitten: files and pipes as streams, a terminal as one of the Kitten's own.

import { fstatSync, readSync, writeSync } from "node:fs";
import type { Worker } from "node:worker_threads";
import { ERRNO } from "../abi/linux/errno.ts";
import { O, S } from "../abi/linux/files.ts";
import { createRing } from "../backend/ring.ts";
import { openStream, type HostStream } from "../kitten/file/console.ts";
import type { OpenFile } from "../kitten/file/inode.ts";
import { createTerminal, type Terminal } from "../kitten/file/terminal.ts";
import type { Kitten } from "../kitten/kitten.ts";
import type { HostTerminal } from "./host-terminal.ts";
import { INPUT_ENDED, type InputData } from "./input-words.ts";

const { EAGAIN, EPIPE, EIO } = ERRNO;
const RETRY_MS = 1;
const INPUT_BYTES = 65536;
/** Of /dev/null and its kin. */
const MEMORY_MAJOR = 1;

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

/** Whether a read answers at once: a file, or a device that is no terminal. */
function isImmediate(fd: number): boolean {
  const format = fstatSync(fd).mode & S.format;
  return format === S.file || format === S.character;
}

/** Reads a descriptor by a thread of its own, begun when somebody wants to read. */
function inputThread(control: Int32Array, fd: number, Thread: typeof Worker | undefined) {
  const ring = createRing(INPUT_BYTES);
  let worker: Worker | undefined;
  return {
    ring, running: () => worker !== undefined, ended: () => ring.available() === 0 && Atomics.load(control, INPUT_ENDED) === 1,
    begin: () => { worker ??= Thread && new Thread(new URL("input-thread.js", import.meta.url), { workerData: { fd, ring: ring.buffer, control: control.buffer as SharedArrayBuffer } satisfies InputData, stdin: false }); },
    close: () => { void worker?.terminate(); },
  };
}
type InputThread = ReturnType<typeof inputThread>;

/** Standard input where it is no terminal: a file is read as it is, what may block by a thread. */
function standardInput(thread: InputThread): HostStream & { poll(): void } {
  const waiters = new Set<() => void>();
  if (isImmediate(0)) return {
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

/** The descriptors of standard streams that are one terminal, stdin's if it is one. */
async function terminalDescriptors(): Promise<number[]> {
  // what asks is large, and files and pipes are no terminals for sure
  const devices = [0, 1, 2].filter((fd) => (fstatSync(fd).mode & S.format) === S.character && fstatSync(fd).rdev >> 8 !== MEMORY_MAJOR);
  if (devices.length === 0) return [];
  const { isatty } = await import("node:tty"), terminals = devices.filter((fd) => isatty(fd));
  return terminals.filter((fd) => fstatSync(fd).rdev === fstatSync(terminals[0]).rdev);
}

export interface Standard { descriptors: OpenFile[]; terminal: Terminal | undefined; poll(): void; close(): void }
/** Descriptors 0 to 2 for the programs. */
export async function standardStreams(k: Kitten, control: Int32Array): Promise<Standard> {
  const onTerminal = await terminalDescriptors(), blocks = onTerminal.length > 0 || !isImmediate(0);
  const thread = inputThread(control, onTerminal[0] ?? 0, blocks ? (await import("node:worker_threads")).Worker : undefined);
  const input = onTerminal.includes(0) ? undefined : standardInput(thread);
  let terminal: Terminal | undefined, host: HostTerminal | undefined;
  if (onTerminal.length > 0) {
    const { hostTerminal } = await import("./host-terminal.ts");
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
