// Isolation of virtual nodes as an attacker would try it, on every engine: a guest with full privilege, tables of its own making and
// instructions that reach as far as they can, next to another virtual node in the same memory. Whatever it does, no byte outside of its
// own RAM changes (guest/fence.ts), nothing outside can be read, and control comes back.

import assert from "node:assert/strict";
import test from "node:test";
import { ATTRIBUTES, createNodeMemory, createVnodeMemory, type Bus, type Engine, type ExitReason, type GprName } from "../hal/index.ts";
import { openEngines } from "./engines.ts";
import { ownSpan, raiseFence } from "./guest/fence.ts";
import { createWatchdog } from "./guest/watchdog.ts";

const MiB = 2 ** 20, RAM_END = 2 * MiB, HIGH = 2 ** 32, HIGH_BYTES = 0x10000;
/** Page tables: the first 2 MiB one to one; the next 512 pages, from WINDOW on, are for `map`. */
const PML4 = 0x10000, PDPT = 0x11000, PD = 0x12000, PT = 0x13000, WINDOW_PT = 0x14000, WINDOW = 0x20_0000;
const CODE = 0x8000, GDT = 0x9000, STACK = 0x8000;
const FULL = 0x67n, LARGE = 0x80n;
const SECRET = 0x5e;
const RUNS_PER_CHECK = 50;
const HLT = 0xf4;

type Registers = Partial<Record<GprName | "rflags" | "cr0" | "cr3" | "cr4" | "efer", bigint | number>>;

interface Attacker {
  /** Guest-physical addresses that are host addresses of things that an attacker would like to reach. */
  readonly targets: readonly number[];
  readonly log: string[];
  put(gpa: number, value: bigint | number): void;
  get(gpa: number): bigint;
  map(slot: number, entry: bigint): void;
  reg(name: GprName): bigint;
  /** What the next runs begin with; long mode at first. Protected mode is without paging. */
  enter(mode: "long" | "protected" | "real"): void;
  set(registers: Registers): void;
  table(name: "gdt" | "idt", base: number | bigint, limit: number): void;
  task(base: number | bigint, limit: number): void;
  /** Puts code at `at` and executes it on a CPU that has just been reset and brought there. */
  run(code: readonly number[], at?: number, budget?: number): ExitReason;
  check(): void;
}

