// Where things lie in the guest-physical space of a PC. RAM is split by the 32-bit hole that MMIO devices live in.

import type { Region } from "../hal/memory.ts";
import { NvlError } from "../base/error.ts";

export const PAGE = 4096;
/** RAM below this is continuous but for the legacy area; MMIO lies from here to 4 GiB. */
export const LOW_RAM_END = 0xc000_0000;
export const HIGH_RAM_START = 0x1_0000_0000;
const LEGACY_START = 0xa_0000;
/** ROM: the ACPI tables, where a guest's scan for the RSDP looks (ACPI, Finding the RSDP on IA-PC Systems). */
export const ROM_START = 0xe_0000;
export const ROM_END = 0x10_0000;
/** GDT and page tables of the entry state: where no program of a few sectors lies. Like BOOT_AREA free for the guest once it has read them. */
export const ENTRY_AREA = 0x9_0000;
export const ENTRY_AREA_END = 0x9_7000;
/** What a loader tells the kernel: zero page or information structure, from here up to ENTRY_AREA. */
export const BOOT_AREA = 0x1_0000;
export const EBDA_START = 0x9_fc00;

export type MemoryKind = "usable" | "reserved" | "acpi";
export interface MapEntry { gpa: number; bytes: number; kind: MemoryKind }

/** Memory of `memoryBytes` as a PC maps it: RAM below and above the hole, and the ROM. */
export function ramRanges(memoryBytes: number): { gpa: number; bytes: number }[] {
  if (memoryBytes < 2 ** 20 || memoryBytes % PAGE)
    throw new NvlError("palacios/memory-size", "a PC has at least 1 MiB of memory, in whole pages", { context: { memoryBytes } });
  const low = Math.min(memoryBytes, LOW_RAM_END);
  const ranges = [{ gpa: 0, bytes: LEGACY_START }];
  if (low > ROM_END) ranges.push({ gpa: ROM_END, bytes: low - ROM_END });
  if (memoryBytes > low) ranges.push({ gpa: HIGH_RAM_START, bytes: memoryBytes - low });
  return ranges;
}

/** The RAM among the bytes [from, from + bytes) of a PC's memory, of which LOW_RAM_END lie below the hole. */
export function ramOf(from: number, bytes: number): { gpa: number; bytes: number }[] {
  return ramRanges(from + bytes).flatMap(({ gpa, bytes: length }) => {
    const start = Math.max(gpa, from < LOW_RAM_END ? from : from - LOW_RAM_END + HIGH_RAM_START);
    return start < gpa + length ? [{ gpa: start, bytes: gpa + length - start }] : [];
  });
}

/** Regions for the region table; `host` is the address of a block of `memoryBytes` that backs them (the legacy hole's share backs the ROM). */
export function pcRegions(memoryBytes: number, host: number): Region[] {
  const regions: Region[] = ramRanges(memoryBytes).map(({ gpa, bytes }) => ({
    gpa, bytes, kind: "ram", host: host + (gpa < HIGH_RAM_START ? gpa : gpa - HIGH_RAM_START + LOW_RAM_END),
  }));
  regions.splice(1, 0, { gpa: ROM_START, bytes: ROM_END - ROM_START, kind: "rom", host: host + ROM_START });
  return regions;
}

/** What the firmware would report (E820), sorted. */
export function e820(memoryBytes: number): MapEntry[] {
  return ramRanges(memoryBytes).flatMap(({ gpa, bytes }): MapEntry[] => gpa === 0
    ? [
        { gpa: 0, bytes: EBDA_START, kind: "usable" },
        { gpa: EBDA_START, bytes: LEGACY_START - EBDA_START, kind: "reserved" },
        { gpa: ROM_START, bytes: ROM_END - ROM_START, kind: "reserved" },
      ]
    : [{ gpa, bytes, kind: "usable" }]);
}
