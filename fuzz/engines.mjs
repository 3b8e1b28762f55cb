// The same random guests on the oracle and the interpreter, in lock step: registers, flags, memory and accesses to the bus stay equal.
// `node fuzz/engines.mjs --seed N` repeats one.
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { openEngines } from "../dist/conformance/engines.js";
import { findDifference } from "../dist/conformance/guest/differ.js";
import { createWatchdog } from "../dist/conformance/guest/watchdog.js";

const INSTRUCTIONS = 20_000, SECONDS_PER_GUEST = 300;

function compare(engines, seed, watchdog) {
  const found = watchdog.watch(seed, SECONDS_PER_GUEST, () => findDifference(engines, { seed }, INSTRUCTIONS));
  if (!found) return;
  const { mode, after, rip, step, code, fields } = found;
  throw new Error([`oracle ≠ interpreter: node fuzz/engines.mjs --seed ${seed} (${mode}); after ${after} instructions, at 0x${rip.toString(16)} [${code}], in a step of ${step}`, ...fields].join("\n  "));
}

export async function fuzz(seconds, firstSeed = Date.now() % 1_000_000_000) {
  const engines = await openEngines(["oracle", "interp"]), watchdog = createWatchdog("comparison of engines on guest");
  const end = Date.now() + seconds * 1000;
  let guests = 0;
  for (; Date.now() < end; guests++) compare(engines, firstSeed + guests, watchdog);
  watchdog.stop();
  return `${guests} random guests from seed ${firstSeed} went alike`;
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const { values } = parseArgs({ options: { seed: { type: "string" }, seconds: { type: "string", default: "60" } } });
  if (values.seed === undefined) console.log(await fuzz(Number(values.seconds)));
  else {
    const watchdog = createWatchdog("comparison of engines on guest");
    compare(await openEngines(["oracle", "interp"]), Number(values.seed), watchdog);
    watchdog.stop();
    console.log("no difference");
  }
}
