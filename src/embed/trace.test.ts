// What a program without an operating system does, told event by event, the same on every engine.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import test from "node:test";
import { fileURLToPath } from "node:url";

const main = fileURLToPath(new URL("../cli/main.js", import.meta.url));

const CODE = [
  0xb9, 0x80, 0, 0, 0xc0, //            mov ecx, 0xc0000080
  0x0f, 0x32, //                  +5    rdmsr
  0x0f, 0x30, //                  +7    wrmsr
  0xb0, 7, 0xe6, 0x80, //         +11   mov al, 7; out 0x80, al
  0xe4, 0x61, //                  +13   in al, 0x61
  0xbb, 0, 0, 0xe0, 0xfe, //            mov ebx, 0xfee00000
  0x8b, 0x43, 0x30, //            +20   mov eax, [rbx + 0x30]
  0xb0, 42, 0xe6, 0xf4, 0xf4, //  +25   mov al, 42; out 0xf4, al; hlt
];
const EXPECTED = [
  "msrs       0000000000010005 rdmsr 0xc0000080 IA32_EFER = 0x500", "msrs       0000000000010007 wrmsr 0xc0000080 IA32_EFER = 0x500",
  "ports      000000000001000b out 8  0x080 post = 0x7", "ports      000000000001000d in  8  0x061",
  "mmio       0000000000010014 read  32 0xfee00030 lapic0 = 0x50014", "ports      0000000000010019 out 8  0x0f4 debug-exit = 0x2a",
];

for (const engine of ["oracle", "interp", "jit"]) test(`a trace of everything (${engine})`, () => {
  const folder = mkdtempSync(path.join(tmpdir(), "nvl-trace-")), kernel = path.join(folder, "program.bin"), file = path.join(folder, "trace");
  writeFileSync(kernel, Uint8Array.from(CODE));
  const run = (...options: string[]) => spawnSync(process.execPath, [main, "run", "--kernel", kernel, "--flat", "0x10000:long", "--memory", "16M", "--engine", engine, ...options], { encoding: "utf8" });
  assert.equal(run("--trace", `msrs,ports,mmio:${file}`).status, 85);
  const lines = readFileSync(file, "utf8").trimEnd().split("\n");
  assert.deepEqual(lines.map((line, index) => line.slice(18, 18 + EXPECTED[index]?.length)), EXPECTED);
  const { stderr } = run("--trace", "exits");
  assert.match(stderr, /^ {3}0\.\d{9} {2}0 exits      [0-9a-f]{16} kick       after \d+ instructions$/m);
  assert.doesNotMatch(stderr, /msrs|ports/);
});
