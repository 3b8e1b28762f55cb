// Tracing of one vCPU, as far as it is the same for all engines: accesses of its bus, and what core says of MSRs and events.

import { CONSTANTS as C, OFFSET } from "../../hal/layout.ts";
import type { VcpuState } from "../../hal/state.ts";
import type { Tracer } from "../../hal/trace.ts";
import type { Bus } from "../../hal/vcpu.ts";

export interface CoreTrace {
  bus: Bus;
  /** What core calls where the state's `traced` asks for it. */
  event(kind: number, what: number, value: bigint, code: number): void;
}

/** @param bus what the vCPU would have without being traced */
export function traceCore(tracer: Tracer, index: number, view: DataView, state: VcpuState, bus: Bus): CoreTrace {
  /** RIP is not in the state while an instruction executes: where engines decode first, the operation says where it is in its page. */
  const rip = () => {
    const operation = Number(state.readField("operation"));
    return operation === 0 ? state.read("rip") : BigInt.asUintN(64, view.getBigUint64(state.address + OFFSET.page, true) + BigInt(view.getUint16(operation + C.OP_OFFSET, true)));
  };
  const read = (topic: "ports" | "mmio", access: (address: number, bytes: number) => number) => !tracer.topics.has(topic) ? access : (address: number, bytes: number) => {
    const at = rip(), value = access(address, bytes);
    tracer.event(index, at, { topic, address, bytes, value: value >>> 0, write: false });
    return value;
  };
  const write = (topic: "ports" | "mmio", access: (address: number, bytes: number, value: number) => void) => !tracer.topics.has(topic) ? access : (address: number, bytes: number, value: number) => {
    tracer.event(index, rip(), { topic, address, bytes, value: value >>> 0, write: true });
    access(address, bytes, value);
  };
  const traced = (tracer.topics.has("msrs") ? C.TRACE_MSRS : 0) | (tracer.topics.has("interrupts") ? C.TRACE_INTERRUPTS : 0) | (tracer.topics.has("exceptions") ? C.TRACE_EXCEPTIONS : 0);
  state.writeField("traced", BigInt(traced));
  return {
    bus: { ...bus, pioRead: read("ports", bus.pioRead), pioWrite: write("ports", bus.pioWrite), mmioRead: read("mmio", bus.mmioRead), mmioWrite: write("mmio", bus.mmioWrite) },
    event: (kind, what, value, code) => {
      const unsigned = BigInt.asUintN(64, value);
      switch (kind) {
        case C.TRACE_RDMSR: case C.TRACE_WRMSR: return tracer.event(index, rip(), { topic: "msrs", msr: what >>> 0, value: unsigned, write: kind === C.TRACE_WRMSR });
        case C.TRACE_EXTERNAL: return tracer.event(index, state.read("rip"), { topic: "interrupts", vector: what, software: false });
        case C.TRACE_SOFTWARE: return tracer.event(index, rip(), { topic: "interrupts", vector: what, software: true });
        default: return tracer.event(index, state.read("rip"), { topic: "exceptions", vector: what, code, address: unsigned });
      }
    },
  };
}
