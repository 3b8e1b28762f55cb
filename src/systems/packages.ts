// Software of Debian, unpacked side by side in a folder and kept there for the next run.

import { existsSync, lstatSync, mkdirSync, readFileSync, readdirSync, readlinkSync, renameSync, rmSync, cpSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import type { CpioEntry } from "../base/cpio.ts";
import { fetchPackages } from "../host/nodejs/debian.ts";

/** The folder that these packages are unpacked in; `name` tells it from others.
 * @throws images/no-apt, images/command */
export async function unpackedPackages(name: string, packages: readonly string[]): Promise<string> {
  const folder = path.join(process.env.XDG_CACHE_HOME ?? path.join(os.homedir(), ".cache"), "nvl", "systems", name);
  const list = path.join(folder, ".packages");
  if (existsSync(list) && readdirSync(list).sort().join() === [...packages].sort().join()) return folder;
  const fetched = await fetchPackages(packages, (line) => console.error(line));
  const draft = `${folder}.${process.pid}`;
  cpSync(fetched.folder, draft, { recursive: true, verbatimSymlinks: true });
  fetched.dispose();
  for (const one of packages) mkdirSync(path.join(draft, ".packages", one), { recursive: true });
  rmSync(folder, { recursive: true, force: true });
  renameSync(draft, folder);
  return folder;
}

/** A folder as the entries of an archive, below `place`. */
export function folderEntries(folder: string, place: string, leaveOut: RegExp): CpioEntry[] {
  return readdirSync(folder).sort().flatMap((name): CpioEntry[] => {
    const file = path.join(folder, name), at = `${place}/${name}`;
    const stat = lstatSync(file);
    if (leaveOut.test(at)) return [];
    if (stat.isSymbolicLink()) return [{ path: at, kind: "symlink", target: readlinkSync(file) }];
    if (stat.isDirectory()) return [{ path: at, kind: "directory", mode: stat.mode & 0o7777 }, ...folderEntries(file, at, leaveOut)];
    return stat.isFile() ? [{ path: at, kind: "file", mode: stat.mode & 0o7777, content: new Uint8Array(readFileSync(file)) }] : [];
  });
}
