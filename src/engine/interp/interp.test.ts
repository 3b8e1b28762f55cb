import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import { ATTRIBUTES, createNodeMemory, createVnodeMemory, type Bus, type Vcpu } from "../../hal/index.ts";
import { createInterp } from "./index.ts";

const wasm = (path: string) => new WebAssembly.Module(readFileSync(new URL(path, import.meta.url)));
const engine = createInterp({ core: wasm("../core/core.wasm"), interp: wasm("interp.wasm") });

const RAM = 4 << 20, CODE = 0x10000, DATA = 0x20000, STACK = 0x30000;
const GDT = 0x5000, IDT = 0x6000;
const HLT = 0xf4, INC_EAX = [0xff, 0xc0], JMP_SELF = [0xeb, 0xfe];

interface Machine { vcpu: Vcpu; write(gpa: number, bytes: readonly number[]): void; u64(gpa: number): bigint; set64(gpa: number, value: bigint): void; onOut: (value: number) => void }

/** A vCPU in 64-bit mode at privilege 0, memory mapped to itself by 4 KiB pages, every exception halting at its own HLT. */
function machine(): Machine {
  const node = createNodeMemory(112 << 20);
  const host = node.allocate(RAM, 4096, "RAM");
  const memory = createVnodeMemory(node, [{ gpa: 0, bytes: RAM, host, kind: "ram" }]);
  const self: Machine = {
    vcpu: undefined as unknown as Vcpu, onOut: () => {},
    write: (gpa, bytes) => node.bytes.set(bytes, host + gpa),
    u64: (gpa) => node.view.getBigUint64(host + gpa, true),
    set64: (gpa, value) => node.view.setBigUint64(host + gpa, value, true),
  };
  const bus: Bus = {
    pioRead: () => 0xff, pioWrite: (_port, _bytes, value) => self.onOut(value), mmioRead: () => 0xff, mmioWrite: () => {}, acknowledge: () => 0x40,
    msrRead: () => undefined, msrWrite: () => false, tprRead: () => 0, tprWrite: () => {},
  };
  const vcpu = engine.createVcpu({ node, memory, index: 0, bus, clock: { nowNs: () => 0 }, entropy: () => 4, model: { tscHz: 1e9, apicTimerHz: 1e9, vcpuCount: 1, apicId: 0 } });
  self.vcpu = vcpu;
  self.set64(0x1000, 0x2003n);
  self.set64(0x2000, 0x3003n);
  self.set64(0x3000, 0x4003n);
  for (let page = 0; page < 512; page++) self.set64(0x4000 + page * 8, BigInt(page * 4096) | 3n);
  self.set64(GDT + 8, 0x00af9b000000ffffn);
  self.set64(GDT + 16, 0x00cf93000000ffffn);
  for (let vector = 0; vector < 128; vector++) {
    const handler = BigInt(0x7000 + vector);
    self.write(0x7000 + vector, [HLT]);
    self.set64(IDT + vector * 16, (handler & 0xffffn) | 0x8n << 16n | 0x8e00n << 32n);
    self.set64(IDT + vector * 16 + 8, 0n);
  }
  const { state } = vcpu;
  state.write("cr3", 0x1000n);
  state.write("cr4", 0x620n);
  state.write("efer", 0xd00n);
  state.write("cr0", 0x8000_0011n);
  state.writeSegment("cs", { selector: 8, base: 0n, limit: 0xffff_ffff, attributes: ATTRIBUTES.code64 });
  for (const name of ["ss", "ds", "es"] as const) state.writeSegment(name, { selector: 16, base: 0n, limit: 0xffff_ffff, attributes: ATTRIBUTES.data32 });
  state.writeTable("gdt", BigInt(GDT), 23);
  state.writeTable("idt", BigInt(IDT), 128 * 16 - 1);
  state.write("rflags", 2n);
  state.write("rsp", BigInt(STACK));
  state.write("rip", BigInt(CODE));
  return self;
}
/** Begins at an address, halted before or not. */
function start({ state }: Vcpu, rip: number): void {
  state.writeField("activity", 0n);
  state.write("rip", BigInt(rip));
}
const le32 = (value: number) => [value & 0xff, value >> 8 & 0xff, value >> 16 & 0xff, value >>> 24];

test("a loop over memory", () => {
  const { vcpu, write, u64 } = machine();
  // mov ecx, 1000; loop: add rax, rcx; mov [rbx], rax; dec ecx; jnz loop; hlt
  write(CODE, [0xb9, ...le32(1000), 0x48, 0x01, 0xc8, 0x48, 0x89, 0x03, 0xff, 0xc9, 0x75, 0xf6, HLT]);
  vcpu.state.write("rbx", BigInt(DATA));
  assert.equal(vcpu.run(1e6).reason, "hlt");
  assert.equal(u64(DATA), 500500n);
  assert.equal(vcpu.retired(), 1 + 4 * 1000 + 1);
});

