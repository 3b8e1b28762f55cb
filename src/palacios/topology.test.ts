import assert from "node:assert/strict";
import test from "node:test";
import { HIGH_RAM_START, LOW_RAM_END } from "./memory-map.ts";
import { acpiZones, flatShape, placeVcpus, type ZoneShape } from "./topology.ts";

const GiB = 2 ** 30;
const zone = (cores: number, sockets = 1, memoryBytes = GiB): ZoneShape => ({ cores, sockets, memoryBytes, distances: [] });
const ids = (...zones: ZoneShape[]) => placeVcpus(zones).map(({ apicId }) => apicId);

test("one socket: APIC IDs are the numbers of the vCPUs", () => {
  assert.deepEqual(placeVcpus(flatShape(3, GiB)), [0, 1, 2].map((apicId) => ({ apicId, socketBits: 2, socketCores: 3 })));
  assert.deepEqual(placeVcpus(flatShape(1, GiB)), [{ apicId: 0, socketBits: 0, socketCores: 1 }]);
});

test("sockets begin where the largest one has room", () => {
  assert.deepEqual(ids(zone(2), zone(2)), [0, 1, 2, 3]);
  assert.deepEqual(ids(zone(3), zone(1)), [0, 1, 2, 4]);
  assert.deepEqual(ids(zone(5, 2)), [0, 1, 4, 5, 6]);
  assert.deepEqual(ids(...Array.from({ length: 16 }, () => zone(1))), Array.from({ length: 16 }, (_, index) => index));
  assert.deepEqual(ids(zone(15), zone(1)), [...Array.from({ length: 15 }, (_, index) => index), 16]);
});

test("memory goes to zones in the order of its addresses, around the hole below 4 GiB", () => {
  assert.deepEqual(acpiZones(flatShape(4, GiB)), []);
  const [first, second] = acpiZones([zone(1, 1, 2 * GiB), zone(2, 1, 1.5 * GiB)]);
  assert.deepEqual(first.memory, [{ gpa: 0, bytes: 0xa_0000 }, { gpa: 0x10_0000, bytes: 2 * GiB - 0x10_0000 }]);
  assert.deepEqual(second, { vcpus: [1, 2], memory: [{ gpa: 2 * GiB, bytes: LOW_RAM_END - 2 * GiB }, { gpa: HIGH_RAM_START, bytes: 0.5 * GiB }], distances: [] });
});
