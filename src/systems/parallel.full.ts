// The long runs with several vCPUs: litmus tests a million times, more vCPUs than cores, stress-ng, hot-plug loops, 1,000 pauses.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import test, { after } from "node:test";
import { cpioArchive } from "../base/cpio.ts";
import { LITMUS, runLitmus } from "../conformance/parallel/litmus.ts";
import { LOCKED, runLocked } from "../conformance/parallel/locked.ts";
import { folderEntries, unpackedPackages } from "./packages.ts";
import { HASHES, HOTPLUG, parallelRun, skip } from "./parallel.ts";

const folder = mkdtempSync(path.join(os.tmpdir(), "nvl-parallel-"));
after(() => rmSync(folder, { recursive: true, force: true }));
const STRESS = ["stress-ng", "libc6", "libapparmor1", "libbsd0", "libmd0", "libcrypt1", "libegl1", "libgbm1", "libgles2", "libglvnd0", "libdrm2", "libexpat1", "libffi8", "libwayland-server0", "libipsec-mb1", "libjpeg62-turbo", "libjudydebian1", "libkmod2", "libmpfr6", "libgmp10", "libsctp1", "libxxhash0", "zlib1g", "libzstd1", "liblzma5", "libssl3", "libgcc-s1", "libstdc++6"];
/** Each on all vCPUs at once, with its own check of what it computed. */
const STRESSORS = ["cpu", "atomic", "cache", "context", "fork", "futex", "hsearch", "malloc", "membarrier", "mutex", "pipe", "pthread", "qsort", "sem", "spawn", "switch", "tlb-shootdown", "vm", "yield"];

for (const engine of ["interp", "jit"] as const) {
  for (const litmus of LITMUS) test(`${litmus.name} (${engine})`, async (t) => {
    // with more vCPUs than cores each turn waits for the host's scheduler: some minutes
    const seen = await runLitmus(engine, litmus, 1_000_000);
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
for (const vcpus of [2, 8]) test(`stress-ng on ${vcpus} vCPUs`, { skip, timeout: 900_000 }, async (t) => {
  const root = await unpackedPackages("stress", STRESS), archive = path.join(folder, "stress.cpio");
  writeFileSync(archive, cpioArchive([{ path: "/full", kind: "directory", mode: 0o755 }, ...folderEntries(root, "/full", /\/usr\/share\/|\/(gconv|audit)(\/|$)|\.a$/)]));
  const text = await parallelRun("jit", vcpus, `
for place in proc sys dev tmp; do mkdir -p /full/$place; mount --bind /$place /full/$place; done
${STRESSORS.map((name) => `/bin/busybox chroot /full /usr/bin/stress-ng --${name} ${vcpus} --verify --timeout 4 --temp-path /tmp && echo PASSED ${name} || echo FAILED ${name}`).join("\n")}
`, { initrds: [archive], memoryMiB: 768, limitSeconds: 900 });
  assert.deepEqual([...text.matchAll(/^PASSED (.*)$/gm)].map(([, name]) => name), STRESSORS, text);
  t.diagnostic(`${STRESSORS.length} stressors`);
});
test("hot-plug: 50 rounds on 4 vCPUs", { skip, timeout: 900_000 }, async () => {
  const text = await parallelRun("jit", 4, HOTPLUG(4, 50), { limitSeconds: 900 });
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
