// The engines that are there, for tests and tools.

import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { createInterp } from "../engine/interp/index.ts";
import { createOracle } from "../engine/oracle/vcpu.ts";
import type { Engine } from "../hal/index.ts";

const wasm = (path: string) => fileURLToPath(new URL(`../engine/${path}`, import.meta.url));

/** Engines by name; those that are not built are left out. */
export async function openEngines(names: readonly string[] = ["oracle", "interp"]): Promise<Engine[]> {
  const core = new WebAssembly.Module(readFileSync(wasm("core/core.wasm")));
  const engines: Engine[] = [];
  for (const name of names) {
    if (name === "oracle") engines.push(createOracle(core));
    if (name === "interp" && existsSync(wasm("interp/interp.wasm"))) engines.push(createInterp({ core, interp: new WebAssembly.Module(readFileSync(wasm("interp/interp.wasm"))) }));
  }
  return engines;
}
