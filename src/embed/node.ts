// Starts the virtual nodes of a plan, each on a thread of its own, in one shared memory.

import { accessSync, constants } from "node:fs";
import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import { openSegments, SEGMENT_USERS } from "../backend/segments.ts";
import { createRing, openRing } from "../backend/ring.ts";
import { cpioArchive, parentDirectories } from "../base/cpio.ts";
import { NvlError, type Issue } from "../base/error.ts";
import { adoptNodeMemory, createNodeMemory } from "../hal/memory.ts";
import { jitCounterBytes } from "../engine/jit/counters.ts";
import { loadEngineModules } from "../host/nodejs/modules.ts";
import { coresBytes } from "../palacios/cores.ts";
import { clockWords } from "./guest-clock.ts";
import type { KittenOutcome } from "../kitten/run.ts";
import { coresOf, memoryOf, type Plan, type PlannedBoot, type PlannedNode } from "../nvl/plan.ts";
import type { Outcome } from "../palacios/vm.ts";
import { startCores } from "./kitten-cores.ts";
import { listenForGdb, type GdbServer } from "./gdb-server.ts";
import { startCompiler } from "./compiler.ts";
import { CONTROL, DEFAULT_ENGINE, VCPU_OVERHEAD_BYTES, type BootFiles, type CoreStartMessage, type EngineName, type EngineOptions, type FromThread, type InputRecord, type KittenStartMessage, type LiveStatistics, type StartMessage, type Statistics } from "./protocol.ts";

/** Room for segments that Kittens share, and the most that a node may be. */
const SEGMENTS_BYTES = 64 * 2 ** 20, MOST_BYTES = 4 * 2 ** 30 - 32 * 2 ** 20, FRAME = 4096;
const INPUT_RING_BYTES = 16 * 1024, DEBUG_RING_BYTES = 64 * 1024;

export interface NodeEvents {
  /** The kernel's files were accepted and it starts. */
  booting?(name: string, protocol: string): void;
  output?(name: string, bytes: Uint8Array): void;
  /** A debugger can be connected there. */
  debugging?(name: string, address: string): void;
  /** Counters, every `statisticsMs`. */
  statistics?(name: string, statistics: LiveStatistics): void;
}

export interface NodeOptions extends EngineOptions {
  /** How often `events.statistics` is called, in milliseconds of the host; never without it. */
  statisticsMs?: number;
  /** Recorded input of virtual nodes in virtual time, by name. */
  input?: Readonly<Record<string, readonly InputRecord[]>>;
}

export interface Ending {
  outcome: Outcome | KittenOutcome;
  statistics: Statistics;
  /** In virtual time: what was typed, and when. Handed to `startNode` it makes the same run again. */
  input?: readonly InputRecord[];
}

/** What the clock of a PC says at power-on in virtual time: 1 January 2026. */
const VIRTUAL_EPOCH_MS = Date.UTC(2026, 0, 1);

export interface VirtualNode {
  readonly name: string;
  /** Console input. @returns how many bytes were taken; the rest does not fit yet */
  write(bytes: Uint8Array): number;
  /** All vCPUs stand still, and time with them, when the promise settles. */
  pause(): Promise<void>;
  resume(): Promise<void>;
  /** Ends the guest without asking it. */
  stop(): void;
  /** Settles when the guest has ended and its thread is gone. Rejects with NvlError when the host failed, or the kernel was refused (`issues` in its context). */
  readonly ended: Promise<Ending>;
}

