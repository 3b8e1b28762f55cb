// `npm run bench`: the interpreter beside QEMU's TCG and the host, in one run, interleaved. Prints medians, ratios and versions; --json for programs.
import { spawn, spawnSync } from "node:child_process";
import { cpus } from "node:os";
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import path from "node:path";
import { parseArgs } from "node:util";
import { buildPrograms } from "./build.mjs";
import { findImage } from "../dist/host/nodejs/images.js";
import { ensureTool } from "../scripts/tools.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const { values: options } = parseArgs({ options: {
  rounds: { type: "string", default: "5" }, engine: { type: "string", default: "interp" }, only: { type: "string" }, json: { type: "string" }, "no-boot": { type: "boolean" },
} });
const rounds = Number(options.rounds);
const INIT_LINE = "NVL init:";

const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
const geometricMean = (values) => Math.exp(values.reduce((sum, value) => sum + Math.log(value), 0) / values.length);

/** Largest resident size of a process so far, where the host tells. */
function residentPeak(pid) {
  try {
    return Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0) * 1024;
  } catch {
    return 0;
  }
}

/** Runs a command to its end, or until it prints `until`. @returns seconds, output, and the largest resident size seen by the kernel's accounting */
function time(command, args, until) {
  return new Promise((resolve, reject) => {
    const from = process.hrtime.bigint();
    const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"] });
    let stdout = "", stderr = "", seconds, peakBytes = 0;
    const watch = setInterval(() => { peakBytes = Math.max(peakBytes, residentPeak(child.pid)); }, 100);
    const stop = () => { seconds ??= Number(process.hrtime.bigint() - from) / 1e9; };
    child.stdout.on("data", (chunk) => {
      stdout += chunk;
      if (until && seconds === undefined && stdout.includes(until)) stop();
    });
    child.stderr.on("data", (chunk) => { stderr += chunk; });
    child.on("error", reject);
    child.on("close", () => {
      clearInterval(watch);
      if (until && seconds === undefined) return reject(new Error(`${command} never printed ${until}:\n${stdout.slice(-2000)}${stderr.slice(-2000)}`));
      stop();
      resolve({ seconds, stdout, stderr, peakBytes });
    });
  });
}

const nvl = (...args) => [process.execPath, [path.join(root, "dist/cli/main.js"), "run", "--engine", options.engine, ...args]];
const qemu = (...args) => ["qemu-system-x86_64", ["-accel", "tcg", "-cpu", "max", "-display", "none", "-serial", "stdio", "-no-reboot", "-nodefaults", ...args]];
const result = (text, name) => new RegExp(`RESULT ${name} ([0-9a-f]+)(?: ([0-9.]+))?`).exec(text);

async function programs({ native, kernel }, withQemu) {
  const names = spawnSync(native, { encoding: "utf8" }).stdout.trim().split("\n").map((line) => line.split(" ")[1]);
  const chosen = names.filter((name) => name !== "empty" && (!options.only || options.only.split(",").includes(name)));
  const startUp = { nvl: [], qemu: [] };
  const samples = new Map(chosen.map((name) => [name, { native: [], nvl: [], qemu: [], instructions: 0, running: [] }]));
  const run = {
    nvl: (name) => time(...nvl("--kernel", kernel, "--append", name, "--memory", "64M", "--stats", "--json")),
    qemu: (name) => time(...qemu("-m", "64", "-device", "isa-debug-exit,iobase=0xf4,iosize=4", "-kernel", kernel, "-append", name)),
  };
  const sides = withQemu ? ["nvl", "qemu"] : ["nvl"];
  for (let round = 0; round < rounds; round++) {
    for (const side of sides) startUp[side].push((await run[side]("empty")).seconds);
    for (const name of chosen) {
      const sample = samples.get(name);
      const expected = result((await time(native, [name])).stdout, name);
      sample.native.push(Number(expected[2]));
      for (const side of sides) {
        const { seconds, stdout, stderr } = await run[side](name);
        const found = result(stdout, name);
        if (!found || found[1] !== expected[1]) throw new Error(`${side} computed ${name} as ${found?.[1] ?? "nothing"}, the host as ${expected[1]}:\n${stderr}`);
        sample[side].push(seconds);
        if (side === "nvl") {
          const { statistics } = JSON.parse(stderr.trim().split("\n").at(-1));
          sample.instructions = statistics.instructions;
          sample.running.push(statistics.runningMs / 1000);
        }
      }
      process.stderr.write(`\rround ${round + 1} of ${rounds}: ${name.padEnd(12)}`);
    }
  }
  process.stderr.write("\r\x1b[K");
  return chosen.map((name) => {
    const sample = samples.get(name);
    const own = Math.max(median(sample.nvl) - median(startUp.nvl), 1e-3);
    const tcg = withQemu ? Math.max(median(sample.qemu) - median(startUp.qemu), 1e-3) : NaN;
    return { name, mips: sample.instructions / median(sample.running) / 1e6, native: median(sample.native), nvl: own, qemu: tcg, overNative: own / median(sample.native), overQemu: own / tcg };
  });
}

