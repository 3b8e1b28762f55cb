// Writes the bundles' code caches: what V8 has compiled of them when a program has run on a Kitten for a moment.
import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import os from "node:os";
import path from "node:path";
import { tinyProgram } from "../dist/kitten/testing.js";
import { setV8Flags } from "../dist/cli/v8-flags.js";

const file = (name) => fileURLToPath(new URL(`../dist/bundle/${name}`, import.meta.url));
const own = path.join(os.tmpdir(), `nvl-code-cache-${process.pid}`);
// mov ecx, 2^28; again: dec ecx; jnz again; mov eax, 60 (exit); syscall
const LOOP = [0xb9, 0, 0, 0, 0x10, 0xff, 0xc9, 0x75, 0xfc, 0xb8, 60, 0, 0, 0, 0x31, 0xff, 0x0f, 0x05];
const SCRIPT = "i=0; while [ $i -lt 30000 ]; do i=$((i + 1)); done; true | true";
const sh = process.platform === "linux" && process.arch === "x64" && existsSync("/bin/sh");

setV8Flags();
// the thread that compiles saves what it has all the time, for as long as this process runs
const thread = file("compile-thread.js"), saved = file("compile-thread.cache"), loader = readFileSync(thread, "utf8");
writeFileSync(thread, `${loader}
import { writeFileSync } from "node:fs";
setInterval(() => writeFileSync(${JSON.stringify(saved)}, script.createCachedData()), 100).unref();
`);
try {
  if (!sh) writeFileSync(own, tinyProgram(LOOP), { mode: 0o755 });
  const { execCommand, script } = await import("../dist/bundle/exec.js");
  await execCommand(sh ? ["/bin/sh", "-c", SCRIPT] : [own], { mount: [], env: [], memory: 128 * 2 ** 20, cores: 1, engine: "jit" });
  writeFileSync(file("exec.cache"), script.createCachedData());
} finally {
  writeFileSync(thread, loader);
  rmSync(own, { force: true });
}
process.exit(existsSync(saved) && statSync(saved).size > 0 ? 0 : 1);
