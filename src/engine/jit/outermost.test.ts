import assert from "node:assert/strict";
import test from "node:test";
import { outermostHead } from "./outermost.ts";
import { structure } from "./structure.ts";

// 0: an inner loop, which became hot first; 1: behind it; 2: head of the outer loop, before it; 3: end
const EDGES = [[0, 1], [2, 3], [0], []], PLACES = [0x30, 0x40, 0x20, 0x50];

test("loops are found from what lies first of all that comes round", () => {
  assert.equal(outermostHead(EDGES, PLACES), 2);
  const { loops } = structure({ edges: EDGES, entries: [0], root: 2 });
  assert.deepEqual(loops.map(({ header, blocks }) => [header, [...blocks].sort()]), [[2, [0, 1, 2]], [0, [0]]]);
});

test("what does not come back is not the head of a loop", () => {
  assert.equal(outermostHead([[1], [2], []], [0x30, 0x10, 0x20]), 0);
});
