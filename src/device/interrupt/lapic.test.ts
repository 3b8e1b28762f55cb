import assert from "node:assert/strict";
import test from "node:test";
import { LAPIC_REGISTER as R } from "../../abi/apic.ts";
import { createTestPc } from "../testing.ts";

const BASE = 0xfee0_0000;

function setUp(vcpuCount = 1) {
  const pc = createTestPc(vcpuCount);
  const buses = Array.from({ length: vcpuCount }, (_, index) => pc.pc.bus(index));
  const write = (register: number, value: number, vcpu = 0) => buses[vcpu].mmioWrite(BASE + register * 16, 4, value);
  const read = (register: number, vcpu = 0) => buses[vcpu].mmioRead(BASE + register * 16, 4);
  for (let vcpu = 0; vcpu < vcpuCount; vcpu++) write(R.svr, 0x1ff, vcpu);
  return { ...pc, buses, write, read };
}
const sendTo = (apic: ReturnType<typeof setUp>, destination: number, low: number, from = 0) => {
  apic.write(R.icrHigh, destination << 24, from);
  apic.write(R.icr, low, from);
};

test("identification", () => {
  const { read } = setUp(3);
  assert.deepEqual([read(R.id, 2) >>> 24, read(R.version) & 0xff, (read(R.version) >> 16 & 0xff) + 1], [2, 0x14, 6]);
});

test("what firmware leaves: enabled, LINT0 from the 8259, LINT1 NMI on the first vCPU only", () => {
  const { buses } = createTestPcOf(2);
  const at = (vcpu: number, register: number) => buses[vcpu].mmioRead(BASE + register * 16, 4);
  assert.deepEqual([at(0, R.svr), at(0, R.lvtLint0), at(0, R.lvtLint1)], [0x1ff, 0x700, 0x400]);
  assert.deepEqual([at(1, R.svr), at(1, R.lvtLint0), at(1, R.lvtLint1)], [0xff, 0x10000, 0x10000]);
});
function createTestPcOf(count: number) {
  const pc = createTestPc(count);
  return { ...pc, buses: Array.from({ length: count }, (_, index) => pc.pc.bus(index)) };
}

test("Linux calibrates the timer: it counts nanoseconds over the divider", () => {
  const { write, read, clock } = setUp();
  write(R.lvtTimer, 0x10020);
  write(R.divide, 3); // by 16
  write(R.initialCount, 0xffff_ffff);
  clock.advance(100e6);
  assert.equal(0xffff_ffff - read(R.currentCount), 100e6 / 16);
});

for (const [code, divisor] of [[0, 2], [1, 4], [2, 8], [3, 16], [8, 32], [9, 64], [10, 128], [11, 1]])
  test(`divide configuration ${code} divides by ${divisor}`, () => {
    const { write, read, clock } = setUp();
    write(R.divide, code);
    write(R.initialCount, 1_000_000);
    clock.advance(12_800);
    assert.equal(read(R.currentCount), 1_000_000 - 12_800 / divisor);
  });

test("one-shot: one interrupt, then the count stays zero", () => {
  const { write, read, clock, bus, intr } = setUp();
  write(R.divide, 11);
  write(R.lvtTimer, 0x40);
  write(R.initialCount, 1000);
  clock.advance(999);
  assert.deepEqual(intr, [false]);
  clock.advance(1);
  assert.deepEqual(intr, [true]);
  assert.equal(read(R.currentCount), 0);
  assert.equal(bus.acknowledge(), 0x40);
  write(R.eoi, 0);
  clock.advance(1e9);
  assert.deepEqual(intr, [false]);
});

test("periodic: again and again, without drift", () => {
  const { write, clock, bus, intr } = setUp();
  write(R.divide, 11);
  write(R.lvtTimer, 0x20040);
  write(R.initialCount, 1_000_000);
  let count = 0;
  for (let step = 0; step < 1000; step++) {
    clock.advance(100_000);
    if (!intr[0]) continue;
    count++;
    assert.equal(bus.acknowledge(), 0x40);
    write(R.eoi, 0);
  }
  assert.equal(count, 100);
});

test("TSC deadline: rings when the guest's TSC has reached it, once", () => {
  const { write, clock, bus, intr } = setUp(); // TSC at 2 GHz
  assert.equal(bus.msrWrite(0x6e0, 5000n), true);
  assert.equal(bus.msrRead(0x6e0), 0n, "ignored in another mode");
  write(R.lvtTimer, 0x40040);
  bus.msrWrite(0x6e0, 5001n);
  assert.equal(bus.msrRead(0x6e0), 5001n);
  clock.advance(2500);
  assert.deepEqual(intr, [false]);
  clock.advance(1);
  assert.deepEqual(intr, [true]);
  assert.equal(bus.msrRead(0x6e0), 0n);
  assert.equal(bus.acknowledge(), 0x40);
  write(R.eoi, 0);
  bus.msrWrite(0x6e0, 1n); // past already
  clock.advance(0);
  assert.deepEqual(intr, [true]);
  bus.acknowledge();
  write(R.eoi, 0);
  bus.msrWrite(0x6e0, 9000n);
  bus.msrWrite(0x6e0, 0n);
  clock.advance(1e9);
  assert.deepEqual(intr, [false], "zero disarms");
  bus.msrWrite(0x6e0, 0xffff_ffff_ffff_ffffn);
  assert.equal(bus.msrRead(0x6e0), 0xffff_ffff_ffff_ffffn);
});