/** Starts all virtual nodes of a plan. Nothing is started when memory or files fail. */
export async function startNode(plan: Plan, engine: EngineName = DEFAULT_ENGINE, events: NodeEvents = {}, { statisticsMs, input = {}, ...engineOptions }: NodeOptions = {}): Promise<VirtualNode[]> {
  for (const { name, boot } of plan.virtualNodes) for (const file of boot ? [boot.kernel, ...boot.initrds] : []) requireReadable(file, name);
  const align = 2 * 2 ** 20;
  const needs = plan.virtualNodes.map((planned) => Math.ceil((memoryOf(planned) + VCPU_OVERHEAD_BYTES * coresOf(planned).length) / align) * align + align);
  // behind them all, so that a segment lies above every Kitten's own memory
  const kittens = plan.virtualNodes.filter(({ kitten }) => kitten), own = needs.reduce((sum, bytes) => sum + bytes, align), sharedBytes = kittens.length > 0 && own + SEGMENTS_BYTES < MOST_BYTES ? SEGMENTS_BYTES : 0;
  const memory = createNodeMemory(own + sharedBytes), end = memory.wasm.buffer.byteLength;
  const segments = sharedBytes > 0 ? { start: Math.floor((end - sharedBytes) / FRAME) * FRAME, end } : undefined;
  const modules = await loadEngineModules(engine);
  const crowded = plan.virtualNodes.reduce((sum, planned) => sum + coresOf(planned).length, 0) > availableParallelism();
  return Promise.all(plan.virtualNodes.map(async (planned, index) => {
    const start = memory.allocate(needs[index], align, planned.name);
    const vcpuCount = coresOf(planned).length;
    if (planned.kitten) {
      const firstEnd = start + needs[index] - VCPU_OVERHEAD_BYTES * (vcpuCount - 1), control = new SharedArrayBuffer(CONTROL.words * 4), clock = clockWords();
      const compilers = engine === "jit" ? startCompiler(memory.wasm, vcpuCount) : [];
      let stop = (_: NvlError) => {};
      const { words, workers } = startCores(adoptNodeMemory(memory.wasm, firstEnd, start + needs[index]), { count: vcpuCount, crowded, engine, engineOptions, modules, control, clock }, compilers.slice(1), (error) => stop(error));
      const message: KittenStartMessage = {
        name: planned.name, engine, engineOptions, statisticsMs, modules, compiler: compilers[0], wasm: memory.wasm, range: { start, end: firstEnd }, memoryBytes: memoryOf(planned), cores: { count: vcpuCount, words, crowded, clock },
        startEpochMs: Date.now(), input: createRing(INPUT_RING_BYTES).buffer, control, kitten: planned.kitten,
        ...(segments && kittens.indexOf(planned) < SEGMENT_USERS && { segments: { range: segments, user: kittens.indexOf(planned) } }),
      };
      const { worker, virtualNode, fail } = openThread(planned.name, "./kitten-thread.js", message, events, workers);
      stop = fail;
      if (message.segments) worker.on("exit", () => openSegments(memory.wasm.buffer, message.segments!.range, message.segments!.user).leave());
      worker.postMessage(message, compilers.slice(0, 1));
      return virtualNode;
    }
    // a debugger, a trace and virtual time need one thread, and the oracle knows no other
    const threads = engine === "oracle" || planned.virtualTime || planned.debug || engineOptions.trace ? 1 : vcpuCount;
    const cores = threads > 1 ? { words: new SharedArrayBuffer(coresBytes(vcpuCount)), crowded: vcpuCount > availableParallelism(), clock: clockWords(), counters: new SharedArrayBuffer(jitCounterBytes(vcpuCount)) } : undefined;
    return startThread(planned, {
      ...(cores && { cores }),
      name: planned.name, engine, engineOptions, statisticsMs, modules, wasm: memory.wasm, range: { start, end: start + needs[index] - VCPU_OVERHEAD_BYTES * (threads - 1) }, memoryBytes: memoryOf(planned),
      zones: planned.zones.map(({ cores, ...zone }) => ({ ...zone, cores: cores.length })),
      vcpuCount, startEpochMs: planned.virtualTime ? VIRTUAL_EPOCH_MS : Date.now(),
      ...(planned.virtualTime && { virtualTime: { ...planned.virtualTime, input: input[planned.name] ?? [] } }), input: createRing(INPUT_RING_BYTES).buffer,
      control: new SharedArrayBuffer(CONTROL.words * 4), boot: bootFiles(planned.boot),
    }, events);
  }));
}

function requireReadable(file: string, name: string): void {
  try {
    accessSync(file, constants.R_OK);
  } catch (cause) {
    throw new NvlError("embed/file", `${file} of ${name} cannot be read`, { context: { file }, cause });
  }
}

function bootFiles(boot: PlannedBoot): BootFiles {
  const files = Object.entries(boot.files);
  const archive = files.length === 0 ? new Uint8Array() : cpioArchive([
    ...parentDirectories(files.map(([path]) => path)),
    ...files.map(([path, text]) => ({ path, kind: "file" as const, mode: 0o755, content: new TextEncoder().encode(text) })),
  ]);
  const { kernel, initrds, commandLine, flat } = boot;
  return { kernel, initrds, archive, commandLine, ...(flat && { flat: { gpa: flat.address, mode: flat.mode } }) };
}

