// What the thread that composes a node and the thread that runs a virtual node say to each other.

import type { MessagePort } from "node:worker_threads";
import type { ClockWords } from "./guest-clock.ts";
import type { Issue } from "../base/error.ts";
import type { JitCounters } from "../engine/jit/counters.ts";
import { TRACE_TOPICS } from "../hal/trace.ts";
import type { FlatKernel } from "../palacios/boot/load.ts";
import type { ZoneShape } from "../palacios/topology.ts";
import type { KittenOutcome } from "../kitten/run.ts";
import type { PlannedKitten } from "../nvl/plan.ts";
import type { Outcome } from "../palacios/vm.ts";

export type EngineName = "oracle" | "interp" | "jit";
export const ENGINE_NAMES: readonly EngineName[] = ["interp", "jit", "oracle"];
/** What executes guests where nobody says. */
export const DEFAULT_ENGINE: EngineName = "jit";

/** How an engine is set up beside its name. */
export interface EngineOptions {
  /** Entries of a block before the JIT compiles it; 0 or 1: at once. */
  jitThreshold?: number;
  /** Memory of the host that compiled code of one vCPU may take. */
  codeCacheBytes?: number;
  trace?: TraceOptions;
}

/** regions: every region which the JIT makes, x86 in, Wasm out; the others: hal/trace.ts. */
export const TRACES = ["regions", ...TRACE_TOPICS] as const;
export type Trace = (typeof TRACES)[number];
/** `file`: a path, to which is appended, or `-` for standard error; `named`: lines begin with the name of the virtual node. */
export interface TraceOptions { topics: readonly Trace[]; file: string; named?: boolean }

/** What a virtual node boots: absolute paths, an archive that goes behind the initrds, and words. */
export interface BootFiles { kernel: string; initrds: readonly string[]; archive: Uint8Array; commandLine: string; flat?: FlatKernel }

/** Bytes that came from outside at a moment of guest time. */
export interface InputRecord { atNs: number; bytes: Uint8Array }

/** Everything a virtual node's thread starts from. Memory is a range of the node's. */
export interface StartMessage {
  name: string;
  engine: EngineName;
  engineOptions: EngineOptions;
  /** Milliseconds between two messages with statistics; undefined: only at the end. */
  statisticsMs?: number;
  modules: { core: WebAssembly.Module; interp: WebAssembly.Module };
  /** The way to the thread that compiles for this one (elsewhere.ts). */
  compiler?: MessagePort;
  wasm: WebAssembly.Memory;
  range: { start: number; end: number };
  memoryBytes: number;
  vcpuCount: number;
  zones: readonly ZoneShape[];
  startEpochMs: number;
  /** Deterministic: chance begins with the seed, input comes from a recording as long as that lasts. */
  virtualTime?: { seed: number; input: readonly InputRecord[] };
  /** Console input, and the words by which the thread is woken and stopped. */
  input: SharedArrayBuffer;
  control: SharedArrayBuffer;
  boot: BootFiles;
  debug?: DebugStart;
  /** All vCPUs but the first are on threads of their own. */
  cores?: SharedCores;
}

/** Everything a Kitten's control thread starts from; its other cores have threads of their own (kitten-cores.ts). */
export interface KittenStartMessage {
  name: string;
  engine: EngineName;
  engineOptions: EngineOptions;
  statisticsMs?: number;
  modules: { core: WebAssembly.Module; interp: WebAssembly.Module };
  compiler?: MessagePort;
  wasm: WebAssembly.Memory;
  range: { start: number; end: number };
  memoryBytes: number;
  cores: { count: number; words: SharedArrayBuffer; crowded: boolean; clock: ClockWords };
  startEpochMs: number;
  input: SharedArrayBuffer;
  control: SharedArrayBuffer;
  kitten: PlannedKitten;
  /** Memory that it shares with other Kittens of the node, and its number among them. */
  segments?: { range: { start: number; end: number }; user: number };
}

/** A debugger may come. `input`: a ring with what it says; `wait`: nothing runs before it does. */
export interface DebugStart { input: SharedArrayBuffer; wait: boolean }

/** What the JIT of a virtual node has done, and how its regions are. */
export interface JitStatistics extends JitCounters {
  /** Regions of which a block was overwritten; those that are there. */
  dropped: number;
  live: number;
  /** Instructions that compiled code executed. */
  executed: number;
  /** Ways out of compiled code by reason (REGION_EXITS in hal/layout.ts). */
  exits: Record<string, number>;
}

/** Counters of one virtual node. Times are host milliseconds since its start. */
export interface Statistics {
  instructions: number;
  elapsedMs: number;
  /** Time spent executing guest code, not asleep. */
  runningMs: number;
  exits: Record<string, number>;
  interrupts: number;
  pageFaults: number;
  tlbMisses: number;
  blocksDecoded: number;
  /** Blocks of decoded code that were dropped because their bytes were written. */
  codeInvalidations: number;
  /** Guest pages that hold anything but zeros. */
  touchedBytes: number;
  resets: number;
  /** Where the engine is the JIT. */
  jit?: JitStatistics;
  /** SHA-256 of registers, devices and memory at the end, in virtual time. */
  fingerprint?: string;
}
/** What can be counted while a guest runs without disturbing it. */
export type LiveStatistics = Omit<Statistics, "touchedBytes">;

export type FromThread =
  | { kind: "booting"; protocol: string }
  | { kind: "refused"; issues: Issue[] }
  | { kind: "output"; bytes: Uint8Array }
  | { kind: "statistics"; statistics: LiveStatistics }
  | { kind: "debugger"; bytes: Uint8Array }
  | { kind: "paused" | "resumed" }
  | { kind: "ended"; outcome: Outcome | KittenOutcome; statistics: Statistics; input?: InputRecord[] }
  | { kind: "failed"; code: string; message: string };

/** vCPUs on threads of their own: the words by which they meet (palacios/cores.ts), and their clock. */
export interface SharedCores { words: SharedArrayBuffer; crowded: boolean; clock: ClockWords; /** of their JITs (counters.ts) */ counters: SharedArrayBuffer }
/** What the thread of vCPU `index` starts from; `range` is its own part of the memory. */
export interface CoreStartMessage { index: number; start: StartMessage; range: { start: number; end: number }; cores: SharedCores }

/** Indices of the control words (Int32). `debugger` counts debuggers that came and went, so that it is odd while one is there; `pause` is odd while the virtual node shall stand still; `debuggerSeen` is
 * what the thread has noticed of that. */
export const CONTROL = { wake: 0, stop: 1, debugger: 2, debuggerSeen: 3, pause: 4, words: 5 } as const;

/** Memory that a virtual node needs besides its RAM, per vCPU: state, TLBs, decoded code, tables. Untouched pages cost the host nothing. */
export const VCPU_OVERHEAD_BYTES = 96 * 2 ** 20;
