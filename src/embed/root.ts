// The root of a Kitten's tree by what the user names: a folder of this machine, or an archive.

import { statSync } from "node:fs";
import { NvlError } from "../base/error.ts";
import { openHostFolder } from "../host/nodejs/folder.ts";
import { createHostFs } from "../kitten/file/host-fs.ts";
import type { Inode } from "../kitten/file/inode.ts";

/** @param nowMs since 1970
 * @throws exec/root when it is neither */
export async function openRoot(path: string, nowMs: () => number, fillRandom: (into: Uint8Array) => void): Promise<Inode> {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (!stat) throw new NvlError("exec/root", `${path} does not exist`, { context: { path } });
  if (stat.isDirectory()) return createHostFs(openHostFolder(path));
  return (await import("./archive-root.ts")).openArchive(path, nowMs, fillRandom);
}
