// Kernels that are not ours, by every boot protocol: Linux of three versions and two widths, memtest86+, Xen.
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import test, { after } from "node:test";
import { gunzipSync } from "node:zlib";
import { SETUP } from "../abi/linux-boot.ts";
import { cpioArchive, parentDirectories } from "../base/cpio.ts";
import { pullDebian } from "../host/nodejs/debian.ts";
import { findImage } from "../host/nodejs/images.ts";
import { compressionOf, decompress } from "../palacios/inflate/index.ts";
import { runGuest } from "./guest.ts";
import { unpackedPackages } from "./packages.ts";

const report = (line: string) => console.error(line);
const image = findImage("debian") ?? await pullDebian(report);
const folder = mkdtempSync(path.join(os.tmpdir(), "nvl-kernels-"));
after(() => rmSync(folder, { recursive: true, force: true }));
const file = (name: string, bytes: Uint8Array) => {
  writeFileSync(path.join(folder, name), bytes);
  return path.join(folder, name);
};
const bzImage = path.join(image.folder, image.kernel);
const initrds = image.initrds.map((name) => path.join(image.folder, name));
const CONSOLE = "console=ttyS0,115200n8r panic=1";

/** The payload of a bzImage. */
function payload(bytes: Uint8Array): Uint8Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const at = (bytes[SETUP.setupSects] + 1) * 512 + view.getUint32(SETUP.payloadOffset, true);
  return bytes.subarray(at, at + view.getUint32(SETUP.payloadLength, true));
}
const kernelBytes = new Uint8Array(readFileSync(bzImage));
const vmlinux = decompress(compressionOf(payload(kernelBytes))!, payload(kernelBytes))!;
/** Without its Xen notes: no PVH entry. */
const withoutNotes = () => {
  const copy = Uint8Array.from(vmlinux);
  const view = new DataView(copy.buffer);
  const table = Number(view.getBigUint64(32, true));
  for (let index = 0; index < view.getUint16(56, true); index++) if (view.getUint32(table + index * 56, true) === 4) view.setUint32(table + index * 56, 0, true);
  return copy;
};
/** A loader that looks for the payload finds none; the kernel itself does not look there. */
const withoutPayload = () => {
  const copy = Uint8Array.from(kernelBytes);
  new DataView(copy.buffer).setUint32(SETUP.payloadLength, 0, true);
  return copy;
};

/** What no healthy boot says. */
const TROUBLE = /unstable|WARNING|BUG:|Oops|\[Firmware Bug\]|Call Trace|general protection|segfault|soft lockup|hung task/;
const SEEN = "uname -a; cat /sys/devices/system/clocksource/clocksource0/current_clocksource; grep -m1 bugs /proc/cpuinfo; echo dm''esg; dmesg; poweroff -f\n";

async function bootsLinux(kernel: string, protocol: RegExp, version: RegExp): Promise<void> {
  const end = await runGuest({ kernel, initrds, commandLine: CONSOLE, memoryMiB: 512, input: SEEN });
  assert.match(end.protocol, protocol);
  assert.deepEqual(end.outcome, { kind: "power-off" }, end.text.slice(-2000));
  assert.match(end.text, version);
  assert.match(end.text, /^tsc$/m);
  assert.match(end.text, /^bugs\s*: *$/m, "the processor has no known bugs");
  assert.doesNotMatch(end.text, TROUBLE);
}

for (const [what, kernel, protocol] of [
  ["bzImage, decompressed here", () => bzImage, /bzImage \(lz4\)/],
  ["bzImage, decompressed by itself", () => file("self", withoutPayload()), /the guest decompresses/],
  ["vmlinux by PVH", () => file("vmlinux", vmlinux), /^PVH$/],
  ["vmlinux by the 64-bit protocol", () => file("vmlinux64", withoutNotes()), /64-bit, vmlinux/],
] as const) test(`Debian's kernel boots: ${what}`, () => bootsLinux(kernel(), protocol, /^Linux nvl 6\.1\.\S+-cloud-amd64 /m));

