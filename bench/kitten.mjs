// Kitten's cores (`npm run bench -- --kitten`): what handing over between two of them costs beside Linux on the host, and how quiet they are beside a Linux guest on the same engine.
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import path from "node:path";
import { cpioArchive } from "../dist/base/cpio.js";
import { nvlCommand } from "./machines.mjs";
import { run } from "./run.mjs";
import { median } from "./statistics.mjs";
import { lines, number, ratio } from "./table.mjs";

const source = fileURLToPath(new URL("./programs/kitten/cores.c", import.meta.url)), out = fileURLToPath(new URL("../.nvl/bench/", import.meta.url));
const cli = fileURLToPath(new URL("../dist/cli/main.js", import.meta.url));
/** Round trips that natively take about a second. */
const ROUNDS = { ring: 100_000, futex: 30_000, pipe: 30_000, call: 5_000_000 };
const NAMES = { ring: "migration, core A to B and back", futex: "futex between two cores", pipe: "pipe between two cores", call: "getpid" };
/** What is asked for: nanoseconds, or a ratio to the host. */
const MUST = { ring: { atMost: 2630 }, futex: { ratio: 1 }, pipe: { ratio: 1 }, call: { atMost: 60 } };
const NOISE_MS = 2000;

function build() {
  mkdirSync(out, { recursive: true });
  const program = path.join(out, "kitten-cores"), initrd = path.join(out, "kitten-noise.cpio");
  execFileSync("gcc", ["-O2", "-Wall", "-static", "-pthread", "-o", program, source], { stdio: ["ignore", "inherit", "inherit"] });
  writeFileSync(initrd, cpioArchive([
    { path: "/dev", kind: "directory", mode: 0o755 }, { path: "/dev/console", kind: "character-device", mode: 0o600, major: 5, minor: 1 }, { path: "/init", kind: "file", mode: 0o755, content: readFileSync(program) },
  ]));
  return { program, initrd };
}
const kittenCommand = (engine, cores, ...words) => [process.execPath, [cli, "exec", "--engine", engine, "--cores", `${cores}`, ...words]];

/** @returns what is measured, in interleaved rounds: nanoseconds by program and machine, and detours by machine */
export async function kittenBench(image, options, progress) {
  const { program, initrd } = build(), [engine] = options.engines.includes("jit") ? ["jit"] : options.engines;
  const trips = Object.keys(ROUNDS).map((name) => ({ name, native: [], kitten: [] })), failures = [];
  const noise = { native: [], kitten: [], ...(image && { linux: [] }) };
  const commands = { native: [program, ["noise", `${NOISE_MS}`]], kitten: kittenCommand(engine, 1, program, "noise", `${NOISE_MS}`),
    ...(image && { linux: nvlCommand(engine, "--kernel", path.join(image.folder, image.kernel), "--initrd", initrd, "--memory", "256M", "--append", "console=ttyS0 quiet panic=-1") }) };
  for (let round = 1; round <= options.rounds; round++) {
    for (const trip of trips) for (const machine of ["native", "kitten"]) {
      progress(`round ${round} of ${options.rounds}, ${trip.name}, ${machine}`);
      const words = [trip.name, `${Math.ceil(ROUNDS[trip.name] * options.scale / 100)}`];
      const { stdout } = await run(machine === "native" ? [program, words] : kittenCommand(engine, trip.name === "call" ? 1 : 2, program, ...words), { timeout: options.timeout });
      const found = /RESULT \S+ (\S+)/.exec(stdout);
      if (found) trip[machine].push(Number(found[1]));
      else failures.push(`${trip.name} on ${machine}`);
    }
    for (const [machine, command] of Object.entries(commands)) {
      progress(`round ${round} of ${options.rounds}, noise, ${machine}`);
      const { stdout } = await run(command, { timeout: options.timeout }), found = /DETOURS (\d+) lost (\S+) longest (\S+) least (\S+) counts ([\d ]+)/.exec(stdout);
      if (!found) failures.push(`noise on ${machine}`);
      else noise[machine].push({ count: Number(found[1]), lostPercent: Number(found[2]), longestUs: Number(found[3]), leastNs: Number(found[4]), counts: found[5].trim().split(" ").map(Number) });
    }
  }
  return { engine, trips: trips.map(({ name, native, kitten }) => judge(name, median(native), median(kitten))), noise, failures };
}

