// For tests of devices: a clock that stands still until told otherwise, and lines that remember.

import { createConsole } from "../backend/console.ts";
import { createTimers, type Timers } from "../base/timers.ts";
import type { IrqLine } from "./interrupt/irq.ts";
import type { VcpuWires } from "./interrupt/interrupts.ts";
import { createPcDevices, type PcDevices } from "./pc.ts";

export interface TestClock extends Timers {
  /** Lets time pass and rings what falls due, each alarm at its own time. */
  advance(ns: number): void;
}

export function createTestClock(): TestClock {
  let now = 0;
  const timers = createTimers({ nowNs: () => now });
  const advance = (ns: number) => {
    const end = now + ns;
    for (let next = timers.next(); next !== undefined && next <= end; next = timers.next()) {
      now = Math.max(now, next);
      timers.fire();
    }
    now = end;
  };
  return { ...timers, advance };
}

/** A line that counts its rising edges. */
export function createTestLine(): IrqLine & { level: boolean; rises: number } {
  const line = { level: false, rises: 0, set: (level: boolean) => {
    if (level && !line.level) line.rises++;
    line.level = level;
  } };
  return line;
}

/** A PC whose vCPUs only write down what happens to them. */
export function createTestPc(vcpuCount = 1, startEpochMs = Date.UTC(2024, 1, 29, 23, 59, 58)) {
  const clock = createTestClock();
  const events: string[] = [];
  const output: number[] = [];
  const intr = Array.from({ length: vcpuCount }, () => false);
  const console = createConsole((bytes) => output.push(...bytes));
  const vcpus: VcpuWires[] = intr.map((_, index) => ({
    setInterruptLine: (level) => { intr[index] = level; },
    injectNmi: () => events.push(`nmi ${index}`),
    init: () => events.push(`init ${index}`),
    startup: (vector) => events.push(`startup ${index} ${vector}`),
  }));
  const pc: PcDevices = createPcDevices({
    timers: clock, console, vcpus, memoryBytes: 256 * 2 ** 20, startEpochMs, tscHz: 2e9,
    onPowerOff: () => events.push("power-off"), onReset: () => events.push("reset"), onDebugExit: (status) => events.push(`exit ${status}`),
    onUnclaimed: ({ space, address, value }) => events.push(`${space} ${address.toString(16)}${value === undefined ? "" : ` = ${value.toString(16)}`}`),
  });
  const bus = pc.bus(0);
  const text = () => {
    console.flush();
    return String.fromCharCode(...output);
  };
  const outb = (port: number, value: number) => bus.pioWrite(port, 1, value);
  const inb = (port: number) => bus.pioRead(port, 1);
  return { clock, events, intr, console, pc, bus, text, outb, inb };
}
