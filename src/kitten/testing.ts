// A Kitten without a host, for tests: files in memory, counted time, seeded chance.

import { ET_EXEC, EM_X86_64, PF_R, PF_W, PF_X, PT_LOAD } from "../abi/elf.ts";
import { S } from "../abi/linux/files.ts";
import type { Engine } from "../hal/vcpu.ts";
import { createNodeMemory } from "../hal/memory.ts";
import { memoryDevice } from "./file/devices.ts";
import type { OpenFile } from "./file/inode.ts";
import { createMemoryFs } from "./file/memory-fs.ts";
import { mountOwn } from "./file/own.ts";
import { createFifo } from "./file/pipe.ts";
import { createKitten, type Kitten } from "./kitten.ts";
import { startProgram } from "./task/create.ts";
import type { Process } from "./task/task.ts";

export const CODE_AT = 0x400000;

/** A static program: one segment with this code, and zeros behind it. */
export function tinyProgram(code: readonly number[], moreBytes = 0x10000): Uint8Array {
  const at = 0x1000, out = new Uint8Array(at + code.length), view = new DataView(out.buffer), u64 = (offset: number, value: number) => view.setBigUint64(offset, BigInt(value), true);
  out.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  [ET_EXEC, EM_X86_64].forEach((value, index) => view.setUint16(16 + 2 * index, value, true));
  u64(24, CODE_AT);
  u64(32, 64);
  [64, 56, 1].forEach((value, index) => view.setUint16(52 + 2 * index, value, true));
  view.setUint32(64, PT_LOAD, true);
  view.setUint32(68, PF_R | PF_W | PF_X, true);
  [at, CODE_AT, CODE_AT, code.length, code.length + moreBytes, 0x1000].forEach((value, index) => u64(72 + 8 * index, value));
  out.set(code, at);
  return out;
}

export interface TestKitten { k: Kitten; process: Process; time: { nowNs: number }; chance(): number }

/** @param chance random 32-bit numbers */
export function createTestKitten(engine: Engine, code: readonly number[], chance: () => number, memoryBytes = 64 * 2 ** 20, descriptors: readonly OpenFile[] = []): TestKitten {
  const time = { nowNs: 0 }, nowMs = () => time.nowNs / 1e6, owner = { uid: 0, gid: 0 };
  const fillRandom = (into: Uint8Array) => { for (let index = 0; index < into.length; index++) into[index] = chance(); };
  const root = createMemoryFs({ dev: 1, nowMs, budget: { left: 16 * 2 ** 20 }, special: (mode, rdev, stat) => (mode & S.format) === S.fifo ? createFifo(stat) : memoryDevice(rdev, stat, fillRandom) });
  const k = createKitten({ node: createNodeMemory(memoryBytes + 96 * 2 ** 20), engine, memoryBytes, cores: 1, clock: { nowNs: () => time.nowNs }, startEpochMs: 1e12, fillRandom, uid: 0, gid: 0, hostname: "test", root });
  for (const name of ["dev", "proc", "sys"]) root.make!(name, { ...owner, mode: S.directory | 0o755 });
  mountOwn(k);
  const program = root.make!("program", { ...owner, mode: S.file | 0o755 });
  if (typeof program === "object") program.write!(0, tinyProgram(code));
  const process = startProgram(k, { path: "/program", argv: ["program"], environment: [], cwd: "/", descriptors });
  if (typeof process === "number") throw new RangeError(`the test's program does not start: ${process}`);
  return { k, process, time, chance };
}
