// What the conformance cases stand on: small machines with one vCPU, a bus that keeps a log, and assertions that need no test framework.

import { NvlError } from "../../base/error.ts";
import { hex } from "../../base/text.ts";
import { createNodeMemory, createVnodeMemory, type NodeMemory, type Region, type VnodeMemory } from "../memory.ts";
import { ATTRIBUTES, type GprName, type VcpuState } from "../state.ts";
import type { Bus, Engine, Vcpu } from "../vcpu.ts";

/** One promise of the contract. `run` throws when the engine breaks it. */
export interface ConformanceCase {
  name: string;
  run(engine: Engine): void;
}

const text = (value: unknown): string => typeof value === "bigint" || typeof value === "number" ? hex(value) : Array.isArray(value) ? `[${value.map(text).join(", ")}]` : String(value);

/** Values are equal; arrays element by element. @throws conformance/failed */
export function equal(actual: unknown, expected: unknown, what: string): void {
  if (text(actual) !== text(expected)) throw new NvlError("conformance/failed", `${what}: expected ${text(expected)}, got ${text(actual)}`);
}

export interface Rig {
  node: NodeMemory;
  memory: VnodeMemory;
  vcpu: Vcpu;
  state: VcpuState;
  /** accesses of the bus in order: `in 2 0x10`, `out 1 0x80 0x41`, `read 4 0xfee00000`, `write 4 0xfee00000 0x1`, `acknowledge` */
  log: string[];
  /** what the bus answers, and what happens on an access */
  wires: { value: number; vector: number; onAccess: (entry: string) => void };
  /** sets registers */
  set(values: Partial<Record<GprName | "rip" | "rflags" | "cr0" | "cr3" | "cr4", bigint | number>>): void;
  /** puts code somewhere and RIP at its beginning */
  code(gpa: number, bytes: readonly number[]): void;
}

export const RAM_BYTES = 0x400000;

/** A vCPU after reset with 4 MiB of RAM at 0, and whatever else. */
export function createRig(engine: Engine, more: (node: NodeMemory) => Region[] = () => []): Rig {
  const node = createNodeMemory(80 << 20);
  const ram: Region = { gpa: 0, bytes: RAM_BYTES, host: node.allocate(RAM_BYTES, 4096, "RAM"), kind: "ram" };
  const memory = createVnodeMemory(node, [ram, ...more(node)]);
  const log: string[] = [];
  const wires: Rig["wires"] = { value: 0xffff_ffff, vector: -1, onAccess: () => {} };
  const note = (entry: string) => { log.push(entry); wires.onAccess(entry); };
  const answer = (bytes: number) => bytes === 4 ? wires.value >>> 0 : wires.value & ((1 << (8 * bytes)) - 1);
  const bus: Bus = {
    pioRead: (port, bytes) => { note(`in ${bytes} ${hex(port)}`); return answer(bytes); },
    pioWrite: (port, bytes, value) => note(`out ${bytes} ${hex(port)} ${hex(value >>> 0)}`),
    mmioRead: (gpa, bytes) => { note(`read ${bytes} ${hex(gpa)}`); return answer(bytes); },
    mmioWrite: (gpa, bytes, value) => note(`write ${bytes} ${hex(gpa)} ${hex(value >>> 0)}`),
    acknowledge: () => { note("acknowledge"); return wires.vector; },
    msrRead: () => undefined, msrWrite: () => false, tprRead: () => 0, tprWrite: () => {},
  };
  const vcpu = engine.createVcpu({
    node, memory, index: 0, bus, clock: { nowNs: () => 0 }, entropy: () => 4, model: { tscHz: 1e9, apicTimerHz: 1e9, vcpuCount: 1, apicId: 0 },
  });
  vcpu.reset();
  const { state } = vcpu;
  const set: Rig["set"] = (values) => { for (const [name, value] of Object.entries(values)) state.write(name as GprName, BigInt(value)); };
  const code = (gpa: number, bytes: readonly number[]) => {
    memory.write(gpa, Uint8Array.from(bytes));
    vcpu.invalidateCode(gpa, bytes.length);
    state.write("rip", BigInt(gpa));
  };
  return { node, memory, vcpu, state, log, wires, set, code };
}

export const REAL_CODE = 0x1000, REAL_STACK = 0x8000;
/** Where the handler of a vector begins, in real and in long mode. */
export const handlerOf = (vector: number) => 0x20000 + 64 * vector;
const REAL_HANDLER_SEGMENT = 0x2000;

