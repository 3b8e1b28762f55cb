// The table of floors in ARCHITECTURE.md, enforced: every import of src/ is read and compared with it. Also that the floors which must run
// anywhere import nothing of Node.js, and compile without its types.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import test from "node:test";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const source = path.join(root, "src");

/** folder → folders that it may import, from the table `| floor | folder | one line | may import |` */
function readTable(): Map<string, { floor: number; below: string[] }> {
  const out = new Map<string, { floor: number; below: string[] }>();
  for (const line of readFileSync(path.join(root, "ARCHITECTURE.md"), "utf8").split("\n")) {
    const match = /^\| (\d) \| `(\w+)\/` \|.*\| ([^|]+) \|$/.exec(line);
    if (match) out.set(match[2], { floor: Number(match[1]), below: match[3].trim().split(/\s+/) });
  }
  for (const entry of out.values()) if (entry.below.join(" ") === "all below") entry.below = [...out].filter(([, other]) => other.floor < entry.floor).map(([name]) => name);
  return out;
}

interface Import { file: string; target: string }

/** Source files by path from src/, AssemblyScript left out. */
function files(folder = source): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const file = path.join(folder, entry.name);
    if (entry.isDirectory()) return entry.name === "assembly" ? [] : files(file);
    return entry.name.endsWith(".ts") ? [path.relative(source, file).split(path.sep).join("/")] : [];
  });
}

const IMPORT = /(?:^|[;\s])(?:import|export)\s[^"';]*?from\s*"([^"]+)"|(?:^|[;\s])import\s*"([^"]+)"|\bimport\(\s*"([^"]+)"/g;

const imports: Import[] = files().flatMap((file) => {
  const text = readFileSync(path.join(source, file), "utf8");
  return [...text.matchAll(IMPORT)].map((match) => {
    const target = match[1] ?? match[2] ?? match[3];
    return { file, target: target.startsWith(".") ? path.posix.join(path.posix.dirname(file), target) : target };
  });
});

const table = readTable();
const folderOf = (file: string) => file.includes("/") ? file.slice(0, file.indexOf("/")) : "";
/** Tests, and what only they import. */
const isTest = (file: string) => /(\.(test|full)|\/testing)\.ts$/.test(file) || file.startsWith("conformance/");
/** Run at build time by scripts/build.mjs, and by nothing else. */
const isBuildStep = (file: string) => /^engine\/\w+\/build\.ts$/.test(file);
const isLocal = (target: string) => /\.ts$/.test(target);
/** Folders whose code runs in every host. */
const portable = (file: string) => {
  const entry = table.get(folderOf(file));
  return entry !== undefined && entry.floor <= 5 && folderOf(file) !== "host" && !isTest(file) && !isBuildStep(file);
};

test("every folder of src/ is in the table of floors, and the table says nothing of folders above", () => {
  for (const { name } of readdirSync(source, { withFileTypes: true }).filter((entry) => entry.isDirectory())) assert.ok(table.has(name), `src/${name} has no floor in ARCHITECTURE.md`);
  for (const [name, { floor, below }] of table) for (const other of below) {
    if (other !== "nothing") assert.ok((table.get(other)?.floor ?? Infinity) < floor, `${name} may not import ${other}: it is not below`);
  }
});

test("imports only go down", () => {
  const wrong = imports.filter(({ file, target }) => {
    const from = folderOf(file), to = folderOf(target);
    if (!isLocal(target) || from === to || from === "") return false;
    if (isTest(file) && (to === "host" || to === "conformance")) return false;
    return !table.get(from)?.below.includes(to);
  });
  assert.deepEqual(wrong.map(({ file, target }) => `${file} imports ${target}`), []);
});

test("the parts of the engine stand on each other", () => {
  const part = (file: string) => file.split("/")[1];
  const wrong = imports.filter(({ file, target }) => folderOf(file) === "engine" && folderOf(target) === "engine" && !isTest(file) && part(file) !== part(target) && !["core", "wasm"].includes(part(target))
    && !(part(file) === "jit" && part(target) === "interp"));
  assert.deepEqual(wrong.map(({ file, target }) => `${file} imports ${target}`), []);
});

test("no imports in a circle at run time", () => {
  // imports of types vanish
  const edges = new Map<string, string[]>();
  for (const file of files()) {
    const text = readFileSync(path.join(source, file), "utf8").replace(/(?:import|export) type\s[^;]*;/g, "");
    edges.set(file, [...text.matchAll(IMPORT)].map((match) => match[1] ?? match[2] ?? "").filter((target) => target.startsWith(".")).map((target) => path.posix.join(path.posix.dirname(file), target)));
  }
  const state = new Map<string, "open" | "done">();
  const visit = (file: string, trail: string[]): void => {
    if (state.get(file) === "done") return;
    assert.notEqual(state.get(file), "open", [...trail, file].join(" → "));
    state.set(file, "open");
    for (const next of edges.get(file) ?? []) visit(next, [...trail, file]);
    state.set(file, "done");
  };
  for (const file of edges.keys()) visit(file, []);
});

test("what runs anywhere imports nothing of Node.js", () => {
  const wrong = imports.filter(({ file, target }) => portable(file) && target.startsWith("node:"));
  assert.deepEqual(wrong.map(({ file, target }) => `${file} imports ${target}`), []);
});

test("what runs anywhere compiles without the types of Node.js and DOM", () => {
  const tsc = path.join(root, "node_modules/typescript/bin/tsc");
  const result = spawnSync(process.execPath, [tsc, "-p", path.join(root, "tsconfig.portable.json")], { encoding: "utf8" });
  assert.equal(result.stdout + result.stderr, "");
});

test("shipped code imports only packages that are installed with it", () => {
  const { dependencies } = JSON.parse(readFileSync(path.join(root, "package.json"), "utf8")) as { dependencies: Record<string, string> };
  const wrong = imports.filter(({ file, target }) => !isTest(file) && !isLocal(target) && !target.startsWith("node:") && !(target in dependencies));
  assert.deepEqual(wrong.map(({ file, target }) => `${file} imports ${target}`), []);
});
