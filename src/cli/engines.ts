// `nvl engines`: what can execute guests here, and what each can do, found by running small guests.

import { createEngine } from "../embed/engine.ts";
import { ENGINE_NAMES } from "../embed/protocol.ts";
import { CAPABILITIES, probeCapabilities } from "../hal/capabilities.ts";
import { loadEngineModules } from "../host/nodejs/modules.ts";
import { table } from "./output.ts";

/** Prints a column per engine. */
export async function enginesCommand({ json }: { json?: boolean }): Promise<void> {
  const found = await Promise.all(ENGINE_NAMES.map(async (name) => ({ name, capabilities: probeCapabilities(await createEngine(name, await loadEngineModules(name))) })));
  if (json) console.log(JSON.stringify(found, undefined, 2));
  else console.log(table([["CAPABILITY", ...found.map(({ name }) => name.toUpperCase())], ...CAPABILITIES.map((name) => [name, ...found.map(({ capabilities }) => capabilities[name] ? "yes" : "no")])]));
}
