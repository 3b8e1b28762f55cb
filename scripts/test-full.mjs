// `npm run test:full [-- pattern…]`: the long tests, src/systems/*.full.ts: other kernels, hypervisors and firmware, and Debian's programs
// in a guest compared with the host. They fetch Debian packages; in all they take half an hour on a quiet machine.
import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import path from "node:path";
import { runTests } from "./runner.mjs";
import { build, installPackages } from "./setup.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
installPackages();
build();
const patterns = process.argv.slice(2);
const files = readdirSync(path.join(root, "src/systems")).filter((name) => name.endsWith(".full.ts"))
  .filter((name) => patterns.length === 0 || patterns.some((pattern) => name.includes(pattern)))
  .map((name) => path.join(root, "dist/systems", name.replace(/\.ts$/, ".js")));
if (files.length === 0) {
  console.error(`no full test matches ${patterns.join(", ")}`);
  process.exit(1);
}
// one after the other: a guest that shares its core is slow, and some measure time
process.exit(runTests(files, root, ["--test-concurrency=1"]));
