import assert from "node:assert/strict";
import test from "node:test";
import { createTestPc } from "../testing.ts";

function setUp(start = Date.UTC(2024, 1, 29, 23, 59, 58)) {
  const pc = createTestPc(1, start);
  const read = (index: number) => {
    pc.outb(0x70, index);
    return pc.inb(0x71);
  };
  const write = (index: number, value: number) => {
    pc.outb(0x70, index);
    pc.outb(0x71, value);
  };
  /** As Linux reads it: century, year, month, day, hours, minutes, seconds. */
  const time = () => [0x32, 9, 8, 7, 4, 2, 0].map((index) => read(index).toString(16).padStart(2, "0")).join(" ");
  const line = () => (pc.pc.interrupts.ioapic.state as { lines: number }).lines >> 8 & 1;
  return { ...pc, read, write, time, line };
}

test("the time is BCD in 24 hours, and goes on over a leap day", () => {
  const { time, read, clock } = setUp();
  assert.equal(time(), "20 24 02 29 23 59 58");
  assert.equal(read(6), 5, "a Thursday");
  assert.equal(read(0x0b), 0x02);
  assert.equal(read(0x0d), 0x80, "the battery is good");
  clock.advance(2e9);
  assert.equal(time(), "20 24 03 01 00 00 00");
});

test("UIP warns 244 µs before the second changes, and is clear after", () => {
  const { read, clock } = setUp();
  assert.equal(read(0x0a), 0x26);
  clock.advance(997.7e6);
  assert.equal(read(0x0a), 0x26);
  clock.advance(0.1e6);
  assert.equal(read(0x0a), 0xa6);
  assert.equal(read(0), 0x58);
  clock.advance(2.3e6);
  assert.equal(read(0x0a), 0x26);
  assert.equal(read(0), 0x59);
});

test("a guest sets the time with SET, in any format", () => { // Linux: mc146818_set_time()
  const { read, write, time, clock } = setUp();
  write(0x0b, 0x82);
  for (const [index, value] of [[0x32, 0x20], [9, 0x31], [8, 0x12], [7, 0x24], [4, 0x18], [2, 0x30], [0, 0x15]]) write(index, value);
  clock.advance(10e9);
  assert.equal(time(), "20 31 12 24 18 30 15", "it stands still");
  write(0x0b, 0x02);
  clock.advance(1e9);
  assert.equal(time(), "20 31 12 24 18 30 16");
  write(0x0b, 0x00); // 12 hours
  assert.equal(read(4), 0x86);
  write(0x0b, 0x06); // binary, 24 hours
  assert.deepEqual([read(9), read(4), read(2)], [31, 18, 30]);
});

for (const [hour, bcd12] of [[0, 0x12], [1, 0x01], [11, 0x11], [12, 0x92], [13, 0x81], [23, 0x91]])
  test(`hour ${hour} on a 12-hour clock`, () => {
    const { read, write } = setUp(Date.UTC(2024, 0, 1, hour));
    write(0x0b, 0);
    assert.equal(read(4), bcd12);
    write(4, bcd12);
    assert.equal(read(4), bcd12);
  });

test("the update interrupt comes once a second until register C is read", () => {
  const { read, write, clock, line } = setUp();
  write(0x0b, 0x12);
  clock.advance(0.999e9);
  assert.equal(line(), 0);
  clock.advance(0.002e9);
  assert.equal(line(), 1);
  assert.equal(read(0x0c) & 0x90, 0x90);
  assert.equal(line(), 0);
  assert.equal(read(0x0c), 0);
  clock.advance(1e9);
  assert.equal(line(), 1);
});

test("the alarm matches its fields, 0xff any", () => {
  const { read, write, clock, line } = setUp();
  write(1, 0x05);
  write(3, 0x00);
  write(5, 0xff);
  write(0x0b, 0x22);
  clock.advance(6.9e9);
  assert.equal(line(), 0);
  clock.advance(0.2e9);
  assert.equal(line(), 1);
  assert.equal(read(0x0c) & 0xa0, 0xa0);
  clock.advance(3599e9);
  assert.equal(line(), 0);
  clock.advance(1e9);
  assert.equal(line(), 1, "an hour later again");
});

test("an alarm that matches nothing never rings", () => {
  const { write, clock, line } = setUp();
  write(1, 0x75);
  write(0x0b, 0x22);
  clock.advance(200_000e9);
  assert.equal(line(), 0);
});

for (const [rate, hz] of [[6, 1024], [15, 2], [1, 256], [2, 128], [3, 8192]])
  test(`periodic rate ${rate} is ${hz} Hz`, () => {
    const { read, write, clock } = setUp();
    write(0x0a, 0x20 | rate);
    read(0x0c);
    write(0x0b, 0x42);
    let count = 0;
    for (let step = 0; step < 20_000; step++) {
      clock.advance(100_000);
      if (read(0x0c) & 0x40) count++;
    }
    assert.ok(Math.abs(count - 2 * hz) <= 1, String(count));
  });

test("flags are set without their interrupts", () => {
  const { read, clock, line } = setUp();
  read(0x0c);
  clock.advance(1.1e9);
  assert.deepEqual([read(0x0c) & 0x50, line()], [0x50, 0]);
});

test("memory sizes and other bytes", () => {
  const { read, write } = setUp();
  assert.equal(read(0x15) | read(0x16) << 8, 640);
  assert.equal(read(0x17) | read(0x18) << 8, 0xffff);
  assert.equal((read(0x34) | read(0x35) << 8) * 64 + 16 * 1024, 256 * 1024);
  write(0x4f, 0xa5);
  assert.equal(read(0x4f), 0xa5);
});
