// The thread of one virtual node: builds its VM on the range of memory it is given and runs it. The loop starts from a message handler and
// blocks the thread; it is reached through the control words only.

import { createHash, randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { parentPort } from "node:worker_threads";
import { createConsole } from "../backend/console.ts";
import { openRing } from "../backend/ring.ts";
import { NvlError } from "../base/error.ts";
import { createJitCounters, sharedJitCounters, totalJitCounters, type JitCounters } from "../engine/jit/counters.ts";
import { adoptNodeMemory } from "../hal/memory.ts";
import { TRACE_TOPICS } from "../hal/trace.ts";
import type { Engine } from "../hal/vcpu.ts";
import { openCores } from "../palacios/cores.ts";
import { runVm, type Waiter } from "../palacios/run.ts";
import { createVm, type BootSource, type Vm, type VmSetup } from "../palacios/vm.ts";
import { fingerprint } from "../palacios/fingerprint.ts";
import { createVirtualClock } from "../palacios/virtual-time.ts";
import { debugVm } from "./debugging.ts";
import { createEngine, jitSetup } from "./engine.ts";
import { createGuestClock, sharedClock } from "./guest-clock.ts";
import { CONTROL, type BootFiles, type FromThread, type InputRecord, type StartMessage } from "./protocol.ts";
import { readStatistics } from "./statistics.ts";
import { openTraceSink, type TraceSink } from "./trace-sink.ts";

const port = parentPort!;
const post = (message: FromThread) => port.postMessage(message);

port.once("message", async (start: StartMessage) => {
  try {
    const { trace } = start.engineOptions, sink = trace && openTraceSink(trace.file);
    const jit = start.engine !== "jit" ? [] : start.cores ? Array.from({ length: start.vcpuCount }, (_, index) => sharedJitCounters(start.cores!.counters, index)) : [createJitCounters()];
    run(start, await createEngine(start.engine, start.modules, {
      counters: jit[0], nowMs: () => performance.now(), ...jitSetup(start.engineOptions, start.compiler),
      ...(sink && trace.topics.includes("regions") && { trace: regionWriter(sink, start.name) }),
    }), jit, sink);
  } catch (error) {
    const failure = error instanceof NvlError ? error : new NvlError("embed/thread", error instanceof Error ? error.stack ?? error.message : String(error));
    post({ kind: "failed", code: failure.code, message: failure.message });
  }
  start.compiler?.close();
  port.close();
});

function run(start: StartMessage, engine: Engine, jit: readonly JitCounters[], sink?: TraceSink): void {
  const control = new Int32Array(start.control);
  const startedMs = performance.now(), real = start.cores ? sharedClock(start.cores.clock) : createGuestClock();
  const virtual = start.virtualTime && createVirtualClock(), clock = virtual ?? real;
  const input = openRing(start.input);
  const console = createConsole((bytes) => post({ kind: "output", bytes }));
  const node = adoptNodeMemory(start.wasm, start.range.start, start.range.end);
  const others = start.cores && openCores(start.cores.words, start.vcpuCount, new Int32Array(start.wasm.buffer), () => {
    Atomics.add(control, CONTROL.wake, 1);
    Atomics.notify(control, CONTROL.wake);
  }, start.cores.crowded);
  const vm = createVm({
    id: start.name, node, engine, memoryBytes: start.memoryBytes, vcpuCount: start.vcpuCount, zones: start.zones, clock,
    startEpochMs: start.startEpochMs, console, deterministic: virtual !== undefined, ...(others && { others }),
    entropy: start.virtualTime ? seeded(start.virtualTime.seed) : () => randomBytes(4).readUInt32LE(),
    ...(sink && tracesOf(start, sink)),
  });
  const loaded = vm.boot(() => readFiles(start.boot));
  if ("issues" in loaded) return post({ kind: "refused", issues: loaded.issues });
  post({ kind: "booting", protocol: loaded.protocol });
  collectGarbage();

  let sleptMs = 0, unread: Uint8Array = new Uint8Array(), reportMs = start.statisticsMs ?? Infinity;
  const counted = () => readStatistics(vm, performance.now() - startedMs, sleptMs + real.frozenMs(), jit.length > 0 ? totalJitCounters(jit) : undefined);
  const report = () => {
    if (performance.now() - startedMs < reportMs) return;
    reportMs += start.statisticsMs!;
    post({ kind: "statistics", statistics: counted() });
  };
  const recorded: InputRecord[] = [], replayed = [...start.virtualTime?.input ?? []];
  const feed = () => {
    const taken = console.feed(unread);
    if (virtual && taken > 0) recorded.push({ atNs: virtual.peekNs(), bytes: unread.slice(0, taken) });
    unread = unread.subarray(taken);
  };
  /** Everything stands still, guest time too, until somebody resumes or stops the virtual node. */
  const pause = () => {
    others?.pause(vm.serveOthers);
    real.freeze(true);
    post({ kind: "paused" });
    for (;;) {
      const word = Atomics.load(control, CONTROL.pause);
      if (!(word & 1) || Atomics.load(control, CONTROL.stop)) break;
      Atomics.wait(control, CONTROL.pause, word);
    }
    real.freeze(false);
    others?.resume();
    post({ kind: "resumed" });
  };
  const waiter: Waiter = {
    waitUntil(deadlineNs, isIdle = () => true) {
      console.flush();
      sink?.flush();
      const before = performance.now();
      const timeoutMs = deadlineNs === undefined ? Infinity : (deadlineNs - clock.nowNs()) / 1e6;
      const woken = Atomics.load(control, CONTROL.wake);
      const hasInput = unread.length === 0 && input.available() > 0; // what the console has no room for waits for the guest
      if (!isIdle()) return;
      const endMs = before + timeoutMs;
      for (let now = before; now < endMs && !hasInput && !Atomics.load(control, CONTROL.stop) && Atomics.load(control, CONTROL.wake) === woken; now = performance.now()) {
        Atomics.wait(control, CONTROL.wake, woken, Math.min(endMs - now, reportMs + startedMs - now));
        sleptMs += performance.now() - now;
        report();
      }
    },
    poll() {
      report();
      console.flush();
      if (unread.length === 0) {
        if (replayed.length === 0) unread = input.available() > 0 ? input.read() : unread;
        else if (virtual!.peekNs() >= replayed[0].atNs) unread = replayed.shift()!.bytes;
      }
      if (unread.length > 0) feed();
      debug?.poll();
      if (Atomics.load(control, CONTROL.pause) & 1) pause();
      return Atomics.load(control, CONTROL.stop) !== 0;
    },
    stopped(index) {
      debug?.stopped(index);
      debug?.poll();
      return Atomics.load(control, CONTROL.stop) !== 0;
    },
  };
  const debug = start.debug && debugVm(vm, start.debug, control, real.freeze, waiter, (bytes) => post({ kind: "debugger", bytes }));
  const outcome = runVm(vm, waiter);
  debug?.ended(outcome.kind === "power-off" ? 0 : outcome.kind === "debug-exit" ? outcome.status : 1);
  console.flush();
  sink?.flush();
  post({
    kind: "ended", outcome, ...(virtual && { input: recorded }),
    statistics: { ...counted(), touchedBytes: vm.memory.touchedBytes(), ...(virtual && { fingerprint: digest(vm, node.bytes) }) },
  });
}

/** Numbers of 32 bits that depend on the seed alone (Mulberry32). */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  };
}

