// The test "every row against the host's CPU" for one engine; a file per engine, so that they run side by side.

import assert from "node:assert/strict";
import test from "node:test";
import { openEngines } from "./engines.ts";
import { COMPARABLE_FORMS } from "./generate.ts";
import { openHostCpu } from "./host/host.ts";
import { generateCases, judge } from "./judge.ts";
import { createCaseMachine } from "./machine.ts";

/** NVL_CASES: cases per form; NVL_SEED: other random numbers (`npm run test:full`). */
const CASES = Number(process.env.NVL_CASES ?? 300), SEED = Number(process.env.NVL_SEED ?? 1);

export function testAgainstHost(engineName: string): void {
  const host = openHostCpu();
  const [engine] = openEngines([engineName]);
  if (host === undefined || engine === undefined) {
    test(`every row on ${engineName} and the host's CPU`, { skip: engine ? "needs x86-64 Linux with gcc" : `${engineName} is not built` }, () => {});
    return;
  }
  const machine = createCaseMachine(engine), numbers = [...Array(CASES).keys()];
  for (const mnemonic of new Set(COMPARABLE_FORMS.map((form) => form.mnemonic))) {
    test(`${mnemonic}: ${engineName} and ${host.model}, ${CASES} cases per form, seed ${SEED}`, () => {
      const forms = COMPARABLE_FORMS.filter((form) => form.mnemonic === mnemonic);
      const cases = forms.map((form) => generateCases(form, SEED, numbers));
      const expected = host.run(cases.flat().map(({ one }) => one));
      const verdicts = forms.map((form, index) => judge(machine, form, SEED, numbers, cases[index]!, expected.slice(index * CASES, (index + 1) * CASES), 1));
      const bad = verdicts.filter((verdict) => verdict.different > 0);
      assert.equal(bad.length, 0, bad.map((verdict) => `${verdict.form.name}: ${verdict.different} of ${verdict.cases} differ\n${verdict.reports.join("\n")}`).join("\n\n"));
    });
  }
}
