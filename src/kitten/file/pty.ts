// Pseudoterminals (pty(7), pts(4)): /dev/ptmx gives a master, whose other end is a terminal in /dev/pts. And /dev/tty.

import { ERRNO } from "../../abi/linux/errno.ts";
import { POLL, S } from "../../abi/linux/files.ts";
import { epochMs, type Kitten } from "../kitten.ts";
import { u32In } from "../memory/user.ts";
import { makeDevice } from "./devices.ts";
import { wake, type Inode, type OpenFile } from "./inode.ts";
import { createChannel, intOut, putBytes, takeBytes } from "./pipe.ts";
import { createTerminal, terminalOf } from "./terminal.ts";

const TIOCGPTN = 0x8004_5430, TIOCSPTLCK = 0x4004_5431, TIOCGPTLCK = 0x8004_5439, FIONREAD = 0x541b, TIOCPKT = 0x5420;
const MOST_TERMINALS = 1024, OUTPUT_BYTES = 65536;

/** A new pair. @returns the master */
function createPair(k: Kitten, flags: number, inode: Inode): OpenFile | number {
  const { terminals } = k.objects;
  let number = 0;
  while (terminals.has(number)) number++;
  if (number >= MOST_TERMINALS) return -ERRNO.ENOSPC;
  const shown = createChannel(OUTPUT_BYTES);
  const room = () => OUTPUT_BYTES - shown.length;
  const terminal = createTerminal(k, number, { room, put: (bytes) => { putBytes(shown, bytes); } });
  // both ends are told of everything: what one takes the other may write, what one opens the other has
  shown.waiters.add(() => wake(terminal.waiters));
  terminals.set(number, terminal);
  const left = () => terminal.opened && terminal.users === 0;
  return {
    inode, flags, path: "/dev/ptmx", users: 1, position: 0, seekable: false, waiters: terminal.waiters,
    read: (into) => takeBytes(shown, into) || (left() ? -ERRNO.EIO : -ERRNO.EAGAIN),
    write: (from) => {
      terminal.discipline.type(from);
      return from.length;
    },
    poll: () => (shown.length > 0 ? POLL.in | POLL.rdnorm : 0) | POLL.out | POLL.wrnorm | (left() ? POLL.hup : 0),
    ioctl: (request, argument, process) => {
      switch (request) {
        case TIOCGPTN: return intOut(process, argument, number);
        case TIOCGPTLCK: return intOut(process, argument, 0);
        case TIOCSPTLCK: return u32In(process.aspace, argument) === undefined ? -ERRNO.EFAULT : 0;
        case TIOCPKT: return u32In(process.aspace, argument) === undefined ? -ERRNO.EFAULT : u32In(process.aspace, argument) === 0 ? 0 : -ERRNO.EINVAL;
        case FIONREAD: return intOut(process, argument, shown.length);
        default: return terminal.ioctl(request, argument, process);
      }
    },
    close: () => {
      terminals.delete(number);
      terminal.hangUp();
    },
  };
}

/** Names in /dev, in order. */
export const TERMINAL_DEVICES = [["tty", 5, 0], ["console", 5, 1], ["ptmx", 5, 2]] as const;
/** What opens as a device of this number. */
export function terminalDevice(k: Kitten, rdev: number, stat: Inode["stat"]): Inode | undefined {
  const inode: Inode = { key: `device:${rdev}`, stat };
  if (rdev === makeDevice(5, 2)) return { ...inode, open: (flags) => createPair(k, flags, inode) };
  return rdev === makeDevice(5, 0) || rdev === makeDevice(5, 1) ? { ...inode, open: (flags, process) => terminalOf(k, process)?.open(flags, process) ?? -ERRNO.ENXIO } : undefined;
}

/** The folder /dev/pts. */
export function terminalFolder(k: Kitten): Inode {
  const timeMs = epochMs(k), find = (name: string) => /^\d+$/.test(name) ? k.objects.terminals.get(Number(name))?.inode : undefined;
  return {
    key: "devpts", stat: () => ({ dev: 24, ino: 1, mode: S.directory | 0o755, nlink: 2, uid: 0, gid: 0, rdev: 0, size: 0, blocks: 0, blockBytes: 1024, atimeMs: timeMs, mtimeMs: timeMs, ctimeMs: timeMs }),
    lookup: (name) => find(name) ?? -ERRNO.ENOENT,
    list: () => [...k.objects.terminals.keys()].map((number) => ({ name: String(number), ino: number + 3, mode: S.character })),
  };
}
