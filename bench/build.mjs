// Compiles the bench's programs with the host's gcc: a static executable of all of them, an initrd with it as first process, and a Multiboot kernel of those that need no library.
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import path from "node:path";
import { cpioArchive } from "../dist/base/cpio.js";

const source = fileURLToPath(new URL("./programs/", import.meta.url));
const out = fileURLToPath(new URL("../.nvl/bench/", import.meta.url));
const FLAGS = ["-O2", "-std=gnu11", "-Wall", "-Wextra", "-fno-math-errno"];
const BARE = ["-ffreestanding", "-nostdlib", "-fno-pie", "-no-pie", "-fno-stack-protector", "-mno-red-zone", "-fno-asynchronous-unwind-tables", "-fno-tree-loop-distribute-patterns",
  "-fcf-protection=none", "-Wl,--build-id=none", "-Wl,-z,noexecstack", "-T", path.join(source, "link.ld")];

const sourcesIn = (...folders) => folders.flatMap((folder) => readdirSync(path.join(source, folder)).filter((name) => name.endsWith(".c")).sort().map((name) => path.join(source, folder, name)));
const modified = (file) => (existsSync(file) ? statSync(file).mtimeMs : 0);

/** Makes what is older than its sources.
 * @returns paths of the three, and the programs as `{ name, group }` in the order of the tables; throws where gcc or objcopy fails */
export function buildPrograms() {
  mkdirSync(out, { recursive: true });
  const [native, initrd, kernel, kernel64] = ["bench", "bench.cpio", "kernel.elf", "kernel64.elf"].map((name) => path.join(out, name));
  const everything = readdirSync(source, { recursive: true }).map((name) => path.join(source, name));
  const newest = Math.max(modified(fileURLToPath(import.meta.url)), ...everything.map(modified));
  if (Math.min(...[native, initrd, kernel].map(modified)) <= newest) {
    const gcc = (...args) => execFileSync("gcc", [...FLAGS, "-I", source, "-static", ...args], { stdio: ["ignore", "inherit", "inherit"] });
    const pure = [...sourcesIn("integer", "float", "memory"), path.join(source, "programs.c")];
    gcc("-pthread", ...pure, ...sourcesIn("system", "parallel"), path.join(source, "linux.c"), "-o", native);
    gcc(...BARE, path.join(source, "start.S"), ...pure, path.join(source, "bare.c"), "-o", kernel64);
    writeFileSync(initrd, cpioArchive([
      { path: "/dev", kind: "directory", mode: 0o755 },
      { path: "/dev/console", kind: "character-device", mode: 0o600, major: 5, minor: 1 },
      { path: "/init", kind: "file", mode: 0o755, content: readFileSync(native) },
    ]));
    execFileSync("objcopy", ["-O", "elf32-i386", kernel64, kernel]); // Multiboot 1 loaders take 32-bit ELF only
  }
  const list = execFileSync(native, ["--list"], { encoding: "utf8" });
  const programs = list.trim().split("\n").map((line) => { const [name, group] = line.split(" "); return { name, group }; });
  return { native, initrd, kernel, programs };
}
