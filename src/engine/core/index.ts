// engine/core as an engine sees it: one instance of core.wasm per vCPU, wired to the vCPU's bus, clock and chance.
// The exports are AssemblyScript functions (assembly/index.ts); i64 is bigint here, so engines link Wasm to Wasm where it matters.

import { CONSTANTS as C, OFFSET, VCPU_STATE_BYTES } from "../../hal/layout.ts";
import { openVcpuState, type VcpuState } from "../../hal/state.ts";
import type { VcpuSetup } from "../../hal/vcpu.ts";
import { traceCore } from "./trace.ts";

/** The exports that TypeScript calls by name. Helpers of instructions are in `isa/helpers.ts`. */
export interface CoreExports {
  attach(address: number): void;
  /** Registers after power-on. */
  reset(): void;
  /** On entry to run(): what was written between runs takes effect. */
  enter(): void;
  /** Recomputes mode, tlb, fpuTrap. */
  sync(): void;
  /** On a border between instructions: @returns an EXIT code, or EXIT_NONE to go on at RIP. */
  attend(): number;
  /** Delivers the pending fault; RIP is that of the abandoned instruction. */
  deliver(): void;
  /** Begins an application processor that waits for SIPI. */
  startup(vector: number): void;
  /** Host address of the instruction byte at a linear address; 0: a fault is pending. */
  fetch(linear: bigint): number;
  load8(linear: bigint): bigint;
  load16(linear: bigint): bigint;
  load32(linear: bigint): bigint;
  load64(linear: bigint): bigint;
  store8(linear: bigint, value: bigint): void;
  store16(linear: bigint, value: bigint): void;
  store32(linear: bigint, value: bigint): void;
  store64(linear: bigint, value: bigint): void;
  loadVector(linear: bigint, slot: number): void;
  storeVector(linear: bigint, slot: number): void;
  probeRead(linear: bigint, bytes: number): number;
  probeWrite(linear: bigint, bytes: number): number;
  /** Stores to this host page take the slow path from now on. */
  watchPage(host: number): void;
  /** Host address of a guest-physical one, 0 outside of RAM and ROM. */
  hostAddress(gpa: bigint): number;
  readFlags(): bigint;
  writeFlags(value: bigint, mask: bigint): void;
  /** INIT, SIPI. */
  initialize(): void;
  startup(vector: number): void;
  flush(): void;
  /** `run` is about to leave before the instruction at RIP, which has a breakpoint: what the border did for it is undone. */
  stopAtBreakpoint(): void;
  flushNonGlobal(): void;
  invalidate(linear: bigint): void;
}

export interface Core {
  readonly address: number;
  readonly state: VcpuState;
  readonly exports: CoreExports;
  /** The same object as `exports`, for linking helpers by name. */
  readonly functions: Record<string, unknown>;
  reset(): void;
}

/** Instantiates core.wasm for one vCPU and resets it.
 * @param stateAddress where the vCPU's state lies, VCPU_STATE_BYTES zeroed bytes; taken from the node when left out */
export function createCore(module: WebAssembly.Module, setup: VcpuSetup, stateAddress?: number): Core {
  const { node, memory, clock, model } = setup;
  const address = stateAddress ?? node.allocate(VCPU_STATE_BYTES, 64, "vCPU state");
  const state = openVcpuState(node.view, address);
  const traced = setup.trace && traceCore(setup.trace, setup.index, node.view, state, setup.bus), bus = traced?.bus ?? setup.bus;
  const refuse = () => {
    state.writeField("fault", BigInt(C.FAULT_PENDING | 13));
    state.writeField("faultCode", 0n);
  };
  const instance = new WebAssembly.Instance(module, {
    env: { memory: node.wasm },
    bus: {
      pioRead: bus.pioRead, pioWrite: bus.pioWrite, mmioRead: bus.mmioRead, mmioWrite: bus.mmioWrite, acknowledge: bus.acknowledge,
      tprRead: bus.tprRead, tprWrite: bus.tprWrite, clockNs: clock.nowNs, entropy: setup.entropy, trace: traced?.event ?? (() => {}),
      msrRead: (msr: number) => {
        const value = bus.msrRead(msr);
        if (value === undefined) refuse();
        return BigInt.asIntN(64, value ?? 0n);
      },
      msrWrite: (msr: number, value: bigint) => {
        if (!bus.msrWrite(msr, BigInt.asUintN(64, value))) refuse();
      },
    },
  });
  const exports = instance.exports as unknown as CoreExports;
  exports.attach(address);
  const set = (name: keyof typeof OFFSET, value: number) => state.writeField(name, BigInt(value));
  set("index", setup.index);
  set("regions", memory.table);
  set("codePages", node.codePages);
  set("tlbArea", node.allocate(C.TLB_AREA_BYTES, 4096, "TLB"));
  set("tscHz", model.tscHz);
  set("apicTimerHz", model.apicTimerHz);
  set("vcpuCount", model.vcpuCount);
  set("outside", 1);
  set("parallel", setup.parallel ? 1 : 0);
  if (setup.index < C.PEERS_MAX) node.view.setUint32(memory.table + C.REGION_PEERS + 4 * setup.index, address, true);
  set("apicId", model.apicId);
  set("socketBits", model.socket?.bits ?? Math.ceil(Math.log2(model.vcpuCount)));
  set("socketCores", model.socket?.cores ?? model.vcpuCount);
  exports.reset();
  return { address, state, exports, functions: instance.exports as Record<string, unknown>, reset: () => exports.reset() };
}
