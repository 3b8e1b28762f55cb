// Every row on every engine against the host's CPU, with new random numbers each time. NVL_SEED repeats a finding.
import { openEngines } from "../dist/conformance/engines.js";
import { COMPARABLE_FORMS } from "../dist/conformance/rows/generate.js";
import { openHostCpu } from "../dist/conformance/host/host.js";
import { generateCases, judge } from "../dist/conformance/rows/judge.js";
import { createCaseMachine } from "../dist/conformance/rows/machine.js";

const CASES = 100;

export async function fuzz(seconds) {
  const host = openHostCpu(), machines = openEngines().map(createCaseMachine), end = Date.now() + 1000 * seconds;
  if (host === undefined) return "skipped: needs x86-64 Linux with gcc";
  const numbers = [...Array(CASES).keys()];
  let seed = Number(process.env.NVL_SEED ?? Date.now() % 1e9), count = 0;
  for (; Date.now() < end; seed++) {
    // rows in a random order, so that a short run is not always of the first ones
    const order = COMPARABLE_FORMS.map((form) => [Math.random(), form]).sort(([a], [b]) => a - b).map(([, form]) => form);
    for (const form of order) {
      if (Date.now() >= end) break;
      const cases = generateCases(form, seed, numbers), expected = host.run(cases.map(({ one }) => one));
      for (const machine of machines) {
        const { different, reports } = judge(machine, form, seed, numbers, cases, expected, 1);
        if (different > 0) throw new Error(reports.join("\n"));
        count += CASES;
      }
    }
  }
  return `${count} cases agree with ${host.model}`;
}
