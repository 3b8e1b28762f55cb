// Kittens are peers: one whose programs jump, store and call at random, loop, fill its memory, that cannot start or is stopped leaves the others' results alone.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import test, { after } from "node:test";
import { fileURLToPath } from "node:url";
import { oneZone, type PlannedNode } from "../nvl/plan.ts";
import { startNode } from "./node.ts";

const sources = fileURLToPath(new URL("../../src/kitten/hostile/", import.meta.url));
const gcc = process.platform === "linux" && process.arch === "x64" && !spawnSync("gcc", ["--version"]).error;
const root = mkdtempSync(path.join(os.tmpdir(), "nvl-hostile-"));
after(() => rmSync(root, { recursive: true, force: true }));
if (gcc) for (const name of ["hostile", "victim"]) spawnSync("gcc", ["-O1", "-w", "-static", "-o", path.join(root, name), path.join(sources, `${name}.c`)], { stdio: "inherit" });

const kitten = (name: string, run: string[], cores = 1): PlannedNode =>
  ({ name, zones: oneZone(Array.from({ length: cores }, (_, index) => index), 48 * 2 ** 20), kitten: { run, root, mounts: [], environment: {}, cwd: "/" } });

for (const engine of ["interp", "jit"] as const) test(`hostile neighbours (${engine})`, { skip: gcc ? false : "no gcc on x86-64 Linux" }, async () => {
  const TURNS = "40", text: Record<string, string> = {};
  const native = spawnSync(path.join(root, "victim"), [TURNS], { encoding: "utf8" }).stdout;
  const virtualNodes = [kitten("victim", ["/victim", TURNS]), kitten("hostile", ["/hostile", engine === "jit" ? "1" : "2", "32"], 2), kitten("missing", ["/missing"]), kitten("endless", ["/hostile", "3", "100000"])];
  const nodes = await startNode({ nodeName: "test", totalMemoryBytes: 0, virtualNodes }, engine, { output: (name, bytes) => { text[name] = (text[name] ?? "") + new TextDecoder().decode(bytes); } });
  const [victim, hostile, missing, endless] = nodes;
  await assert.rejects(missing.ended, /ENOENT/);
  assert.deepEqual((await victim.ended).outcome, { kind: "exit", status: 0 });
  assert.ok(text.victim.includes(native), text.victim);
  assert.deepEqual((await hostile.ended).outcome, { kind: "exit", status: 0 });
  assert.match(text.hostile, /30 children/);
  endless.stop();
  assert.deepEqual((await endless.ended).outcome, { kind: "stopped" });
});
