// Pausing by a key, and by the shell that has started us.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import test from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { createHold } from "./hold.ts";

test("the key turns all of them, one turn after the other", async () => {
  const calls: string[] = [];
  const node = (name: string) => ({ pause: async () => { await delay(5); calls.push(`${name} pauses`); }, resume: async () => { calls.push(`${name} goes on`); } });
  const hold = createHold([node("a"), node("b")], (text) => calls.push(text));
  hold.turn();
  hold.turn();
  await delay(50);
  hold.close();
  assert.deepEqual(calls, ["paused; the same key goes on", "goes on", "a pauses", "b pauses", "a goes on", "b goes on"]);
});

/** For ever: a dot to COM1, then a million turns of a loop. */
const DOTS = [0xba, 0xf8, 0x03, 0xb0, 0x2e, 0xee, 0x66, 0xb9, 0x40, 0x42, 0x0f, 0x00, 0x66, 0x49, 0x75, 0xfc, 0xeb, 0xee];
test("kill -TSTP stops the process when the guest stands still, kill -CONT lets it go on", { skip: process.platform !== "linux" }, async () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), "nvl-hold-")), kernel = path.join(folder, "dots.bin");
  writeFileSync(kernel, Uint8Array.from(DOTS));
  const child = spawn(process.execPath, [fileURLToPath(new URL("./main.js", import.meta.url)), "run", "--kernel", kernel, "--flat", "0x8000:real", "--memory", "2M"], { stdio: ["ignore", "pipe", "inherit"] });
  let dots = 0;
  child.stdout.on("data", (bytes: Buffer) => { dots += bytes.length; });
  const until = async (what: () => boolean) => { for (let tries = 0; !what(); tries++) { assert.ok(tries < 600, "within 30 s"); await delay(50); } };
  const state = () => readFileSync(`/proc/${child.pid}/stat`, "utf8").split(") ")[1][0];
  try {
    await until(() => dots > 3);
    child.kill("SIGTSTP");
    await until(() => state() === "T");
    await delay(100);
    const before = dots;
    await delay(200);
    assert.equal(dots, before);
    child.kill("SIGCONT");
    await until(() => dots > before + 3);
  } finally {
    child.kill("SIGKILL");
    rmSync(folder, { recursive: true, force: true });
  }
});
