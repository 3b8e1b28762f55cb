// Debian on several vCPUs with threads of their own.
import assert from "node:assert/strict";
import path from "node:path";
import { hasApt, pullDebian, WITHOUT_APT } from "../host/nodejs/debian.ts";
import { findImage } from "../host/nodejs/images.ts";
import type { EngineName } from "../embed/protocol.ts";
import { runGuest, type GuestRun } from "./guest.ts";

const image = findImage("debian") ?? (hasApt() ? await pullDebian(() => {}) : undefined);
export const skip = image ? false : WITHOUT_APT;

/** Runs a script as /etc/nvl/run until it powers off. @returns what it said behind its first line */
export async function parallelRun(engine: EngineName, vcpus: number, script: string, { ends = "power-off", initrds = [], ...more }: Partial<GuestRun> & { ends?: string } = {}): Promise<string> {
  const { outcome, text } = await runGuest({
    kernel: path.join(image!.folder, image!.kernel), initrds: [...image!.initrds.map((name) => path.join(image!.folder, name)), ...initrds], commandLine: `${image!.commandLine} quiet`,
    files: { "/etc/nvl/run": `#!/bin/sh\necho BEGIN of $(nproc)\n${script}\npoweroff -f\n` }, engine, vcpus, ...more,
  });
  assert.equal(outcome.kind, ends, text.slice(-2000));
  assert.match(text, new RegExp(`^BEGIN of ${vcpus}$`, "m"));
  assert.doesNotMatch(text, /BUG|WARNING|soft lockup|rcu.*stall|unstable/, "what the kernel says");
  return text.slice(text.indexOf("BEGIN of"));
}

/** Hashes on all vCPUs at once, through pipes. */
export const HASHES = (jobs: number, bytes: number) => `
for i in $(seq ${jobs}); do (head -c ${bytes} /dev/zero | sha256sum > /tmp/h$i) & done
wait
cat /tmp/h* | sort | uniq -c
`;
/** Takes vCPUs away and brings them back while others work. */
export const HOTPLUG = (vcpus: number, times: number) => `
mount -t sysfs sys /sys 2>/dev/null
(while :; do head -c 100000 /dev/zero | md5sum > /dev/null; done) &
for turn in $(seq ${times}); do
  for cpu in $(seq ${vcpus - 1}); do echo 0 > /sys/devices/system/cpu/cpu$cpu/online || echo FAILED; done
  [ $(nproc) = 1 ] || echo WRONG $(nproc)
  for cpu in $(seq ${vcpus - 1}); do echo 1 > /sys/devices/system/cpu/cpu$cpu/online || echo FAILED; done
  [ $(nproc) = ${vcpus} ] || echo WRONG $(nproc)
done
echo HOTPLUG done
`;
