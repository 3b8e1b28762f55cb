// `npm test [-- pattern…]`: installs, builds, and runs every test whose path contains one of the patterns (all without).
import { readdirSync, statSync } from "node:fs";
import { fileURLToPath } from "node:url";
import path from "node:path";
import { runTests } from "./runner.mjs";
import { build, installPackages } from "./setup.mjs";
import { ensureTools } from "./tools.mjs";

/** What tests compare with. Where one is missing its tests are skipped, and say so. */
const TOOLS = {
  gcc: ["gcc", "libc6-dev"], objcopy: ["binutils"], "qemu-system-x86_64": ["qemu-system-x86"], iasl: ["acpica-tools"], cpio: ["cpio"],
  gdb: ["gdb"], xz: ["xz-utils"], lz4: ["lz4"], zstd: ["zstd"], bzip2: ["bzip2"],
};

const root = fileURLToPath(new URL("..", import.meta.url));
installPackages();
build();

function find(folder) {
  return readdirSync(folder).flatMap((name) => {
    const file = path.join(folder, name);
    if (statSync(file).isDirectory()) return find(file);
    return /\.test\.(ts|mjs)$/.test(name) ? [file] : [];
  });
}
const patterns = process.argv.slice(2);
// tests are found by their source, so that a stale file in dist/ never counts
const files = ["src", "bench"].flatMap((folder) => find(path.join(root, folder)))
  .filter((file) => patterns.length === 0 || patterns.some((pattern) => file.includes(pattern)))
  .map((file) => file.endsWith(".mjs") ? file : path.join(root, "dist", path.relative(path.join(root, "src"), file).replace(/\.ts$/, ".js")));
if (files.length === 0) {
  console.error(`no test file matches ${patterns.join(", ")}`);
  process.exit(1);
}
const missing = ensureTools(TOOLS);
if (missing.length > 0) console.error(`not on this host: ${missing.join(", ")}; the tests that compare with them are skipped`);
process.exit(runTests(files, root));
