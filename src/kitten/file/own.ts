// What every Kitten has in its tree, whatever its root is: /proc, /sys, /dev without hardware, /dev/pts, /dev/shm.

import { S } from "../../abi/linux/files.ts";
import { epochMs, type Kitten } from "../kitten.ts";
import { makeDevice, MEMORY_DEVICES, memoryDevice } from "./devices.ts";
import { createMemoryFs } from "./memory-fs.ts";
import { createProc } from "./proc.ts";
import { createFifo } from "./pipe.ts";
import { terminalDevice, terminalFolder, TERMINAL_DEVICES } from "./pty.ts";

const LINKS = [["fd", "/proc/self/fd"], ["stdin", "/proc/self/fd/0"], ["stdout", "/proc/self/fd/1"], ["stderr", "/proc/self/fd/2"]] as const;
/** Bytes of files in /dev. */
const DEV_BYTES = 2 ** 20;

export function mountOwn(k: Kitten): void {
  const owner = { uid: 0, gid: 0 }, nowMs = () => epochMs(k);
  const dev = createMemoryFs({ dev: 6, nowMs, budget: { left: DEV_BYTES }, special: (mode, rdev, stat) =>
    (mode & S.format) === S.fifo ? createFifo(stat) : terminalDevice(k, rdev, stat) ?? memoryDevice(rdev, stat, k.fillRandom) });
  for (const [name, major, minor] of [...MEMORY_DEVICES, ...TERMINAL_DEVICES]) dev.make!(name, { ...owner, mode: S.character | 0o666, rdev: makeDevice(major, minor) });
  for (const [name, target] of LINKS) dev.make!(name, { ...owner, mode: S.symlink | 0o777, target });
  for (const name of ["shm", "pts", "mqueue"]) dev.make!(name, { ...owner, mode: S.directory | 0o1777 });
  const { proc, sys } = createProc(k);
  for (const [path, inode] of [["/proc", proc], ["/sys", sys], ["/dev", dev], ["/dev/pts", terminalFolder(k)], ["/dev/shm", createMemoryFs({ dev: 7, nowMs, budget: k.objects.files }, 0o1777)]] as const) k.mounts.set(path, inode);
}
