// A few random guests from fixed seeds go alike on two engines, in all modes; `npm run fuzz` has more.

import assert from "node:assert/strict";
import test from "node:test";
import { openEngines } from "../engines.ts";
import { findDifference } from "./differ.ts";
import { createWatchdog } from "./watchdog.ts";
import { MODES } from "./world.ts";

const watchdog = createWatchdog("comparison of engines on guest");

for (const [pair, instructions] of [["oracle,interp", 1500], ["interp,jit2", 6000]] as const) {
  const [one, other] = openEngines(pair.split(","));
  for (const [index, mode] of MODES.entries()) test(`random guests go alike on ${pair}: ${mode}`, { skip: !other }, () => {
    for (let seed = 2000 + index * 10; seed < 2003 + index * 10; seed++)
      assert.equal(watchdog.watch(seed, 120, () => findDifference([one, other], { seed, mode }, instructions)), undefined);
  });
}
