// Names: from a path to an inode, through mounts and symbolic links (path_resolution(7)).

import { ERRNO } from "../../abi/linux/errno.ts";
import { S } from "../../abi/linux/files.ts";
import type { Process } from "../task/task.ts";
import type { Inode } from "./inode.ts";

/** A place in the tree. The root is its own parent. */
export interface Dentry { readonly inode: Inode; readonly name: string; readonly parent?: Dentry }

/** File systems by the path that they are mounted at, "/" among them. */
export type Mounts = Map<string, Inode>;

const MOST_LINKS = 40, MOST_NAME = 255, MOST_PATH = 4096;

/** `/a/b`. */
export function pathOf(dentry: Dentry): string {
  const names: string[] = [];
  for (let at = dentry; at.parent; at = at.parent) names.unshift(at.name);
  return `/${names.join("/")}`;
}

const isDirectory = (inode: Inode) => inode.lookup !== undefined;

export interface Walk {
  mounts: Mounts;
  process: Process;
  /** Follow a symbolic link at the end. */
  follow: boolean;
}
/** Where a walk ends: the directory, the last name in it (""`: the directory itself), and what is there, if anything. */
export interface Found { parent: Dentry; name: string; dentry?: Dentry; mustBeDirectory: boolean }

/** Walks a path from `start`, or from the process's root. All names but the last must exist.
 * @returns a negative errno when they do not */
export function walk({ mounts, process, follow }: Walk, start: Dentry, path: string): Found | number {
  if (path === "") return -ERRNO.ENOENT;
  if (path.length >= MOST_PATH) return -ERRNO.ENAMETOOLONG;
  const names = path.split("/").filter((name) => name !== "" && name !== ".");
  let mustBeDirectory = /(^|\/)\.?\/*$/.test(path), links = 0;
  let at = path.startsWith("/") ? process.root : start;
  if (names.length === 0) return { parent: at, name: "", dentry: at, mustBeDirectory: true };
  while (names.length > 0) {
    const name = names.shift()!, last = names.length === 0;
    if (!isDirectory(at.inode)) return -ERRNO.ENOTDIR;
    if (name === "..") {
      at = at === process.root || !at.parent ? at : at.parent;
      if (last) return { parent: at, name: "", dentry: at, mustBeDirectory: true };
      continue;
    }
    if (name.length > MOST_NAME) return -ERRNO.ENAMETOOLONG;
    const found = at.inode.lookup!(name);
    const mounted = mounts.size > 1 ? mounts.get(pathOf({ inode: at.inode, name, parent: at })) : undefined;
    if (typeof found === "number" && !mounted) {
      if (found === -ERRNO.ENOENT && last) return { parent: at, name, mustBeDirectory };
      return found;
    }
    const inode = mounted ?? found as Inode, dentry: Dentry = { inode, name, parent: at };
    if (inode.readlink && (!last || follow || mustBeDirectory)) {
      if (++links > MOST_LINKS) return -ERRNO.ELOOP;
      const direct = inode.follow?.(process);
      if (direct) {
        at = { inode: direct, name, parent: at };
        if (last) return { parent: at.parent!, name, dentry: at, mustBeDirectory };
        continue;
      }
      const target = inode.readlink(process);
      if (typeof target === "number") return target;
      if (target === "") return -ERRNO.ENOENT;
      names.unshift(...target.split("/").filter((part) => part !== "" && part !== "."));
      if (last && target.endsWith("/")) mustBeDirectory = true;
      if (target.startsWith("/")) at = process.root;
      if (names.length === 0) return { parent: at, name: "", dentry: at, mustBeDirectory: true };
      continue;
    }
    if (last) return mustBeDirectory && !isDirectory(inode) ? -ERRNO.ENOTDIR : { parent: at, name, dentry, mustBeDirectory };
    at = dentry;
  }
  return -ERRNO.ENOENT;
}

/** The inode of a path that must exist. */
export function lookUp(how: Walk, start: Dentry, path: string): Dentry | number {
  const found = walk(how, start, path);
  return typeof found === "number" ? found : found.dentry ?? -ERRNO.ENOENT;
}

/** A new entry at a path where nothing is. */
export function makeAt(mounts: Mounts, process: Process, start: Dentry, path: string, what: { mode: number; rdev?: number; target?: string; inode?: Inode }): Inode | number {
  const found = walk({ mounts, process, follow: false }, start, path);
  if (typeof found === "number") return found;
  if (found.dentry) return -ERRNO.EEXIST;
  if (found.mustBeDirectory && (what.mode & S.format) !== S.directory) return -ERRNO.ENOENT;
  const masked = what.target === undefined ? what.mode & ~process.umask : what.mode;
  return found.parent.inode.make?.(found.name, { uid: process.uid, gid: process.gid, ...what, mode: masked }) ?? -ERRNO.EROFS;
}
