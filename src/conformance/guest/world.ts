// The random world in which a guest begins: page tables, descriptor tables, code, data, and registers in some mode. Most of it is sane, so
// that guests run for a while; all of it may be wrong. Everything follows from the source of random numbers.

import { CONSTANTS as C, type Segment, type SegmentName, type VcpuState, type VnodeMemory } from "../../hal/index.ts";
import type { CodeSize } from "../../isa/decode.ts";
import { integer64, type Random } from "../random.ts";
import { fillCode } from "./code.ts";

export const MODES = ["real", "vm86", "protected16", "protected32", "paged32", "pae", "compatibility", "long"] as const;
export type Mode = (typeof MODES)[number];

/** Guest-physical places. Page tables have pools by level, so that a sealed world can keep them out of the guest's reach. */
const IDT = 0x1000, GDT = 0x3000, TSS = 0x4000, LDT = 0x5000, STACKS = 0x6000, STACKS_END = 0x8000, DATA = 0x8000, CODE = 0x10000, CODE_BYTES = 0x3000, TABLES = 0x20000,
  POOL_TABLES = 4, TABLES_END = TABLES + 4 * POOL_TABLES * 4096, LOW_END = 0xa0000, ROM = 0xe0000, HIGH = 0x100000, HIGH_END = 0x200000;
const PAGE = 4096;
/** Guest-physical; RAM begins at 0. */
export const PAGE_TABLES = { start: TABLES, end: TABLES_END } as const;

export interface WorldSetup {
  mode: Mode;
  memory: VnodeMemory;
  state: VcpuState;
  /** No leaf of the page tables leads to a page table: what engines may differ in, the lifetime of TLB entries, then does not show. */
  sealed: boolean;
  /** Fill RAM first; else only tables and registers are made anew. */
  fresh: boolean;
}

const codeSizeOf = (mode: Mode): CodeSize => mode === "long" ? 64 : mode === "real" || mode === "vm86" || mode === "protected16" ? 16 : 32;
const isPaged = (mode: Mode) => ["paged32", "pae", "compatibility", "long"].includes(mode);
const isLong = (mode: Mode) => mode === "compatibility" || mode === "long";

const P = 1n, W = 2n, U = 4n, A = 32n, D = 64n, PS = 128n, G = 256n, NX = 1n << 63n;

/** A page that an entry of the last level may lead to. */
function randomFrame(random: Random, sealed: boolean): bigint {
  const kind = random.below(100);
  if (kind < 45) return BigInt(random.below(sealed ? TABLES / PAGE : LOW_END / PAGE)) << 12n;
  if (kind < 62) return BigInt(HIGH / PAGE + random.below((HIGH_END - HIGH) / PAGE)) << 12n;
  if (kind < 68) return BigInt(LOW_END - PAGE * (1 + random.below(4)));
  if (kind < 74) return BigInt(ROM + PAGE * random.below(32));
  if (kind < 80) return BigInt(random.pick([LOW_END, ROM - PAGE, HIGH_END, HIGH_END + PAGE, 0xc000_0000]));
  if (kind < 86) return BigInt(random.pick([0xfee0_0000, 0xfec0_0000, 0xfee0_1000, 0xfed0_0000]));
  if (kind < 92) return random.pick([0xffff_0000n, 0xffff_f000n, 1n << 32n, (1n << 32n) + 0xf000n, (1n << 40n) - 0x1000n, (1n << 40n) - 0x10000n, (1n << 32n) + 0x10000n]);
  return random.u64() & 0x000f_ffff_ffff_f000n & (random.chance(70) ? (1n << 40n) - 1n : -1n);
}

function randomEntry(random: Random, level: number, wide: boolean, sealed: boolean): bigint {
  let entry = (random.chance(94) ? P : 0n) | (random.chance(88) ? W : 0n) | (random.chance(80) ? U : 0n) | (random.chance(50) ? A : 0n) | (random.chance(50) ? D : 0n)
    | (random.chance(20) ? G : 0n) | (random.chance(5) ? 0x18n : 0n);
  if (wide && random.chance(8)) entry |= NX;
  const large = level > 1 && level < 4 && random.chance(12);
  if (level === 1) entry |= randomFrame(random, sealed);
  else if (large) entry |= PS | random.pick([1n << 32n, 0xffe0_0000n, (1n << 40n) - 0x20_0000n, 0x4000_0000n, sealed ? 1n << 33n : 0n, random.u64() & 0x000f_ffff_ffe0_0000n & (sealed ? ~0x3fff_ffffn : -1n)]);
  else if (random.chance(90)) entry |= BigInt(TABLES + ((level - 2) * POOL_TABLES + random.below(POOL_TABLES)) * PAGE);
  else if (!sealed) entry |= random.chance(50) ? BigInt(TABLES + random.below(4 * POOL_TABLES) * PAGE) : randomFrame(random, false);
  else entry |= random.u64() & 0x000f_ffff_c000_0000n; // no memory there
  return wide ? entry : entry & 0xffff_ffffn;
}

