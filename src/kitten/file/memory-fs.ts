// Files in memory: tmpfs, and the skeleton of /dev.

import { ERRNO } from "../../abi/linux/errno.ts";
import { S } from "../../abi/linux/files.ts";
import type { Inode, NewInode, Stat } from "./inode.ts";

/** Bytes that files in memory may still take. */
export interface Budget { left: number }
export interface MemoryFsSetup {
  dev: number;
  nowMs(): number;
  /** What its files may take, and others with them. */
  budget: Budget;
  /** What stands behind a name in it that mknod or we made: devices, pipes, sockets. @returns undefined: just an entry */
  special?(mode: number, rdev: number, stat: () => Stat): Inode | undefined;
}
/** Largest file. */
const MOST_FILE = 2 ** 31 - 1;

/** An empty file system. @returns its root */
export function createMemoryFs({ dev, nowMs, budget, special }: MemoryFsSetup, rootMode = 0o755): Inode {
  let nextInode = 1;
  /** Directories and what is in them; by inode, so that links and renames can look behind the interface. */
  const contents = new WeakMap<Inode, Map<string, Inode>>(), stats = new WeakMap<Inode, Stat>(), gone = new WeakMap<Inode, () => void>();

  const create = (what: NewInode): Inode => {
    const time = nowMs();
    const stat: Stat = {
      dev, ino: nextInode++, mode: what.mode, nlink: 1, uid: what.uid, gid: what.gid, rdev: what.rdev ?? 0, size: 0, blocks: 0, blockBytes: 4096, atimeMs: time, mtimeMs: time, ctimeMs: time,
    };
    const format = what.mode & S.format;
    const base: Inode = { key: `${dev}:${stat.ino}`, stat: () => ({ ...stat }), change: (change) => {
      const { mode, ...rest } = change;
      Object.assign(stat, rest);
      if (mode !== undefined) stat.mode = (stat.mode & S.format) | (mode & 0o7777);
      stat.ctimeMs = nowMs();
      return 0;
    } };
    let inode: Inode;
    if (format === S.directory) inode = directory(base, stat);
    else if (format === S.file) inode = file(base, stat, what.content);
    else if (format === S.symlink) {
      stat.size = new TextEncoder().encode(what.target ?? "").length;
      inode = { ...base, readlink: () => what.target ?? "" };
    } else inode = { ...base, ...(what.inode ?? special?.(what.mode, stat.rdev, base.stat as () => Stat)), key: base.key, stat: base.stat };
    stats.set(inode, stat);
    return inode;
  };

  function file(base: Inode, stat: Stat, content: Uint8Array = new Uint8Array()): Inode {
    let data: Uint8Array = content, own = content.length === 0, charged = 0;
    const charge = (bytes: number) => {
      budget.left -= bytes - charged;
      charged = bytes;
    };
    const copy = () => {
      if (own) return;
      data = data.slice();
      own = true;
      charge(stat.size);
    };
    stat.size = content.length;
    stat.blocks = Math.ceil(content.length / 4096) * 8;
    const resize = (bytes: number): number => {
      if (bytes > MOST_FILE) return -ERRNO.EFBIG;
      if (bytes > stat.size && bytes - charged > budget.left) return -ERRNO.ENOSPC;
      if (bytes > data.length) {
        const grown = new Uint8Array(Math.max(bytes, Math.min(2 * data.length, MOST_FILE)));
        grown.set(data.subarray(0, stat.size));
        data = grown;
        own = true;
      } else if (bytes < stat.size) {
        copy();
        if (bytes < data.length / 4) data = data.slice(0, bytes);
        else data.fill(0, bytes, stat.size);
      }
      charge(bytes);
      stat.size = bytes;
      stat.blocks = Math.ceil(bytes / 4096) * 8;
      stat.mtimeMs = stat.ctimeMs = nowMs();
      return 0;
    };
    let opened = 0;
    /** Without a name, and not open: nobody can get at it any more. */
    const leave = () => {
      if (opened > 0 || stat.nlink > 0) return;
      charge(0);
      [data, own, stat.size] = [new Uint8Array(), true, 0];
    };
    const inode: Inode = {
      ...base, hold: () => { opened++; }, drop: () => {
        opened--;
        leave();
      },
      read: (offset, into) => {
        const count = Math.max(0, Math.min(into.length, stat.size - offset));
        into.set(data.subarray(offset, offset + count));
        return count;
      },
      write: (offset, from) => {
        if (offset + from.length > stat.size) {
          const done = resize(offset + from.length);
          if (done < 0) return done;
        }
        copy();
        data.set(from, offset);
        stat.mtimeMs = stat.ctimeMs = nowMs();
        return from.length;
      },
      truncate: resize, sync: () => 0,
    };
    gone.set(inode, leave);
    return inode;
  }

  function directory(base: Inode, stat: Stat): Inode {
    const entries = new Map<string, Inode>();
    stat.nlink = 2;
    const touched = () => { stat.mtimeMs = stat.ctimeMs = nowMs(); };
    const linked = (inode: Inode, by: number) => {
      const other = stats.get(inode);
      if (!other) return;
      other.nlink += by;
      other.ctimeMs = nowMs();
    };
    const isDirectory = (inode: Inode) => contents.has(inode);
    const inode: Inode = {
      ...base,
      lookup: (name) => entries.get(name) ?? -ERRNO.ENOENT,
      list: () => [...entries].map(([name, entry]) => {
        const found = stats.get(entry)!;
        return { name, ino: found.ino, mode: found.mode };
      }),
      make: (name, what) => {
        if (entries.has(name)) return -ERRNO.EEXIST;
        const made = create(what);
        entries.set(name, made);
        if (isDirectory(made)) stat.nlink++;
        touched();
        return made;
      },
      link: (name, other) => {
        if (!stats.has(other)) return -ERRNO.EXDEV;
        if (isDirectory(other)) return -ERRNO.EPERM;
        if (entries.has(name)) return -ERRNO.EEXIST;
        entries.set(name, other);
        linked(other, 1);
        touched();
        return 0;
      },
      remove: (name, asDirectory) => {
        const entry = entries.get(name);
        if (!entry) return -ERRNO.ENOENT;
        const inside = contents.get(entry);
        if (asDirectory && !inside) return -ERRNO.ENOTDIR;
        if (!asDirectory && inside) return -ERRNO.EISDIR;
        if (inside && inside.size > 0) return -ERRNO.ENOTEMPTY;
        entries.delete(name);
        linked(entry, inside ? -2 : -1);
        gone.get(entry)?.();
        if (inside) stat.nlink--;
        touched();
        return 0;
      },
      rename: (name, to, newName) => {
        const entry = entries.get(name), target = contents.get(to);
        if (!entry) return -ERRNO.ENOENT;
        if (!target || !stats.has(to)) return -ERRNO.EXDEV;
        const existing = target.get(newName);
        if (existing === entry) return 0;
        if (existing) {
          if (isDirectory(entry) && !isDirectory(existing)) return -ERRNO.ENOTDIR;
          if (!isDirectory(entry) && isDirectory(existing)) return -ERRNO.EISDIR;
          const gone = to.remove!(newName, isDirectory(existing));
          if (gone < 0) return gone;
        }
        entries.delete(name);
        target.set(newName, entry);
        if (isDirectory(entry) && to !== inode) {
          stat.nlink--;
          stats.get(to)!.nlink++;
        }
        touched();
        return 0;
      },
    };
    contents.set(inode, entries);
    return inode;
  }
  return create({ mode: S.directory | rootMode, uid: 0, gid: 0 });
}
