// What a loader is asked to boot, and what it hands to the run loop: bytes at places, and registers.

import type { Issue } from "../../base/error.ts";
import type { MapEntry } from "../memory-map.ts";

/** The files and words of one boot. */
export interface BootRequest {
  kernel: Uint8Array;
  /** Concatenated in this order into one initrd; Multiboot gets them as modules. */
  initrds: readonly Uint8Array[];
  commandLine: string;
  memoryMap: readonly MapEntry[];
  rsdpGpa: number;
}

/** Start-up state of the first vCPU. Modes: real (CS:IP = segment 0:entry), protected (flat 32-bit), long (flat 64-bit, identity-mapped). */
export interface Entry {
  mode: "real" | "protected" | "long";
  rip: number;
  registers: Partial<Record<"rax" | "rbx" | "rcx" | "rdx" | "rsi" | "rdi" | "rbp" | "rsp", number>>;
}

/** Bytes at a place; `memoryBytes` more than they are is zeroed behind them (BSS). */
export interface Piece { gpa: number; bytes: Uint8Array; memoryBytes?: number }

export interface BootImage {
  /** How it is booted, for people: `Linux 64-bit, vmlinux (lz4)`. */
  protocol: string;
  /** In order; later pieces overwrite earlier ones. */
  pieces: readonly Piece[];
  entry: Entry;
}

export type Loaded = { image: BootImage } | { issues: Issue[] };

export const refuse = (path: string, message: string): Loaded => ({ issues: [{ path, message }] });

/** Finds room for `bytes` in usable memory, as high as possible but below `limit` and not in [0, floor), aligned to a page.
 * @returns gpa, or -1 */
export function placeHigh(map: readonly MapEntry[], bytes: number, floor: number, limit: number): number {
  let best = -1;
  for (const { gpa, bytes: size, kind } of map) {
    if (kind !== "usable") continue;
    const end = Math.min(gpa + size, limit);
    const start = Math.floor((end - bytes) / 4096) * 4096;
    if (start >= Math.max(gpa, floor)) best = Math.max(best, start);
  }
  return best;
}

/** True when [gpa, gpa + bytes) is usable memory. */
export const isUsable = (map: readonly MapEntry[], gpa: number, bytes: number): boolean =>
  map.some((entry) => entry.kind === "usable" && gpa >= entry.gpa && gpa + bytes <= entry.gpa + entry.bytes);

/** Bytes of several initrds as one, each starting at a multiple of 4 (cpio archives are padded to that). */
export function concatenate(parts: readonly Uint8Array[]): Uint8Array {
  const padded = parts.map((part) => Math.ceil(part.length / 4) * 4);
  const out = new Uint8Array(padded.reduce((sum, size) => sum + size, 0));
  let at = 0;
  parts.forEach((part, index) => { out.set(part, at); at += padded[index]; });
  return out;
}
