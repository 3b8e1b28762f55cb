// The engines that are built, for tests and tools.

import { existsSync, readFileSync } from "node:fs";
import { createInterp } from "../engine/interp/index.ts";
import { createJit } from "../engine/jit/index.ts";
import { createOracle } from "../engine/oracle/vcpu.ts";
import type { Engine } from "../hal/index.ts";

const file = (path: string) => new URL(`../engine/${path}`, import.meta.url);
const compile = (path: string) => new WebAssembly.Module(readFileSync(file(path)));

/** Engines by name; those that are not built are left out. `jit` compiles everything at once; what a block leads to is known only when it has
 * been executed, hence `jit2` and `jit3`, the second and the third time; any other number likewise, and `jit0` as users have it. */
export function openEngines(names: readonly string[] = ["oracle", "interp", "jit"]): Engine[] {
  const core = compile("core/core.wasm");
  return names.flatMap((name) => {
    if (name === "oracle") return [createOracle(core)];
    if (name === "interp" && existsSync(file("interp/interp.wasm"))) return [createInterp({ core, interp: compile("interp/interp.wasm") })];
    const threshold = /^jit(\d*)$/.exec(name)?.[1];
    if (threshold !== undefined && existsSync(file("jit/interp.wasm")))
      return [createJit({ core, interp: compile("jit/interp.wasm") }, threshold === "0" ? {} : { threshold: Number(threshold || 1) })];
    return [];
  });
}