function createAttacker(engine: Engine): Attacker {
  const node = createNodeMemory(128 * MiB), log: string[] = [];
  const victimHost = node.allocate(MiB, 4096, "RAM of the victim");
  node.bytes.fill(SECRET, victimHost, victimHost + MiB);
  const bus: Bus = {
    pioRead: () => 0xffff_ffff, pioWrite: () => {}, acknowledge: () => -1, msrRead: () => undefined, msrWrite: () => false, tprRead: () => 0, tprWrite: () => {},
    mmioRead: (gpa, bytes) => {
      if (log.length < 1000) log.push(`read ${bytes} ${gpa.toString(16)}`);
      return 0xffff_ffff;
    },
    mmioWrite: (gpa, bytes) => { if (log.length < 1000) log.push(`write ${bytes} ${gpa.toString(16)}`); },
  };
  const setup = { node, bus, clock: { nowNs: () => 0 }, entropy: () => 4, model: { tscHz: 1e9, apicTimerHz: 1e9, vcpuCount: 1, apicId: 0 } };
  const victim = engine.createVcpu({ ...setup, memory: createVnodeMemory(node, [{ gpa: 0, bytes: MiB, host: victimHost, kind: "ram" }]), index: 0 });
  const host = node.allocate(RAM_END, 4096, "RAM");
  const wall = node.allocate(4096, 4096, "what lies behind RAM");
  node.bytes.fill(SECRET, wall, wall + 4096);
  const high = node.allocate(HIGH_BYTES, 4096, "RAM at 4 GiB");
  const behind = node.allocate(4096, 4096, "what lies behind RAM at 4 GiB");
  node.bytes.fill(SECRET, behind, behind + 4096);
  const memory = createVnodeMemory(node, [{ gpa: 0, bytes: RAM_END, host, kind: "ram" }, { gpa: HIGH, bytes: HIGH_BYTES, host: high, kind: "ram" }]);
  const vcpu = engine.createVcpu({ ...setup, memory, index: 0 }), { state } = vcpu;
  const fence = raiseFence(node, memory, vcpu, ownSpan(vcpu, node.allocate(64, 64, "end of the vCPU's own")));

  const put: Attacker["put"] = (gpa, value) => memory.write(gpa, new Uint8Array(new BigUint64Array([BigInt.asUintN(64, BigInt(value))]).buffer));
  const segments = (code: number) => {
    state.writeSegment("cs", { selector: 8, base: 0n, limit: 0xffff_ffff, attributes: code });
    for (const name of ["ss", "ds", "es", "fs", "gs"] as const) state.writeSegment(name, { selector: 0x10, base: 0n, limit: 0xffff_ffff, attributes: ATTRIBUTES.data32 });
  };
  const write = (registers: Registers) => {
    for (const [name, value] of Object.entries(registers)) state.write(name as GprName, BigInt.asUintN(64, BigInt(value)));
  };
  const modes = {
    long: () => {
      write({ cr0: 0x8001_0033n, cr3: PML4, cr4: 0x4_06b0n, efer: 0xd00 });
      segments(ATTRIBUTES.code64);
    },
    protected: () => {
      write({ cr0: 0x33, cr4: 0x4_0690 });
      segments(ATTRIBUTES.code32);
    },
    real: () => {
      write({ cr0: 0x30, cr4: 0x600 });
      for (const name of ["cs", "ss", "ds", "es", "fs", "gs"] as const) state.writeSegment(name, { selector: 0, base: 0n, limit: 0xffff, attributes: ATTRIBUTES.data16 });
    },
  };
  const oneToOne = new Uint8Array(BigUint64Array.from({ length: 512 }, (_, page) => BigInt(page * 4096) | FULL).buffer);
  // what an attack leaves behind must not make the next one harmless
  const begin = () => {
    vcpu.reset();
    put(PML4, PDPT | 7);
    put(PDPT, PD | 7);
    put(PD, PT | 7);
    memory.write(PT, oneToOne);
    put(GDT + 8, 0x00af_9b00_0000_ffffn);
    put(GDT + 16, 0x00cf_9300_0000_ffffn);
    modes[mode]();
    state.write("xcr0", 3n);
    for (const name of ["gdt", "idt"] as const) state.writeTable(name, ...tables[name]);
    state.writeSegment("tr", { selector: 0x18, base: task[0], limit: task[1], attributes: ATTRIBUTES.tss });
    write({ rsp: STACK, rflags: 2, ...registers });
  };
  let runs = 0;
  let mode: keyof typeof modes = "long", registers: Registers = {}, task: [bigint, number] = [0n, 0];
  const tables: Record<"gdt" | "idt", [bigint, number]> = { gdt: [BigInt(GDT), 0xff], idt: [0n, 0] }; // every exception is a triple fault
  put(PD + 8, WINDOW_PT | 7);

  return {
    targets: [victimHost, victim.state.address, host - 4096, wall, behind, memory.table, state.address, Number(state.readField("tlbArea")), node.codePages, 0x400, node.bytes.length]
      .map((address) => address - address % 4096).filter((address) => address >= RAM_END),
    log, put, get: (gpa) => new DataView(memory.read(gpa, 8).buffer).getBigUint64(0, true), reg: (name) => state.read(name),
    map: (slot, entry) => put(WINDOW_PT + slot * 8, entry),
    enter: (name) => { mode = name; },
    set: (values) => { registers = values; },
    table: (name, base, limit) => { tables[name] = [BigInt.asUintN(64, BigInt(base)), limit]; },
    task: (base, limit) => { task = [BigInt.asUintN(64, BigInt(base)), limit]; },
    run: (code, at = CODE, budget = 3000) => {
      begin();
      memory.write(at, Uint8Array.from(code));
      for (const { gpa, bytes } of memory.regions) vcpu.invalidateCode(gpa, bytes);
      state.write("rip", BigInt(at));
      const { reason } = vcpu.run(budget);
      if (++runs % RUNS_PER_CHECK === 0) check(); // what has changed outside stays changed
      return reason;
    },
    check,
  };
  function check(): void {
    assert.equal(fence.check(), undefined);
  }
}

