// A few random guests from fixed seeds on every engine, in all modes; `npm run fuzz` has more.

import test from "node:test";
import { openEngines } from "../engines.ts";
import { runGuest } from "./guest.ts";
import { createWatchdog } from "./watchdog.ts";
import { MODES } from "./world.ts";

const INSTRUCTIONS = { interp: 60_000, oracle: 1_000, jit: 60_000, kvm: 60_000 };

for (const engine of await openEngines()) test(`random guests stay within their fences (${engine.name})`, () => {
  const watchdog = createWatchdog("random guest");
  let seed = 1000;
  for (const mode of MODES) for (const pc of [false, true]) {
    seed++;
    watchdog.watch(seed, 60, () => runGuest({ seed, engine, mode, pc }, INSTRUCTIONS[engine.name]));
  }
  watchdog.stop();
});
