// Small C programs, one per family of system calls, natively and on Kitten: output and exit status are equal. Compiled statically and as
// position-independent programs with glibc's dynamic linker, on the interpreter and the JIT.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import test, { after } from "node:test";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url)), sources = path.join(root, "src/kitten/programs");
const gcc = process.platform === "linux" && process.arch === "x64" && !spawnSync("gcc", ["--version"]).error;
const TIMEOUT_MS = 120_000;

const folder = mkdtempSync(path.join(os.tmpdir(), "nvl-programs-"));
after(() => rmSync(folder, { recursive: true, force: true }));
const run = (program: string, args: string[]) => {
  const { status, stdout, stderr } = spawnSync(program, args, { encoding: "utf8", timeout: TIMEOUT_MS, input: "line one\nline two\n" });
  return { status, stdout, stderr };
};

for (const source of readdirSync(sources).filter((name) => name.endsWith(".c"))) {
  const name = source.slice(0, -2), program = path.join(folder, name);
  const kinds: [string, string[], string, number][] = [["static", ["-static"], "jit", 2], ["dynamic", ["-pie", "-fPIE"], "interp", 1]];
  for (const [kind, flags, engine, cores] of kinds) test(`${name} (${kind}, ${engine}, cores: ${cores})`, { skip: gcc ? false : "no gcc on x86-64 Linux" }, () => {
    const compiled = spawnSync("gcc", ["-O1", "-w", ...flags, "-o", `${program}-${kind}`, path.join(sources, source), "-pthread", "-lm"], { encoding: "utf8" });
    assert.equal(compiled.status, 0, compiled.stderr);
    const native = run(`${program}-${kind}`, []);
    assert.deepEqual(run(process.execPath, [path.join(root, "dist/cli/main.js"), "exec", "--cores", String(cores), "--engine", engine, `${program}-${kind}`]), native);
  });
}
