// A core without an engine, for tests: one vCPU, RAM from 0, a bus that answers all ones and writes down what it is asked.

import { CONSTANTS as C } from "../../hal/layout.ts";
import { createNodeMemory, createVnodeMemory, type NodeMemory, type Region, type VnodeMemory } from "../../hal/memory.ts";
import type { Bus } from "../../hal/vcpu.ts";
import { createCore, type Core } from "./index.ts";

export interface BareCore extends Core {
  readonly node: NodeMemory;
  readonly memory: VnodeMemory;
  /** what the bus was asked, such as "read 4 fee00000" */
  readonly log: string[];
  readonly bus: { -readonly [K in keyof Bus]: Bus[K] };
  clockNs: number;
  /** Takes the pending fault away. @returns its vector, -1 for none */
  takeFault(): number;
  /** Calls an export by name with numbers and bigints. */
  call(name: string, ...args: (number | bigint)[]): any;
}

/** @param ramBytes RAM from gpa 0; a page of other people's memory lies before and behind it in the node */
export function createBareCore(module: WebAssembly.Module, ramBytes: number, more: readonly Region[] = []): BareCore {
  const node = createNodeMemory(ramBytes + C.TLB_AREA_BYTES + 2 ** 21);
  node.allocate(4096, 4096, "neighbour");
  const memory = createVnodeMemory(node, [{ gpa: 0, bytes: ramBytes, host: node.allocate(ramBytes, 4096, "RAM"), kind: "ram" }, ...more]);
  node.allocate(4096, 4096, "neighbour");
  const log: string[] = [];
  const hex = (value: number) => (value >>> 0).toString(16);
  const bus: BareCore["bus"] = {
    pioRead: () => -1, pioWrite: () => {},
    mmioRead: (gpa, bytes) => { log.push(`read ${bytes} ${gpa.toString(16)}`); return -1; },
    mmioWrite: (gpa, bytes, value) => { log.push(`write ${bytes} ${gpa.toString(16)} ${hex(value)}`); },
    acknowledge: () => -1, msrRead: () => undefined, msrWrite: () => false, tprRead: () => 0, tprWrite: () => {},
  };
  const bare = { node, memory, log, bus, clockNs: 0 } as BareCore;
  const core = createCore(module, {
    node, memory, index: 0, entropy: () => 4, clock: { nowNs: () => bare.clockNs }, model: { tscHz: 2e9, apicTimerHz: 1e9, vcpuCount: 1, apicId: 0 },
    // through the object, so that a test can put another function there
    bus: Object.fromEntries(Object.keys(bus).map((name) => [name, (...args: never[]) => (bus as any)[name](...args)])) as unknown as Bus,
  });
  const takeFault = () => {
    const fault = Number(core.state.readField("fault"));
    core.state.writeField("fault", 0n);
    return fault & C.FAULT_PENDING ? fault & 0xff : -1;
  };
  const call = (name: string, ...args: (number | bigint)[]) => (core.functions[name] as (...args: (number | bigint)[]) => unknown)(...args);
  return Object.assign(bare, core, { takeFault, call });
}
