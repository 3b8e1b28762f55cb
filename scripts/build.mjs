// Builds everything into dist/: TypeScript, the constants that AssemblyScript shares with it, engine/core, and the interpreter's Wasm.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { fileURLToPath, pathToFileURL } from "node:url";
import path from "node:path";

// built last, of all the rest: scripts/bundle.mjs
const BUNDLES = [["embed/compile-thread.js", "compile-thread"], ["cli/exec.js", "exec", ["engine/oracle/vcpu.js", "embed/archive-root.js", "embed/kitten-cores.js"], ["engine/jit/compile.js"]]];

const root = fileURLToPath(new URL("..", import.meta.url));
const bin = (name) => path.join(root, "node_modules", ...name.split("/"));

function run(what, script, ...args) {
  const result = spawnSync(process.execPath, [script, ...args], { cwd: root, stdio: ["ignore", "inherit", "inherit"] });
  if (result.status !== 0) {
    console.error(`build: ${what} failed`);
    process.exit(result.status ?? 1);
  }
}

run("tsc", bin("typescript/bin/tsc"), "-p", "tsconfig.json");
const { CONSTANTS, OFFSET, VCPU_STATE_BYTES } = await import(pathToFileURL(path.join(root, "dist/hal/layout.js")));

const namespace = (name, type, entries) =>
  `export namespace ${name} {\n${Object.entries(entries).map(([key, value]) => `  export const ${key}: ${type} = ${value};`).join("\n")}\n}\n`;
const generated = path.join(root, "src/engine/core/assembly/generated");
mkdirSync(generated, { recursive: true });
writeFileSync(path.join(generated, "layout.ts"),
  "// Generated from src/hal/layout.ts by scripts/build.mjs. Do not edit.\n" +
  namespace("At", "usize", { ...OFFSET, stateBytes: VCPU_STATE_BYTES }) + namespace("C", "i32", CONSTANTS));

mkdirSync(path.join(root, "dist/engine/core"), { recursive: true });
run("asc", bin("assemblyscript/bin/asc.js"), "src/engine/core/assembly/index.ts", "--outFile", "dist/engine/core/core.wasm",
  "--optimizeLevel", "3", "--runtime", "stub", "--importMemory", "--sharedMemory", "--initialMemory", "17", "--maximumMemory", "65536",
  "--memoryBase", "1024", "--enable", "threads,simd,bulk-memory", "--use", "abort=", "--noAssert");

const generator = path.join(root, "dist/engine/interp/build.js");
if (existsSync(generator)) {
  run("interpreter", generator, "dist/engine/interp/interp.wasm");
  mkdirSync(path.join(root, "dist/engine/jit"), { recursive: true });
  run("interpreter with regions", generator, "dist/engine/jit/interp.wasm", "--regions");
}

const { bundle } = await import("./bundle.mjs");
for (const parts of BUNDLES) run("bundle", "--check", await bundle(...parts));
// without it everything works, and begins later
spawnSync(process.execPath, [path.join(root, "scripts/code-cache.mjs")], { cwd: root, stdio: "ignore" });
