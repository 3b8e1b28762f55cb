import assert from "node:assert/strict";
import test from "node:test";
import type { LiveStatistics } from "../embed/protocol.ts";
import { createTicker, exitShares, short, topPage, topRow } from "./top.ts";

const look = (times: number): LiveStatistics => ({
  instructions: 1e8 * times, elapsedMs: 1000 * times, runningMs: 500 * times, exits: { hlt: times }, interrupts: 100 * times, pageFaults: 5 * times, tlbMisses: 12_345 * times, blocksDecoded: 0,
  codeInvalidations: 0, resets: 0,
  jit: { modules: 1, regions: 4, instructions: 40, codeBytes: 999, compileMs: 12.3 * times, longestMs: 3, pausedMs: 5, stale: 0, cacheBytes: 0, evicted: 0, dropped: 1, live: 3, executed: 500_000, exits: { miss: 30 * times, link: 10 * times, fault: 0 } },
});

test("counts are short", () => {
  assert.deepEqual([0, 7, 950, 999, 1000, 9949, 9960, 99_999, 999_499, 999_960, 12_000_000, 3.2e9].map(short), ["0", "7", "950", "999", "1.0k", "9.9k", "10k", "100k", "999k", "1.0M", "12M", "3.2G"]);
});

test("a row says what happened since the last look", () => {
  assert.deepEqual(topRow("vm", look(2), look(1)), ["vm", "2.00 s", "50", "200", "100M", "100", "5", "12k", "3", "40", "25 ms"]);
  assert.equal(exitShares(look(2), look(1)), "miss 75 %, link 25 %");
});

test("a page has a row for each virtual node, also for one that has not said anything yet", () => {
  const lines = topPage([{ name: "a", now: look(1) }, { name: "b", now: undefined }]).split("\n");
  assert.match(lines[0], /NAME +TIME +CPU% +MIPS/);
  assert.match(lines[1], /^a +1.00 s +50 +200/);
  assert.match(lines[2], /^b +-  /);
  assert.equal(lines.at(-1), "a left compiled code for: miss 75 %, link 25 %");
});

test("the ticker repeats its heading, and is JSON if asked", () => {
  const lines: string[] = [];
  const tick = createTicker((line) => lines.push(line), false);
  for (let times = 1; times <= 21; times++) tick(look(times));
  assert.equal(lines.filter((line) => line.includes("MIPS")).length, 2);
  assert.equal(lines[0].length, lines[1].length);
  createTicker((line) => assert.equal((JSON.parse(line) as { statistics: LiveStatistics }).statistics.interrupts, 100), true)(look(1));
});
