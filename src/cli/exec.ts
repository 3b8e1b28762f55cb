// `nvl exec`: a Linux program on a Kitten, as if it were a program of this machine.

import path from "node:path";
import { openSync, writeSync } from "node:fs";
import { SIGNAL_NAMES } from "../abi/linux/signals.ts";
import { exec } from "../embed/exec.ts";
import type { EngineName } from "../embed/protocol.ts";
import { formatBytes } from "../base/text.ts";
import { CALLS } from "../kitten/call/table.ts";
import type { Kitten } from "../kitten/kitten.ts";
import { aligned, seconds, thousands } from "./summary.ts";

export interface ExecCommandOptions {
  root?: string; mount: { host: string; guest: string; readOnly: boolean }[]; env: string[]; cwd?: string; memory: number; cores: number; ranks?: number; engine: EngineName; jitThreshold?: number; codeCache?: number; strace?: boolean; straceTo?: string; stats?: boolean;
}

/** Runs until the program has ended. @returns its exit status, or 128 and the signal that ended it */
export async function execCommand(argv: string[], options: ExecCommandOptions): Promise<number> {
  const root = path.resolve(options.root ?? "/");
  const environment = { ...(options.root === undefined ? process.env : { PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", HOME: "/", TERM: process.env.TERM ?? "dumb" }) };
  for (const entry of options.env) {
    const at = entry.indexOf("=");
    if (at < 0) delete environment[entry];
    else environment[entry.slice(0, at)] = entry.slice(at + 1);
  }
  const log = options.straceTo !== undefined ? openSync(options.straceTo, "w") : options.strace ? 2 : undefined;
  const { outcome, kitten, elapsedMs } = await exec({
    argv, environment: Object.entries(environment).map(([name, value]) => `${name}=${value}`), cwd: options.cwd ?? (options.root === undefined ? process.cwd() : "/"), root,
    mounts: options.mount.map(({ host, ...rest }) => ({ ...rest, host: path.resolve(host) })), memoryBytes: Math.ceil(options.memory / 2 ** 21) * 2 ** 21, cores: options.cores, engine: options.engine, engineOptions: { jitThreshold: options.jitThreshold, codeCacheBytes: options.codeCache }, ranks: options.ranks,
    ...(log !== undefined && { trace: (line: string) => { writeSync(log, `${line}\n`); } }),
  });
  if (options.stats) console.error(statisticsOfKitten(kitten, elapsedMs).join("\n"));
  switch (outcome.kind) {
    case "exit": return outcome.status;
    case "signal":
      if (outcome.signal !== 13 && outcome.signal !== 2) console.error(`nvl: ended by SIG${SIGNAL_NAMES[outcome.signal] ?? outcome.signal}`);
      return 128 + outcome.signal;
    case "stopped": return 130;
    case "stuck":
      console.error(`nvl: ${outcome.message}`);
      return 1;
  }
}

/** Counters of a Kitten; system calls that its cores answered themselves are not seen. */
function statisticsOfKitten(kitten: Kitten, elapsedMs: number): string[] {
  const instructions = kitten.cores.reduce((total, { state }) => total + Number(state.readField("retired")), 0);
  const calls = CALLS.filter(({ number }) => kitten.calls[number] > 0).sort((a, b) => kitten.calls[b.number] - kitten.calls[a.number]);
  return aligned([
    ["time", seconds(elapsedMs)],
    ["instructions", `${thousands(instructions)} (${(instructions / elapsedMs / 1000).toFixed(0)} MIPS)`],
    ["system calls", calls.slice(0, 12).map(({ name, number }) => `${name} ${thousands(kitten.calls[number])}`).join(", ")],
    ["task switches", thousands(kitten.switches)],
    ["memory in use", `${formatBytes((kitten.pmem.frames - kitten.pmem.free()) * 4096)} of ${formatBytes(kitten.pmem.frames * 4096)}`],
  ]);
}
