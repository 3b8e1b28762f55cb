import assert from "node:assert/strict";
import test from "node:test";
import { restore, save } from "./device.ts";
import { createTestClock, createTestLine, createTestPc } from "./testing.ts";
import { createWatchdog, WATCHDOG } from "./watchdog.ts";

test("it bites when it is not fed in time", () => {
  const clock = createTestClock(), bite = createTestLine();
  const dog = createWatchdog("dog", clock, bite);
  dog.write(WATCHDOG.load, 10);
  clock.advance(100e6);
  assert.equal(bite.level, false, "it runs from the first feed");
  dog.write(WATCHDOG.feed, 0);
  clock.advance(9e6);
  dog.write(WATCHDOG.feed, 0);
  clock.advance(9e6);
  assert.deepEqual([bite.level, dog.read(WATCHDOG.expired)], [false, 0]);
  clock.advance(1e6);
  assert.deepEqual([bite.level, dog.read(WATCHDOG.expired)], [true, 1]);
  dog.write(WATCHDOG.feed, 0);
  assert.equal(bite.level, false);
});

test("a restored one bites at the same time", () => {
  const one = createTestClock(), two = createTestClock(), bite = createTestLine();
  const dog = createWatchdog("dog", one, createTestLine());
  dog.write(WATCHDOG.load, 10);
  dog.write(WATCHDOG.feed, 0);
  restore(createWatchdog("dog", two, bite), save(dog));
  two.advance(9.9e6);
  assert.equal(bite.level, false);
  two.advance(0.2e6);
  assert.equal(bite.level, true);
});

test("in a PC it is reached at its address and interrupts through the IOAPIC", () => {
  const { pc, bus, clock, intr } = createTestPc();
  pc.attach(createWatchdog("dog", clock, pc.interrupts.gsiLine(20)), { gpa: 0xfe00_0000, count: WATCHDOG.bytes });
  bus.mmioWrite(0xfec0_0000, 4, 0x10 + 2 * 20);
  bus.mmioWrite(0xfec0_0010, 4, 0x8055); // level, vector 0x55
  bus.mmioWrite(0xfe00_0000, 4, 5);
  bus.mmioWrite(0xfe00_0004, 4, 0);
  clock.advance(5e6);
  assert.deepEqual(intr, [true]);
  assert.equal(bus.acknowledge(), 0x55);
});
