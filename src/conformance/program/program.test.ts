// Some random programs from fixed seeds on the host's CPU and on every engine; `npm run fuzz` has more.

import assert from "node:assert/strict";
import test from "node:test";
import { createWatchdog } from "../guest/watchdog.ts";
import { createProgramJudge, ENGINES } from "./judge.ts";

const PROGRAMS = 60;

test(`${PROGRAMS} random programs go as on the host's CPU on ${ENGINES.join(", ")}`, (t) => {
  const { host, judge } = createProgramJudge(), watchdog = createWatchdog("random program");
  if (!host) t.diagnostic("no x86-64 Linux with gcc here: engines are compared with each other");
  for (let seed = 0; seed < PROGRAMS; seed += 20) assert.deepEqual(watchdog.watch(seed, 300, () => judge(Array.from({ length: 20 }, (_, index) => seed + index))), []);
  watchdog.stop();
});

test("what the fuzz has found", () => {
  // 464569904 overwrites the address at which it goes on after a fault by one that is not canonical
  // 466308779 jumps to an address of the host's kernel
  // 485977343 ends where an element of REPNE CMPSQ faults that is not the first (an Intel processor may have other flags there)
  assert.deepEqual(createProgramJudge().judge([464569904, 466308779, 485977343]), []);
});

test("programs go alike on the oracle", () => {
  const { judge } = createProgramJudge(["oracle"]);
  assert.deepEqual(judge([3, 22, 27]), []);
});
