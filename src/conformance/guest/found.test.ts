// What random guests have found, each as small as it could be made, on every engine.

import assert from "node:assert/strict";
import test from "node:test";
import { createBare } from "../bare.ts";
import { openEngines } from "../engines.ts";

const engines = await openEngines();

for (const engine of engines) {
  test(`code that runs over the end of CS while an NMI cannot be taken comes to an end (${engine.name})`, () => {
    const { vcpu, ram, set } = createBare(engine, "real");
    ram.set([0xf8, 0xff, 1, 0], 2 * 4); // the handler of NMI at 1:fff8: ADD [BX+SI], AL up to the limit, which is not the end of a page
    set({ rsp: 0x7000, rbx: 0x4000, rsi: 0 });
    vcpu.state.write("rip", 0x8000n);
    vcpu.injectNmi();
    assert.equal(vcpu.run(2).reason, "budget");
    vcpu.injectNmi(); // stays pending
    vcpu.run(100);
    assert.ok(vcpu.retired() > 2);
  });

  test(`instructions do not write to data that all vCPUs of a node share (${engine.name})`, () => {
    const { vcpu, load, node } = createBare(engine, "long");
    const before = node.bytes.slice(0, 0x100000);
    load([0xf2, 0x48, 0x0f, 0x38, 0xf1, 0xc3]); // CRC32 RAX, RBX
    vcpu.run(1);
    assert.ok(Buffer.compare(before, node.bytes.subarray(0, 0x100000)) === 0);
  });

  test(`an instruction may go on from the last byte of the address space to the first (${engine.name})`, () => {
    const { vcpu, ram, set, get } = createBare(engine, "long");
    // the last page of all, by the last entry of each table
    const view = new DataView(ram.buffer, ram.byteOffset), entry = (at: number, value: number) => view.setBigUint64(at, BigInt(value), true);
    entry(0x1fc000 + 511 * 8, 0x1fb000 | 7);
    entry(0x1fb000 + 511 * 8, 0x1fa000 | 7);
    entry(0x1fa000 + 511 * 8, 0x1f9000 | 7);
    entry(0x1f9000 + 511 * 8, 0x100000 | 7);
    ram[0x100fff] = 0xff; // INC EAX
    ram[0] = 0xc0;
    set({ rax: 1 });
    vcpu.state.write("rip", 0xffff_ffff_ffff_ffffn);
    assert.equal(vcpu.run(1).reason, "budget");
    assert.deepEqual([get("rax"), get("rip")], [2n, 1n]);
  });

  test(`#DB comes directly behind the instruction that meets a data breakpoint (${engine.name})`, () => {
    const { vcpu, ram, set, get } = createBare(engine, "real");
    ram.set([0, 6, 0, 0], 1 * 4);
    ram.set([0xa2, 0x00, 0x50, 0x40, 0x40, 0x40, 0xf4], 0x8000); // MOV [5000], AL; INC AX, three times
    vcpu.state.writeField("dr", 0x5000n, 0);
    vcpu.state.writeField("dr", 0x10401n, 7);
    set({ rsp: 0x7000, rax: 5 });
    vcpu.state.write("rip", 0x8000n);
    vcpu.run(2);
    assert.deepEqual([get("rax"), ram[0x6ffa] | ram[0x6ffb] << 8, vcpu.state.readField("dr", 6) & 0xfn], [5n, 0x8003, 1n]);
  });

  test(`an interrupt that is not masked comes before the first instruction of a trap's handler (${engine.name})`, () => {
    const { vcpu, ram, set, get } = createBare(engine, "real", { acknowledge: () => 0x20 });
    ram.set([0, 6, 0, 0], 1 * 4);
    ram.set([0, 6, 0, 0], 2 * 4);
    ram.set([0x90, 0x90], 0x600);
    ram.set([0x90, 0x90], 0x8000);
    set({ rsp: 0x7000, rflags: 0x102 });
    vcpu.state.write("rip", 0x8000n);
    vcpu.run(1);
    vcpu.injectNmi();
    vcpu.run(1);
    assert.deepEqual([get("rip"), get("rsp")], [0x601n, 0x7000n - 12n]);
  });

  test(`a single step over HLT wakes it (${engine.name})`, () => {
    const { vcpu, ram, set, get } = createBare(engine, "real");
    ram.set([0, 6, 0, 0], 1 * 4);
    ram.set([0x90, 0x90], 0x600);
    ram[0x8000] = 0xf4;
    set({ rsp: 0x7000, rflags: 0x102 });
    vcpu.state.write("rip", 0x8000n);
    vcpu.run(2);
    vcpu.run(1);
    assert.ok(get("rip") >= 0x601n && get("rip") < 0x610n, get("rip").toString(16));
  });

  test(`an address through SS that is not canonical is #SS even if it is not aligned (${engine.name})`, () => {
    const { vcpu, ram, load, set } = createBare(engine, "long");
    const view = new DataView(ram.buffer, ram.byteOffset);
    for (const vector of [12, 13]) {
      view.setBigUint64(0x3000 + vector * 16, 0x8e00_0008_0000n | BigInt(0x600 + vector * 16), true); // interrupt gate, code segment 8
      ram.set([0xeb, 0xfe], 0x600 + vector * 16);
    }
    view.setBigUint64(0x4008, 0xaf9b_0000_00ffffn, true);
    vcpu.state.writeTable("gdt", 0x4000n, 15);
    vcpu.state.writeTable("idt", 0x3000n, 0xfff);
    load([0x66, 0x0f, 0x75, 0x55, 0x00]); // PCMPEQW XMM2, [RBP]
    set({ rsp: 0x7000, rbp: 0x1234_5678_9abc_def1n });
    vcpu.run(2);
    assert.equal(vcpu.state.read("rip"), BigInt(0x600 + 12 * 16));
  });
}
