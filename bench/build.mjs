// Compiles the bench programs with the host's gcc: a native executable and a Multiboot kernel.
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, statSync } from "node:fs";
import { fileURLToPath } from "node:url";
import path from "node:path";

const source = fileURLToPath(new URL("./programs/", import.meta.url));
const out = fileURLToPath(new URL("../.nvl/bench/", import.meta.url));

/** @returns paths of both builds; throws where gcc or objcopy is missing */
export function buildPrograms() {
  mkdirSync(out, { recursive: true });
  const file = (name) => path.join(source, name), target = (name) => path.join(out, name);
  const native = target("native"), kernel = target("kernel.elf");
  const newest = Math.max(...["start.S", "link.ld", "bench.h", "integer.c", "bare.c", "native.c"].map((name) => statSync(file(name)).mtimeMs));
  if (existsSync(native) && existsSync(kernel) && Math.min(statSync(native).mtimeMs, statSync(kernel).mtimeMs) > newest) return { native, kernel };
  const gcc = (...args) => execFileSync("gcc", args, { stdio: ["ignore", "inherit", "inherit"] });
  // the same code natively and bare-metal: scalar, no calls into a library
  const flags = ["-O2", "-std=gnu11", "-Wall", "-Wextra", "-fno-tree-loop-distribute-patterns", "-fno-tree-vectorize", "-I", source];
  gcc(...flags, "-static", file("integer.c"), file("native.c"), "-o", native);
  gcc(...flags, "-ffreestanding", "-nostdlib", "-static", "-fno-pie", "-no-pie", "-fno-stack-protector", "-mno-red-zone", "-fno-asynchronous-unwind-tables", "-fcf-protection=none",
    "-Wl,--build-id=none", "-Wl,-z,noexecstack", "-T", file("link.ld"), file("start.S"), file("integer.c"), file("bare.c"), "-o", target("kernel64.elf"));
  execFileSync("objcopy", ["-O", "elf32-i386", target("kernel64.elf"), kernel]); // Multiboot 1 loaders take 32-bit ELF only
  return { native, kernel };
}