/** The thread of a virtual node, and what its owner holds of it. @param others threads that end with it */
function openThread(name: string, file: string, shared: Pick<StartMessage, "control" | "input">, events: NodeEvents, others: Worker[], server?: GdbServer): { worker: Worker; virtualNode: VirtualNode; fail(error: NvlError): void } {
  const control = new Int32Array(shared.control), input = openRing(shared.input), wake = waker(control);
  // the loop allocates next to nothing: a large young generation would only be memory that nobody uses (16 MB less, measured)
  const worker = new Worker(new URL(file, import.meta.url), { resourceLimits: { maxYoungGenerationSizeMb: 4 } });
  let fail = (_: NvlError) => {}, told = (_: "paused" | "resumed") => {};
  const ended = new Promise<Ending>((resolve, reject) => {
    let ending: Ending | NvlError | undefined;
    fail = (error) => {
      ending = error;
      void worker.terminate();
    };
    worker.on("message", (from: FromThread) => {
      switch (from.kind) {
        case "booting":
          if (server) events.debugging?.(name, server.address); // only now is anybody there to answer: GDB waits two seconds
          return events.booting?.(name, from.protocol);
        case "statistics": return events.statistics?.(name, from.statistics);
        case "output": return events.output?.(name, from.bytes);
        case "debugger": return server?.send(from.bytes);
        case "paused": case "resumed": return told(from.kind);
        case "ended": ending = { outcome: from.outcome, statistics: from.statistics, ...(from.input && { input: from.input }) }; return;
        case "refused": ending = refused(name, from.issues); return;
        case "failed": ending = new NvlError(from.code, from.message, { context: { virtualNode: name } }); return;
      }
    });
    worker.on("error", (cause) => { ending = new NvlError("embed/thread", `the thread of ${name} failed`, { cause }); });
    worker.on("exit", async () => {
      server?.close();
      await Promise.all(others.map((other) => other.terminate()));
      if (ending && !(ending instanceof NvlError)) resolve(ending);
      else reject(ending ?? new NvlError("embed/thread", `the thread of ${name} ended without a result`));
    });
  });
  /** Asks for the other state, and waits until it has come, or the virtual node has ended. */
  const turn = async (wanted: "paused" | "resumed"): Promise<void> => {
    if ((Atomics.load(control, CONTROL.pause) & 1) === (wanted === "paused" ? 1 : 0)) return;
    const reached = new Promise<void>((resolve) => { told = (kind) => { if (kind === wanted) resolve(); }; });
    Atomics.add(control, CONTROL.pause, 1);
    Atomics.notify(control, CONTROL.pause);
    wake();
    await Promise.race([reached, ended.then(() => {}, () => {})]);
  };
  return { worker, fail, virtualNode: {
    name, ended,
    write: (bytes) => {
      const taken = input.write(bytes);
      wake();
      return taken;
    },
    stop: () => {
      Atomics.store(control, CONTROL.stop, 1);
      Atomics.notify(control, CONTROL.pause);
      wake();
    },
    pause: () => turn("paused"), resume: () => turn("resumed"),
  } };
}
const waker = (control: Int32Array) => () => {
  Atomics.add(control, CONTROL.wake, 1);
  Atomics.notify(control, CONTROL.wake);
};

async function startThread(planned: PlannedNode, message: StartMessage, events: NodeEvents): Promise<VirtualNode> {
  let server: GdbServer | undefined;
  if (planned.debug) {
    const ring = createRing(DEBUG_RING_BYTES), control = new Int32Array(message.control);
    message.debug = { input: ring.buffer, wait: planned.debug.wait };
    server = await listenForGdb(planned.debug.gdb, ring, control, waker(control));
  }
  const coreThreads: Worker[] = [], { worker, virtualNode, fail } = openThread(planned.name, "./thread.js", message, events, coreThreads, server);
  // in virtual time not even the moment at which code is compiled may depend on the host
  const compilers = message.engine === "jit" && !message.virtualTime ? startCompiler(message.wasm, message.cores ? message.vcpuCount : 1) : [];
  const withCompiler = (index: number) => (compilers[index] ? { start: { ...message, compiler: compilers[index] }, transfer: [compilers[index]] } : { start: message, transfer: [] });
  const first = withCompiler(0);
  worker.postMessage(first.start, first.transfer);
  const { cores } = message;
  if (cores) for (let index = 1; index < message.vcpuCount; index++) {
    const core = new Worker(new URL("./core-thread.js", import.meta.url), { resourceLimits: { maxYoungGenerationSizeMb: 4 } });
    const from = message.range.end + VCPU_OVERHEAD_BYTES * (index - 1), { start, transfer } = withCompiler(index);
    core.on("error", (cause) => { fail(new NvlError("embed/thread", `the thread of vCPU ${index} of ${planned.name} failed`, { cause })); });
    core.postMessage({ index, start, range: { start: from, end: from + VCPU_OVERHEAD_BYTES }, cores } satisfies CoreStartMessage, transfer);
    coreThreads.push(core);
  }
  return virtualNode;
}

function refused(name: string, issues: Issue[]): NvlError {
  return new NvlError("embed/refused", `${name} cannot boot: ${issues.map(({ path, message }) => `${path}: ${message}`).join("; ")}`, { context: { issues } });
}
