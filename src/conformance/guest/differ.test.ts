// A few random guests from fixed seeds go alike on the oracle and the interpreter, in all modes; `npm run fuzz` has more.

import assert from "node:assert/strict";
import test from "node:test";
import { openEngines } from "../engines.ts";
import { findDifference } from "./differ.ts";
import { createWatchdog } from "./watchdog.ts";
import { MODES } from "./world.ts";

const engines = await openEngines(["oracle", "interp"]);
const watchdog = createWatchdog("comparison of engines on guest");

for (const [index, mode] of MODES.entries()) test(`random guests go alike on oracle and interpreter: ${mode}`, { skip: engines.length < 2 }, () => {
  for (let seed = 2000 + index * 10; seed < 2003 + index * 10; seed++)
    assert.equal(watchdog.watch(seed, 120, () => findDifference([engines[0], engines[1]], { seed, mode }, 1500)), undefined);
});
