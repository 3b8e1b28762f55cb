// From power-on to the first line of Debian's init.
import path from "node:path";
import { MEMORY, nvlCommand, qemuCommand } from "./machines.mjs";
import { lastJson, run } from "./run.mjs";
import { median } from "./statistics.mjs";

const INIT_LINE = "NVL init:";
const WORDS = "quiet nvl.run=poweroff"; // rdinit ends the guest right after its first line

export const bootCommand = (image, engine, ...more) => nvlCommand(engine, "--image", image.name, "--append", WORDS, "--memory", `${MEMORY}M`, ...more);

/** Our engines, and QEMU. */
export function compareBoots(image, options, withQemu, progress) {
  const file = (name) => path.join(image.folder, name);
  return measureBoots({
    ...(withQemu && { qemu: qemuCommand("-m", `${MEMORY}`, "-kernel", file(image.kernel), "-initrd", file(image.initrds[0]), "-append", `${image.commandLine} ${WORDS}`) }),
    ...Object.fromEntries(options.engines.map((engine) => [engine, bootCommand(image, engine)])),
  }, options, progress);
}

/** @returns by name of a command `{ seconds, samples, statistics, peakBytes }`, or `{ failure }` */
export async function measureBoots(commands, { rounds, timeout }, progress) {
  const boots = Object.fromEntries(Object.keys(commands).map((name) => [name, { samples: [], peaks: [] }]));
  for (let round = 1; round <= rounds; round++) {
    for (const [name, command] of Object.entries(commands)) {
      progress(`boot ${round} of ${rounds}: ${name}`);
      const boot = boots[name];
      let at;
      const ended = await run(command, { timeout, onLine: (line, now) => { if (line.includes(INIT_LINE)) at ??= now; } });
      if (at === undefined) boot.failure ??= `never printed ${INIT_LINE}`;
      else boot.samples.push(at);
      boot.peaks.push(ended.peakBytes);
      boot.statistics = lastJson(ended.stderr)?.statistics;
    }
  }
  return Object.fromEntries(Object.entries(boots).map(([name, { samples, peaks, statistics, failure }]) =>
    [name, { seconds: failure ? NaN : median(samples), samples, peakBytes: median(peaks), statistics, failure }]));
}
