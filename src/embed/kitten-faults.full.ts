// The timing of a Kitten beside a hostile one: as beside one that computes. Medians of turns; a host with two processors for the two.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import test, { after } from "node:test";
import { fileURLToPath } from "node:url";
import { oneZone, type PlannedNode } from "../nvl/plan.ts";
import { startNode } from "./node.ts";

const sources = fileURLToPath(new URL("../../src/kitten/hostile/", import.meta.url)), TURNS = "1000", ROUNDS = 5, MOST = 1.5;
const able = process.platform === "linux" && process.arch === "x64" && os.availableParallelism() > 1 && !spawnSync("gcc", ["--version"]).error;
const root = mkdtempSync(path.join(os.tmpdir(), "nvl-hostile-"));
after(() => rmSync(root, { recursive: true, force: true }));
const kitten = (name: string, run: string[]): PlannedNode => ({ name, zones: oneZone([0], 48 * 2 ** 20), kitten: { run, root, mounts: [], environment: {}, cwd: "/" } });

/** @returns the median of a turn in microseconds */
async function beside(neighbour: string[]): Promise<number> {
  let text = "";
  const [victim, other] = await startNode({ nodeName: "test", totalMemoryBytes: 0, virtualNodes: [kitten("victim", ["/victim", TURNS]), kitten("other", neighbour)] }, "jit", { output: (name, bytes) => { if (name === "victim") text += new TextDecoder().decode(bytes); } });
  await victim.ended;
  other.stop();
  await other.ended;
  return Number(/median (\d+)/.exec(text)![1]);
}

test("a hostile neighbour costs no more than one that computes", { skip: able ? false : "needs gcc and two processors of x86-64 Linux" }, async () => {
  for (const name of ["hostile", "victim"]) spawnSync("gcc", ["-O1", "-w", "-static", "-o", path.join(root, name), path.join(sources, `${name}.c`)], { stdio: "inherit" });
  const ratios: number[] = [];
  for (let round = 0; round < ROUNDS; round++) ratios.push(1 / await beside(["/victim", "1000000"]) * await beside(["/hostile", `${round + 1}`, "100000"]));
  ratios.sort((a, b) => a - b);
  assert.ok(ratios[ROUNDS >> 1] < MOST, `ratios ${ratios.map((value) => value.toFixed(2)).join(" ")}`);
});
