import assert from "node:assert/strict";
import { test } from "node:test";
import { prune } from "./prune.ts";

const edges = (list: Record<number, number[]>) => new Map(Object.entries(list).map(([from, to]) => [Number(from), to]));

test("an error path goes, even if it comes back to where the function ends", () => {
  assert.deepEqual(prune(1, edges({ 1: [2, 9], 2: [3], 9: [3], 3: [] }), (block) => block === 9), [1, 2, 3]);
});

test("the outer one of two loops stays", () => {
  assert.deepEqual(prune(2, edges({ 2: [2, 9], 9: [1], 1: [2, 7], 7: [] }), (block) => block !== 2), [1, 2, 9]);
});

test("a cold loop goes, and so does what only cold blocks lead to", () => {
  assert.deepEqual(prune(1, edges({ 1: [8], 8: [9], 9: [8, 2], 2: [] }), (block) => block > 7), [1]);
});

test("where the region begins is no question, and without cold blocks all stays", () => {
  assert.deepEqual(prune(1, edges({ 1: [2, 99], 2: [] }), (block) => block === 1), [1, 2]);
});
