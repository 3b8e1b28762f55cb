// The ends of standard input and output: streams of the host, as open files. A terminal answers what programs ask of terminals.

import { ERRNO } from "../../abi/linux/errno.ts";
import { O, POLL, S } from "../../abi/linux/files.ts";
import { copyIn, copyOut } from "../memory/user.ts";
import type { Process } from "../task/task.ts";
import type { Inode, OpenFile, Waiters } from "./inode.ts";
import { intOut } from "./pipe.ts";

/** A stream of the host. */
export interface HostStream {
  kind: "terminal" | "pipe" | "file";
  /** @returns bytes, 0 at the end, -EAGAIN when nothing is there yet */
  read(into: Uint8Array): number;
  write(from: Uint8Array): number;
  /** Something can be read, or the end. */
  readable(): boolean;
  /** Told when something came. */
  readonly waiters: Waiters;
  size?(): { columns: number; rows: number };
  /** Keys come at once and without echo. */
  setRaw?(raw: boolean): void;
}

const TCGETS = 0x5401, TCSETS = 0x5402, TCSETSW = 0x5403, TCSETSF = 0x5404, TIOCSCTTY = 0x540e, TIOCGPGRP = 0x540f, TIOCSPGRP = 0x5410, TIOCGWINSZ = 0x5413, TIOCSWINSZ = 0x5414,
  TIOCGSID = 0x5429, TIOCNOTTY = 0x5422, TCFLSH = 0x540b, TCSBRK = 0x5409, TCXONC = 0x540a, TCSBRKP = 0x5425;
const TERMIOS_BYTES = 36, ICANON = 2;

/** struct termios of a fresh terminal: cooked, 38400 baud. */
function freshTermios(): Uint8Array {
  const out = new Uint8Array(TERMIOS_BYTES), view = new DataView(out.buffer);
  view.setUint32(0, 0x4500, true); // ICRNL IXON IUTF8
  view.setUint32(4, 5, true); // OPOST ONLCR
  view.setUint32(8, 0xbf, true); // B38400 CS8 CREAD
  view.setUint32(12, 0x8a3b, true); // ISIG ICANON ECHO ECHOE ECHOK ECHOCTL ECHOKE IEXTEN
  out.set([3, 0x1c, 0x7f, 0x15, 4, 0, 1, 0, 0x11, 0x13, 0x1a, 0, 0x12, 0xf, 0x17, 0x16], 17);
  return out;
}

let streams = 0;
/** @param mode O_RDONLY, O_WRONLY or O_RDWR */
export function openStream(stream: HostStream, mode: number, path: string, timeMs: number, owner: Pick<Process, "uid" | "gid">): OpenFile {
  const ino = ++streams, terminal = stream.kind === "terminal", format = terminal ? S.character | 0o620 : stream.kind === "file" ? S.file | 0o644 : S.fifo | 0o600;
  const inode: Inode = { key: `stream:${ino}`, stat: () => ({
    dev: 5, ino, mode: format, nlink: 1, ...owner, rdev: terminal ? 0x8800 : 0, size: 0, blocks: 0, blockBytes: terminal ? 1024 : 4096, atimeMs: timeMs, mtimeMs: timeMs, ctimeMs: timeMs,
  }) };
  let termios = freshTermios(), foreground = 0;
  const ioctl = (request: number, argument: number, process: Process): number => {
    if (!terminal) return -ERRNO.ENOTTY;
    switch (request) {
      case TCGETS: return copyOut(process.aspace, argument, termios) ? 0 : -ERRNO.EFAULT;
      case TCSETS:
      case TCSETSW:
      case TCSETSF: {
        const bytes = copyIn(process.aspace, argument, TERMIOS_BYTES);
        if (!bytes) return -ERRNO.EFAULT;
        termios = bytes;
        stream.setRaw?.(!(new DataView(bytes.buffer).getUint32(12, true) & ICANON));
        return 0;
      }
      case TIOCGWINSZ: {
        const { columns, rows } = stream.size?.() ?? { columns: 80, rows: 24 };
        return copyOut(process.aspace, argument, new Uint8Array(new Uint16Array([rows, columns, 0, 0]).buffer)) ? 0 : -ERRNO.EFAULT;
      }
      case TIOCGPGRP: return intOut(process, argument, foreground || process.group);
      case TIOCSPGRP: {
        const bytes = copyIn(process.aspace, argument, 4);
        if (!bytes) return -ERRNO.EFAULT;
        foreground = new DataView(bytes.buffer).getInt32(0, true);
        return 0;
      }
      case TIOCGSID: return intOut(process, argument, process.session);
      case TIOCSWINSZ:
      case TIOCSCTTY:
      case TIOCNOTTY:
      case TCFLSH:
      case TCSBRK:
      case TCSBRKP:
      case TCXONC: return 0;
    }
    return -ERRNO.ENOTTY;
  };
  return {
    inode, flags: mode, path, users: 1, position: 0, seekable: false, waiters: stream.waiters, ioctl,
    read: (into) => into.length === 0 ? 0 : stream.read(into), write: (from) => stream.write(from),
    poll: () => (mode !== O.writeOnly && stream.readable() ? POLL.in | POLL.rdnorm : 0) | (mode !== O.readOnly ? POLL.out | POLL.wrnorm : 0),
  };
}
