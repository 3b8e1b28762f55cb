// Random programs with loops, calls, jump tables, faults, rounding modes, x87, strings, code that changes itself and pages that change places,
// on the host's CPU, the interpreter and the JIT. `node fuzz/programs.mjs --seed N` repeats one.
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { createProgramJudge } from "../dist/conformance/program/judge.js";
import { createWatchdog } from "../dist/conformance/guest/watchdog.js";

const BATCH = 16, SECONDS_PER_BATCH = 600;

export async function fuzz(seconds, firstSeed = Date.now() % 1_000_000_000) {
  const { host, judge } = createProgramJudge(), watchdog = createWatchdog("random programs from"), end = Date.now() + seconds * 1000;
  let programs = 0;
  for (; Date.now() < end; programs += BATCH) {
    const seed = firstSeed + programs, found = watchdog.watch(seed, SECONDS_PER_BATCH, () => judge(Array.from({ length: BATCH }, (_, index) => seed + index)));
    if (found.length > 0) throw new Error(`node fuzz/programs.mjs --seed ${/program (\d+)/.exec(found[0])[1]}\n${found.join("\n")}`);
  }
  watchdog.stop();
  return `${programs} random programs from seed ${firstSeed} went as on ${host ? "the host's CPU" : "the interpreter"}`;
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const { values } = parseArgs({ options: { seed: { type: "string" }, seconds: { type: "string", default: "60" }, from: { type: "string" } } });
  if (values.seed === undefined) console.log(await fuzz(Number(values.seconds), values.from && Number(values.from)));
  else console.log(createProgramJudge().judge([Number(values.seed)]).join("\n") || "no difference");
}
