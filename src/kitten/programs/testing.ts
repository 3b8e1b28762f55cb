// What the tests of the C programs share: they are compiled with gcc and run natively and on Kitten, as users run programs.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { after } from "node:test";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../..", import.meta.url)), sources = path.join(root, "src/kitten/programs");
const gcc = process.platform === "linux" && process.arch === "x64" && !spawnSync("gcc", ["--version"]).error;

/** Names of the programs. */
export const PROGRAMS: readonly string[] = readdirSync(sources).filter((name) => name.endsWith(".c")).map((name) => name.slice(0, -2));
export const skip: string | false = gcc ? false : "no gcc on x86-64 Linux";

/** In a folder that goes when the tests of this file are over. */
export function programRunner(timeoutMs: number) {
  const folder = mkdtempSync(path.join(os.tmpdir(), "nvl-programs-"));
  after(() => rmSync(folder, { recursive: true, force: true }));
  const run = (program: string, args: readonly string[]) => {
    const { status, stdout, stderr } = spawnSync(program, args, { encoding: "utf8", timeout: timeoutMs, input: "line one\nline two\n" });
    return { status, stdout, stderr };
  };
  return {
    /** @param name of a source in programs/, without .c
     * @returns the program's file */
    compile: (name: string, kind: string, flags: readonly string[]) => {
      const program = path.join(folder, `${name.replace("/", "-")}-${kind}`);
      const { status, stderr } = spawnSync("gcc", ["-O1", "-w", ...flags, "-o", program, path.join(sources, `${name}.c`), "-pthread", "-lm"], { encoding: "utf8" });
      assert.equal(status, 0, stderr);
      return program;
    },
    native: (program: string) => run(program, []),
    kitten: (program: string, cores: number, engine: string, ...words: string[]) => run(process.execPath, [path.join(root, "dist/cli/main.js"), "exec", "--cores", String(cores), "--engine", engine, ...words, program]),
  };
}
