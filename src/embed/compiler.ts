// Starts the thread that compiles for the vCPUs of a virtual node, PC or Kitten (compile-thread.ts).

import { existsSync } from "node:fs";
import { MessageChannel, Worker, type MessagePort } from "node:worker_threads";
import type { CompileElsewhere } from "../engine/jit/elsewhere.ts";
import type { CompileThreadStart } from "./compile-thread.ts";
import { compileThrough } from "./elsewhere.ts";

/** The build's bundle, where there is one, is there sooner. */
const BUNDLE = new URL("../bundle/compile-thread.js", import.meta.url);

/** @returns ways to a new thread, one for each vCPU's; the calling thread may block at once */
export function startCompiler(wasm: WebAssembly.Memory, count: number): MessagePort[] {
  const channels = Array.from({ length: count }, () => new MessageChannel()), ports = channels.map(({ port2 }) => port2);
  const worker = new Worker(existsSync(BUNDLE) ? BUNDLE : new URL("./compile-thread.js", import.meta.url), { resourceLimits: { maxYoungGenerationSizeMb: 48 } });
  worker.unref();
  worker.on("error", ({ message }) => { process.emitWarning(`the thread that compiles has failed, and the interpreter goes on alone: ${message}`, "NvlWarning"); });
  worker.postMessage({ wasm, ports } satisfies CompileThreadStart, ports);
  return channels.map(({ port1 }) => port1);
}

/** For one vCPU: the thread begins when there is something to compile. */
export function compileOnDemand(wasm: WebAssembly.Memory): { elsewhere: CompileElsewhere; close(): void } {
  let port: MessagePort | undefined, way: CompileElsewhere | undefined;
  return {
    elsewhere: {
      send: (request) => {
        if (!way) [port] = startCompiler(wasm, 1);
        way ??= compileThrough(port!);
        way.send(request);
      },
      receive: (vcpu) => way?.receive(vcpu),
    },
    close: () => port?.close(),
  };
}
