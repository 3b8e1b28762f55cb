// The configuration ports of QEMU, as far as small kernels use them that read no ACPI tables: how many vCPUs there are, and how much memory.
// There is no signature: firmware that finds one expects files that only QEMU has.
// Source: QEMU, "QEMU Firmware Configuration (fw_cfg) Device".

import type { Device } from "./device.ts";

const SELECT_LOW = 0, DATA = 1; // the selector has 16 bits, and its upper byte is written where data is read
const ITEM = { ramBytes: 0x03, cpus: 0x05, mostCpus: 0x0f } as const;

/** Reading yields the bytes of the item selected last, one after the other, low byte first, then zeros. */
export function createFwCfg(vcpuCount: number, memoryBytes: number): Device {
  const state = { item: 0, at: 0 };
  const items: Record<number, readonly number[]> = {
    [ITEM.ramBytes]: bytesOf(memoryBytes, 8), [ITEM.cpus]: bytesOf(vcpuCount, 2), [ITEM.mostCpus]: bytesOf(vcpuCount, 2),
  };
  const read = (offset: number) => (offset === DATA ? items[state.item]?.[state.at++] ?? 0 : state.item & 0xff);
  const write = (offset: number, value: number) => {
    state.item = offset === SELECT_LOW ? (state.item & 0xff00) | value : (state.item & 0xff) | (value << 8);
    state.at = 0;
  };
  return { id: "fw-cfg", accessBytes: 1, state, update() {}, read, write };
}

const bytesOf = (value: number, count: number) => Array.from({ length: count }, (_, index) => Math.floor(value / 256 ** index) % 256);
