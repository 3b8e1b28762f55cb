// Installs the project's npm packages when they are not there, or not those of package-lock.json.
import { spawnSync } from "node:child_process";
import { existsSync, lstatSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import path from "node:path";

const root = fileURLToPath(new URL("..", import.meta.url));

/** Whether the installed packages are those of the lock file. By content: a checkout makes every file new. */
function upToDate() {
  const packages = (file) => existsSync(file) ? Object.entries(JSON.parse(readFileSync(file, "utf8")).packages).filter(([name]) => name !== "") : [];
  const installed = new Map(packages(path.join(root, "node_modules/.package-lock.json")));
  const wanted = packages(path.join(root, "package-lock.json"));
  return wanted.every(([name, { version, optional }]) => installed.has(name) ? installed.get(name).version === version : optional);
}

/** Makes `node_modules` match the lock file; does nothing when it does. */
export function installPackages() {
  if (upToDate()) return;
  if (lstatSync(path.join(root, "node_modules"), { throwIfNoEntry: false })?.isSymbolicLink()) {
    console.error("node_modules is a link to another work tree's packages, which are not those of package-lock.json: run `npm ci` there.");
    process.exit(1);
  }
  console.error("Installing npm packages …");
  const result = spawnSync(process.platform === "win32" ? "npm.cmd" : "npm", ["ci", "--no-audit", "--no-fund", "--loglevel=error"], { cwd: root, stdio: ["ignore", "inherit", "inherit"] });
  if (result.status !== 0) process.exit(result.status ?? 1);
}

/** Builds dist/. */
export function build() {
  const result = spawnSync(process.execPath, [path.join(root, "scripts/build.mjs")], { cwd: root, stdio: ["ignore", "inherit", "inherit"] });
  if (result.status !== 0) process.exit(result.status ?? 1);
}
