// The small part of `npm run test:full` that needs only the image: programs of busybox in a guest, on Kitten, and on the host's CPU.
import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import test, { after } from "node:test";
import { fileURLToPath } from "node:url";
import { findImage } from "../host/nodejs/images.ts";
import { hasApt, pullDebian, WITHOUT_APT } from "../host/nodejs/debian.ts";
import { assertSame, results, runNatively, script, type Commands } from "./compare.ts";
import { runGuest } from "./guest.ts";

const B = "$BUSYBOX";
const COMMANDS: Commands = {
  digests: `for d in md5sum sha1sum sha256sum sha512sum sha3sum crc32; do ${B} head -c 300000 $BUSYBOX | ${B} $d; done`,
  gzip: `${B} head -c 200000 $BUSYBOX | ${B} gzip -9 | ${B} sha256sum; ${B} head -c 200000 $BUSYBOX | ${B} gzip | ${B} gunzip | ${B} sha256sum`,
  bzip2: `${B} head -c 100000 $BUSYBOX | ${B} bzip2 | ${B} sha256sum`,
  "pi by bc": `echo 'scale=120; 4*a(1); e(1); l(2); sqrt(2); s(1); j(2,1)' | ${B} bc -l`,
  "bignums by dc": `echo '2 521 ^ 1 - p 3 200 ^ 7 100 ^ * p 10 50 ^ 3 200 ^ r ~ f' | ${B} dc`,
  "floats by awk": `${B} awk 'BEGIN { x = 1; for (i = 1; i < 60; i++) { x = x * 1.7 / (i + 0.3) + 1 / i; printf "%.17g %.17g %d %e\\n", x, i / 7 - x * 1e5, i * 1e9 / 7, x * 1e-310 } }'`,
  factor: `${B} factor 1000000007 18446744073709551557 600851475143 4611686014132420609`,
  sort: `${B} seq 1 3000 | ${B} awk '{ print ($1 * 7919) % 3001, $1 }' | ${B} sort -n | ${B} md5sum`,
  text: `${B} strings $BUSYBOX | ${B} head -c 150000 | ${B} sed 's/\\([a-z]*\\)ing/\\1ed/g' | ${B} tr a-z b-za | ${B} grep -E '^[b-m]+.*(x|yz)+' | ${B} sha1sum`,
  base64: `${B} head -c 50000 $BUSYBOX | ${B} base64 | ${B} md5sum; ${B} head -c 5000 $BUSYBOX | ${B} od -t f8 | ${B} md5sum`,
};

const image = findImage("debian") ?? (hasApt() ? await pullDebian(() => {}) : undefined);
const skip = !image ? WITHOUT_APT : process.platform !== "linux" || process.arch !== "x64" ? "the host is no x86-64 Linux" : false;
if (!image || skip) test("programs of busybox", { skip }, () => {});
else {
  const folder = mkdtempSync(path.join(os.tmpdir(), "nvl-busybox-"));
  after(() => rmSync(folder, { recursive: true, force: true }));
  // the only ELF file of the archive
  const archive = readFileSync(path.join(image.folder, image.initrds[0]));
  const start = archive.indexOf("\x7fELF");
  const header = archive.lastIndexOf("070701", start);
  const busybox = path.join(folder, "busybox");
  writeFileSync(busybox, archive.subarray(start, start + Number.parseInt(archive.toString("latin1", header + 54, header + 62), 16)));
  chmodSync(busybox, 0o755);
  const native = path.join(folder, "run");
  writeFileSync(native, `BUSYBOX=${busybox}\n${script("/bin/sh", COMMANDS)}`);
  const host = results(runNatively(busybox, ["sh", native]));
  const { outcome, text } = await runGuest({
    kernel: path.join(image.folder, image.kernel), initrds: image.initrds.map((name) => path.join(image.folder, name)), commandLine: `${image.commandLine} quiet`,
    files: { "/etc/nvl/run": `#!/bin/sh\nexport BUSYBOX=/bin/busybox\n${script("/bin/sh", COMMANDS)}` },
  });
  const guest = results(text);
  test("the guest powers off", () => assert.deepEqual(outcome, { kind: "power-off" }));
  const kitten = results(runNatively(process.execPath, [fileURLToPath(new URL("../cli/main.js", import.meta.url)), "exec", busybox, "sh", native]));
  for (const name of Object.keys(COMMANDS)) test(`${name} is the same on Kitten and on the host`, () => assertSame(name, kitten, host));
  for (const name of Object.keys(COMMANDS)) test(`${name} is the same in a guest and on the host`, () => assertSame(name, guest, host));
}
