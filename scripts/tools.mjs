// Programs of the host that tests and benches compare with: installed with apt-get where that works, else missing.
import { spawnSync } from "node:child_process";

const works = (command) => spawnSync(command, ["--version"], { stdio: "ignore" }).error === undefined;

/** @returns true when `command` can be run, after installing the Debian package `name` if it had to be and could be */
export function ensureTool(command, name) {
  if (works(command)) return true;
  if (spawnSync("apt-get", ["--version"], { stdio: "ignore" }).error || process.getuid?.() !== 0) return false;
  console.error(`installing ${name} …`);
  const install = () => spawnSync("apt-get", ["install", "-y", "-q", "--no-install-recommends", name], { stdio: "ignore", env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" } }).status === 0;
  if (!install()) {
    spawnSync("apt-get", ["update", "-q"], { stdio: "ignore" });
    install();
  }
  return works(command);
}
