// What a vCPU can tell about what it does, to whoever traces it. Nobody who does not ask pays for it.

export const TRACE_TOPICS = ["exits", "interrupts", "exceptions", "msrs", "ports", "mmio"] as const;
export type TraceTopic = (typeof TRACE_TOPICS)[number];

/** - exits: `run` returned, after so many instructions
 * - interrupts: one was delivered, from outside or by INT n; exceptions: likewise, `address` is that of a page fault
 * - msrs: RDMSR or WRMSR that was allowed; ports, mmio: an access of the bus */
export type TraceEvent =
  | { topic: "exits"; reason: string; instructions: number }
  | { topic: "interrupts"; vector: number; software: boolean }
  | { topic: "exceptions"; vector: number; code: number; address: bigint }
  | { topic: "msrs"; msr: number; value: bigint; write: boolean }
  | { topic: "ports" | "mmio"; address: number; bytes: number; value: number; write: boolean };

export interface Tracer {
  readonly topics: ReadonlySet<TraceTopic>;
  /** @param rip of the instruction that does it, or before which it happens */
  event(vcpu: number, rip: bigint, event: TraceEvent): void;
}
