// Runs that must be the same: a boot of Debian with a script of programs, some of them on all vCPUs at once.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import path from "node:path";
import { hasApt, pullDebian, WITHOUT_APT } from "../host/nodejs/debian.ts";
import { findImage } from "../host/nodejs/images.ts";
import type { EngineName } from "../embed/protocol.ts";
import { runGuest } from "./guest.ts";

const image = findImage("debian") ?? (hasApt() ? await pullDebian(() => {}) : undefined);
export const skip = image ? false : WITHOUT_APT;

/** Work on every vCPU, whose pieces meet in pipes; what it prints depends on chance and time. */
const SCRIPT = `#!/bin/sh
nproc
for i in 1 2 3 4 5 6; do (head -c 100000 /dev/urandom | sha256sum; date +%s.%N; cat /proc/uptime) & done
wait
cat /proc/interrupts
cat /proc/sys/kernel/random/uuid
poweroff -f
`;
const TYPED = [{ atNs: 9e8, bytes: new TextEncoder().encode("echo typed while it boots\n") }];

/** @param initrds behind the image's own
 * @returns what two runs are compared by */
export async function deterministicRun(engine: EngineName, vcpus: number, { seed = 1, script = SCRIPT, initrds = [] as readonly string[] } = {}) {
  const { outcome, statistics, text } = await runGuest({
    kernel: path.join(image!.folder, image!.kernel), initrds: [...image!.initrds.map((name) => path.join(image!.folder, name)), ...initrds], commandLine: `${image!.commandLine} quiet`,
    files: { "/etc/nvl/run": script }, engine, vcpus, memoryMiB: 128, virtualTime: { seed, input: TYPED },
  });
  assert.deepEqual(outcome, { kind: "power-off" });
  assert.match(text, new RegExp(`^${vcpus}$`, "m"), "nproc");
  return { console: createHash("sha256").update(text).digest("hex"), fingerprint: statistics.fingerprint, instructions: statistics.instructions, race: /^RACE .*/m.exec(text)?.[0] };
}
