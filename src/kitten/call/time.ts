// Clocks, sleeping, timers.

import { ERRNO } from "../../abi/linux/errno.ts";
import { SI, SIG } from "../../abi/linux/signals.ts";
import { epochMs, type Kitten } from "../kitten.ts";
import type { Aspace } from "../memory/aspace.ts";
import { copyIn, copyOut, u32Out } from "../memory/user.ts";
import { block } from "../task/schedule.ts";
import { signalProcess, sendSignal } from "../task/signal.ts";
import type { Process, SignalInfo, Task, Timer } from "../task/task.ts";
import type { Handler } from "./call.ts";

const NS = 1e9;
const REALTIME = 0, MONOTONIC = 1, PROCESS_CPU = 2, THREAD_CPU = 3, MONOTONIC_RAW = 4, REALTIME_COARSE = 5, MONOTONIC_COARSE = 6, BOOTTIME = 7, REALTIME_ALARM = 8, BOOTTIME_ALARM = 9, TAI = 11;
const REAL = new Set([REALTIME, REALTIME_COARSE, REALTIME_ALARM, TAI]);
const MONOTONE = new Set([MONOTONIC, MONOTONIC_RAW, MONOTONIC_COARSE, BOOTTIME, BOOTTIME_ALARM]);

/** Nanoseconds of a timespec: seconds and nanoseconds apart, so that nothing is lost. */
export interface Time { seconds: number; ns: number }
export function timespecIn(aspace: Aspace, address: number): Time | "fault" | "invalid" {
  const bytes = copyIn(aspace, address, 16);
  if (!bytes) return "fault";
  const view = new DataView(bytes.buffer), seconds = Number(view.getBigInt64(0, true)), ns = Number(view.getBigInt64(8, true));
  return seconds < 0 || ns < 0 || ns >= NS ? "invalid" : { seconds, ns };
}
export const totalNs = ({ seconds, ns }: Time): number => seconds * NS + ns;
function timespecBytes(seconds: number, ns: number): Uint8Array {
  const out = new Uint8Array(16), view = new DataView(out.buffer);
  view.setBigInt64(0, BigInt(Math.floor(seconds)), true);
  view.setBigInt64(8, BigInt(Math.floor(ns)), true);
  return out;
}
export const durationBytes = (ns: number): Uint8Array => timespecBytes(Math.floor(ns / NS), ns % NS);

/** Guest time at which a time-out ends. */
export function deadlineOf(k: Kitten, time: Time, absolute: boolean, realtime: boolean): number {
  if (!absolute) return k.clock.nowNs() + totalNs(time);
  return realtime ? (time.seconds - Math.floor(k.startEpochMs / 1000)) * NS + time.ns - k.startEpochMs % 1000 * 1e6 : totalNs(time);
}

function readClock(k: Kitten, task: Task, clock: number): Time | undefined {
  if (REAL.has(clock)) {
    const fraction = k.clock.nowNs() + k.startEpochMs % 1000 * 1e6; // apart, as milliseconds since 1970 have no nanoseconds
    return { seconds: Math.floor(k.startEpochMs / 1000) + Math.floor(fraction / NS), ns: Math.floor(fraction % NS) };
  }
  let ns: number;
  if (MONOTONE.has(clock)) ns = k.clock.nowNs();
  else if (clock === THREAD_CPU) ns = usedByTask(k, task);
  else if (clock === PROCESS_CPU || clock < 0) ns = usedBy(k, task.process);
  else return undefined;
  return { seconds: Math.floor(ns / NS), ns: Math.floor(ns % NS) };
}
const usedByTask = (k: Kitten, task: Task): number => task.usedNs + (task.state === "running" && k.cores[task.core].current === task ? k.clock.nowNs() - k.cores[task.core].sinceNs : 0);
const usedBy = (k: Kitten, { tasks, usedNs }: Process): number => [...tasks].reduce((sum, task) => sum + usedByTask(k, task), usedNs);

