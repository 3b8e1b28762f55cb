// A vCPU with 2 MiB of RAM at 0 and nothing else, put into a mode by writing its registers: for what cases in user mode cannot show.
// There are no handlers: an exception is a triple fault, and `run` returns "shutdown", except in real mode, where the test may fill the table at 0.

import { ATTRIBUTES, createNodeMemory, createVnodeMemory, type Bus, type Engine, type GprName, type NodeMemory, type SegmentName, type Vcpu } from "../hal/index.ts";

export type BareMode = "real" | "protected" | "long";

export interface Bare {
  readonly vcpu: Vcpu;
  readonly node: NodeMemory;
  /** RAM, by guest-physical address. */
  readonly ram: Uint8Array;
  /** Puts code at CODE_AT and RIP there. */
  load(code: readonly number[] | Uint8Array): void;
  set(registers: Partial<Record<GprName | "rflags", bigint | number>>): void;
  get(name: GprName | "rip" | "rflags"): bigint;
  /** Makes all segments those of a privilege level (protected and long mode). */
  privilege(level: number): void;
}

export const RAM_BYTES = 0x20_0000;
export const CODE_AT = 0x8000;
/** Page tables of long mode: the 512 entries of the only page table are for the 2 MiB of RAM. */
const PML4 = 0x1fc000, PDPT = 0x1fd000, PD = 0x1fe000;
export const PAGE_TABLE = 0x1ff000;

const SILENT: Bus = {
  pioRead: () => 0xffff_ffff, pioWrite: () => {}, mmioRead: () => 0xffff_ffff, mmioWrite: () => {}, acknowledge: () => -1,
  msrRead: () => undefined, msrWrite: () => false, tprRead: () => 0, tprWrite: () => {},
};

export function createBare(engine: Engine, mode: BareMode, bus: Partial<Bus> = {}): Bare {
  const node = createNodeMemory(48 << 20), host = node.allocate(RAM_BYTES, 4096, "RAM");
  const memory = createVnodeMemory(node, [{ gpa: 0, bytes: RAM_BYTES, host, kind: "ram" }]);
  const vcpu = engine.createVcpu({
    node, memory, index: 0, bus: { ...SILENT, ...bus }, clock: { nowNs: () => 0 }, entropy: () => 4, model: { tscHz: 1e9, apicTimerHz: 1e9, vcpuCount: 1, apicId: 0 },
  });
  const ram = node.bytes.subarray(host, host + RAM_BYTES), { state } = vcpu;
  const entry = (gpa: number, value: number) => node.view.setBigUint64(host + gpa, BigInt(value), true);
  vcpu.reset();
  if (mode === "real") for (const name of ["es", "cs", "ss", "ds", "fs", "gs"] as const) state.writeSegment(name, { ...state.readSegment(name), selector: 0, base: 0n });
  else state.write("cr0", mode === "long" ? 0x8000_0033n : 0x33n);
  if (mode === "long") {
    entry(PML4, PDPT | 7);
    entry(PDPT, PD | 7);
    entry(PD, PAGE_TABLE | 7);
    for (let page = 0; page < 512; page++) entry(PAGE_TABLE + 8 * page, page * 4096 | 7);
    state.write("cr3", BigInt(PML4));
    state.write("cr4", 0x620n);
    state.write("efer", 0x500n);
  }
  const privilege = (level: number) => {
    const data: readonly SegmentName[] = ["es", "ss", "ds", "fs", "gs"], code = mode === "long" ? ATTRIBUTES.code64 : ATTRIBUTES.code32;
    state.writeSegment("cs", { selector: 8 | level, base: 0n, limit: 0xffff_ffff, attributes: code | level << 5 });
    for (const name of data) state.writeSegment(name, { selector: 16 | level, base: 0n, limit: 0xffff_ffff, attributes: ATTRIBUTES.data32 | level << 5 });
    state.writeField("cpl", BigInt(level));
  };
  if (mode !== "real") {
    privilege(0);
    state.writeTable("idt", 0n, 0);
  }
  const load = (code: readonly number[] | Uint8Array) => {
    ram.set(code, CODE_AT);
    state.write("rip", BigInt(CODE_AT));
    vcpu.invalidateCode(CODE_AT, code.length);
  };
  const set: Bare["set"] = (registers) => {
    for (const [name, value] of Object.entries(registers)) state.write(name as GprName, BigInt.asUintN(64, BigInt(value)));
  };
  return { vcpu, node, ram, load, set, get: (name) => state.read(name), privilege };
}

/** The task state segment at `base`, with `limit` bytes. */
export function setTask({ vcpu }: Bare, base: number, limit: number): void {
  vcpu.state.writeSegment("tr", { selector: 0x40, base: BigInt(base), limit, attributes: ATTRIBUTES.tss });
}