test("leaving TSC-deadline mode disarms", () => {
  const { write, clock, bus, intr } = setUp();
  write(R.lvtTimer, 0x40040);
  bus.msrWrite(0x6e0, 5000n);
  write(R.lvtTimer, 0x40);
  clock.advance(1e6);
  assert.deepEqual(intr, [false]);
});

test("priorities: the class in service and the TPR hold others back", () => {
  const { write, read, bus, intr } = setUp();
  const self = (vector: number) => write(R.icr, 0x40000 | vector);
  self(0x51);
  self(0x61);
  assert.equal(bus.acknowledge(), 0x61);
  assert.equal(read(R.ppr), 0x60);
  self(0x6f);
  assert.deepEqual(intr, [false], "the same class waits");
  self(0x70);
  assert.equal(bus.acknowledge(), 0x70);
  write(R.eoi, 0);
  write(R.eoi, 0);
  assert.equal(bus.acknowledge(), 0x6f);
  write(R.eoi, 0);
  bus.tprWrite(5);
  assert.equal(read(R.tpr), 0x50);
  assert.deepEqual(intr, [false]);
  assert.equal(bus.acknowledge(), -1, "it has gone away");
  write(R.tpr, 0x4f);
  assert.equal(bus.tprRead(), 4);
  assert.equal(bus.acknowledge(), 0x51);
});

test("IRR, ISR and TMR show what is where", () => {
  const { write, read, bus } = setUp();
  write(R.icr, 0x40000 | 0x93);
  assert.equal(read(R.irr + 4), 1 << 0x13);
  bus.acknowledge();
  assert.deepEqual([read(R.irr + 4), read(R.isr + 4), read(R.tmr + 4)], [0, 1 << 0x13, 0]);
  write(R.eoi, 0);
  assert.equal(read(R.isr + 4), 0);
});

test("a LAPIC that software disabled masks its LVT and takes no interrupts, but NMIs", () => {
  const apic = setUp(2);
  apic.write(R.lvtTimer, 0x40, 1);
  apic.write(R.svr, 0xff, 1);
  assert.equal(apic.read(R.lvtTimer, 1), 0x10040);
  apic.write(R.lvtTimer, 0x40, 1);
  assert.equal(apic.read(R.lvtTimer, 1), 0x10040, "cannot be unmasked");
  sendTo(apic, 1, 0x50);
  sendTo(apic, 1, 0x400);
  assert.deepEqual([apic.intr, apic.events], [[false, false], ["nmi 1"]]);
});

test("illegal vectors end in ESR, which a write latches", () => { // SDM 3A, Error Handling
  const { write, read, bus } = setUp();
  write(R.lvtError, 0x33);
  write(R.icr, 0x40000 | 5);
  assert.equal(read(R.esr), 0);
  write(R.esr, 0);
  assert.equal(read(R.esr), 0x20);
  assert.equal(bus.acknowledge(), 0x33);
  write(R.esr, 0);
  assert.equal(read(R.esr), 0);
});

test("starting a vCPU: INIT, its end, two startup IPIs", () => { // SDM 3A, MP Initialization Protocol
  const apic = setUp(2);
  sendTo(apic, 1, 0xc500);
  sendTo(apic, 1, 0x8500);
  sendTo(apic, 1, 0x4699);
  sendTo(apic, 1, 0x4699);
  assert.deepEqual(apic.events, ["init 1", "startup 1 153", "startup 1 153"]);
  assert.equal(apic.read(R.svr, 1), 0xff, "INIT resets the LAPIC");
  assert.equal(apic.read(R.id, 1), 1 << 24);
});

for (const [what, destination, low, expected] of [
  ["physical", 2, 0x4050, [2]], ["physical broadcast", 0xff, 0x4050, [0, 1, 2, 3]], ["nobody", 9, 0x4050, []],
  ["self", 0, 0x44050, [1]], ["all", 0, 0x84050, [0, 1, 2, 3]], ["all others", 0, 0xc4050, [0, 2, 3]],
  ["flat logical", 0b1010, 0x4850, [1, 3]],
] as const) test(`an IPI to ${what}`, () => {
  const apic = setUp(4);
  for (let vcpu = 0; vcpu < 4; vcpu++) apic.write(R.ldr, 1 << (24 + vcpu), vcpu);
  sendTo(apic, destination, low, 1);
  assert.deepEqual(apic.intr.flatMap((level, vcpu) => (level ? [vcpu] : [])), expected);
  for (const vcpu of expected) assert.equal(apic.buses[vcpu].acknowledge(), 0x50);
});

