// Reset, budget, kick, the exit record, registers between runs.

import type { RegisterName } from "../state.ts";
import { createLongRig, createRealRig, createRig, DEVICE, equal, LONG_CODE, REAL_CODE, RAM_BYTES, type ConformanceCase, type Rig } from "./rig.ts";

const NOP = 0x90;

/** SDM 3A, Processor State After Reset. */
const AFTER_RESET: readonly (readonly [RegisterName, bigint])[] = [
  ["rip", 0xfff0n], ["rflags", 2n], ["cr0", 0x6000_0010n], ["cr2", 0n], ["cr3", 0n], ["cr4", 0n], ["efer", 0n], ["rax", 0n], ["rsp", 0n], ["r15", 0n],
  ["cpl", 0n], ["mxcsr", 0x1f80n], ["fcw", 0x40n], ["xcr0", 1n],
];

/** A loop with memory, flags and a call: CX times; 16-bit code that ends in HLT. */
const PROGRAM = [
  0xb9, 5, 0, //       mov cx, 5
  0xbe, 0, 0x50, //    mov si, 0x5000
  0x01, 0xc8, //       add ax, cx
  0x89, 0x04, //       mov [si], ax
  0x83, 0xc6, 2, //    add si, 2
  0xe8, 3, 0, //       call +3
  0xe2, 0xf4, //       loop to the add
  0xf4, //             hlt
  0x43, //             inc bx
  0xc3, //             ret
];
const snapshot = ({ state, vcpu }: Rig) => [state.read("rip"), state.read("rax"), state.read("rbx"), state.read("rcx"), state.read("rsi"), state.read("rsp"), state.read("rflags"), vcpu.retired()];

