// Who and where a process is: ids, names, limits, the machine, random bytes.

import { ERRNO } from "../../abi/linux/errno.ts";
import { canonicalUser, USER_END } from "../memory/page-tables.ts";
import { FRAME } from "../memory/pmem.ts";
import { copyIn, copyOut, stringIn, u32Out, u64Out } from "../memory/user.ts";
import { flushTranslations, registersOf } from "../task/schedule.ts";
import type { Process } from "../task/task.ts";
import type { Handler } from "./call.ts";

export const getpid: Handler = (_k, { process }) => process.pid;
export const gettid: Handler = (_k, { tid }) => tid;
export const getppid: Handler = (_k, { process }) => process.parent?.pid ?? 1;
export const getuid: Handler = (_k, { process }) => process.uid;
export const getgid: Handler = (_k, { process }) => process.gid;
/** Becoming who one is already; there are no other users. */
const same = (own: (process: Process) => number): Handler => (_k, { process }, ...ids) => ids.slice(0, 1).every((id) => id === -1 || id === own(process)) ? 0 : -ERRNO.EPERM;
export const setuid = same(({ uid }) => uid), setgid = same(({ gid }) => gid);
export const setreuid: Handler = (_k, { process }, ...ids) => ids.slice(0, 2).every((id) => id === -1 || id === process.uid) ? 0 : -ERRNO.EPERM;
export const setregid: Handler = (_k, { process }, ...ids) => ids.slice(0, 2).every((id) => id === -1 || id === process.gid) ? 0 : -ERRNO.EPERM;
export const setresuid: Handler = (_k, { process }, ...ids) => ids.slice(0, 3).every((id) => id === -1 || id === process.uid) ? 0 : -ERRNO.EPERM;
export const setresgid: Handler = (_k, { process }, ...ids) => ids.slice(0, 3).every((id) => id === -1 || id === process.gid) ? 0 : -ERRNO.EPERM;
const three = (own: (process: Process) => number): Handler => (_k, { process }, ...addresses) => addresses.slice(0, 3).every((address) => u32Out(process.aspace, address, own(process))) ? 0 : -ERRNO.EFAULT;
export const getresuid = three(({ uid }) => uid), getresgid = three(({ gid }) => gid);
export const getgroups: Handler = (_k, { process }, size, address) => size < 0 ? -ERRNO.EINVAL : size === 0 || u32Out(process.aspace, address, process.gid) ? 1 : -ERRNO.EFAULT;
export const setgroups: Handler = () => -ERRNO.EPERM;
export const setfsid: Handler = (_k, { process }) => process.uid;
export const capget: Handler = (_k, { process }, headerAt, dataAt) => {
  const header = copyIn(process.aspace, headerAt, 8);
  if (!header) return -ERRNO.EFAULT;
  if (new DataView(header.buffer).getUint32(0, true) !== 0x2008_0522) return u32Out(process.aspace, headerAt, 0x2008_0522) ? -ERRNO.EINVAL : -ERRNO.EFAULT;
  return dataAt === 0 || copyOut(process.aspace, dataAt, new Uint8Array(24)) ? 0 : -ERRNO.EFAULT;
};

export const getpgid: Handler = (k, { process }, pid) => (pid === 0 ? process : k.processes.get(pid))?.group ?? -ERRNO.ESRCH;
export const getpgrp: Handler = (_k, { process }) => process.group;
export const setpgid: Handler = (k, { process }, pid, group) => {
  const other = pid === 0 ? process : k.processes.get(pid);
  if (group < 0) return -ERRNO.EINVAL;
  if (!other || (other !== process && other.parent !== process)) return -ERRNO.ESRCH;
  const wanted = group === 0 ? other.pid : group;
  if (other.session === other.pid || other.session !== process.session) return -ERRNO.EPERM;
  if (wanted !== other.pid && ![...k.processes.values()].some((each) => each.group === wanted && each.session === process.session)) return -ERRNO.EPERM;
  other.group = wanted;
  return 0;
};
export const getsid: Handler = (k, { process }, pid) => (pid === 0 ? process : k.processes.get(pid))?.session ?? -ERRNO.ESRCH;
export const setsid: Handler = (k, { process }) => {
  if ([...k.processes.values()].some(({ group }) => group === process.pid)) return -ERRNO.EPERM;
  process.group = process.session = process.pid;
  return process.pid;
};

const NAME_BYTES = 65;
export const uname: Handler = (k, { process }, address) => {
  const out = new Uint8Array(6 * NAME_BYTES), put = (index: number, text: string) => out.set(new TextEncoder().encode(text).subarray(0, NAME_BYTES - 1), index * NAME_BYTES);
  ["Linux", k.hostname, "6.1.0-kitten", "#1 SMP NVL", "x86_64", "(none)"].forEach((text, index) => put(index, text));
  return copyOut(process.aspace, address, out) ? 0 : -ERRNO.EFAULT;
};
export const sysinfo: Handler = (k, { process }, address) => {
  const out = new DataView(new ArrayBuffer(112)), u64 = (at: number, value: number) => out.setBigUint64(at, BigInt(value), true);
  u64(0, Math.floor(k.clock.nowNs() / 1e9));
  u64(32, k.pmem.frames * FRAME);
  u64(40, k.pmem.free() * FRAME);
  out.setUint16(80, k.tasks.size, true);
  out.setUint32(104, 1, true);
  return copyOut(process.aspace, address, new Uint8Array(out.buffer)) ? 0 : -ERRNO.EFAULT;
};

