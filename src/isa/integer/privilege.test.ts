// What POPF may write and which ports a program may touch, by privilege.

import assert from "node:assert/strict";
import test from "node:test";
import { createBare, setTask, type BareMode } from "../../conformance/bare.ts";
import { openEngines } from "../../conformance/engines.ts";
import { assemble } from "../encode.ts";

const CF = 1, IF = 0x200, IOPL = 0x3000, RF = 0x1_0000, VM = 0x2_0000, AC = 0x4_0000, VIF = 0x8_0000, VIP = 0x10_0000, ID = 0x20_0000;
/** What everybody may write: CF PF AF ZF SF DF OF NT; TF would end the test. */
const PLAIN = 0x4cd5, ALL = 0x3f_7ed5 & ~0x100;
const TASK = 0x4000, BITMAP = 0x68;

for (const engine of await openEngines()) {
  for (const [mode, cpl, before, width, popped, after] of [
    ["real", 0, 0, 16, ALL, PLAIN | IF | IOPL], ["real", 0, IF | IOPL | PLAIN, 16, 0, 0], ["real", 0, 0, 32, ALL, PLAIN | IF | IOPL | AC | ID],
    ["protected", 0, 0, 32, ALL, PLAIN | IF | IOPL | AC | ID], ["protected", 0, AC | ID | IF | CF, 16, 0, AC | ID], ["protected", 0, RF | VIF | VIP, 32, ALL & ~VM, PLAIN | IF | IOPL | AC | ID | VIF | VIP],
    ["protected", 3, 0, 32, ALL, PLAIN | AC | ID], ["protected", 3, IF, 32, 0, IF], ["protected", 3, IF | IOPL, 32, 0, IOPL], ["protected", 2, 0x1000, 32, ALL, PLAIN | 0x1000 | AC | ID],
    ["protected", 1, 0x1000, 32, ALL, PLAIN | IF | 0x1000 | AC | ID], ["protected", 3, IOPL, 16, ALL, PLAIN | IF | IOPL],
    ["long", 0, 0, 64, ALL, PLAIN | IF | IOPL | AC | ID], ["long", 3, IF, 64, ALL & ~IF, PLAIN | AC | ID | IF], ["long", 3, AC | IF, 64, 0, IF], ["long", 0, IF, 16, 0, 0],
  ] as const) test(`POPF of ${width} bits in ${mode} mode at CPL ${cpl}: ${before.toString(16)} becomes ${after.toString(16)} by ${popped.toString(16)} (${engine.name})`, () => {
    const machine = createBare(engine, mode);
    const own = mode === "real" ? 16 : mode === "long" ? 64 : 32;
    machine.load([...(own === width ? [] : [0x66]), 0x9d, 0x90, 0x90]);
    if (mode !== "real") machine.privilege(cpl);
    machine.set({ rsp: 0x7000, rflags: before | 2 });
    new DataView(machine.ram.buffer, machine.ram.byteOffset).setBigUint64(0x7000, BigInt(popped) | (width === 64 ? 0xffff_ffff_ffc0_0000n : 0n), true);
    assert.equal(machine.vcpu.run(1).reason, "budget");
    assert.equal(machine.get("rflags"), BigInt(after | 2));
    assert.equal(machine.get("rsp"), BigInt(0x7000 + width / 8));
  });

  test(`TF and IF that POPF sets are seen after the next instruction and at once (${engine.name})`, () => {
    const machine = createBare(engine, "real", { acknowledge: () => 0x20 });
    for (const [vector, at] of [[1, 0x600], [0x20, 0x700]] as const) machine.ram.set([at & 0xff, at >> 8, 0, 0], 4 * vector);
    machine.load([0x9d, 0x40, 0x40, 0x40, 0xf4]); // popf; inc ax; inc ax …
    machine.ram[0x600] = machine.ram[0x700] = 0xf4;
    machine.ram.set([0x02, 0x01], 0x7000); // TF
    machine.set({ rsp: 0x7000, rax: 0, rflags: 2 });
    assert.equal(machine.vcpu.run(100).reason, "hlt");
    assert.deepEqual([machine.get("rip"), machine.get("rax")], [0x601n, 1n]);

    machine.vcpu.state.writeField("activity", 0n);
    machine.vcpu.state.write("rip", 0x8000n);
    machine.ram.set([0x02, 0x02], 0x7000); // IF
    machine.set({ rsp: 0x7000, rax: 0, rflags: 2 });
    machine.vcpu.setInterruptLine(true);
    assert.equal(machine.vcpu.run(100).reason, "hlt");
    assert.deepEqual([machine.get("rip"), machine.get("rax")], [0x701n, 0n]);
  });

  test(`PUSHF shows neither RF nor VM (${engine.name})`, () => {
    const machine = createBare(engine, "protected");
    machine.load([0x9c]);
    machine.set({ rsp: 0x7000, rflags: 0x21_7ad7 | RF });
    machine.vcpu.run(1);
    assert.equal(new DataView(machine.ram.buffer, machine.ram.byteOffset).getUint32(0x7000 - 4, true), 0x20_7ad7);
  });

  for (const [what, mode, cpl, iopl, port, bytes, limit, bits, allowed] of [
    ["CPL 0 needs no permission", "protected", 0, 0, 0x60, 1, 0x67, [], true], ["IOPL is enough", "protected", 3, 3, 0x60, 4, 0x67, [], true], ["no bitmap", "protected", 3, 0, 0x60, 1, 0x67, [], false],
    ["bit clear", "protected", 3, 0, 9, 1, 0x90, [], true], ["bit set", "protected", 3, 0, 9, 1, 0x90, [9], false], ["one of two set", "protected", 1, 0, 9, 2, 0x90, [10], false], ["neighbours set", "protected", 3, 2, 9, 2, 0x90, [8, 11], true],
    ["four over a byte's border", "protected", 3, 0, 14, 4, 0x90, [17], false], ["four over a byte's border, free", "protected", 3, 0, 14, 4, 0x90, [13, 18], true],
    ["the second byte must be inside", "protected", 3, 0, 8, 1, BITMAP + 1, [], false], ["the second byte is inside", "protected", 3, 0, 8, 1, BITMAP + 2, [], true], ["beyond the limit", "protected", 3, 0, 0xffff, 1, 0x90, [], false],
    ["long mode", "long", 3, 0, 9, 1, 0x90, [], true], ["long mode, bit set", "long", 3, 0, 9, 1, 0x90, [9], false],
  ] as const) for (const write of [false, true]) test(`${write ? "OUT" : "IN"}: ${what} (${engine.name})`, () => {
    const seen: number[][] = [];
    const machine = createBare(engine, mode as BareMode, {
      pioRead: (at, size) => { seen.push([at, size]); return 0x1234_5678; }, pioWrite: (at, size, value) => { seen.push([at, size, value]); },
    });
    setTask(machine, TASK, limit);
    machine.ram[TASK + 102] = BITMAP;
    for (const bit of bits) machine.ram[TASK + BITMAP + (bit >> 3)]! |= 1 << (bit & 7);
    machine.load([...(bytes === 2 ? [0x66] : []), (write ? 0xee : 0xec) + (bytes === 1 ? 0 : 1)]);
    machine.privilege(cpl);
    machine.set({ rflags: 2 | iopl << 12, rdx: 0xabcd_0000 | port, rax: 0x1111_2222_3333_4444n });
    assert.equal(machine.vcpu.run(1).reason, allowed ? "budget" : "shutdown");
    const cut = (value: number) => bytes === 4 ? value : value & (2 ** (8 * bytes) - 1);
    assert.deepEqual(seen, !allowed ? [] : [write ? [port, bytes, 0x3333_4444] .map((value, index) => index === 2 ? cut(value) : value) : [port, bytes]]);
    if (allowed && !write) assert.equal(machine.get("rax"), bytes === 4 ? 0x1234_5678n : bytes === 2 ? 0x1111_2222_3333_5678n : 0x1111_2222_3333_4478n);
  });

  test(`INS and OUTS move as much as RCX says, and leave the port alone when memory is not there (${engine.name})`, () => {
    const read: number[] = [], written: number[] = [];
    let next = 0x100;
    const machine = createBare(engine, "long", { pioRead: (port, size) => { read.push(port, size); return next++; }, pioWrite: (port, size, value) => { written.push(port, size, value); } });
    machine.load([0xf3, 0x66, 0x6d, 0xf3, 0x6e]); // rep insw; rep outsb
    machine.set({ rdx: 0x1f0, rcx: 3, rdi: 0x9ffe, rflags: 2 });
    machine.vcpu.run(1);
    assert.deepEqual([machine.get("rcx"), machine.get("rdi"), read], [0n, 0xa004n, [0x1f0, 2, 0x1f0, 2, 0x1f0, 2]]);
    assert.deepEqual([...machine.ram.subarray(0x9ffe, 0xa004)], [0, 1, 1, 1, 2, 1]);
    machine.set({ rcx: 2, rsi: 0xa003, rflags: 0x402 });
    machine.vcpu.run(1);
    assert.deepEqual([machine.get("rcx"), machine.get("rsi"), written], [0n, 0xa001n, [0x1f0, 1, 1, 0x1f0, 1, 2]]);
    read.length = 0;
    machine.load(assemble("insd", [], { rep: "rep" }));
    machine.set({ rcx: 5, rdi: 0x1f_fffe + 0x1000, rflags: 2 }); // beyond the only page table
    assert.equal(machine.vcpu.run(2).reason, "shutdown");
    assert.deepEqual([machine.get("rcx"), read], [5n, []]);
  });
}
