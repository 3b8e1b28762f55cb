// Programs of Debian in a guest and on the host's CPU: cryptography, numbers, languages, compression, databases.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import test, { after } from "node:test";
import { cpioArchive } from "../base/cpio.ts";
import { pullDebian } from "../host/nodejs/debian.ts";
import { findImage } from "../host/nodejs/images.ts";
import { assertSame, results, runNatively } from "./compare.ts";
import { COMMANDS, programsRoot } from "./debian-programs.ts";
import { runGuest } from "./guest.ts";
import { folderEntries } from "./packages.ts";

const LEFT_OUT = /\/usr\/share\/(doc|man|locale|lintian|bash-completion|zsh|info|perl5)|\/(gconv|test|idlelib|lib2to3|distutils|ensurepip|tkinter|__pycache__)(\/|$)|\.a$/;
const runs = process.platform === "linux" && process.arch === "x64" && process.getuid?.() === 0;

if (!runs) test("programs of Debian", { skip: "the host has to be x86-64 Linux, and the user root, who may chroot" }, () => {});
else {
  const image = findImage("debian") ?? await pullDebian((line) => console.error(line));
  const root = await programsRoot();
  const folder = mkdtempSync(path.join(os.tmpdir(), "nvl-programs-"));
  after(() => rmSync(folder, { recursive: true, force: true }));
  const archive = path.join(folder, "root.cpio");
  writeFileSync(archive, cpioArchive([{ path: "/full", kind: "directory", mode: 0o755 }, ...folderEntries(root, "/full", LEFT_OUT)]));

  const host = results(runNatively("chroot", [root, "/bin/sh", "/etc/commands"]));
  const { outcome, text, statistics } = await runGuest({
    kernel: path.join(image.folder, image.kernel), initrds: [...image.initrds.map((name) => path.join(image.folder, name)), archive], commandLine: `${image.commandLine} quiet nosoftlockup`,
    memoryMiB: 1024, limitSeconds: 1800,
    files: { "/etc/nvl/run": `#!/bin/sh\nmount -t devtmpfs devtmpfs /full/dev\nexport PATH=/usr/bin:/bin\nexec /bin/busybox chroot /full /bin/sh /etc/commands\n` },
  });
  const guest = results(text);
  test(`the guest powers off after ${(statistics.elapsedMs / 1000).toFixed(0)} s and ${(statistics.instructions / 1e9).toFixed(1)} thousand million instructions`, () => assert.deepEqual(outcome, { kind: "power-off" }));
  for (const name of Object.keys(COMMANDS)) test(`${name}: the same in a guest and on the host`, () => assertSame(name, guest, host));
}
