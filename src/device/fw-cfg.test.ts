import assert from "node:assert/strict";
import test from "node:test";
import { createTestPc } from "./testing.ts";

const SELECT = 0x510, DATA = 0x511;

test("vCPUs and memory, by the number of an item", () => {
  const { bus, inb } = createTestPc(3);
  const item = (number: number, bytes: number) => {
    bus.pioWrite(SELECT, 2, number);
    return Array.from({ length: bytes }, () => inb(DATA));
  };
  assert.deepEqual(item(0x05, 3), [3, 0, 0]);
  assert.deepEqual(item(0x0f, 2), [3, 0]);
  assert.deepEqual(item(0x03, 8), [0, 0, 0, 0x10, 0, 0, 0, 0]);
  assert.deepEqual(item(0x05, 1), [3], "from its beginning again");
  assert.deepEqual([...item(0x00, 4), ...item(0x0105, 2), ...item(0x19, 4)], Array(10).fill(0), "no signature, no files");
});