test("the budget is exact, wherever it ends in a block", () => {
  const { vcpu, write } = machine();
  write(CODE, [...Array(10).fill(INC_EAX).flat(), 0xeb, 256 - 22]); // ten of inc eax; jmp to the first
  for (const budget of [1, 2, 9, 10, 11, 12, 13, 22, 23, 100, 1000]) {
    const before = vcpu.retired();
    assert.equal(vcpu.run(budget).reason, "budget");
    assert.equal(vcpu.retired() - before, budget);
    const whole = Math.floor(vcpu.retired() / 11), rest = vcpu.retired() % 11;
    assert.equal(vcpu.state.read("rax"), BigInt(whole * 10 + Math.min(rest, 10)));
    assert.equal(vcpu.state.read("rip"), BigInt(CODE + 2 * rest));
  }
  assert.equal(vcpu.run(0).reason, "budget");
});

test("a faulting instruction counts one, and those behind it in the block none", () => {
  const { vcpu, write, u64 } = machine();
  write(CODE, [...INC_EAX, ...INC_EAX, 0x48, 0x8b, 0x03, ...INC_EAX, ...INC_EAX]); // mov rax, [rbx] in the middle
  vcpu.state.write("rbx", 0x4000_0000n);
  assert.equal(vcpu.run(1000).reason, "hlt");
  assert.equal(vcpu.retired(), 4); // the last is the handler's hlt
  assert.equal(vcpu.state.read("rip"), BigInt(0x7000 + 14 + 1));
  assert.equal(vcpu.state.read("cr2"), 0x4000_0000n);
  assert.equal(vcpu.state.read("rax"), 2n);
  assert.equal(u64(Number(vcpu.state.read("rsp")) + 8), BigInt(CODE + 4)); // saved RIP
});

test("code that writes the next instruction of its own block", () => {
  const { vcpu, write } = machine();
  // mov byte [rip + 1], 5; mov al, 0 (becomes mov al, 5); hlt
  write(CODE, [0xc6, 0x05, ...le32(1), 5, 0xb0, 0, HLT]);
  assert.equal(vcpu.run(100).reason, "hlt");
  assert.equal(vcpu.state.read("rax"), 5n);
  assert.equal(vcpu.retired(), 3);
});

test("code that writes an instruction that was executed before", () => {
  const { vcpu, write } = machine();
  // again: add eax, 1; cmp ecx, 0; jne done; inc ecx; mov byte [rip - 16], 7 (the immediate of add); jmp again; done: hlt
  write(CODE, [0x83, 0xc0, 1, 0x83, 0xf9, 0, 0x75, 11, 0xff, 0xc1, 0xc6, 0x05, ...le32(-15), 7, 0xeb, 256 - 19, HLT]);
  assert.equal(vcpu.run(100).reason, "hlt");
  assert.equal(vcpu.state.read("rax"), 8n);
});

test("a block is dropped whatever way its bytes are written: other mapping, wide store, string, host", () => {
  const setUp = () => {
    const made = machine();
    made.set64(0x4000 + 300 * 8, BigInt(CODE) | 3n); // page 300 is a second mapping of the code
    made.write(CODE, [...INC_EAX, HLT]);
    start(made.vcpu, CODE);
    assert.equal(made.vcpu.run(100).reason, "hlt");
    start(made.vcpu, CODE + 0x800);
    return made;
  };
  const check = ({ vcpu }: Machine, what: string) => {
    vcpu.state.write("rax", 0n);
    start(vcpu, CODE);
    assert.equal(vcpu.run(100).reason, "hlt");
    assert.equal(vcpu.state.read("rax"), 0xffff_ffffn, what);
  };
  const DEC_EAX = 0xc8; // second byte
  for (const [what, address, code] of [
    ["alias", 300 * 4096 + 1, [0xc6, 0x03, DEC_EAX, HLT]], // mov byte [rbx], c8
    ["wide", CODE - 6, [0x48, 0xb8, 0, 0, 0, 0, 0, 0, 0xff, DEC_EAX, 0x48, 0x89, 0x03, HLT]], // mov rax, ...; mov [rbx], rax
    ["update", CODE + 1, [0x80, 0x03, 8, HLT]], // add byte [rbx], 8
    ["string", CODE + 1, [0xb0, DEC_EAX, 0x48, 0x89, 0xdf, 0xaa, HLT]], // mov al, c8; mov rdi, rbx; stosb
  ] as const) {
    const made = setUp();
    made.write(CODE + 0x800, code);
    made.vcpu.state.write("rbx", BigInt(address));
    assert.equal(made.vcpu.run(100).reason, "hlt", what);
    check(made, what);
  }
  const made = setUp();
  made.write(CODE + 1, [DEC_EAX]);
  made.vcpu.invalidateCode(CODE + 1, 1);
  check(made, "host");
});

