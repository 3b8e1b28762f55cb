// Programs on the CPU of this host: compiles host-program.c once and sends it programs by the dozen.

import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { NvlError } from "../../base/error.ts";
import { CODE_BYTES, DATA_BYTES, MOST_FAULTS, MOST_MARKS, SWAP_BYTES, type Program, type ProgramOutcome } from "./program.ts";

const SOURCE = fileURLToPath(new URL("../../../src/conformance/host/host-program.c", import.meta.url));
const FX_BYTES = 512, MEMORY_BYTES = CODE_BYTES + DATA_BYTES + SWAP_BYTES;
const REQUEST_BYTES = 17 * 8 + 4 * 4 + 4 * MOST_MARKS + 256 + MEMORY_BYTES, ANSWER_BYTES = 19 * 8 + 32 * MOST_FAULTS + FX_BYTES + MEMORY_BYTES;

function encode({ gpr, rflags, mxcsr, fcw, marks, xmm, code, data, swap }: Program): Uint8Array {
  const out = new DataView(new ArrayBuffer(REQUEST_BYTES)), bytes = new Uint8Array(out.buffer);
  gpr.forEach((value, index) => out.setBigUint64(8 * index, value, true));
  out.setBigUint64(128, rflags, true);
  [mxcsr, fcw, marks.length, 0, ...marks].forEach((value, index) => out.setUint32(136 + 4 * index, value, true));
  let at = 136 + 16 + 4 * MOST_MARKS;
  xmm.forEach((value, index) => out.setBigUint64(at + 8 * index, value, true));
  at += 256;
  for (const piece of [code, data, swap]) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
}

function decode(bytes: Uint8Array): ProgramOutcome {
  const view = new DataView(bytes.buffer, bytes.byteOffset, ANSWER_BYTES), u64 = (at: number) => view.getBigUint64(at, true);
  const fx = 19 * 8 + 32 * MOST_FAULTS, memory = fx + FX_BYTES, fsw = view.getUint16(fx + 2, true), ftw = view.getUint8(fx + 4), top = fsw >> 11 & 7;
  const hex = (at: number, count: number) => [...bytes.subarray(at, at + count)].reverse().map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return {
    end: view.getBigInt64(0, true), late: false, faults: Array.from({ length: Number(u64(8)) }, (_, index) => {
      const at = 19 * 8 + 32 * index;
      return { vector: Number(u64(at)), rip: u64(at + 8), errorCode: Number(u64(at + 16)), cr2: u64(at + 24) };
    }),
    gpr: Array.from({ length: 16 }, (_, index) => u64(16 + 8 * index)), rflags: u64(144), mxcsr: view.getUint32(fx + 24, true), fcw: view.getUint16(fx, true), fsw, ftw,
    st: Array.from({ length: 8 }, (_, index) => ftw >> (top + index & 7) & 1 ? hex(fx + 32 + 16 * index, 10) : "empty"),
    xmm: Array.from({ length: 16 }, (_, index) => hex(fx + 160 + 16 * index, 16)),
    code: bytes.slice(memory, memory + CODE_BYTES), data: bytes.slice(memory + CODE_BYTES, memory + CODE_BYTES + DATA_BYTES), swap: bytes.slice(memory + CODE_BYTES + DATA_BYTES, memory + MEMORY_BYTES),
  };
}

/** @returns undefined where there is no x86-64 Linux with gcc */
export function openHostPrograms(): ((programs: readonly Program[]) => ProgramOutcome[]) | undefined {
  if (process.platform !== "linux" || process.arch !== "x64" || !existsSync(SOURCE)) return undefined;
  const key = createHash("sha256").update(readFileSync(SOURCE)).digest("hex").slice(0, 16);
  const folder = path.join(tmpdir(), `nvl-host-cpu-${process.getuid!()}`), binary = path.join(folder, `program-${key}`);
  if (!existsSync(binary)) {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const draft = `${binary}.${process.pid}`, compiled = spawnSync("gcc", ["-O2", "-static", SOURCE, "-o", draft], { stdio: ["ignore", "ignore", "inherit"] });
    if (compiled.error || compiled.status !== 0) return undefined;
    renameSync(draft, binary);
  }
  return (programs) => {
    const { stdout, status, signal, error } = spawnSync(binary, { input: Buffer.concat(programs.map(encode)), maxBuffer: ANSWER_BYTES * programs.length + 4096 });
    if (status !== 0 || stdout.length !== ANSWER_BYTES * programs.length) throw new NvlError("conformance/host-program", "the program that runs programs natively has failed", { context: { status, signal, answered: stdout.length / ANSWER_BYTES }, cause: error });
    return programs.map((_, index) => decode(Uint8Array.from(stdout.subarray(index * ANSWER_BYTES, (index + 1) * ANSWER_BYTES))));
  };
}
