// One of a Kitten's cores: its vCPU, and for all but the first the loop of its thread. It executes the task that it is given and hands everything but a change of cores to the control
// thread (task/cores.ts): the registers are in shared memory, so what goes over is one word.

import { CONSTANTS as C, OFFSET } from "../hal/layout.ts";
import { exitCode } from "../hal/exit.ts";
import { openVnodeMemory, type NodeMemory, type VnodeMemory } from "../hal/memory.ts";
import type { Bus, Engine, GuestClock, Vcpu } from "../hal/vcpu.ts";
import { CORE, type Cores } from "./task/cores.ts";
import { createMover } from "./task/migrate.ts";
import { prepareVcpu } from "./task/registers.ts";

export const TSC_HZ = 1_000_000_000;
const APIC_TIMER_HZ = 100_000_000;
/** A turn of a task that shares its core, and the instructions between two looks at whether it is over. */
export const SHARED_TURN_NS = 5e6, TURN_INSTRUCTIONS = 500_000;
/** The same where nobody else wants the core and nothing is to happen at a moment: long, so that nothing disturbs the program. Whoever wants something of it kicks. */
export const ALONE_TURN_NS = 5e7, ALONE_INSTRUCTIONS = 8_000_000;
/** PAUSEs after which a task that spins is thought to wait for one that shares its core; 0: it is alone. */
export const PATIENCE = 32n;
/** Looks at its state before a core with nothing to do sleeps, and how long one sleeps whose task spins where the host has fewer cores. */
export const SPINS = 2_000;
const CROWDED_MS = 0.05;

const ONES = (bytes: number) => 2 ** (8 * bytes) - 1;
/** There are no devices on a Kitten's cores. */
const NO_BUS: Bus = {
  pioRead: (_, bytes) => ONES(bytes), pioWrite: () => {}, mmioRead: (_, bytes) => ONES(bytes), mmioWrite: () => {}, acknowledge: () => -1,
  msrRead: () => undefined, msrWrite: () => false, tprRead: () => 0, tprWrite: () => {},
};

export interface VcpuParts { node: NodeMemory; engine: Engine; clock: GuestClock; fillRandom(into: Uint8Array): void; index: number; count: number }

/** The vCPU of a core, ready for hosted programs. @returns it and the address of its table of answers */
export function createCoreVcpu({ node, engine, clock, fillRandom, index, count }: VcpuParts, memory: VnodeMemory): { vcpu: Vcpu; answers: number } {
  const vcpu = engine.createVcpu({
    node, memory, index, bus: NO_BUS, clock, parallel: count > 1, entropy: () => {
      const bytes = new Uint8Array(4);
      fillRandom(bytes);
      return new DataView(bytes.buffer).getUint32(0);
    },
    model: { tscHz: TSC_HZ, apicTimerHz: APIC_TIMER_HZ, vcpuCount: count, apicId: index },
  });
  vcpu.reset();
  prepareVcpu(vcpu.state);
  vcpu.state.writeField("activity", BigInt(C.ACTIVITY_RUNNING));
  vcpu.state.writeField("tscAux", BigInt(index));
  const answers = node.allocate(C.ANSWER_COUNT * C.ANSWER_BYTES, 64, "answers");
  vcpu.state.writeField("answers", BigInt(answers));
  return { vcpu, answers };
}

/** Runs a core that is not the first on the calling thread, until the control thread says that it ends. */
export function runCore(parts: VcpuParts, cores: Cores): void {
  const { node, clock, index } = parts, memory = openVnodeMemory(node, cores.table()), { vcpu, answers } = createCoreVcpu(parts, memory);
  const { address } = vcpu.state, words = new Int32Array(node.wasm.buffer), pauses = (address + OFFSET.pauses) / 4;
  const move = createMover(node, memory, cores, index);
  const flush = () => vcpu.invalidateTlb();
  cores.come(index, address, answers);
  while (cores.await(index, SPINS) === CORE.runs) {
    let sinceNs = 0; // begin of the turn of a task that shares the core, 0: it does not
    for (;;) {
      cores.flushWanted(index, flush);
      const shared = cores.queued(index) > 0;
      words[pauses] = shared || cores.crowded ? Number(PATIENCE) : 0;
      if (!shared) sinceNs = 0;
      else if (sinceNs === 0) sinceNs = clock.nowNs();
      const { reason } = vcpu.run(shared ? TURN_INSTRUCTIONS : ALONE_INSTRUCTIONS, "whole blocks");
      if (reason === "syscall") {
        if (move(address)) {
          if (cores.queued(index) > 0 && cores.turn(index, CORE.free, CORE.taken)) cores.ask(index, 0);
          break;
        }
      } else if (reason === "budget" || reason === "kick" || reason === "pause") {
        if (!cores.recalled(index)) {
          if (reason === "pause" && !shared) cores.pause(index, CROWDED_MS);
          if (!shared || (reason !== "pause" && clock.nowNs() - sinceNs < SHARED_TURN_NS)) continue;
        }
      }
      cores.ask(index, exitCode(reason));
      break;
    }
  }
}
