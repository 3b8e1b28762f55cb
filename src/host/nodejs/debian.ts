// Gets a Debian kernel and busybox with `apt-get download`: no root, nothing installed. Package lists are fetched into a folder of our own
// when the system's are missing, which is the case in fresh containers.

import { spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { NvlError } from "../../base/error.ts";
import { busyboxInitrd } from "./busybox-root.ts";
import { imageStoreFolder, storeImage, type StoredImage } from "./images.ts";

const KERNEL_PACKAGE = "linux-image-cloud-amd64";
/** Console on COM1; the kernel reboots, that is ends the run, one second after a panic. */
const COMMAND_LINE = "console=ttyS0,115200n8r panic=1";

/** Runs a program. @returns what it printed @throws images/command when it is missing or fails */
function run(program: string, args: string[], cwd: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd, stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, LC_ALL: "C" } });
    const output: Buffer[] = [], errors: Buffer[] = [];
    child.stdout.on("data", (chunk) => output.push(chunk));
    child.stderr.on("data", (chunk) => errors.push(chunk));
    const fail = (message: string, cause?: unknown) => reject(new NvlError("images/command", message, { context: { program, args }, cause }));
    child.on("error", (cause) => fail(`${program} cannot be started`, cause));
    child.on("close", (code) => code === 0 ? resolve(Buffer.concat(output).toString()) : fail(`${program} ${args.join(" ")} failed: ${Buffer.concat(errors).toString().trim()}`));
  });
}

/** True where packages can be fetched: apt-get, apt-cache and dpkg-deb are there. */
export function hasApt(env: NodeJS.ProcessEnv = process.env): boolean {
  const folders = (env.PATH ?? "").split(path.delimiter);
  return ["apt-get", "apt-cache", "dpkg-deb"].every((program) => folders.some((folder) => existsSync(path.join(folder, program))));
}

/** What to say where apt is missing. */
export const WITHOUT_APT = "this host has no apt-get: give a kernel and an initrd by path (nvl run --kernel FILE --initrd FILE), or copy an image folder from a Debian host";

/** Downloads the named packages and unpacks them side by side.
 * @param report called with one line per step
 * @returns the folder they are unpacked in, and their versions; `dispose` removes it */
export async function fetchPackages(packages: readonly string[], report: (line: string) => void): Promise<{ folder: string; versions: string[]; dispose(): void }> {
  if (!hasApt()) throw new NvlError("images/no-apt", WITHOUT_APT);
  const folder = mkdtempSync(path.join(os.tmpdir(), "nvl-packages-"));
  const dispose = () => rmSync(folder, { recursive: true, force: true });
  try {
    // a kernel metapackage depends on the package that has the kernel, whose name has its version
    const resolveName = async (name: string, options: string[]) => {
      if (!name.startsWith("linux-image-")) return name;
      return /Depends: (linux-image-\S+)/.exec(await run("apt-cache", [...options, "depends", "--no-recommends", "--no-suggests", name], folder))?.[1] ?? name;
    };
    const download = async (options: string[]) => {
      const real = await Promise.all(packages.map((name) => resolveName(name, options)));
      report(`downloading ${real.join(", ")}`);
      await run("apt-get", [...options, "download", "-q", ...real], folder);
    };
    try {
      await download([]);
    } catch {
      report("fetching package lists");
      const state = path.join(folder, "apt");
      for (const name of ["lists/partial", "cache/archives/partial"]) mkdirSync(path.join(state, name), { recursive: true });
      const options = ["-o", `Dir::State::lists=${state}/lists`, "-o", `Dir::Cache=${state}/cache`, "-o", "APT::Sandbox::User=", "-o", "Debug::NoLocking=1"];
      await run("apt-get", [...options, "update", "-q"], folder);
      await download(options);
    }
    const files = readdirSync(folder).filter((name) => name.endsWith(".deb"));
    const versions: string[] = [];
    for (const file of files) {
      report(`unpacking ${file}`);
      await run("dpkg-deb", ["-x", file, path.join(folder, "root")], folder);
      versions.push((await run("dpkg-deb", ["-W", "--showformat=${Package} ${Version}", file], folder)).trim());
    }
    return { folder: path.join(folder, "root"), versions, dispose };
  } catch (error) {
    dispose();
    throw error;
  }
}

/** Pulls the `debian` image: the distribution's cloud kernel, and busybox as its root. */
export async function pullDebian(report: (line: string) => void, store = imageStoreFolder()): Promise<StoredImage> {
  const packages = await fetchPackages([KERNEL_PACKAGE, "busybox-static"], report);
  try {
    const boot = path.join(packages.folder, "boot");
    const kernel = existsSync(boot) && readdirSync(boot).find((name) => name.startsWith("vmlinuz-"));
    const busybox = ["bin/busybox", "usr/bin/busybox"].map((name) => path.join(packages.folder, name)).find((name) => existsSync(name));
    if (!kernel || !busybox) throw new NvlError("images/content", "the packages contain no kernel or no busybox", { context: { versions: packages.versions } });
    report("storing image debian");
    return storeImage(
      { name: "debian", kernel: "vmlinuz", initrds: ["busybox.cpio"], commandLine: COMMAND_LINE, origin: packages.versions.join(", ") },
      { vmlinuz: readFileSync(path.join(boot, kernel)), "busybox.cpio": busyboxInitrd(readFileSync(busybox)) }, store,
    );
  } finally {
    packages.dispose();
  }
}
