import assert from "node:assert/strict";
import test from "node:test";
import { createTestPc } from "../testing.ts";

const BASE = 0xfec0_0000, LAPIC = 0xfee0_0000;

function setUp(vcpuCount = 1) {
  const pc = createTestPc(vcpuCount);
  const { bus } = pc;
  for (let vcpu = 0; vcpu < vcpuCount; vcpu++) pc.pc.bus(vcpu).mmioWrite(LAPIC + 0xf0, 4, 0x1ff);
  const write = (register: number, value: number) => {
    bus.mmioWrite(BASE, 4, register);
    bus.mmioWrite(BASE + 0x10, 4, value);
  };
  const read = (register: number) => {
    bus.mmioWrite(BASE, 4, register);
    return bus.mmioRead(BASE + 0x10, 4);
  };
  const route = (pin: number, low: number, destination = 0) => {
    write(0x11 + 2 * pin, destination << 24);
    write(0x10 + 2 * pin, low);
  };
  const eoi = () => bus.mmioWrite(LAPIC + 0xb0, 4, 0);
  return { ...pc, write, read, route, eoi, line: (gsi: number) => pc.pc.interrupts.gsiLine(gsi) };
}
const LEVEL = 0x8000, REMOTE_IRR = 0x4000, MASKED = 0x10000;

test("24 pins, all masked, ID kept", () => {
  const { read, write } = setUp();
  assert.equal(read(1), 0x0017_0020);
  for (let pin = 0; pin < 24; pin++) assert.equal(read(0x10 + 2 * pin), MASKED);
  write(0, 0xff00_0000);
  assert.equal(read(0), 0x0f00_0000);
  assert.equal(read(0x40), 0);
});

test("a level asks again after EOI while it is asserted", () => {
  const { route, read, line, bus, intr, eoi } = setUp();
  const device = line(20);
  route(20, LEVEL | 0x55);
  device.set(true);
  assert.equal(read(0x38) & REMOTE_IRR, REMOTE_IRR);
  assert.equal(bus.acknowledge(), 0x55);
  assert.deepEqual(intr, [false]);
  eoi();
  assert.equal(bus.acknowledge(), 0x55, "the device was not served");
  device.set(false);
  eoi();
  assert.deepEqual(intr, [false]);
  assert.equal(read(0x38) & REMOTE_IRR, 0);
});

test("TMR tells the LAPIC which EOIs to pass on", () => {
  const { route, line, bus, read, eoi } = setUp();
  const edge = line(5), level = line(21);
  route(5, 0x61);
  route(21, LEVEL | 0x62);
  edge.set(true);
  level.set(true);
  assert.equal(bus.acknowledge(), 0x62);
  assert.equal(bus.mmioRead(LAPIC + 0x1b0, 4), 1 << 2, "TMR has 0x62, not 0x61");
  level.set(false);
  eoi();
  assert.equal(read(0x3a) & REMOTE_IRR, 0);
  assert.equal(bus.acknowledge(), 0x61);
});

test("an edge is sent once; on a masked pin it is lost", () => {
  const { route, line, bus, intr, eoi } = setUp();
  const device = line(4);
  route(4, 0x44);
  device.set(true);
  device.set(true);
  assert.equal(bus.acknowledge(), 0x44);
  eoi();
  assert.deepEqual(intr, [false]);
  device.set(false);
  route(4, MASKED | 0x44);
  device.set(true);
  route(4, 0x44);
  assert.deepEqual(intr, [false]);
});

test("a masked level is sent when it is unmasked", () => {
  const { route, line, bus, intr } = setUp();
  line(22).set(true);
  route(22, MASKED | LEVEL | 0x70);
  assert.deepEqual(intr, [false]);
  route(22, LEVEL | 0x70);
  assert.equal(bus.acknowledge(), 0x70);
});

test("drivers end an interrupt by the EOI register, or by a moment as an edge", () => { // Linux: __eoi_ioapic_pin()
  for (const end of ["register", "edge"]) {
    const { route, line, read, bus, write } = setUp();
    const device = line(19);
    route(19, LEVEL | 0x71);
    device.set(true);
    device.set(false);
    assert.equal(read(0x36) & REMOTE_IRR, REMOTE_IRR);
    if (end === "register") bus.mmioWrite(BASE + 0x40, 4, 0x71);
    else {
      write(0x36, MASKED | 0x71);
      write(0x36, LEVEL | 0x71);
    }
    assert.equal(read(0x36) & REMOTE_IRR, 0);
  }
});

test("destinations: physical, logical, lowest priority, broadcast", () => {
  const apic = setUp(3);
  for (let vcpu = 0; vcpu < 3; vcpu++) apic.pc.bus(vcpu).mmioWrite(LAPIC + 0xd0, 4, 1 << (24 + vcpu));
  const received = (low: number, destination: number) => {
    apic.route(6, low, destination);
    const device = apic.line(6);
    device.set(true);
    device.set(false);
    return apic.intr.flatMap((level, vcpu) => {
      if (!level) return [];
      apic.pc.bus(vcpu).acknowledge();
      apic.pc.bus(vcpu).mmioWrite(LAPIC + 0xb0, 4, 0);
      return [vcpu];
    });
  };
  assert.deepEqual(received(0x50, 2), [2]);
  assert.deepEqual(received(0x850, 0b101), [0, 2]);
  assert.deepEqual(received(0x50, 0xff), [0, 1, 2]);
  assert.equal(received(0x950, 0b111).length, 1);
});

test("NMI delivery", () => {
  const { route, line, events } = setUp();
  route(8, 0x400);
  line(8).set(true);
  assert.deepEqual(events, ["nmi 0"]);
});

test("ISA IRQ 0 is GSI 2 and the 8259's input 0; the others keep their numbers", () => {
  const { pc, route, bus, outb } = setUp();
  route(2, 0x42);
  outb(0x43, 0x30); // the PIT lets go of the line
  pc.interrupts.isaLine(0).set(true);
  assert.equal(bus.acknowledge(), 0x42);
  const lines = () => (pc.interrupts.pic.state as { chips: { lines: number }[] }).chips.map((chip) => chip.lines);
  assert.equal(lines()[0] & 1, 1);
  pc.interrupts.isaLine(11).set(true);
  assert.equal(lines()[1] & 8, 8);
  assert.equal((pc.interrupts.ioapic.state as { lines: number }).lines >> 11 & 1, 1);
});

test("several devices on one line: it falls when the last lets go", () => {
  const { pc, line } = setUp();
  const lines = () => (pc.interrupts.ioapic.state as { lines: number }).lines >> 17 & 1;
  const one = line(17), two = line(17);
  one.set(true);
  two.set(true);
  one.set(false);
  assert.equal(lines(), 1);
  two.set(false);
  assert.equal(lines(), 0);
});
