// What tests of the JIT share: a machine that executes a few instructions.

import { readFileSync } from "node:fs";
import { ATTRIBUTES, createNodeMemory, createVnodeMemory, type Bus } from "../../hal/index.ts";
import { createJitCounters } from "./counters.ts";
import { createJit } from "./index.ts";

const wasm = (path: string) => new WebAssembly.Module(readFileSync(new URL(path, import.meta.url)));
const modules = { core: wasm("../core/core.wasm"), interp: wasm("interp.wasm") };
const RAM = 1 << 20;
export const CODE = 0x8000, DATA = 0x40000;

/** A vCPU in 64-bit mode with 1 GiB mapped to itself, about to execute `code`. */
export function machine(code: readonly number[], threshold: number, codeCacheBytes?: number, below = 0, acknowledge = () => -1) {
  const counters = createJitCounters();
  const traced: Uint8Array[] = [];
  const node = createNodeMemory((96 << 20) + below);
  if (below > 0) node.allocate(below, 4096, "of others");
  const host = node.allocate(RAM, 4096, "RAM");
  const memory = createVnodeMemory(node, [{ gpa: 0, bytes: RAM, host, kind: "ram" }]);
  const bus: Bus = { pioRead: () => 0, pioWrite: () => {}, mmioRead: () => 0, mmioWrite: () => {}, acknowledge: () => acknowledge(), msrRead: () => undefined, msrWrite: () => false, tprRead: () => 0, tprWrite: () => {} };
  const vcpu = createJit(modules, { threshold, counters, codeCacheBytes, trace: (bytes) => { traced.push(bytes); } })
    .createVcpu({ node, memory, index: 0, bus, clock: { nowNs: () => 0 }, entropy: () => 4, model: { tscHz: 1e9, apicTimerHz: 1e9, vcpuCount: 1, apicId: 0 } });
  const { state } = vcpu;
  vcpu.reset();
  node.view.setBigUint64(host + 0x1000, 0x2003n, true);
  node.view.setBigUint64(host + 0x2000, 0x83n, true);
  memory.write(CODE, Uint8Array.from(code));
  state.write("cr3", 0x1000n);
  state.write("cr4", 0x20n);
  state.write("efer", 0xd00n);
  state.write("cr0", 0x8000_0011n);
  state.writeSegment("cs", { selector: 8, base: 0n, limit: 0xffff_ffff, attributes: ATTRIBUTES.code64 });
  for (const name of ["ss", "ds", "es"] as const) state.writeSegment(name, { selector: 16, base: 0n, limit: 0xffff_ffff, attributes: ATTRIBUTES.data32 });
  state.write("rflags", 2n);
  state.write("rsp", 0x50000n);
  state.write("rip", BigInt(CODE));
  const get = (register: number) => state.readField("gpr", register);
  return { vcpu, memory, counters, traced, get };
}
