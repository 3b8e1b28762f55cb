import assert from "node:assert/strict";
import test from "node:test";
import { createBus, type UnclaimedAccess } from "./bus.ts";
import type { Device } from "./device.ts";

/** A device that writes down what it is asked. Byte n of it reads as 0x10 + n. */
function probe(accessBytes: 1 | 2 | 4) {
  const seen: string[] = [];
  const read = (offset: number) => {
    seen.push(`r${offset}`);
    let value = 0;
    for (let index = accessBytes - 1; index >= 0; index--) value = value * 256 + 0x10 + offset + index;
    return value;
  };
  const device: Device = { id: "probe", accessBytes, state: {}, update() {}, read, write: (offset, value) => seen.push(`w${offset}=${value.toString(16)}`) };
  return { device, seen };
}

for (const [accessBytes, address, bytes, value, reads] of [
  [1, 0, 1, 0x10, "r0"], [1, 1, 2, 0x1211, "r1 r2"], [1, 0, 4, 0x13121110, "r0 r1 r2 r3"],
  [2, 0, 2, 0x1110, "r0"], [2, 1, 1, 0x11, "r0"], [2, 1, 2, 0x1211, "r0 r2"],
  [4, 4, 4, 0x17161514, "r4"], [4, 6, 2, 0x1716, "r4"], [4, 7, 1, 0x17, "r4"], [4, 2, 4, 0x15141312, "r0 r4"],
] as const) test(`${bytes} bytes at ${address} of ${accessBytes}-byte registers`, () => {
  const { device, seen } = probe(accessBytes);
  const bus = createBus();
  bus.claimPorts(0x100, 16, device);
  bus.claimMemory(0xf000_0000, 16, device);
  assert.equal(bus.pioRead(0x100 + address, bytes), value);
  assert.equal(seen.join(" "), reads);
  assert.equal(bus.mmioRead(0xf000_0000 + address, bytes), value);
});

for (const [accessBytes, address, bytes, value, writes] of [
  [1, 0, 1, 0xfff, "w0=ff"], [1, 1, 2, 0xabcd, "w1=cd w2=ab"], [2, 1, 1, 0xab, "w0=ab00"],
  [4, 0, 4, -1, "w0=ffffffff"], [4, 2, 2, 0xabcd, "w0=abcd0000"], [4, 3, 2, 0xabcd, "w0=cd000000 w4=ab"],
] as const) test(`writing ${bytes} bytes at ${address} of ${accessBytes}-byte registers`, () => {
  const { device, seen } = probe(accessBytes);
  const bus = createBus();
  bus.claimPorts(0x100, 16, device);
  bus.pioWrite(0x100 + address, bytes, value);
  assert.equal(seen.join(" "), writes);
});

test("the smallest claim that contains the whole access wins", () => {
  const wide = probe(4), narrow = probe(1);
  const bus = createBus();
  bus.claimPorts(0xcf9, 1, narrow.device);
  bus.claimPorts(0xcf8, 8, wide.device);
  bus.pioWrite(0xcf9, 1, 6);
  bus.pioWrite(0xcf8, 4, 0x80000000);
  bus.pioWrite(0xcf9, 2, 0x1234);
  assert.deepEqual([narrow.seen, wide.seen], [["w0=6"], ["w0=80000000", "w0=123400"]]);
});

test("an access that runs out of a claim goes byte by byte", () => {
  const { device, seen } = probe(1);
  const unclaimed: UnclaimedAccess[] = [];
  const bus = createBus((access) => unclaimed.push(access));
  bus.claimPorts(0x100, 2, device);
  assert.equal(bus.pioRead(0x101, 2), 0xff11);
  assert.equal(bus.pioRead(0xff, 2), 0x10ff);
  assert.equal(bus.pioRead(0xffff, 4), 0xffff_ffff);
  assert.equal(seen.join(" "), "r1 r0");
  assert.deepEqual(unclaimed.map(({ address, bytes }) => `${address.toString(16)}/${bytes}`), ["102/1", "ff/1", "ffff/4"]);
});

test("a device may be claimed at several places and offsets", () => {
  const { device, seen } = probe(1);
  const bus = createBus();
  bus.claimPorts(0x20, 2, device);
  bus.claimPorts(0xa0, 2, device, 2);
  bus.pioWrite(0xa1, 1, 5);
  bus.pioWrite(0x20, 1, 6);
  assert.equal(seen.join(" "), "w3=5 w0=6");
});
