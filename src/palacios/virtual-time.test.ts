import assert from "node:assert/strict";
import test from "node:test";
import { createVirtualClock } from "./virtual-time.ts";

test("time passes with instructions and looks, and never goes back", () => {
  const clock = createVirtualClock();
  assert.equal(clock.nowNs(), 1);
  assert.equal(clock.nowNs(), 2);
  clock.advance(100);
  assert.equal(clock.nowNs(), 103);
  clock.skipTo(50);
  assert.equal(clock.nowNs(), 104);
  clock.skipTo(1000);
  assert.equal(clock.nowNs(), 1001);
});
