// The control thread of a Kitten in a node: its first core, its tasks and files. It blocks, and is reached through the control words only.

import { randomFillSync } from "node:crypto";
import os from "node:os";
import { parentPort } from "node:worker_threads";
import { errnoName } from "../abi/linux/errno.ts";
import { O } from "../abi/linux/files.ts";
import { openSegments } from "../backend/segments.ts";
import { openRing } from "../backend/ring.ts";
import { NvlError } from "../base/error.ts";
import { adoptNodeMemory } from "../hal/memory.ts";
import { openHostFolder } from "../host/nodejs/folder.ts";
import { CALLS } from "../kitten/call/table.ts";
import { openStream, type HostStream } from "../kitten/file/console.ts";
import { createHostFs } from "../kitten/file/host-fs.ts";
import { wake } from "../kitten/file/inode.ts";
import { mountOwn } from "../kitten/file/own.ts";
import { createKitten, type Kitten } from "../kitten/kitten.ts";
import { FRAME } from "../kitten/memory/pmem.ts";
import { runKitten } from "../kitten/run.ts";
import { findProgram } from "../kitten/task/create.ts";
import { beginWork, endCores, haltAll } from "../kitten/task/together.ts";
import type { FieldName } from "../hal/layout.ts";
import { createEngine, jitSetup } from "./engine.ts";
import { startRanks } from "./exec.ts";
import { sharedClock } from "./guest-clock.ts";
import { meet } from "./kitten-cores.ts";
import { CONTROL, type FromThread, type KittenStartMessage, type LiveStatistics } from "./protocol.ts";
import { openRoot } from "./root.ts";

const port = parentPort!;
const post = (message: FromThread) => port.postMessage(message);
const EAGAIN = 11, EIO = 5;
const PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

port.once("message", async (start: KittenStartMessage) => {
  try {
    await run(start);
  } catch (error) {
    const failure = error instanceof NvlError ? error : new NvlError("embed/thread", error instanceof Error ? error.stack ?? error.message : String(error));
    post({ kind: "failed", code: failure.code, message: failure.message });
  }
  start.compiler?.close();
  port.close();
});

async function run({ name, engine, engineOptions, statisticsMs, modules, compiler, wasm, range, memoryBytes, cores, startEpochMs, input: inputBuffer, control: controlBuffer, kitten, segments }: KittenStartMessage): Promise<void> {
  const control = new Int32Array(controlBuffer), clock = sharedClock(cores.clock), input = openRing(inputBuffer), fillRandom = (into: Uint8Array) => { randomFillSync(into); };
  const startedMs = performance.now(), user = os.userInfo();
  const k = createKitten({
    node: adoptNodeMemory(wasm, range.start, range.end), engine: await createEngine(engine, modules, { nowMs: () => performance.now(), ...jitSetup(engineOptions, compiler) }),
    memoryBytes, cores: cores.count, shared: meet(cores.words, cores.count, wasm, controlBuffer, cores.crowded), clock, startEpochMs, fillRandom, uid: Math.max(0, user.uid), gid: Math.max(0, user.gid), hostname: name,
    root: await openRoot(kitten.root, () => startEpochMs + clock.nowNs() / 1e6, fillRandom),
  });
  if (segments) k.segments = openSegments(wasm.buffer, segments.range, segments.user);
  mountOwn(k);
  for (const { host, guest, readOnly } of kitten.mounts) k.mounts.set(guest, createHostFs(openHostFolder(host, readOnly)));
  const stream: HostStream = {
    kind: "pipe", waiters: new Set(), readable: () => input.available() > 0,
    read: (into) => {
      if (input.available() === 0) return -EAGAIN;
      const bytes = input.read(into.length);
      into.set(bytes);
      return bytes.length;
    },
    write: (bytes) => {
      post({ kind: "output", bytes: bytes.slice() });
      return bytes.length;
    },
  };
  const descriptors = [openStream(k, stream, O.readOnly, "pipe:[0]"), ...[1, 2].map((fd) => openStream(k, { ...stream, readable: () => false, read: () => -EIO }, O.writeOnly, `pipe:[${fd}]`))];
  const environment = Object.entries({ PATH, HOME: "/", TERM: "dumb", ...kitten.environment }), path = findProgram(k, kitten.run[0], kitten.environment.PATH ?? PATH, kitten.cwd);
  const started = typeof path === "number" ? path : startRanks(k, { path, argv: kitten.run, environment: environment.map(([variable, value]) => `${variable}=${value}`), cwd: kitten.cwd, descriptors }, kitten.ranks);
  if (started < 0) throw new NvlError("exec/start", `${kitten.run[0]} cannot be started: ${errnoName(-started)}`, { context: { run: kitten.run } });
  post({ kind: "booting", protocol: `Kitten, ${cores.count} core${cores.count > 1 ? "s" : ""}` });

  let seen = 0, sleptMs = 0, reportMs = statisticsMs ?? Infinity;
  const counted = () => statisticsOf(k, performance.now() - startedMs, sleptMs + clock.frozenMs());
  const pause = () => {
    haltAll(k);
    clock.freeze(true);
    post({ kind: "paused" });
    for (let word = Atomics.load(control, CONTROL.pause); word & 1 && !Atomics.load(control, CONTROL.stop); word = Atomics.load(control, CONTROL.pause)) Atomics.wait(control, CONTROL.pause, word);
    clock.freeze(false);
    post({ kind: "resumed" });
  };
  const outcome = runKitten(k, {
    poll: () => {
      seen = Atomics.load(control, CONTROL.wake);
      if (input.available() > 0) wake(stream.waiters);
      if (performance.now() - startedMs >= reportMs) {
        reportMs += statisticsMs!;
        post({ kind: "statistics", statistics: counted() });
      }
      if (Atomics.load(control, CONTROL.pause) & 1) pause();
      return Atomics.load(control, CONTROL.stop) !== 0;
    },
    waitUntil: (deadlineNs) => {
      const before = performance.now(), timeoutMs = Math.min(deadlineNs === undefined ? Infinity : (deadlineNs - clock.nowNs()) / 1e6, reportMs + startedMs - before);
      if (timeoutMs > 0 && !Atomics.load(control, CONTROL.stop)) Atomics.wait(control, CONTROL.wake, seen, timeoutMs);
      sleptMs += performance.now() - before;
    },
  });
  if (outcome.kind === "stopped") {
    beginWork(k);
    endCores(k);
  }
  post({ kind: "ended", outcome, statistics: { ...counted(), touchedBytes: (k.pmem.frames - k.pmem.free()) * FRAME } });
}

/** What a Kitten has in place of exits are its system calls, but those which cores answered themselves. */
function statisticsOf(k: Kitten, elapsedMs: number, sleptMs: number): LiveStatistics {
  const sum = (field: FieldName) => k.cores.reduce((total, { state }) => total + Number(state.readField(field)), 0);
  return {
    instructions: sum("retired"), elapsedMs, runningMs: elapsedMs - sleptMs, exits: Object.fromEntries(CALLS.filter(({ number }) => k.calls[number] > 0).map((call) => [call.name, k.calls[call.number]])),
    interrupts: 0, pageFaults: sum("pageFaults"), tlbMisses: sum("tlbMisses"), blocksDecoded: sum("blocksDecoded"), codeInvalidations: sum("codeInvalidations"), resets: 0,
  };
}
