// A bare machine for programs that embed NVL: memory, one vCPU, and no devices but those that its owner provides.

import { randomBytes } from "node:crypto";
import { LAPIC_TIMER_HZ } from "../abi/pc.ts";
import { createNodeMemory, createVnodeMemory, type VnodeMemory } from "../hal/memory.ts";
import type { Bus, Vcpu } from "../hal/vcpu.ts";
import { loadEngineModules } from "../host/nodejs/modules.ts";
import { enter } from "../palacios/boot/entry.ts";
import type { Entry } from "../palacios/boot/image.ts";
import { pcRegions } from "../palacios/memory-map.ts";
import { TSC_HZ } from "../palacios/vm.ts";
import { createEngine } from "./engine.ts";
import { DEFAULT_ENGINE, VCPU_OVERHEAD_BYTES, type EngineName } from "./protocol.ts";

export interface MachineOptions {
  engine?: EngineName;
  /** RAM in bytes, whole pages, at least 1 MiB (the default is 16 MiB); mapped as in a PC, with a hole at 0xa0000. */
  memoryBytes?: number;
  /** What answers ports, memory-mapped registers and interrupts. What is left out answers as an empty machine does. */
  bus?: Partial<Bus>;
}

export interface Machine {
  readonly memory: VnodeMemory;
  readonly vcpu: Vcpu;
  /** Puts the vCPU into a mode with flat segments, at `rip`: `long` has the first 4 GiB identity-mapped. */
  start(mode: Entry["mode"], rip: number, registers?: Entry["registers"]): void;
}

const allOnes = (bytes: number) => 2 ** (8 * bytes) - 1;
const EMPTY_BUS: Bus = {
  pioRead: (_, bytes) => allOnes(bytes), pioWrite: () => {}, mmioRead: (_, bytes) => allOnes(bytes), mmioWrite: () => {},
  acknowledge: () => -1, msrRead: () => undefined, msrWrite: () => false, tprRead: () => 0, tprWrite: () => {},
};

/** Creates a machine on the calling thread. Nothing runs until `vcpu.run`.
 * @throws host/module when NVL is not built; node/out-of-memory; palacios/memory-size */
export async function createMachine({ engine = DEFAULT_ENGINE, memoryBytes = 16 * 2 ** 20, bus = {} }: MachineOptions = {}): Promise<Machine> {
  const modules = await loadEngineModules(engine);
  const node = createNodeMemory(memoryBytes + VCPU_OVERHEAD_BYTES);
  const memory = createVnodeMemory(node, pcRegions(memoryBytes, node.allocate(memoryBytes, 4096, "RAM")));
  const startedMs = performance.now();
  const vcpu = (await createEngine(engine, modules)).createVcpu({
    node, memory, index: 0, bus: { ...EMPTY_BUS, ...bus }, clock: { nowNs: () => (performance.now() - startedMs) * 1e6 },
    entropy: () => randomBytes(4).readUInt32LE(), model: { tscHz: TSC_HZ, apicTimerHz: LAPIC_TIMER_HZ, vcpuCount: 1, apicId: 0 },
  });
  vcpu.reset();
  const start: Machine["start"] = (mode, rip, registers = {}) => {
    vcpu.reset();
    enter(vcpu.state, memory, { mode, rip, registers });
  };
  return { memory, vcpu, start };
}
