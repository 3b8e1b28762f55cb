// Files of Linux on x86-64: modes (inode(7)), flags of open(2) (include/uapi/asm-generic/fcntl.h), poll(2), struct stat and statx.

export const S = { format: 0o170000, socket: 0o140000, symlink: 0o120000, file: 0o100000, block: 0o060000, directory: 0o040000, character: 0o020000, fifo: 0o010000 } as const;
export const O = {
  access: 3, readOnly: 0, writeOnly: 1, readWrite: 2, create: 0o100, exclusive: 0o200, noctty: 0o400, truncate: 0o1000, append: 0o2000, nonblock: 0o4000, dsync: 0o10000, async: 0o20000,
  direct: 0o40000, largefile: 0o100000, directory: 0o200000, nofollow: 0o400000, noatime: 0o1000000, cloexec: 0o2000000, path: 0o10000000, tmpfile: 0o20200000,
} as const;
export const AT = { fdcwd: -100, symlinkNofollow: 0x100, eaccess: 0x200, removedir: 0x200, symlinkFollow: 0x400, noAutomount: 0x800, emptyPath: 0x1000 } as const;
export const POLL = { in: 1, pri: 2, out: 4, err: 8, hup: 16, nval: 32, rdnorm: 64, rdband: 128, wrnorm: 256, wrband: 512, rdhup: 0x2000 } as const;
export const SEEK = { set: 0, cur: 1, end: 2, data: 3, hole: 4 } as const;
/** Types in directory entries: the format bits of the mode. */
export const direntType = (mode: number): number => (mode & S.format) >> 12;
