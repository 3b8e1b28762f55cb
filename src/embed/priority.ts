// Threads that compile step back behind those that execute guests: a vCPU that waits for a core costs more than code that comes a little later.
// Only Linux has a niceness of threads (setpriority(2), C library/kernel differences); elsewhere nothing happens.

import { readdirSync, readlinkSync } from "node:fs";
import { constants, getPriority, setPriority } from "node:os";

/** V8's own threads optimize what another thread of ours has compiled: the first is worth less than the second (docs/adr/0014-tiers.md). */
export const NICENESS = { optimizing: 10, compiling: 3 } as const;

function lower(thread: number, by: number): void {
  setPriority(thread, Math.min(constants.priority.PRIORITY_LOW, getPriority(thread) + by));
}

/** The thread that calls this steps back. */
export function stepBack(by: number): void {
  if (process.platform === "linux") lower(Number(readlinkSync("/proc/thread-self").split("/").at(-1)), by);
}

/** All threads of the process but the main one step back. Called before there are others, that means V8's. */
export function othersStepBack(by: number): void {
  if (process.platform !== "linux") return;
  for (const thread of readdirSync("/proc/self/task").map(Number)) if (thread !== process.pid) lower(thread, by);
}
