// The test "every row against the host's CPU", in parts so that they run side by side.

import assert from "node:assert/strict";
import test from "node:test";
import { openEngines } from "../engines.ts";
import { COMPARABLE_FORMS } from "./generate.ts";
import { openHostCpu } from "../host/host.ts";
import { generateCases, judge } from "./judge.ts";
import { createCaseMachine } from "./machine.ts";

/** NVL_CASES: cases per form; NVL_SEED: other random numbers (`npm run test:full`). */
const CASES = Number(process.env.NVL_CASES ?? 300), SEED = Number(process.env.NVL_SEED ?? 1);
/** Cases in memory at a time. */
const BATCH = 2000;
/** The JIT compiles a module for each case: it gets one of so many. */
const EVERY_FOR_JIT = 150;

/** Tests every `parts`-th mnemonic, on all engines that are built. */
export function testAgainstHost(part: number, parts: number): void {
  const host = openHostCpu();
  if (host === undefined) {
    test("every row against the host's CPU", { skip: "needs x86-64 Linux with gcc" }, () => {});
    return;
  }
  const machines = openEngines().map(createCaseMachine), names = machines.map(({ engine }) => engine).join(" and ");
  const mnemonics = [...new Set(COMPARABLE_FORMS.map((form) => form.mnemonic))].filter((_, index) => index % parts === part);
  for (const mnemonic of mnemonics) {
    test(`${mnemonic}: ${names} against ${host.model}, ${CASES} cases per form, seed ${SEED}`, () => {
      const failures: string[] = [];
      for (const form of COMPARABLE_FORMS.filter((one) => one.mnemonic === mnemonic)) {
        for (let first = 0; first < CASES; first += BATCH) {
          const numbers = Array.from({ length: Math.min(BATCH, CASES - first) }, (_, index) => first + index);
          const cases = generateCases(form, SEED, numbers), expected = host.run(cases.map(({ one }) => one));
          for (const machine of machines) {
            const every = machine.engine === "jit" ? EVERY_FOR_JIT : 1, mine = <T>(list: readonly T[]) => list.filter((_, index) => index % every === 0);
            const { different, reports } = judge(machine, form, SEED, mine(numbers), mine(cases), mine(expected), 1);
            if (different > 0) failures.push(`${machine.engine}: ${form.name}: ${different} of ${cases.length} differ\n${reports.join("\n")}`);
          }
        }
      }
      assert.equal(failures.length, 0, failures.join("\n\n"));
    });
  }
}
