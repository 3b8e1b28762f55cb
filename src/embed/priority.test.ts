import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";

const linux = process.platform === "linux" ? false : "only Linux has a niceness of threads";
/** What a process of its own prints after these statements: the niceness of its main thread, and that of the others. */
function nicenessAfter(statements: string): { main: number; others: number[] } {
  const script = `import { readdirSync } from "node:fs"; import { getPriority } from "node:os"; import { othersStepBack, stepBack } from ${JSON.stringify(new URL("./priority.js", import.meta.url).href)};
    ${statements}; const threads = readdirSync("/proc/self/task").map(Number);
    console.log(JSON.stringify({ main: getPriority(process.pid), others: threads.filter((thread) => thread !== process.pid).map((thread) => getPriority(thread)) }));`;
  return JSON.parse(spawnSync(process.execPath, ["--input-type=module", "-e", script], { encoding: "utf8" }).stdout) as { main: number; others: number[] };
}

test("V8's threads step back, the main thread does not", { skip: linux }, () => {
  const before = nicenessAfter(""), { main, others } = nicenessAfter("othersStepBack(4)");
  assert.equal(main, before.main);
  assert.ok(others.length > 0);
  assert.ok(others.every((niceness) => niceness === Math.min(19, before.main + 4)), String(others));
});

test("a thread steps back alone", { skip: linux }, () => {
  const before = nicenessAfter(""), { main, others } = nicenessAfter("stepBack(2)");
  assert.equal(main, Math.min(19, before.main + 2));
  assert.deepEqual(others, before.others);
});
