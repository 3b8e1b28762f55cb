// The CMOS clock: a Motorola MC146818 and its battery-backed bytes. Time is where the guest's clock began plus guest time.
// Source: MC146818A datasheet; the meaning of the bytes above 0x0d is IBM's and the firmware makers'.
// Flags are found out when somebody looks: an alarm of ours rings only for those whose interrupt is enabled.

import { readField, writeField, nextAlarmMs, FIELD, type CalendarFormat } from "./rtc-calendar.ts";
import type { Clock } from "../../base/timers.ts";
import type { Device } from "../device.ts";
import type { IrqLine } from "../interrupt/irq.ts";

export interface RtcOptions {
  /** Unix time at power-on. */
  startEpochMs: number;
  memoryBytes: number;
}

const A = 0x0a, B = 0x0b, C = 0x0c, D = 0x0d, CENTURY = 0x32;
const SET = 0x80, BINARY = 0x04, HOURS_24 = 0x02;
/** Bits of registers B (enables) and C (flags). */
const PERIODIC = 0x40, ALARM = 0x20, UPDATE = 0x10, ANY = 0x80;
/** UIP is set this long before the second changes: 244 µs of warning and the update itself. */
const UPDATE_MS = 0.244 + 1.984;
const VALID = 0x80;

/** Sizes of memory where firmware tells them to old operating systems. */
function firmwareBytes(memoryBytes: number): [index: number, value: number][] {
  const KIB = 1024, MIB = KIB * KIB;
  const word = (index: number, value: number): [number, number][] => [[index, value & 0xff], [index + 1, (value >> 8) & 0xff]];
  const clamp = (value: number) => Math.min(Math.max(0, Math.floor(value)), 0xffff);
  const extendedKib = clamp((memoryBytes - MIB) / KIB);
  return [
    [0x14, 0x02], // equipment: a coprocessor, no floppy
    ...word(0x15, 640), ...word(0x17, extendedKib), ...word(0x30, extendedKib), ...word(0x34, clamp((memoryBytes - 16 * MIB) / (64 * KIB))),
  ];
}

/** @param interrupt IRQ 8, released by reading register C */
export function createRtc(clock: Clock, interrupt: IrqLine, { startEpochMs, memoryBytes }: RtcOptions): Device {
  const state = {
    index: 0, a: 0x26, b: HOURS_24 as number, flags: 0,
    /** What the calendar shows is guest time plus this; while SET stops it, `stoppedMs` is what it shows. */
    offsetMs: startEpochMs, stoppedMs: 0,
    /** Guest time up to which flags have been found out. */
    lookedMs: 0,
    nvram: Array.from({ length: 128 }, () => 0),
  };
  for (const [index, value] of firmwareBytes(memoryBytes)) state.nvram[index] = value;

  const isStopped = () => (state.b & SET) !== 0 || (state.a & 0x70) >= 0x60; // SET, or the divider held in reset
  const format = (): CalendarFormat => ({ binary: (state.b & BINARY) !== 0, hours24: (state.b & HOURS_24) !== 0 });
  const calendarMs = () => ((state.b & SET) !== 0 ? state.stoppedMs : state.offsetMs + clock.nowMs());
  /** Period of the square wave in ms, 0 when off (MC146818A, Periodic Interrupt Rate). */
  const periodMs = () => {
    const rate = state.a & 15;
    return rate === 0 ? 0 : (1000 * 2 ** ((rate < 3 ? rate + 7 : rate) - 1)) / 32768;
  };
  const alarmMs = (afterMs: number) =>
    nextAlarmMs(afterMs, [state.nvram[FIELD.secondsAlarm], state.nvram[FIELD.minutesAlarm], state.nvram[FIELD.hoursAlarm]], format());

  /** Finds out which flags have been set since last looked. */
  const refresh = () => {
    const now = clock.nowMs(), before = state.lookedMs;
    state.lookedMs = now;
    const period = periodMs();
    if (period && Math.floor(now / period) > Math.floor(before / period)) state.flags |= PERIODIC;
    if (isStopped()) return;
    const shownBefore = before + state.offsetMs, shown = now + state.offsetMs;
    if (Math.floor(shown / 1000) > Math.floor(shownBefore / 1000)) state.flags |= UPDATE;
    if (alarmMs(shownBefore) <= shown) state.flags |= ALARM;
  };
  const update = () => {
    refresh();
    interrupt.set((state.flags & state.b & (PERIODIC | ALARM | UPDATE)) !== 0);
    const now = state.lookedMs, period = periodMs(); // nothing that comes after it is skipped
    const wanted = state.b & ~state.flags;
    let next = Infinity;
    if (wanted & PERIODIC && period) next = (Math.floor(now / period) + 1) * period;
    if (!isStopped()) {
      const shown = now + state.offsetMs;
      if (wanted & UPDATE) next = Math.min(next, (Math.floor(shown / 1000) + 1) * 1000 - state.offsetMs);
      if (wanted & ALARM) next = Math.min(next, alarmMs(shown) - state.offsetMs);
    }
    alarm.set(next === Infinity ? 0 : Math.ceil(next * 1e6) + 1);
  };
  const alarm = clock.alarm(update);

  const isTime = (index: number) => index === CENTURY || index <= FIELD.year && index !== FIELD.secondsAlarm && index !== FIELD.minutesAlarm && index !== FIELD.hoursAlarm;
  const isUpdating = () => {
    if (isStopped()) return false;
    const intoSecond = (((state.offsetMs + clock.nowMs()) % 1000) + 1000) % 1000;
    return intoSecond >= 1000 - UPDATE_MS;
  };
  const readRegister = (index: number) => {
    if (isTime(index)) return readField(calendarMs(), index, format());
    switch (index) {
      case A: return state.a | (isUpdating() ? 0x80 : 0);
      case B: return state.b;
      case C: {
        refresh();
        const flags = state.flags;
        const raised = (flags & state.b & (PERIODIC | ALARM | UPDATE)) !== 0;
        state.flags = 0;
        update();
        return flags | (raised ? ANY : 0);
      }
      case D: return VALID;
      default: return state.nvram[index];
    }
  };
  const writeRegister = (index: number, value: number) => {
    refresh();
    if (isTime(index)) {
      const shown = writeField(calendarMs(), index, value, format());
      if (state.b & SET) state.stoppedMs = shown;
      else state.offsetMs = shown - clock.nowMs();
    } else if (index === A) state.a = value & 0x7f;
    else if (index === B) {
      if (value & ~state.b & SET) {
        state.stoppedMs = calendarMs();
        value &= ~UPDATE; // SET clears UIE
      }
      if (state.b & ~value & SET) state.offsetMs = state.stoppedMs - clock.nowMs();
      state.b = value;
    } else if (index !== C && index !== D) state.nvram[index] = value;
    update();
  };
  const read = (offset: number) => (offset === 0 ? 0xff : readRegister(state.index)); // the index is for writing
  const write = (offset: number, value: number) => {
    if (offset === 0) state.index = value & 0x7f; // bit 7 masks NMI
    else writeRegister(state.index, value);
  };
  /** RESET clears the enables and flags; the battery keeps the rest. */
  const reset = () => {
    state.b &= ~(PERIODIC | ALARM | UPDATE | 0x08);
    state.flags = 0;
    update();
  };
  return { id: "rtc", accessBytes: 1, state, update, read, write, reset };
}
