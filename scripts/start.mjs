// `npm start`: sets up what is missing, builds, and starts the example node: an unmodified Debian kernel in one virtual node, a parallel program on Kitten in the other.
// Where there is no compiler for that program, two virtual nodes with Debian.
import { spawnSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { fileURLToPath, pathToFileURL } from "node:url";
import path from "node:path";
import { build, installPackages } from "./setup.mjs";
import { ensureTool } from "./tools.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const step = (text) => console.error(`${process.stderr.isTTY ? "\x1b[1m" : ""}» ${text}${process.stderr.isTTY ? "\x1b[0m" : ""}`);
const nvl = (...args) => {
  const result = spawnSync(process.execPath, [path.join(root, "dist/cli/main.js"), ...args], { cwd: root, stdio: "inherit" });
  return result.status ?? 1;
};

installPackages();
step("building");
build();
const { findImage } = await import(pathToFileURL(path.join(root, "dist/host/nodejs/images.js")));
const { hasApt, WITHOUT_APT } = await import(pathToFileURL(path.join(root, "dist/host/nodejs/debian.js")));
if (!findImage("debian")) {
  if (!hasApt()) {
    console.error(WITHOUT_APT);
    process.exit(1);
  }
  step("pulling the debian image (kernel and busybox, about 28 MB)");
  const status = nvl("images", "pull", "debian");
  if (status !== 0) process.exit(status);
}
/** @returns whether it is there */
function compileProgram() {
  if (!ensureTool("gcc", "gcc", "libc6-dev")) return false;
  mkdirSync(path.join(root, ".nvl/start"), { recursive: true });
  return spawnSync("gcc", ["-O2", "-static", "-pthread", "-o", ".nvl/start/heat", "specs/heat.c"], { cwd: root, stdio: "inherit" }).status === 0;
}
const spec = compileProgram() ? "specs/linux-and-kitten.yaml" : "specs/two-linux.yaml";
if (spec.includes("two")) console.error("no gcc for the program that Kitten would run: two Linux instead");
step(`nvl up --engine jit ${spec}`);
process.exit(nvl("up", "--engine", "jit", spec));