export const clock_gettime: Handler = (k, task, clock, address) => {
  const time = readClock(k, task, clock);
  return !time ? -ERRNO.EINVAL : copyOut(task.process.aspace, address, timespecBytes(time.seconds, time.ns)) ? 0 : -ERRNO.EFAULT;
};
export const clock_getres: Handler = (_k, { process }, clock, address) => {
  if (!REAL.has(clock) && !MONOTONE.has(clock) && clock !== PROCESS_CPU && clock !== THREAD_CPU && clock >= 0) return -ERRNO.EINVAL;
  const coarse = clock === REALTIME_COARSE || clock === MONOTONIC_COARSE;
  return address === 0 || copyOut(process.aspace, address, timespecBytes(0, coarse ? 4_000_000 : 1)) ? 0 : -ERRNO.EFAULT;
};
export const gettimeofday: Handler = (k, task, address, zoneAt) => {
  const { seconds, ns } = readClock(k, task, REALTIME)!, { aspace } = task.process;
  if (address !== 0 && !copyOut(aspace, address, timespecBytes(seconds, ns / 1000))) return -ERRNO.EFAULT;
  return zoneAt === 0 || copyOut(aspace, zoneAt, new Uint8Array(8)) ? 0 : -ERRNO.EFAULT;
};
export const time: Handler = (k, { process }, address) => {
  const seconds = Math.floor(epochMs(k) / 1000);
  return address === 0 || copyOut(process.aspace, address, timespecBytes(seconds, 0).subarray(0, 8)) ? seconds : -ERRNO.EFAULT;
};
export const settime: Handler = () => -ERRNO.EPERM;
export const times: Handler = (k, { process }, address) => {
  const ticks = (ns: number) => BigInt(Math.floor(ns / 1e7)), out = new BigInt64Array([ticks(usedBy(k, process)), 0n, ticks(process.childrenNs), 0n]);
  return address === 0 || copyOut(process.aspace, address, new Uint8Array(out.buffer)) ? Math.floor(k.clock.nowNs() / 1e7) : -ERRNO.EFAULT;
};

const TIMER_ABSTIME = 1;
export const clock_nanosleep: Handler = (k, task, clock, flags, requestAt, remainAt) => {
  const { aspace } = task.process, request = timespecIn(aspace, requestAt);
  if (typeof request === "string") return request === "fault" ? -ERRNO.EFAULT : -ERRNO.EINVAL;
  if (!REAL.has(clock) && !MONOTONE.has(clock) && clock !== PROCESS_CPU) return -ERRNO.EINVAL;
  const absolute = (flags & TIMER_ABSTIME) !== 0, deadlineNs = deadlineOf(k, request, absolute, REAL.has(clock));
  if (deadlineNs <= k.clock.nowNs()) return 0;
  return block(k, task, { deadlineNs, timedOut: 0, interrupted: -ERRNO.EINTR, cleanup: () => {
    const left = deadlineNs - k.clock.nowNs();
    if (!absolute && remainAt !== 0 && left > 0) copyOut(aspace, remainAt, durationBytes(left));
  } });
};
export const nanosleep: Handler = (k, task, requestAt, remainAt) => clock_nanosleep(k, task, MONOTONIC, 0, requestAt, remainAt, 0, 0);
export const pause: Handler = (k, task) => block(k, task, {});

const timersOf = (process: Process): Map<number, Timer> => process.timers;

/** Arms or disarms. @param atNs guest time, 0: off */
function arm(k: Kitten, process: Process, timer: Timer, atNs: number, intervalNs: number): void {
  timer.cancel();
  Object.assign(timer, { atNs, intervalNs, overrun: 0, cancel: () => {} });
  if (atNs === 0) return;
  const set = () => {
    const deadline = k.deadlines.set(timer.atNs, ring);
    timer.cancel = () => k.deadlines.cancel(deadline);
  };
  const ring = () => {
    if (process.status !== undefined || process.timers.get(timer.id) !== timer) return;
    const late = timer.intervalNs > 0 ? Math.floor((k.clock.nowNs() - timer.atNs) / timer.intervalNs) : 0;
    timer.overrun = Math.max(0, late);
    const info: SignalInfo = { signal: timer.signal, code: timer.id < 0 ? SI.kernel : SI.timer, value: timer.value, timer: Math.max(0, timer.id), overrun: timer.overrun };
    if (timer.intervalNs > 0) {
      timer.atNs += (1 + Math.max(0, late)) * timer.intervalNs;
      set();
    } else timer.atNs = 0;
    const task = timer.tid ? k.tasks.get(timer.tid) : undefined;
    if (timer.notify === 1) return; // SIGEV_NONE
    if (task) sendSignal(k, task, info);
    else signalProcess(k, process, info);
  };
  set();
}
const intervalBytes = (k: Kitten, timer: Timer | undefined, unit: number): Uint8Array => {
  const values = [timer?.intervalNs ?? 0, timer?.atNs ? Math.max(unit, timer.atNs - k.clock.nowNs()) : 0];
  return new Uint8Array(new BigInt64Array(values.flatMap((ns) => [BigInt(Math.floor(ns / NS)), BigInt(Math.floor(ns % NS / unit))])).buffer);
};

