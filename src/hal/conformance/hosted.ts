// Hosted programs: system calls and exceptions of CPL 3 are exits, with the state that a kernel's handler would see.

import { CONSTANTS as C } from "../layout.ts";
import { ATTRIBUTES } from "../state.ts";
import type { Engine } from "../vcpu.ts";
import { createLongRig, equal, LONG_CODE, type ConformanceCase, type Rig } from "./rig.ts";

const NOP = 0x90, SYSCALL = [0x0f, 0x05], INC_EBX = [0xff, 0xc3];
const ABSENT = 0x40000000n; // 1 GiB: not mapped
const DPL3 = 0x60;

/** A program at CPL 3 in 64-bit mode, hosted, without descriptor tables. */
export function createHostedRig(engine: Engine, code: readonly number[]): Rig {
  const rig = createLongRig(engine, code), { state } = rig;
  state.writeTable("gdt", 0n, 0);
  state.writeTable("idt", 0n, 0);
  state.writeSegment("tr", { selector: 0, base: 0n, limit: 0, attributes: ATTRIBUTES.tss });
  state.writeSegment("cs", { selector: 0x33, base: 0n, limit: 0xffff_ffff, attributes: ATTRIBUTES.code64 | DPL3 });
  for (const name of ["ss", "ds", "es", "fs", "gs"] as const) state.writeSegment(name, { selector: 0x2b, base: 0n, limit: 0xffff_ffff, attributes: ATTRIBUTES.data32 | DPL3 });
  state.write("efer", 0xd01n);
  state.writeField("hosted", 1n);
  return rig;
}

interface Row { what: string; code: number[]; vector: number; error?: number; cr2?: bigint; trap?: boolean }
const rows: readonly Row[] = [
  { what: "#DE", code: [0x48, 0xf7, 0xf1], vector: 0 }, // div rcx
  { what: "#BP", code: [0xcc], vector: 3, trap: true },
  { what: "INT1", code: [0xf1], vector: 1, trap: true },
  { what: "INT n", code: [0xcd, 0x80], vector: 13, error: 0x402 },
  { what: "#UD", code: [0x0f, 0x0b], vector: 6 },
  { what: "#GP of a privileged instruction", code: [0xf4], vector: 13, error: 0 }, // hlt
  { what: "#GP of a port", code: [0xec], vector: 13, error: 0 }, // in al, dx
  { what: "#GP of a non-canonical address", code: [0x48, 0x8b, 0x02], vector: 13, error: 0 }, // mov rax, [rdx]
  { what: "#GP of a bad selector", code: [0x8e, 0xde], vector: 13, error: 0x50 }, // mov ds, esi
  { what: "#PF of a read", code: [0x8b, 0x03], vector: 14, error: 4, cr2: ABSENT }, // mov eax, [rbx]
  { what: "#PF of a write", code: [0x89, 0x03], vector: 14, error: 6, cr2: ABSENT },
  { what: "#PF of a fetch", code: [0xff, 0xe3], vector: 14, error: 0x14, cr2: ABSENT }, // jmp rbx
  { what: "#MF", code: [0xd9, 0xee, 0xd9, 0xe8, 0xd8, 0xf1, 0x9b], vector: 16 }, // fldz; fld1; fdiv st, st(1); fwait
  { what: "#XM", code: [0x0f, 0x5e, 0xc1], vector: 19 }, // divps xmm0, xmm1
];

