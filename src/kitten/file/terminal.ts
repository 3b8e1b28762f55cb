// A terminal as programs see it (tty(4), tty_ioctl(4), credentials(7)): open files, settings, a window, and whose it is: a session that it controls
// and the group of processes in its foreground. What is at its other end is the console of the host, or a program that holds the master of a pty.

import { ERRNO, ERESTARTSYS } from "../../abi/linux/errno.ts";
import { O, POLL, S } from "../../abi/linux/files.ts";
import { SI, SIG, SIG_IGN } from "../../abi/linux/signals.ts";
import { epochMs, type Kitten } from "../kitten.ts";
import { copyIn, copyOut, u32In } from "../memory/user.ts";
import { bitOf, signalProcess } from "../task/signal.ts";
import type { Deadline } from "../task/deadlines.ts";
import type { Process } from "../task/task.ts";
import { makeDevice } from "./devices.ts";
import { wake, type Inode, type OpenFile, type Waiters } from "./inode.ts";
import { CHARACTER, CHARACTERS, createLineDiscipline, LOCAL, type LineDiscipline, type Termios } from "./line-discipline.ts";
import { intOut } from "./pipe.ts";

/** Where a terminal's output goes. */
export interface Screen {
  /** Bytes that it takes now. */
  room(): number;
  put(bytes: Uint8Array): void;
  /** A program wants to read, or to change settings. */
  engage?(): void;
  /** The suspend key, when no shell of the Kitten would notice. */
  suspend?(): void;
}
export interface Terminal {
  readonly number: number;
  readonly inode: Inode;
  readonly discipline: LineDiscipline;
  /** The session that it controls and its group in the foreground; 0: none. */
  session: number;
  foreground: number;
  /** Open files of programs. */
  users: number;
  /** Some program has had it open. */
  opened: boolean;
  /** Readers and writers. */
  readonly waiters: Waiters;
  /** Nobody is at the other end any more. */
  hungUp: boolean;
  open(flags: number, process: Pick<Process, "pid" | "session">): OpenFile | number;
  hangUp(): void;
  resize(columns: number, rows: number): void;
  ioctl(request: number, argument: number, process: Process): number;
}

const TC = { gets: 0x5401, sets: 0x5402, setsw: 0x5403, setsf: 0x5404, sbrk: 0x5409, xonc: 0x540a, flush: 0x540b, sbrkp: 0x5425, gets2: 0x802c_542a, sets2: 0x402c_542b, setsw2: 0x402c_542c, setsf2: 0x402c_542d } as const;
const TIOC = {
  excl: 0x540c, nxcl: 0x540d, sctty: 0x540e, gpgrp: 0x540f, spgrp: 0x5410, outq: 0x5411, gwinsz: 0x5413, swinsz: 0x5414, inq: 0x541b, notty: 0x5422, setd: 0x5423, getd: 0x5424, gsid: 0x5429,
} as const;
/** struct termios of the kernel; termios2 has two speeds behind it. */
const TERMIOS_BYTES = 17 + CHARACTERS, TERMIOS2_BYTES = 44, BAUD = 38400;
const PTS_MAJOR = 136;
const TENTH_NS = 1e8;

function termiosBytes({ input, output, control, local, line, characters }: Termios, bytes: number): Uint8Array {
  const out = new Uint8Array(bytes), view = new DataView(out.buffer);
  [input, output, control, local].forEach((value, index) => view.setUint32(4 * index, value, true));
  out[16] = line;
  out.set(characters, 17);
  if (bytes === TERMIOS2_BYTES) for (const at of [36, 40]) view.setUint32(at, BAUD, true);
  return out;
}
function termiosOf(bytes: Uint8Array): Termios {
  const view = new DataView(bytes.buffer), word = (index: number) => view.getUint32(4 * index, true);
  return { input: word(0), output: word(1), control: word(2), local: word(3), line: bytes[16], characters: bytes.slice(17, 17 + CHARACTERS) };
}

/** Processes of a group. */
const groupOf = (k: Kitten, group: number): Process[] => [...k.processes.values()].filter((process) => process.group === group && process.status === undefined);
const signalGroup = (k: Kitten, group: number, signal: number) => { for (const process of groupOf(k, group)) signalProcess(k, process, { signal, code: SI.kernel }); };
/** A group that no shell of its session looks after: nobody would continue it. */
const isOrphaned = (k: Kitten, group: number) => groupOf(k, group).every(({ parent, session }) => !parent || parent.session !== session || parent.group === group);

