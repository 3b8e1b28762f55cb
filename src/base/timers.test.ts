import assert from "node:assert/strict";
import test from "node:test";
import { createTimers } from "./timers.ts";

function setUp() {
  const time = { now: 0 };
  const timers = createTimers({ nowNs: () => time.now });
  const rung: string[] = [];
  const alarm = (name: string) => timers.alarm(() => rung.push(name));
  return { time, timers, rung, alarm };
}

test("alarms ring once, in the order of their deadlines", () => {
  const { time, timers, rung, alarm } = setUp();
  const [a, b, c] = ["a", "b", "c"].map(alarm);
  a.set(30);
  b.set(10);
  c.set(20);
  assert.equal(timers.next(), 10);
  time.now = 25;
  assert.equal(timers.fire(), 2);
  assert.deepEqual(rung, ["b", "c"]);
  assert.equal(timers.next(), 30);
  time.now = 100;
  timers.fire();
  assert.equal(timers.fire(), 0);
  assert.deepEqual(rung, ["b", "c", "a"]);
  assert.equal(timers.next(), undefined);
});

test("an alarm can be moved and switched off", () => {
  const { time, timers, rung, alarm } = setUp();
  const a = alarm("a"), b = alarm("b");
  a.set(10);
  b.set(20);
  a.set(40);
  assert.equal(timers.next(), 20);
  b.set(0);
  assert.equal(timers.next(), 40);
  a.set(0);
  assert.equal(timers.next(), undefined);
  time.now = 50;
  timers.fire();
  assert.deepEqual(rung, []);
});

test("one that rings may switch off another that is due, and set itself to the past without a hang", () => {
  const { time, timers, rung, alarm } = setUp();
  const victim = alarm("victim");
  const again = timers.alarm(() => {
    rung.push("again");
    again.set(1);
    victim.set(0);
  });
  again.set(5);
  victim.set(6);
  time.now = 10;
  assert.equal(timers.fire(), 1);
  assert.deepEqual(rung, ["again"]);
  assert.equal(timers.next(), 1);
});
