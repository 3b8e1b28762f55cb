// The CPU of this host as one more engine: compiles host-cpu.c once and sends it cases by the thousand.

import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { closeSync, existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { NvlError } from "../../base/error.ts";
import { decodeOutcomes, encodeCases, type Case, type Outcome } from "../rows/case.ts";

const SOURCE = fileURLToPath(new URL("../../../src/conformance/host/host-cpu.c", import.meta.url));
const FLAGS = ["-O2", "-static", "-nostdlib", "-ffreestanding", "-fno-stack-protector", "-mgeneral-regs-only", "-fno-pie", "-no-pie",
  // where no case looks by accident
  "-Wl,-Ttext-segment=0x6b3a5000"];

export interface HostCpu {
  readonly model: string;
  run(cases: readonly Case[]): Outcome[];
}

/** @returns undefined where there is no x86-64 Linux with gcc */
export function openHostCpu(): HostCpu | undefined {
  if (process.platform !== "linux" || process.arch !== "x64" || !existsSync(SOURCE)) return undefined;
  const key = createHash("sha256").update(readFileSync(SOURCE)).update(FLAGS.join(" ")).digest("hex").slice(0, 16);
  const folder = path.join(tmpdir(), `nvl-host-cpu-${process.getuid!()}`), binary = path.join(folder, key);
  if (!existsSync(binary)) {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const made = `${binary}.${process.pid}`;
    const compiled = spawnSync("gcc", [...FLAGS, SOURCE, "-o", made], { stdio: ["ignore", "ignore", "inherit"] });
    if (compiled.error || compiled.status !== 0) return undefined;
    renameSync(made, binary);
  }
  // files, not pipes: two processes that share a processor would switch every 64 KiB
  const scratch = mkdtempSync(path.join(folder, "run-"));
  process.on("exit", () => rmSync(scratch, { recursive: true, force: true }));
  const run = (cases: readonly Case[]): Outcome[] => {
    const question = path.join(scratch, "cases"), reply = path.join(scratch, "outcomes");
    writeFileSync(question, encodeCases(cases));
    const input = openSync(question, "r"), output = openSync(reply, "w");
    try {
      const result = spawnSync(binary, { stdio: [input, output, "inherit"] });
      if (result.status !== 0) throw new NvlError("conformance/host-cpu", "the program that runs cases natively has failed", { context: { status: result.status, signal: result.signal }, cause: result.error });
    } finally {
      closeSync(input);
      closeSync(output);
    }
    return decodeOutcomes(cases, readFileSync(reply));
  };
  return { model: cpus()[0]?.model ?? "unknown", run };
}
