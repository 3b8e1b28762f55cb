// The Wasm modules that the build makes, compiled once per process.

import { readFile } from "node:fs/promises";
import { NvlError } from "../../base/error.ts";

const FILES = { core: "../../engine/core/core.wasm", interp: "../../engine/interp/interp.wasm", jit: "../../engine/jit/interp.wasm" } as const;
const compiled = new Map<string, Promise<WebAssembly.Module>>();

/** A compiled module; it may be posted to other threads. @throws host/module when the build is missing */
export function loadModule(name: keyof typeof FILES): Promise<WebAssembly.Module> {
  let module = compiled.get(name);
  if (!module) {
    const url = new URL(FILES[name], import.meta.url);
    module = readFile(url).then((bytes) => WebAssembly.compile(bytes), (cause) => {
      throw new NvlError("host/module", `${url.pathname} is missing: run \`npm run build\``, { cause });
    });
    compiled.set(name, module);
  }
  return module;
}

/** What an engine is made of, by its name. @throws host/module */
export async function loadEngineModules(engine: string): Promise<{ core: WebAssembly.Module; interp: WebAssembly.Module }> {
  return { core: await loadModule("core"), interp: await loadModule(engine === "jit" ? "jit" : "interp") };
}
