// Runs cases of a form on machines and compares with what is known to be right.

import type { Form } from "../../isa/forms.ts";
import type { Outcome } from "./case.ts";
import { differences } from "./compare.ts";
import { generateCase, type Generated } from "./generate.ts";
import type { CaseMachine } from "./machine.ts";
import { report } from "./report.ts";

export interface Verdict {
  form: Form;
  engine: string;
  cases: number;
  different: number;
  /** the first differences, in words */
  reports: string[];
}

/** Cases of a form, by number. */
export function generateCases(form: Form, seed: number, numbers: readonly number[]): Generated[] {
  return numbers.map((number) => generateCase(form, seed, number));
}

/** Compares one machine with the expected outcomes of these cases. A machine that throws differs. */
export function judge(machine: CaseMachine, form: Form, seed: number, numbers: readonly number[], cases: readonly Generated[], expected: readonly Outcome[], show: number): Verdict {
  const verdict: Verdict = { form, engine: machine.engine, cases: cases.length, different: 0, reports: [] };
  cases.forEach((generated, index) => {
    let lines: string[];
    try {
      lines = differences(generated, expected[index]!, machine.run(generated.one));
    } catch (thrown) {
      lines = [`the engine has thrown ${(thrown as Error).stack?.split("\n").slice(0, 3).join(" ")}`];
    }
    if (lines.length === 0) return;
    if (verdict.different++ < show) verdict.reports.push(report(machine.engine, seed, numbers[index]!, generated, expected[index]!, lines));
  });
  return verdict;
}