/** Page tables in which the first 2 MiB are mapped one to one, more or less. @returns CR3 */
function writePageTables(random: Random, { mode, memory, sealed }: WorldSetup): bigint {
  const wide = mode !== "paged32", wild = random.chance(35), entries = wide ? 512 : 1024;
  const full = P | W | U | A | D;
  const tableAt = (level: number, index: number) => TABLES + ((level - 1) * POOL_TABLES + index) * PAGE;
  for (let level = 1; level <= (isLong(mode) ? 4 : 2); level++) for (let index = 0; index < POOL_TABLES; index++) {
    const bytes = new Uint8Array(PAGE), view = new DataView(bytes.buffer);
    // what is not near the beginning of the address space is rarely met: few different entries will do
    const few = Array.from({ length: 24 }, () => randomEntry(random, level, wide, sealed));
    const first = index === 0;
    for (let slot = 0; slot < entries; slot++) {
      let entry = random.pick(few);
      if (first && (level === 1 || slot === 0) && !random.chance(wild ? 30 : level === 1 ? 4 : 0)) {
        const frame = slot * PAGE, hidden = sealed && frame >= TABLES && frame < TABLES_END;
        entry = level > 1 ? full | BigInt(tableAt(level - 1, 0)) : frame >= HIGH_END ? entry : full | BigInt(hidden ? DATA : frame) | (random.chance(10) ? G : 0n);
      }
      if (wide) view.setBigUint64(slot * 8, entry, true);
      else view.setUint32(slot * 4, Number(entry), true);
    }
    memory.write(tableAt(level, index), bytes);
  }
  if (mode !== "pae") return BigInt(tableAt(isLong(mode) ? 4 : 2, 0));
  const pointers = new BigUint64Array(4).map((_, slot) => P | BigInt(tableAt(2, slot === 0 ? 0 : random.below(POOL_TABLES))) | (random.chance(5) ? random.u64() & ~0x1e6n & 0xff_ffff_ffffn : 0n));
  const at = tableAt(3, 0) + 32 * random.below(128);
  memory.write(at, new Uint8Array(pointers.buffer));
  return BigInt(at);
}

const descriptor = (type: number, flags: number, base = 0, limit = 0xfffff): bigint =>
  BigInt(limit & 0xffff) | BigInt(base & 0xff_ffff) << 16n | BigInt(type) << 40n | BigInt(limit >> 16 & 15) << 48n | BigInt(flags) << 52n | BigInt(base >>> 24) << 56n;
/** Descriptors by index; what follows is random. */
const CODE32 = 1, DATA0 = 2, CODE32_3 = 3, DATA3 = 4, CODE64 = 5, CODE64_3 = 6, TSS_INDEX = 7, LDT_INDEX = 9, CODE16 = 11, CODE16_3 = 12, GATE = 13, FIRST_RANDOM = 14, DESCRIPTORS = 64;
const FIXED: readonly (readonly [index: number, value: bigint])[] = [
  [CODE32, descriptor(0x9a, 0xc)], [DATA0, descriptor(0x92, 0xc)], [CODE32_3, descriptor(0xfa, 0xc)], [DATA3, descriptor(0xf2, 0xc)], [CODE64, descriptor(0x9a, 0xa)],
  [CODE64_3, descriptor(0xfa, 0xa)], [TSS_INDEX, descriptor(0x89, 0, TSS, 0x20ff)], [LDT_INDEX, descriptor(0x82, 0, LDT, 0xff)], [CODE16, descriptor(0x9a, 0)], [CODE16_3, descriptor(0xfa, 0)],
];

