import assert from "node:assert/strict";
import test from "node:test";
import { returnSites } from "./returns.ts";

test("a return leads behind the calls of its function, and of who jumps there", () => {
  // 0: calls 3, 1: calls 4, 2: end; 3: a function that jumps into 4 at its end; 4: a function; 5: its return
  const sites = returnSites([[1], [2], [], [4], [5], []], [{ heads: [3], site: 1 }, { heads: [4], site: 2 }]);
  assert.deepEqual(sites.map((set) => [...set].sort()), [[], [], [], [1], [1, 2], [1, 2]]);
});

test("recursion: a return leads behind all calls of the function, its own ones too", () => {
  // 0: calls 1; 1: calls 1 twice, with 2 and 3 behind; 3: returns; 4: behind the first call
  const sites = returnSites([[4], [2], [3], [], []], [{ heads: [1], site: 4 }, { heads: [1], site: 2 }, { heads: [1], site: 3 }]);
  assert.deepEqual([...sites[3]].sort(), [2, 3, 4]);
  assert.equal(sites[4].size, 0);
});
