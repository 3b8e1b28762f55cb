// Several vCPUs on threads of their own over one memory, without devices: what they do to each other is decided by their programs alone.

import { once } from "node:events";
import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import { VCPU_OVERHEAD_BYTES, type EngineName } from "../../embed/protocol.ts";
import { createNodeMemory, createVnodeMemory, type VnodeMemory } from "../../hal/memory.ts";
import { loadEngineModules } from "../../host/nodejs/modules.ts";
import { pcRegions } from "../../palacios/memory-map.ts";
import type { WorkerRun, WorkerStart } from "./worker.ts";

export const CODE = 0x20_0000, CODE_BYTES = 0x1000, BARRIER = 0x30_0000, DATA = 0x40_0000;

export interface Parallel {
  readonly memory: VnodeMemory;
  /** Runs one program per vCPU until all have halted. Registers at their beginning: RDI is DATA, RSI BARRIER, RCX `times`, RBP the number of programs. */
  run(programs: readonly (readonly number[])[], times: number): Promise<void>;
  close(): Promise<void>;
}

export async function createParallel(engine: EngineName, count: number, memoryBytes = 64 * 2 ** 20): Promise<Parallel> {
  const modules = await loadEngineModules(engine);
  const node = createNodeMemory(memoryBytes + VCPU_OVERHEAD_BYTES * count + 8 * 2 ** 20);
  const memory = createVnodeMemory(node, pcRegions(memoryBytes, node.allocate(memoryBytes, 4096, "RAM")));
  const next = async (worker: Worker): Promise<string> => (await once(worker, "message"))[0];
  const workers = await Promise.all(Array.from({ length: count }, async (_, index) => {
    const worker = new Worker(new URL("./worker.js", import.meta.url));
    const start = node.allocate(VCPU_OVERHEAD_BYTES, 4096, "vCPU"), ready = next(worker);
    worker.postMessage({
      engine, modules, wasm: node.wasm, range: { start, end: start + VCPU_OVERHEAD_BYTES }, table: memory.table, index, count, crowded: count > availableParallelism(),
    } satisfies WorkerStart);
    await ready;
    return worker;
  }));
  return {
    memory,
    run: async (programs, times) => {
      memory.clear(BARRIER, 4096);
      const ended = await Promise.all(programs.map((program, index) => {
        const rip = CODE + index * CODE_BYTES;
        memory.write(rip, Uint8Array.from(program));
        const done = next(workers[index]);
        workers[index].postMessage({ rip, registers: { rdi: DATA, rsi: BARRIER, rcx: times, rbp: programs.length } } satisfies WorkerRun);
        return done;
      }));
      for (const reason of ended) if (reason !== "hlt") throw new Error(`a vCPU ended by ${reason}`);
    },
    close: async () => { for (const worker of workers) await worker.terminate(); },
  };
}

const i32 = (value: number) => [value & 0xff, (value >> 8) & 0xff, (value >> 16) & 0xff, value >>> 24];
/** Waits until all programs have come here as often as this one. R10 counts; clobbers RAX. */
const MEET = [
  0x49, 0x01, 0xea, //             add r10, rbp
  0xf0, 0x48, 0xff, 0x06, //       lock inc qword [rsi]
  0x48, 0x8b, 0x06, //             mov rax, [rsi]
  0x4c, 0x39, 0xd0, //             cmp rax, r10
  0x73, 0x04, //                   jae on
  0xf3, 0x90, //                   pause
  0xeb, 0xf4, //                   jmp back to the load
];
/** A program that executes `body` as often as RCX says, RDI moving by `step`. `together`: all begin each turn at the same time, else only the first. */
export function repeated(body: readonly number[], step = 0, together = false): number[] {
  const turn = [...(together ? MEET : []), ...body, 0x48, 0x81, 0xc7, ...i32(step), /* add rdi, step */ 0x48, 0xff, 0xc9 /* dec rcx */];
  return [0x4d, 0x31, 0xd2 /* xor r10, r10 */, ...(together ? [] : MEET), ...turn, 0x0f, 0x85, ...i32(-(turn.length + 6)) /* jnz */, 0xf4 /* hlt */];
}
