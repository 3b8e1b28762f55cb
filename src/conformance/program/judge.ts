// The same programs on the host's CPU and on engines, in one run and in slices.

import { openEngines } from "../engines.ts";
import { generateProgram } from "./generate.ts";
import { openHostPrograms } from "./host.ts";
import { createProgramMachine, type ProgramMachine } from "./machine.ts";
import { outcomeDifferences, type ProgramOutcome } from "./program.ts";

/** The JIT compiles a block when it is executed for the first, second, third, twentieth time. */
export const ENGINES = ["interp", "jit", "jit2", "jit3", "jit20"];

export interface ProgramJudge {
  /** whether the host's CPU takes part; else engines are compared with the first of them */
  readonly host: boolean;
  /** @returns what differs first, in words that name seed and engine */
  judge(seeds: readonly number[]): string[];
}

/** Cheap and seldom equal for two seeds, so that slices end everywhere. */
const sliceOf = (seed: number) => 1 + Math.imul(seed, 0x9e3779b1) >>> 0 & 0x3ff;

export function createProgramJudge(names: readonly string[] = ENGINES): ProgramJudge {
  const host = openHostPrograms(), engines = openEngines(names);
  const machines: ProgramMachine[] = engines.map((engine, index) => createProgramMachine(engine, names[index]));
  const judge = (seeds: readonly number[]): string[] => {
    const programs = seeds.map(generateProgram), expected = host?.(programs);
    return seeds.flatMap((seed, index): string[] => {
      let right: ProgramOutcome | undefined = expected?.[index];
      // the host's time ran out: only engines can be compared, which count instructions
      let by = "the host";
      if (right?.end === -1n) right = undefined;
      for (const machine of machines) for (const slice of [100_000, sliceOf(seed)]) {
        const found = machine.run(programs[index], slice);
        if (found.late) continue;
        if (!right) {
          right = found;
          by = `${machine.name} in slices of ${slice}`;
          continue;
        }
        // what takes longer than engines may take is not wrong
        if (found.end === -1n && by === "the host") continue;
        if (found.end === -1n && slice !== 100_000) continue;
        const lines = outcomeDifferences(right, found);
        if (lines.length > 0) return [`program ${seed} on ${machine.name} in slices of ${slice} (expected by ${by} ≠ found)`, ...lines.slice(0, 12).map((line) => `  ${line}`)];
      }
      return [];
    });
  };
  return { host: host !== undefined, judge };
}
