// Ten runs each with 1, 2 and 4 vCPUs, in turns on both engines: a boot of Debian with processes on all vCPUs, and a program whose threads race; and a seed that is not the same.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import test, { after } from "node:test";
import { fileURLToPath } from "node:url";
import { cpioArchive } from "../base/cpio.ts";
import { deterministicRun, skip } from "./deterministic.ts";

const RUNS = 10;
const folder = mkdtempSync(path.join(os.tmpdir(), "nvl-deterministic-"));
after(() => rmSync(folder, { recursive: true, force: true }));

/** An archive with programs/race.c as /race, or undefined where gcc is missing. */
function race(): string | undefined {
  const source = fileURLToPath(new URL("../../src/systems/programs/race.c", import.meta.url)), program = path.join(folder, "race"), archive = path.join(folder, "race.cpio");
  if (spawnSync("gcc", ["-O1", "-static", "-pthread", "-o", program, source]).status !== 0) return undefined;
  writeFileSync(archive, cpioArchive([{ path: "/race", kind: "file", mode: 0o755, content: readFileSync(program) }]));
  return archive;
}
const archive = skip ? undefined : race();
const RACE = { script: "#!/bin/sh\nnproc\n/race\npoweroff -f\n", initrds: [archive ?? ""] };

for (const [what, options, skipped] of [["a boot, and processes on all vCPUs", {}, skip], ["threads that race", RACE, skip || (archive ? false : "no gcc here")]] as const)
  for (const vcpus of [1, 2, 4]) test(`${what}, ${vcpus} vCPUs: ${RUNS} runs are one`, { skip: skipped }, async (t) => {
    const first = await deterministicRun("interp", vcpus, options);
    t.diagnostic(`${first.fingerprint} ${first.race ?? ""}`);
    for (let run = 1; run < RUNS; run++) assert.deepEqual(await deterministicRun(run % 2 ? "jit" : "interp", vcpus, options), first, `run ${run}`);
  });

test("another seed is another run", { skip }, async () => {
  assert.notEqual((await deterministicRun("interp", 2, { seed: 1 })).fingerprint, (await deterministicRun("interp", 2, { seed: 2 })).fingerprint);
});
