#!/usr/bin/env node
// The command line. It knows where it runs; everything else it does through the library. What a command needs is loaded when it is given.

import { existsSync, readFileSync } from "node:fs";
import { Command, CommanderError, InvalidArgumentError, Option } from "commander";
import { parseBytes } from "../base/text.ts";
import { NvlError } from "../base/error.ts";
import { DEFAULT_ENGINE, ENGINE_NAMES, TRACES } from "../embed/protocol.ts";
import { NICENESS, othersStepBack } from "../embed/priority.ts";
import type { ExecCommandOptions } from "./exec.ts";
import { parseTrace } from "./trace.ts";
import { setV8Flags } from "./v8-flags.ts";
import type { RunOptions, ZoneOption } from "./run.ts";
import type { UpOptions } from "./up.ts";

/** Exit status of a command line that makes no sense, or names what is not there. */
const STATUS_USAGE = 1;

const version = (JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as { version: string }).version;

const size = (text: string): number => {
  const bytes = parseBytes(text);
  if (bytes === undefined) throw new InvalidArgumentError("a whole number of bytes with an optional unit K, M or G is allowed (512M, 2GiB).");
  return bytes;
};
const count = (text: string): number => {
  if (!/^[1-9]\d*$/.test(text)) throw new InvalidArgumentError("a positive whole number is allowed.");
  return Number(text);
};
const coreCount = (text: string): number => {
  if (count(text) > 16) throw new InvalidArgumentError("1 to 16 are allowed.");
  return count(text);
};
const threshold = (text: string): number => {
  if (!/^\d{1,5}$/.test(text)) throw new InvalidArgumentError("a whole number from 0, to compile at once, to 65535 is allowed.");
  return Number(text);
};
const codeCache = (text: string): number => {
  const bytes = size(text);
  if (bytes < 2 ** 20 || bytes > 2 ** 32) throw new InvalidArgumentError("1M to 4G are allowed.");
  return bytes;
};
const period = (text: string): number => {
  const seconds = Number(text);
  if (!(seconds >= 0.1 && seconds <= 3600)) throw new InvalidArgumentError("0.1 to 3600 seconds are allowed.");
  return seconds;
};
const flat = (text: string): RunOptions["flat"] => {
  const match = /^(0x[0-9a-f]+|\d+):(real|protected|long)$/i.exec(text);
  if (!match) throw new InvalidArgumentError("ADDRESS:MODE is allowed, with mode real, protected or long (0x7c00:real).");
  return { address: Number(match[1]), mode: match[2].toLowerCase() as "real" };
};
const zone = (text: string, before: ZoneOption[]): ZoneOption[] => {
  const match = /^(\d+):(\w+)(?::(\d+(?:,\d+)*))?$/.exec(text), memory = match && parseBytes(match[2]);
  if (!match || memory === undefined || memory === null) throw new InvalidArgumentError("CPUS:MEMORY or CPUS:MEMORY:DISTANCES is allowed, with a distance to every zone (2:256M:10,21).");
  return [...before, { cores: Number(match[1]), memory, ...(match[3] && { distances: match[3].split(",").map(Number) }) }];
};
const mount = (text: string, before: ExecCommandOptions["mount"]) => {
  const match = /^([^:]+):(\/[^:]*?)\/*(:ro)?$/.exec(text);
  if (!match) throw new InvalidArgumentError("HOST:GUEST or HOST:GUEST:ro is allowed, with an absolute GUEST.");
  return [...before, { host: match[1], guest: match[2] || "/", readOnly: match[3] !== undefined }];
};
const collect = (text: string, before: string[]) => [...before, text];
const engineOption = () => new Option("--engine <name>", "what executes guest code").choices(ENGINE_NAMES as string[]).default(DEFAULT_ENGINE);

const traceOption = () => new Option("--trace <topics[:file]>", `a comma list of ${TRACES.join(", ")}; to standard error, or a file`).env("NVL_TRACE").argParser(parseTrace);
const thresholdOption = () => new Option("--jit-threshold <n>", "how often the JIT lets a block be entered before it is compiled").argParser(threshold);
const codeCacheOption = () => new Option("--code-cache <size>", "memory of this machine that compiled code of one virtual CPU may take (default: 128M)").argParser(codeCache);

/** The build's bundle, where there is one: many modules take long to load. */
async function loadExec(): Promise<typeof import("./exec.ts")> {
  const bundle = new URL("../bundle/exec.js", import.meta.url);
  return existsSync(bundle) ? import(bundle.href) : import("./exec.ts");
}

function createProgram(): Command {
  const program = new Command("nvl").description("Divides one x86-64 node into virtual nodes that run different stacks side by side.")
    .version(version).enablePositionalOptions().exitOverride().showHelpAfterError("(nvl --help lists commands and options)");

  program.command("run").description("boot one virtual node, its console on this terminal (Ctrl-] then q leaves, p pauses)")
    .option("--image <name>", "image of the local store: gives kernel, initrd and command line")
    .option("--kernel <file>", "bzImage, vmlinux, PVH or Multiboot 1 ELF, or a flat binary")
    .option("--initrd <file>", "may be given several times: concatenated, or modules for Multiboot", collect, [])
    .option("--append <words>", "words added to the kernel's command line", "")
    .option("--memory <size>", "RAM, such as 512M", size, 512 * 2 ** 20)
    .option("--cpus <n>", "virtual CPUs, 1 to 16", count, 1)
    .option("--sockets <n>", "sockets that they are in, of each zone", count, 1)
    .option("--zone <cpus:memory[:distances]>", "a NUMA zone, in place of --cpus and --memory; may be given several times (--zone 2:256M:10,21 --zone 2:256M:21,10)", zone, [])
    .option("--flat <address:mode>", "the kernel is a flat binary, entered at its first byte", flat)
    .option("--gdb <address>", "a debugger may connect at PORT or HOST:PORT (:1234)")
    .option("--gdb-wait", "nothing runs before the debugger says so; implies --gdb :1234")
    .addOption(engineOption())
    .addOption(thresholdOption())
    .addOption(codeCacheOption())
    .addOption(traceOption())
    .option("--deterministic", "time counts instructions, chance is seeded: two runs are the same, and --stats shows it by a fingerprint")
    .option("--seed <n>", "where chance begins in a deterministic run", count)
    .option("--record <file>", "deterministic, and what is typed is written there at the end")
    .option("--replay <file>", "deterministic, with what was typed in a recorded run")
    .option("--stats", "print counters at the end, to standard error")
    .option("--stats-every <seconds>", "print a line of rates to standard error that often; 2> FILE keeps them apart from the console", period)
    .option("--json", "with --stats and --stats-every: as JSON")
    .action(async (options: RunOptions) => { process.exitCode = await (await import("./run.ts")).runCommand(options); });

  program.command("exec").description("run a Linux program on a Kitten, with no guest kernel: standard streams and exit status are the program's")
    .argument("<program>", "static or dynamic x86-64 ELF, or a script").argument("[arguments...]").passThroughOptions()
    .option("--root <folder|tar>", "folder, or tar archive (.gz, .xz, .zst) held in memory, that is the program's / (default: this machine's, with your rights)")
    .option("--mount <host:guest[:ro]>", "shows a folder of this machine at a path", mount, [])
    .option("--env <name=value>", "sets a variable of the environment; without = removes it", collect, [])
    .option("--cwd <folder>", "working directory, as the program sees it")
    .option("--ranks <n>", "run it so many times as the ranks of a parallel program, with a process manager (PMI) for MPI", count)
    .option("--memory <size>", "memory of the Kitten, such as 512M", size, 512 * 2 ** 20)
    .option("--cores <count>", "cores of the Kitten, 1 to 16", coreCount, 1)
    .addOption(engineOption())
    .addOption(thresholdOption())
    .addOption(codeCacheOption())
    .option("--strace", "write a line per system call to standard error")
    .option("--strace-to <file>", "the same, to a file")
    .option("--stats", "print counters at the end, to standard error")
    .action(async (name: string, rest: string[], options: ExecCommandOptions) => {
      const { execCommand } = await loadExec();
      process.exit(await execCommand([name, ...rest], options));
    });

  program.command("up").argument("<spec>", "YAML file").description("start every virtual node of a spec, all consoles on this terminal")
    .addOption(engineOption())
    .addOption(thresholdOption())
    .addOption(codeCacheOption())
    .addOption(traceOption())
    .option("--top", "show counters of all virtual nodes, every second, in place of their consoles (q or Ctrl-C stops, p pauses)")
    .option("--json", "one JSON object per event and a summary, for programs")
    .action(async (spec: string, options: UpOptions) => { process.exitCode = await (await import("./up.ts")).upCommand(spec, options); });

  program.command("validate").argument("<spec>", "YAML file").description("check a spec without starting anything")
    .option("--json", "the issues, or the plan, as JSON")
    .action(async (spec: string, options: { json?: boolean }) => { process.exitCode = (await import("./up.ts")).validateCommand(spec, options); });

  program.command("schema").description("print the JSON Schema of specs").action(async () => { (await import("./up.ts")).schemaCommand(); });

  program.command("engines").description("what can execute guests here, and what each can do").option("--json", "as JSON")
    .action(async (options: { json?: boolean }) => {
      const { enginesCommand } = await import("./engines.ts"); // the instruction tables are large, and only this command needs them on this thread
      await enginesCommand(options);
    });

  const images = program.command("images").description("list the local image store").option("--json", "as JSON")
    .action(async (options: { json?: boolean }) => (await import("./images.ts")).listCommand(options));
  images.command("list").description("the same").option("--json", "as JSON").action(async (options: { json?: boolean }) => (await import("./images.ts")).listCommand(options));
  images.command("pull").argument("<name>", "debian: the distribution's cloud kernel and busybox").description("fetch an image")
    .action(async (name: string) => { process.exitCode = await (await import("./images.ts")).pullCommand(name); });
  return program;
}

setV8Flags();
othersStepBack(NICENESS.optimizing);

try {
  await createProgram().parseAsync();
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : STATUS_USAGE;
  else if (error instanceof NvlError) {
    const issues = error.context.issues, { errorLine, issueLines } = await import("./output.ts");
    console.error(errorLine(error.message));
    if (Array.isArray(issues) && process.env.NVL_DEBUG) console.error(issueLines(issues).join("\n"));
    if (process.env.NVL_DEBUG) console.error(error);
    process.exitCode = STATUS_USAGE;
  } else throw error;
}
