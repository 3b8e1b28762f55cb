// Long repeated instructions: they come back now and then, exact, and go on where they were.

import assert from "node:assert/strict";
import test from "node:test";
import { createBare, PAGE_TABLE } from "../../conformance/bare.ts";
import { openEngines } from "../../conformance/engines.ts";

const MEGABYTE = 0x10_0000, FROM = 0x1_0000, TO = 0x8_0000;

for (const engine of await openEngines()) {
  for (const [what, code, bytes] of [["stosq", [0xf3, 0x48, 0xab], 8], ["stosb", [0xf3, 0xaa], 1]] as const)
    test(`rep ${what} over a megabyte lets interrupts in (${engine.name})`, () => {
      const machine = createBare(engine, "long"), start = 0x8_0003;
      machine.load([...code, 0xf4]);
      machine.set({ rax: 0x1111_1111_1111_1111n, rcx: MEGABYTE / bytes, rdi: start, rflags: 2 });
      let returns = 0;
      for (let before = machine.get("rcx"); before !== 0n; returns++) {
        assert.equal(machine.vcpu.run(1).reason, "budget");
        const left = machine.get("rcx");
        assert.ok(left < before);
        assert.equal(machine.get("rdi"), BigInt(start + MEGABYTE) - left * BigInt(bytes));
        assert.equal(machine.get("rip"), left === 0n ? 0x8000n + BigInt(code.length) : 0x8000n);
        before = left;
      }
      assert.ok(returns >= 8, `returned only ${returns} times`);
      assert.ok(machine.ram.subarray(start, start + MEGABYTE).every((byte) => byte === 0x11));
      assert.deepEqual([machine.ram[start - 1], machine.ram[start + MEGABYTE]], [0, 0]);
    });

  test(`a kick ends a long rep movsb between two elements, and it goes on afterwards (${engine.name})`, () => {
    const machine = createBare(engine, "long"), count = 0x6_0000;
    for (let index = 0; index < count; index++) machine.ram[FROM + index] = index % 253;
    const expected = Uint8Array.from(machine.ram.subarray(FROM, FROM + count));
    machine.load([0xf3, 0xa4, 0xf4]);
    machine.set({ rcx: count, rsi: FROM, rdi: TO, rflags: 2 });
    machine.vcpu.run(1);
    machine.vcpu.kick();
    assert.equal(machine.vcpu.run(1000).reason, "kick");
    const done = count - Number(machine.get("rcx"));
    assert.ok(done > 0 && done < count);
    assert.deepEqual(machine.ram.slice(TO, TO + done), expected.slice(0, done));
    assert.equal(machine.vcpu.run(1000).reason, "hlt");
    assert.equal(machine.get("rcx"), 0n);
    assert.deepEqual(machine.ram.slice(TO, TO + count), expected);
  });

  test(`pages that are apart in memory make one string (${engine.name})`, () => {
    const machine = createBare(engine, "long"), view = new DataView(machine.ram.buffer, machine.ram.byteOffset);
    // linear 0x100000.. is physical 0x50000, 0x30000, 0x40000
    [0x5_0000, 0x3_0000, 0x4_0000].forEach((physical, index) => view.setUint32(PAGE_TABLE + 8 * (0x100 + index), physical | 7, true));
    machine.ram.fill(0x20, 0x5_0000, 0x5_1000).fill(0x20, 0x3_0000, 0x3_1000).fill(0x20, 0x4_0000, 0x4_1000);
    machine.ram[0x4_0123] = 0;
    machine.load([0xf2, 0xae, 0xf3, 0xa6]); // repne scasb; repe cmpsb
    machine.set({ rax: 0, rcx: -1, rdi: 0x10_0005, rflags: 2 });
    machine.vcpu.run(1);
    assert.deepEqual([machine.get("rdi"), machine.get("rcx")], [0x10_2124n, BigInt.asUintN(64, -1n - BigInt(0x10_2124 - 0x10_0005))]);
    machine.set({ rcx: 0x3000, rsi: 0x10_0000, rdi: 0x10_0001 });
    machine.vcpu.run(1);
    assert.deepEqual([machine.get("rdi"), machine.get("rsi")], [0x10_2124n, 0x10_2123n]);
  });

  test(`two linear pages that are one page of memory overlap (${engine.name})`, () => {
    const machine = createBare(engine, "long"), view = new DataView(machine.ram.buffer, machine.ram.byteOffset);
    view.setUint32(PAGE_TABLE + 8 * 0x100, 0x5_0000 | 7, true);
    machine.ram.set([1, 2, 3, 4], 0x5_0000);
    machine.load([0xf3, 0xa4]);
    machine.set({ rcx: 64, rsi: 0x5_0000, rdi: 0x10_0004, rflags: 2 });
    machine.vcpu.run(1);
    assert.deepEqual([...machine.ram.subarray(0x5_0000, 0x5_0044)], Array.from({ length: 68 }, (_, index) => 1 + (index & 3)));
  });

  test(`what follows a store of its own code is the new code (${engine.name})`, () => {
    const machine = createBare(engine, "long");
    machine.load([0xf3, 0xaa, 0x90, 0x90, 0x90, 0x90, 0xf4]); // rep stosb puts STC over the NOPs behind it
    machine.set({ rax: 0xf9, rcx: 4, rdi: 0x8002, rflags: 2 });
    assert.equal(machine.vcpu.run(100).reason, "hlt");
    assert.equal(machine.get("rflags") & 1n, 1n);
  });
}