async function boot(withQemu) {
  const image = findImage("debian");
  if (!image) return undefined;
  const file = (name) => path.join(image.folder, name);
  const seconds = { nvl: [], qemu: [] };
  const peaks = [];
  let statistics;
  for (let round = 0; round < rounds; round++) {
    process.stderr.write(`\rboot ${round + 1} of ${rounds}`);
    // rdinit ends the guest right after its first line
    const words = "quiet nvl.run=poweroff";
    const own = await time(...nvl("--image", "debian", "--append", words, "--memory", "512M", "--stats", "--json"), INIT_LINE);
    seconds.nvl.push(own.seconds);
    peaks.push(own.peakBytes);
    statistics = JSON.parse(own.stderr.trim().split("\n").at(-1)).statistics;
    if (withQemu) seconds.qemu.push((await time(...qemu("-m", "512", "-kernel", file("vmlinuz"), "-initrd", file("busybox.cpio"), "-append", `${image.commandLine} ${words}`), INIT_LINE)).seconds);
  }
  process.stderr.write("\r\x1b[K");
  return { nvl: median(seconds.nvl), qemu: withQemu ? median(seconds.qemu) : NaN, statistics, origin: image.origin, peakBytes: median(peaks) };
}

const withQemu = ensureTool("qemu-system-x86_64", "qemu-system-x86");
if (!ensureTool("gcc", "gcc")) {
  console.error("the bench needs gcc to compile its programs, and this host has neither it nor apt-get");
  process.exit(1);
}
const version = (command, ...args) => (spawnSync(command, args, { encoding: "utf8" }).stdout ?? "").split("\n")[0].trim();
const about = {
  cpu: cpus()[0].model, cores: cpus().length, node: process.version, v8: process.versions.v8, engine: options.engine, rounds,
  qemu: withQemu ? version("qemu-system-x86_64", "--version") : "not installed", gcc: version("gcc", "--version"),
};
const programRows = await programs(buildPrograms(), withQemu);
const bootRow = options["no-boot"] ? undefined : await boot(withQemu);

const cell = (value, digits, width) => (Number.isFinite(value) ? value.toFixed(digits) : "-").padStart(width);
console.log(`${about.cpu}, ${about.cores} cores; Node.js ${about.node}; ${about.qemu}; ${about.gcc}; engine ${about.engine}; medians of ${rounds} interleaved rounds`);
console.log("\nPROGRAM        MIPS   NATIVE s     NVL s    QEMU s  NVL/NATIVE  NVL/QEMU");
for (const row of programRows)
  console.log(`${row.name.padEnd(11)}${cell(row.mips, 0, 8)}${cell(row.native, 3, 11)}${cell(row.nvl, 3, 10)}${cell(row.qemu, 3, 10)}${cell(row.overNative, 1, 12)}${cell(row.overQemu, 2, 10)}`);
const mean = { mips: geometricMean(programRows.map((row) => row.mips)), overNative: geometricMean(programRows.map((row) => row.overNative)), overQemu: geometricMean(programRows.map((row) => row.overQemu)) };
console.log(`${"mean".padEnd(11)}${cell(mean.mips, 0, 8)}${"".padStart(31)}${cell(mean.overNative, 1, 12)}${cell(mean.overQemu, 2, 10)}`);
if (bootRow) {
  console.log(`\nDebian to init's first line: NVL ${bootRow.nvl.toFixed(2)} s, QEMU ${cell(bootRow.qemu, 2, 0)} s, ratio ${cell(bootRow.nvl / bootRow.qemu, 2, 0)}` +
    ` (${(bootRow.statistics.instructions / 1e6).toFixed(0)} M instructions in ${(bootRow.statistics.runningMs / 1000).toFixed(2)} s; ${bootRow.origin})`);
}
if (bootRow?.peakBytes) {
  const megabytes = (bytes) => (bytes / 1e6).toFixed(0);
  console.log(`Host memory at its peak: ${megabytes(bootRow.peakBytes)} MB, ${megabytes(bootRow.peakBytes - bootRow.statistics.touchedBytes)} MB more than the ${megabytes(bootRow.statistics.touchedBytes)} MB that the guest has filled`);
}
if (options.json) writeFileSync(options.json, `${JSON.stringify({ about, programs: programRows, mean, boot: bootRow }, undefined, 2)}\n`);
