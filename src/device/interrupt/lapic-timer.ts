// The timer of a local APIC: one-shot, periodic and TSC-deadline. Nothing counts: what it holds is computed when somebody looks.
// Source: SDM 3A, "APIC Timer", "TSC-Deadline Mode".

import type { Clock } from "../../base/timers.ts";
import { LVT_MASKED, TIMER_MODE } from "../../abi/apic.ts";
import { LAPIC_TIMER_HZ } from "../../abi/pc.ts";

export const timerPowerOn = () => ({
  initialCount: 0, divide: 0, startNs: 0,
  /** When it rings; 0 never. */
  deadlineNs: 0,
  /** IA32_TSC_DEADLINE, in halves: it need not fit a number. */
  tscLow: 0, tscHigh: 0,
});
type TimerState = ReturnType<typeof timerPowerOn>;

const NS_PER_TICK = 1e9 / LAPIC_TIMER_HZ;
/** The shortest period that we honour: a guest cannot ask us to do nothing else. */
const MIN_PERIOD_NS = 50_000;

/** @param holder the LAPIC's state: its `timer` is replaced as a whole by reset and restore
 * @param entry the LVT entry
 * @param ring delivers the interrupt, which the LAPIC drops when the entry is masked */
export function createLapicTimer(wires: { clock: Clock; tscHz: number; tscOffset(): number }, holder: { timer: TimerState }, entry: () => number, ring: () => void) {
  const { clock, tscHz } = wires;
  const modeOf = (value: number) => (value >> 17) & 3;
  const mode = () => modeOf(entry());
  /** SDM 3A, Divide Configuration Register: bits 3, 1 and 0 are log2 of the divisor less one, 7 meaning one. */
  const tickNs = () => {
    const { divide } = holder.timer;
    const code = ((divide >> 1) & 4) | (divide & 3);
    return NS_PER_TICK * 2 ** ((code + 1) & 7);
  };
  const currentCount = () => {
    const { initialCount, startNs } = holder.timer;
    if (initialCount === 0 || mode() === TIMER_MODE.tscDeadline) return 0;
    const passed = Math.floor((clock.nowNs() - startNs) / tickNs());
    if (mode() === TIMER_MODE.periodic) return initialCount - (passed % initialCount);
    return Math.max(0, initialCount - passed);
  };
  const update = () => alarm.set(holder.timer.deadlineNs && Math.ceil(holder.timer.deadlineNs));
  const disarm = () => {
    Object.assign(holder.timer, { initialCount: 0, deadlineNs: 0, tscLow: 0, tscHigh: 0 });
    update();
  };
  const alarm = clock.alarm(() => {
    const timer = holder.timer, now = clock.nowNs();
    if (timer.deadlineNs !== 0 && now >= timer.deadlineNs) {
      timer.deadlineNs = 0;
      if (mode() === TIMER_MODE.periodic) {
        const periodNs = timer.initialCount * tickNs();
        const missed = Math.floor((now - timer.startNs) / periodNs); // their interrupts merge, as they would in IRR
        timer.deadlineNs = Math.max(timer.startNs + (missed + 1) * periodNs, now + MIN_PERIOD_NS);
      } else timer.tscLow = timer.tscHigh = 0;
      if (!(entry() & LVT_MASKED)) ring();
    }
    update();
  });
  const arm = () => {
    const timer = holder.timer;
    timer.deadlineNs = timer.initialCount === 0 ? 0 : timer.startNs + timer.initialCount * tickNs();
    update();
  };
  const start = (initialCount: number) => {
    if (mode() === TIMER_MODE.tscDeadline) return;
    Object.assign(holder.timer, { initialCount: initialCount >>> 0, startNs: clock.nowNs() });
    arm();
  };
  /** The count goes on from where it is, at the new speed. */
  const setDivide = (divide: number) => {
    const timer = holder.timer;
    const left = currentCount();
    const rings = timer.deadlineNs !== 0;
    timer.divide = divide;
    if (!rings || mode() === TIMER_MODE.tscDeadline) return;
    timer.startNs = clock.nowNs() - (timer.initialCount - left) * tickNs();
    arm();
  };
  /** After the LVT entry has been written. */
  const modeChanged = (before: number) => {
    if ((modeOf(before) === TIMER_MODE.tscDeadline) !== (mode() === TIMER_MODE.tscDeadline)) disarm();
  };
  const readDeadline = () => (BigInt(holder.timer.tscHigh) << 32n) | BigInt(holder.timer.tscLow);
  const writeDeadline = (value: bigint) => {
    if (mode() !== TIMER_MODE.tscDeadline) return;
    const timer = holder.timer;
    timer.tscLow = Number(value & 0xffff_ffffn);
    timer.tscHigh = Number(value >> 32n);
    // the first nanosecond at which the guest's TSC has reached it; one that is past already rings at once
    timer.deadlineNs = value === 0n ? 0 : Math.max(1, Math.ceil(((Number(value) - wires.tscOffset()) * 1e9) / tscHz));
    update();
  };
  return { currentCount, update, start, setDivide, modeChanged, readDeadline, writeDeadline };
}
