// `npm run test:full [-- pattern…]`: the long tests, every *.full.ts: other kernels, hypervisors and firmware, Debian's programs
// in a guest compared with the host, many rounds of what has to do with chance. They fetch Debian packages, and take an hour or more in all.
import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import path from "node:path";
import { runTests } from "./runner.mjs";
import { build, installPackages } from "./setup.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
installPackages();
build();
const patterns = process.argv.slice(2);
const files = readdirSync(path.join(root, "src"), { recursive: true }).filter((name) => name.endsWith(".full.ts"))
  .filter((name) => patterns.length === 0 || patterns.some((pattern) => name.includes(pattern))).sort()
  .map((name) => path.join(root, "dist", name.replace(/\.ts$/, ".js")));
if (files.length === 0) {
  console.error(`no full test matches ${patterns.join(", ")}`);
  process.exit(1);
}
// one after the other: a guest that shares its core is slow, and some measure time
process.exit(runTests(files, root, ["--test-concurrency=1"]));