const watchdog = createWatchdog("attack on isolation");
/** Instructions over memory at RDI (RSI for what has two operands), each followed by HLT. */
const STORES: Record<string, readonly number[]> = {
  "mov [rdi], al": [0x88, 0x07], "mov [rdi], rax": [0x48, 0x89, 0x07], "lock xadd [rdi], rax": [0xf0, 0x48, 0x0f, 0xc1, 0x07], "lock cmpxchg16b [rdi]": [0xf0, 0x48, 0x0f, 0xc7, 0x0f],
  "movups [rdi], xmm0": [0x0f, 0x11, 0x07], "movaps [rdi], xmm0": [0x0f, 0x29, 0x07], "movnti [rdi], rax": [0x48, 0x0f, 0xc3, 0x07], "maskmovdqu xmm0, xmm1": [0x66, 0x0f, 0xf7, 0xc1],
  "fxsave64 [rdi]": [0x48, 0x0f, 0xae, 0x07], "xsave64 [rdi]": [0x48, 0x0f, 0xae, 0x27], "xsavec [rdi]": [0x0f, 0xc7, 0x27], "fnsave [rdi]": [0xdd, 0x37], "fnstenv [rdi]": [0xd9, 0x37], "fstp tword [rdi]": [0xdb, 0x3f],
  "sgdt [rdi]": [0x0f, 0x01, 0x07], "rep stosb": [0xf3, 0xaa], "std; rep stosq": [0xfd, 0xf3, 0x48, 0xab], "rep movsb": [0xf3, 0xa4], "std; rep movsq": [0xfd, 0xf3, 0x48, 0xa5], "rep insd": [0xf3, 0x6d],
  "mov rsp, rdi; push rax": [0x48, 0x89, 0xfc, 0x50], "mov rsp, rdi; call": [0x48, 0x89, 0xfc, 0xe8, 0, 0, 0, 0], "mov rsp, rdi; enter 64, 31": [0x48, 0x89, 0xfc, 0xc8, 64, 0, 31],
};
const LOADS: Record<string, readonly number[]> = {
  "mov rax, [rdi]": [0x48, 0x8b, 0x07], "movups xmm0, [rdi]": [0x0f, 0x10, 0x07], "fxrstor64 [rdi]": [0x48, 0x0f, 0xae, 0x0f], "xrstor64 [rdi]": [0x48, 0x0f, 0xae, 0x2f], "lodsq": [0x48, 0xad], "rep lodsb": [0xf3, 0xac],
  "repne scasb": [0xf2, 0xae], "repe cmpsb": [0xf3, 0xa6], "lgdt [rdi]": [0x0f, 0x01, 0x17], "jmp [rdi]": [0xff, 0x27], "jmp rdi": [0xff, 0xe7], "mov rsp, rdi; ret": [0x48, 0x89, 0xfc, 0xc3], "mov rsp, rdi; iretq": [0x48, 0x89, 0xfc, 0x48, 0xcf],
  "mov rsp, rdi; popfq": [0x48, 0x89, 0xfc, 0x9d], "fld tword [rdi]": [0xdb, 0x2f], "frstor [rdi]": [0xdd, 0x27], "invlpg [rdi]": [0x0f, 0x01, 0x3f], "clflush [rdi]": [0x0f, 0xae, 0x3f], "ljmp [rdi]": [0x48, 0xff, 0x2f],
};
const holdsSecret = (value: bigint) => (value & 0xffffn) === BigInt(SECRET << 8 | SECRET);

