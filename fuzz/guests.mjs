// Random guests on every engine: nothing is thrown, hangs or is changed outside of the guest. `node fuzz/guests.mjs --seed N` repeats one.
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { openEngines } from "../dist/conformance/engines.js";
import { runGuest } from "../dist/conformance/guest/guest.js";
import { createWatchdog } from "../dist/conformance/guest/watchdog.js";

/** The oracle is 100 times slower. */
const INSTRUCTIONS = { interp: 1_000_000, jit: 1_000_000, oracle: 10_000 };
const SECONDS_PER_GUEST = 60;

function run(engine, seed, watchdog) {
  try {
    return watchdog.watch(seed, SECONDS_PER_GUEST, () => runGuest({ seed, engine }, INSTRUCTIONS[engine.name]));
  } catch (cause) {
    throw new Error(`random guest ${seed} on ${engine.name}: node fuzz/guests.mjs --seed ${seed} --engine ${engine.name}`, { cause });
  }
}

export async function fuzz(seconds, firstSeed = Date.now() % 1_000_000_000) {
  const engines = await openEngines(), watchdog = createWatchdog("random guest");
  const [interp, oracle, jit] = ["interp", "oracle", "jit"].map((wanted) => engines.find(({ name }) => name === wanted));
  const end = Date.now() + seconds * 1000;
  let guests = 0, instructions = 0;
  for (; Date.now() < end; guests++) instructions += run(guests % 8 === 7 ? oracle : guests % 2 ? jit : interp, firstSeed + guests, watchdog);
  watchdog.stop();
  return `${guests} random guests from seed ${firstSeed} executed ${instructions} instructions inside of their fences`;
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const { values } = parseArgs({ options: { seed: { type: "string" }, engine: { type: "string", default: "interp" }, seconds: { type: "string", default: "60" } } });
  if (values.seed === undefined) console.log(await fuzz(Number(values.seconds)));
  else {
    const [engine] = await openEngines([values.engine]), watchdog = createWatchdog("random guest");
    console.log(`${run(engine, Number(values.seed), watchdog)} instructions`);
    watchdog.stop();
  }
}
