// `npm run bench -- --quick`: programs without an operating system, as Multiboot kernels. Says within a minute whether an engine got faster.
import { nvlCommand, qemuCommand } from "./machines.mjs";
import { lastJson, runPrograms } from "./run.mjs";
import { geometricMean, median } from "./statistics.mjs";
import { lines, number } from "./table.mjs";

const MEMORY = 128;

/** @returns rows of `{ name, native, [machine]: { seconds, mips } }`, and failures */
export async function quickBench({ native, kernel }, programs, { rounds, engines, scale, timeout }, withQemu, progress) {
  // they have no clock, so the host's counts; and their counters are of the whole run
  const machines = [
    { name: "native", command: (words) => [native, words] },
    ...(withQemu ? [{ name: "qemu", command: ([word]) => qemuCommand("-m", `${MEMORY}`, "-device", "isa-debug-exit,iobase=0xf4,iosize=4", "-kernel", kernel, "-append", word) }] : []),
    ...engines.map((engine) => ({ name: engine, command: ([word]) => nvlCommand(engine, "--kernel", kernel, "--append", word, "--memory", `${MEMORY}M`) })),
  ];
  const rows = [], failures = [];
  for (const { name } of programs) {
    const samples = Object.fromEntries(machines.map((machine) => [machine.name, { seconds: [], mips: [] }]));
    let expected;
    for (let round = 1; round <= rounds; round++) for (const machine of machines) {
      progress(`${name}, round ${round} of ${rounds}: ${machine.name}`);
      const { found, counted: [statistics] } = await runPrograms(machine, [`${name}@${scale}`], timeout);
      const { seconds, hostSeconds, checksum, failure } = found.get(name);
      expected ??= checksum;
      if (failure || checksum !== expected) { failures.push(`${name} on ${machine.name}: ${failure ?? `computed ${checksum}, the host ${expected}`}`); continue; }
      samples[machine.name].seconds.push(Number.isFinite(seconds) ? seconds : hostSeconds);
      if (statistics) samples[machine.name].mips.push(statistics.instructions / statistics.runningMs / 1e3);
    }
    rows.push({ name, ...Object.fromEntries(machines.map((machine) => [machine.name, { seconds: median(samples[machine.name].seconds), mips: median(samples[machine.name].mips) }])) });
  }
  return { machines: machines.map(({ name }) => name), rows, failures };
}

export function quickTable({ machines, rows }) {
  const engines = machines.filter((name) => name !== "native" && name !== "qemu"), withQemu = machines.includes("qemu");
  const out = [["PROGRAM", ...machines.map((name) => `${name.toUpperCase()} s`), ...engines.flatMap((name) => [`${name.toUpperCase()} MIPS`, "/NATIVE", ...(withQemu ? ["SPEED/QEMU"] : [])])]];
  const add = (title, seconds, of) => out.push([title, ...seconds, ...engines.flatMap((name) =>
    [number(of((row) => row[name].mips), 0), number(of((row) => row[name].seconds / row.native.seconds), 1), ...(withQemu ? [number(of((row) => row.qemu.seconds / row[name].seconds), 2)] : [])])]);
  for (const row of rows) add(row.name, machines.map((name) => number(row[name].seconds, 3)), (value) => value(row));
  if (rows.length > 1) add("mean", machines.map(() => ""), (value) => geometricMean(rows.map(value)));
  return lines(out);
}
