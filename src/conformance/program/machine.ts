// An engine that runs programs as the host's CPU does: user mode, the same pages at the same addresses, and a kernel that notes exceptions.
// Its handlers halt; what follows is done from outside, and the two instructions behind are the kernel's INVLPG and IRETQ.

import { createNodeMemory, createVnodeMemory, type Bus, type Engine } from "../../hal/index.ts";
import { CODE, CODE_BYTES, DATA, DATA_BYTES, MOST_FAULTS, PAGE, RECOVER, SWAP, SWAP_BYTES, SWAP_PAGES, type Fault, type Program, type ProgramOutcome } from "./program.ts";

const KERNEL = 0xffff_8000_0000_0000n;
const PML4 = 0x1000, LOW_PDPT = 0x2000, LOW_PD = 0x3000, CODE_PT = 0x4000, DATA_PT = 0x5000, SWAP_PT = 0x6000, HIGH_PDPT = 0x7000, HIGH_PD = 0x8000, HIGH_PT = 0x9000,
  GDT = 0xa000, IDT = 0xb000, TSS = 0xc000, HANDLERS = 0xd000, STACK_TOP = 0x10000, CODE_FRAME = 0x10000, DATA_FRAME = CODE_FRAME + CODE_BYTES, SWAP_FRAME = DATA_FRAME + DATA_BYTES, RAM_BYTES = 0x20000;
const P = 1n, W = 2n, U = 4n, AD = 0x60n, NX = 1n << 63n;
const DESCRIPTORS = [0n, 0x00cf9b000000ffffn, 0x00af9b000000ffffn, 0x00cf93000000ffffn, 0x00cffb000000ffffn, 0x00cff3000000ffffn, 0x00affb000000ffffn];
const WITH_ERROR_CODE = new Set([8, 10, 11, 12, 13, 14, 17]);
/** From there on Linux tells a program of every page that it is present (arch/x86/mm/fault.c, sanitize_error_code). */
const TASK_SIZE = 0x7fff_ffff_f000n;
const MOST_INSTRUCTIONS = 4_000_000;
/** Longer than any program takes but those that keep overwriting code which is compiled at once again. */
const MOST_MS = 10_000;
const NO_BUS: Bus = { pioRead: () => 0xffff_ffff, pioWrite: () => {}, mmioRead: () => 0xffff_ffff, mmioWrite: () => {}, acknowledge: () => -1, msrRead: () => undefined, msrWrite: () => false, tprRead: () => 0, tprWrite: () => {} };

export interface ProgramMachine {
  readonly name: string;
  /** @param slice instructions of each `run` */
  run(program: Program, slice?: number): ProgramOutcome;
}

