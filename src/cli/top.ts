// Counters while guests run: what happened since the last look, as `top` and `vmstat` show it.

import type { LiveStatistics } from "../embed/protocol.ts";
import { out } from "./output.ts";
import { seconds } from "./summary.ts";

/** A count in at most four characters and a unit: 950, 9.5k, 12M. */
export function short(value: number): string {
  for (const [unit, size] of [["G", 1e9], ["M", 1e6], ["k", 1e3]] as const)
    if (value >= size * 0.9995) return `${(value / size).toFixed(value < size * 9.95 ? 1 : 0)}${unit}`;
  return String(Math.round(value));
}

/** What changed between two looks, per second where it is a count. */
export interface Rates { busy: number; mips: number; perSecond(of: (statistics: LiveStatistics) => number): number }

export function rates(now: LiveStatistics, before: LiveStatistics | undefined): Rates {
  const from = (of: (statistics: LiveStatistics) => number) => of(now) - (before ? of(before) : 0);
  const elapsedMs = Math.max(1, from(({ elapsedMs }) => elapsedMs)), runningMs = from(({ runningMs }) => runningMs);
  return { busy: Math.min(1, runningMs / elapsedMs), mips: runningMs > 0 ? from(({ instructions }) => instructions) / runningMs / 1000 : 0, perSecond: (of) => from(of) / elapsedMs * 1000 };
}

export const TOP_HEADING = ["NAME", "TIME", "CPU%", "MIPS", "INSTR/s", "IRQ/s", "FAULT/s", "TLBMISS/s", "REGIONS", "EXIT/s", "COMPILE"];

/** One virtual node as a row; its regions and their exits where it has a JIT. */
export function topRow(name: string, now: LiveStatistics, before?: LiveStatistics): string[] {
  const { busy, mips, perSecond } = rates(now, before);
  const { jit } = now, exits = (statistics: LiveStatistics) => Object.values(statistics.jit?.exits ?? {}).reduce((sum, count) => sum + count, 0);
  return [
    name, seconds(now.elapsedMs), (busy * 100).toFixed(0), mips.toFixed(0), ...[perSecond(({ instructions }) => instructions), perSecond(({ interrupts }) => interrupts), perSecond(({ pageFaults }) => pageFaults),
      perSecond(({ tlbMisses }) => tlbMisses)].map(short), jit ? short(jit.live) : "-", jit ? short(perSecond(exits)) : "-", jit ? `${jit.compileMs.toFixed(0)} ms` : "-",
  ];
}

/** Why compiled code was left since the last look, the most frequent first. */
export function exitShares(now: LiveStatistics, before?: LiveStatistics): string {
  const counts = Object.entries(now.jit?.exits ?? {}).map(([reason, count]) => [reason, count - (before?.jit?.exits[reason] ?? 0)] as const).filter(([, count]) => count > 0);
  const all = counts.reduce((sum, [, count]) => sum + count, 0);
  return counts.sort((a, b) => b[1] - a[1]).map(([reason, count]) => `${reason} ${(count / all * 100).toFixed(0)} %`).join(", ");
}

/** The name to the left, figures to the right. */
function columns(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  return rows.map((row) => row.map((cell, column) => column === 0 ? cell.padEnd(widths[0]) : cell.padStart(widths[column])).join("  "));
}

/** A page of all virtual nodes for a terminal. */
export function topPage(nodes: readonly { name: string; now: LiveStatistics | undefined; before?: LiveStatistics; ended?: string }[]): string {
  const [heading, ...rows] = columns([TOP_HEADING, ...nodes.map(({ name, now, before, ended }) => now ? topRow(ended ? `${name} (${ended})` : name, now, before) : [name, ...TOP_HEADING.slice(1).map(() => "-")])]);
  const exits = nodes.flatMap(({ name, now, before }) => (now?.jit && exitShares(now, before) ? [`${name} left compiled code for: ${exitShares(now, before)}`] : []));
  return [out.bold(heading), ...rows, ...(exits.length > 0 ? ["", ...exits] : [])].join("\n");
}

/** For `nvl run`: a line for each look, with a heading every so many lines, so that it can be followed in a file. */
export function createTicker(print: (line: string) => void, json: boolean): (statistics: LiveStatistics) => void {
  const widths = [9, 5, 6, 8, 7, 8, 10, 8, 8, 9], HEADING_EVERY = 20;
  const line = (cells: readonly string[]) => cells.map((cell, index) => cell.padStart(widths[index])).join(" ");
  let before: LiveStatistics | undefined, lines = 0;
  return (statistics) => {
    if (json) print(JSON.stringify({ statistics }));
    else {
      if (lines++ % HEADING_EVERY === 0) print(line(TOP_HEADING.slice(1)));
      print(line(topRow("", statistics, before).slice(1)));
    }
    before = statistics;
  };
}
