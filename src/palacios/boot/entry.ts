// Brings a vCPU into the state that a boot protocol promises: registers, flat segments, and for long mode the identity-mapped page tables.

import { ATTRIBUTES, type Segment, type VcpuState } from "../../hal/state.ts";
import type { VnodeMemory } from "../../hal/memory.ts";
import { ENTRY_AREA } from "../memory-map.ts";
import type { Entry } from "./image.ts";

const GDT_GPA = ENTRY_AREA, PML4_GPA = ENTRY_AREA + 0x1000, IDENTITY_BYTES = 4 * 2 ** 30;
const LARGE_PAGE = 2 * 2 ** 20, PRESENT_WRITABLE = 3n, LARGE = 0x80n;
const CR0_PE = 1n, CR0_ET = 0x10n, CR0_NE = 0x20n, CR0_PG = 0x8000_0000n, CR4_PAE = 0x20n, EFER_LME = 0x100n, EFER_LMA = 0x400n;
const SEGMENTS = ["cs", "ss", "ds", "es", "fs", "gs"] as const;

/** A descriptor in memory that stands for a segment (SDM 3A, Segment Descriptors). */
function descriptor({ base, limit, attributes }: Segment): bigint {
  const pages = (attributes & 0x8000) !== 0;
  const field = BigInt(pages ? Math.floor(limit / 4096) : limit);
  return (field & 0xffffn) | ((base & 0xff_ffffn) << 16n) | (BigInt(attributes & 0xf0ff) << 40n) | ((field >> 16n) << 48n) | ((base >> 24n) << 56n);
}

const u64s = (values: readonly bigint[]) => new Uint8Array(BigUint64Array.from(values).buffer);

/** Identity mapping of the first 4 GiB by 2 MiB pages. */
function writeIdentityTables(memory: VnodeMemory): void {
  const directories = IDENTITY_BYTES / 2 ** 30;
  const pdpt = PML4_GPA + 4096, firstDirectory = pdpt + 4096;
  memory.write(PML4_GPA, u64s([BigInt(pdpt) | PRESENT_WRITABLE]));
  memory.write(pdpt, u64s(Array.from({ length: directories }, (_, index) => BigInt(firstDirectory + index * 4096) | PRESENT_WRITABLE)));
  memory.write(firstDirectory, u64s(Array.from({ length: directories * 512 }, (_, index) => BigInt(index * LARGE_PAGE) | PRESENT_WRITABLE | LARGE)));
}

/** Memory types as firmware leaves them: write-back everywhere but the legacy video window (SDM 3A, Memory Type Range Registers). */
function setMemoryTypes(state: VcpuState): void {
  const FIXED_COUNT = 11, VIDEO = 2, WRITE_BACK = 0x0606_0606_0606_0606n, ENABLED_WRITE_BACK = 0xc06n;
  for (let index = 0; index < FIXED_COUNT; index++) state.writeField("mtrrFixed", index === VIDEO ? 0n : WRITE_BACK, index);
  state.writeField("mtrrDefType", ENABLED_WRITE_BACK);
}

/** Sets a vCPU that has just been reset to `entry`, and writes the tables that it needs (GDT, page tables) to low memory. */
export function enter(state: VcpuState, memory: VnodeMemory, entry: Entry): void {
  if (entry.mode === "real") {
    // CS:IP reaches every address below 1 MiB: the segment takes what the 16-bit offset cannot
    const selector = entry.rip < 0x1_0000 ? 0 : entry.rip >> 4;
    for (const name of SEGMENTS)
      state.writeSegment(name, { selector, base: BigInt(selector * 16), limit: 0xffff, attributes: name === "cs" ? ATTRIBUTES.code16 : ATTRIBUTES.data16 });
    state.write("rip", BigInt(entry.rip - selector * 16));
  } else {
    const long = entry.mode === "long";
    const code = { selector: 0x10, base: 0n, limit: 0xffff_ffff, attributes: long ? ATTRIBUTES.code64 : ATTRIBUTES.code32 };
    const data = { selector: 0x18, base: 0n, limit: 0xffff_ffff, attributes: ATTRIBUTES.data32 };
    const tss = { selector: 0x20, base: 0n, limit: 0xffff, attributes: ATTRIBUTES.tss };
    const gdt = [0n, 0n, descriptor(code), descriptor(data), descriptor(tss), 0n]; // the Linux boot protocol asks for code at 0x10, data at 0x18
    memory.write(GDT_GPA, u64s(gdt));
    for (const name of SEGMENTS) state.writeSegment(name, name === "cs" ? code : data);
    state.writeSegment("tr", tss);
    state.writeTable("gdt", BigInt(GDT_GPA), gdt.length * 8 - 1);
    state.writeTable("idt", 0n, 0);
    state.write("cr0", CR0_PE | CR0_ET | CR0_NE | (long ? CR0_PG : 0n));
    if (long) {
      writeIdentityTables(memory);
      state.write("cr3", BigInt(PML4_GPA));
      state.write("cr4", CR4_PAE);
      state.write("efer", EFER_LME | EFER_LMA);
    }
    state.write("rip", BigInt(entry.rip));
  }
  for (const [name, value] of Object.entries(entry.registers)) state.write(name as keyof Entry["registers"], BigInt(value));
  state.write("rflags", 2n);
  setMemoryTypes(state);
}
