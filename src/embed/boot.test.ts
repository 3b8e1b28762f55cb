// Boots the unmodified Debian kernel to a shell and compares what it says with what is true.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import test from "node:test";
import { fileURLToPath } from "node:url";
import { hasApt, pullDebian, WITHOUT_APT } from "../host/nodejs/debian.ts";
import { findImage } from "../host/nodejs/images.ts";

const main = fileURLToPath(new URL("../cli/main.js", import.meta.url));

/** Runs the CLI with `input` on its standard input; everything it printed. */
function run(args: string[], input: string): Promise<{ status: number | null; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [main, ...args], { stdio: ["pipe", "pipe", "pipe"] });
    let stdout = "", stderr = "";
    child.stdout.on("data", (chunk) => { stdout += chunk; });
    child.stderr.on("data", (chunk) => { stderr += chunk; });
    child.on("close", (status) => resolve({ status, stdout: stdout.replaceAll("\r", ""), stderr }));
    child.stdin.end(input);
  });
}

const image = findImage("debian") ?? (hasApt() ? await pullDebian(() => {}) : undefined);
const skip = image ? false : WITHOUT_APT;

for (const [what, ...engine] of [["JIT, as by default"], ["interpreter", "--engine", "interp"], ["JIT, a code cache of 1 MiB", "--code-cache", "1M"]]) test(`Debian boots to a shell in a pipe, computes, and powers off with status 0 (${what})`, { skip }, async () => {
  const commands = "uname -m; echo sum=$((6*7)); dmesg | grep -ci unstable; cat /sys/devices/system/clocksource/clocksource0/current_clocksource; head -c 1000000 /dev/zero | sha256sum; sleep 0.2; poweroff -f\n";
  const { status, stdout, stderr } = await run(["run", "--memory", "256M", "--stats", "--json", ...engine], commands);
  assert.equal(status, 0, stdout.slice(-3000) + stderr);
  const after = stdout.slice(stdout.indexOf("NVL init"));
  assert.match(after, /^x86_64$/m);
  assert.match(after, /^sum=42$/m);
  assert.match(after, /^0$/m, "dmesg calls a clock unstable");
  assert.match(after, /^tsc$/m);
  assert.match(after, /^d29751f2649b32ff572b5e0a9f541ea660a50f94ff0beedfb0b692b924cc8025 {2}-$/m); // sha256 of a million zero bytes
  const { statistics } = JSON.parse(stderr.trim().split("\n").at(-1)!);
  assert.ok(statistics.instructions > 1e8);
  if (engine.length === 0) assert.ok(statistics.jit.executed > 1e8, "what compiled code executed");
  if (engine[0] === "--code-cache") {
    assert.ok(statistics.jit.evicted > 100, `${statistics.jit.evicted} regions evicted`);
    assert.ok(statistics.jit.cacheBytes <= 2 ** 20, `${statistics.jit.cacheBytes} bytes`);
  }
  assert.ok(statistics.exits.hlt > 0, "nothing was done during the sleep");
});

test("a kernel panic ends with status 2 and says so", { skip }, async () => {
  const { status, stderr } = await run(["run", "--memory", "256M", "--append", "rdinit=/none init=/none quiet"], "");
  assert.equal(status, 2, stderr);
  assert.match(stderr, /Kernel panic - not syncing/);
});
