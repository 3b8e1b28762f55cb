import assert from "node:assert/strict";
import test from "node:test";
import { createTestPc } from "./testing.ts";

test("power-off, reset and debug exit reach whoever runs the machine", () => {
  const { outb, bus, events } = createTestPc();
  bus.pioWrite(0x604, 2, (5 << 10) | 0x2000); // SLP_TYP 5, SLP_EN
  outb(0xcf9, 0x02);
  outb(0xcf9, 0x06);
  outb(0x64, 0xfe);
  outb(0x92, 0x03);
  outb(0xf4, 3);
  bus.pioWrite(0xf4, 4, 0);
  assert.deepEqual(events, ["power-off", "reset", "reset", "reset", "exit 7", "exit 1"]);
});

test("PCI has no functions, and its address register is not the reset register", () => {
  const { bus, events } = createTestPc();
  bus.pioWrite(0xcf8, 4, 0x8000_0604);
  assert.equal(bus.pioRead(0xcf8, 4), 0x8000_0604);
  assert.equal(bus.pioRead(0xcfc, 4), 0xffff_ffff);
  assert.equal(bus.pioRead(0xcfe, 2), 0xffff);
  assert.deepEqual(events, []);
});

test("what nobody claims reads as all ones and is reported", () => {
  const { bus, events } = createTestPc();
  assert.equal(bus.pioRead(0x2f8, 1), 0xff);
  assert.equal(bus.mmioRead(0xfed0_0000, 4), 0xffff_ffff);
  bus.pioWrite(0x2f8, 2, 0x1234);
  assert.deepEqual(events, ["pio 2f8", "mmio fed00000", "pio 2f8 = 1234"]);
});

test("the 8042 is absent", () => {
  const { inb } = createTestPc();
  assert.equal(inb(0x64), 0xff);
  assert.equal(inb(0x60), 0xff);
});

test("the timer interrupt takes the virtual wire: PIT, 8259, LINT0, vCPU", () => {
  const { outb, bus, intr, clock } = createTestPc();
  for (const [port, value] of [[0x20, 0x11], [0x21, 0x30], [0x21, 4], [0x21, 1], [0x21, 0xfe]]) outb(port, value);
  for (const [port, value] of [[0x43, 0x34], [0x40, 0xa9], [0x40, 0x04]]) outb(port, value); // mode 2, 1193 ticks
  assert.deepEqual(intr, [false]);
  clock.advance(1_000_000);
  assert.deepEqual(intr, [true]);
  assert.equal(bus.acknowledge(), 0x30);
  assert.deepEqual(intr, [false]);
  outb(0x20, 0x20);
  clock.advance(1_000_000);
  assert.equal(bus.acknowledge(), 0x30);
});

test("a restored machine goes on where it was", () => {
  const one = createTestPc(), two = createTestPc();
  for (const [port, value] of [[0x20, 0x11], [0x21, 0x30], [0x21, 4], [0x21, 1], [0x21, 0xfe], [0x43, 0x34], [0x40, 0xa9], [0x40, 0x04]]) one.outb(port, value);
  one.clock.advance(300_000);
  two.clock.advance(300_000);
  const saved = JSON.parse(JSON.stringify(one.pc.save()));
  for (const { pc } of [one, two]) pc.restore(saved);
  assert.deepEqual(two.pc.save(), one.pc.save());
  for (const { clock } of [one, two]) clock.advance(700_000);
  assert.deepEqual([one.intr, two.intr], [[true], [true]]);
  assert.equal(two.bus.acknowledge(), 0x30);
});

test("a reset brings back the state of power-on, and the clock goes on", () => {
  const { pc, outb, inb, clock, intr } = createTestPc();
  const fresh = pc.save();
  for (const [port, value] of [[0x20, 0x11], [0x21, 0x30], [0x21, 4], [0x21, 1], [0x21, 0xfe], [0x43, 0x34], [0x40, 0xa9], [0x40, 0x04], [0x3f9, 15], [0x3fc, 8]]) outb(port, value);
  clock.advance(3_000_000_000);
  assert.deepEqual(intr, [true]);
  pc.reset();
  assert.deepEqual(intr, [false]);
  const { rtc, pm, ...rest } = pc.save();
  const { rtc: freshRtc, pm: freshPm, ...freshRest } = fresh;
  assert.deepEqual(rest, freshRest);
  outb(0x70, 0x07);
  assert.equal(inb(0x71), 0x01, "1 March, three seconds after 29 February 23:59:58");
});
