// Engines by name. Each is loaded when it is wanted: code of engines that do not run would be memory that nobody uses.

import type { Engine } from "../hal/vcpu.ts";
import type { JitOptions } from "../engine/jit/index.ts";
import type { EngineName } from "./protocol.ts";

/** @param modules as loadEngineModules gives them for this name */
export async function createEngine(name: EngineName, modules: { core: WebAssembly.Module; interp: WebAssembly.Module }, jit: JitOptions = {}): Promise<Engine> {
  switch (name) {
    case "oracle": return (await import("../engine/oracle/vcpu.ts")).createOracle(modules.core);
    case "jit": return (await import("../engine/jit/index.ts")).createJit(modules, jit);
    case "interp": return (await import("../engine/interp/index.ts")).createInterp(modules);
  }
}
