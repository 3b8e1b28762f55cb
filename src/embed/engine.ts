// Engines by name. Each is loaded when it is wanted: code of engines that do not run would be memory that nobody uses.

import { setFlagsFromString } from "node:v8";
import type { MessagePort } from "node:worker_threads";
import type { Engine } from "../hal/vcpu.ts";
import type { JitOptions } from "../engine/jit/index.ts";
import { compileThrough } from "./elsewhere.ts";
import { BRANCH_HINTS } from "./branch-hints.ts";
import type { EngineName, EngineOptions } from "./protocol.ts";

/** What the JIT is told of them. @param compiler the way to the thread that compiles for this one (elsewhere.ts) */
export const jitSetup = ({ jitThreshold, codeCacheBytes }: EngineOptions, compiler?: MessagePort): JitOptions =>
  ({ ...(compiler && { elsewhere: compileThrough(compiler) }), ...(jitThreshold !== undefined && { threshold: Math.max(1, jitThreshold) }), ...(codeCacheBytes !== undefined && { codeCacheBytes }) });

/** @param modules as loadEngineModules gives them for this name */
export async function createEngine(name: EngineName, modules: { core: WebAssembly.Module; interp: WebAssembly.Module }, jit: JitOptions = {}): Promise<Engine> {
  setFlagsFromString(BRANCH_HINTS);
  switch (name) {
    case "oracle": return (await import("../engine/oracle/vcpu.ts")).createOracle(modules.core);
    case "jit": return (await import("../engine/jit/index.ts")).createJit(modules, jit);
    case "interp": return (await import("../engine/interp/index.ts")).createInterp(modules);
  }
}
