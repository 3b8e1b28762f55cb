// Exceptions in long mode: what is saved, where execution goes on, double and triple faults.

import { createLongRig, equal, handlerOf, LONG_CODE, LONG_PAGE_TABLES, LONG_STACK, words, type ConformanceCase } from "./rig.ts";

const HLT = 0xf4, NOP = 0x90;
const RF = 0x10000n;
const ABSENT = 0x40000000n; // 1 GiB: not mapped

interface FaultRow { what: string; code: number[]; vector: number; error?: bigint; cr2?: bigint; trap?: boolean }
const rows: readonly FaultRow[] = [
  { what: "#DE", code: [0x48, 0xf7, 0xf1], vector: 0 }, // div rcx
  { what: "#BP", code: [0xcc], vector: 3, trap: true },
  { what: "INT n", code: [0xcd, 0x80], vector: 0x80, trap: true },
  { what: "#UD", code: [0x0f, 0x0b], vector: 6 },
  { what: "#GP of a non-canonical address", code: [0x48, 0x8b, 0x02], vector: 13, error: 0n }, // mov rax, [rdx]
  { what: "#SS of a non-canonical stack address", code: [0x48, 0x8b, 0x45, 0], vector: 12, error: 0n }, // mov rax, [rbp]
  { what: "#GP of a bad selector", code: [0x8e, 0xde], vector: 13, error: 0x50n }, // mov ds, esi
  { what: "#PF of a read", code: [0x8b, 0x03], vector: 14, error: 0n, cr2: ABSENT }, // mov eax, [rbx]
  { what: "#PF of a write", code: [0x89, 0x03], vector: 14, error: 2n, cr2: ABSENT },
  { what: "#PF of a fetch", code: [0xff, 0xe3], vector: 14, error: 0x10n, cr2: ABSENT }, // jmp rbx
];

