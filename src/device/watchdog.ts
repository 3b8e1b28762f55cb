// A watchdog timer: asserts a line when the guest has not fed it for as long as it said. The example of docs/how-to/add-a-device.md.

import type { Clock } from "../base/timers.ts";
import type { Device } from "./device.ts";
import type { IrqLine } from "./interrupt/irq.ts";

/** Byte offsets of its 32-bit registers: guest-milliseconds until it bites (0 is off); any write feeds it; 1 when it has bitten. */
export const WATCHDOG = { load: 0x0, feed: 0x4, expired: 0x8, bytes: 0xc } as const;

export function createWatchdog(id: string, clock: Clock, bite: IrqLine): Device {
  const state = { loadMs: 0, deadlineMs: 0 }; // 0 means off
  const expired = () => state.deadlineMs !== 0 && clock.nowMs() >= state.deadlineMs;
  const update = () => { // also called after a restore
    bite.set(expired());
    alarm.set(expired() ? 0 : state.deadlineMs * 1e6);
  };
  const alarm = clock.alarm(update);
  const read = (offset: number) => (offset === WATCHDOG.load ? state.loadMs : offset === WATCHDOG.expired ? Number(expired()) : 0);
  const write = (offset: number, value: number) => {
    if (offset === WATCHDOG.load) state.loadMs = value;
    if (offset === WATCHDOG.feed) state.deadlineMs = state.loadMs && clock.nowMs() + state.loadMs;
    update();
  };
  return { id, accessBytes: 4, state, update, read, write };
}