for (const engine of openEngines()) {
  const attack = (what: string, body: (attacker: Attacker) => void) => test(`isolation: ${what} (${engine.name})`, () => {
    const attacker = createAttacker(engine);
    watchdog.watch(0, 60, () => body(attacker));
    attacker.check();
  });

  attack("pages that are mapped to the host addresses of others", (attacker) => {
    for (const target of attacker.targets) for (const [name, code] of Object.entries({ ...STORES, ...LOADS })) {
      attacker.map(0, BigInt(target) | FULL);
      attacker.set({ rax: 0, rcx: 600, rdx: 0, rbx: 0, rdi: WINDOW, rsi: WINDOW + 8 });
      attacker.run([0x0f, 0x01, 0x3f, ...code, HLT]);
      assert.ok(!holdsSecret(attacker.reg("rax")), `${name} at ${target.toString(16)} has read 0x${attacker.reg("rax").toString(16)}`);
    }
  });

  attack("accesses that cross the last byte of RAM", (attacker) => {
    // behind RAM: nothing, RAM at 4 GiB, the first page again, not present
    for (const next of [BigInt(RAM_END) | FULL, BigInt(HIGH) | FULL, FULL, 0n]) for (const [name, code] of Object.entries({ ...STORES, ...LOADS })) for (const back of [1, 7, 8, 16, 64, 256, 512, 520]) {
      attacker.map(0, next);
      attacker.set({ rax: 0x4141_4141_4141_4141n, rcx: 1000, rdx: 0, rbx: 0, rdi: RAM_END - back, rsi: RAM_END - back - 3 });
      attacker.run([0x0f, 0x01, 0x3f, ...code, HLT], CODE, 1200);
      if (name === "mov rax, [rdi]") assert.ok(!holdsSecret(attacker.reg("rax") >> 48n), `0x${attacker.reg("rax").toString(16)}`);
    }
  });

  attack("what is read across the end of RAM is all ones", (attacker) => {
    attacker.map(0, BigInt(RAM_END) | FULL);
    attacker.put(RAM_END - 8, 0x1122_3344_5566_7788n);
    attacker.set({ rdi: RAM_END - 3 });
    assert.equal(attacker.run([...LOADS["mov rax, [rdi]"], HLT]), "hlt");
    assert.equal(attacker.reg("rax"), 0xffff_ffff_ff11_2233n);
    assert.deepEqual(attacker.log.map((line) => line.split(" ")[2]), ["200000", "200001", "200002", "200003", "200004"]);
  });

  attack("address bits that no memory has", (attacker) => {
    for (let bit = 40; bit < 52; bit++) {
      attacker.map(0, 1n << BigInt(bit) | FULL);
      attacker.set({ rdi: WINDOW });
      assert.equal(attacker.run([0x0f, 0x01, 0x3f, ...STORES["mov [rdi], rax"], HLT]), "shutdown", `bit ${bit} is reserved`);
    }
  });

  attack("every power of two as a frame", (attacker) => {
    for (let bit = 21; bit < 40; bit++) for (const minus of [0, 4096]) {
      const gpa = 2 ** bit - minus;
      if (gpa < RAM_END || (gpa >= HIGH && gpa < HIGH + HIGH_BYTES)) continue;
      attacker.map(0, BigInt(gpa) | FULL);
      attacker.set({ rdi: WINDOW, rax: 0 });
      assert.equal(attacker.run([0x0f, 0x01, 0x3f, ...STORES["mov [rdi], rax"], ...LOADS["mov rax, [rdi]"], HLT]), "hlt");
      assert.equal(attacker.reg("rax"), 2n ** 64n - 1n, gpa.toString(16));
    }
  });

  attack("4 GiB, from below, from above and around it", (attacker) => {
    attacker.map(0, 0xffff_f000n | FULL);
    attacker.map(1, BigInt(HIGH) | FULL);
    attacker.map(2, BigInt(HIGH + HIGH_BYTES - 4096) | FULL);
    attacker.map(3, BigInt(HIGH + HIGH_BYTES) | FULL);
    for (const [name, code] of Object.entries(STORES)) for (const at of [WINDOW + 4096, WINDOW + 3 * 4096]) for (const back of [1, 8, 64, 512]) {
      attacker.put(HIGH, 0);
      attacker.set({ rax: -1n, rcx: 2000, rdx: 0, rbx: 0, rdi: at - back, rsi: CODE });
      attacker.run([...code, HLT], CODE, 2500);
      assert.equal(attacker.get(0), 0n, `${name} has come out at 0`);
    }
  });

  attack("segments that wrap at 4 GiB without paging", (attacker) => {
    attacker.enter("protected");
    for (const edi of [0xffff_fffd, 0xffff_fff0, RAM_END - 3, RAM_END - 16, 0x8000_0000]) for (const code of [[0x89, 0x07], [0x0f, 0x11, 0x07], [0xf3, 0xaa], [0xf3, 0xa5], [0x0f, 0xae, 0x07], [0x89, 0xfc, 0x60], [0xdd, 0x37], [0x8b, 0x07]]) {
      attacker.set({ rax: 0x4141_4141, rcx: 5000, rdi: edi, rsi: CODE });
      attacker.run([...code, HLT], CODE, 6000);
    }
  });

  attack("real mode above 1 MiB and around 64 KiB", (attacker) => {
    attacker.enter("real");
    attacker.table("idt", 0x7f000, 0x3ff);
    for (const di of [0xffff, 0xfffe, 0xfff1, 0]) for (const code of [[0x89, 0x05], [0x66, 0x89, 0x05], [0xf3, 0xaa], [0xfd, 0xf3, 0xab], [0x89, 0xfc, 0x60], [0x0f, 0x11, 0x05]]) {
      attacker.set({ rax: 0x4141, rcx: 0xffff, rdi: di, rsi: 0 });
      attacker.run([0xb8, 0xff, 0xff, 0x8e, 0xc0, 0x8e, 0xd8, ...code, HLT], 0x1000, 4000);
    }
  });

  attack("strings with counts that never end, over the ends of RAM", (attacker) => {
    for (let slot = 0; slot < 512; slot++) attacker.map(slot, BigInt(RAM_END + slot * 4096) | FULL);
    for (const code of [[0xf3, 0xaa], [0xf3, 0x48, 0xab], [0xf3, 0xa4], [0xf3, 0x48, 0xa5], [0xf3, 0xac], [0xf2, 0xae], [0xf3, 0xa6], [0xf3, 0x6c], [0xf3, 0x6e]]) for (const down of [0, 0x400]) {
      attacker.set({ rax: 0x41, rcx: -1n, rdi: RAM_END - 100, rsi: RAM_END - 200, rsp: STACK, rflags: 2 | down });
      const reason = attacker.run([...code, HLT], CODE, 200);
      assert.ok(["budget", "hlt", "shutdown"].includes(reason), reason);
    }
  });

  attack("descriptor tables and task state at the ends of RAM and in devices", (attacker) => {
    attacker.map(0, BigInt(RAM_END) | FULL);
    attacker.map(1, 0xfee0_0000n | FULL);
    const places = [RAM_END - 4, RAM_END - 8, RAM_END - 12, WINDOW, WINDOW + 4096, WINDOW + 4090];
    for (const base of places) for (const code of [[0x8e, 0xd8], [0x0f, 0x00, 0xd8], [0x0f, 0x00, 0xd0], [0x0f, 0x02, 0xd8], [0x0f, 0x03, 0xd8], [0x0f, 0x00, 0xe0]]) {
      attacker.table("gdt", base - 8, 0xffff);
      attacker.set({ rax: 8 });
      attacker.run([...code, HLT]);
    }
  });

  for (const base of [RAM_END - 4, RAM_END - 20, WINDOW, WINDOW + 4096, WINDOW + 4090, 0xffff_ffff_ffff_fff8n]) {
    attack(`an IDT at 0x${base.toString(16)}`, (attacker) => {
      attacker.map(0, BigInt(RAM_END) | FULL);
      attacker.map(1, 0xfee0_0000n | FULL);
      attacker.table("idt", base, 0xfff);
      assert.equal(attacker.run([0xcc, HLT]), "shutdown");
    });
    attack(`stacks and task state at 0x${base.toString(16)}`, (attacker) => {
      attacker.map(0, BigInt(RAM_END) | FULL);
      attacker.map(1, 0xfee0_0000n | FULL);
      attacker.table("idt", 0xa000, 0xfff);
      for (let vector = 0; vector < 32; vector++) attacker.put(0xa000 + vector * 16, 0x8e01_0008_0000n | BigInt(CODE + 0x100)); // by IST 1, code at CODE + 0x100
      attacker.task(BigInt(base) - 36n, 0xffff);
      attacker.set({ rsp: base });
      attacker.run([0xcc, HLT]);
    });
  }

  attack("code at the last bytes of RAM", (attacker) => {
    attacker.map(0, BigInt(RAM_END) | FULL);
    for (const code of [[0x90], [0x48], [0x48, 0xb8, 1, 2], [0xe9, 0], [0xf3, 0x48, 0x0f], [0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66]]) {
      assert.equal(attacker.run(code, RAM_END - code.length), "shutdown"); // FF FF is no instruction
    }
  });

  attack("code that goes on in the page of another region", (attacker) => {
    attacker.map(0, BigInt(HIGH) | FULL);
    attacker.put(HIGH, 0xf4_00_00_00_00_12n);
    assert.equal(attacker.run([0x48, 0xb8, 1, 0, 0], RAM_END - 5), "hlt"); // MOV RAX, imm64, then HLT
    assert.equal(attacker.reg("rax"), 0x1200_0001n);
  });

  attack("large pages over the end of RAM", (attacker) => {
    attacker.put(PD + 8, LARGE | FULL | BigInt(RAM_END)); // 2 MiB of nothing
    attacker.put(PDPT + 8, LARGE | FULL); // 1 GiB: RAM and what is behind it
    attacker.put(PDPT + 16, LARGE | FULL | BigInt(HIGH));
    for (const rdi of [WINDOW, 0x4000_0000 + RAM_END - 3, 0x4000_0000 + RAM_END, 0x8000_0000 + HIGH_BYTES - 4, 0x8000_0000 + HIGH_BYTES, 0x7fff_fffc])
      for (const code of Object.values(STORES)) {
        attacker.set({ rax: -1n, rcx: 100, rdx: 0, rbx: 0, rdi, rsi: CODE });
        attacker.run([...code, HLT], CODE, 400);
      }
  });

  attack("page tables where there is no memory", (attacker) => {
    for (const cr3 of attacker.targets) {
      attacker.set({ rax: cr3 });
      assert.equal(attacker.run([0x0f, 0x22, 0xd8, HLT]), "shutdown"); // MOV CR3, RAX: the next fetch has no tables
    }
  });
}
test("the attacks are over", () => watchdog.stop());
