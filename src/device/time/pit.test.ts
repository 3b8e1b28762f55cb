import assert from "node:assert/strict";
import test from "node:test";
import { PIT_HZ } from "../../abi/pc.ts";
import { createTimers } from "../../base/timers.ts";
import { createPit } from "./pit.ts";
import { createSystemControlB } from "../system-ports.ts";
import { createTestClock, createTestLine } from "../testing.ts";

function setUp() {
  const clock = createTestClock(), irq = createTestLine();
  const pit = createPit(clock, irq);
  pit.update();
  const port61 = createSystemControlB(clock, pit);
  const program = (control: number, count: number) => {
    const counter = control >> 6;
    pit.write(3, control);
    pit.write(counter, count & 0xff);
    pit.write(counter, count >> 8);
  };
  const readCount = (counter: number) => pit.read(counter) | pit.read(counter) << 8;
  const ticks = (count: number) => clock.advance((count * 1e9) / PIT_HZ + 1);
  return { clock, irq, pit, port61, program, readCount, ticks };
}

test("Linux measures the TSC with counter 2 through port 0x61", () => { // arch/x86/kernel/tsc.c: pit_calibrate_tsc()
  const { clock, pit, port61 } = setUp();
  port61.write(0, (port61.read(0) & ~2) | 1);
  pit.write(3, 0xb0);
  const latch = Math.floor(PIT_HZ / 100); // 10 ms
  pit.write(2, latch & 0xff);
  pit.write(2, latch >> 8);
  const start = clock.nowNs();
  while ((port61.read(0) & 0x20) === 0) clock.advance(1000);
  assert.ok(Math.abs(clock.nowNs() - start - 10e6) < 5000);
});

test("Linux's quick calibration sees the high byte count down", () => { // quick_pit_calibrate()
  const { pit, port61, ticks } = setUp();
  port61.write(0, (port61.read(0) & ~2) | 1);
  pit.write(3, 0xb0);
  pit.write(2, 0xff);
  pit.write(2, 0xff);
  for (let high = 0xff; high > 0xe0; high--) {
    pit.read(2);
    assert.equal(pit.read(2), high);
    ticks(256);
  }
});

test("mode 2 interrupts once per period, for ever", () => {
  const { irq, program, ticks } = setUp();
  program(0x34, 1000);
  const before = irq.rises;
  ticks(999);
  assert.equal(irq.rises, before);
  ticks(1);
  assert.equal(irq.rises, before + 1);
  ticks(100_000);
  assert.equal(irq.rises, before + 101);
});

test("modes 0 and 4 interrupt once", () => {
  for (const control of [0x30, 0x38]) {
    const { irq, program, ticks } = setUp();
    program(control, 500);
    const before = irq.rises;
    ticks(499);
    assert.equal(irq.rises, before);
    ticks(2);
    assert.equal(irq.rises, before + 1);
    ticks(200_000);
    assert.equal(irq.rises, before + 1, "counting on below zero is silent");
    assert.equal(irq.level, true);
  }
});

test("an interrupt is not lost when the host is busy while it is programmed", () => {
  for (const control of [0x30, 0x34, 0x38]) {
    let now = 0;
    const timers = createTimers({ nowNs: () => (now += 1e6) }); // each look at the clock finds it a millisecond later
    const irq = createTestLine();
    const pit = createPit(timers, irq);
    pit.write(3, control);
    const before = irq.rises;
    for (const value of [100, 0]) pit.write(0, value);
    timers.fire();
    assert.equal(irq.rises, before + 1);
  }
});

test("mode 0: OUT is low until terminal count, and the first byte of a new count stops it", () => {
  const { irq, pit, program, ticks, readCount } = setUp();
  program(0x30, 100);
  assert.equal(irq.level, false);
  ticks(100);
  assert.equal(irq.level, true);
  program(0x30, 0x1000);
  ticks(0x100);
  assert.equal(readCount(0), 0xf00);
  pit.write(0, 0x34);
  ticks(0x2000);
  assert.equal(irq.level, false);
  pit.write(0, 0x12);
  ticks(0x10);
  assert.equal(readCount(0), 0x1224);
});