export function createTerminal(k: Kitten, number: number, screen: Screen): Terminal {
  const waiters: Waiters = new Set(), timeMs = epochMs(k);
  let size = { columns: 0, rows: 0 }, stopped = false, late = false, timer: Deadline | undefined, mode = 0o620, times = { atimeMs: timeMs, mtimeMs: timeMs };
  const discipline = createLineDiscipline({
    echo: (bytes) => screen.put(bytes),
    readable: () => {
      late = false;
      wake(waiters);
    },
    signal: (which) => {
      if (which === "suspend" && screen.suspend && isOrphaned(k, terminal.foreground)) return screen.suspend();
      signalGroup(k, terminal.foreground, which === "interrupt" ? SIG.int : which === "quit" ? SIG.quit : SIG.tstp);
    },
    flow: (now) => {
      stopped = now;
      wake(waiters);
    },
  });
  const inode: Inode = {
    key: `terminal:${number}`,
    stat: () => ({ dev: 24, ino: number + 3, mode: S.character | mode, nlink: 1, uid: k.uid, gid: k.gid, rdev: makeDevice(PTS_MAJOR, number), size: 0, blocks: 0, blockBytes: 1024, ...times, ctimeMs: timeMs }),
    change: (what) => {
      mode = (what.mode ?? mode) & 0o7777;
      times = { atimeMs: what.atimeMs ?? times.atimeMs, mtimeMs: what.mtimeMs ?? times.mtimeMs };
      return 0;
    },
    open: (flags, process) => terminal.open(flags, process),
  };
  /** What becomes of a process that reaches for the terminal from the background: 0, it may; else the call's answer. */
  const barred = (process: Process, signal: number): number => {
    if (terminal.session === 0 || process.session !== terminal.session || process.group === terminal.foreground) return 0;
    const [task] = process.tasks, deaf = process.actions[signal].handler === SIG_IGN || (task && task.mask & bitOf(signal));
    if (deaf) return signal === SIG.ttin ? -ERRNO.EIO : 0;
    if (isOrphaned(k, process.group)) return -ERRNO.EIO;
    signalGroup(k, process.group, signal);
    return -ERESTARTSYS;
  };
  const read = (into: Uint8Array): number => {
    if (into.length === 0) return 0;
    screen.engage?.();
    if (discipline.canRead()) return discipline.read(into) ?? 0;
    if (terminal.hungUp) return 0;
    const { local, characters } = discipline.termios;
    if (local & LOCAL.canonical || characters[CHARACTER.least] > 0) return -ERRNO.EAGAIN;
    const got = discipline.read(into), tenths = characters[CHARACTER.time];
    if (got !== undefined || tenths === 0) return got ?? 0;
    if (late) {
      late = false;
      return 0;
    }
    timer ??= k.deadlines.set(k.clock.nowNs() + tenths * TENTH_NS, () => {
      timer = undefined;
      late = true;
      wake(waiters);
    });
    return -ERRNO.EAGAIN;
  };
  const write = (from: Uint8Array): number => {
    if (terminal.hungUp) return -ERRNO.EIO;
    if (from.length === 0) return 0;
    const { shown, taken } = stopped ? { shown: from, taken: 0 } : discipline.render(from, screen.room());
    if (taken === 0) return -ERRNO.EAGAIN;
    screen.put(shown);
    return taken;
  };
  const setTermios = (argument: number, bytes: number, process: Process, flush: boolean): number => {
    const given = copyIn(process.aspace, argument, bytes);
    if (!given) return -ERRNO.EFAULT;
    const background = barred(process, SIG.ttou);
    if (background < 0) return background;
    screen.engage?.();
    if (flush) discipline.flush();
    discipline.set(termiosOf(given));
    return 0;
  };
  const ioctl: Terminal["ioctl"] = (request, argument, process) => {
    const { aspace } = process;
    switch (request) {
      case TC.gets: return copyOut(aspace, argument, termiosBytes(discipline.termios, TERMIOS_BYTES)) ? 0 : -ERRNO.EFAULT;
      case TC.gets2: return copyOut(aspace, argument, termiosBytes(discipline.termios, TERMIOS2_BYTES)) ? 0 : -ERRNO.EFAULT;
      case TC.sets:
      case TC.setsw:
      case TC.setsf: return setTermios(argument, TERMIOS_BYTES, process, request === TC.setsf);
      case TC.sets2:
      case TC.setsw2:
      case TC.setsf2: return setTermios(argument, TERMIOS2_BYTES, process, request === TC.setsf2);
      case TC.flush:
        if (argument !== 1) discipline.flush();
        return 0;
      case TC.xonc:
        if (argument <= 1) stopped = argument === 0;
        wake(waiters);
        return 0;
      case TIOC.gwinsz: {
        const { columns, rows } = size;
        return copyOut(aspace, argument, new Uint8Array(new Uint16Array([rows, columns, 0, 0]).buffer)) ? 0 : -ERRNO.EFAULT;
      }
      case TIOC.swinsz: {
        const bytes = copyIn(aspace, argument, 8);
        if (!bytes) return -ERRNO.EFAULT;
        const [rows, columns] = new Uint16Array(bytes.buffer);
        terminal.resize(columns, rows);
        return 0;
      }
      case TIOC.inq: return intOut(process, argument, discipline.available());
      case TIOC.outq:
      case TIOC.getd: return intOut(process, argument, 0);
      case TIOC.gpgrp: return process.session !== terminal.session ? -ERRNO.ENOTTY : intOut(process, argument, terminal.foreground);
      case TIOC.gsid: return process.session !== terminal.session ? -ERRNO.ENOTTY : intOut(process, argument, terminal.session);
      case TIOC.spgrp: {
        const group = u32In(aspace, argument);
        if (group === undefined) return -ERRNO.EFAULT;
        if (process.session !== terminal.session) return -ERRNO.ENOTTY;
        if ((group | 0) < 0) return -ERRNO.EINVAL;
        const background = barred(process, SIG.ttou);
        if (background < 0) return background;
        const members = groupOf(k, group);
        screen.engage?.();
        if (members.length === 0) return -ERRNO.ESRCH;
        if (members.every(({ session }) => session !== process.session)) return -ERRNO.EPERM;
        terminal.foreground = group;
        return 0;
      }
      case TIOC.sctty:
        if (process.session === terminal.session) return 0;
        if (process.session !== process.pid || terminalOf(k, process) || (terminal.session !== 0 && argument !== 1)) return -ERRNO.EPERM;
        [terminal.session, terminal.foreground] = [process.session, process.group];
        return 0;
      case TIOC.notty:
        if (process.session !== terminal.session) return -ERRNO.ENOTTY;
        if (process.session === process.pid) loseSession();
        return 0;
      case TIOC.setd:
      case TIOC.excl:
      case TIOC.nxcl:
      case TC.sbrk:
      case TC.sbrkp: return 0;
    }
    return -ERRNO.ENOTTY;
  };
  /** The session has no terminal any more. */
  const loseSession = () => {
    const { session, foreground } = terminal;
    [terminal.session, terminal.foreground] = [0, 0];
    if (session === 0) return;
    const leader = k.processes.get(session);
    for (const signal of [SIG.hup, SIG.cont]) {
      if (leader && leader.status === undefined && leader.group !== foreground) signalProcess(k, leader, { signal, code: SI.kernel });
      signalGroup(k, foreground, signal);
    }
  };
  const terminal: Terminal = {
    number, inode, discipline, session: 0, foreground: 0, users: 0, opened: false, waiters, hungUp: false, ioctl,
    open(flags, process) {
      if (terminal.hungUp) return -ERRNO.EIO;
      if (!(flags & O.noctty) && terminal.session === 0 && process.session === process.pid && !terminalOf(k, process)) [terminal.session, terminal.foreground] = [process.session, process.session];
      terminal.users++;
      terminal.opened = true;
      wake(waiters);
      return {
        inode, flags: flags & ~O.noctty, path: `/dev/pts/${number}`, users: 1, position: 0, seekable: false, waiters, read, write, ioctl,
        barred: (by, writes) => writes ? discipline.termios.local & LOCAL.stopOutput ? barred(by, SIG.ttou) : 0 : barred(by, SIG.ttin),
        poll: () => {
          screen.engage?.();
          return terminal.hungUp ? POLL.in | POLL.hup | POLL.err | POLL.out : (discipline.canRead() ? POLL.in | POLL.rdnorm : 0) | (!stopped && screen.room() > 0 ? POLL.out | POLL.wrnorm : 0);
        },
        close: () => {
          terminal.users--;
          wake(waiters);
        },
      };
    },
    hangUp() {
      if (terminal.hungUp) return;
      terminal.hungUp = true;
      k.deadlines.cancel(timer);
      loseSession();
      wake(waiters);
    },
    resize(columns, rows) {
      if (columns === size.columns && rows === size.rows) return;
      size = { columns, rows };
      signalGroup(k, terminal.foreground, SIG.winch);
    },
  };
  return terminal;
}

/** The terminal that controls a process's session. */
export const terminalOf = (k: Kitten, { session }: Pick<Process, "session">): Terminal | undefined => [...k.objects.terminals.values()].find((terminal) => terminal.session === session);
