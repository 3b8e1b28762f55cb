// Boots a Multiboot 1 kernel: 32-bit protected mode, EAX the magic number, EBX the information structure (Multiboot Specification, Machine state).

import { HEADER_FLAG, HEADER_SEARCH_BYTES, INFO, INFO_FLAG, MULTIBOOT_BOOT_MAGIC, MULTIBOOT_HEADER_MAGIC } from "../../abi/multiboot.ts";
import { BOOT_AREA, HIGH_RAM_START } from "../memory-map.ts";
import { isElf, parseElf } from "./elf.ts";
import { isUsable, placeHigh, refuse, type BootRequest, type Loaded, type Piece } from "./image.ts";

const text = new TextEncoder();
/** The information structure and all it points to are one piece at BOOT_AREA, at most this long. */
const INFO_BYTES_MAX = 0x8_0000;

/** File offset of the Multiboot header, or -1. */
export function findMultibootHeader(bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let at = 0; at + 12 <= Math.min(bytes.length, HEADER_SEARCH_BYTES); at += 4) {
    if (view.getUint32(at, true) !== MULTIBOOT_HEADER_MAGIC) continue;
    if (((MULTIBOOT_HEADER_MAGIC + view.getUint32(at + 4, true) + view.getUint32(at + 8, true)) >>> 0) === 0) return at;
  }
  return -1;
}

/** Loads a Multiboot kernel; `headerAt` from findMultibootHeader. */
export function loadMultiboot(request: BootRequest, headerAt: number): Loaded {
  const { kernel, memoryMap } = request;
  const view = new DataView(kernel.buffer, kernel.byteOffset, kernel.length);
  const flags = view.getUint32(headerAt + 4, true);
  if (flags & 0xffff & ~(HEADER_FLAG.alignModules | HEADER_FLAG.memoryInfo))
    return refuse("kernel", `the Multiboot header requires features 0x${(flags & 0xffff).toString(16)}; page-aligned modules (1) and memory information (2) are supported`);
  const pieces: Piece[] = [];
  let entry: number, end = 0;
  const place = (gpa: number, bytes: Uint8Array, memoryBytes: number) => {
    if (!isUsable(memoryMap, gpa, memoryBytes)) return false;
    pieces.push({ gpa, bytes, memoryBytes });
    end = Math.max(end, gpa + memoryBytes);
    return true;
  };
  const noRoom = (gpa: number, bytes: number) => refuse("memory", `the kernel needs ${bytes} bytes at 0x${gpa.toString(16)}, which is not usable memory`);
  if (flags & HEADER_FLAG.addresses) {
    if (headerAt + 32 > kernel.length) return refuse("kernel", "the Multiboot header is cut off");
    const [headerGpa, loadGpa, loadEnd, bssEnd, entryGpa] = [12, 16, 20, 24, 28].map((at) => view.getUint32(headerAt + at, true));
    const fileAt = headerAt - (headerGpa - loadGpa);
    const bytes = loadEnd === 0 ? kernel.length - fileAt : loadEnd - loadGpa;
    if (fileAt < 0 || bytes < 0 || fileAt + bytes > kernel.length) return refuse("kernel", "the load addresses of the Multiboot header do not fit the file");
    const memoryBytes = Math.max(bytes, bssEnd - loadGpa);
    if (!place(loadGpa, kernel.subarray(fileAt, fileAt + bytes), memoryBytes)) return noRoom(loadGpa, memoryBytes);
    entry = entryGpa;
  } else {
    const parsed = parseElf(kernel);
    if (!isElf(kernel) || "issues" in parsed) return "issues" in parsed ? parsed : refuse("kernel", "a Multiboot kernel is an ELF file or has load addresses in its header");
    for (const { gpa, file, memoryBytes } of parsed.elf.segments) if (memoryBytes > 0 && !place(gpa, file, memoryBytes)) return noRoom(gpa, memoryBytes);
    const { segments } = parsed.elf;
    const holder = segments.find(({ virtual, memoryBytes }) => parsed.elf.entry >= virtual && parsed.elf.entry < virtual + BigInt(memoryBytes));
    entry = holder ? holder.gpa + Number(parsed.elf.entry - holder.virtual) : Number(parsed.elf.entry);
  }

  // modules: each page-aligned, behind the kernel
  const modules: { start: number; end: number }[] = [];
  for (const [index, bytes] of request.initrds.entries()) {
    const gpa = placeHigh(memoryMap, bytes.length, end, Math.min(HIGH_RAM_START, modules.at(-1)?.start ?? HIGH_RAM_START));
    if (gpa < 0) return refuse("memory", `no room for module ${index} of ${bytes.length} bytes: give the virtual node more memory`);
    pieces.push({ gpa, bytes });
    modules.push({ start: gpa, end: gpa + bytes.length });
  }

  const info: number[] = new Array(INFO.bytes).fill(0);
  const append = (bytes: ArrayLike<number>) => {
    while (info.length % 8) info.push(0);
    const gpa = BOOT_AREA + info.length;
    for (let index = 0; index < bytes.length; index++) info.push(bytes[index]);
    return gpa;
  };
  const u32s = (...values: number[]) => [...new Uint8Array(Uint32Array.from(values).buffer)];
  const field = (offset: number, value: number) => u32s(value).forEach((byte, index) => { info[offset + index] = byte; });
  const lower = memoryMap.find(({ gpa }) => gpa === 0)?.bytes ?? 0;
  const upper = memoryMap.find(({ gpa, kind }) => gpa === 0x10_0000 && kind === "usable")?.bytes ?? 0;
  field(INFO.flags, INFO_FLAG.memory | INFO_FLAG.commandLine | INFO_FLAG.modules | INFO_FLAG.memoryMap | INFO_FLAG.loaderName);
  field(INFO.memLower, Math.min(lower, 0xa_0000) / 1024);
  field(INFO.memUpper, Math.floor(upper / 1024));
  field(INFO.cmdline, append([...text.encode(request.commandLine), 0]));
  field(INFO.modsCount, modules.length);
  const moduleName = append([0]);
  field(INFO.modsAddr, append(modules.flatMap(({ start, end: stop }) => u32s(start, stop, moduleName, 0))));
  const map = memoryMap.flatMap(({ gpa, bytes, kind }) =>
    u32s(20, gpa >>> 0, Math.floor(gpa / 2 ** 32), bytes >>> 0, Math.floor(bytes / 2 ** 32), kind === "usable" ? 1 : kind === "acpi" ? 3 : 2));
  field(INFO.mmapLength, map.length);
  field(INFO.mmapAddr, append(map));
  field(INFO.loaderName, append([...text.encode("NVL"), 0]));
  if (info.length > INFO_BYTES_MAX) return refuse("append", `the command line has ${request.commandLine.length} characters, more than fit below 640 KiB`);
  pieces.push({ gpa: BOOT_AREA, bytes: Uint8Array.from(info) });
  return {
    image: { protocol: "Multiboot 1", pieces, entry: { mode: "protected", rip: entry, registers: { rax: MULTIBOOT_BOOT_MAGIC, rbx: BOOT_AREA } } },
  };
}
