// The C programs of programs.test.ts on one, two and four cores, on both engines, several times: what tasks that run at the same time do to each other differs from run to run.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import test, { after } from "node:test";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url)), sources = path.join(root, "src/kitten/programs");
const gcc = process.platform === "linux" && process.arch === "x64" && !spawnSync("gcc", ["--version"]).error;
const TIMEOUT_MS = 300_000, ROUNDS = 10;

const folder = mkdtempSync(path.join(os.tmpdir(), "nvl-programs-"));
after(() => rmSync(folder, { recursive: true, force: true }));
const run = (program: string, args: string[]) => {
  const { status, stdout, stderr } = spawnSync(program, args, { encoding: "utf8", timeout: TIMEOUT_MS, input: "line one\nline two\n" });
  return { status, stdout, stderr };
};

for (const source of readdirSync(sources).filter((name) => name.endsWith(".c"))) {
  const name = source.slice(0, -2), program = path.join(folder, name);
  for (const cores of [1, 2, 4]) for (const engine of ["interp", "jit"]) test(`${name}, cores: ${cores}, ${engine}, ${ROUNDS} times`, { skip: gcc ? false : "no gcc on x86-64 Linux" }, () => {
    const compiled = spawnSync("gcc", ["-O1", "-w", "-static", "-o", program, path.join(sources, source), "-pthread", "-lm"], { encoding: "utf8" });
    assert.equal(compiled.status, 0, compiled.stderr);
    const native = run(program, []);
    for (let round = 1; round <= ROUNDS; round++)
      assert.deepEqual(run(process.execPath, [path.join(root, "dist/cli/main.js"), "exec", "--cores", String(cores), "--engine", engine, program]), native, `round ${round}`);
  });
}
