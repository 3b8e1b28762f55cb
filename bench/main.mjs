// `npm run bench`: the engines beside QEMU and the host in one run, interleaved. docs/how-to/bench.md
import { cpus, loadavg } from "node:os";
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import path from "node:path";
import { findImage } from "../dist/host/nodejs/images.js";
import { pullDebian } from "../dist/host/nodejs/debian.js";
import { compareBoots } from "./boot.mjs";
import { buildPrograms } from "./build.mjs";
import { runRounds } from "./full.mjs";
import { createMachines, findTools } from "./machines.mjs";
import { USAGE, choosePrograms, readOptions } from "./options.mjs";
import { barChart } from "./plot.mjs";
import { kittenBench, kittenTables, noiseChart } from "./kitten.mjs";
import { PARALLEL_GROUPS, parallelBench, parallelTables } from "./parallel.mjs";
import { quickBench, quickTable } from "./quick.mjs";
import { bootTable, programTable, targetTable } from "./table.mjs";
import { judge } from "./targets.mjs";

const PLOT = fileURLToPath(new URL("../docs/bench.svg", import.meta.url));
const say = (line) => process.stderr.write(`${process.stderr.isTTY ? "\r\x1b[K" : ""}bench: ${line}\n`);
const progress = (line) => process.stderr.write(process.stderr.isTTY ? `\r\x1b[K${line}` : `${line}\n`);
const print = (rows) => console.log(rows.join("\n"));

function refuse(message) {
  if (message) console.error(`bench: ${message}\n`);
  console[message ? "error" : "log"](USAGE);
  process.exit(message ? 1 : 0);
}

async function debianImage() {
  try {
    return findImage("debian") ?? await pullDebian(say);
  } catch (error) {
    say(`no Debian kernel, so no machine runs programs or boots: ${error.message}`);
    return undefined;
  }
}

const options = readOptions(process.argv.slice(2));
if ("message" in options) refuse(options.message);
const tools = findTools(options, say);
const built = tools.gcc ? buildPrograms() : { programs: [] };
const programs = built.programs.filter(({ group }) => PARALLEL_GROUPS.includes(group) === options.parallel);
const choice = choosePrograms(programs, tools.gcc ? options.only : undefined);
if ("message" in choice) refuse(choice.message);
const about = {
  cpu: cpus()[0].model, cores: cpus().length, loadAtStart: loadavg()[0], node: process.version, v8: process.versions.v8,
  qemu: tools.qemu, gcc: tools.gcc, engines: options.engines, rounds: options.rounds, scale: options.scale, date: new Date().toISOString(),
};
const short = (name, version) => (version ? `${name} ${/\d+(\.\d+)+/.exec(version)?.[0]}` : `no ${name}`);
const title = [
  `${about.cpu}, ${about.cores} cores`, short("Node.js", about.node), short("QEMU", about.qemu), short("gcc", about.gcc),
  about.rounds === 1 ? "1 round" : `medians of ${about.rounds} interleaved rounds`,
  ...(choice.chosen.length < programs.length ? [`${choice.chosen.length} of ${programs.length} programs`] : []), ...(about.scale === 100 ? [] : [`${about.scale} % of the work`]),
].join("; ");
let report, failures;

if (options.quick) {
  const quick = await quickBench(built, choice.chosen.filter(({ group }) => group !== "system"), options, tools.qemu !== undefined, progress);
  progress("");
  print([title, "", ...quickTable(quick)]);
  ({ failures } = quick);
  report = { about, ...quick };
} else if (options.kitten) {
  if (!tools.gcc) refuse("--kitten needs gcc");
  const image = await debianImage(), measured = await kittenBench(image, options, progress);
  about.loadAtEnd = loadavg()[0];
  progress("");
  print([title, ...(image ? [image.origin] : []), `load ${about.loadAtStart.toFixed(1)} at the beginning, ${about.loadAtEnd.toFixed(1)} at the end`, "", ...kittenTables(measured)]);
  ({ failures } = measured);
  report = { about, ...measured };
  if (options.plot) writeFileSync(options.plot, noiseChart(measured.noise, `${title}; ${about.date.slice(0, 10)}`));
} else if (options.parallel) {
  const image = await debianImage();
  if (!image || programs.length === 0) refuse("--parallel needs gcc and a Debian kernel");
  const measured = await parallelBench(built, choice.chosen, image, options, progress);
  about.loadAtEnd = loadavg()[0];
  progress("");
  print([title, image.origin, `load ${about.loadAtStart.toFixed(1)} at the beginning, ${about.loadAtEnd.toFixed(1)} at the end`, "", ...parallelTables(measured.names, measured)]);
  ({ failures } = measured);
  report = { about, ...measured };
} else {
  const image = options.engines.length > 0 || tools.qemu ? await debianImage() : undefined;
  const machines = createMachines(built, image && path.join(image.folder, image.kernel), tools, options);
  const names = machines.map(({ name }) => name);
  const measured = await runRounds(machines, choice.chosen, options, progress);
  const boots = options.boot && image ? await compareBoots(image, options, tools.qemu !== undefined, progress) : undefined;
  about.loadAtEnd = loadavg()[0];
  about.kernel = image?.origin;
  progress("");
  failures = [...measured.failures, ...Object.entries(boots ?? {}).flatMap(([name, { failure }]) => (failure ? [`boot on ${name}: ${failure}`] : []))];
  const engines = options.engines.filter((name) => names.includes(name));
  print([title, ...(image ? [image.origin] : []), ""]);
  if (measured.rows.length > 0) print([...programTable(measured.rows, names), ""]);
  if (boots) print([...bootTable(boots), ""]);
  const judged = [...engines.filter(() => names.includes("qemu")), ...names.filter((name) => name === "kitten")];
  for (const engine of judged) print([...targetTable(engine, measured.rows, boots), ""]);
  report = { about, machines: names, programs: measured.rows, boot: boots, counted: measured.counted, targets: Object.fromEntries(judged.map((engine) => [engine, judge(engine, measured.rows, boots)])) };
  const complete = options.rounds >= 5 && options.scale === 100 && choice.chosen.length === programs.length && names.includes("qemu") && failures.length === 0;
  const plot = options.plot ?? (complete && programs.length > 0 ? PLOT : undefined);
  if (plot) {
    writeFileSync(plot, barChart(measured.rows, names, `${title}; ${about.date.slice(0, 10)}`));
    say(`wrote ${path.relative(".", plot)}`);
  }
}
if (options.json) writeFileSync(options.json, `${JSON.stringify({ ...report, failures }, undefined, 2)}\n`);
if (about.loadAtStart > about.cores / 2) say(`the host was busy (load ${about.loadAtStart.toFixed(1)} on ${about.cores} cores): not for publication`);
for (const failure of failures) console.error(`FAILED ${failure}`);
process.exitCode = failures.length > 0 ? 1 : 0;
