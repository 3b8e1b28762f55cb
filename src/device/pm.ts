// ACPI fixed hardware: PM1a event and control registers and the power management timer.
// Source: ACPI, ACPI Hardware Specification, "PM1 Event Grouping", "PM1 Control Grouping", "Power Management Timer".
// The machine is in ACPI mode always, so SCI_EN reads as one. Registers are bytes here, so a driver may use any width.

import type { Device } from "./device.ts";
import type { IrqLine } from "./interrupt/irq.ts";
import type { Clock } from "../base/timers.ts";
import { PM_TIMER_HZ, SLEEP_TYPE_OFF } from "../abi/pc.ts";

/** Offsets; the status register is at 0. */
const ENABLE = 2, CONTROL = 4;
const TIMER_STATUS = 1 << 0, POWER_BUTTON_STATUS = 1 << 8;
/** Bits that a guest may set in the enable register: timer, global lock, power and sleep button, RTC. */
const ENABLE_BITS = 0x0721, STATUS_BITS = 0x8731;
const SCI_ENABLED = 1, SLEEP_ENABLE = 1 << 13;
/** TMR_STS is set whenever the top bit of the counter, of 32 as the FADT says, changes. */
const OVERFLOW_TICKS = 2 ** 31;

export interface PowerManagement extends Device {
  /** The power button, as a press that software may answer. */
  pressPowerButton(): void;
}

/** @param sci the system control interrupt, a level
 * @param onPowerOff the guest entered S5 */
export function createPowerManagement(clock: Clock, sci: IrqLine, onPowerOff: () => void): PowerManagement {
  const state = { status: 0, enable: 0, control: 0, overflows: 0 };
  const overflows = () => Math.floor((clock.nowNs() * PM_TIMER_HZ) / 1e9 / OVERFLOW_TICKS);
  /** Brings TMR_STS up to date. */
  const refresh = () => {
    const now = overflows();
    if (now !== state.overflows) state.status |= TIMER_STATUS;
    state.overflows = now;
  };
  const update = () => {
    refresh();
    sci.set((state.status & state.enable) !== 0);
    const wanted = (state.enable & TIMER_STATUS) !== 0 && (state.status & TIMER_STATUS) === 0;
    alarm.set(wanted ? Math.ceil(((state.overflows + 1) * OVERFLOW_TICKS * 1e9) / PM_TIMER_HZ) + 1 : 0);
  };
  const alarm = clock.alarm(update);

  const read = (offset: number) => {
    refresh();
    const register = offset < ENABLE ? state.status : offset < CONTROL ? state.enable : offset < CONTROL + 2 ? state.control | SCI_ENABLED : 0;
    return (register >> (8 * (offset & 1))) & 0xff;
  };
  const write = (offset: number, value: number) => {
    refresh();
    const shift = 8 * (offset & 1), mask = 0xff << shift, placed = value << shift;
    if (offset < ENABLE) state.status &= ~(placed & STATUS_BITS); // writing one clears
    else if (offset < CONTROL) state.enable = ((state.enable & ~mask) | placed) & ENABLE_BITS;
    else if (offset < CONTROL + 2) {
      state.control = ((state.control & ~mask) | placed) & 0x1c02; // SLP_EN is write-only
      if (placed & SLEEP_ENABLE && (state.control >> 10 & 7) === SLEEP_TYPE_OFF) onPowerOff();
    }
    update();
  };
  const pressPowerButton = () => {
    state.status |= POWER_BUTTON_STATUS;
    update();
  };
  return { id: "pm", accessBytes: 1, state, update, read, write, pressPowerButton };
}

/** The timer, apart because it is read whole: 32 bits that count at 3.579545 MHz from power-on. */
export function createPmTimer(clock: Clock): Device {
  const read = () => Math.floor((clock.nowNs() * PM_TIMER_HZ) / 1e9) % 2 ** 32;
  return { id: "pm-timer", accessBytes: 4, state: {}, update() {}, read, write() {} };
}
