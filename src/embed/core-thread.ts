// The thread of a vCPU that is not the first of its virtual node (palacios/core.ts). It ends when the first one says so.

import { randomBytes } from "node:crypto";
import { parentPort } from "node:worker_threads";
import { adoptNodeMemory } from "../hal/memory.ts";
import { runCore } from "../palacios/core.ts";
import { sharedJitCounters } from "../engine/jit/counters.ts";
import { openCores } from "../palacios/cores.ts";
import { placeVcpus } from "../palacios/topology.ts";
import { createEngine, jitSetup } from "./engine.ts";
import { sharedClock } from "./guest-clock.ts";
import { CONTROL, type CoreStartMessage } from "./protocol.ts";

const port = parentPort!;
port.once("message", async ({ index, start, range, cores: shared }: CoreStartMessage) => {
  const control = new Int32Array(start.control);
  const engine = await createEngine(start.engine, start.modules, {
    counters: sharedJitCounters(shared.counters, index), nowMs: () => performance.now(), ...jitSetup(start.engineOptions, start.compiler) });
  const cores = openCores(shared.words, start.vcpuCount, new Int32Array(start.wasm.buffer), () => {
    Atomics.add(control, CONTROL.wake, 1);
    Atomics.notify(control, CONTROL.wake);
  }, shared.crowded);
  runCore({
    index, engine, cores, places: placeVcpus(start.zones), node: adoptNodeMemory(start.wasm, range.start, range.end), clock: sharedClock(shared.clock), entropy: () => randomBytes(4).readUInt32LE(),
  });
  start.compiler?.close();
  port.close();
});
