// The thread of a Kitten's core that is not the first (kitten/core.ts).

import { randomFillSync } from "node:crypto";
import { parentPort } from "node:worker_threads";
import { adoptNodeMemory } from "../hal/memory.ts";
import { runCore } from "../kitten/core.ts";
import { createEngine, jitSetup } from "./engine.ts";
import { sharedClock } from "./guest-clock.ts";
import { meet, type KittenCoreMessage } from "./kitten-cores.ts";

const port = parentPort!;
port.once("message", async ({ index, count, crowded, engine, engineOptions, modules, compiler, wasm, range, words, control, clock }: KittenCoreMessage) => {
  runCore({
    node: adoptNodeMemory(wasm, range.start, range.end), engine: await createEngine(engine, modules, { nowMs: () => performance.now(), ...jitSetup(engineOptions, compiler) }),
    clock: sharedClock(clock), fillRandom: (into) => { randomFillSync(into); }, index, count,
  }, meet(words, count, wasm, control, crowded));
  compiler?.close();
  port.close();
});