function randomDescriptor(random: Random): bigint {
  if (random.chance(15)) return random.u64();
  const type = random.chance(70) ? 0x10 | random.below(16) : random.below(16);
  const base = random.chance(60) ? 0 : random.chance(50) ? random.below(HIGH_END) : random.u32();
  return descriptor((random.chance(92) ? 0x80 : 0) | random.below(4) << 5 | type, random.below(16), base, random.chance(50) ? 0xfffff : random.below(0x100000));
}

function kernelCode(mode: Mode): number {
  return isLong(mode) ? CODE64 : mode === "protected16" ? CODE16 : CODE32;
}

function writeDescriptorTables(random: Random, { mode, memory }: WorldSetup): void {
  const table = (count: number, fixed: readonly (readonly [number, bigint])[], first: number) => {
    const words = new BigUint64Array(count);
    for (const [index, value] of fixed) words[index] = value;
    for (let index = first; index < count; index++) words[index] = randomDescriptor(random);
    return words;
  };
  const gdt = table(DESCRIPTORS, FIXED, FIRST_RANDOM);
  gdt[GATE] = (0xec00n << 32n) | BigInt(kernelCode(mode) * 8) << 16n | BigInt(CODE);
  memory.write(GDT, new Uint8Array(gdt.buffer));
  memory.write(LDT, new Uint8Array(table(32, [], 0).buffer));
  const wide = isLong(mode), bytes = new Uint8Array(256 * (wide ? 16 : 8)), view = new DataView(bytes.buffer);
  for (let vector = 0; vector < 256; vector++) {
    const at = vector * (wide ? 16 : 8), offset = CODE + random.below(CODE_BYTES) & ~15;
    const kind = random.below(100), type = kind < 70 ? 0xe : kind < 85 ? 0xf : kind < 90 ? random.pick([5, 6, 7, 0xc]) : kind < 96 ? 0xe : random.below(16);
    view.setUint16(at, offset, true);
    view.setUint16(at + 2, random.chance(95) ? kernelCode(mode) * 8 : random.below(DESCRIPTORS * 8), true);
    view.setUint8(at + 4, wide && random.chance(20) ? random.below(8) : 0);
    view.setUint8(at + 5, (random.chance(97) ? 0x80 : 0) | (random.chance(50) ? 0x60 : 0) | type);
    view.setUint16(at + 6, offset >>> 16, true);
    if (wide && random.chance(2)) view.setUint32(at + 8, random.u32(), true);
  }
  memory.write(IDT, bytes);
  const tss = new Uint8Array(0x100), words = new DataView(tss.buffer);
  for (let at = 0; at < tss.length; at++) tss[at] = random.chance(50) ? 0 : random.below(256);
  const stack = () => BigInt(random.chance(95) ? STACKS + PAGE + random.below(PAGE) & ~15 : Number(random.pick([0x9fff8n, 0xe0010n, 0x1ffffcn, 2n])));
  for (let level = 0; level < 3; level++) {
    if (wide) words.setBigUint64(4 + level * 8, stack(), true);
    else {
      words.setUint32(4 + level * 8, Number(stack()), true);
      words.setUint16(8 + level * 8, level === 0 ? DATA0 * 8 : random.below(DESCRIPTORS * 8), true);
    }
  }
  if (wide) for (let ist = 0; ist < 7; ist++) words.setBigUint64(36 + ist * 8, random.chance(95) ? stack() : random.u64(), true);
  words.setUint16(102, random.chance(70) ? 0x68 : random.below(0x3000), true);
  memory.write(TSS, tss);
}

/** Where an address register may well point: into RAM, to the end of a page or a region, to a device, or anywhere. */
function randomAddress(random: Random): bigint {
  switch (random.below(10)) {
    case 0: case 1: case 2: return BigInt(DATA + random.below(0x8000));
    case 3: return BigInt(random.below(HIGH_END));
    case 4: return BigInt(PAGE * (1 + random.below(HIGH_END / PAGE)) - random.below(20));
    case 5: return BigInt(random.pick([LOW_END, ROM, HIGH, HIGH_END, 0xffff, 0x1_0000_0000]) - random.below(40));
    case 6: return BigInt(random.pick([0xfee0_0000, 0xfec0_0000]) + random.below(0x400));
    case 7: return BigInt(random.below(64));
    default: return integer64(random);
  }
}

