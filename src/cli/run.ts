// `nvl run`: one virtual node whose console is this terminal, or standard input and output when they are pipes.

import path from "node:path";
import type { EngineName, TraceOptions } from "../embed/protocol.ts";
import { startNode } from "../embed/node.ts";
import { planNode } from "../nvl/plan.ts";
import { parseSpec } from "../api/spec.ts";
import { createEscape } from "./escape.ts";
import { createHold } from "./hold.ts";
import { feed } from "./feed.ts";
import { describeOutcome, exitStatus } from "./outcome.ts";
import { readRecording, writeRecording } from "./recording.ts";
import { err, errorLine, issueLines } from "./output.ts";
import { hostSources } from "./sources.ts";
import { statisticsLines } from "./summary.ts";
import { createTicker } from "./top.ts";
import { beginTrace } from "./trace.ts";

/** A NUMA zone, and its distances to all of them. */
export interface ZoneOption { cores: number; memory: number; distances?: number[] }

export interface RunOptions {
  image?: string; kernel?: string; initrd: string[]; append: string; memory: number; cpus: number; sockets: number; zone: ZoneOption[];
  flat?: { address: number; mode: "real" | "protected" | "long" };
  gdb?: string; gdbWait?: boolean;
  engine: EngineName; jitThreshold?: number; codeCache?: number; trace?: TraceOptions; stats?: boolean; statsEvery?: number; json?: boolean;
  deterministic?: boolean; seed?: number; record?: string; replay?: string;
}

/** QEMU's. */
const DEFAULT_GDB = ":1234";

/** The options as a spec of one virtual node, so that both ways in are checked by the same rules. */
function specOf({ image, kernel, initrd, append, memory, cpus, sockets, zone, flat, deterministic, record, replay, seed, gdb, gdbWait }: RunOptions): object {
  return {
    node: { zones: zone.length > 0 ? zone : [{ cores: cpus, memory }] },
    virtualNodes: [{ name: "vm", ...(zone.length > 0 ? { zones: zone.map(({ cores, memory: bytes }, index) => ({ zone: index, cores, memory: bytes, sockets })) } : { cores: cpus, memory, sockets }), ...((deterministic || record || replay) && { time: "virtual" }), ...(seed !== undefined && { seed }),
      ...((gdb !== undefined || gdbWait) && { debug: { gdb: gdb ?? DEFAULT_GDB, wait: gdbWait ?? false } }), stack: { vm: {
      ...((image || !kernel) && { image: image ?? "debian" }), ...(kernel && { kernel }), ...(initrd.length > 0 && { initrd }), append, ...(flat && { flat }),
    } } }],
  };
}

/** Which option a path of the spec came from. */
const optionOf = (specPath: string) => {
  const name = /\/(zones)(\/|$)/.exec(specPath) ? "zone" : /\/(kernel|initrd|append|memory|cores|sockets|image|flat|gdb)(\/|$)/.exec(specPath)?.[1];
  return name ? `--${name === "cores" ? "cpus" : name}` : specPath;
};

/** Boots and stays until the guest ends. @returns the exit status */
export async function runCommand(options: RunOptions): Promise<number> {
  const parsed = parseSpec(specOf(options));
  const planned = "issues" in parsed ? parsed : planNode(parsed.spec, hostSources(path.resolve(".")));
  if ("issues" in planned) {
    console.error(errorLine("the virtual node cannot be started"));
    console.error(issueLines(planned.issues.map(({ path: at, message }) => ({ path: optionOf(at), message }))).join("\n"));
    return 1;
  }
  const terminal = process.stdin.isTTY === true;
  const tick = createTicker((line) => process.stderr.write(`${line}${terminal && process.stderr.isTTY ? "\r\n" : "\n"}`), options.json === true);
  const [vm] = await startNode(planned.plan, options.engine, {
    output: (_, bytes) => { process.stdout.write(bytes); },
    statistics: (_, statistics) => tick(statistics),
    debugging: (_, address) => { console.error(`${err.dim("nvl:")} debugger: target remote ${address}`); },
  }, { jitThreshold: options.jitThreshold, codeCacheBytes: options.codeCache, trace: beginTrace(options.trace), statisticsMs: options.statsEvery && options.statsEvery * 1000, ...(options.replay && { input: { vm: readRecording(options.replay) } }) });

  const say = (text: string) => process.stderr.write(`\r\n[${text}]\r\n`), hold = createHold([vm], say);
  const escape = createEscape({ quit: () => vm.stop(), pause: hold.turn, help: () => say("Ctrl-] then q leaves, p pauses and goes on, Ctrl-] again sends it to the guest") });
  if (terminal) process.stdin.setRawMode(true);
  const stopFeeding = feed(process.stdin, terminal ? escape : (bytes) => bytes, vm.write);
  const onSignal = () => vm.stop();
  process.on("SIGTERM", onSignal);
  process.on("SIGHUP", onSignal);
  if (!terminal) process.on("SIGINT", onSignal);
  try {
    const { outcome, statistics, input } = await vm.ended;
    if (options.record) writeRecording(options.record, input ?? []);
    if (terminal) process.stdin.setRawMode(false);
    if (outcome.kind !== "power-off") console.error(`${terminal ? "\n" : ""}${err.yellow("nvl:")} ${describeOutcome(outcome)}`);
    if (options.stats) console.error(options.json ? JSON.stringify({ outcome, statistics }) : statisticsLines(statistics).join("\n"));
    return terminal && outcome.kind === "stopped" ? 0 : exitStatus(outcome);
  } finally {
    if (terminal) process.stdin.setRawMode(false);
    stopFeeding();
    hold.close();
    for (const signal of ["SIGTERM", "SIGHUP", "SIGINT"] as const) process.off(signal, onSignal);
  }
}
