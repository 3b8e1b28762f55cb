// What is printed: the programs by group, then the targets.
import { geometricMean } from "./statistics.mjs";
import { judge } from "./targets.mjs";

export const number = (value, digits) => (Number.isFinite(value) ? value.toFixed(digits) : "-");
/** Three significant digits or whole numbers, whichever is more. */
export const ratio = (value) => number(value, value >= 99.5 ? 0 : value >= 9.95 ? 1 : 2);

/** Rows of cells as lines: the first column to the left, the others to the right. A row that is one text stays as it is. */
export function lines(rows) {
  const widths = [];
  for (const row of rows) if (Array.isArray(row)) row.forEach((cell, at) => { widths[at] = Math.max(widths[at] ?? 0, cell.length); });
  return rows.map((row) => (Array.isArray(row) ? row.map((cell, at) => (at === 0 ? cell.padEnd(widths[at]) : cell.padStart(widths[at] + 2))).join("").trimEnd() : row));
}

/** Seconds natively, time over native of the other machines, and speed over QEMU of the engines. */
export function programTable(rows, machines) {
  const others = machines.filter((name) => name !== "native"), engines = others.filter((name) => !name.startsWith("qemu") && name !== "kitten");
  const withQemu = others.includes("qemu"), withUser = others.includes("qemu-user") && others.includes("kitten");
  const cells = (of) => [...others.map((name) => ratio(of(name, "native"))), ...(withQemu ? engines.map((name) => ratio(1 / of(name, "qemu"))) : []), ...(withUser ? [ratio(1 / of("kitten", "qemu-user"))] : [])];
  const out = [["PROGRAM", "NATIVE s", ...others.map((name) => `${name.toUpperCase()}/NATIVE`), ...(withQemu ? engines.map((name) => `${name.toUpperCase()} SPEED/QEMU`) : []), ...(withUser ? ["KITTEN SPEED/QEMU-USER"] : [])]];
  const mean = (title, within) => out.push([title, "", ...cells((name, base) => geometricMean(within.map(({ seconds }) => seconds[name] / seconds[base])))]);
  const groups = [...new Set(rows.map(({ group }) => group))];
  for (const group of groups) {
    const within = rows.filter((row) => row.group === group);
    out.push("", group);
    for (const { name, seconds, clocks } of within) out.push([`  ${name}${clocks.length > 0 ? " !" : ""}`, number(seconds.native, 3), ...cells((machine, base) => seconds[machine] / seconds[base])]);
    if (within.length > 1) mean("  mean", within);
  }
  if (groups.length > 1) { out.push(""); mean("all, mean", rows); }
  const wrong = rows.flatMap(({ name, clocks }) => clocks.map((machine) => `${name} on ${machine}`));
  if (wrong.length > 0) out.push("", `! the guest's clock and the host's differ: ${wrong.join(", ")}`);
  return lines(out);
}

export function bootTable(boots) {
  const out = [["BOOT", "SECONDS", "/QEMU", "M INSTRUCTIONS", "MIPS", "PEAK MB", "GUEST MB"]];
  for (const [name, { seconds, statistics, peakBytes }] of Object.entries(boots)) {
    out.push([name, number(seconds, 2), ratio(seconds / boots.qemu?.seconds), number(statistics?.instructions / 1e6, 0), number(statistics?.instructions / statistics?.runningMs / 1e3, 0),
      number(peakBytes / 1e6, 0), number(statistics?.touchedBytes / 1e6, 0)]);
  }
  return lines(out);
}

export function targetTable(engine, rows, boots) {
  const out = [[`${engine.toUpperCase()}`, "FOUND", "MUST", "", "AIM", "", ""]];
  for (const { what, of, found, must, aim, passes, reachesAim, programs, measured } of judge(engine, rows, boots)) {
    const sign = of === "speed" ? "≥ " : "≤ ", verdict = (reached) => (!Number.isFinite(found) ? "-" : reached ? "pass" : "FAIL");
    out.push([what, ratio(found), sign + must, verdict(passes), sign + aim, verdict(reachesAim), measured < programs && programs > 1 ? `${measured} of ${programs} programs` : ""]);
  }
  return lines(out);
}