function randomRegisters(random: Random, { state }: WorldSetup): void {
  for (let index = 0; index < 16; index++) state.writeField("gpr", randomAddress(random), index);
  if (random.chance(60)) state.write("rcx", BigInt(random.below(0x300)));
  for (let index = 0; index < 16; index++) state.writeXmm(index, random.u64() << 64n | random.u64());
  for (let index = 0; index < 8; index++) state.writeField("fpr", BigInt(random.below(0x8000)) << 64n | random.u64() | 1n << 63n, index);
  state.write("ftw", BigInt(random.below(256)));
  state.write("fsw", BigInt(random.below(8) << 11));
  state.write("fcw", random.chance(70) ? 0x37fn : BigInt(random.below(0x10000) & 0xf7f | 0x40));
  state.write("mxcsr", random.chance(70) ? 0x1f80n : BigInt(random.below(0x10000)));
  for (const name of ["star", "lstar", "cstar", "sfmask", "kernelGsBase", "sysenterEsp", "sysenterEip"] as const)
    state.writeField(name, name === "sfmask" ? BigInt(random.u32()) : name === "star" ? BigInt(CODE64) * 8n << 32n | BigInt(CODE32_3) * 8n << 48n : BigInt(CODE + random.below(CODE_BYTES)));
  state.writeField("sysenterCs", BigInt(random.chance(80) ? CODE32 * 8 : random.below(0x200)));
  if (random.chance(10)) {
    for (let index = 0; index < 4; index++) state.writeField("dr", BigInt(random.chance(50) ? CODE + random.below(64) : DATA + random.below(64)), index);
    state.writeField("dr", BigInt((random.u32() & 0xffff_03ff | 0x400) >>> 0), 7);
  }
}

function writeSegments(random: Random, { mode, state }: WorldSetup, cpl: number): void {
  const names = ["es", "ss", "ds", "fs", "gs"] as const;
  if (mode === "real" || mode === "vm86") {
    const dpl = mode === "vm86" ? 0x60 : 0;
    const set = (name: SegmentName, selector: number) => state.writeSegment(name, { selector, base: BigInt(selector * 16), limit: 0xffff, attributes: 0x93 | dpl });
    for (const name of names) set(name, random.chance(60) ? random.pick([0, DATA >> 4, 0x9000, 0xf000, 0xffff]) : random.below(0x10000));
    set("ss", random.pick([0, STACKS >> 4]));
    set("cs", CODE >> 4);
    state.writeField("cpl", mode === "vm86" ? 3n : 0n);
    return;
  }
  const flat = (index: number, attributes: number): Segment => ({ selector: index * 8 | cpl, base: 0n, limit: attributes & 0x8000 ? 0xffff_ffff : 0xfffff, attributes: attributes | cpl << 5 });
  const small = mode === "protected16" ? 0x0000 : 0xc000;
  for (const name of names) {
    const segment = flat(cpl ? DATA3 : DATA0, 0x93 | (mode === "protected16" && random.chance(50) ? 0 : 0xc000));
    if (name !== "ss" && random.chance(20)) {
      segment.base = random.chance(50) ? BigInt(random.below(HIGH_END)) : BigInt(random.u32());
      if (!isLong(mode)) segment.limit = random.chance(50) ? random.below(HIGH_END) : random.u32();
      segment.attributes = segment.attributes & ~0xf | random.pick([1, 3, 3, 5, 7, 0xb]);
      if ((name === "fs" || name === "gs") && mode === "long" && random.chance(50)) segment.base = BigInt.asUintN(64, BigInt.asIntN(48, random.u64()));
    }
    if (name !== "ss" && random.chance(5)) state.writeSegment(name, { selector: 0, base: 0n, limit: 0, attributes: C.SEG_UNUSABLE });
    else state.writeSegment(name, segment);
  }
  const code = mode === "long" ? flat(cpl ? CODE64_3 : CODE64, 0xa09b) : mode === "protected16" ? flat(cpl ? CODE16_3 : CODE16, 0x009b) : flat(cpl ? CODE32_3 : CODE32, small | 0x9b);
  if (!isLong(mode) && random.chance(10)) code.limit = CODE + random.below(CODE_BYTES);
  state.writeSegment("cs", code);
  state.writeField("cpl", BigInt(cpl));
}