export const FAULTS: readonly ConformanceCase[] = [
  ...rows.map(({ what, code, vector, error, cr2, trap }): ConformanceCase => ({ name: `${what} is delivered with the state before the instruction`, run: (engine) => {
    const rig = createLongRig(engine, [NOP, ...code, HLT]), { state, vcpu } = rig;
    rig.set({ rax: 1, rbx: ABSENT, rcx: 0, rdx: 0x8000_0000_0000_0000n, rbp: 0x8000_0000_0000n, rsi: 0x50, rflags: 0x8d7 });
    equal(vcpu.run(10).reason, "hlt", "reason");
    equal(state.read("rip"), BigInt(handlerOf(vector) + 1), "handler");
    const pushed = error === undefined ? 5 : 6, frame = words(rig, state.read("rsp"), pushed);
    if (error !== undefined) equal(frame.shift(), error, "error code");
    const transfer = what.includes("fetch");
    const rip = transfer ? ABSENT : BigInt(LONG_CODE + 1 + (trap ? code.length : 0));
    equal([frame[0], frame[1], frame[3], frame[4]], [rip, 8n, BigInt(LONG_STACK), 16n], "frame");
    equal(frame[2], trap ? 0x8d7n : 0x8d7n | RF, "saved RFLAGS");
    if (cr2 !== undefined) equal(state.read("cr2"), cr2, "CR2");
    equal([state.read("rax"), state.read("rbx")], [1n, ABSENT], "registers");
  } })),
  { name: "a page fault can be mended and the instruction repeated", run: (engine) => {
    // add [rbx], eax; hlt. The handler enters a 2 MiB page, drops the error code and returns.
    const rig = createLongRig(engine, [0x01, 0x03, HLT]), entry = LONG_PAGE_TABLES.pd + 8 * 5;
    rig.memory.write(handlerOf(14), Uint8Array.of(
      0x48, 0xc7, 0x04, 0x25, entry, entry >> 8, entry >> 16, 0, 0x87, 0, 0x20, 0, // mov qword [entry], 0x200087
      0x48, 0x83, 0xc4, 8, //                                                         add rsp, 8
      0x48, 0xcf)); //                                                                iretq
    rig.set({ rbx: 5 << 21, rax: 5 });
    rig.memory.write(0x200000, Uint8Array.of(7, 0, 0, 0));
    equal(rig.vcpu.run(20).reason, "hlt", "reason");
    equal([rig.state.read("rip"), rig.memory.read(0x200000, 1)[0]], [BigInt(LONG_CODE + 3), 12], "repeated once");
    equal(rig.state.read("rsp"), BigInt(LONG_STACK), "rsp");
  } },
  { name: "a write that crosses into a page that is not there changes nothing", run: (engine) => {
    const rig = createLongRig(engine, [0x48, 0x89, 0x03]); // mov [rbx], rax
    rig.set({ rbx: 0x7ffffc, rax: 0x1122_3344_5566_7788n });
    equal(rig.vcpu.run(5).reason, "hlt", "reason");
    equal([rig.state.read("rip"), rig.state.read("cr2")], [BigInt(handlerOf(14) + 1), 0x800000n], "#PF");
    equal(rig.log, [], "the bus");
  } },
  { name: "single steps trap behind each instruction", run: (engine) => {
    const rig = createLongRig(engine, [NOP, NOP, HLT]);
    rig.set({ rflags: 0x102 });
    equal(rig.vcpu.run(5).reason, "hlt", "reason");
    equal(rig.state.read("rip"), BigInt(handlerOf(1) + 1), "handler");
    const [rip, , flags] = words(rig, rig.state.read("rsp"), 3);
    equal([rip, flags], [BigInt(LONG_CODE + 1), 0x102n], "frame");
    equal(rig.state.readField("dr", 6) & 0x4000n, 0x4000n, "DR6.BS");
  } },
  { name: "a fault whose gate is not there becomes #GP, and a fault of that a double fault", run: (engine) => {
    const rig = createLongRig(engine, [0x0f, 0x0b]);
    rig.memory.write(0x15000 + 16 * 6 + 5, Uint8Array.of(0)); // no gate for #UD
    equal(rig.vcpu.run(5).reason, "hlt", "reason");
    equal(rig.state.read("rip"), BigInt(handlerOf(13) + 1), "#GP");
    equal(words(rig, rig.state.read("rsp"), 2), [6n * 8n + 3n, BigInt(LONG_CODE)], "error code and RIP");
    const twice = createLongRig(engine, [0x48, 0xf7, 0xf1]); // div rcx
    twice.memory.write(0x15000 + 5, Uint8Array.of(0));
    twice.memory.write(0x15000 + 16 * 13 + 5, Uint8Array.of(0));
    equal(twice.vcpu.run(5).reason, "hlt", "reason");
    equal(twice.state.read("rip"), BigInt(handlerOf(8) + 1), "#DF");
    equal(words(twice, twice.state.read("rsp"), 2), [0n, BigInt(LONG_CODE)], "error code and RIP");
  } },
  { name: "a triple fault is shutdown, and stays so", run: (engine) => {
    const rig = createLongRig(engine, [0x0f, 0x0b]);
    rig.state.writeTable("idt", 0n, 0);
    equal(rig.vcpu.run(100).reason, "shutdown", "reason");
    equal(rig.state.read("rip"), BigInt(LONG_CODE), "rip");
    const retired = rig.vcpu.retired();
    equal(rig.vcpu.run(100).reason, "shutdown", "again");
    equal(rig.vcpu.retired(), retired, "nothing executed");
    rig.vcpu.reset();
    equal(rig.vcpu.run(0).reason, "budget", "after reset");
  } },
  { name: "faults do not run forever on a budget", run: (engine) => {
    // the handler of #UD is the instruction that causes it
    const rig = createLongRig(engine, [0x0f, 0x0b]);
    rig.memory.write(handlerOf(6), Uint8Array.of(0x48, 0x83, 0xc4, 40, 0x0f, 0x0b)); // add rsp, 40
    equal(rig.vcpu.run(1000).reason, "budget", "reason");
  } },
];
