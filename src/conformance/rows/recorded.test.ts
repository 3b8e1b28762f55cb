// Every engine against the recorded outcomes of a CPU (vectors.ts): the comparison that works on any host.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import { openEngines } from "../engines.ts";
import { COMPARABLE_FORMS } from "./generate.ts";
import { generateCases, judge } from "./judge.ts";
import { createCaseMachine } from "./machine.ts";
import { checksum, decodeVectors } from "./vectors.ts";

const { header, forms } = decodeVectors(readFileSync(new URL("../../../src/conformance/vectors/recorded.bin", import.meta.url)));
const numbers = [...Array(header.casesPerForm).keys()];
/** Forms whose cases are still those that were recorded. */
const usable = COMPARABLE_FORMS.flatMap((form) => {
  const recorded = forms.get(form.name), cases = recorded && generateCases(form, header.seed, numbers);
  return recorded && cases && checksum(cases.map(({ one }) => one)) === recorded.checksum ? [{ form, cases, expected: recorded.outcomes(cases.map(({ one }) => one)) }] : [];
});

test("the recorded outcomes cover the instruction set", () => {
  const share = usable.length / COMPARABLE_FORMS.length;
  assert.ok(share >= 0.95, `only ${usable.length} of ${COMPARABLE_FORMS.length} forms: record them again with npm run vectors`);
});
for (const engine of openEngines()) {
  test(`${engine.name} and ${header.cpu}: ${usable.length} forms, ${header.casesPerForm} recorded cases each`, () => {
    const machine = createCaseMachine(engine);
    // the JIT compiles a module for each case: it gets the first of each form
    const mine = <T>(list: readonly T[]) => engine.name === "jit" ? list.slice(0, 1) : list;
    const bad = usable.map(({ form, cases, expected }) => judge(machine, form, header.seed, mine(numbers), mine(cases), mine(expected), 1)).filter((verdict) => verdict.different > 0);
    assert.equal(bad.length, 0, bad.slice(0, 20).map((verdict) => `${verdict.form.name}: ${verdict.different} of ${verdict.cases} differ\n${verdict.reports.join("\n")}`).join("\n\n"));
  });
}
