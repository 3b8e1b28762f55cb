// Threads for a Kitten's cores but the first, which stays on the control thread.

import { Worker, type MessagePort } from "node:worker_threads";
import { NvlError } from "../base/error.ts";
import type { NodeMemory } from "../hal/memory.ts";
import { CONSTANTS as C, OFFSET } from "../hal/layout.ts";
import { coreWordsBytes, openCores, type Cores } from "../kitten/task/cores.ts";
import type { ClockWords } from "./guest-clock.ts";
import { VCPU_OVERHEAD_BYTES, type EngineName, type EngineOptions } from "./protocol.ts";

/** What a core's thread starts from; `range` is its own part of the node's memory, `control` has the word by which the control thread is woken. */
export interface KittenCoreMessage {
  index: number;
  count: number;
  crowded: boolean;
  engine: EngineName;
  engineOptions: EngineOptions;
  modules: { core: WebAssembly.Module; interp: WebAssembly.Module };
  /** The way to the thread that compiles for this one (elsewhere.ts). */
  compiler?: MessagePort;
  wasm: WebAssembly.Memory;
  range: { start: number; end: number };
  words: SharedArrayBuffer;
  control: SharedArrayBuffer;
  clock: ClockWords;
}

/** The words by which the threads of a Kitten meet, seen from one of them. @param control its first word is bumped to wake the control thread */
export function meet(words: SharedArrayBuffer, count: number, wasm: WebAssembly.Memory, control: SharedArrayBuffer, crowded: boolean): Cores {
  const memory = new Int32Array(wasm.buffer), wake = new Int32Array(control);
  return openCores(words, count, (address) => { Atomics.or(memory, (address + OFFSET.attention) >>> 2, C.ATTENTION_KICK); }, () => {
    Atomics.add(wake, 0, 1);
    Atomics.notify(wake, 0);
  }, crowded);
}

/** Starts the threads of cores 1 and up; they come when they are ready. The calling thread may block at once.
 * @param node has VCPU_OVERHEAD_BYTES for each
 * @param compilers for each, or none
 * @param failed called from the calling thread's events: this core cannot begin, or executes no more */
export function startCores(node: NodeMemory, parts: Omit<KittenCoreMessage, "index" | "compiler" | "wasm" | "range" | "words">, compilers: readonly MessagePort[], failed: (error: NvlError) => void): { words: SharedArrayBuffer; workers: Worker[] } {
  const { count } = parts, words = new SharedArrayBuffer(coreWordsBytes(count));
  const workers = Array.from({ length: count - 1 }, (_, at) => {
    const start = node.allocate(VCPU_OVERHEAD_BYTES, 4096, "a core");
    const worker = new Worker(new URL("./kitten-core-thread.js", import.meta.url), { resourceLimits: { maxYoungGenerationSizeMb: 4 } });
    worker.on("error", (cause) => { failed(new NvlError("embed/thread", `the thread of core ${at + 1} failed: ${cause.message}`, { cause })); });
    worker.unref();
    worker.postMessage({ ...parts, index: at + 1, compiler: compilers[at], wasm: node.wasm, range: { start, end: start + VCPU_OVERHEAD_BYTES }, words } satisfies KittenCoreMessage, compilers.slice(at, at + 1));
    return worker;
  });
  return { words, workers };
}
