import assert from "node:assert/strict";
import test from "node:test";
import { createBus } from "./bus.ts";
import { createPciHost } from "./pci.ts";

const bus = createBus();
bus.claimPorts(0xcf8, 8, createPciHost());
const config = (device: number, register: number) => {
  bus.pioWrite(0xcf8, 4, (0x8000_0000 | (device << 11) | register) >>> 0);
  return bus.pioRead(0xcfc, 4);
};

test("the address reads back, which is how the mechanism is found", () => {
  bus.pioWrite(0xcf8, 4, 0x8000_0000);
  assert.equal(bus.pioRead(0xcf8, 4), 0x8000_0000);
});
test("bus 0 has a host bridge with header type 0 and no BARs", () => {
  assert.equal(config(0, 0x00), 0x1237_8086);
  assert.equal(config(0, 0x08) >>> 16, 0x0600);
  assert.equal(config(0, 0x0c), 0);
  assert.equal(config(0, 0x10), 0);
});
test("parts of a register are read by byte and word", () => {
  config(0, 0x08);
  assert.deepEqual([bus.pioRead(0xcff, 1), bus.pioRead(0xcfe, 2)], [0x06, 0x0600]);
});
test("other functions are absent, and so is everything while the mechanism is off", () => {
  assert.equal(config(1, 0), 0xffff_ffff);
  bus.pioWrite(0xcf8, 4, 0);
  assert.equal(bus.pioRead(0xcfc, 4), 0xffff_ffff);
});
