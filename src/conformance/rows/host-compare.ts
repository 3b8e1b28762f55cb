// Compares engines with this host's CPU: `node dist/conformance/rows/host-compare.js --mnemonic shl --cases 1000 --engine oracle`.
// See docs/how-to/test-an-instruction.md.

import { parseArgs } from "node:util";
import { openEngines } from "../engines.ts";
import { COMPARABLE_FORMS } from "./generate.ts";
import { openHostCpu } from "../host/host.ts";
import { generateCases, judge } from "./judge.ts";
import { createCaseMachine } from "./machine.ts";

const { values } = parseArgs({ options: {
  mnemonic: { type: "string" }, row: { type: "string" }, cases: { type: "string", default: "300" }, engine: { type: "string", default: "oracle,interp" },
  seed: { type: "string", default: "1" }, case: { type: "string" }, show: { type: "string", default: "2" }, help: { type: "boolean" },
} });
if (values.help) {
  console.log("host-compare [--mnemonic NAME,…] [--row TEXT] [--cases 300] [--engine oracle,interp] [--seed 1] [--case NUMBER] [--show 2]");
  process.exit(0);
}
const host = openHostCpu();
if (host === undefined) {
  console.error("host-compare needs x86-64 Linux with gcc");
  process.exit(2);
}
const mnemonics = values.mnemonic?.split(","), seed = Number(values.seed), show = Number(values.show);
const forms = COMPARABLE_FORMS.filter((form) => (!mnemonics || mnemonics.includes(form.mnemonic)) && (!values.row || form.row.includes(values.row) || form.name.includes(values.row)));
const machines = openEngines(values.engine.split(",")).map(createCaseMachine);
const totals = { cases: 0, different: 0, forms: 0, differentForms: 0 };
for (const form of forms) {
  const numbers = values.case !== undefined ? [Number(values.case)] : [...Array(Number(values.cases)).keys()];
  const cases = generateCases(form, seed, numbers);
  const expected = host.run(cases.map(({ one }) => one));
  for (const machine of machines) {
    const verdict = judge(machine, form, seed, numbers, cases, expected, show);
    totals.forms++;
    totals.cases += verdict.cases;
    totals.different += verdict.different;
    if (verdict.different === 0) continue;
    totals.differentForms++;
    for (const text of verdict.reports) console.log(`${text}\n`);
    console.log(`${machine.engine}: ${form.name}: ${verdict.different} of ${verdict.cases} cases differ\n`);
  }
}
console.log(`${host.model}: ${totals.cases} cases of ${totals.forms} forms; ${totals.different} cases of ${totals.differentForms} forms differ`);
process.exitCode = totals.different > 0 ? 1 : 0;