/** Real mode, all segment bases 0. Handlers of the vector table are IRET until a case writes something else there. */
export function createRealRig(engine: Engine, bytes: readonly number[], more?: (node: NodeMemory) => Region[]): Rig {
  const rig = createRig(engine, more);
  for (const name of ["cs", "ds", "es", "ss"] as const) rig.state.writeSegment(name, { selector: 0, base: 0n, limit: 0xffff, attributes: name === "cs" ? 0x9b : 0x93 });
  for (let vector = 0; vector < 256; vector++) {
    const offset = handlerOf(vector) - REAL_HANDLER_SEGMENT * 16;
    rig.memory.write(4 * vector, Uint8Array.of(offset, offset >> 8, REAL_HANDLER_SEGMENT, REAL_HANDLER_SEGMENT >> 8));
    rig.memory.write(handlerOf(vector), Uint8Array.of(0xcf));
  }
  rig.set({ rsp: REAL_STACK });
  rig.code(REAL_CODE, bytes);
  return rig;
}

const PML4 = 0x10000, PDPT = 0x11000, PD = 0x12000, PD_DEVICES = 0x13000, GDT = 0x14000, IDT = 0x15000, TSS = 0x16000;
export const LONG_CODE = 0x30000, LONG_STACK = 0x40000, LONG_PAGE_TABLES = { pml4: PML4, pdpt: PDPT, pd: PD };
export const DEVICE = 0xfee00000;
const CODE_SELECTOR = 8;

/** Long mode at CPL 0: 2 MiB pages map the first 8 MiB (of which RAM is the first half) and DEVICE to themselves. Every vector has a gate;
 * handlers halt until a case writes something else there. */
export function createLongRig(engine: Engine, bytes: readonly number[], more?: (node: NodeMemory) => Region[]): Rig {
  const rig = createRig(engine, more), { memory, state } = rig;
  const u64 = (gpa: number, value: bigint) => memory.write(gpa, Uint8Array.from({ length: 8 }, (_, index) => Number((value >> BigInt(8 * index)) & 0xffn)));
  u64(PML4, BigInt(PDPT | 7));
  u64(PDPT, BigInt(PD | 7));
  for (let page = 0; page < 4; page++) u64(PD + 8 * page, BigInt((page << 21) | 0x87));
  u64(PDPT + 24, BigInt(PD_DEVICES | 7));
  u64(PD_DEVICES + 8 * ((DEVICE >>> 21) & 511), BigInt(DEVICE) | 0x87n);
  u64(GDT + CODE_SELECTOR, 0x00af9b000000ffffn);
  u64(GDT + 16, 0x00cf93000000ffffn);
  for (let vector = 0; vector < 256; vector++) {
    const handler = BigInt(handlerOf(vector));
    u64(IDT + 16 * vector, (handler & 0xffffn) | (BigInt(CODE_SELECTOR) << 16n) | (0x8en << 40n) | ((handler >> 16n) << 48n));
    u64(IDT + 16 * vector + 8, 0n);
    memory.write(handlerOf(vector), Uint8Array.of(0xf4));
  }
  state.writeTable("gdt", BigInt(GDT), 0x17);
  state.writeTable("idt", BigInt(IDT), 0xfff);
  state.writeSegment("cs", { selector: CODE_SELECTOR, base: 0n, limit: 0xffff_ffff, attributes: ATTRIBUTES.code64 });
  for (const name of ["ds", "es", "ss", "fs", "gs"] as const) state.writeSegment(name, { selector: 16, base: 0n, limit: 0xffff_ffff, attributes: ATTRIBUTES.data32 });
  state.writeSegment("tr", { selector: 0x20, base: BigInt(TSS), limit: 0x67, attributes: ATTRIBUTES.tss });
  rig.set({ cr0: 0x8000_0033, cr3: PML4, cr4: 0x620, rsp: LONG_STACK });
  state.write("efer", 0xd00n);
  rig.code(LONG_CODE, bytes);
  return rig;
}

/** 64-bit words of guest memory. */
export function words(rig: Rig, gpa: number | bigint, count: number): bigint[] {
  const bytes = rig.memory.read(Number(gpa), 8 * count), view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return Array.from({ length: count }, (_, index) => view.getBigUint64(8 * index, true));
}