const packaged = async (name: string, pattern: RegExp) => {
  const boot = path.join(await unpackedPackages(name, [name]), "boot");
  return path.join(boot, readdirSync(boot).find((one) => pattern.test(one))!);
};
for (const [name, version] of [
  ["linux-image-amd64", /^Linux nvl 6\.1\.\S+-amd64 .* PREEMPT_DYNAMIC /m], ["linux-image-rt-amd64", /^Linux nvl 6\.1\.\S+-rt-amd64 .* PREEMPT_RT /m],
  ["linux-image-6.12-cloud-amd64", /^Linux nvl 6\.12\.\S+-cloud-amd64 /m],
] as const) test(`${name} boots`, async () => bootsLinux(await packaged(name, /^vmlinuz-/), /bzImage \((xz|lz4|zstd|gzip)\)/, version));

for (const [name, protocol] of [["memtest86+x64.bin", /64-bit/], ["memtest86+ia32.bin", /32-bit/]] as const) test(`${name} passes its first test`, async () => {
  const kernel = await packaged("memtest86+", new RegExp(`^${name.replaceAll("+", "\\+")}$`));
  // it draws a screen: the number of a later test in its place
  const end = await runGuest({ kernel, commandLine: "console=ttyS0,115200", memoryMiB: 8, until: /H +#[1-9] +\[/, limitSeconds: 120 });
  assert.match(end.protocol, protocol);
  assert.match(end.text, /#0 +\[Address test/);
  assert.match(end.text, /H +#[1-9] +\[/, "a later test begins");
  assert.match(end.text, /Errors: 0/);
  assert.doesNotMatch(end.text, /Errors: [1-9]/);
});

for (const [what, option, vcpus] of [["", "", 1], [" without a look at the BIOS", " no-real-mode", 1], [" with four cores", "", 4]] as const) test(`Xen boots by Multiboot 1${what} and starts Linux as its first domain, which powers it off`, async () => {
  const xen = await packaged("xen-hypervisor-4.17-amd64", /^xen-.*\.gz$/);
  // Debian's cloud kernel is built without what a first domain needs. Modules are the domain's kernel and initrd; what follows in the same archive tells the domain to say something
  const run = "#!/bin/sh\nuname -a > /dev/hvc0; echo $(nproc) vCPUs > /dev/hvc0; echo dom0 is up > /dev/hvc0; sleep 1\n";
  const extra = cpioArchive([...parentDirectories(["/etc/nvl/run"]), { path: "/etc/nvl/run", kind: "file", mode: 0o755, content: new TextEncoder().encode(run) }]);
  const end = await runGuest({
    kernel: file("xen", gunzipSync(readFileSync(xen))), initrds: [await packaged("linux-image-amd64", /^vmlinuz-/), file("dom0.cpio", Buffer.concat([...initrds.map((name) => readFileSync(name)), extra]))],
    commandLine: `placeholder console=com1 com1=115200,8n1 loglvl=all${option}`, memoryMiB: 1024, vcpus, limitSeconds: 240 * vcpus,
  });
  assert.match(end.protocol, /Multiboot 1/);
  if (vcpus > 1) assert.match(end.text, new RegExp(`\\(XEN\\) Brought up ${vcpus} CPUs`));
  assert.match(end.text, /\(XEN\) Xen version 4\.17/);
  assert.match(end.text, /\(XEN\) .*Serial input to DOM0/);
  assert.match(end.text, /^Linux nvl 6\.1\.[^\n]*\n/m, end.text.slice(-1500));
  assert.match(end.text, new RegExp(`^${vcpus} vCPUs`, "m"));
  assert.match(end.text, /dom0 is up/);
  assert.deepEqual(end.outcome, { kind: "power-off" });
});