const ITIMER_SIGNALS = [SIG.alrm, SIG.vtalrm, SIG.prof] as const;
const itimer = (which: number): Timer => ({ id: -1 - which, clock: MONOTONIC, notify: 0, signal: ITIMER_SIGNALS[which], value: 0n, tid: 0, intervalNs: 0, atNs: 0, overrun: 0, cancel: () => {} });
export const getitimer: Handler = (k, { process }, which, address) => {
  if (which < 0 || which > 2) return -ERRNO.EINVAL;
  return copyOut(process.aspace, address, intervalBytes(k, timersOf(process).get(-1 - which), 1000)) ? 0 : -ERRNO.EFAULT;
};
/** Virtual and profiling timers run in real time too: a process that computes notices little of it. */
export const setitimer: Handler = (k, { process }, which, newAt, oldAt) => {
  if (which < 0 || which > 2) return -ERRNO.EINVAL;
  const { aspace } = process, bytes = newAt === 0 ? new Uint8Array(32) : copyIn(aspace, newAt, 32);
  if (!bytes) return -ERRNO.EFAULT;
  const words = new BigInt64Array(bytes.buffer), [intervalS, intervalUs, valueS, valueUs] = [...words].map(Number);
  if (words.some((word) => word < 0n) || intervalUs >= 1e6 || valueUs >= 1e6) return -ERRNO.EINVAL;
  const timer = timersOf(process).get(-1 - which) ?? itimer(which);
  if (oldAt !== 0 && !copyOut(aspace, oldAt, intervalBytes(k, timer, 1000))) return -ERRNO.EFAULT;
  timersOf(process).set(timer.id, timer);
  const valueNs = valueS * NS + valueUs * 1000;
  arm(k, process, timer, valueNs === 0 ? 0 : k.clock.nowNs() + valueNs, intervalS * NS + intervalUs * 1000);
  return 0;
};
export const alarm: Handler = (k, { process }, seconds) => {
  const timer = timersOf(process).get(-1) ?? itimer(0), left = timer.atNs ? Math.max(1, Math.ceil((timer.atNs - k.clock.nowNs()) / NS)) : 0;
  timersOf(process).set(-1, timer);
  arm(k, process, timer, seconds === 0 ? 0 : k.clock.nowNs() + seconds * NS, 0);
  return left;
};

const MOST_TIMERS = 1024;
export const timer_create: Handler = (k, { process }, clock, eventAt, idAt) => {
  const { aspace } = process, timers = timersOf(process);
  if (!REAL.has(clock) && !MONOTONE.has(clock) && clock !== PROCESS_CPU && clock !== THREAD_CPU) return -ERRNO.EINVAL;
  let id = 0;
  while (timers.has(id)) id++;
  if (id >= MOST_TIMERS) return -ERRNO.EAGAIN;
  const timer: Timer = { id, clock, notify: 0, signal: SIG.alrm, value: BigInt(id), tid: 0, intervalNs: 0, atNs: 0, overrun: 0, cancel: () => {} };
  if (eventAt !== 0) {
    const bytes = copyIn(aspace, eventAt, 64);
    if (!bytes) return -ERRNO.EFAULT;
    const view = new DataView(bytes.buffer);
    timer.value = view.getBigInt64(0, true);
    timer.signal = view.getInt32(8, true);
    timer.notify = view.getInt32(12, true);
    if (timer.notify === 4) timer.tid = view.getInt32(16, true); // SIGEV_THREAD_ID
    if (![0, 1, 4].includes(timer.notify) || (timer.notify !== 1 && (timer.signal < 1 || timer.signal > 64))) return -ERRNO.EINVAL;
    if (timer.tid && k.tasks.get(timer.tid)?.process !== process) return -ERRNO.EINVAL;
  }
  if (!u32Out(aspace, idAt, id)) return -ERRNO.EFAULT;
  timers.set(id, timer);
  return 0;
};
export const timer_settime: Handler = (k, { process }, id, flags, newAt, oldAt) => {
  const timer = id < 0 ? undefined : timersOf(process).get(id), { aspace } = process;
  if (!timer) return -ERRNO.EINVAL;
  const interval = timespecIn(aspace, newAt), value = timespecIn(aspace, newAt + 16);
  if (interval === "fault" || value === "fault") return -ERRNO.EFAULT;
  if (interval === "invalid" || value === "invalid") return -ERRNO.EINVAL;
  if (oldAt !== 0 && !copyOut(aspace, oldAt, intervalBytes(k, timer, 1))) return -ERRNO.EFAULT;
  arm(k, process, timer, totalNs(value) === 0 ? 0 : deadlineOf(k, value, (flags & TIMER_ABSTIME) !== 0, REAL.has(timer.clock)), totalNs(interval));
  return 0;
};
export const timer_gettime: Handler = (k, { process }, id, address) => {
  const timer = id < 0 ? undefined : timersOf(process).get(id);
  return !timer ? -ERRNO.EINVAL : copyOut(process.aspace, address, intervalBytes(k, timer, 1)) ? 0 : -ERRNO.EFAULT;
};
export const timer_getoverrun: Handler = (_k, { process }, id) => (id < 0 ? undefined : timersOf(process).get(id))?.overrun ?? -ERRNO.EINVAL;
export const timer_delete: Handler = (_k, { process }, id) => {
  const timer = id < 0 ? undefined : timersOf(process).get(id);
  if (!timer) return -ERRNO.EINVAL;
  timer.cancel();
  timersOf(process).delete(id);
  return 0;
};
