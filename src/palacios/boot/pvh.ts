// Boots an ELF kernel by its PVH entry: 32-bit protected mode, EBX points to hvm_start_info (Xen, x86/HVM direct boot ABI).

import { PVH_NOTE } from "../../abi/elf.ts";
import { BOOT_AREA } from "../memory-map.ts";
import type { Elf } from "./elf.ts";
import { concatenate, isUsable, placeHigh, refuse, type BootRequest, type Loaded, type Piece } from "./image.ts";

const START_MAGIC = 0x336e_c578;
const MODULES = 0x40, MAP = 0x80, COMMAND_LINE = 0x400;
const MAP_TYPE = { usable: 1, reserved: 2, acpi: 3 } as const;

/** The PVH entry of a kernel, or undefined when it has none. */
export function pvhEntry(elf: Elf): number | undefined {
  const note = elf.notes.find(({ owner, type }) => owner === PVH_NOTE.owner && type === PVH_NOTE.type);
  if (!note || note.value.length < 4) return undefined;
  return new DataView(note.value.buffer, note.value.byteOffset).getUint32(0, true);
}

/** Loads a kernel that has a PVH note. */
export function loadPvh(request: BootRequest, elf: Elf, entry: number): Loaded {
  let end = 0;
  for (const { gpa, memoryBytes } of elf.segments) {
    if (!isUsable(request.memoryMap, gpa, memoryBytes))
      return refuse("memory", `the kernel needs ${memoryBytes} bytes at 0x${gpa.toString(16)}: give the virtual node more memory`);
    end = Math.max(end, gpa + memoryBytes);
  }
  const pieces = elf.segments.map(({ gpa, file, memoryBytes }): Piece => ({ gpa, bytes: file, memoryBytes }));
  const commandLine = new TextEncoder().encode(request.commandLine);
  if (commandLine.length > 4095) return refuse("append", `the command line has ${commandLine.length} bytes; PVH takes 4095 here`);
  const info = new Uint8Array(COMMAND_LINE + commandLine.length + 1);
  const view = new DataView(info.buffer);
  info.set(commandLine, COMMAND_LINE);
  view.setUint32(0, START_MAGIC, true);
  view.setUint32(4, 1, true); // version: with a memory map
  const initrd = concatenate(request.initrds);
  if (initrd.length > 0) {
    const gpa = placeHigh(request.memoryMap, initrd.length, end, 0x8000_0000);
    if (gpa < 0) return refuse("memory", `no room for the initrd of ${initrd.length} bytes above the kernel: give the virtual node more memory`);
    pieces.push({ gpa, bytes: initrd });
    view.setUint32(12, 1, true);
    view.setBigUint64(16, BigInt(BOOT_AREA + MODULES), true);
    view.setBigUint64(MODULES, BigInt(gpa), true);
    view.setBigUint64(MODULES + 8, BigInt(initrd.length), true);
  }
  view.setBigUint64(24, BigInt(BOOT_AREA + COMMAND_LINE), true);
  view.setBigUint64(32, BigInt(request.rsdpGpa), true);
  const map = request.memoryMap.slice(0, (COMMAND_LINE - MAP) / 24);
  view.setBigUint64(40, BigInt(BOOT_AREA + MAP), true);
  view.setUint32(48, map.length, true);
  map.forEach(({ gpa, bytes, kind }, index) => {
    view.setBigUint64(MAP + index * 24, BigInt(gpa), true);
    view.setBigUint64(MAP + index * 24 + 8, BigInt(bytes), true);
    view.setUint32(MAP + index * 24 + 16, MAP_TYPE[kind], true);
  });
  pieces.push({ gpa: BOOT_AREA, bytes: info });
  return { image: { protocol: "PVH", pieces, entry: { mode: "protected", rip: entry, registers: { rbx: BOOT_AREA } } } };
}
