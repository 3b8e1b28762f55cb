// Statistics, verdicts, tables and the plot, on made-up figures.
import assert from "node:assert/strict";
import test from "node:test";
import { judgeParallel, parallelTables } from "./parallel.mjs";
import { barChart } from "./plot.mjs";
import { geometricMean, median, spread } from "./statistics.mjs";
import { programTable } from "./table.mjs";
import { judge } from "./targets.mjs";

const row = (name, group, native, qemu, jit) => ({ name, group, seconds: { native, qemu, jit }, clocks: [] });
const ROWS = [row("a", "integer", 0.1, 0.8, 0.2), row("b", "integer", 0.1, 0.4, 0.4), row("c", "float", 0.2, 4, 0.4), row("d", "system", 0.1, 0.2, NaN)];
const found = (rows, boots) => Object.fromEntries(judge("jit", rows, boots).map((verdict) => [verdict.what, verdict]));

test("medians, means and spreads", () => {
  assert.deepEqual([median([3, 1, 2]), median([4, 1, 2, 3]), median([])], [2, 2.5, NaN]);
  assert.deepEqual([geometricMean([1, 4]), geometricMean([2, NaN]), geometricMean([])], [2, 2, NaN]);
  assert.equal(spread([2, 3]), 0.5);
});

test("targets: speed is QEMU's time over ours, time is ours over the host's", () => {
  const verdicts = found(ROWS, { qemu: { seconds: 2 }, jit: { seconds: 3 } });
  assert.equal(verdicts["integer, speed over QEMU"].found, 2);
  assert.deepEqual([verdicts["integer, speed over QEMU"].passes, verdicts["integer, speed over QEMU"].reachesAim], [true, false]);
  assert.ok(Math.abs(verdicts["floating point, speed over QEMU"].found - 10) < 1e-9);
  assert.equal(verdicts["slowest program, speed over QEMU"].found, 1);
  assert.ok(Math.abs(verdicts["whole bench, time over native"].found - Math.cbrt(2 * 4 * 2)) < 1e-9);
  assert.deepEqual([verdicts["Debian boot, time over QEMU"].found, verdicts["Debian boot, time over QEMU"].passes], [1.5, true]);
});

test("targets: what was not measured does not pass, and is counted", () => {
  const verdicts = found(ROWS);
  assert.deepEqual([verdicts["system, speed over QEMU"].passes, verdicts["Debian boot, time over QEMU"].passes], [false, false]);
  assert.deepEqual([verdicts["whole bench, speed over QEMU"].measured, verdicts["whole bench, speed over QEMU"].programs], [3, 4]);
});

test("the table has a line per program and group, aligned", () => {
  const lines = programTable([...ROWS, { ...row("late", "system", 1, 2, 3), clocks: ["jit"] }], ["native", "qemu", "jit"]);
  assert.match(lines[0], /^PROGRAM +NATIVE s +QEMU\/NATIVE +JIT\/NATIVE +JIT SPEED\/QEMU$/);
  assert.match(lines.find((line) => line.startsWith("  a")), /^  a +0\.100 +8\.00 +2\.00 +4\.00$/);
  assert.match(lines.find((line) => line.startsWith("  d")), /^  d +0\.100 +2\.00 +- +-$/);
  assert.equal(lines.filter((line) => line.startsWith("  mean")).length, 2);
  assert.match(lines.at(-1), /clock.*differ: late on jit/);
});

test("several vCPUs: each target from the machines that it is about", () => {
  const machines = (of) => ({ "native 1": of[0], "native 2": of[1], "jit 1": of[2], "jit 2": of[3], "jit virtual": of[4] });
  const made = (name, group, ...of) => ({ name, group, seconds: machines(of), hostSeconds: machines(of) });
  const rows = [made("a", "parallel", 1, 0.5, 2, 1, 4), made("b", "parallel", 1, 0.5, 8, 2, 8), made("c", "handoff", NaN, 1, NaN, 2, NaN)];
  const boots = { "jit 1": { seconds: 2 }, "jit 2": { seconds: 2 } }, targets = judgeParallel("jit", rows, boots);
  assert.deepEqual(targets.map(({ found, passes }) => [Number(found.toFixed(6)), passes]), [[Number(Math.sqrt(8).toFixed(6)), true], [2, false], [1, true], [Number(Math.sqrt(0.5).toFixed(6)), true]]);
  assert.equal(targets[0].native, 2);
  assert.equal(judgeParallel("jit", [], undefined).some(({ passes }) => passes), false);
  assert.match(parallelTables(Object.keys(machines([])), { rows, boots, targets: { jit: targets } }).join("\n"), /spinning hand-off, time over native +2\.00 +≤ 1\.5 +FAIL/);
});

test("the plot is well-formed and has no bar for what was not measured", () => {
  const svg = barChart(ROWS, ["native", "qemu", "jit"], "a < b");
  assert.ok(svg.includes("a &#60; b") && !/NaN|undefined|Infinity/.test(svg));
  assert.equal(svg.match(/height="8"/g).length, 4 * 2 - 1 + 2);
});
