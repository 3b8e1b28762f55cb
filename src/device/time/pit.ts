// The 8254 interval timer: three counters of 16 bits, driven by 1.193 MHz. Counter 0 is the timer interrupt, counter 2 the speaker's tone.
// Nothing counts here: a counter remembers when it started, and what it holds is computed when somebody looks.
// Source: Intel 8254 datasheet, "Operational Description", "Mode Definitions". Simplified: a count is loaded at once, not at the next CLK.

import type { Device } from "../device.ts";
import type { IrqLine } from "../interrupt/irq.ts";
import type { Clock } from "../../base/timers.ts";
import { PIT_HZ } from "../../abi/pc.ts";

export interface Pit extends Device {
  /** GATE of counter 2, which software drives (port 0x61). The others are tied high. */
  setGate(level: boolean): void;
  /** OUT of counter 2. */
  output(): boolean;
}

interface Counter {
  mode: number;
  /** 1 low byte, 2 high byte, 3 low then high. */
  access: number;
  bcd: boolean;
  /** Count to start from, 0 meaning the maximum; and one written while counting that waits for the period's end, or -1. */
  reload: number; nextReload: number;
  /** Whether it has been loaded and, where the mode wants it, triggered. */
  started: boolean;
  startNs: number;
  gate: boolean;
  /** Ticks counted when the gate stopped it, -1 while it counts. */
  heldTicks: number;
  /** Low byte of a count being written in two parts, else -1. */
  writtenLow: number;
  /** Whether the next read gives the high byte. */
  readsHigh: boolean;
  /** Latched count and status, -1 when not latched. */
  latchedCount: number; latchedStatus: number;
  /** A new count is written and not yet in effect (status bit 6). */
  nullCount: boolean;
}

const powerOn = (): Counter => ({
  mode: 2, access: 3, bcd: false, reload: 0, nextReload: -1, started: false, startNs: 0, gate: true, heldTicks: -1, writtenLow: -1,
  readsHigh: false, latchedCount: -1, latchedStatus: -1, nullCount: true,
});
const CONTROL = 3;
const NS_PER_TICK = 1e9 / PIT_HZ;
/** The shortest time between two interrupts that we honour: a guest cannot ask us to do nothing else. */
const MIN_PERIOD_NS = 50_000;

const toBcd = (value: number) => (Math.floor(value / 1000) % 10) << 12 | (Math.floor(value / 100) % 10) << 8 | (Math.floor(value / 10) % 10) << 4 | value % 10;
const fromBcd = (value: number) => (value >> 12) * 1000 + ((value >> 8) & 15) * 100 + ((value >> 4) & 15) * 10 + (value & 15);

const range = (counter: Counter) => (counter.bcd ? 10_000 : 0x10000);
const period = (counter: Counter) => counter.reload || range(counter);
const isPeriodic = (counter: Counter) => counter.mode === 2 || counter.mode === 3;
const isTriggered = (counter: Counter) => counter.mode === 1 || counter.mode === 5;

