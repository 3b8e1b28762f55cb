// Several vCPUs (`npm run bench -- --parallel`): what a second one gives, what handing over costs, what it costs the boot, and what determinism costs.
import { availableParallelism } from "node:os";
import path from "node:path";
import { bootCommand, measureBoots } from "./boot.mjs";
import { runRounds } from "./full.mjs";
import { bootWords, MEMORY, nvlCommand } from "./machines.mjs";
import { geometricMean } from "./statistics.mjs";
import { lines, number, ratio } from "./table.mjs";

/** Groups of programs that are for this alone. */
export const PARALLEL_GROUPS = ["parallel", "handoff"];

/** One processor and two, natively and inside; and one in virtual time. */
function machinesOf({ native, initrd, programs }, kernel, engines) {
  const alone = programs.filter(({ group }) => group === "handoff").map(({ name }) => name);
  const guest = (engine, cpus, ...more) => ({ engine, takesAll: true, command: (words) =>
    nvlCommand(engine, "--kernel", kernel, "--initrd", initrd, "--memory", `${MEMORY}M`, "--cpus", `${cpus}`, "--append", bootWords(words), ...more) });
  return [
    { name: "native 1", omits: alone, command: (words) => ["taskset", ["-c", "0", native, ...words]] },
    { name: "native 2", command: (words) => ["taskset", ["-c", "0,1", native, ...words]] },
    ...engines.flatMap((engine) => [
      { name: `${engine} 1`, omits: alone, ...guest(engine, 1) },
      { name: `${engine} 2`, ...guest(engine, 2) },
      { name: `${engine} virtual`, omits: alone, ...guest(engine, 1, "--deterministic") },
    ]),
  ];
}

/** @param rows programs with `group`, `seconds` and `hostSeconds` by machine @param boots by machine
 * @returns per target `{ what, found, native?, must, atLeast, passes }` */
export function judgeParallel(engine, rows, boots) {
  const of = (group, ratioOf) => geometricMean(rows.filter((row) => row.group === group).map(ratioOf));
  const target = (what, found, must, atLeast, native) => ({ what, found, native, must, atLeast, passes: atLeast ? found >= must : found <= must });
  return [
    target("parallel part, speed of 2 vCPUs over 1", of("parallel", ({ seconds }) => seconds[`${engine} 1`] / seconds[`${engine} 2`]), 1.7, true, of("parallel", ({ seconds }) => seconds["native 1"] / seconds["native 2"])),
    target("spinning hand-off, time over native", of("handoff", ({ seconds }) => seconds[`${engine} 2`] / seconds["native 2"]), 1.5, false),
    target("Debian boot, time of 2 vCPUs over 1", boots?.[`${engine} 2`]?.seconds / boots?.[`${engine} 1`]?.seconds, 1, false),
    target("virtual time, speed over real", of("parallel", ({ hostSeconds }) => hostSeconds[`${engine} 1`] / hostSeconds[`${engine} virtual`]), 0.6, true),
  ];
}

export function parallelTables(names, { rows, boots, targets }) {
  const out = [["PROGRAM, seconds", ...names.map((name) => name.toUpperCase())]];
  for (const { name, hostSeconds } of rows) out.push([name, ...names.map((machine) => number(hostSeconds[machine], 3))]);
  if (boots) out.push(["boot to init", ...names.map((machine) => number(boots[machine]?.seconds, 2))]);
  for (const [engine, list] of Object.entries(targets)) {
    out.push("", [engine.toUpperCase(), "FOUND", "MUST", "", "NATIVE"]);
    for (const { what, found, must, atLeast, native, passes } of list) out.push([what, ratio(found), `${atLeast ? "≥" : "≤"} ${must}`, Number.isFinite(found) ? (passes ? "pass" : "FAIL") : "-", native ? ratio(native) : ""]);
  }
  return lines(out);
}

/** Runs all of it, in interleaved rounds. */
export async function parallelBench(built, chosen, image, options, progress) {
  if (availableParallelism() < 2) throw new Error("two processors are needed");
  const machines = machinesOf(built, path.join(image.folder, image.kernel), options.engines), names = machines.map(({ name }) => name);
  const measured = await runRounds(machines, chosen, options, progress);
  const commands = Object.fromEntries(options.engines.flatMap((engine) => [1, 2].map((cpus) => [`${engine} ${cpus}`, bootCommand(image, engine, "--cpus", `${cpus}`)])));
  const boots = options.boot ? await measureBoots(commands, options, progress) : undefined;
  return { names, ...measured, boots, targets: Object.fromEntries(options.engines.map((engine) => [engine, judgeParallel(engine, measured.rows, boots)])) };
}