export const RUNNING: readonly ConformanceCase[] = [
  { name: "registers after reset", run: (engine) => {
    const { state, vcpu } = createRig(engine);
    for (const [name, value] of AFTER_RESET) equal(state.read(name), value, name);
    const cs = state.readSegment("cs");
    equal([cs.selector, cs.base, cs.limit, cs.attributes], [0xf000, 0xffff_0000n, 0xffff, 0x93], "cs");
    equal([state.readField("dr", 6), state.readField("dr", 7)], [0xffff_0ff0n, 0x400n], "DR6 and DR7");
    equal(vcpu.retired(), 0, "retired");
  } },
  { name: "the first instruction is at 0xfffffff0", run: (engine) => {
    const { memory, vcpu, state } = createRig(engine, (node) => [{ gpa: 0xffff_0000, bytes: 0x10000, host: node.allocate(0x10000, 4096, "ROM"), kind: "rom" }]);
    memory.write(0xffff_fff0, Uint8Array.of(0xea, 0, 0x10, 0, 0)); // jmp 0000:1000
    memory.write(0x1000, Uint8Array.of(0xf4));
    equal(vcpu.run(2).reason, "hlt", "reason");
    equal(state.read("rip"), 0x1001n, "rip");
    equal(state.readSegment("cs").base, 0n, "base of CS");
  } },
  { name: "reset returns to power-on", run: (engine) => {
    const { vcpu, state } = createLongRig(engine, [NOP, NOP]);
    vcpu.run(2);
    vcpu.reset();
    for (const [name, value] of AFTER_RESET) equal(state.read(name), value, name);
    equal(vcpu.retired(), 0, "retired");
  } },
  { name: "the budget is exact in straight-line code", run: (engine) => {
    const { vcpu, state } = createRealRig(engine, Array<number>(100).fill(NOP));
    let expected = 0;
    for (const budget of [1, 7, 0, 30, 2, 1, 1]) {
      equal(vcpu.run(budget).reason, "budget", "reason");
      expected += budget;
      equal([vcpu.retired(), state.read("rip")], [expected, BigInt(REAL_CODE + expected)], `after ${expected}`);
    }
  } },
  { name: "the budget is exact across branches: any slices give the states of single steps", run: (engine) => {
    const single = createRealRig(engine, PROGRAM), states = [snapshot(single)];
    while (single.vcpu.run(1).reason === "budget" && states.length < 100) states.push(snapshot(single));
    const end = snapshot(single);
    for (const slice of [2, 3, 5, 11, 13]) {
      const rig = createRealRig(engine, PROGRAM);
      for (let at = slice; at < states.length; at += slice) {
        equal(rig.vcpu.run(slice).reason, "budget", `slice ${slice}`);
        equal(snapshot(rig), states[at], `after ${at} instructions in slices of ${slice}`);
      }
    }
    const whole = createRealRig(engine, PROGRAM);
    equal(whole.vcpu.run(10000).reason, "hlt", "reason");
    equal(snapshot(whole), end, "all at once");
    equal(end[7], 2 + 5 * 7 + 1, "HLT is counted");
  } },
  { name: "a kick is sticky, idempotent, and spends nothing", run: (engine) => {
    const { vcpu, state } = createRealRig(engine, Array<number>(20).fill(NOP));
    vcpu.kick();
    vcpu.kick();
    equal(vcpu.run(10).reason, "kick", "reason");
    equal([vcpu.retired(), state.read("rip")], [0, BigInt(REAL_CODE)], "nothing executed");
    equal(vcpu.run(10).reason, "budget", "after the kick");
    equal(vcpu.retired(), 10, "retired");
  } },
  { name: "a kick from a device ends the run soon", run: (engine) => {
    const rig = createRealRig(engine, [0xe4, 0x10, 0x43, 0xeb, 0xfd]); // in al, 0x10; inc bx; jmp to the inc
    rig.wires.onAccess = () => rig.vcpu.kick();
    equal(rig.vcpu.run(1_000_000).reason, "kick", "reason");
    if (rig.vcpu.retired() > 100) equal(rig.vcpu.retired(), 1, "instructions until the exit");
  } },
  { name: "one exit record, used again", run: (engine) => {
    const { vcpu } = createRealRig(engine, [NOP, 0xf4]);
    const first = vcpu.run(1);
    equal(first.reason, "budget", "first");
    const second = vcpu.run(5);
    equal(second.reason, "hlt", "second");
    equal(first === second, true, "the same record");
  } },
  { name: "registers that are written between runs count, derived state included", run: (engine) => {
    const { vcpu, state, set, code, memory } = createRealRig(engine, [0x40, 0x40]); // inc ax
    vcpu.run(1);
    set({ rax: 0x1234, rip: REAL_CODE + 1 });
    vcpu.run(1);
    equal(state.read("rax"), 0x1235n, "rax");
    // to flat 32-bit protected mode: the same bytes now mean EAX
    set({ cr0: 0x11 });
    for (const name of ["cs", "ss", "ds", "es"] as const) state.writeSegment(name, { selector: 8, base: 0n, limit: 0xffff_ffff, attributes: name === "cs" ? 0xc09b : 0xc093 });
    set({ rax: 0xffff_ffff });
    code(REAL_CODE, [0x40]);
    vcpu.run(1);
    equal(state.read("rax"), 0n, "32-bit INC");
    equal(memory.read(REAL_CODE, 1)[0], 0x40, "memory");
  } },
  { name: "a new CR3 between runs replaces what was translated", run: (engine) => {
    const rig = createLongRig(engine, [0x8b, 0x03, 0x8b, 0x03]), { memory, state, vcpu } = rig; // mov eax, [rbx]
    rig.set({ rbx: 0x200000 });
    memory.write(0x200000, Uint8Array.of(1, 0, 0, 0));
    vcpu.run(1);
    equal(state.read("rax"), 1n, "first tables");
    // a second PML4 and PDPT, whose page directory maps the third 2 MiB page where the second was
    const link = (gpa: number, value: number) => memory.write(gpa, Uint8Array.of(value, value >> 8, value >> 16, value >>> 24, 0, 0, 0, 0));
    link(0x18000, 0x19007); link(0x19000, 0x1a007); link(0x1a000, 0x87); link(0x1a008, 0x87);
    memory.write(0, Uint8Array.of(2, 0, 0, 0));
    rig.set({ cr3: 0x18000 });
    vcpu.run(1);
    equal(state.read("rax"), 2n, "second tables");
  } },
  { name: "RFLAGS are written and read in every combination", run: (engine) => {
    const { state, vcpu, set } = createRealRig(engine, [NOP]);
    for (let bits = 0; bits < 64; bits++) {
      const flags = [0, 2, 4, 6, 7, 11].reduce((all, at, index) => all | (BigInt((bits >> index) & 1) << BigInt(at)), 2n);
      set({ rflags: flags, rip: REAL_CODE });
      equal(state.read("rflags"), flags, "as written");
      vcpu.run(1);
      equal(state.read("rflags"), flags, "after NOP");
    }
    // PUSHF sees them, POPF sets them
    const rig = createRealRig(engine, [0x9c, 0x9d]);
    rig.set({ rflags: 0xcd7 });
    rig.vcpu.run(1);
    equal(rig.memory.read(0x7ffe, 2)[0], 0xd7, "pushed");
    rig.memory.write(0x7ffe, Uint8Array.of(0x02, 0x08));
    rig.vcpu.run(1);
    equal(rig.state.read("rflags"), 0x802n, "popped");
  } },
  { name: "XMM and segment registers are what was written", run: (engine) => {
    const { state, vcpu } = createLongRig(engine, [0x66, 0x0f, 0xef, 0xc1]); // pxor xmm0, xmm1
    state.writeXmm(0, 0x0123456789abcdef_0011223344556677n);
    state.writeXmm(1, 0xffffffffffffffff_0000000000000000n);
    vcpu.run(1);
    equal(state.readXmm(0), 0xfedcba9876543210_0011223344556677n, "xmm0");
    state.writeSegment("gs", { selector: 0x1b, base: 0x1234_5678_9abcn, limit: 0xffff, attributes: 0xf3 });
    const gs = state.readSegment("gs");
    equal([gs.selector, gs.base, gs.limit, gs.attributes], [0x1b, 0x1234_5678_9abcn, 0xffff, 0xf3], "gs");
  } },
  { name: "memory outside of every region reads as ones and is not there to be written", run: (engine) => {
    const rig = createLongRig(engine, [0x8b, 0x03, 0x89, 0x0b, 0xf4]); // mov eax, [rbx]; mov [rbx], ecx; hlt
    const before = rig.node.bytes.slice(0, 1 << 20);
    rig.set({ rbx: RAM_BYTES + 0x1000, rcx: 0x5a5a5a5a });
    equal(rig.vcpu.run(10).reason, "hlt", "reason");
    equal(rig.state.read("rax"), 0xffff_ffffn, "rax");
    equal(rig.log, ["read 4 0x401000", "write 4 0x401000 0x5a5a5a5a"], "bus");
    equal(rig.node.bytes.slice(0, 1 << 20).every((byte, at) => byte === before[at]), true, "nothing else has changed");
    equal(rig.state.read("rip"), BigInt(LONG_CODE + 5), "rip");
    void DEVICE;
  } },
];
