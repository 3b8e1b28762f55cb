// The thread of one vCPU of a test (parallel.ts): runs its program until it halts, again and again.

import { parentPort } from "node:worker_threads";
import { createEngine } from "../../embed/engine.ts";
import { adoptNodeMemory, openVnodeMemory } from "../../hal/memory.ts";
import { enter } from "../../palacios/boot/entry.ts";
import type { Entry } from "../../palacios/boot/image.ts";
import type { EngineName } from "../../embed/protocol.ts";

export interface WorkerStart {
  engine: EngineName; modules: { core: WebAssembly.Module; interp: WebAssembly.Module };
  wasm: WebAssembly.Memory; range: { start: number; end: number }; table: number; index: number; count: number; crowded: boolean;
}
export interface WorkerRun { rip: number; registers: Entry["registers"] }

const allOnes = (bytes: number) => 2 ** (8 * bytes) - 1;
parentPort!.once("message", async ({ engine, modules, wasm, range, table, index, count, crowded }: WorkerStart) => {
  const node = adoptNodeMemory(wasm, range.start, range.end), memory = openVnodeMemory(node, table);
  const vcpu = (await createEngine(engine, modules, engine === "jit" ? { threshold: 200 } : {})).createVcpu({
    node, memory, index, parallel: true, clock: { nowNs: () => 0 }, entropy: () => 4, model: { tscHz: 1e9, apicTimerHz: 1e9, vcpuCount: count, apicId: index },
    bus: {
      pioRead: (_, bytes) => allOnes(bytes), pioWrite: () => {}, mmioRead: (_, bytes) => allOnes(bytes), mmioWrite: () => {},
      acknowledge: () => -1, msrRead: () => undefined, msrWrite: () => false, tprRead: () => 0, tprWrite: () => {},
    },
  });
  const pause = new Int32Array(new SharedArrayBuffer(4));
  parentPort!.on("message", ({ rip, registers }: WorkerRun) => {
    vcpu.reset();
    enter(vcpu.state, memory, { mode: "long", rip, registers });
    vcpu.state.writeField("activity", 0n);
    for (;;) {
      if (crowded) vcpu.state.writeField("pauses", 100n);
      const { reason } = vcpu.run(1_000_000, "whole blocks");
      if (reason === "pause") Atomics.wait(pause, 0, 0, 0.05);
      else if (reason !== "budget" && reason !== "kick") return parentPort!.postMessage(reason);
    }
  });
  parentPort!.postMessage("ready");
});
