// Every system call with arguments that nobody sane would give: nothing throws, nothing takes long, and no memory is lost.

import assert from "node:assert/strict";
import process_ from "node:process";
import test from "node:test";
import { AF, SOCK } from "../../abi/linux/sockets.ts";
import { openEngines } from "../../conformance/engines.ts";
import { createRandom } from "../../conformance/random.ts";
import { copyOut } from "../memory/user.ts";
import { exitProcess } from "../task/exit.ts";
import { leaveWait, makeReady, retryWaits, switchTo } from "../task/schedule.ts";
import type { Task } from "../task/task.ts";
import { createTestKitten, CODE_AT } from "../testing.ts";
import type { ArgumentKind, Call } from "./call.ts";
import { systemCall } from "./dispatch.ts";
import { CALLS } from "./table.ts";

const ROUNDS = Number(process.env.NVL_FUZZ_ROUNDS ?? 30), STEPS = 150;
/** A call that takes longer does more than it was asked for. */
const MOST_MS = 3000;
const ARGUMENTS = [14, 12, 4, 20, 16, 18]; // RDI RSI RDX R10 R8 R9, in words from RAX
const DATA = CODE_AT + 0x2000, SCRATCH = DATA + 0x1000, END = CODE_AT + 0x11000;
const PATHS = ["/program", "/dev/null", "/dev/zero", "/", "x", "/x/y", "/proc/self/maps", "/proc/self/fd/0", "", "..", "/dev/random", "y", "d/e", "d", "/proc/self", "/proc/2/stat", "/dev/ptmx", "/dev/pts/0", "/dev/tty", "/dev/shm/x"];
const NUMBERS = [0, 1, 2, 3, 4, 7, 8, 16, 24, 64, 255, 4095, 4096, 4097, 65535, 2 ** 20, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 47 - 4096, 2 ** 47, 2 ** 53, -1, -2, -22, -100, -4096, -(2 ** 31), -(2 ** 63)];
const ADDRESSES = [...PATHS.map((_, index) => DATA + 64 * index), SCRATCH, SCRATCH + 64, SCRATCH + 4, CODE_AT, END - 8, END - 3, 0x7fff_ffff_e000, 0x7fff_ffff_effc, 0x7fff_f000_0000, 8];
const CALL = new Map<string, Call>(CALLS.map((call) => [call.name, call]));

const SEEDS = (process.env.NVL_FUZZ_SEEDS ?? "1,2,3").split(",").map(Number);
for (const seed of SEEDS) test(`system calls with random arguments, seed ${seed}`, () => {
  const [engine] = openEngines(["interp"]), random = createRandom(seed, "system calls"), { below, chance, pick } = random;
  const slow: string[] = [], succeeded = new Set<string>();
  for (let round = 0; round < ROUNDS; round++) {
    const { k, process, time } = createTestKitten(engine, [0xf4], random.u32, 16 * 2 ** 20), [core] = k.cores;
    const perform = (task: Task, { number, name }: Call, values: readonly number[]) => {
      leaveWait(k, task);
      core.queue.splice(0, core.queue.length, ...core.queue.filter((each) => each !== task));
      switchTo(k, core, task);
      k.words[core.gpr] = number;
      k.words[core.gpr + 1] = 0;
      values.forEach((value, index) => {
        k.words[core.gpr + ARGUMENTS[index]] = value % 2 ** 32;
        k.words[core.gpr + ARGUMENTS[index] + 1] = Math.floor(value / 2 ** 32);
      });
      const begin = process_.cpuUsage();
      systemCall(k, core, task);
      const { user, system } = process_.cpuUsage(begin), took = (user + system) / 1000; // of this process: others may have the host meanwhile
      if (took > MOST_MS) slow.push(`${name}(${values.join(", ")}) took ${took.toFixed(0)} ms`);
      if (task.state !== "running" || k.words[core.gpr] >= 0 || k.words[core.gpr] < -4095) succeeded.add(name);
      if (task.state === "running") makeReady(k, task);
    };
    PATHS.forEach((text, index) => copyOut(process.aspace, DATA + 64 * index, new TextEncoder().encode(`${text}\0`)));
    const prepare: [string, number[]][] = [["openat", [-100, DATA + 256, 0o102, 0o644]], ["openat", [-100, DATA, 0, 0]], ["openat", [-100, DATA + 192, 0, 0]], ["mkdirat", [-100, DATA + 64 * 13, 0o755]], ["pipe2", [SCRATCH, 0o4000]],
      ["socketpair", [AF.unix, SOCK.stream | SOCK.nonblock, 0, SCRATCH]], ["socket", [AF.inet, SOCK.stream, 0]], ["eventfd2", [1, 0]], ["epoll_create1", [0]], ["timerfd_create", [1, 0]], ["memfd_create", [DATA, 0]], ["openat", [-100, DATA + 64 * 16, 0o4002, 0]], ["openat", [-100, DATA + 64 * 17, 0o4002, 0]], ["fork", []]];
    for (const [name, values] of prepare) perform([...process.tasks][0], CALL.get(name)!, values);

    const value = (kind: ArgumentKind | undefined): number => {
      if (chance(6)) return random.u32() * 2 ** 16;
      switch (chance(10) ? undefined : kind) {
        case "fd": return chance(85) ? below(18) : pick([-1, -100, 1000, 2 ** 31 - 1]);
        case "ptr":
        case "str": return chance(80) ? pick(ADDRESSES) : pick(NUMBERS);
        case "sig": return below(66);
        case "size": return chance(60) ? pick([8, 16, 24, 32, 4096]) : pick(NUMBERS);
        case "flags": return chance(50) ? 0 : chance(50) ? 1 << below(32) >>> 0 : pick(NUMBERS);
        default: return chance(60) ? below(8) : pick(NUMBERS);
      }
    };
    for (let step = 0; step < STEPS; step++) {
      const tasks = [...k.tasks.values()].filter(({ state }) => state !== "dead" && state !== "stopped");
      if (tasks.length === 0) break;
      const task = pick(tasks), call = pick(CALLS);
      if (["exit", "exit_group", "execve", "execveat", "kill", "munmap"].includes(call.name) && chance(80)) continue;
      if (chance(30)) for (let at = SCRATCH; at < SCRATCH + 128; at += 8) copyOut(task.process.aspace, at, new Uint8Array(new BigInt64Array([BigInt(chance(70) ? below(16) : pick(chance(50) ? NUMBERS : ADDRESSES))]).buffer));
      perform(task, call, Array.from({ length: 6 }, (_, index) => value(call.args[index])));
      time.nowNs += 1e6;
      k.deadlines.fire(time.nowNs);
      retryWaits(k);
    }
    for (const each of [...k.processes.values()]) if (each.status === undefined) exitProcess(k, each, 0);
    k.pmem.reclaim();
    assert.deepEqual(k.pmem.regions().filter(({ type }) => type === "program" || type === "tables"), [], `frames that nobody gave back, round ${round}`);
  }
  assert.deepEqual(slow, []);
  // else the arguments are too wild to get anywhere
  assert.ok(succeeded.size > CALLS.length / 2, `only ${succeeded.size} of ${CALLS.length} calls ever succeeded`);
});
