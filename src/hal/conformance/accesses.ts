// Devices and code that changes: widths and order of accesses, self-modifying code.

import { createLongRig, createRealRig, DEVICE, equal, LONG_CODE, REAL_CODE, type ConformanceCase } from "./rig.ts";

const HLT = 0xf4;
const at = (offset: number) => `0x${(DEVICE + offset).toString(16)}`;

interface AccessRow { what: string; code: number[]; log: string[]; rax?: bigint }
/** RBX = DEVICE, RAX = 0x1122334455667788, RDX = 0x3f8; the bus answers 0x89abcdef. */
const rows: readonly AccessRow[] = [
  { what: "mov al, [rbx]", code: [0x8a, 0x03], log: [`read 1 ${at(0)}`], rax: 0x11223344556677efn },
  { what: "mov ax, [rbx+2]", code: [0x66, 0x8b, 0x43, 2], log: [`read 2 ${at(2)}`], rax: 0x112233445566cdefn },
  { what: "mov eax, [rbx+4]", code: [0x8b, 0x43, 4], log: [`read 4 ${at(4)}`], rax: 0x89abcdefn },
  { what: "mov rax, [rbx+8]", code: [0x48, 0x8b, 0x43, 8], log: [`read 4 ${at(8)}`, `read 4 ${at(12)}`], rax: 0x89abcdef89abcdefn },
  { what: "mov [rbx], al", code: [0x88, 0x03], log: [`write 1 ${at(0)} 0x88`] },
  { what: "mov [rbx], ax", code: [0x66, 0x89, 0x03], log: [`write 2 ${at(0)} 0x7788`] },
  { what: "mov [rbx], eax", code: [0x89, 0x03], log: [`write 4 ${at(0)} 0x55667788`] },
  { what: "mov [rbx], rax", code: [0x48, 0x89, 0x03], log: [`write 4 ${at(0)} 0x55667788`, `write 4 ${at(4)} 0x11223344`] },
  { what: "or dword [rbx], 0x10", code: [0x83, 0x0b, 0x10], log: [`read 4 ${at(0)}`, `write 4 ${at(0)} 0x89abcdff`] },
  { what: "in al, dx", code: [0xec], log: ["in 1 0x3f8"], rax: 0x11223344556677efn },
  { what: "in ax, dx", code: [0x66, 0xed], log: ["in 2 0x3f8"], rax: 0x112233445566cdefn },
  { what: "in eax, dx", code: [0xed], log: ["in 4 0x3f8"], rax: 0x89abcdefn },
  { what: "in al, 0x60", code: [0xe4, 0x60], log: ["in 1 0x60"], rax: 0x11223344556677efn },
  { what: "out dx, al", code: [0xee], log: ["out 1 0x3f8 0x88"] },
  { what: "out dx, ax", code: [0x66, 0xef], log: ["out 2 0x3f8 0x7788"] },
  { what: "out dx, eax", code: [0xef], log: ["out 4 0x3f8 0x55667788"] },
  { what: "out 0x80, al", code: [0xe6, 0x80], log: ["out 1 0x80 0x88"] },
];

