// A folder of the host as a file system. Inodes know their path; they are found again by device and number, so that a file which is open
// under two names is one.

import { ERRNO } from "../../abi/linux/errno.ts";
import { O, POLL, S } from "../../abi/linux/files.ts";
import type { HostFolder } from "../../base/folder.ts";
import type { Inode, OpenFile } from "./inode.ts";

/** Inodes remembered, beyond those that are in use. */
const REMEMBERED = 8192;

interface HostInode extends Inode { path: string; format: number }

/** @returns the root of the file system */
export function createHostFs(folder: HostFolder): Inode {
  const known = new Map<string, HostInode>();
  const below = (path: string, name: string) => path === "" ? name : `${path}/${name}`;

  const find = (path: string): Inode | number => {
    const stat = folder.stat(path);
    if (typeof stat === "number") return stat;
    const key = `host:${stat.dev}:${stat.ino}`, format = stat.mode & S.format;
    let inode = known.get(key);
    if (inode?.format !== format) { // new, or the number of one that is gone
      inode = create(key, path, format);
      known.set(key, inode);
      if (known.size > REMEMBERED) known.delete(known.keys().next().value!);
    }
    inode.path = path;
    return inode;
  };
  const withHandle = (path: string, write: boolean, work: (handle: number) => number): number => {
    const handle = folder.open(path, { write }, 0);
    if (handle < 0) return handle;
    const answer = work(handle);
    folder.close(handle);
    return answer;
  };

  function create(key: string, path: string, format: number): HostInode {
    const common: HostInode = { key, path, format, stat: () => folder.stat(inode.path), change: (what) => folder.change(inode.path, what) };
    const inode: HostInode = format === S.directory ? Object.assign(common, {
      lookup: (name: string) => find(below(inode.path, name)),
      list: () => folder.list(inode.path),
      make: (name, { mode, target }) => {
        const at = below(inode.path, name);
        switch (mode & S.format) {
          case S.directory: {
            const done = folder.makeDirectory(at, mode & 0o7777);
            return done < 0 ? done : find(at);
          }
          case S.symlink: {
            const done = folder.symlink(at, target ?? "");
            return done < 0 ? done : find(at);
          }
          case S.file: {
            const handle = folder.open(at, { write: true, create: true }, mode & 0o7777);
            if (handle < 0) return handle;
            folder.close(handle);
            return find(at);
          }
        }
        return -ERRNO.EPERM;
      },
      link: (name, other) => "path" in other ? folder.link((other as HostInode).path, below(inode.path, name)) : -ERRNO.EXDEV,
      remove: (name, directory) => folder.remove(below(inode.path, name), directory),
      rename: (name, to, newName) => known.get(to.key) === to ? folder.rename(below(inode.path, name), below((to as HostInode).path, newName)) : -ERRNO.EXDEV,
    } satisfies Partial<Inode>) : format === S.symlink ? Object.assign(common, { readlink: () => folder.readlink(inode.path) })
      : format === S.file ? Object.assign(common, {
        // without an open file, as mappings do
        read: (offset: number, into: Uint8Array) => withHandle(inode.path, false, (handle) => folder.read(handle, offset, into)),
        write: (offset: number, from: Uint8Array) => withHandle(inode.path, true, (handle) => folder.write(handle, offset, from)),
        truncate: (bytes: number) => withHandle(inode.path, true, (handle) => folder.truncate(handle, bytes)),
        sync: () => 0,
        open: (flags: number) => openFile(inode, flags),
      }) : common;
    return inode;
  }

  function openFile(inode: HostInode, flags: number): OpenFile | number {
    const writes = (flags & O.access) !== O.readOnly, handle = folder.open(inode.path, { write: writes }, 0);
    if (handle < 0) return handle;
    if (writes && flags & O.truncate) {
      const done = folder.truncate(handle, 0);
      if (done < 0) {
        folder.close(handle);
        return done;
      }
    }
    return {
      inode, flags, path: "", users: 1, position: 0, seekable: true, waiters: new Set(),
      read: (into, offset) => folder.read(handle, offset, into), write: (from, offset) => folder.write(handle, offset, from),
      stat: () => folder.statOpen(handle), truncate: (bytes) => folder.truncate(handle, bytes),
      poll: () => POLL.in | POLL.out | POLL.rdnorm | POLL.wrnorm, close: () => folder.close(handle),
    };
  }
  const root = find("");
  return typeof root === "number" ? { key: "host:none", stat: () => root } : root;
}
