// Debian's gdb with a program without an operating system, on both engines: what a user would type, and what it must say.

import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import test from "node:test";
import { fileURLToPath } from "node:url";

const main = fileURLToPath(new URL("../cli/main.js", import.meta.url));
const skip = spawnSync("gdb", ["--version"]).status === 0 ? false : "no gdb here";

const BASE = 0x10000, DATA = 0x80000;
/** 2000 rounds of an inner loop of 1000 that counts in RAX and at [RBX], then a move of 16 bytes, and the debug exit with 42. */
const PROGRAM = [
  0xbb, 0, 0, 8, 0, //                    mov ebx, 0x80000
  0x31, 0xc0, 0x31, 0xd2, //              xor eax, eax; xor edx, edx
  0xb9, 0xe8, 3, 0, 0, //           +9    mov ecx, 1000
  0x48, 0xff, 0xc0, //              +14   inc rax
  0x48, 0x89, 0x03, //              +17   mov [rbx], rax
  0xff, 0xc9, 0x75, 0xf6, //        +20   dec ecx; jnz +14
  0xff, 0xc2, //                    +24   inc edx
  0x81, 0xfa, 0xd0, 7, 0, 0, //     +26   cmp edx, 2000
  0x72, 0xe7, //                    +32   jb +9
  0xbe, 0, 0, 1, 0, //              +34   mov esi, 0x10000
  0xbf, 0, 1, 8, 0, //              +39   mov edi, 0x80100
  0xb9, 16, 0, 0, 0, //             +44   mov ecx, 16
  0xf3, 0xa4, //                    +49   rep movsb
  0xb0, 42, 0xe6, 0xf4, 0xf4, //    +51   mov al, 42; out 0xf4, al; hlt
];
const OUTER = BASE + 24, MOVE = BASE + 49, END = BASE + 51;
const hex = (value: number) => `0x${value.toString(16)}`;

/** Runs the program with a debugger waiting, and gdb with these commands. */
async function debug(engine: string, commands: readonly string[], options: readonly string[] = []): Promise<{ said: string; stderr: string; status: number | null }> {
  const folder = mkdtempSync(path.join(tmpdir(), "nvl-gdb-")), kernel = path.join(folder, "program.bin");
  writeFileSync(kernel, Uint8Array.from(PROGRAM));
  const guest = spawn(process.execPath, [main, "run", "--kernel", kernel, "--flat", `${hex(BASE)}:long`, "--memory", "16M", "--engine", engine, "--gdb", "0", "--gdb-wait", ...options], { stdio: ["ignore", "ignore", "pipe"] });
  let stderr = "";
  const address = await new Promise<string>((resolve, reject) => {
    guest.stderr.on("data", (chunk) => {
      stderr += chunk;
      const found = /target remote (\S+)/.exec(stderr);
      if (found) resolve(found[1]);
    });
    guest.on("close", () => reject(new Error(stderr)));
  });
  const ended = new Promise<number | null>((resolve) => { guest.on("close", resolve); });
  const gdb = spawn("gdb", ["-nx", "-batch", ...["set pagination off", `target remote ${address}`, ...commands].flatMap((command) => ["-ex", command])], { stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  for (const stream of [gdb.stdout, gdb.stderr]) stream.on("data", (chunk) => { said += chunk; });
  await new Promise((resolve) => { gdb.on("close", resolve); });
  setTimeout(() => guest.kill(), 20_000).unref();
  return { said, status: await ended, stderr };
}

for (const engine of ["interp", "jit"]) {
  test(`breakpoints, registers, memory and steps (${engine})`, { skip }, async () => {
    const { said, status } = await debug(engine, [
      "info threads", "printf \"start %#lx %#lx\\n\", $pc, $cr0", `break *${hex(OUTER)}`, "continue", "printf \"first %lu %lu\\n\", $rax, $rdx",
      "ignore 1 998", "continue", "printf \"hot %lu %lu\\n\", $rax, $rdx", "stepi", "printf \"step %#lx %lu\\n\", $pc, $rdx",
      "delete", `hbreak *${hex(MOVE)}`, "continue", "printf \"move %#lx %lu\\n\", $pc, $rax", "delete", "stepi", "stepi", "printf \"rep %#lx %lu\\n\", $pc, $rcx",
      `tbreak *${hex(END)}`, "continue", `x/4xb ${hex(DATA + 0x100)}`, `set var *(char *)${hex(END + 1)} = 21`, "set var $xmm5.v2_int64[1] = 77", "p $xmm5.v4_int32", "info registers eflags mxcsr", "monitor info cpus", "continue",
    ]);
    assert.match(said, /Thread 1 "vCPU 0"/);
    assert.match(said, /start 0x10000 0x80000031/);
    assert.match(said, /first 1000 0/);
    assert.match(said, /hot 1000000 999/);
    assert.match(said, /step 0x1001a 1000/);
    assert.match(said, /move 0x10031 2000000/);
    assert.match(said, /rep 0x10031 14/);
    assert.match(said, /0x80100:\s+0xbb\s+0x00\s+0x00\s+0x08/);
    assert.match(said, /\{0, 0, 77, 0\}/);
    assert.match(said, /eflags\s+0x46\s+\[ PF ZF \]/);
    assert.match(said, /mxcsr\s+0x1f80\s+\[ IM DM ZM OM UM PM \]/);
    assert.match(said, /vCPU 0: RIP 0x10033, CPL 0, running/);
    assert.match(said, /exited with code 053/, "21 * 2 + 1 in octal");
    assert.equal(status, 43);
  });

  test(`watchpoints, and on without the debugger (${engine})`, { skip }, async () => {
    const { said, status } = await debug(engine, [
      `tbreak *${hex(OUTER)}`, "continue", `watch *(long *)${hex(DATA)}`, "continue", "continue", "printf \"written %#lx %lu\\n\", $pc, $rax", "delete",
      `awatch *(long *)${hex(DATA + 0x108)}`, "continue", "printf \"moved %#lx %lu\\n\", $pc, $rcx", "detach",
    ]);
    assert.match(said, /Hardware watchpoint 2/);
    assert.match(said, /Old value = 1001\s+New value = 1002/);
    assert.match(said, /written 0x10014 1002/);
    assert.match(said, /Hardware access \(read\/write\) watchpoint 3/);
    assert.match(said, /moved 0x10031 7/);
    assert.equal(status, 85, "42 * 2 + 1: it ran to its end");
  });

  test(`a deterministic run does not notice breakpoints and watchpoints (${engine})`, { skip }, async () => {
    const fingerprint = (stderr: string) => (JSON.parse(stderr.trim().split("\n").at(-1)!) as { statistics: { fingerprint: string } }).statistics.fingerprint;
    const options = ["--deterministic", "--stats", "--json"];
    const undisturbed = await debug(engine, ["continue"], options);
    const disturbed = await debug(engine, [
      `tbreak *${hex(OUTER)}`, "continue", `break *${hex(OUTER + 2)}`, "ignore 2 700", "continue", "stepi", "delete", `watch *(long *)${hex(DATA)}`, "continue", "continue", "delete", "continue",
    ], options);
    assert.match(disturbed.said, /Old value = 701001\s+New value = 701002[\s\S]*exited with code 0125/);
    assert.match(fingerprint(undisturbed.stderr), /^[0-9a-f]{64}$/);
    assert.equal(fingerprint(disturbed.stderr), fingerprint(undisturbed.stderr));
  });
}
