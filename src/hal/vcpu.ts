// The contract between whoever composes a machine and whoever executes it.

import type { Stops } from "./debug.ts";
import type { Exit } from "./exit.ts";
import { CONSTANTS as C, OFFSET, type FieldName } from "./layout.ts";
import type { NodeMemory, VnodeMemory } from "./memory.ts";
import type { VcpuState } from "./state.ts";
import type { Tracer } from "./trace.ts";

/** What a vCPU reaches outside its memory. Calls are synchronous and come from within `run()`, on the vCPU's thread. */
export interface Bus {
  /** Port input: `bytes` is 1, 2 or 4; unclaimed ports read as all ones. */
  pioRead(port: number, bytes: number): number;
  pioWrite(port: number, bytes: number, value: number): void;
  /** Memory-mapped access below 2^52, at most 4 bytes at a time: wider ones arrive as two, low half first. Unclaimed reads are all ones. */
  mmioRead(gpa: number, bytes: number): number;
  mmioWrite(gpa: number, bytes: number, value: number): void;
  /** Interrupt acknowledge: the vector of the highest pending interrupt, now in service, or -1 when it has gone away. */
  acknowledge(): number;
  /** x2APIC registers (MSR 0x800..0x8ff), TSC deadline (0x6e0) and APIC base (0x1b). @returns undefined: #GP(0) */
  msrRead(msr: number): bigint | undefined;
  /** @returns false: #GP(0) */
  msrWrite(msr: number, value: bigint): boolean;
  /** CR8, the task priority class 0..15. */
  tprRead(): number;
  tprWrite(priority: number): void;
}

const IF = 0x200;

/** `canRun` for engines that keep their state in the node's memory.
 * @param address of the vCPU's state */
export function canRun(words: Int32Array, address: number): boolean {
  const word = (name: FieldName) => Atomics.load(words, (address + OFFSET[name]) >>> 2);
  switch (word("activity")) {
    case C.ACTIVITY_HALTED: {
      const attention = word("attention");
      if (attention & (C.ATTENTION_NMI | C.ATTENTION_INIT)) return true;
      return (attention & C.ATTENTION_INTERRUPT) !== 0 && (word("flagRest") & IF) !== 0;
    }
    case C.ACTIVITY_WAIT_SIPI: return (word("attention") & C.ATTENTION_INIT) !== 0;
    default: return true;
  }
}

/** The guest's time, in nanoseconds since the virtual node was powered on. */
export interface GuestClock {
  nowNs(): number;
}

/** What CPUID and the TSC tell a guest. */
export interface CpuModel {
  tscHz: number;
  /** Input clock of the local APIC's timer before its divider (CPUID 0x15's "crystal"). */
  apicTimerHz: number;
  vcpuCount: number;
  apicId: number;
  /** The upper bits of APIC IDs, from bit `bits` on, tell sockets apart; in this vCPU's are `cores`. Undefined: all vCPUs are in one. */
  socket?: { bits: number; cores: number };
}

export interface VcpuSetup {
  node: NodeMemory;
  memory: VnodeMemory;
  index: number;
  bus: Bus;
  clock: GuestClock;
  model: CpuModel;
  /** Other vCPUs of the virtual node run at the same time, on other threads: LOCK must be atomic. */
  parallel?: boolean;
  /** 32 random bits, for RDRAND and RDSEED; seeded where a run must be reproducible. */
  entropy(): number;
  /** Hears what the vCPU does. */
  trace?: Tracer;
}

/** One virtual processor. All calls but `kick`, `setInterruptLine` and `injectNmi` belong to the thread that runs it. */
export interface Vcpu {
  readonly index: number;
  /** Registers, read and written between runs. */
  readonly state: VcpuState;
  /** Executes guest code until there is a reason to stop, at most `budget` instructions.
   * @param end where the budget ends inside of a run of instructions that the engine executes as one: exactly there, or behind it, which is cheaper
   * @returns the vCPU's own exit record, overwritten by the next run */
  run(budget: number, end?: "exact" | "whole blocks"): Exit;
  /** Makes a running vCPU exit soon; sticky: the next run exits at once. Thread-safe. */
  kick(): void;
  /** The level of the INTR pin. While it is high and the guest accepts interrupts, `bus.acknowledge` is asked for a vector. Thread-safe. */
  setInterruptLine(level: boolean): void;
  /** Makes a non-maskable interrupt pending. Thread-safe. */
  injectNmi(): void;
  /** INIT: the state after it; all vCPUs but the bootstrap one then wait for `startup`. */
  initialize(): void;
  /** SIPI: a vCPU that waits for it begins at `vector` * 4096 in real mode; others ignore it. */
  startup(vector: number): void;
  /** Would `run` execute anything? Not while it is halted or waits for SIPI and nothing has come that ends this. Thread-safe. */
  canRun(): boolean;
  /** Registers after power-on or RESET (SDM 3A, Processor State After Reset). */
  reset(): void;
  /** Instructions executed since reset. */
  retired(): number;
  /** Where `run` leaves with "debug", on behalf of a debugger: before an instruction that has a breakpoint, with nothing of it begun; behind one
   * whose access meets a watchpoint. The state's `stopped` says which. A run that begins at a breakpoint leaves at once: `step` gets over it. */
  setStops(stops: Stops): void;
  /** Executes one instruction, or one iteration of a repeated one, whatever breakpoint it has. Interrupts wait until it has been executed. */
  step(): Exit;
  /** Guest bytes at [gpa, gpa + bytes) were written by the host (DMA, debugger): decoded code there is dropped, that of the virtual node's other vCPUs too. */
  invalidateCode(gpa: number, bytes: number): void;
  /** Page tables were changed by the host: translations of this address, or all that are not global, are forgotten. */
  invalidateTlb(linear?: bigint): void;
}

/** What executes guest code. */
export interface Engine {
  readonly name: "oracle" | "interp" | "jit" | "kvm";
  createVcpu(setup: VcpuSetup): Vcpu;
}
