// Engines by name.

import { createInterp } from "../engine/interp/index.ts";
import { createOracle } from "../engine/oracle/vcpu.ts";
import type { Engine } from "../hal/vcpu.ts";
import type { EngineName } from "./protocol.ts";

/** @param modules as loadModule gives them */
export function createEngine(name: EngineName, modules: { core: WebAssembly.Module; interp: WebAssembly.Module }): Engine {
  return name === "oracle" ? createOracle(modules.core) : createInterp(modules);
}
