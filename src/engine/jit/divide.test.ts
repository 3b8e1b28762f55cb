import assert from "node:assert/strict";
import test from "node:test";
import { divideTargets } from "./divide.ts";

// 0: a loop that ends with a switch of 1 and 2; 3: a loop that calls a pointer, with 4 behind; 5, 6: functions
const WITHIN = [[], [0], [0], [4], [3], [], []];

test("cases of a switch come back to it, functions do not", () => {
  const { jumpsTo, callsTo } = divideTargets(WITHIN, [0], [1, 2, 5, 6]);
  assert.deepEqual(jumpsTo.get(0), [1, 2]);
  assert.deepEqual(callsTo, [5, 6]);
});

test("a switch that is in no loop may lead anywhere", () => {
  const { jumpsTo } = divideTargets([[], [], []], [0], [1, 2]);
  assert.deepEqual(jumpsTo.get(0), [1, 2]);
});

test("what a jump leads to by way of another one is a case of both", () => {
  // threaded code: each case ends with a jump of its own
  const { jumpsTo } = divideTargets([[], []], [0, 1], [0, 1]);
  assert.deepEqual([...jumpsTo.values()], [[0, 1], [0, 1]]);
});