test("clusters: the high half of a logical destination names one", () => {
  const apic = setUp(4);
  [0x11, 0x12, 0x21, 0x22].forEach((id, vcpu) => {
    apic.write(R.dfr, 0x0fff_ffff, vcpu);
    apic.write(R.ldr, id << 24, vcpu);
  });
  sendTo(apic, 0x23, 0x4850);
  assert.deepEqual(apic.intr, [false, false, true, true]);
  sendTo(apic, 0xf1, 0x4851);
  assert.deepEqual(apic.intr, [true, false, true, true]);
});

test("lowest priority chooses the vCPU that does the least", () => {
  const apic = setUp(3);
  for (let vcpu = 0; vcpu < 3; vcpu++) {
    apic.write(R.ldr, 1 << (24 + vcpu), vcpu);
    apic.write(R.tpr, [0x40, 0x20, 0x30][vcpu], vcpu);
  }
  sendTo(apic, 0b111, 0x4950);
  assert.deepEqual(apic.intr, [false, true, false]);
});

test("x2APIC: entered from xAPIC, left to disabled; registers by MSR only", () => {
  const { bus, read } = setUp();
  assert.equal(bus.msrRead(0x1b), 0xfee00900n);
  assert.equal(bus.msrRead(0x802), undefined);
  assert.equal(bus.msrWrite(0x1b, 0xfee00d00n), true);
  assert.equal(bus.msrRead(0x802), 0n);
  assert.equal(bus.msrRead(0x80d), 1n, "logical ID: cluster 0, bit 0");
  assert.equal(bus.mmioRead(BASE + 0x20, 4), 0xffff_ffff, "no longer memory-mapped");
  assert.equal(bus.msrWrite(0x1b, 0xfee00900n), false);
  assert.equal(bus.msrWrite(0x1b, 0xfee00100n), true);
  assert.equal(bus.msrWrite(0x1b, 0xfee00d00n), false, "not from disabled");
  assert.equal(bus.msrWrite(0x1b, 0xfee00900n), true);
  assert.equal(read(R.svr), 0xff, "disabling it reset it");
  assert.equal(bus.msrWrite(0x1b, 0xfee00901n), false);
});

test("x2APIC: reserved registers and bits are #GP", () => {
  const { bus } = setUp();
  bus.msrWrite(0x1b, 0xfee00d00n);
  for (const msr of [0x800, 0x809, 0x80b, 0x80c, 0x80e, 0x831, 0x83f, 0x840, 0x8ff]) assert.equal(bus.msrRead(msr), undefined, msr.toString(16));
  for (const [msr, value] of [[0x802, 1n], [0x80d, 1n], [0x80b, 1n], [0x828, 1n], [0x808, 0x100n], [0x83f, 0x100n], [0x832, 1n << 32n]] as const)
    assert.equal(bus.msrWrite(msr, value), false, msr.toString(16));
  assert.equal(bus.msrWrite(0x80b, 0n), true);
});

test("x2APIC: the ICR is one register, destinations have 32 bits, self IPIs are short", () => {
  const { buses, intr } = setUp(20);
  for (const bus of buses) bus.msrWrite(0x1b, (bus.msrRead(0x1b) as bigint) | 0x400n);
  assert.equal(buses[17].msrRead(0x80d), 0x0001_0002n);
  buses[0].msrWrite(0x830, (0x0001_0003n << 32n) | 0x4850n); // cluster 1: 16 and 17
  assert.deepEqual(intr.flatMap((level, vcpu) => (level ? [vcpu] : [])), [16, 17]);
  assert.equal(buses[0].msrRead(0x830), (0x0001_0003n << 32n) | 0x4850n);
  buses[0].msrWrite(0x830, (5n << 32n) | 0x4051n);
  buses[3].msrWrite(0x83f, 0x52n);
  assert.deepEqual([buses[5].acknowledge(), buses[3].acknowledge(), buses[16].acknowledge()], [0x51, 0x52, 0x50]);
});

test("registers move with the base address, each vCPU's own", () => {
  const { buses } = setUp(2);
  buses[0].msrWrite(0x1b, 0xfed00900n);
  assert.equal(buses[0].mmioRead(0xfed0_0030, 4), 0x0005_0014);
  assert.equal(buses[0].mmioRead(BASE + 0x30, 4), 0xffff_ffff);
  assert.equal(buses[1].mmioRead(BASE + 0x30, 4), 0x0005_0014);
});
