// An engine that runs cases as the host's CPU does: a vCPU in user mode, the same pages at the same addresses, and a kernel of tables only.

import {
  createNodeMemory, createVnodeMemory, CONSTANTS as C, OFFSET, type Bus, type Engine, type SegmentName,
} from "../../hal/index.ts";
import {
  CODE, CODE_PAGES, codeBase, DATA, DATA_PAGES, FS_BASE, GS_BASE, PAGE, pristineByte, SEGMENTS16, USER_CODE32, USER_CODE64, USER_DATA, type Case, type Outcome, type Status,
} from "./case.ts";

/** The kernel's half: guest-physical address p is at KERNEL + p, for supervisors only. */
const KERNEL = 0xffff_8000_0000_0000n;
/** Pages of guest-physical memory. */
const PML4 = 0x1000, LOW_PDPT = 0x2000, LOW_PD = 0x3000, CODE_PT = 0x4000, DATA_PT = 0x5000, HIGH_PDPT = 0x6000, HIGH_PD = 0x7000, HIGH_PT = 0x8000,
  GDT = 0x9000, LDT = 0x9800, IDT = 0xa000, TSS = 0xb000, HANDLERS = 0xc000, STACK = 0xd000, CODE_FRAME = 0x10000, DATA_FRAME = 0x12000, RAM_BYTES = 0x20000;
const STACK_TOP = STACK + PAGE;
const PRESENT = 1n, WRITABLE = 2n, USER = 4n, ACCESSED = 0x20n, DIRTY = 0x40n, NO_EXECUTE = 1n << 63n;
/** Descriptors by index, as Linux has them: kernel code32, code64 and data, user code32, data and code64; the TSS in 8 and 9. */
const DESCRIPTORS = [0n, 0x00cf9b000000ffffn, 0x00af9b000000ffffn, 0x00cf93000000ffffn, 0x00cffb000000ffffn, 0x00cff3000000ffffn, 0x00affb000000ffffn];
const KERNEL_CODE = 0x10, TSS_SELECTOR = 0x40, LDT_SELECTOR = 0x50;
const ATTRIBUTES = { [USER_CODE32]: 0xc0fb, [USER_DATA]: 0xc0f3, [USER_CODE64]: 0xa0fb } as Record<number, number>;
const CR0 = 0x8005_0033n, CR4 = 0x5_0668n, EFER = 0xd01n, XCR0 = 3n;
const WITH_ERROR_CODE = new Set([8, 10, 11, 12, 13, 14, 17]);
/** A repeated instruction may take this many steps. */
const STEPS_MAX = 20_000;

const TF = 0x100n, BREAKPOINT = 3;
/** Where a case is executed whole: instructions of a run, of which the handler's loop uses up what is left, and most runs. */
const SLICE = 100, SLICES_MAX = 2000;

const NO_BUS: Bus = {
  pioRead: () => 0xffff_ffff, pioWrite: () => {}, mmioRead: () => 0xffff_ffff, mmioWrite: () => {}, acknowledge: () => -1,
  msrRead: () => undefined, msrWrite: () => false, tprRead: () => 0, tprWrite: () => {},
};

export interface CaseMachine {
  readonly engine: string;
  run(one: Case): Outcome;
}

