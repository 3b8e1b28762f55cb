// Engines by name.

import { NvlError } from "../base/error.ts";
import { createOracle } from "../engine/oracle/vcpu.ts";
import type { Engine } from "../hal/vcpu.ts";
import type { EngineName } from "./protocol.ts";

/** @param modules as loadModule gives them */
export function createEngine(name: EngineName, modules: { core: WebAssembly.Module; interp: WebAssembly.Module }): Engine {
  if (name === "oracle") return createOracle(modules.core);
  throw new NvlError("embed/engine", `engine ${name} is not there yet`);
}
