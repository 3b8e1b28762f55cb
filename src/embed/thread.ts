// The thread of one virtual node: builds its VM on the range of memory it is given and runs it. The loop starts from a message handler and
// blocks the thread; it is reached through the control words only.

import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { parentPort } from "node:worker_threads";
import { createConsole } from "../backend/console.ts";
import { openRing } from "../backend/ring.ts";
import { NvlError } from "../base/error.ts";
import { adoptNodeMemory } from "../hal/memory.ts";
import type { Engine } from "../hal/vcpu.ts";
import { runVm, type Waiter } from "../palacios/run.ts";
import { createVm, type BootSource, type Vm } from "../palacios/vm.ts";
import { createEngine } from "./engine.ts";
import { CONTROL, type BootFiles, type FromThread, type StartMessage, type Statistics } from "./protocol.ts";

const port = parentPort!;
const post = (message: FromThread) => port.postMessage(message);

port.once("message", async (start: StartMessage) => {
  try {
    run(start, await createEngine(start.engine, start.modules));
  } catch (error) {
    const failure = error instanceof NvlError ? error : new NvlError("embed/thread", error instanceof Error ? error.stack ?? error.message : String(error));
    post({ kind: "failed", code: failure.code, message: failure.message });
  }
  port.close();
});

function run(start: StartMessage, engine: Engine): void {
  const control = new Int32Array(start.control);
  const startedMs = performance.now();
  const clock = { nowNs: () => (performance.now() - startedMs) * 1e6 };
  const input = openRing(start.input);
  const console = createConsole((bytes) => post({ kind: "output", bytes }));
  const node = adoptNodeMemory(start.wasm, start.range.start, start.range.end);
  const vm = createVm({
    id: start.name, node, engine, memoryBytes: start.memoryBytes, vcpuCount: start.vcpuCount, clock,
    startEpochMs: start.startEpochMs, console,
    entropy: () => randomBytes(4).readUInt32LE(),
  });
  const loaded = vm.boot(() => readFiles(start.boot));
  if ("issues" in loaded) return post({ kind: "refused", issues: loaded.issues });
  post({ kind: "booting", protocol: loaded.protocol });
  collectGarbage();

  let sleptMs = 0, unread: Uint8Array = new Uint8Array();
  const waiter: Waiter = {
    waitUntil(deadlineNs) {
      console.flush();
      const before = performance.now();
      const timeoutMs = deadlineNs === undefined ? Infinity : (deadlineNs - clock.nowNs()) / 1e6;
      const woken = Atomics.load(control, CONTROL.wake);
      const hasInput = unread.length === 0 && input.available() > 0; // what the console has no room for waits for the guest
      if (timeoutMs > 0 && !hasInput && !Atomics.load(control, CONTROL.stop)) Atomics.wait(control, CONTROL.wake, woken, timeoutMs);
      sleptMs += performance.now() - before;
    },
    poll() {
      console.flush();
      unread = unread.subarray(console.feed(unread));
      if (unread.length === 0 && input.available() > 0) {
        unread = input.read();
        unread = unread.subarray(console.feed(unread));
      }
      return Atomics.load(control, CONTROL.stop) !== 0;
    },
  };
  const outcome = runVm(vm, waiter);
  console.flush();
  post({ kind: "ended", outcome, statistics: statistics(vm, performance.now() - startedMs, sleptMs) });
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

function statistics(vm: Vm, elapsedMs: number, sleptMs: number): Statistics {
  const sum = (field: "interrupts" | "pageFaults" | "tlbMisses" | "blocksDecoded") =>
    vm.vcpus.reduce((total, vcpu) => total + Number(vcpu.state.readField(field)), 0);
  return {
    instructions: vm.vcpus.reduce((total, vcpu) => total + vcpu.retired(), 0), elapsedMs, runningMs: elapsedMs - sleptMs, exits: vm.exits,
    interrupts: sum("interrupts"), pageFaults: sum("pageFaults"), tlbMisses: sum("tlbMisses"), blocksDecoded: sum("blocksDecoded"),
    touchedBytes: vm.memory.touchedBytes(), resets: vm.resets,
  };
}
