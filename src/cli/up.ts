// `nvl up` and `nvl validate`: a whole node from a spec.

import { specJsonSchema } from "../api/spec.ts";
import type { Issue } from "../base/error.ts";
import { formatBytes } from "../base/text.ts";
import { startNode, type Ending, type VirtualNode } from "../embed/node.ts";
import type { EngineName, TraceOptions } from "../embed/protocol.ts";
import type { Plan } from "../nvl/plan.ts";
import { createHold } from "./hold.ts";
import { createPrefixer } from "./prefix.ts";
import { describeOutcome, exitStatus } from "./outcome.ts";
import { err, errorLine, issueLines, out, table } from "./output.ts";
import { createScreen } from "./screen.ts";
import { planFile } from "./sources.ts";
import { beginTrace } from "./trace.ts";
import { exitsText, mips, seconds, thousands } from "./summary.ts";

/** Reasons of exits, or system calls, that the summary names. */
const MOST_EXITS = 4;
const NAME_COLOURS = ["cyan", "magenta", "green", "yellow", "blue"] as const;

function printIssues(file: string, issues: readonly Issue[], json?: boolean): number {
  if (json) console.log(JSON.stringify({ valid: false, issues }, undefined, 2));
  else {
    console.error(errorLine(`${file} has ${issues.length} issue${issues.length === 1 ? "" : "s"}; nothing was started`));
    console.error(issueLines(issues).join("\n"));
  }
  return 1;
}

/** Checks a spec and prints what it would start. @returns the exit status */
export function validateCommand(file: string, { json }: { json?: boolean }): number {
  const planned = planFile(file);
  if ("issues" in planned) return printIssues(file, planned.issues, json);
  if (json) console.log(JSON.stringify({ valid: true, plan: planned.plan }, undefined, 2));
  else console.log(planTable(planned.plan));
  return 0;
}

function planTable({ virtualNodes }: Plan): string {
  return table([["NAME", "ZONE", "CORES", "MEMORY", "RUNS"],
    ...virtualNodes.flatMap(({ name, zones, boot, kitten }) => zones.map(({ zone, cores, memoryBytes }, index) => index === 0 ? [name, zone, cores.join(","), formatBytes(memoryBytes), kitten ? kitten.run.join(" ") : boot.kernel] : ["", zone, cores.join(","), formatBytes(memoryBytes), ""]))]);
}

export function schemaCommand(): void {
  console.log(JSON.stringify(specJsonSchema(), undefined, 2));
}

export interface UpOptions { engine: EngineName; jitThreshold?: number; codeCache?: number; trace?: TraceOptions; json?: boolean; top?: boolean }

/** Starts a spec's virtual nodes and stays until all have ended. Ctrl-C stops them. @returns 0 when all powered off, else the first other status */
export async function upCommand(file: string, { engine, jitThreshold, codeCache, trace, json, top }: UpOptions): Promise<number> {
  const planned = planFile(file);
  if ("issues" in planned) return printIssues(file, planned.issues, json);
  const { plan } = planned;
  const event = (what: object) => process.stdout.write(`${JSON.stringify(what)}\n`);
  const width = Math.max(...plan.virtualNodes.map(({ name }) => name.length));
  const prefixers = new Map(plan.virtualNodes.map(({ name }, index) => {
    const colour = out[NAME_COLOURS[index % NAME_COLOURS.length]];
    return [name, createPrefixer(colour(`${name.padEnd(width)} |`), (text) => process.stdout.write(text))];
  }));
  const screen = top && !json ? createScreen(plan.virtualNodes.map(({ name }) => name), () => onSignal(), () => hold.turn()) : undefined;
  const note = (text: string) => {
    if (screen) screen.note(text);
    else if (!json) console.error(`${err.dim("nvl:")} ${text}`);
  };
  const decoders = new Map(plan.virtualNodes.map(({ name }) => [name, new TextDecoder()]));

  const nodes = await startNode(plan, engine, {
    booting: (name, protocol) => json ? event({ event: "booting", name, protocol }) : note(`${name} boots by ${protocol}`),
    output: (name, bytes) => {
      const text = decoders.get(name)!.decode(bytes, { stream: true });
      if (json) event({ event: "output", name, text });
      else if (!screen) prefixers.get(name)!.write(text);
    },
    debugging: (name, address) => json ? event({ event: "debugging", name, address }) : note(`${name}, debugger: target remote ${address}`),
    statistics: (name, statistics) => json ? event({ event: "statistics", name, statistics }) : screen?.look(name, statistics),
  }, { jitThreshold, codeCacheBytes: codeCache, trace: beginTrace(trace && { ...trace, named: plan.virtualNodes.length > 1 }), ...(top && { statisticsMs: 1000 }) });
  const hold = createHold(nodes, note);
  const stopAll = () => { for (const node of nodes) node.stop(); };
  let interrupts = 0;
  const onSignal = () => {
    if (++interrupts > 1) process.exit(130);
    note("stopping all virtual nodes; once more to leave at once");
    stopAll();
  };
  process.on("SIGINT", onSignal);
  process.on("SIGTERM", onSignal);
  try {
    const endings = await Promise.all(nodes.map(async (node) => {
      const one = await ending(node, note);
      screen?.ended(node.name, one instanceof Error ? "failed" : one.outcome.kind);
      return one;
    }));
    screen?.close();
    for (const prefixer of prefixers.values()) prefixer.end();
    if (json) event({ event: "summary", virtualNodes: nodes.map(({ name }, index) => ({ name, ...endings[index] })) });
    else console.log(`\n${summaryTable(nodes, endings)}`);
    return endings.map((one) => one instanceof Error ? 1 : exitStatus(one.outcome)).find((status) => status !== 0) ?? 0;
  } finally {
    screen?.close();
    hold.close();
    process.off("SIGINT", onSignal);
    process.off("SIGTERM", onSignal);
  }
}

/** One node that fails must not hide how the others ended. */
async function ending(node: VirtualNode, note: (text: string) => void): Promise<Ending | Error> {
  try {
    const ended = await node.ended;
    note(`${node.name} ${describeOutcome(ended.outcome)} after ${seconds(ended.statistics.elapsedMs)}`);
    return ended;
  } catch (error) {
    console.error(errorLine((error as Error).message));
    return error as Error;
  }
}

function summaryTable(nodes: readonly VirtualNode[], endings: readonly (Ending | Error)[]): string {
  return table([["NAME", "END", "TIME", "EXECUTING", "INSTRUCTIONS", "SPEED", "MEMORY", "EXITS OR CALLS"], ...nodes.map(({ name }, index) => {
    const one = endings[index];
    if (one instanceof Error) return [name, "failed", "", "", "", "", "", ""];
    const { outcome, statistics } = one;
    return [name, outcome.kind, seconds(statistics.elapsedMs), seconds(statistics.runningMs), thousands(statistics.instructions), mips(statistics), formatBytes(statistics.touchedBytes), exitsText(statistics.exits, MOST_EXITS)];
  })]);
}
