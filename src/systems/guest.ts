// Boots software that is not ours and gives back all that it said.

import { setTimeout as delay } from "node:timers/promises";
import { startNode, type Ending } from "../embed/node.ts";
import { memoryOf, oneZone, type PlannedZone } from "../nvl/plan.ts";
import { DEFAULT_ENGINE, type EngineName, type EngineOptions, type InputRecord } from "../embed/protocol.ts";
import type { FlatKernel } from "../palacios/boot/load.ts";

export interface GuestRun {
  kernel: string;
  initrds?: readonly string[];
  commandLine?: string;
  /** Files of an archive that comes last. */
  files?: Readonly<Record<string, string>>;
  flat?: FlatKernel;
  memoryMiB?: number;
  vcpus?: number;
  /** NUMA zones, in place of memoryMiB and vcpus. */
  zones?: readonly PlannedZone[];
  /** How often it is paused and resumed, from the beginning on, as long as it runs. */
  pauses?: number;
  engine?: EngineName;
  engineOptions?: EngineOptions;
  /** Deterministic, with chance beginning there, and input from a recording. */
  virtualTime?: { seed: number; input?: readonly InputRecord[] };
  /** What is typed, from the beginning. */
  input?: string;
  /** The run is stopped when its output has this, */
  until?: RegExp;
  /** or after so long. */
  limitSeconds?: number;
}
export interface GuestEnd extends Ending { protocol: string; text: string }

/** Output has its carriage returns taken out. */
export async function runGuest({ kernel, initrds = [], commandLine = "", files = {}, flat, memoryMiB = 256, vcpus = 1, zones = oneZone(Array.from({ length: vcpus }, (_, index) => index), memoryMiB * 2 ** 20), pauses = 0, engine = DEFAULT_ENGINE, engineOptions = {}, virtualTime, input = "", until, limitSeconds = 300 }: GuestRun): Promise<GuestEnd> {
  let text = "", protocol = "";
  const decoder = new TextDecoder();
  const [node] = await startNode({ nodeName: "test", totalMemoryBytes: memoryOf({ zones }), virtualNodes: [{
    name: "guest", zones, ...(virtualTime && { virtualTime: { seed: virtualTime.seed } }), boot: { kernel, initrds, commandLine, files, ...(flat && { flat: { address: flat.gpa, mode: flat.mode } }) },
  }] }, engine, {
    booting: (_, name) => { protocol = name; },
    output: (_, bytes) => {
      text += decoder.decode(bytes, { stream: true }).replaceAll("\r", "");
      if (until?.test(text)) node.stop();
    },
  }, { ...engineOptions, input: { guest: virtualTime?.input ?? [] } });
  let waiting: Uint8Array = new TextEncoder().encode(input);
  const feeding = setInterval(() => { waiting = waiting.subarray(node.write(waiting)); }, 10);
  const limit = setTimeout(() => node.stop(), limitSeconds * 1000);
  let running = true;
  const pausing = (async () => {
    for (let times = 0; times < pauses && running; times++) {
      await delay(1 + (times * 7) % 40);
      await node.pause();
      await delay(times % 3);
      await node.resume();
    }
  })();
  try {
    return { ...await node.ended, protocol, text };
  } finally {
    running = false;
    await pausing;
    clearInterval(feeding);
    clearTimeout(limit);
  }
}
