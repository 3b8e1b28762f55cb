// What a run did, in figures.

import { formatBytes } from "../base/text.ts";
import type { JitStatistics, LiveStatistics, Statistics } from "../embed/protocol.ts";

const seconds = (ms: number) => `${(ms / 1000).toFixed(2)} s`;
const milliseconds = (ms: number) => `${ms.toFixed(ms < 10 ? 1 : 0)} ms`;
const thousands = (value: number) => value.toLocaleString("en-US").replaceAll(",", " ");

export const mips = ({ instructions, runningMs }: Pick<Statistics, "instructions" | "runningMs">) => `${(runningMs > 0 ? instructions / runningMs / 1000 : 0).toFixed(0)} MIPS`;

/** Counts by name, the most frequent first; what never happened is left out. */
export const exitsText = (exits: Readonly<Record<string, number>>, most = Infinity) =>
  Object.entries(exits).filter(([, count]) => count > 0).sort((a, b) => b[1] - a[1]).slice(0, most).map(([reason, count]) => `${reason} ${thousands(count)}`).join(", ") || "none";

const jitRows = ({ live, executed, regions, dropped, evicted, modules, instructions, codeBytes, compileMs, pausedMs, longestMs, exits }: JitStatistics, all: number): [string, string][] => [
  ["regions", `${thousands(live)} live; ${thousands(regions)} made, ${thousands(dropped)} dropped, ${thousands(evicted)} evicted`],
  ["compiled", `${thousands(instructions)} instructions to ${formatBytes(codeBytes)} of Wasm in ${thousands(modules)} modules`],
  ["compile time", `${seconds(compileMs)}, waited for ${seconds(pausedMs)}, longest pause ${milliseconds(longestMs)}`],
  ["by compiled code", `${thousands(executed)} (${(all > 0 ? executed / all * 100 : 0).toFixed(1)} %)`],
  ["region exits", exitsText(exits)],
];

/** All counters of one virtual node, a line each, aligned. */
export function statisticsLines(statistics: Statistics | LiveStatistics): string[] {
  const rows: [string, string][] = [
    ["time", `${seconds(statistics.elapsedMs)}, ${seconds(statistics.runningMs)} of it executing`],
    ["instructions", `${thousands(statistics.instructions)} (${mips(statistics)})`],
    ["exits", exitsText(statistics.exits)],
    ["interrupts", thousands(statistics.interrupts)],
    ["page faults", thousands(statistics.pageFaults)],
    ["TLB misses", thousands(statistics.tlbMisses)],
    ["blocks decoded", `${thousands(statistics.blocksDecoded)}, ${thousands(statistics.codeInvalidations)} overwritten`],
    ...(statistics.jit ? jitRows(statistics.jit, statistics.instructions) : []),
    ...("touchedBytes" in statistics ? [["memory touched", formatBytes(statistics.touchedBytes)] as [string, string]] : []),
    ["resets", thousands(statistics.resets)],
    ...(statistics.fingerprint ? [["fingerprint", statistics.fingerprint] as [string, string]] : []),
  ];
  return aligned(rows);
}
/** Two columns. */
export function aligned(rows: readonly [string, string][]): string[] {
  const width = Math.max(...rows.map(([name]) => name.length));
  return rows.map(([name, value]) => `${name.padEnd(width)}  ${value}`);
}

export { seconds, thousands };
