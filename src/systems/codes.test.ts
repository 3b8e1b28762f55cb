// A program that generates code in all the ways that we know of (programs/codes.c), on the host's CPU, on Kitten and in Linux: same digests. Debian's programs
// that do so are in generated.full.ts.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import test, { after } from "node:test";
import { fileURLToPath } from "node:url";
import { cpioArchive } from "../base/cpio.ts";
import { parallelRun, skip as noImage } from "./parallel.ts";

const main = fileURLToPath(new URL("../cli/main.js", import.meta.url)), source = fileURLToPath(new URL("../../src/systems/programs/codes.c", import.meta.url));
const folder = mkdtempSync(path.join(os.tmpdir(), "nvl-codes-"));
after(() => rmSync(folder, { recursive: true, force: true }));
const program = path.join(folder, "codes");
const skip = process.platform !== "linux" || process.arch !== "x64" || spawnSync("gcc", ["-O1", "-static", "-pthread", "-o", program, source]).status !== 0 ? "no gcc on x86-64 Linux" : false;

/** So much work, in parts of 20 million instructions. */
const native = (work: number) => spawnSync(program, [String(work)], { encoding: "utf8" }).stdout;
for (const [work, ...options] of [
  ["1", "--engine", "interp"], ["1", "--jit-threshold", "8"], ["4", "--jit-threshold", "8", "--cores", "2"], ["1", "--jit-threshold", "20", "--code-cache", "1M"], ["10"],
]) test(`what generates code computes the same on Kitten and on the host (${work} ${options.join(" ")})`, { skip, timeout: 300_000 }, () => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, "exec", ...options, program, work], { encoding: "utf8" });
  assert.deepEqual({ status, stdout, stderr }, { status: 0, stdout: native(Number(work)), stderr: "" });
});

test("what generates code computes the same in a Linux guest and on the host", { skip: skip || noImage, timeout: 300_000 }, async () => {
  const archive = path.join(folder, "codes.cpio");
  writeFileSync(archive, cpioArchive([{ path: "/codes", kind: "file", mode: 0o755, content: readFileSync(program) }]));
  const text = await parallelRun("jit", 2, "/codes 10; echo status $?", { initrds: [archive], engineOptions: { jitThreshold: 100 } });
  assert.ok(text.includes(`${native(10)}status 0\n`), text);
});
