// The command line as its users see it: what it prints, and its exit status.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import test, { after } from "node:test";
import { fileURLToPath } from "node:url";

const main = fileURLToPath(new URL("./main.js", import.meta.url));
const folder = mkdtempSync(path.join(os.tmpdir(), "nvl-cli-"));
after(() => rmSync(folder, { recursive: true, force: true }));
const file = (name: string, content: string | Uint8Array) => {
  writeFileSync(path.join(folder, name), content);
  return name;
};
const nvl = (...args: string[]) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...args], { cwd: folder, timeout: 60_000, encoding: "utf8", env: { ...process.env, NVL_IMAGES: path.join(folder, "images") } });
  return { status, stdout, stderr };
};
const spec = (virtualNodes: string) => `node:\n  zones:\n    - { cores: 1, memory: 512M }\nvirtualNodes:\n${virtualNodes}`;
file("kernel", "not really");

test("help lists every command", () => {
  const { status, stdout } = nvl("--help");
  assert.equal(status, 0);
  for (const command of ["run", "up", "validate", "schema", "engines", "images"]) assert.match(stdout, new RegExp(`^  ${command}`, "m"));
});

test("the schema is JSON Schema", () => assert.equal(JSON.parse(nvl("schema").stdout).type, "object"));

test("an empty image store says how to fill it", () => {
  assert.match(nvl("images").stdout, /no images in .*nvl images pull debian/);
  assert.deepEqual(JSON.parse(nvl("images", "--json").stdout), []);
});

test("validate shows what a good spec would start", () => {
  file("good.yaml", spec("  - { name: a, memory: 256M, stack: { vm: { kernel: kernel } } }"));
  const { status, stdout } = nvl("validate", "good.yaml");
  assert.equal(status, 0);
  assert.match(stdout, /NAME +ZONE +CORES +MEMORY +RUNS\na +0 +0 +256 MiB +.*kernel/);
});

test("up names every issue with its path and starts nothing", () => {
  file("bad.yaml", spec("  - { name: a, memory: 256M, stack: { vm: { kernel: missing } } }\n  - { name: b, memory: 512M, stack: { vm: { image: none } } }"));
  const { status, stdout, stderr } = nvl("up", "bad.yaml");
  assert.equal(status, 1);
  assert.equal(stdout, "");
  for (const at of ["/virtualNodes/0/stack/vm/kernel", "/virtualNodes/1/cores", "/virtualNodes/1/memory", "/virtualNodes/1/stack/vm/image"]) assert.match(stderr, new RegExp(`${at} `));
  const issues = JSON.parse(nvl("validate", "--json", "bad.yaml").stdout).issues;
  assert.equal(issues.length, 4);
});

for (const [what, content, expected] of [
  ["unknown fields", spec("  - { name: a, cpus: 1, memory: 256M, stack: { vm: { kernel: kernel } } }"), /\/virtualNodes\/0\/cpus +unknown field/],
  ["YAML that is none", "node: [", /spec.yaml:1:\d+/],
  ["a file that is empty", "", /\/ +/],
] as const) test(`validate refuses ${what}`, () => {
  file("spec.yaml", content);
  const { status, stderr } = nvl("validate", "spec.yaml");
  assert.equal(status, 1);
  assert.match(stderr, expected);
});

for (const [what, args, expected] of [
  ["a missing spec", ["up", "none.yaml"], /none.yaml +cannot be read/],
  ["a missing kernel", ["run", "--kernel", "none"], /--kernel +file none cannot be read/],
  ["no image", ["run"], /--image +the image store has no debian/],
  ["a kernel of unknown format", ["run", "--kernel", "kernel"], /unknown format/],
  ["a size that is none", ["run", "--memory", "much"], /512M, 2GiB/],
  ["too little memory", ["run", "--kernel", "kernel", "--memory", "4K"], /--memory +at least 1 MiB/],
  ["more memory than a node has", ["run", "--kernel", "kernel", "--memory", "64G"], /at most 4 GiB/],
  ["an unknown engine", ["run", "--engine", "warp"], /Allowed choices are interp, jit, oracle/],
  ["a threshold that is none", ["run", "--jit-threshold", "-1"], /from 0, to compile at once, to 65535/],
  ["a code cache that is too small", ["run", "--code-cache", "64K"], /1M to 4G are allowed/],
  ["a trace of what is not traced", ["run", "--trace", "everything"], /TOPIC\[,TOPIC…\]\[:FILE\] is allowed, where a topic is one of regions, exits/],
  ["a period that is none", ["run", "--stats-every", "0"], /0.1 to 3600 seconds/],
  ["an unknown command", ["fly"], /unknown command 'fly'/],
  ["an image that cannot be pulled", ["images", "pull", "windows"], /debian is allowed/],
] as const) test(`refuses ${what}`, () => {
  const { status, stderr } = nvl(...args);
  assert.equal(status, 1);
  assert.match(stderr, expected);
});

/** A flat real-mode program. */
const flat = (name: string, bytes: number[]) => file(name, Uint8Array.from(bytes));
/** The tail begins at 0x800c. */
const hello = (tail: number[]) => [0xba, 0xf8, 0x03, ...[..."hi\n"].flatMap((letter) => [0xb0, letter.charCodeAt(0), 0xee]), ...tail];
for (const [what, bytes, status, stdout, stderr] of [
  ["power-off", hello([0xba, 0x04, 0x06, 0xb8, 0x00, 0x34, 0xef, 0xf4]), 0, "hi\n", /^$/],
  ["the debug port", hello([0xba, 0xf4, 0x00, 0xb0, 0x05, 0xee, 0xf4]), 11, "hi\n", /debug exit with status 11/],
  ["HLT with interrupts off", hello([0xfa, 0xf4]), 4, "hi\n", /halted with interrupts off/],
  ["a triple fault", hello([0x0f, 0x01, 0x1e, 0x12, 0x80, 0xcc, 0, 0, 0, 0, 0, 0]), 3, "hi\n", /triple fault/],
] as const) test(`run ends with status ${status} by ${what}`, () => {
  const name = flat("flat.bin", [...bytes]);
  const result = nvl("run", "--kernel", name, "--flat", "0x8000:real", "--memory", "2M");
  assert.deepEqual([result.status, result.stdout], [status, stdout], result.stderr);
  assert.match(result.stderr, stderr);
});

// mov ecx, 3000000; again: dec ecx; jnz again; power-off
const loop = [0x66, 0xb9, 0xc0, 0xc6, 0x2d, 0, 0x66, 0x49, 0x75, 0xfc, 0xba, 0x04, 0x06, 0xb8, 0x00, 0x34, 0xef, 0xf4];
test("counters at the end are lines or JSON, those of the JIT where it runs, as it does by default", () => {
  const args = ["run", "--kernel", flat("loop.bin", loop), "--flat", "0x8000:real", "--memory", "2M", "--stats"];
  const text = nvl(...args, "--engine", "interp");
  assert.equal(text.status, 0, text.stderr);
  for (const line of [/^instructions +6 000 0\d\d \(\d+ MIPS\)$/m, /^TLB misses +\d/m, /^memory touched +/m]) assert.match(text.stderr, line);
  assert.doesNotMatch(text.stderr, /regions/);
  const { statistics } = JSON.parse(nvl(...args, "--json", "--jit-threshold", "0").stderr.trim().split("\n").at(-1)!);
  assert.ok(statistics.instructions > 6_000_000 && statistics.instructions < 6_000_100);
  assert.deepEqual(Object.keys(statistics.jit.exits).sort(), ["border", "fault", "helper", "indirect", "link", "miss", "refused"]);
});
