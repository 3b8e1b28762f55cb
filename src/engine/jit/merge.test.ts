import assert from "node:assert/strict";
import test from "node:test";
import { CONSTANTS as C } from "../../hal/layout.ts";
import { createMerger } from "./merge.ts";

test("of kernel and program the outermost grows, the others wait, and what is no longer compiled is forgotten", () => {
  const u16 = new Uint16Array(0x400), dropped = new Set([0x300]);
  let stack = 0n, ms = 0;
  const merger = createMerger({ u16, stackPointer: () => stack, isCompiled: (block) => !dropped.has(block), nowMs: () => ms, periodMs: 100 });
  for (const [block, at] of [[0x100, 0xffff_8000_0000_0100n], [0x180, 0xffff_8000_0000_0800n], [0x200, 0x7000n], [0x280, 0x7100n], [0x300, 0x8000n]] as const) {
    stack = at;
    merger.offer(block);
  }
  assert.deepEqual(merger.choose(), [0x180, 0x280]);
  const heat = (block: number) => u16[(block + C.BLOCK_HOT) >>> 1];
  assert.ok(heat(0x100) > 0 && heat(0x200) > 0);
  assert.deepEqual([0x180, 0x280, 0x300].map(heat), [0, 0, 0]);
  assert.deepEqual(merger.choose(), []);
  merger.offer(0x100);
  assert.deepEqual(merger.choose(), [], "not so soon");
  ms = 1000;
  assert.deepEqual(merger.choose(), [0x100]);
  merger.offer(0x180);
  merger.flushed();
  ms = 2000;
  assert.deepEqual(merger.choose(), [], "blocks that do not exist any more");
});
