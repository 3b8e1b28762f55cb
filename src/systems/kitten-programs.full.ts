// Software of Debian on Kitten: shells and their tools, a compiler and what it makes, programs that generate code, parallel programs. What can run natively
// in the same folder is compared with that.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import path from "node:path";
import test from "node:test";
import { fileURLToPath } from "node:url";
import { assertSame, results, runNatively, script, type Commands } from "./compare.ts";
import { EXPECTED, kittenRoots, SHELL_COMMANDS } from "./kitten-roots.ts";

const LIMIT = "1536M", TIMEOUT_MS = 600_000;
/** The host's /proc, /sys and /dev in the folder, for this run only. */
const NATIVE = 'for f in proc sys dev; do mkdir -p "$0/$f"; mount --rbind /$f "$0/$f" || exit; done; exec chroot "$0" "$@"';
const mayMount = spawnSync("unshare", ["-m", "true"]).status === 0;
const main = fileURLToPath(new URL("../cli/main.js", import.meta.url));
const exec = (root: string, ...args: string[]) => [main, "exec", "--root", root, "--memory", LIMIT, ...args];

/** Runs commands from one folder on both, and compares. */
function compare(root: string, commands: Commands): void {
  writeFileSync(path.join(root, "etc/kitten"), `export LC_ALL=C.UTF-8 PYTHONHASHSEED=0 HOME=/ PATH=/usr/bin:/bin:/usr/sbin\n${script("/bin/sh", commands)}`);
  const host = results(mayMount ? runNatively("unshare", ["-m", "sh", "-c", NATIVE, root, "/bin/sh", "/etc/kitten"]) : runNatively("chroot", [root, "/bin/sh", "/etc/kitten"]));
  const kitten = results(runNatively(process.execPath, exec(root, "/bin/sh", "/etc/kitten")));
  for (const name of Object.keys(commands)) test(`${name}: the same on Kitten and on the host`, () => assertSame(name, kitten, host));
}

const runs = process.platform === "linux" && process.arch === "x64" && process.getuid?.() === 0;
if (!runs) test("programs of Debian on Kitten", { skip: "the host has to be x86-64 Linux, and the user root, who may chroot" }, () => {});
else {
  const roots = await kittenRoots();
  compare(roots.programs, SHELL_COMMANDS);
  for (const { name, root, command, ranks, output } of EXPECTED) test(`${name} on Kitten`, () => {
    const words = ranks === undefined ? ["/bin/sh", "-c", command] : ["--ranks", String(ranks), command];
    const { stdout, stderr, status, error } = spawnSync(process.execPath, exec(roots[root], ...words), { encoding: "utf8", timeout: TIMEOUT_MS, input: "" });
    assert.deepEqual({ status, error }, { status: 0, error: undefined }, stderr);
    assert.match(stdout, output);
  });
  test("Node.js itself on Kitten, with a worker thread", () => {
    const code = `const { Worker } = require("worker_threads"); new Worker("require('worker_threads').parentPort.postMessage([1, 2, 3].map((n) => n * n))", { eval: true }).on("message", (m) => console.log(m.join()))`;
    const { status, stdout, stderr } = spawnSync(process.execPath, [main, "exec", "--memory", LIMIT, process.execPath, "-e", code], { encoding: "utf8", timeout: TIMEOUT_MS });
    assert.deepEqual({ status, stdout }, { status: 0, stdout: "1,4,9\n" }, stderr);
  });
  // the same program again, from an archive in memory
  test("a root in an archive", () => {
    const archive = path.join(roots.programs, "tmp/root.tar.gz");
    const packed = spawnSync("tar", ["-C", roots.programs, "-czf", archive, "bin", "lib64", "lib/x86_64-linux-gnu", "usr/lib/x86_64-linux-gnu/libpcre2-8.so.0", "usr/lib/x86_64-linux-gnu/libpcre2-8.so.0.11.2"], { encoding: "utf8" });
    assert.equal(packed.status, 0, packed.stderr);
    const { stdout, status } = spawnSync(process.execPath, exec(archive, "/bin/sh", "-c", "mkdir /new; echo text > /new/file; cat /new/file; [ -L /bin/sh ] && echo link; [ -e /etc ] || echo no etc"), { encoding: "utf8" });
    assert.deepEqual({ status, stdout }, { status: 0, stdout: "text\nlink\nno etc\n" });
  });
}