export function createProgramMachine(engine: Engine, name: string): ProgramMachine {
  const node = createNodeMemory(48 << 20), ram = node.allocate(RAM_BYTES, PAGE, "RAM");
  const memory = createVnodeMemory(node, [{ gpa: 0, bytes: RAM_BYTES, host: ram, kind: "ram" }]);
  const vcpu = engine.createVcpu({ node, memory, index: 0, bus: NO_BUS, clock: { nowNs: () => 0 }, entropy: () => 4, model: { tscHz: 1e9, apicTimerHz: 1e9, vcpuCount: 1, apicId: 0 } });
  const { state } = vcpu;
  const u64 = (gpa: number, value: bigint) => node.view.setBigUint64(ram + gpa, BigInt.asUintN(64, value), true);
  const read64 = (gpa: number) => node.view.getBigUint64(ram + gpa, true);
  const bytesAt = (frame: number, bytes: number) => node.bytes.subarray(ram + frame, ram + frame + bytes);
  /** The swap pages in the order in which the program sees them. */
  let swapped = false;
  const swapTable = () => [0, 1].forEach((page) => u64(SWAP_PT + 8 * page, BigInt(SWAP_FRAME + PAGE * (swapped ? 1 - page : page)) | P | W | U | AD));

  const prepare = ({ code, data, swap, gpr, rflags, mxcsr, fcw, xmm }: Program) => {
    vcpu.reset();
    memory.clear(PML4, CODE_FRAME - PML4);
    writeKernel(u64, (gpa, bytes) => memory.write(gpa, Uint8Array.from(bytes)));
    swapped = false;
    swapTable();
    for (const [frame, bytes] of [[CODE_FRAME, code], [DATA_FRAME, data], [SWAP_FRAME, swap]] as const) memory.write(frame, bytes);
    vcpu.invalidateCode(0, RAM_BYTES);
    state.write("cr0", 0x8005_0033n); state.write("cr3", BigInt(PML4)); state.write("cr4", 0x668n); state.write("efer", 0xd01n); state.write("xcr0", 3n);
    state.writeTable("gdt", KERNEL + BigInt(GDT), 127);
    state.writeTable("idt", KERNEL + BigInt(IDT), 4095);
    state.writeSegment("tr", { selector: 0x40, base: KERNEL + BigInt(TSS), limit: 0x67, attributes: 0x8b });
    state.writeSegment("cs", { selector: 0x33, base: 0n, limit: 0xffff_ffff, attributes: 0xa0fb });
    for (const each of ["ss", "ds", "es"] as const) state.writeSegment(each, { selector: 0x2b, base: 0n, limit: 0xffff_ffff, attributes: 0xc0f3 });
    state.writeField("cpl", 3n);
    gpr.forEach((value, index) => state.writeField("gpr", value, index));
    state.write("rflags", rflags);
    state.write("rip", BigInt(CODE));
    state.writeField("mxcsr", BigInt(mxcsr)); state.writeField("fcw", BigInt(fcw)); state.writeField("fsw", 0n); state.writeField("ftw", 0n);
    for (let index = 0; index < 8; index++) state.writeField("fpr", 0n, index);
    for (let index = 0; index < 16; index++) state.writeField("xmm", xmm[2 * index + 1] << 64n | xmm[2 * index], index);
  };

  const run: ProgramMachine["run"] = (program, slice = 100_000) => {
    prepare(program);
    const faults: Fault[] = [], before = vcpu.retired(), lateMs = performance.now() + MOST_MS;
    let late = false;
    let end: bigint | undefined;
    /** In a handler: the stack has vector, error code, and the frame. @returns whether the program goes on */
    const exception = () => {
      const at = STACK_TOP - 56, vector = Number(read64(at)), errorCode = Number(read64(at + 8)), rip = read64(at + 16);
      if (vector === 3) {
        end = rip - 1n;
        return false;
      }
      const offset = Number(rip) - CODE, isSwap = vector === 6 && offset >= 0 && offset < CODE_BYTES - 1 && SWAP_PAGES.every((byte, index) => bytesAt(CODE_FRAME, CODE_BYTES)[offset + index] === byte);
      if (isSwap) {
        swapped = !swapped;
        swapTable();
        u64(at + 16, rip + 2n);
        return true;
      }
      const cr2 = vector === 14 ? state.read("cr2") : 0n;
      faults.push({ vector, rip, errorCode: cr2 >= TASK_SIZE ? errorCode | 1 : errorCode, cr2 });
      if (faults.length === MOST_FAULTS) {
        end = 0n;
        return false;
      }
      const next = offset >= 0 && offset < CODE_BYTES ? program.marks.find((mark) => mark > offset) : undefined;
      if (next !== undefined) {
        u64(at + 16, BigInt(CODE + next));
        return true;
      }
      const recover = read64(DATA_FRAME + RECOVER - DATA);
      u64(at + 16, recover);
      u64(at + 40, read64(DATA_FRAME + RECOVER - DATA + 8));
      if (recover === BigInt.asUintN(64, BigInt.asIntN(48, recover))) return true;
      // the program has overwritten it: where Linux returns to such an address, that is the user's fault, again and again
      while (faults.length < MOST_FAULTS) faults.push({ vector: 13, rip: recover, errorCode: 0, cr2: 0n });
      end = 0n;
      return false;
    };
    while (end === undefined && vcpu.retired() - before < MOST_INSTRUCTIONS) {
      if ((late = performance.now() > lateMs)) break;
      const { reason } = vcpu.run(slice);
      if (reason === "budget") continue;
      if (reason !== "hlt") throw new Error(`run() returned ${reason} at ${state.read("rip").toString(16)}`);
      if (exception()) state.writeField("activity", 0n);
    }
    const at = STACK_TOP - 56, user = end === undefined, fsw = Number(state.readField("fsw")), ftw = Number(state.readField("ftw")), top = fsw >> 11 & 7;
    const outcome: ProgramOutcome = {
      end: end ?? -1n, late, faults, gpr: Array.from({ length: 16 }, (_, index) => index === 4 && !user ? read64(at + 40) : state.readField("gpr", index)),
      rflags: user ? state.read("rflags") : read64(at + 32), mxcsr: Number(state.readField("mxcsr")), fcw: Number(state.readField("fcw")), fsw, ftw,
      st: Array.from({ length: 8 }, (_, index) => ftw >> (top + index & 7) & 1 ? BigInt.asUintN(80, state.readField("fpr", top + index & 7)).toString(16).padStart(20, "0") : "empty"),
      xmm: Array.from({ length: 16 }, (_, index) => state.readField("xmm", index).toString(16).padStart(32, "0")),
      code: bytesAt(CODE_FRAME, CODE_BYTES).slice(), data: bytesAt(DATA_FRAME, DATA_BYTES).slice(),
      swap: Uint8Array.from([...bytesAt(SWAP_FRAME + (swapped ? PAGE : 0), PAGE), ...bytesAt(SWAP_FRAME + (swapped ? 0 : PAGE), PAGE)]),
    };
    return outcome;
  };
  return { name, run };
}

