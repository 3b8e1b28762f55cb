// What Linux and its users expect of a machine: clocks, restarts, an idle processor, a console that loses nothing.
import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import path from "node:path";
import test from "node:test";
import { pullDebian } from "../host/nodejs/debian.ts";
import { findImage } from "../host/nodejs/images.ts";
import { runGuest, type GuestRun } from "./guest.ts";

const image = findImage("debian") ?? await pullDebian((line) => console.error(line));
const boot = (more: Partial<GuestRun>) => runGuest({
  kernel: path.join(image.folder, image.kernel), initrds: image.initrds.map((name) => path.join(image.folder, name)),
  commandLine: "console=ttyS0,115200n8r panic=1 quiet", limitSeconds: 180, ...more,
});
const sha256 = (data: string) => createHash("sha256").update(data).digest("hex");
/** Lines of 76 characters: more than 4,095 in one do not pass a terminal. */
const text = (bytes: number) => `${randomBytes(bytes).toString("base64").match(/.{1,76}/g)!.join("\n")}\n`;
const TWICE = /NVL init[^]*NVL init/;

for (const [what, command] of [["reboot -f", "reboot -f"], ["the SysRq key", "echo b > /proc/sysrq-trigger"]]) test(`${what} restarts`, async () => {
  const { text: seen, statistics } = await boot({ input: `${command}\n`, until: TWICE });
  assert.match(seen, TWICE);
  assert.equal(statistics.resets, 1);
});

test("a crash is a panic", async () => {
  const { outcome } = await boot({ input: "echo c > /proc/sysrq-trigger\n" });
  assert.equal(outcome.kind, "panic");
  assert.match("message" in outcome ? outcome.message : "", /sysrq triggered crash/);
});

test("time passes as outside, and an idle processor costs the host next to nothing", async () => {
  let start: NodeJS.CpuUsage | undefined, startMs = 0, idle = Infinity, elapsedMs = 0;
  // marks that the echo of the command line does not have
  const watch = { test: (seen: string) => {
    if (!start && seen.includes("IDLE-BEGINS")) { start = process.cpuUsage(); startMs = performance.now(); }
    if (start && idle === Infinity && seen.includes("IDLE-ENDS")) {
      const used = process.cpuUsage(start);
      elapsedMs = performance.now() - startMs;
      idle = (used.user + used.system) / 1000 / elapsedMs;
    }
    return false;
  } } as RegExp;
  const { text: seen, outcome } = await boot({ input: "sleep 1; echo IDLE''-BEGINS; sleep 10; echo IDLE''-ENDS; date -u +now=%s; hwclock -u; usleep 300000; poweroff -f\n", until: watch });
  assert.deepEqual(outcome, { kind: "power-off" });
  assert.ok(Math.abs(elapsedMs - 10_000) < 500, `10 s of the guest were ${elapsedMs} ms`);
  assert.ok(idle < 0.03, `${(idle * 100).toFixed(1)} % of a core while idle`);
  const now = Number(/^now=(\d+)$/m.exec(seen)?.[1]);
  assert.ok(Math.abs(now - Date.now() / 1000) < 5, `the guest's clock says ${now}`);
  assert.match(seen, new RegExp(`^\\w{3} \\w{3} .* ${new Date().getUTCFullYear()}  0\\.0`, "m"), "the RTC");
});

test("100 KB that are pasted before the kernel listens arrive whole", async () => {
  const pasted = text(75_000);
  const { text: seen } = await boot({ input: `stty -echo; cat > /tmp/f\n${pasted}\x04sha256sum /tmp/f; poweroff -f\n` });
  assert.match(seen, new RegExp(`${sha256(pasted)}  /tmp/f`));
});

test("a megabyte goes out whole", async () => {
  const { text: seen } = await boot({ input: "head -c 750000 /dev/urandom | base64 > /tmp/f; echo BE''GIN; cat /tmp/f; echo E''ND; sha256sum /tmp/f; poweroff -f\n" });
  const printed = seen.slice(seen.indexOf("\nBEGIN\n") + 7, seen.indexOf("END\n", seen.indexOf("\nBEGIN\n")));
  assert.ok(printed.length > 1_000_000);
  assert.match(seen, new RegExp(`${sha256(printed)}  /tmp/f`));
});

test("a line can be edited", async () => {
  // end of line, back, delete, insert, history
  const { text: seen } = await boot({ input: "echo worlx\x7fd\x1b[D\x1b[D\x1b[D\x1b[D\x1b[Dhello-\n\x1b[A\x01echo first; \npoweroff -f\n" });
  assert.match(seen, /^hello-world$/m);
  assert.match(seen, /^first$/m);
});