test("a shortest period does not take the host's whole time", () => {
  const { irq, program, clock } = setUp();
  program(0x34, 2);
  const before = irq.rises;
  clock.advance(1e9);
  assert.ok(irq.rises - before <= 20_000);
});

test("a latched count stays until it is read", () => {
  const { pit, program, ticks, readCount } = setUp();
  program(0x34, 0x8000);
  ticks(0x10);
  pit.write(3, 0x00);
  ticks(0x100);
  pit.write(3, 0x00); // ignored: the first latch is not read yet
  assert.equal(readCount(0), 0x7ff0);
  assert.equal(readCount(0), 0x7ef0);
});

test("read-back latches status and count together, status first", () => { // 8254, "Read-Back Command"
  const { pit, program, ticks, readCount } = setUp();
  program(0xb6, 1000); // counter 2, mode 3; its gate is low
  pit.write(3, 0xc8);
  assert.equal(pit.read(2), 0x80 | 3 << 4 | 3 << 1);
  pit.setGate(true);
  program(0x34, 0x2000);
  ticks(1);
  pit.write(3, 0xc2); // counter 0: both
  ticks(0x10);
  assert.equal(pit.read(0), 0x80 | 3 << 4 | 2 << 1);
  assert.equal(readCount(0), 0x1fff);
  pit.write(3, 0x34);
  pit.write(3, 0xe2);
  assert.equal(pit.read(0) & 0x40, 0x40, "null count: nothing is loaded yet");
});

test("mode 3 is a square wave that counts by two", () => {
  const { pit, port61, program, ticks, readCount } = setUp();
  port61.write(0, 1);
  program(0xb6, 1000);
  ticks(100);
  assert.equal(readCount(2), 800);
  assert.equal(pit.output(), true);
  ticks(500);
  assert.equal(readCount(2), 800);
  assert.equal(pit.output(), false);
  ticks(400);
  assert.equal(pit.output(), true);
});

test("a new count in mode 2 waits for the end of the period", () => {
  const { pit, program, ticks, irq } = setUp();
  program(0x34, 1000);
  ticks(100);
  pit.write(0, 500 & 0xff);
  pit.write(0, 500 >> 8);
  const before = irq.rises;
  ticks(899);
  assert.equal(irq.rises, before);
  ticks(2);
  assert.equal(irq.rises, before + 1);
  ticks(500);
  assert.equal(irq.rises, before + 2);
});

test("the gate holds modes 0 and 2, and triggers modes 1 and 5", () => {
  const { pit, program, ticks, readCount } = setUp();
  program(0xb0, 1000);
  ticks(500);
  assert.equal(readCount(2), 1000, "held from the start");
  pit.setGate(true);
  ticks(300);
  pit.setGate(false);
  ticks(300);
  assert.equal(readCount(2), 700);
  pit.setGate(true);
  ticks(699);
  assert.equal(pit.output(), false);
  ticks(1);
  assert.equal(pit.output(), true);
  pit.setGate(false);
  program(0xb2, 100); // mode 1
  ticks(1000);
  assert.equal(pit.output(), true);
  pit.setGate(true);
  assert.equal(pit.output(), false);
  ticks(100);
  assert.equal(pit.output(), true);
});

test("BCD counts in decimal", () => {
  const { program, ticks, readCount } = setUp();
  program(0x35, 0x1000);
  ticks(1);
  assert.equal(readCount(0), 0x0999);
});

test("one-byte access reads and writes that byte", () => {
  const { pit, ticks } = setUp();
  pit.write(3, 0x14); // counter 0, low byte only, mode 2
  pit.write(0, 100);
  ticks(10);
  assert.equal(pit.read(0), 90);
  pit.write(3, 0x24); // high byte only
  pit.write(0, 2);
  ticks(256);
  assert.equal(pit.read(0), 1);
});

test("the refresh bit of port 0x61 toggles every 15 µs", () => {
  const { clock, port61 } = setUp();
  const bit = () => port61.read(0) >> 4 & 1;
  const first = bit();
  clock.advance(15_100);
  assert.notEqual(bit(), first);
  clock.advance(15_100);
  assert.equal(bit(), first);
});
