// The thread that compiles for the vCPUs of one virtual node. It ends when the virtual node's thread, or the process, does.

import { parentPort, type MessagePort } from "node:worker_threads";
import { createCompileServer, type CompileRequest } from "../engine/jit/elsewhere.ts";
import { CONSTANTS } from "../hal/layout.ts";
import { NICENESS, stepBack } from "./priority.ts";

/** `ports`: one for each vCPU. */
export interface CompileThreadStart { wasm: WebAssembly.Memory; ports: readonly MessagePort[] }

parentPort?.once("message", ({ wasm, ports }: CompileThreadStart) => {
  stepBack(NICENESS.compiling);
  const words = new Int32Array(wasm.buffer);
  for (const port of ports) {
    const serve = createCompileServer(wasm, () => performance.now());
    port.on("message", (request: CompileRequest) => {
      port.postMessage(serve(request));
      Atomics.or(words, request.attention >>> 2, CONSTANTS.ATTENTION_SLICE);
    });
  }
});
