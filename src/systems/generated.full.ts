// Guests that generate code as they run: LuaJIT, V8, the Java virtual machine and programs/codes.c under the JIT, which has to notice every byte that they write
// where code was. What they print is what they print on the host's CPU.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { copyFileSync, cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import test, { after } from "node:test";
import { fileURLToPath } from "node:url";
import { cpioArchive } from "../base/cpio.ts";
import type { EngineName } from "../embed/protocol.ts";
import { pullDebian } from "../host/nodejs/debian.ts";
import { findImage } from "../host/nodejs/images.ts";
import { assertSame, results, runNatively, script, type Commands } from "./compare.ts";
import { runGuest } from "./guest.ts";
import { folderEntries, unpackedPackages } from "./packages.ts";

const PACKAGES = ["dash", "coreutils", "libc6", "libgcc-s1", "libstdc++6", "libacl1", "libattr1", "libselinux1", "libpcre2-8-0", "libgmp10", "libssl3", "zlib1g",
  "luajit", "libluajit-5.1-2", "libluajit-5.1-common", "openjdk-17-jre-headless", "java-common"];
const LEFT_OUT = /\/usr\/share\/(doc|man|locale|lintian|bash-completion|zsh|info)|\/gconv(\/|$)|\/(ct\.sym|libjsig\.so|src\.zip)$|\/lib\/jvm\/[^/]+\/(legal|jmods|man|demo)(\/|$)|\.a$/;
/** The work, in parts of what is done on a quiet machine in a second or two of a guest. */
const WORK = Number(process.env.NVL_WORK ?? 10);
const ENGINE = (process.env.NVL_ENGINE ?? "jit") as EngineName;
const sources = fileURLToPath(new URL("../../src/systems/programs/", import.meta.url));
const runs = process.platform === "linux" && process.arch === "x64" && process.getuid?.() === 0;

if (!runs) test("guests that generate code", { skip: "the host has to be x86-64 Linux, and the user root, who may chroot" }, () => {});
else {
  const image = findImage("debian") ?? await pullDebian((line) => console.error(line));
  const root = await unpackedPackages("generated", PACKAGES);
  for (const name of ["etc", "tmp", "dev", "proc"]) mkdirSync(path.join(root, name), { recursive: true });
  if (!existsSync(path.join(root, "bin/sh"))) symlinkSync("dash", path.join(root, "bin/sh"));
  if (!existsSync(path.join(root, "dev/null"))) runNatively("mknod", ["-m", "666", path.join(root, "dev/null"), "c", "1", "3"]);
  cpSync(sources, path.join(root, "etc/programs"), { recursive: true });
  copyFileSync(process.execPath, path.join(root, "usr/bin/node"));
  const java = spawnSync("javac", ["-g:none", "-source", "17", "-target", "17", "-d", path.join(root, "etc/programs"), path.join(sources, "Work.java")], { encoding: "utf8" });
  if (!existsSync(path.join(root, "usr/lib/jvm/java"))) symlinkSync("java-17-openjdk-amd64", path.join(root, "usr/lib/jvm/java"));
  const codes = spawnSync("gcc", ["-O1", "-static", "-pthread", "-o", path.join(root, "etc/programs/codes"), path.join(sources, "codes.c")]);
  const commands: Commands = {
    ...(codes.status === 0 && { "a program of our own": `/etc/programs/codes ${10 * WORK}` }),
    "LuaJIT": `luajit /etc/programs/work.lua ${WORK}`,
    "V8": `node /etc/programs/work.js ${WORK}`,
    "V8, everything optimized at once": `node --always-sparkplug --interrupt-budget=2000 /etc/programs/work.js ${Math.ceil(WORK / 5)}`,
    ...(java.status === 0 && {
      "Java, compiled from the first call": `/usr/lib/jvm/java/bin/java -Xshare:off -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -cp /etc/programs Work ${Math.ceil(WORK / 5)}`,
      "Java": `/usr/lib/jvm/java/bin/java -Xshare:off -XX:+UseSerialGC -cp /etc/programs Work ${WORK}`,
    }),
  };
  // when each began, by the guest's clock: a marker of its own
  const timed = Object.fromEntries(Object.entries(commands).flatMap(([name, command]) => [[name, command], [`${name} ended`, "cut -d' ' -f1 /proc/uptime"]]));
  const whole = (commandsOf: Commands) => `export LC_ALL=C.UTF-8 HOME=/\n${script("/bin/sh", { begin: "cut -d' ' -f1 /proc/uptime", ...commandsOf })}`;
  writeFileSync(path.join(root, "etc/commands"), whole(timed));
  const folder = mkdtempSync(path.join(os.tmpdir(), "nvl-generated-"));
  after(() => rmSync(folder, { recursive: true, force: true }));
  const archive = path.join(folder, "root.cpio");
  writeFileSync(archive, cpioArchive([{ path: "/full", kind: "directory", mode: 0o755 }, ...folderEntries(root, "/full", LEFT_OUT)]));

  runNatively("mount", ["-t", "proc", "proc", path.join(root, "proc")]);
  const host = results(runNatively("chroot", [root, "/bin/sh", "/etc/commands"]));
  runNatively("umount", [path.join(root, "proc")]);
  const { outcome, text, statistics } = await runGuest({
    kernel: path.join(image.folder, image.kernel), initrds: [...image.initrds.map((name) => path.join(image.folder, name)), archive], commandLine: `${image.commandLine} quiet nosoftlockup`,
    memoryMiB: 2048, limitSeconds: 1800, engine: ENGINE,
    files: { "/etc/nvl/run": "#!/bin/sh\nmount -t devtmpfs devtmpfs /full/dev\nmount -t proc proc /full/proc\nexport PATH=/usr/bin:/bin\nexec /bin/busybox chroot /full /bin/sh /etc/commands\n" },
  });
  const guest = results(text);
  if (process.env.NVL_ARCHIVE) copyFileSync(archive, process.env.NVL_ARCHIVE);
  const jit = statistics.jit ? `; ${statistics.jit.regions} regions made, ${statistics.jit.dropped} dropped, ${statistics.codeInvalidations} blocks overwritten` : "";
  test(`the guest powers off after ${(statistics.elapsedMs / 1000).toFixed(0)} s and ${(statistics.instructions / 1e9).toFixed(1)} thousand million instructions${jit}`, () => assert.deepEqual(outcome, { kind: "power-off" }));
  const clock = (from: Map<string, string>, name: string) => Number.parseFloat(from.get(name) ?? "");
  let before = ["begin"];
  for (const name of Object.keys(commands)) {
    const [seconds, native] = [guest, host].map((from) => clock(from, `${name} ended`) - clock(from, before[0]));
    before = [`${name} ended`];
    test(`${name}: the same in a guest (${seconds.toFixed(1)} s) and on the host (${native.toFixed(1)} s)`, () => assertSame(name, guest, host));
  }
  if (java.status !== 0) test("Java", { skip: "no javac on this host" }, () => {});
}
