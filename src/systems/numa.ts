// A virtual node with two NUMA zones of unlike size, the second one with two sockets.
import path from "node:path";
import { hasApt, pullDebian, WITHOUT_APT } from "../host/nodejs/debian.ts";
import { findImage } from "../host/nodejs/images.ts";
import type { EngineName } from "../embed/protocol.ts";
import { runGuest, type GuestEnd, type GuestRun } from "./guest.ts";

const image = findImage("debian") ?? (hasApt() ? await pullDebian(() => {}) : undefined);
export const skip = image ? false : WITHOUT_APT;

export const ZONES = [
  { zone: 0, cores: [0, 1, 2], sockets: 1, memoryBytes: 192 * 2 ** 20, distances: [10, 21] },
  { zone: 1, cores: [3, 4], sockets: 2, memoryBytes: 128 * 2 ** 20, distances: [31, 10] },
];

/** Runs a script as /etc/nvl/run. */
export const numaRun = (engine: EngineName, script: string, { initrds = [], ...more }: Partial<GuestRun> = {}): Promise<GuestEnd> => runGuest({
  kernel: path.join(image!.folder, image!.kernel), initrds: [...image!.initrds.map((name) => path.join(image!.folder, name)), ...initrds], commandLine: `${image!.commandLine} quiet`,
  files: { "/etc/nvl/run": `#!/bin/sh\n${script}\npoweroff -f\n` }, zones: ZONES, engine, ...more,
});