export function createCaseMachine(engine: Engine): CaseMachine {
  const node = createNodeMemory(48 << 20);
  const ram = node.allocate(RAM_BYTES, PAGE, "RAM");
  const memory = createVnodeMemory(node, [{ gpa: 0, bytes: RAM_BYTES, host: ram, kind: "ram" }]);
  const vcpu = engine.createVcpu({
    node, memory, index: 0, bus: NO_BUS, clock: { nowNs: () => 0 }, entropy: () => 4,
    model: { tscHz: 1e9, apicTimerHz: 1e9, vcpuCount: 1, apicId: 0 },
  });
  const { state } = vcpu;
  const u64 = (gpa: number, value: bigint) => node.view.setBigUint64(ram + gpa, BigInt.asUintN(64, value), true);
  writeTables(u64, (gpa, bytes) => memory.write(gpa, Uint8Array.from(bytes)));

  const dataAt = ram + DATA_FRAME, codeAt = ram + CODE_FRAME;
  const data = node.bytes.subarray(dataAt, dataAt + DATA_PAGES * PAGE), code = node.bytes.subarray(codeAt, codeAt + CODE_PAGES * PAGE);
  const pristine = Uint8Array.from({ length: DATA_PAGES * PAGE }, (_, index) => pristineByte(index));
  data.set(pristine);
  code.fill(0xcc);

  const segment = (name: SegmentName, selector: number, base = 0n) => state.writeSegment(name, selector === 0
    ? { selector, base, limit: 0, attributes: C.SEG_UNUSABLE } : { selector, base, limit: 0xffff_ffff, attributes: ATTRIBUTES[selector]! });
  vcpu.reset();
  state.write("cr0", CR0); state.write("cr3", BigInt(PML4)); state.write("cr4", CR4); state.write("efer", EFER); state.write("xcr0", XCR0);
  state.writeTable("gdt", KERNEL + BigInt(GDT), 127);
  state.writeTable("idt", KERNEL + BigInt(IDT), 4095);
  state.writeSegment("tr", { selector: TSS_SELECTOR, base: KERNEL + BigInt(TSS), limit: 0x67, attributes: 0x8b });
  state.writeSegment("ldtr", { selector: LDT_SELECTOR, base: KERNEL + BigInt(LDT), limit: 39, attributes: 0x82 });
  const setUp = (one: Case): void => {
    const long = one.mode === "long", other = long ? 0 : USER_DATA;
    if (one.mode === "sixteen") {
      const { cs, ds, ss, fs, gs } = SEGMENTS16;
      for (const [name, { base, ...rest }] of Object.entries({ cs, ds, es: ds, ss, fs, gs })) state.writeSegment(name as SegmentName, { ...rest, base: BigInt(base) });
    } else {
      segment("cs", long ? USER_CODE64 : USER_CODE32);
      segment("ss", USER_DATA);
      segment("ds", other);
      segment("es", other);
      segment("fs", other, long ? FS_BASE : 0n);
      segment("gs", other, long ? GS_BASE : 0n);
    }
    state.writeField("cpl", 3n);
    one.gpr.forEach((value, index) => state.writeField("gpr", value, index));
    state.write("rflags", one.rflags);
    state.write("rip", BigInt(one.rip));
    writeFx(one.fx);
    const at = one.rip + codeBase(one.mode) - CODE;
    code.set(one.code.subarray(0, code.length - at), at);
    data.set(one.bytes, one.window - DATA);
    vcpu.invalidateCode(CODE_FRAME + at, Math.min(one.code.length, code.length - at));
  };
  /** FXSAVE has ST(0) first, the state has R0 first. */
  const stackOrder = (fx: Uint8Array, visit: (fxOffset: number, host: number) => void) => {
    const top = (fx[3]! >> 3) & 7;
    for (let index = 0; index < 8; index++) visit(32 + 16 * index, state.address + OFFSET.fpr + 16 * ((top + index) & 7));
  };
  const writeFx = (fx: Uint8Array): void => {
    const view = new DataView(fx.buffer, fx.byteOffset, 512);
    const set = (name: "fcw" | "fsw" | "ftw" | "fop" | "mxcsr", value: number) => state.writeField(name, BigInt(value));
    set("fcw", view.getUint16(0, true)); set("fsw", view.getUint16(2, true)); set("ftw", view.getUint8(4)); set("fop", view.getUint16(6, true) & 0x7ff);
    state.writeField("fip", view.getBigUint64(8, true));
    state.writeField("fdp", view.getBigUint64(16, true));
    set("mxcsr", view.getUint32(24, true));
    stackOrder(fx, (offset, host) => { node.bytes.fill(0, host, host + 16); node.bytes.set(fx.subarray(offset, offset + 10), host); });
    node.bytes.set(fx.subarray(160, 416), state.address + OFFSET.xmm);
  };
  const readFx = (): Uint8Array => {
    const fx = new Uint8Array(512), view = new DataView(fx.buffer);
    const get = (name: "fcw" | "fsw" | "ftw" | "fop" | "mxcsr") => Number(state.readField(name));
    view.setUint16(0, get("fcw"), true); view.setUint16(2, get("fsw"), true); view.setUint8(4, get("ftw")); view.setUint16(6, get("fop"), true);
    view.setUint32(24, get("mxcsr"), true);
    stackOrder(fx, (offset, host) => fx.set(node.bytes.subarray(host, host + 10), offset));
    fx.set(node.bytes.subarray(state.address + OFFSET.xmm, state.address + OFFSET.xmm + 256), 160);
    return fx;
  };
  const inPages = () => {
    const linear = state.read("rip") + state.readField("segBase", C.SEG_CS);
    return linear >= BigInt(CODE) && linear < BigInt(CODE + CODE_PAGES * PAGE);
  };

  const run = (one: Case): Outcome => {
    try {
      return execute(one);
    } finally {
      restore(one);
    }
  };
  const execute = (one: Case): Outcome => {
    setUp(one);
    const start = BigInt(one.rip);
    let status: Status = "endless", vector = 0, errorCode = 0, left: string | undefined;
    // compiled code is not entered when only one instruction may be executed: there the INT3 behind ends the case, as on the host
    const whole = engine.name === "jit" && (one.rflags & TF) === 0n;
    for (let slices = 0; whole && slices < SLICES_MAX && left === undefined && state.read("cpl") === 3n; slices++) {
      const exit = vcpu.run(SLICE);
      if (exit.reason !== "budget") left = exit.reason;
    }
    if (whole && state.read("cpl") !== 3n) status = "fault";
    for (let steps = 0; !whole && steps < STEPS_MAX && left === undefined; steps++) {
      const exit = vcpu.run(1);
      if (exit.reason !== "budget") left = exit.reason;
      if (state.read("cpl") !== 3n) status = "fault";
      else if (state.read("rip") === start) continue;
      // a transfer to nowhere faults when the next instruction is fetched
      else if (!inPages() && steps < STEPS_MAX - 2) { steps = STEPS_MAX - 2; status = "reached"; continue; }
      else status = "reached";
      break;
    }
    let rip = state.read("rip"), rsp = state.read("rsp"), rflags = state.read("rflags"), cs = Number(state.readField("segSelector", C.SEG_CS)), ss = Number(state.readField("segSelector", C.SEG_SS));
    if (status === "fault") {
      vector = Number(rip - KERNEL - BigInt(HANDLERS)) >> 4;
      const frame = ram + STACK_TOP - 40, field = (index: number) => node.view.getBigUint64(frame + 8 * index, true);
      if (WITH_ERROR_CODE.has(vector)) errorCode = Number(node.view.getBigUint64(frame - 8, true));
      rip = field(0); cs = Number(field(1)); rflags = field(2); rsp = field(3); ss = Number(field(4));
      if (whole && vector === BREAKPOINT) {
        status = "reached";
        vector = 0;
        rip--;
      }
    }
    const gpr = BigUint64Array.from({ length: 16 }, (_, index) => index === 4 ? rsp : state.readField("gpr", index));
    const selector = (index: number) => Number(state.readField("segSelector", index));
    const outcome: Outcome = {
      status, vector, errorCode, rip, gpr, rflags, cr2: state.read("cr2"), fx: readFx(),
      bytes: data.slice(one.window - DATA, one.window - DATA + one.bytes.length), stray: strayWrite(one),
      selectors: [selector(C.SEG_ES), cs, ss, selector(C.SEG_DS), selector(C.SEG_FS), selector(C.SEG_GS)],
      fsBase: state.readField("segBase", C.SEG_FS), gsBase: state.readField("segBase", C.SEG_GS),
      ...(left === undefined ? {} : { left }),
    };
    return outcome;
  };
  /** The first 8 bytes outside of the window that have changed. */
  const strayWrite = (one: Case): number => {
    const from = one.window - DATA, to = from + one.bytes.length;
    const changed = (start: number, end: number) => Buffer.compare(data.subarray(start, end), pristine.subarray(start, end)) !== 0;
    if (!changed(0, from) && !changed(to, data.length)) return 0;
    for (let at = 0; at < data.length; at += 8) if ((at < from || at >= to) && changed(at, at + 8)) return DATA + at;
    return 0;
  };
  const restore = (one: Case): void => {
    data.set(pristine);
    const at = one.rip + codeBase(one.mode) - CODE;
    code.fill(0xcc, at, at + one.code.length);
    vcpu.invalidateCode(CODE_FRAME + at, Math.min(one.code.length, code.length - at));
  };
  return { engine: engine.name, run };
}

