import assert from "node:assert/strict";
import { test } from "node:test";
import { chooseIslands } from "./islands.ts";
import { structure } from "./structure.ts";

// 0 → 1 ⇄ (2 → 2) → 3: a loop of 1 and 2 around a loop of 2
const { loops } = structure({ edges: [[1], [2], [2, 1, 3], []], entries: [] });

test("the outermost loop that is small enough is an island", () => {
  const [before, outer, inner, behind] = chooseIslands(loops, [9, 9, 9, 9], false);
  assert.equal(before, undefined);
  assert.equal(behind, undefined);
  assert.equal(outer, inner);
  assert.deepEqual([...outer!.loop!.blocks].sort(), [1, 2]);
});

test("in a loop that is too large, smaller ones are islands", () => {
  const [before, outer, inner] = chooseIslands(loops, [9, 1000, 9, 9], false);
  assert.deepEqual([before, outer], [undefined, undefined]);
  assert.deepEqual([...inner!.loop!.blocks], [2]);
});

test("a region can be one island", () => {
  const islands = chooseIslands(loops, [9, 1000, 9, 9], true);
  assert.ok(islands[0] && islands.every((island) => island === islands[0]));
  assert.equal(islands[0].loop, undefined);
});