function writeKernel(u64: (gpa: number, value: bigint) => void, write: (gpa: number, bytes: number[]) => void): void {
  const little = (value: bigint, bytes = 8) => Array.from({ length: bytes }, (_, index) => Number((BigInt.asUintN(64, value) >> BigInt(8 * index)) & 0xffn));
  const entry = (table: number, linear: bigint, level: number, value: bigint) => u64(table + 8 * Number((linear >> BigInt(12 + 9 * level)) & 511n), value | P | W | 0x20n);
  entry(PML4, 0n, 3, BigInt(LOW_PDPT) | U);
  entry(LOW_PDPT, 0n, 2, BigInt(LOW_PD) | U);
  for (const [linear, bytes, table, frame, more] of [[CODE, CODE_BYTES, CODE_PT, CODE_FRAME, 0n], [DATA, DATA_BYTES, DATA_PT, DATA_FRAME, NX], [SWAP, SWAP_BYTES, SWAP_PT, SWAP_FRAME, 0n]] as const) {
    entry(LOW_PD, BigInt(linear), 1, BigInt(table) | U);
    for (let at = 0; at < bytes; at += PAGE) entry(table, BigInt(linear + at), 0, BigInt(frame + at) | U | AD | more);
  }
  entry(PML4, KERNEL, 3, BigInt(HIGH_PDPT));
  entry(HIGH_PDPT, KERNEL, 2, BigInt(HIGH_PD));
  entry(HIGH_PD, KERNEL, 1, BigInt(HIGH_PT));
  for (let page = 0; page < 16; page++) entry(HIGH_PT, KERNEL + BigInt(page * PAGE), 0, BigInt(page * PAGE) | AD);
  DESCRIPTORS.forEach((descriptor, index) => u64(GDT + 8 * index, descriptor));
  const tss = KERNEL + BigInt(TSS);
  u64(GDT + 0x40, 0x67n | (tss & 0xff_ffffn) << 16n | 0x8bn << 40n | (tss >> 24n & 0xffn) << 56n);
  u64(GDT + 0x48, tss >> 32n);
  write(TSS + 0x66, [0x68, 0]);
  write(TSS + 4, little(KERNEL + BigInt(STACK_TOP)));
  const common = HANDLERS + 0x800;
  // HLT; INVLPG of both pages by R8, which is the program's: through the stack; ADD RSP, 16; IRETQ
  write(common, [0xf4, 0x41, 0x50, 0x49, 0xc7, 0xc0, ...little(BigInt(SWAP), 4), 0x41, 0x0f, 0x01, 0x38, 0x41, 0x0f, 0x01, 0xb8, ...little(BigInt(PAGE), 4), 0x41, 0x58, 0x48, 0x83, 0xc4, 0x10, 0x48, 0xcf]);
  for (let vector = 0; vector < 32; vector++) {
    const place = HANDLERS + 32 * vector, handler = KERNEL + BigInt(place), privilege = vector === 3 || vector === 4 ? 3n : 0n;
    u64(IDT + 16 * vector, (handler & 0xffffn) | 0x10n << 16n | (0x8en | privilege << 5n) << 40n | (handler >> 16n & 0xffffn) << 48n);
    u64(IDT + 16 * vector + 8, handler >> 32n);
    const stub = [...(WITH_ERROR_CODE.has(vector) ? [] : [0x6a, 0]), 0x6a, vector, 0xe9];
    write(place, [...stub, ...little(BigInt(common - (place + stub.length + 4)), 4)]);
  }
}