function writeControl(random: Random, setup: WorldSetup, cr3: bigint): void {
  const { mode, state } = setup;
  const bit = (percent: number, at: number) => random.chance(percent) ? 1n << BigInt(at) : 0n;
  let cr0 = 0x10n | bit(80, 5) | bit(80, 16) | bit(30, 18) | bit(5, 3) | bit(3, 2) | bit(50, 1);
  if (mode !== "real") cr0 |= 1n;
  if (isPaged(mode)) cr0 |= 1n << 31n;
  let cr4 = bit(85, 9) | bit(60, 10) | bit(30, 7) | bit(60, 4) | bit(40, 18) | bit(40, 16) | bit(10, 11) | bit(10, 2) | bit(20, 3);
  if (mode === "pae" || isLong(mode)) cr4 |= 1n << 5n;
  if (isPaged(mode)) cr4 |= bit(15, 20) | bit(15, 21);
  if (isLong(mode) && (cr3 & 0xfffn) === 0n) cr4 |= bit(20, 17);
  state.write("cr0", cr0);
  state.write("cr4", cr4);
  state.write("cr3", cr3);
  state.write("efer", bit(80, 0) | bit(80, 11) | (isLong(mode) ? 0x500n : 0n));
  state.write("xcr0", random.pick([1n, 3n, 3n]));
}

/** Makes a world and brings a vCPU that has just been reset to its beginning. */
export function makeWorld(random: Random, setup: WorldSetup): void {
  const { mode, memory, state, fresh } = setup;
  const size = codeSizeOf(mode);
  const style = { noise: random.pick([0, 5, 30, 100]), violent: random.pick([0, 2, 10]) };
  if (fresh) {
    const noise = new Uint8Array(0x8000).map(() => random.below(256));
    memory.write(DATA, noise);
    memory.write(HIGH, noise);
    memory.write(LOW_END - PAGE, noise.subarray(0, PAGE));
    memory.write(HIGH_END - PAGE, noise.subarray(PAGE, 2 * PAGE));
  }
  const code = new Uint8Array(CODE_BYTES);
  fillCode(random, code, size, style);
  memory.write(CODE, code);
  // code at the last bytes of regions
  for (const end of [LOW_END, HIGH_END]) memory.write(end - 64, code.subarray(64, 128));
  if (mode === "real" || mode === "vm86") memory.write(0, new Uint8Array(new Uint32Array(256).map(() => CODE >> 4 << 16 | random.below(CODE_BYTES)).buffer));
  if (mode !== "real") writeDescriptorTables(random, setup);
  const cr3 = isPaged(mode) ? writePageTables(random, setup) : 0n;
  const cpl = mode === "real" ? 0 : mode === "vm86" || random.chance(45) ? 3 : 0;
  writeControl(random, setup, cr3);
  randomRegisters(random, setup);
  writeSegments(random, setup, cpl);
  if (mode === "real") state.writeTable("idt", 0n, 0x3ff);
  else {
    state.writeTable("gdt", BigInt(GDT), DESCRIPTORS * 8 - 1);
    state.writeTable("idt", BigInt(IDT), random.chance(90) ? 0xfff : random.below(0x1000));
    state.writeSegment("tr", { selector: TSS_INDEX * 8, base: BigInt(TSS), limit: random.chance(80) ? 0x20ff : 0x67, attributes: 0x8b });
    state.writeSegment("ldtr", random.chance(50) ? { selector: LDT_INDEX * 8, base: BigInt(LDT), limit: 0xff, attributes: 0x82 } : { selector: 0, base: 0n, limit: 0, attributes: C.SEG_UNUSABLE });
    if (random.chance(5)) state.writeTable(random.pick(["gdt", "idt"]), randomAddress(random), random.below(0x10000));
  }
  const offset = random.chance(90) ? random.below(64) : random.below(CODE_BYTES);
  const flat = mode !== "real" && mode !== "vm86";
  state.write("rip", BigInt(flat ? CODE + offset : offset));
  if (flat && random.chance(5)) state.write("rip", BigInt(random.pick([LOW_END, HIGH_END]) - 1 - random.below(60)));
  state.write("rsp", random.chance(90) ? BigInt(STACKS + random.below((STACKS_END - STACKS) / 2) & ~7) : BigInt.asUintN(size === 64 ? 64 : 32, randomAddress(random)));
  const some = BigInt(random.u32());
  state.write("rflags", 2n | (some & 0x8d5n) | (random.chance(50) ? 0x200n : 0n) | (random.chance(15) ? 0x400n : 0n) | (random.chance(4) ? 0x100n : 0n) | (random.chance(60) ? 0x3000n : 0n)
    | (random.chance(15) ? 0x40000n : 0n) | (random.chance(5) ? 0x4000n : 0n) | (mode === "vm86" ? 0x20000n : 0n));
}
