import assert from "node:assert/strict";
import test from "node:test";
import { createPic, PIC_OFFSET } from "./pic.ts";
import { createTestLine } from "../testing.ts";

const MASTER = PIC_OFFSET.master, SLAVE = PIC_OFFSET.slave, ELCR = PIC_OFFSET.elcr;

/** Initialized as Linux does it (init_8259A), nothing masked. */
function setUp(icw4 = 1) {
  const intr = createTestLine();
  const pic = createPic(intr);
  const lines = Array.from({ length: 16 }, (_, irq) => pic.line(irq));
  for (const [base, vector, cascade] of [[MASTER, 0x30, 4], [SLAVE, 0x38, 2]]) {
    pic.write(base, 0x11);
    pic.write(base + 1, vector);
    pic.write(base + 1, cascade);
    pic.write(base + 1, icw4);
    pic.write(base + 1, 0);
  }
  const raise = (irq: number) => lines[irq].set(true);
  const lower = (irq: number) => lines[irq].set(false);
  const inService = (base: number) => {
    pic.write(base, 0x0b);
    return pic.read(base);
  };
  const requests = (base: number) => {
    pic.write(base, 0x0a);
    return pic.read(base);
  };
  return { pic, intr, raise, lower, inService, requests };
}
const EOI = 0x20;

test("Linux's probe finds it: a mask is read back", () => { // probe_8259A()
  const { pic } = setUp();
  pic.write(SLAVE + 1, 0xff);
  pic.write(MASTER + 1, 0xfb);
  assert.equal(pic.read(MASTER + 1), 0xfb);
});

test("lower numbers go first, and one in service blocks those below it", () => {
  const { pic, intr, raise, inService } = setUp();
  raise(5);
  raise(3);
  assert.equal(pic.acknowledge(), 0x33);
  assert.equal(intr.level, false, "5 waits for the end of 3");
  raise(1);
  assert.equal(pic.acknowledge(), 0x31);
  assert.equal(inService(MASTER), 0b1010);
  pic.write(MASTER, EOI);
  assert.equal(inService(MASTER), 0b1000, "the highest is ended first");
  pic.write(MASTER, EOI);
  assert.equal(pic.acknowledge(), 0x35);
});

test("the slave's requests come through input 2 and need two EOIs", () => {
  const { pic, intr, raise, inService } = setUp();
  raise(8);
  assert.equal(pic.acknowledge(), 0x38);
  assert.deepEqual([inService(MASTER), inService(SLAVE)], [4, 1]);
  raise(14);
  pic.write(SLAVE, EOI);
  assert.equal(intr.level, false, "input 2 is in service");
  pic.write(MASTER, EOI);
  assert.equal(pic.acknowledge(), 0x3e);
});

test("a request that goes away is input 7, without service", () => { // 8259A, "Edge and Level Triggered Modes"
  const { pic, intr, raise, lower, inService } = setUp();
  raise(4);
  lower(4);
  assert.equal(intr.level, false);
  assert.equal(pic.acknowledge(), 0x37);
  assert.equal(inService(MASTER), 0, "Linux tells a spurious one by that");
});

test("an edge counts once, a level until it is gone", () => {
  const { pic, intr, raise, lower } = setUp();
  raise(5);
  pic.acknowledge();
  pic.write(MASTER, EOI);
  assert.equal(intr.level, false);
  pic.write(ELCR, 0x28);
  pic.write(MASTER, EOI);
  assert.equal(pic.acknowledge(), 0x35);
  pic.write(MASTER, EOI);
  assert.equal(intr.level, true);
  lower(5);
  assert.equal(intr.level, false);
});

test("ELCR cannot make a level of what is an edge on every PC", () => {
  const { pic } = setUp();
  pic.write(ELCR, 0xff);
  pic.write(ELCR + 1, 0xff);
  assert.deepEqual([pic.read(ELCR), pic.read(ELCR + 1)], [0xf8, 0xde]);
});

test("a masked request waits", () => {
  const { pic, intr, raise, requests } = setUp();
  pic.write(MASTER + 1, 0x10);
  raise(4);
  assert.equal(intr.level, false);
  assert.equal(requests(MASTER), 0x10);
  pic.write(MASTER + 1, 0);
  assert.equal(pic.acknowledge(), 0x34);
});

test("specific EOI, specific rotation, rotation by EOI", () => { // 8259A, Operation Command Words
  const { pic, raise, lower, inService } = setUp();
  raise(4);
  pic.acknowledge();
  raise(2 + 1);
  pic.acknowledge();
  pic.write(MASTER, 0x64); // specific, 4
  assert.equal(inService(MASTER), 8);
  pic.write(MASTER, EOI);
  pic.write(MASTER, 0xc3); // 3 becomes the lowest
  lower(3);
  lower(4);
  raise(3);
  raise(4);
  assert.equal(pic.acknowledge(), 0x34);
  pic.write(MASTER, 0xa0); // rotate on non-specific EOI: 4 becomes the lowest
  assert.equal(pic.acknowledge(), 0x33);
});

test("automatic EOI leaves nothing in service, and may rotate", () => {
  const { pic, raise, lower, inService } = setUp(3);
  pic.write(MASTER, 0x80);
  raise(0);
  assert.equal(pic.acknowledge(), 0x30);
  assert.equal(inService(MASTER), 0);
  lower(0);
  raise(0);
  raise(1);
  assert.equal(pic.acknowledge(), 0x31, "0 is the lowest now");
});

test("special mask mode lets lower ones through while a masked one is in service", () => {
  const { pic, intr, raise } = setUp();
  raise(1);
  pic.acknowledge();
  raise(6);
  assert.equal(intr.level, false);
  pic.write(MASTER + 1, 2);
  pic.write(MASTER, 0x68);
  assert.equal(pic.acknowledge(), 0x36);
});

test("special fully nested mode lets the slave interrupt itself", () => {
  const { pic, raise } = setUp(0x11);
  raise(12);
  assert.equal(pic.acknowledge(), 0x3c);
  raise(8);
  assert.equal(pic.acknowledge(), 0x38);
});

test("a poll acknowledges and tells the input", () => {
  const { pic, raise, inService } = setUp();
  pic.write(MASTER, 0x0c);
  assert.equal(pic.read(MASTER) & 0x80, 0);
  raise(6);
  pic.write(MASTER, 0x0c);
  assert.equal(pic.read(MASTER), 0x86);
  assert.equal(inService(MASTER), 0x40);
});

test("initialization forgets masks, service and edges", () => { // 8259A, Initialization Command Word 1
  const { pic, intr, raise } = setUp();
  raise(3);
  assert.equal(intr.level, true);
  pic.write(MASTER + 1, 0xff);
  pic.write(MASTER, 0x11);
  assert.equal(intr.level, false);
  for (const value of [0x30, 4, 1]) pic.write(MASTER + 1, value);
  assert.equal(pic.read(MASTER + 1), 0);
});
