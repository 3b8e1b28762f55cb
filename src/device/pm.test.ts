import assert from "node:assert/strict";
import test from "node:test";
import { createTestPc } from "./testing.ts";

const STATUS = 0x600, ENABLE = 0x602, CONTROL = 0x604, TIMER = 0x608;

test("the timer counts at 3.579545 MHz, 32 bits wide", () => {
  const { bus, clock } = createTestPc();
  clock.advance(1e9);
  assert.equal(bus.pioRead(TIMER, 4), 3_579_545);
  clock.advance(1200e9);
  assert.equal(bus.pioRead(TIMER, 4), Math.floor(1201 * 3_579_545) % 2 ** 32);
});

test("the machine is in ACPI mode, and SLP_TYP 5 switches it off", () => {
  const { bus, events, outb } = createTestPc();
  assert.equal(bus.pioRead(CONTROL, 2), 1);
  bus.pioWrite(CONTROL, 2, (5 << 10) | 1); // as ACPICA does it: first the type, then the enable
  assert.deepEqual(events, []);
  bus.pioWrite(CONTROL, 2, (5 << 10) | 0x2001);
  assert.deepEqual(events, ["power-off"]);
  bus.pioWrite(CONTROL, 2, (1 << 10) | 0x2001);
  assert.equal(events.length, 1);
  outb(CONTROL + 1, (5 << 2) | 0x20);
  assert.equal(events.length, 2);
});

test("the power button asserts the SCI until its status is cleared", () => {
  const { bus, pc } = createTestPc();
  const sci = () => (pc.interrupts.ioapic.state as { lines: number }).lines >> 9 & 1;
  pc.pressPowerButton();
  assert.equal(sci(), 0);
  bus.pioWrite(ENABLE, 2, 0x100);
  assert.equal(sci(), 1);
  assert.equal(bus.pioRead(STATUS, 2), 0x100);
  bus.pioWrite(STATUS, 2, 0x100);
  assert.equal(sci(), 0);
});

test("TMR_STS is set each time the counter's top bit changes", () => {
  const { bus, clock, pc } = createTestPc();
  const sci = () => (pc.interrupts.ioapic.state as { lines: number }).lines >> 9 & 1;
  bus.pioWrite(ENABLE, 2, 1);
  clock.advance(599e9);
  assert.equal(bus.pioRead(STATUS, 2), 0);
  clock.advance(2e9);
  assert.deepEqual([bus.pioRead(STATUS, 2), sci()], [1, 1]);
  bus.pioWrite(STATUS, 2, 1);
  assert.deepEqual([bus.pioRead(STATUS, 2), sci()], [0, 0]);
  clock.advance(600e9);
  assert.equal(sci(), 1);
});
