// Engines by name.

import { createInterp } from "../engine/interp/index.ts";
import { createJit } from "../engine/jit/index.ts";
import { createOracle } from "../engine/oracle/vcpu.ts";
import type { Engine } from "../hal/vcpu.ts";
import type { EngineName } from "./protocol.ts";

/** @param modules as loadEngineModules gives them for this name */
export function createEngine(name: EngineName, modules: { core: WebAssembly.Module; interp: WebAssembly.Module }): Engine {
  return name === "oracle" ? createOracle(modules.core) : name === "jit" ? createJit(modules) : createInterp(modules);
}
