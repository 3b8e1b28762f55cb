// The same random guests on two engines, in lock step: registers, flags, memory and accesses to the bus stay equal. Oracle and interpreter,
// interpreter and JIT (everything compiled when it is executed for the first, second, third time), in turns.
// `node fuzz/engines.mjs --engines interp,jit --seed N` repeats one.
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { openEngines } from "../dist/conformance/engines.js";
import { findDifference } from "../dist/conformance/guest/differ.js";
import { createWatchdog } from "../dist/conformance/guest/watchdog.js";

const PAIRS = ["oracle,interp", "interp,jit", "interp,jit2", "interp,jit3"];
/** The oracle is 100 times slower. */
const INSTRUCTIONS = (pair) => (pair.includes("oracle") ? 20_000 : 100_000);
const SECONDS_PER_GUEST = 300;

const opened = new Map();
function open(pair) {
  if (!opened.has(pair)) opened.set(pair, openEngines(pair.split(",")));
  return opened.get(pair);
}

function compare(pair, seed, watchdog) {
  const found = watchdog.watch(seed, SECONDS_PER_GUEST, () => findDifference(open(pair), { seed }, INSTRUCTIONS(pair)));
  if (!found) return;
  const { mode, after, rip, step, code, fields } = found;
  throw new Error([`${pair.replace(",", " ≠ ")}: node fuzz/engines.mjs --engines ${pair} --seed ${seed} (${mode}); after ${after} instructions, at 0x${rip.toString(16)} [${code}], in a step of ${step}`, ...fields].join("\n  "));
}

export async function fuzz(seconds, firstSeed = Date.now() % 1_000_000_000) {
  const watchdog = createWatchdog("comparison of engines on guest");
  const end = Date.now() + seconds * 1000;
  let guests = 0;
  for (; Date.now() < end; guests++) compare(PAIRS[guests % PAIRS.length], firstSeed + guests, watchdog);
  watchdog.stop();
  return `${guests} random guests from seed ${firstSeed} went alike`;
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const { values } = parseArgs({ options: { seed: { type: "string" }, seconds: { type: "string", default: "60" }, engines: { type: "string", default: PAIRS[0] } } });
  if (values.seed === undefined) console.log(await fuzz(Number(values.seconds)));
  else {
    const watchdog = createWatchdog("comparison of engines on guest");
    compare(values.engines, Number(values.seed), watchdog);
    watchdog.stop();
    console.log("no difference");
  }
}
