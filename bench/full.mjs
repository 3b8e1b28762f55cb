// The programs on every machine, in interleaved rounds.
import { runPrograms } from "./run.mjs";
import { median, spread } from "./statistics.mjs";

/** Seconds by which a guest's clock may be off from the host's, whose markers travel over a console. */
const CLOCK_SLACK = (seconds) => 0.05 + seconds * 0.1;

/** @returns rows of `{ name, group, seconds, spread, samples, clocks }` (medians by machine; machines whose clock is off), failures, and what the engines counted */
export async function runRounds(machines, programs, { rounds, scale, timeout }, progress) {
  const samples = new Map(programs.map(({ name }) => [name, Object.fromEntries(machines.map((machine) => [machine.name, []]))]));
  const expected = new Map(), failures = new Set(), counted = {};
  for (let round = 1; programs.length > 0 && round <= rounds; round++) {
    for (const machine of machines) {
      progress(`round ${round} of ${rounds}: ${machine.name}`);
      const words = programs.filter(({ name }) => !machine.omits?.includes(name)).map(({ name }) => `${name}@${scale}`);
      const { found, counted: statistics } = await runPrograms(machine, words, timeout);
      if (statistics.length > 0) (counted[machine.name] ??= []).push(...statistics);
      for (const [name, { failure, checksum, seconds, hostSeconds }] of found) {
        if (!failure && !expected.has(name)) expected.set(name, checksum); // the host is first
        if (failure || checksum !== expected.get(name)) failures.add(`${name} on ${machine.name}: ${failure ?? `computed ${checksum}, the host ${expected.get(name)}`}`);
        else samples.get(name)?.[machine.name].push({ seconds, hostSeconds });
      }
    }
  }
  const rows = programs.map(({ name, group }) => {
    const by = samples.get(name);
    const each = (of) => Object.fromEntries(machines.map((machine) => [machine.name, of(by[machine.name])]));
    const seconds = each((list) => median(list.map((sample) => sample.seconds)));
    const hostSeconds = each((list) => median(list.map((sample) => sample.hostSeconds)));
    const clocks = machines.map((machine) => machine.name).filter((machine) => Math.abs(seconds[machine] - hostSeconds[machine]) > CLOCK_SLACK(seconds[machine]));
    return { name, group, seconds, hostSeconds, spread: each((list) => spread(list.map((sample) => sample.seconds))), samples: by, clocks };
  });
  return { rows, failures: [...failures], counted };
}
