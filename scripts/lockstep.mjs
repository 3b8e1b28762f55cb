// `npm run lockstep [-- [--engines interp,jit1000] [--scale N] [boot] [linux] [PROGRAM…]]`: two engines side by side, until a register, a flag or a byte
// differs. boot: Debian's, with commands; linux: the bench's programs as processes; a program's name: that one without an operating system. All without a name.
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import path from "node:path";
import { parseArgs } from "node:util";
import { buildPrograms } from "../bench/build.mjs";
import { findImage } from "../dist/host/nodejs/images.js";
import { pullDebian } from "../dist/host/nodejs/debian.js";

const COMMANDS = "cat /proc/cpuinfo; ls -lR /sys | wc; for i in 1 2 3; do head -c 300000 /bin/busybox | sha512sum; done; dd if=/bin/busybox bs=4k | gzip | gunzip | md5sum; ps; sort /proc/kallsyms | tail -3";
const { values, positionals } = parseArgs({ allowPositionals: true, options: { engines: { type: "string", default: "interp,jit1000" }, scale: { type: "string", default: "10" } } });
const { kernel, initrd, programs: all } = buildPrograms();
/** With one processor, who spins until the other had its turn spins for ever. */
const programs = all.filter(({ group }) => group !== "handoff");
const image = findImage("debian") ?? await pullDebian(console.error);
const runs = {
  boot: ["--run", COMMANDS],
  linux: ["--kernel", path.join(image.folder, image.kernel), "--initrd", initrd, "--memory", "512", "--append", `console=ttyS0,115200n8r panic=-1 quiet bench=${programs.map(({ name }) => `${name}@${values.scale}`).join(",")}`],
  ...Object.fromEntries(programs.filter(({ group }) => group !== "system").map(({ name }) => [name, ["--kernel", kernel, "--append", `${name}@${values.scale}`]])),
};
const wrong = positionals.filter((name) => !(name in runs));
if (wrong.length > 0) {
  console.error(`lockstep: no ${wrong.join(", ")}; there are ${Object.keys(runs).join(", ")}`);
  process.exit(2);
}
const script = fileURLToPath(new URL("../dist/conformance/lockstep.js", import.meta.url));
const failed = (positionals.length > 0 ? positionals : Object.keys(runs)).filter((name) => {
  console.log(`${name} …`);
  return spawnSync(process.execPath, [script, "--engines", values.engines, ...runs[name]], { stdio: "inherit" }).status !== 0;
});
if (failed.length > 0) console.error(`went differently: ${failed.join(", ")}`);
process.exit(failed.length > 0 ? 1 : 0);