test("an instruction across two pages: fetched from both, dropped with either, decoded anew under another mapping", () => {
  const { vcpu, write, set64 } = machine();
  const at = CODE + 4096 - 2;
  const run = () => {
    start(vcpu, at);
    const { reason } = vcpu.run(100);
    assert.equal(reason, "hlt");
    return vcpu.state.read("rax");
  };
  write(at, [0xb8, ...le32(0x11223344), HLT]); // mov eax, imm32
  assert.equal(run(), 0x11223344n);
  assert.equal(run(), 0x11223344n);
  write(at + 3, [0x99]);
  vcpu.invalidateCode(at + 3, 1);
  assert.equal(run(), 0x11993344n);
  write(DATA, [0x66, 0x77, 0x88, HLT]); // another second page
  set64(0x4000 + (CODE / 4096 + 1) * 8, BigInt(DATA) | 3n);
  write(CODE + 0x100, [0x0f, 0x01, 0x3b, HLT]); // invlpg [rbx]
  vcpu.state.write("rbx", BigInt(CODE + 4096));
  start(vcpu, CODE + 0x100);
  assert.equal(vcpu.run(100).reason, "hlt");
  assert.equal(run(), 0x88776644n);
  // and not at all: the fault is that of the second page
  set64(0x4000 + (CODE / 4096 + 1) * 8, 0n);
  start(vcpu, CODE + 0x100);
  vcpu.run(100);
  run();
  assert.equal(vcpu.state.read("cr2"), BigInt(CODE + 4096));
  assert.equal(vcpu.state.read("rip"), BigInt(0x7000 + 14 + 1));
});

test("straight-line code over a page's end, and branches into another page", () => {
  const { vcpu, write } = machine();
  write(CODE + 4096 - 4, [...INC_EAX, ...INC_EAX, ...INC_EAX, 0xe9, ...le32(-4103)]); // falls into the next page, then back to CODE
  write(CODE, [HLT]);
  start(vcpu, CODE + 4096 - 4);
  assert.equal(vcpu.run(100).reason, "hlt");
  assert.equal(vcpu.state.read("rax"), 3n);
  assert.equal(vcpu.state.read("rip"), BigInt(CODE + 1));
});

test("call, return, indirect jump", () => {
  const { vcpu, write } = machine();
  // call f; call f; hlt; f: inc eax; ret
  write(CODE, [0xe8, ...le32(6), 0xe8, ...le32(1), HLT, ...INC_EAX, 0xc3]);
  assert.equal(vcpu.run(100).reason, "hlt");
  assert.equal(vcpu.state.read("rax"), 2n);
  assert.equal(vcpu.state.read("rsp"), BigInt(STACK));
});

test("kick is sticky and leaves the guest where it was", () => {
  const made = machine();
  made.write(CODE, [...INC_EAX, 0xe6, 0x80, ...INC_EAX, HLT]); // out 0x80, al in the middle
  made.onOut = () => made.vcpu.kick();
  made.vcpu.kick();
  assert.equal(made.vcpu.run(100).reason, "kick");
  assert.equal(made.vcpu.retired(), 0);
  assert.equal(made.vcpu.run(100).reason, "kick"); // from within
  assert.ok(made.vcpu.state.read("rax") >= 1n);
  assert.equal(made.vcpu.run(100).reason, "hlt");
  assert.equal(made.vcpu.state.read("rax"), 2n);
});

test("an interrupt arrives between two instructions, not in the shadow of STI", () => {
  const { vcpu, write, u64 } = machine();
  write(CODE, [...INC_EAX, 0xfb, ...INC_EAX, ...INC_EAX, ...JMP_SELF]); // sti after the first
  vcpu.setInterruptLine(true);
  assert.equal(vcpu.run(100).reason, "hlt");
  assert.equal(vcpu.state.read("rax"), 2n);
  assert.equal(vcpu.state.read("rip"), BigInt(0x7000 + 0x40 + 1));
  assert.equal(u64(Number(vcpu.state.read("rsp"))), BigInt(CODE + 5));
});

test("single stepping traps after each instruction", () => {
  const { vcpu, write, u64 } = machine();
  write(CODE, [...INC_EAX, ...INC_EAX, HLT]);
  vcpu.state.write("rflags", 0x102n);
  assert.equal(vcpu.run(100).reason, "hlt");
  assert.equal(vcpu.state.read("rip"), BigInt(0x7000 + 1 + 1));
  assert.equal(u64(Number(vcpu.state.read("rsp"))), BigInt(CODE + 2));
});

test("more code than the arena holds is decoded again and again", () => {
  const { vcpu, write } = machine();
  // a page of nop, executed at 2000 starting offsets in turn: each makes blocks of its own
  write(CODE, [...Array(4000).fill(0x90), HLT]);
  for (let round = 0; round < 10; round++) for (let offset = 0; offset < 2000; offset++) {
    start(vcpu, CODE + offset);
    assert.equal(vcpu.run(1e5).reason, "hlt");
  }
  assert.ok(vcpu.state.readField("blocksDecoded") > 2000n);
});
