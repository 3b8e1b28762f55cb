// A Multiboot 1 kernel that starts its cores by itself: command line, INIT and STARTUP, LOCK, interrupts between cores, debug-exit port. The kernel is multiboot.S; kernels of
// others are in kernels.full.ts.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import test, { after } from "node:test";
import { fileURLToPath } from "node:url";
import { runGuest } from "./guest.ts";

const folder = mkdtempSync(path.join(os.tmpdir(), "nvl-multiboot-"));
after(() => rmSync(folder, { recursive: true, force: true }));
const missing = ["as", "ld"].find((program) => spawnSync(program, ["--version"]).error);
const skip = missing ? `${missing} is not installed` : false;

function build(): string {
  const source = fileURLToPath(new URL("../../src/systems/multiboot.S", import.meta.url)), [object, kernel] = [path.join(folder, "kernel.o"), path.join(folder, "kernel.elf")];
  for (const [program, args] of [["as", ["--32", "-o", object, source]], ["ld", ["-m", "elf_i386", "-n", "-Ttext", "0x100000", "-z", "noexecstack", "-o", kernel, object]]] as const) {
    const { status, stderr } = spawnSync(program, args, { encoding: "utf8" });
    assert.equal(status, 0, stderr);
  }
  return kernel;
}

for (const engine of ["interp", "jit"] as const) for (const [vcpus, virtual] of [[1, false], [2, false], [4, false], [4, true]] as const)
  test(`${vcpus} cores, started by a Multiboot kernel${virtual ? ", in virtual time" : ""} (${engine})`, { skip, timeout: 120_000 }, async () => {
    const { text, outcome, protocol } = await runGuest({ kernel: build(), commandLine: `kernel aps=${vcpus - 1}`, memoryMiB: 16, vcpus, engine, limitSeconds: 60, ...(virtual && { virtualTime: { seed: 1 } }) });
    assert.equal(protocol, "Multiboot 1");
    assert.deepEqual(outcome, { kind: "debug-exit", status: 0x21 }, text);
    const [line, ids] = text.split("\n");
    assert.match(line, new RegExp(`kernel aps=${vcpus - 1}$`));
    assert.deepEqual([...ids].sort(), ["1", "2", "3"].slice(0, vcpus - 1));
  });

test("the status of the debug-exit port is that of the kernel", { skip, timeout: 120_000 }, async () => {
  assert.deepEqual((await runGuest({ kernel: build(), commandLine: "aps=3", memoryMiB: 16, vcpus: 2, limitSeconds: 60 })).outcome, { kind: "debug-exit", status: 5 });
});
