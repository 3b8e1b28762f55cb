// PCI by configuration mechanism #1: an address port and a data port (PCI Local Bus Specification, Configuration Mechanism #1). On bus 0 there
// is a host bridge, which is what systems look for to believe that there is a bus at all; every other function is absent.

import type { Device } from "./device.ts";

const DATA = 4, ENABLE = 0x8000_0000;
/** The host bridge's header (PCI Local Bus Specification, Configuration Space Header): 32-bit registers by offset, all read-only. Vendor and
 * device are those of an Intel 440FX, the bridge that virtual machines usually have; class 06 00 is a host bridge. */
const HOST_BRIDGE: Readonly<Record<number, number>> = { 0x00: 0x1237_8086, 0x08: 0x0600_0002, 0x2c: 0x1100_1af4 };

/** The two ports, `DATA` being 4 above the address. */
export function createPciHost(): Device {
  const state = { address: 0 };
  const read = (offset: number) => {
    if (offset < DATA) return state.address;
    if (!(state.address & ENABLE) || (state.address & 0x00ff_ff00) !== 0) return 0xffff_ffff;
    return HOST_BRIDGE[state.address & 0xfc] ?? 0;
  };
  const write = (offset: number, value: number) => {
    if (offset < DATA) state.address = (value & 0x80ff_fffc) >>> 0;
  };
  return { id: "pci", accessBytes: 4, state, update() {}, read, write };
}
