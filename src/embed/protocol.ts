// What the thread that composes a node and the thread that runs a virtual node say to each other.

import type { Issue } from "../base/error.ts";
import type { FlatKernel } from "../palacios/boot/load.ts";
import type { Outcome } from "../palacios/vm.ts";

export type EngineName = "oracle" | "interp" | "jit";
export const ENGINE_NAMES: readonly EngineName[] = ["interp", "jit", "oracle"];

/** What a virtual node boots: absolute paths, an archive that goes behind the initrds, and words. */
export interface BootFiles { kernel: string; initrds: readonly string[]; archive: Uint8Array; commandLine: string; flat?: FlatKernel }

/** Everything a virtual node's thread starts from. Memory is a range of the node's. */
export interface StartMessage {
  name: string;
  engine: EngineName;
  modules: { core: WebAssembly.Module; interp: WebAssembly.Module };
  wasm: WebAssembly.Memory;
  range: { start: number; end: number };
  memoryBytes: number;
  vcpuCount: number;
  startEpochMs: number;
  /** Console input, and the words by which the thread is woken and stopped. */
  input: SharedArrayBuffer;
  control: SharedArrayBuffer;
  boot: BootFiles;
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
  /** Guest pages that hold anything but zeros. */
  touchedBytes: number;
  resets: number;
}

export type FromThread =
  | { kind: "booting"; protocol: string }
  | { kind: "refused"; issues: Issue[] }
  | { kind: "output"; bytes: Uint8Array }
  | { kind: "ended"; outcome: Outcome; statistics: Statistics }
  | { kind: "failed"; code: string; message: string };

/** Indices of the control words (Int32). */
export const CONTROL = { wake: 0, stop: 1, words: 2 } as const;

/** Memory that a virtual node needs besides its RAM, per vCPU: state, TLBs, decoded code, tables. Untouched pages cost the host nothing. */
export const VCPU_OVERHEAD_BYTES = 80 * 2 ** 20;