export const ACCESSES: readonly ConformanceCase[] = [
  ...rows.map(({ what, code, log, rax }): ConformanceCase => ({ name: `${what} reaches the bus as ${log.join(", ")}`, run: (engine) => {
    const rig = createLongRig(engine, [...code, HLT]);
    rig.wires.value = 0x89abcdef;
    rig.set({ rbx: DEVICE, rax: 0x1122334455667788n, rdx: 0x3f8 });
    equal(rig.vcpu.run(5).reason, "hlt", "reason");
    equal(rig.log, log, "bus");
    equal(rig.state.read("rax"), rax ?? 0x1122334455667788n, "rax");
    equal(rig.vcpu.retired(), 2, "retired");
  } })),
  { name: "REP OUTSB writes its bytes in order", run: (engine) => {
    const rig = createLongRig(engine, [0xf3, 0x6e, HLT]);
    rig.memory.write(0x50000, Uint8Array.of(0x4e, 0x56, 0x4c));
    rig.set({ rsi: 0x50000, rcx: 3, rdx: 0x3f8 });
    equal(rig.vcpu.run(20).reason, "hlt", "reason");
    equal(rig.log, ["out 1 0x3f8 0x4e", "out 1 0x3f8 0x56", "out 1 0x3f8 0x4c"], "bus");
    equal([rig.state.read("rsi"), rig.state.read("rcx")], [0x50003n, 0n], "registers");
  } },
  { name: "REP MOVSB from memory to a device and back", run: (engine) => {
    const rig = createLongRig(engine, [0xf3, 0xa4, HLT]);
    rig.memory.write(0x50000, Uint8Array.of(1, 2));
    rig.set({ rsi: 0x50000, rdi: DEVICE, rcx: 2 });
    equal(rig.vcpu.run(20).reason, "hlt", "reason");
    equal(rig.log, [`write 1 ${at(0)} 0x1`, `write 1 ${at(1)} 0x2`], "bus");
  } },
  { name: "ROM is read, and writes to it are lost", run: (engine) => {
    const rig = createLongRig(engine, [0xff, 0x03, 0x8b, 0x03, HLT], (node) => [{ gpa: 0x500000, bytes: 4096, host: node.allocate(4096, 4096, "ROM"), kind: "rom" }]); // inc dword [rbx]; mov eax, [rbx]
    rig.memory.write(0x500000, Uint8Array.of(5, 0, 0, 0));
    rig.set({ rbx: 0x500000 });
    equal(rig.vcpu.run(5).reason, "hlt", "reason");
    equal([rig.state.read("rax"), rig.log.length], [5n, 0], "unchanged");
  } },
  { name: "code that the host replaces is executed anew", run: (engine) => {
    const rig = createRealRig(engine, [0x40, 0xeb, 0xfd]); // inc ax; jmp back
    rig.vcpu.run(100);
    equal(rig.state.read("rax"), 50n, "first code");
    rig.memory.write(REAL_CODE, Uint8Array.of(0x43)); // inc bx
    rig.vcpu.invalidateCode(REAL_CODE, 1);
    rig.vcpu.run(100);
    equal([rig.state.read("rax"), rig.state.read("rbx")], [50n, 50n], "second code");
  } },
  { name: "a store into the next instruction takes effect at once", run: (engine) => {
    // mov byte [rip+0], 0x43 writes over the instruction behind it: inc eax (ff c0) becomes inc ebx (ff c3)
    const rig = createLongRig(engine, [0xc6, 0x05, 1, 0, 0, 0, 0xc3, 0xff, 0xc0, HLT]);
    equal(rig.vcpu.run(5).reason, "hlt", "reason");
    equal([rig.state.read("rax"), rig.state.read("rbx")], [0n, 1n], "the new instruction");
  } },
  { name: "a loop that rewrites itself", run: (engine) => {
    // 1: add al, 1 (the constant is patched) ; inc byte [1b+1] ; dec ecx ; jnz 1b ; hlt
    const patch = LONG_CODE + 1;
    const rig = createLongRig(engine, [0x04, 1, 0xfe, 0x04, 0x25, patch, patch >> 8, patch >> 16, 0, 0xff, 0xc9, 0x75, 0xf3, HLT].map((byte) => byte & 0xff));
    rig.set({ rcx: 10 });
    equal(rig.vcpu.run(1000).reason, "hlt", "reason");
    equal(rig.state.read("rax") & 0xffn, 55n, "1 + 2 + … + 10");
  } },
  { name: "an instruction across two pages is fetched from both", run: (engine) => {
    const rig = createLongRig(engine, [0x90]);
    rig.code(0x30ffd, [0xb8, 0x78, 0x56, 0x34, 0x12]); // mov eax, 0x12345678
    rig.vcpu.run(1);
    equal(rig.state.read("rax"), 0x12345678n, "rax");
    rig.memory.write(0x31000, Uint8Array.of(0x35)); // its fourth byte, in the second page
    rig.vcpu.invalidateCode(0x31000, 1);
    rig.state.write("rip", 0x30ffdn);
    rig.vcpu.run(1);
    equal(rig.state.read("rax"), 0x12355678n, "rax");
  } },
  { name: "a direction of time: RDTSC and the clock agree", run: (engine) => {
    const rig = createLongRig(engine, [0x0f, 0x31, HLT]);
    equal(rig.vcpu.run(5).reason, "hlt", "reason");
    equal([rig.state.read("rax"), rig.state.read("rdx")], [0n, 0n], "the clock stands at 0");
  } },
];
