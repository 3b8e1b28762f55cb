// What a BIOS leaves behind for those who look: the BIOS data area, and interrupt vectors whose services do nothing. There is no BIOS:
// a kernel finds its answers in what its boot protocol gives it, but some ask here too (Xen where conventional memory ends), return to real
// mode and call services that they can do without, or jump to the reset vector.
// Sources: IBM PC AT Technical Reference, "ROM BIOS Data Areas"; SDM 3A, Interrupt and Exception Handling in real-address mode.

import { PORT } from "../abi/pc.ts";
import type { VnodeMemory } from "../hal/memory.ts";
import { EBDA_START } from "./memory-map.ts";

const DATA_AREA = 0x400, EBDA_BYTES = 1024;
const DATA = { com1: 0x00, ebdaSegment: 0x0e, equipment: 0x10, memoryKib: 0x13 } as const;
/** One serial port, an 80-column display. */
const EQUIPMENT = 1 << 9 | 2 << 4;
const ROM_SEGMENT = 0xf000;
/** Where the first BIOS has its dummy handler. */
const DUMMY_HANDLER = 0xff53, RESET_VECTOR = 0xfff0;
const IRET = 0xcf;
const RESET_CODE = [0xba, PORT.resetControl & 0xff, PORT.resetControl >> 8, 0xb0, 0x06, 0xee, 0xf4]; // mov dx, port; mov al, 6; out dx, al; hlt

/** Writes it all; before the kernel, which may lie over it. */
export function writeFirmware(memory: VnodeMemory): void {
  const vectors = new Uint16Array(512);
  for (let vector = 0; vector < 256; vector++) vectors.set([DUMMY_HANDLER, ROM_SEGMENT], vector * 2);
  memory.write(0, new Uint8Array(vectors.buffer));

  const data = new DataView(new ArrayBuffer(0x100));
  data.setUint16(DATA.com1, PORT.com1, true);
  data.setUint16(DATA.ebdaSegment, EBDA_START >> 4, true);
  data.setUint16(DATA.equipment, EQUIPMENT, true);
  data.setUint16(DATA.memoryKib, EBDA_START / 1024, true);
  memory.write(DATA_AREA, new Uint8Array(data.buffer));
  memory.write(EBDA_START, Uint8Array.of(EBDA_BYTES / 1024));

  memory.write(ROM_SEGMENT * 16 + DUMMY_HANDLER, Uint8Array.of(IRET));
  memory.write(ROM_SEGMENT * 16 + RESET_VECTOR, Uint8Array.from(RESET_CODE));
}