const UNLIMITED = 2n ** 64n - 1n;
const limitOut = (value: number): bigint => value === Infinity ? UNLIMITED : BigInt(value);
const limitIn = (value: bigint): number => value >= 2n ** 53n ? Infinity : Number(value);
export const prlimit64: Handler = (k, { process }, pid, resource, newAt, oldAt) => {
  const other = pid === 0 ? process : k.processes.get(pid), { aspace } = process;
  if (!other) return -ERRNO.ESRCH;
  const limit = other.limits[resource];
  if (resource < 0 || !limit) return -ERRNO.EINVAL;
  const bytes = newAt === 0 ? undefined : copyIn(aspace, newAt, 16);
  if (newAt !== 0 && !bytes) return -ERRNO.EFAULT;
  if (oldAt !== 0 && !copyOut(aspace, oldAt, new Uint8Array(new BigUint64Array(limit.map(limitOut)).buffer))) return -ERRNO.EFAULT;
  if (!bytes) return 0;
  const [soft, hard] = [...new BigUint64Array(bytes.buffer)].map(limitIn);
  if (soft > hard) return -ERRNO.EINVAL;
  if (hard > limit[1]) return -ERRNO.EPERM;
  other.limits[resource] = [soft, hard];
  return 0;
};
export const getrlimit: Handler = (k, task, resource, address) => address === 0 ? -ERRNO.EFAULT : prlimit64(k, task, 0, resource, 0, address, 0, 0);
export const setrlimit: Handler = (k, task, resource, address) => address === 0 ? -ERRNO.EFAULT : prlimit64(k, task, 0, resource, address, 0, 0, 0);

const ARCH = { setGs: 0x1001, setFs: 0x1002, getFs: 0x1003, getGs: 0x1004 } as const;
export const arch_prctl: Handler = (k, task, code, address) => {
  const state = registersOf(k, task), name = code === ARCH.setGs || code === ARCH.getGs ? "gs" : "fs";
  if (code === ARCH.setGs || code === ARCH.setFs) {
    if (!canonicalUser(address)) return -ERRNO.EPERM;
    state.writeSegment(name, { ...state.readSegment(name), base: BigInt(address) });
    return 0;
  }
  if (code === ARCH.getFs || code === ARCH.getGs) return u64Out(task.process.aspace, address, state.readSegment(name).base) ? 0 : -ERRNO.EFAULT;
  return -ERRNO.EINVAL;
};

const PR = { setPdeathsig: 1, getPdeathsig: 2, getDumpable: 3, setDumpable: 4, getKeepcaps: 7, setName: 15, getName: 16, capbsetRead: 23, setTimerslack: 29, getTimerslack: 30, setChildSubreaper: 36,
  setNoNewPrivs: 38, getNoNewPrivs: 39, setVma: 0x53564d41 } as const;
const NAME_MOST = 15;
export const prctl: Handler = (_k, task, option, argument) => {
  const { aspace } = task.process;
  switch (option) {
    case PR.setName: {
      const name = stringIn(aspace, argument, 4096);
      if (name === undefined) return -ERRNO.EFAULT;
      task.name = (name ?? "").slice(0, NAME_MOST);
      return 0;
    }
    case PR.getName: {
      const out = new Uint8Array(NAME_MOST + 1);
      out.set(new TextEncoder().encode(task.name).subarray(0, NAME_MOST));
      return copyOut(aspace, argument, out) ? 0 : -ERRNO.EFAULT;
    }
    case PR.setPdeathsig: {
      if (argument < 0 || argument > 64) return -ERRNO.EINVAL;
      task.deathSignal = argument;
      return 0;
    }
    case PR.getPdeathsig: return u32Out(aspace, argument, task.deathSignal) ? 0 : -ERRNO.EFAULT;
    case PR.getDumpable: return 1;
    case PR.getTimerslack: return 50000;
    case PR.getNoNewPrivs:
    case PR.getKeepcaps:
    case PR.capbsetRead:
    case PR.setDumpable:
    case PR.setTimerslack:
    case PR.setChildSubreaper:
    case PR.setNoNewPrivs: return 0;
  }
  return -ERRNO.EINVAL;
};
export const personality: Handler = () => 0;

const MOST_RANDOM = 2 ** 20;
export const getrandom: Handler = (k, { process }, address, length, flags) => {
  if (flags & ~7 || (flags & 6) === 6) return -ERRNO.EINVAL;
  const bytes = new Uint8Array(Math.max(0, Math.min(length, MOST_RANDOM)));
  k.fillRandom(bytes);
  return copyOut(process.aspace, address, bytes) ? bytes.length : -ERRNO.EFAULT;
};
export const getcpu: Handler = (_k, task, cpuAt, nodeAt) =>
  (cpuAt === 0 || u32Out(task.process.aspace, cpuAt, task.core)) && (nodeAt === 0 || u32Out(task.process.aspace, nodeAt, 0)) ? 0 : -ERRNO.EFAULT;
export const membarrier: Handler = (k, { process }, command) => {
  if (command === 0) return 0x1ff;
  flushTranslations(k, process.aspace, 0, USER_END); // its cores have been outside of the program when this returns
  return 0;
};
export const sethostname: Handler = () => -ERRNO.EPERM;
export const notSupported: Handler = () => -ERRNO.EOPNOTSUPP;
export const nothing: Handler = () => 0;
