// `nvl engines`: what can execute guests here, and what each can do, found by running small guests.

import { createEngine } from "../embed/engine.ts";
import { ENGINE_NAMES } from "../embed/protocol.ts";
import { CAPABILITIES, probeCapabilities } from "../hal/capabilities.ts";
import { loadModule } from "../host/nodejs/modules.ts";
import { table } from "./output.ts";

/** Prints a column per engine. */
export async function enginesCommand({ json }: { json?: boolean }): Promise<void> {
  const modules = { core: await loadModule("core"), interp: await loadModule("interp") };
  const found = ENGINE_NAMES.map((name) => ({ name, capabilities: probeCapabilities(createEngine(name, modules)) }));
  if (json) console.log(JSON.stringify(found, undefined, 2));
  else console.log(table([["CAPABILITY", ...found.map(({ name }) => name.toUpperCase())], ...CAPABILITIES.map((name) => [name, ...found.map(({ capabilities }) => capabilities[name] ? "yes" : "no")])]));
}