/** @param interrupt OUT of counter 0 */
export function createPit(clock: Clock, interrupt: IrqLine): Pit {
  const state = {
    counters: [powerOn(), powerOn(), { ...powerOn(), gate: false }],
    /** When OUT of counter 0 rises next; 0 never. And whether the interrupt line is high. */
    riseNs: 0, line: true,
  };
  const ticks = (counter: Counter) =>
    counter.heldTicks >= 0 ? counter.heldTicks : Math.floor((clock.nowNs() - counter.startNs) / NS_PER_TICK);

  /** Lets a count that waited for the end of a period take effect. */
  const settle = (counter: Counter) => {
    if (counter.nextReload < 0) return;
    const done = ticks(counter);
    if (done < period(counter)) return;
    counter.startNs += period(counter) * NS_PER_TICK;
    counter.reload = counter.nextReload;
    counter.nextReload = -1;
    counter.nullCount = false;
  };
  const output = (counter: Counter) => {
    settle(counter);
    if (!counter.started) return counter.mode !== 0;
    const done = ticks(counter), full = period(counter);
    switch (counter.mode) {
      case 0: case 1: return done >= full;
      case 2: return counter.heldTicks >= 0 || done % full !== full - 1;
      case 3: return counter.heldTicks >= 0 || done % full < Math.ceil(full / 2);
      default: return done !== full; // 4, 5: low for one tick
    }
  };
  const count = (counter: Counter) => {
    settle(counter);
    const done = counter.started ? ticks(counter) : 0, full = period(counter);
    let value: number;
    if (counter.mode === 2) value = full - done % full;
    else if (counter.mode === 3) { // counts down by two, once per half
      const phase = done % full, half = Math.ceil(full / 2);
      value = (full & ~1) - 2 * (phase < half ? phase : phase - half);
    } else value = full - done % range(counter); // goes on below zero
    value = ((value % range(counter)) + range(counter)) % range(counter);
    return counter.bcd ? toBcd(value) : value;
  };
  const status = (counter: Counter) =>
    (output(counter) ? 0x80 : 0) | (counter.nullCount ? 0x40 : 0) | counter.access << 4 | counter.mode << 1 | Number(counter.bcd);

  const start = (counter: Counter) => {
    counter.started = true;
    counter.startNs = clock.nowNs();
    counter.nullCount = false;
    counter.heldTicks = counter.gate || isTriggered(counter) ? -1 : 0;
  };
  /** After counter 0 was stopped or started: its level, and when it rises. Time may have passed since the start, any length of it if the host
   * was busy: the first rise is never taken for past. */
  const schedule = () => {
    const counter = state.counters[0];
    state.line = counter.mode !== 0;
    state.riseNs = counter.started && !isTriggered(counter) ? counter.startNs + period(counter) * NS_PER_TICK : 0;
    update();
  };
  const update = () => {
    interrupt.set(state.line);
    alarm.set(state.riseNs && Math.ceil(state.riseNs));
  };
  const alarm = clock.alarm(() => {
    const counter = state.counters[0];
    const now = clock.nowNs();
    if (state.riseNs === 0 || now < state.riseNs) return update();
    // in the periodic modes OUT falls shortly before it rises, which only the edge detector on the line can see
    interrupt.set(false);
    state.line = true;
    settle(counter);
    if (isPeriodic(counter)) {
      const step = period(counter) * NS_PER_TICK;
      const missed = Math.floor((now - counter.startNs) / step);
      state.riseNs = Math.max(counter.startNs + (missed + 1) * step, now + MIN_PERIOD_NS);
    } else state.riseNs = 0;
    update();
  });

  const load = (index: number, raw: number) => {
    const counter = state.counters[index];
    const value = counter.bcd ? fromBcd(raw) : raw;
    counter.nullCount = true;
    if (isPeriodic(counter) && counter.started && counter.heldTicks < 0) {
      settle(counter);
      counter.startNs += Math.floor(ticks(counter) / period(counter)) * period(counter) * NS_PER_TICK; // the period that it waits for the end of
      counter.nextReload = value;
      return;
    }
    counter.reload = value;
    if (isTriggered(counter)) return;
    start(counter);
    if (index === 0) schedule();
  };
  const writeCount = (index: number, value: number) => {
    const counter = state.counters[index];
    if (counter.access === 1) return load(index, value);
    if (counter.access === 2) return load(index, value << 8);
    if (counter.writtenLow >= 0) {
      const low = counter.writtenLow;
      counter.writtenLow = -1;
      return load(index, value << 8 | low);
    }
    counter.writtenLow = value;
    if (counter.mode === 0) { // the first byte stops it
      counter.started = false;
      if (index === 0) schedule();
    }
  };
  const latchCount = (counter: Counter) => { if (counter.latchedCount < 0) counter.latchedCount = count(counter); };
  const writeControl = (value: number) => {
    const select = value >> 6;
    if (select === 3) { // read-back: latches count and status of any counters
      state.counters.forEach((counter, index) => {
        if (!(value & (2 << index))) return;
        if (!(value & 0x20)) latchCount(counter);
        if (!(value & 0x10) && counter.latchedStatus < 0) counter.latchedStatus = status(counter);
      });
      return;
    }
    const counter = state.counters[select];
    const access = (value >> 4) & 3;
    if (access === 0) return latchCount(counter);
    const mode = (value >> 1) & 7;
    Object.assign(counter, powerOn(), { gate: counter.gate, access, mode: mode > 5 ? mode & 3 : mode, bcd: (value & 1) !== 0 });
    if (select === 0) schedule();
  };
  const readCount = (counter: Counter) => {
    if (counter.latchedStatus >= 0) {
      const value = counter.latchedStatus;
      counter.latchedStatus = -1;
      return value;
    }
    const value = counter.latchedCount >= 0 ? counter.latchedCount : count(counter);
    const high = counter.access === 2 || (counter.access === 3 && counter.readsHigh);
    if (counter.access === 3) counter.readsHigh = !counter.readsHigh;
    if (high || counter.access === 1) counter.latchedCount = -1; // all of it has been read
    return high ? value >> 8 : value & 0xff;
  };

  const setGate = (level: boolean) => {
    const counter = state.counters[2];
    if (level === counter.gate) return;
    if (!level) {
      settle(counter);
      if (!isTriggered(counter) && counter.started) counter.heldTicks = ticks(counter);
      counter.gate = false;
      return;
    }
    counter.gate = true;
    if (isTriggered(counter)) start(counter);
    else if (!counter.started) return;
    else if (isPeriodic(counter)) { // starts a new period
      if (counter.nextReload >= 0) counter.reload = counter.nextReload;
      counter.nextReload = -1;
      start(counter);
    } else {
      counter.startNs = clock.nowNs() - counter.heldTicks * NS_PER_TICK;
      counter.heldTicks = -1;
    }
  };
  const read = (offset: number) => (offset === CONTROL ? 0 : readCount(state.counters[offset]));
  const write = (offset: number, value: number) => (offset === CONTROL ? writeControl(value) : writeCount(offset, value));
  return { id: "pit", accessBytes: 1, state, update, read, write, setGate, output: () => output(state.counters[2]) };
}
