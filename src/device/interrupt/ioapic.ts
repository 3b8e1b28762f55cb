// The I/O APIC: 24 pins, each with an entry that says to whom its interrupt goes.
// Source: Intel 82093AA datasheet; the EOI register is of version 0x20 (Intel ICH9 datasheet, "EOIR").
// Lines are logical here (asserted or not), so the polarity bit is kept and means nothing.

import type { Device } from "../device.ts";
import type { InterruptMessage } from "./ipi.ts";
import type { IrqLine } from "./irq.ts";
import { BROADCAST, DELIVERY } from "../../abi/apic.ts";
import { IOAPIC_PINS } from "../../abi/pc.ts";

export interface Ioapic extends Device {
  pin(index: number): IrqLine;
  /** A LAPIC ended a level-triggered interrupt. */
  endOfInterrupt(vector: number): void;
  /** The pin with this vector as text, "" when there is none. */
  sourceOf(vector: number): string;
}

const SELECT = 0x00, WINDOW = 0x10, EOI = 0x40;
const VERSION = 0x20 | (IOAPIC_PINS - 1) << 16;
const REMOTE_IRR = 1 << 14, LEVEL = 1 << 15, MASKED = 1 << 16;
/** Delivery status (bit 12) and remote IRR are read-only. */
const WRITABLE = 0x1afff;

/** @param send delivers to the LAPICs; tells whether one accepted */
export function createIoapic(send: (message: InterruptMessage) => boolean): Ioapic {
  const state = {
    select: 0, id: 0,
    /** Levels of the pins, one bit each. */
    lines: 0,
    low: Array.from({ length: IOAPIC_PINS }, () => MASKED),
    high: Array.from({ length: IOAPIC_PINS }, () => 0),
  };
  const dispatch = (index: number) => {
    const entry = state.low[index];
    const logical = (entry & 0x800) !== 0, mode = (entry >> 8) & 7, target = state.high[index] >>> 24;
    const level = (entry & LEVEL) !== 0 && (mode === DELIVERY.fixed || mode === DELIVERY.lowestPriority);
    return send({ destination: target === 0xff && !logical ? BROADCAST : target, logical, mode, vector: entry & 0xff, level });
  };
  /** Sends what a level asks for, unless the last one has not been ended. */
  const serveLevel = (index: number) => {
    const entry = state.low[index];
    if (!(entry & LEVEL) || entry & (MASKED | REMOTE_IRR) || !(state.lines & (1 << index))) return;
    if (dispatch(index)) state.low[index] |= REMOTE_IRR;
  };
  const setPin = (index: number, level: boolean) => {
    const bit = 1 << index;
    if (level === ((state.lines & bit) !== 0)) return;
    state.lines ^= bit;
    if (!level) return;
    if (state.low[index] & LEVEL) serveLevel(index);
    else if (!(state.low[index] & MASKED)) dispatch(index); // an edge on a masked pin is lost (82093AA, "Interrupt Mask")
  };
  const endOfInterrupt = (vector: number) => {
    for (let index = 0; index < IOAPIC_PINS; index++) {
      const entry = state.low[index];
      if ((entry & 0xff) !== vector || !(entry & REMOTE_IRR)) continue;
      state.low[index] = entry & ~REMOTE_IRR;
      serveLevel(index);
    }
  };
  const writeEntry = (register: number, value: number) => {
    const index = register >> 1;
    if (index >= IOAPIC_PINS) return;
    if (register & 1) {
      state.high[index] = (value & 0xff00_0000) >>> 0;
      return;
    }
    const kept = value & LEVEL ? state.low[index] & REMOTE_IRR : 0; // made an edge, it forgets: drivers use that as an EOI
    state.low[index] = (value & WRITABLE) | kept;
    serveLevel(index);
  };
  const readWindow = () => {
    if (state.select === 0 || state.select === 2) return state.id << 24; // 2: arbitration ID
    if (state.select === 1) return VERSION;
    const register = state.select - 0x10, index = register >> 1;
    if (register < 0 || index >= IOAPIC_PINS) return 0;
    return register & 1 ? state.high[index] : state.low[index];
  };
  const read = (offset: number) => (offset === SELECT ? state.select : offset === WINDOW ? readWindow() : 0);
  const write = (offset: number, value: number) => {
    if (offset === SELECT) state.select = value & 0xff;
    else if (offset === EOI) endOfInterrupt(value & 0xff);
    else if (offset === WINDOW && state.select === 0) state.id = (value >>> 24) & 15;
    else if (offset === WINDOW && state.select >= 0x10) writeEntry(state.select - 0x10, value);
  };
  const sourceOf = (vector: number) => {
    const pin = state.low.findIndex((entry) => (entry & 0xff) === vector && !(entry & MASKED));
    return pin < 0 ? "" : `IOAPIC pin ${pin}`;
  };
  const update = () => { for (let index = 0; index < IOAPIC_PINS; index++) serveLevel(index); };
  return { id: "ioapic", accessBytes: 4, state, update, read, write, pin: (index) => ({ set: (level) => setPin(index, level) }), endOfInterrupt, sourceOf };
}