function judge(name, native, kitten) {
  const { atMost, ratio: most } = MUST[name];
  return { name, native, kitten, must: atMost ? `≤ ${atMost} ns` : `≤ ${most} × native`, passes: atMost ? kitten <= atMost : kitten <= most * native };
}

/** The run with the median number of detours stands for a machine. */
const typical = (runs) => [...runs].sort((a, b) => a.count - b.count)[runs.length >> 1];
const TITLES = { native: "Linux, native", linux: "Linux, virtual node", kitten: "Kitten" };

export function kittenTables({ engine, trips, noise }) {
  const out = [["ROUND TRIP, ns", "LINUX, NATIVE", `KITTEN, ${engine.toUpperCase()}`, "OVER NATIVE", "MUST", ""]];
  for (const { name, native, kitten, must, passes } of trips) out.push([NAMES[name], number(native, 0), number(kitten, 0), ratio(kitten / native), must, passes ? "pass" : "FAIL"]);
  out.push("", ["DETOURS OVER 1 µs", "PER SECOND", "LOST, %", "LONGEST, µs"]);
  for (const [machine, runs] of Object.entries(noise)) {
    const one = typical(runs);
    if (one) out.push([TITLES[machine], number(one.count / NOISE_MS * 1000, 1), number(one.lostPercent, 3), number(one.longestUs, 0)]);
  }
  return lines(out);
}

const COLORS = { native: "#8a8f98", linux: "#4a90d9", kitten: "#3aa66a" };
/** Detours per second by their length, as SVG: bars on logarithmic axes. */
export function noiseChart(noise, about) {
  const machines = Object.keys(noise).filter((name) => noise[name].length > 0), runs = machines.map((name) => typical(noise[name]));
  const used = Math.max(...runs.map(({ counts }) => counts.reduce((last, count, at) => (count > 0 ? at : last), 0))) + 1, LEFT = 60, TOP = 64, HEIGHT = 220, STEP = 44, BAR = 12;
  const most = Math.max(10, ...runs.flatMap(({ counts }) => counts)) / NOISE_MS * 1000, least = 0.2;
  const y = (value) => TOP + HEIGHT * (1 - Math.log(Math.max(value, least) / least) / Math.log(most / least)), width = LEFT + STEP * used + 40;
  const label = (us) => (us >= 1000 ? `${us / 1000 < 10 ? (us / 1000).toFixed(0) : Math.round(us / 1000)} ms` : `${us} µs`);
  const text = about.replace(/[&<>]/g, (letter) => `&#${letter.charCodeAt(0)};`);
  const out = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${Math.max(width, 520)} ${TOP + HEIGHT + 40}" font-family="system-ui, sans-serif" font-size="11"><rect width="100%" height="100%" fill="#fff"/>`,
    `<text x="10" y="20" font-size="15" font-weight="600">Detours a second by their length (less is better)</text><text x="10" y="36" font-size="10" fill="#666">${text}</text>`,
    ...machines.map((name, at) => `<rect x="${LEFT + at * 140}" y="44" width="10" height="10" fill="${COLORS[name]}"/><text x="${LEFT + 14 + at * 140}" y="53">${TITLES[name]}</text>`),
  ];
  for (let value = 1; value <= most; value *= 10) out.push(`<line x1="${LEFT}" y1="${y(value).toFixed(1)}" x2="${width}" y2="${y(value).toFixed(1)}" stroke="#ddd"/><text x="${LEFT - 6}" y="${(y(value) + 4).toFixed(1)}" text-anchor="end" fill="#666">${value}</text>`);
  for (let bucket = 0; bucket < used; bucket++) {
    out.push(`<text x="${LEFT + bucket * STEP + STEP / 2}" y="${TOP + HEIGHT + 16}" text-anchor="middle" fill="#666">${label(2 ** bucket)}</text>`);
    runs.forEach(({ counts }, at) => {
      const value = counts[bucket] / NOISE_MS * 1000;
      if (value > 0) out.push(`<rect x="${LEFT + bucket * STEP + 4 + at * BAR}" y="${y(value).toFixed(1)}" width="${BAR - 1}" height="${(TOP + HEIGHT - y(value)).toFixed(1)}" fill="${COLORS[machines[at]]}"/>`);
    });
  }
  return `${out.join("\n")}\n</svg>\n`;
}