export const HOSTED: readonly ConformanceCase[] = [
  ...rows.map(({ what, code, vector, error = 0, cr2, trap }): ConformanceCase => ({ name: `hosted: ${what} is an exit with the state before the instruction`, run: (engine) => {
    const rig = createHostedRig(engine, [NOP, ...code, NOP]), { state, vcpu } = rig;
    rig.set({ rax: 1, rbx: ABSENT, rcx: 0, rdx: 0x8000_0000_0000_0000n, rsi: 0x50, rflags: 0x2d7 });
    state.writeField("fcw", 0x340n);
    state.writeField("ftw", 0n);
    state.write("mxcsr", 0n);
    for (const lane of [0, 1]) state.writeXmm(lane, lane ? 0n : 0x3f80_0000_3f80_0000_3f80_0000_3f80_0000n);
    const exit = vcpu.run(10);
    equal(exit.reason, "exception", "reason");
    equal([exit.vector, exit.errorCode], [vector, error], "vector and error code");
    const begin = LONG_CODE + 1 + (vector === 16 ? 6 : 0);
    equal(state.read("rip"), what.includes("fetch") ? ABSENT : BigInt(trap ? begin + code.length : begin), "rip");
    if (cr2 !== undefined) equal(state.read("cr2"), cr2, "CR2");
    equal([state.read("rax"), state.read("rbx"), state.read("rflags"), state.read("cpl")], [1n, ABSENT, 0x2d7n, 3n], "registers");
  } })),
  { name: "hosted: SYSCALL is an exit behind the instruction, at the same privilege", run: (engine) => {
    const rig = createHostedRig(engine, [...SYSCALL, ...INC_EBX, ...SYSCALL]), { state, vcpu } = rig;
    rig.set({ rax: 39, rflags: 0x2d7 });
    equal(vcpu.run(10).reason, "syscall", "first");
    equal([state.read("rip"), state.read("rcx"), state.read("r11"), state.read("rflags"), state.read("rax")], [BigInt(LONG_CODE + 2), BigInt(LONG_CODE + 2), 0x2d7n, 0x2d7n, 39n], "state");
    equal([state.readSegment("cs").selector, state.read("cpl"), vcpu.retired()], [0x33, 3n, 1], "still the program");
    state.write("rax", 7n);
    equal(vcpu.run(10).reason, "syscall", "second");
    equal([state.read("rbx"), state.read("rax"), vcpu.retired()], [1n, 7n, 3], "went on");
  } },
  { name: "hosted: SYSCALL as the last instruction of mapped memory, and of a budget", run: (engine) => {
    const rig = createHostedRig(engine, []), { state, vcpu } = rig, end = 0x400000;
    rig.code(end - 2, SYSCALL);
    equal(vcpu.run(1).reason, "syscall", "reason");
    equal(state.read("rip"), BigInt(end), "rip");
  } },
  { name: "hosted: what the table of answers knows does not leave", run: (engine) => {
    const rig = createHostedRig(engine, [...SYSCALL, ...INC_EBX, 0xb0, 40, ...SYSCALL]), { state, vcpu, node } = rig; // mov al, 40
    const answers = node.allocate(C.ANSWER_COUNT * C.ANSWER_BYTES, 16, "answers");
    state.writeField("answers", BigInt(answers));
    node.view.setUint32(answers + 39 * C.ANSWER_BYTES, 1, true);
    node.view.setBigInt64(answers + 39 * C.ANSWER_BYTES + C.ANSWER_VALUE, 0x1234n, true);
    rig.set({ rax: 39 });
    equal(vcpu.run(10).reason, "syscall", "the second one leaves");
    equal([state.read("rbx"), state.read("rax"), state.read("rip")], [1n, 0x1228n, BigInt(LONG_CODE + 8)], "the first was answered");
    rig.code(LONG_CODE, SYSCALL);
    rig.set({ rax: -1n });
    equal(vcpu.run(10).reason, "syscall", "a number beyond the table");
  } },
  { name: "hosted: a single step is an exit behind each instruction", run: (engine) => {
    const rig = createHostedRig(engine, [...INC_EBX, ...INC_EBX]), { state, vcpu } = rig;
    rig.set({ rflags: 0x102 });
    const exit = vcpu.run(10);
    equal([exit.reason, exit.vector, state.read("rip")], ["exception", 1, BigInt(LONG_CODE + 2)], "trap");
  } },
  { name: "page tables that the host changes are seen when it says so", run: (engine) => {
    const rig = createHostedRig(engine, [0x8b, 0x03, ...SYSCALL, 0x8b, 0x03, ...SYSCALL]), { state, vcpu, memory } = rig; // mov eax, [rbx]
    const entry = 0x12000 + 8; // the page directory's second 2 MiB
    memory.write(0x200000, Uint8Array.of(1, 0, 0, 0));
    rig.set({ rbx: 0x200000 });
    equal([vcpu.run(10).reason, state.read("rax")], ["syscall", 1n], "mapped");
    memory.write(entry, new Uint8Array(8));
    vcpu.invalidateTlb(0x200000n);
    equal([vcpu.run(10).reason, state.read("cr2")], ["exception", 0x200000n], "not any more");
    memory.write(entry, Uint8Array.of(0x87, 0, 0x20, 0, 0, 0, 0, 0));
    equal([vcpu.run(10).reason, state.read("rax")], ["syscall", 1n], "mended");
    memory.write(entry, new Uint8Array(8));
    vcpu.invalidateTlb();
    state.write("rip", BigInt(LONG_CODE));
    equal(vcpu.run(10).reason, "exception", "all forgotten");
  } },
];
