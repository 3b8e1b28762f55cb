// The long runs with several vCPUs: litmus tests a million times, more vCPUs than cores, hot-plug loops, 1,000 pauses.
import assert from "node:assert/strict";
import test from "node:test";
import { LITMUS, runLitmus } from "../conformance/parallel/litmus.ts";
import { LOCKED, runLocked } from "../conformance/parallel/locked.ts";
import { HASHES, HOTPLUG, parallelRun, skip } from "./parallel.ts";

for (const engine of ["interp", "jit"] as const) {
  for (const litmus of LITMUS) test(`${litmus.name} (${engine})`, async (t) => {
    // with more vCPUs than cores each turn waits for the host's scheduler
    const seen = await runLitmus(engine, litmus, litmus.programs.length > 2 ? 20_000 : 1_000_000);
    t.diagnostic([...seen].map(([outcome, count]) => `${outcome}: ${count}`).join("; "));
  });
  for (const locked of LOCKED) test(`${locked.name} (${engine})`, () => runLocked(engine, locked, 10_000_000));
}
for (const engine of ["interp", "jit"] as const) for (const vcpus of [2, 4, 8]) test(`Debian with ${vcpus} vCPUs (${engine})`, { skip, timeout: 900_000 }, async () => {
  const text = await parallelRun(engine, vcpus, HASHES(3 * vcpus, 1_000_000) + HOTPLUG(vcpus, 3), { limitSeconds: 900 });
  assert.match(text, new RegExp(`^ +${3 * vcpus} [0-9a-f]{64} `, "m"));
  assert.match(text, /HOTPLUG done/);
  assert.doesNotMatch(text, /FAILED|WRONG/);
});
test("four vCPUs restart together", { skip, timeout: 300_000 }, async () => {
  const text = await parallelRun("jit", 4, "echo UP\nexec reboot -f", { until: /UP[^]*UP/, ends: "stopped" });
  assert.match(text, /UP[^]*UP/);
});
test("1,000 pauses under load", { skip, timeout: 900_000 }, async () => {
  const text = await parallelRun("jit", 2, HASHES(400, 3_000_000), { pauses: 1000, limitSeconds: 900 });
  assert.match(text, /^ +400 [0-9a-f]{64} /m);
});
