// A folder of the host, as far as a guest may see it. Paths are relative to it, with `/` between names and none at the beginning; "" is the
// folder itself. Nothing follows a symbolic link at the end of a path, and none in the middle is handed in. Answers are values or a
// negative errno of Linux.

export interface FolderStat {
  dev: number; ino: number; mode: number; nlink: number; uid: number; gid: number; rdev: number; size: number; blocks: number; blockBytes: number;
  atimeMs: number; mtimeMs: number; ctimeMs: number;
}

export interface HostFolder {
  stat(path: string): FolderStat | number;
  list(path: string): { name: string; ino: number; mode: number }[] | number;
  readlink(path: string): string | number;
  /** @returns a handle */
  open(path: string, how: { write: boolean; create?: boolean }, mode: number): number;
  close(handle: number): void;
  statOpen(handle: number): FolderStat | number;
  read(handle: number, offset: number, into: Uint8Array): number;
  write(handle: number, offset: number, from: Uint8Array): number;
  truncate(handle: number, bytes: number): number;
  sync(handle: number): number;
  makeDirectory(path: string, mode: number): number;
  symlink(path: string, target: string): number;
  link(path: string, to: string): number;
  remove(path: string, directory: boolean): number;
  rename(path: string, to: string): number;
  change(path: string, what: { mode?: number; uid?: number; gid?: number; atimeMs?: number; mtimeMs?: number }): number;
}
