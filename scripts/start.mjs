// `npm start`: sets up what is missing, builds, and boots the example node: two virtual nodes, an unmodified Debian kernel in each.
import { spawnSync } from "node:child_process";
import { fileURLToPath, pathToFileURL } from "node:url";
import path from "node:path";
import { build, installPackages } from "./setup.mjs";

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
step("nvl up specs/two-linux.yaml");
process.exit(nvl("up", "specs/two-linux.yaml"));
