// What a run did, in figures.

import { formatBytes } from "../base/text.ts";
import type { Statistics } from "../embed/protocol.ts";

const seconds = (ms: number) => `${(ms / 1000).toFixed(2)} s`;
const thousands = (value: number) => value.toLocaleString("en-US").replaceAll(",", " ");

export const mips = ({ instructions, runningMs }: Statistics) => `${(instructions / runningMs / 1000).toFixed(0)} MIPS`;

export const exitsText = (exits: Readonly<Record<string, number>>) =>
  Object.entries(exits).sort((a, b) => b[1] - a[1]).map(([reason, count]) => `${reason} ${thousands(count)}`).join(", ");

/** All counters of one virtual node, a line each, aligned. */
export function statisticsLines(statistics: Statistics): string[] {
  const rows: [string, string][] = [
    ["time", `${seconds(statistics.elapsedMs)}, ${seconds(statistics.runningMs)} of it executing`],
    ["instructions", `${thousands(statistics.instructions)} (${mips(statistics)})`],
    ["exits", exitsText(statistics.exits)],
    ["interrupts", thousands(statistics.interrupts)],
    ["page faults", thousands(statistics.pageFaults)],
    ["TLB misses", thousands(statistics.tlbMisses)],
    ["blocks decoded", thousands(statistics.blocksDecoded)],
    ["memory touched", formatBytes(statistics.touchedBytes)],
    ["resets", thousands(statistics.resets)],
  ];
  const width = Math.max(...rows.map(([name]) => name.length));
  return rows.map(([name, value]) => `${name.padEnd(width)}  ${value}`);
}

export { seconds, thousands };