/** Page tables, GDT, IDT, TSS and handlers that loop on the spot. */
function writeTables(u64: (gpa: number, value: bigint) => void, write: (gpa: number, bytes: number[]) => void): void {
  const table = PRESENT | WRITABLE | ACCESSED;
  const entry = (at: number, linear: bigint, level: number, value: bigint) => u64(at + 8 * Number((linear >> BigInt(12 + 9 * level)) & 511n), value);
  const code = BigInt(CODE), data = BigInt(DATA);
  entry(PML4, code, 3, BigInt(LOW_PDPT) | table | USER);
  entry(LOW_PDPT, code, 2, BigInt(LOW_PD) | table | USER);
  entry(LOW_PD, code, 1, BigInt(CODE_PT) | table | USER);
  entry(LOW_PD, data, 1, BigInt(DATA_PT) | table | USER);
  for (let page = 0; page < CODE_PAGES; page++) entry(CODE_PT, code + BigInt(page * PAGE), 0, BigInt(CODE_FRAME + page * PAGE) | table | USER | DIRTY);
  for (let page = 0; page < DATA_PAGES; page++) entry(DATA_PT, data + BigInt(page * PAGE), 0, BigInt(DATA_FRAME + page * PAGE) | table | USER | DIRTY | NO_EXECUTE);
  entry(PML4, KERNEL, 3, BigInt(HIGH_PDPT) | table);
  entry(HIGH_PDPT, KERNEL, 2, BigInt(HIGH_PD) | table);
  entry(HIGH_PD, KERNEL, 1, BigInt(HIGH_PT) | table);
  for (let page = 0; page < 16; page++) entry(HIGH_PT, KERNEL + BigInt(page * PAGE), 0, BigInt(page * PAGE) | table | DIRTY);

  DESCRIPTORS.forEach((descriptor, index) => u64(GDT + 8 * index, descriptor));
  Object.values(SEGMENTS16).forEach(({ selector, base, limit, attributes }) =>
    u64(LDT + (selector & ~7), (BigInt(base >>> 24) << 56n) | (BigInt(attributes) << 40n) | (BigInt(base & 0xff_ffff) << 16n) | BigInt(limit)));
  const tss = KERNEL + BigInt(TSS);
  u64(GDT + TSS_SELECTOR, 0x67n | ((tss & 0xff_ffffn) << 16n) | (0x8bn << 40n) | (((tss >> 24n) & 0xffn) << 56n));
  u64(GDT + TSS_SELECTOR + 8, tss >> 32n);
  write(TSS + 0x66, [0x68, 0]); // no I/O bitmap
  const top = KERNEL + BigInt(STACK_TOP);
  write(TSS + 4, Array.from({ length: 8 }, (_, index) => Number((top >> BigInt(8 * index)) & 0xffn)));
  for (let vector = 0; vector < 256; vector++) {
    const handler = KERNEL + BigInt(HANDLERS + 16 * vector), privilege = vector === 3 || vector === 4 ? 3n : 0n;
    u64(IDT + 16 * vector, (handler & 0xffffn) | (BigInt(KERNEL_CODE) << 16n) | ((0x8en | (privilege << 5n)) << 40n) | (((handler >> 16n) & 0xffffn) << 48n));
    u64(IDT + 16 * vector + 8, handler >> 32n);
    write(HANDLERS + 16 * vector, [0xeb, 0xfe]);
  }
}