function digest(vm: Vm, bytes: Uint8Array): string {
  const hash = createHash("sha256");
  fingerprint(vm, bytes, (piece) => hash.update(piece));
  return hash.digest("hex");
}

/** Several virtual nodes may write to one file: each piece is whole, and says whose it is. */
function regionWriter(sink: TraceSink, name: string): (wasm: Uint8Array, text: () => string) => void {
  return (_, text) => {
    sink.flush();
    sink.write(`;; ${name}\n${text()}\n`);
    sink.flush();
  };
}

/** What is traced of the vCPUs, if anything is. */
function tracesOf({ name, engineOptions: { trace } }: StartMessage, sink: TraceSink): Pick<VmSetup, "trace"> {
  const topics = new Set(TRACE_TOPICS.filter((topic) => trace!.topics.includes(topic)));
  return topics.size > 0 ? { trace: { topics, write: trace!.named ? (line) => sink.write(`${name} ${line}`) : sink.write } } : {};
}

/** The kernel and its initrds are read when they are needed, at power-on and at each reset, and not kept: they are large. */
function readFiles({ kernel, initrds, archive, commandLine, flat }: BootFiles): BootSource {
  const read = (file: string) => {
    try {
      return new Uint8Array(readFileSync(file));
    } catch (cause) {
      throw new NvlError("embed/file", `${file} cannot be read`, { context: { file }, cause });
    }
  };
  return { kernel: read(kernel), initrds: [...initrds.map(read), ...(archive.length > 0 ? [archive] : [])], commandLine, ...(flat && { flat }) };
}

/** The inflated kernel is garbage now, and this thread is about to allocate so little that V8 would keep those 60 MB for minutes. */
function collectGarbage(): void {
  setFlagsFromString("--expose-gc");
  (runInNewContext("gc") as () => void)();
}
