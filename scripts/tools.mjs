// Programs of the host that tests and benches compare with: installed with apt-get where that works, else missing.
import { spawnSync } from "node:child_process";

const works = (command) => spawnSync(command, ["--version"], { stdio: "ignore" }).error === undefined;
const canInstall = () => process.getuid?.() === 0 && spawnSync("apt-get", ["--version"], { stdio: "ignore" }).error === undefined;

/** Installs what is missing, all at once.
 * @param tools command → Debian packages that provide it
 * @returns the commands that cannot be run even so */
export function ensureTools(tools) {
  const missing = Object.keys(tools).filter((command) => !works(command));
  if (missing.length > 0 && canInstall()) {
    const packages = missing.flatMap((command) => tools[command]);
    console.error(`installing ${packages.join(" ")} …`);
    const apt = (...args) => spawnSync("apt-get", args, { stdio: "ignore", env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" } }).status === 0;
    const install = () => apt("install", "-y", "-q", "--no-install-recommends", ...packages);
    if (!install()) {
      apt("update", "-q");
      install();
    }
  }
  return missing.filter((command) => !works(command));
}

/** One tool. @returns true when it can be run */
export const ensureTool = (command, ...packages) => ensureTools({ [command]: packages }).length === 0;
