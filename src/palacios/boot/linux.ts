// Boots Linux by its 64-bit boot protocol (kernel documentation: The Linux/x86 Boot Protocol). A bzImage whose compression we know is
// decompressed here and its vmlinux entered directly, which saves the guest a hundred million instructions and more; else the guest decompresses
// itself. Kernels of 32 bits, and those older than the 64-bit protocol, are entered by the 32-bit protocol.

import { BOOT_FLAG, CAN_USE_HEAP, E820_TYPE, ENTRY_64, LOADED_HIGH, LOADER_UNDEFINED, SETUP, SETUP_MAGIC, XLF_KERNEL_64, ZERO_PAGE } from "../../abi/linux-boot.ts";
import { BOOT_AREA, ENTRY_AREA, HIGH_RAM_START, ROM_END } from "../memory-map.ts";
import { compressionOf, decompress } from "../inflate/index.ts";
import { parseElf, type Elf } from "./elf.ts";
import { concatenate, isUsable, placeHigh, refuse, type BootRequest, type Entry, type Loaded, type Piece } from "./image.ts";

const ZERO_PAGE_GPA = BOOT_AREA, COMMAND_LINE_GPA = 0x2_0000;
const text = new TextEncoder();

export function isBzImage(bytes: Uint8Array): boolean {
  if (bytes.length < 0x300) return false;
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  return view.getUint16(SETUP.bootFlag, true) === BOOT_FLAG && view.getUint32(SETUP.magic, true) === SETUP_MAGIC;
}

/** Loads a bzImage. */
export function loadBzImage(request: BootRequest): Loaded {
  const { kernel, memoryMap } = request;
  const view = new DataView(kernel.buffer, kernel.byteOffset, kernel.length);
  const version = view.getUint16(SETUP.version, true);
  if (version < 0x0208) return refuse("kernel", `boot protocol ${version >> 8}.${version & 0xff} starts in real mode and calls a BIOS; 2.8 (Linux 2.6.26) or later is needed`);
  const codeAt = ((kernel[SETUP.setupSects] || 4) + 1) * 512;
  if (codeAt + 0x400 > kernel.length) return refuse("kernel", "bzImage is cut off");
  const header = kernel.slice(SETUP.setupSects, 0x202 + kernel[0x201]);
  if (version < 0x020c || !(view.getUint16(SETUP.xloadflags, true) & XLF_KERNEL_64)) return loadProtected(request, header, kernel.subarray(codeAt));

  const payloadAt = codeAt + view.getUint32(SETUP.payloadOffset, true), payloadBytes = view.getUint32(SETUP.payloadLength, true);
  if (payloadAt + payloadBytes <= kernel.length) {
    const payload = kernel.subarray(payloadAt, payloadAt + payloadBytes);
    const compression = compressionOf(payload);
    const vmlinux = compression && decompress(compression, payload);
    const parsed = vmlinux && parseElf(vmlinux);
    if (parsed && "elf" in parsed && parsed.elf.bits === 64) return loadVmlinux(request, parsed.elf, `Linux 64-bit, bzImage (${compression})`, header);
  }

  const prefAddress = Number(view.getBigUint64(SETUP.prefAddress, true)), initSize = view.getUint32(SETUP.initSize, true);
  if (!isUsable(memoryMap, prefAddress, initSize))
    return refuse("memory", `the kernel needs ${initSize} bytes at 0x${prefAddress.toString(16)}: give the virtual node more memory`);
  const code = kernel.subarray(codeAt);
  return withBootParameters(request, header, prefAddress + initSize, {
    protocol: "Linux 64-bit, bzImage (the guest decompresses)", pieces: [{ gpa: prefAddress, bytes: code }], rip: prefAddress + ENTRY_64,
  });
}

/** Loads the protected-mode part of a bzImage where all loaders do, and enters it with paging off. It takes itself from there. */
function loadProtected(request: BootRequest, header: Uint8Array, code: Uint8Array): Loaded {
  const fields = new DataView(request.kernel.buffer, request.kernel.byteOffset);
  const hasInitSize = fields.getUint16(SETUP.version, true) >= 0x020a;
  const needed = hasInitSize ? Number(fields.getBigUint64(SETUP.prefAddress, true)) + fields.getUint32(SETUP.initSize, true) - ROM_END : 4 * code.length;
  const bytes = Math.max(code.length, needed);
  if (!isUsable(request.memoryMap, ROM_END, bytes)) return refuse("memory", `the kernel needs ${bytes} bytes at 0x${ROM_END.toString(16)}: give the virtual node more memory`);
  return withBootParameters(request, header, ROM_END + bytes, {
    protocol: "Linux 32-bit, bzImage (the guest decompresses)", pieces: [{ gpa: ROM_END, bytes: code }], mode: "protected", rip: ROM_END,
  });
}

/** Loads a decompressed kernel; `header` is the setup header of the bzImage it came from, if any. */
export function loadVmlinux(request: BootRequest, elf: Elf, protocol: string, header?: Uint8Array): Loaded {
  let end = 0;
  for (const { gpa, memoryBytes } of elf.segments) {
    if (!isUsable(request.memoryMap, gpa, memoryBytes))
      return refuse("memory", `the kernel needs ${memoryBytes} bytes at 0x${gpa.toString(16)}: give the virtual node more memory`);
    end = Math.max(end, gpa + memoryBytes);
  }
  const holder = elf.segments.find(({ virtual, memoryBytes }) => elf.entry >= virtual && elf.entry < virtual + BigInt(memoryBytes));
  // the entry of a vmlinux is a physical address; of other ELF kernels it may be virtual
  const rip = holder ? holder.gpa + Number(elf.entry - holder.virtual) : Number(elf.entry);
  if (!elf.segments.some(({ gpa, memoryBytes }) => rip >= gpa && rip < gpa + memoryBytes))
    return refuse("kernel", `the entry 0x${elf.entry.toString(16)} lies in no segment`);
  return withBootParameters(request, header ?? defaultHeader(), end, {
    protocol, rip, pieces: elf.segments.map(({ gpa, file, memoryBytes }): Piece => ({ gpa, bytes: file, memoryBytes })),
  });
}

/** The part of a setup header that a kernel without one expects in its zero page. */
function defaultHeader(): Uint8Array {
  const header = new Uint8Array(SETUP.end - SETUP.setupSects);
  const view = new DataView(header.buffer);
  const at = (offset: number) => offset - SETUP.setupSects;
  view.setUint16(at(SETUP.bootFlag), BOOT_FLAG, true);
  view.setUint32(at(SETUP.magic), SETUP_MAGIC, true);
  view.setUint16(at(SETUP.version), 0x020f, true);
  view.setUint8(at(SETUP.loadflags), LOADED_HIGH);
  view.setUint32(at(SETUP.cmdlineSize), 2047, true);
  view.setUint32(at(SETUP.initrdAddrMax), 0x7fff_ffff, true);
  return header;
}

function withBootParameters(
  request: BootRequest, header: Uint8Array, kernelEnd: number,
  kernel: { protocol: string; pieces: Piece[]; mode?: Entry["mode"]; rip: number },
): Loaded {
  const zeroPage = new Uint8Array(4096);
  const view = new DataView(zeroPage.buffer);
  zeroPage.set(header.subarray(0, SETUP.end - SETUP.setupSects), SETUP.setupSects);
  view.setUint8(SETUP.typeOfLoader, LOADER_UNDEFINED);
  view.setUint8(SETUP.loadflags, view.getUint8(SETUP.loadflags) | LOADED_HIGH | CAN_USE_HEAP);

  const commandLine = text.encode(request.commandLine);
  const commandLineMax = Math.min(view.getUint32(SETUP.cmdlineSize, true) || 255, ENTRY_AREA - COMMAND_LINE_GPA - 1);
  if (commandLine.length > commandLineMax) return refuse("append", `the command line has ${commandLine.length} bytes; this kernel takes ${commandLineMax}`);
  view.setUint32(SETUP.cmdLinePtr, COMMAND_LINE_GPA, true);

  const pieces: Piece[] = [...kernel.pieces, { gpa: COMMAND_LINE_GPA, bytes: Uint8Array.from([...commandLine, 0]) }];
  const initrd = concatenate(request.initrds);
  if (initrd.length > 0) {
    const limit = Math.min((view.getUint32(SETUP.initrdAddrMax, true) || 0x37ff_ffff) + 1, HIGH_RAM_START);
    const gpa = placeHigh(request.memoryMap, initrd.length, kernelEnd, limit);
    if (gpa < 0) return refuse("memory", `no room for the initrd of ${initrd.length} bytes above the kernel: give the virtual node more memory`);
    pieces.push({ gpa, bytes: initrd });
    view.setUint32(SETUP.ramdiskImage, gpa, true);
    view.setUint32(SETUP.ramdiskSize, initrd.length, true);
  }

  view.setBigUint64(ZERO_PAGE.acpiRsdp, BigInt(request.rsdpGpa), true);
  const map = request.memoryMap.slice(0, ZERO_PAGE.e820Max);
  view.setUint8(ZERO_PAGE.e820Entries, map.length);
  map.forEach(({ gpa, bytes, kind }, index) => {
    const at = ZERO_PAGE.e820Table + index * 20;
    view.setBigUint64(at, BigInt(gpa), true);
    view.setBigUint64(at + 8, BigInt(bytes), true);
    view.setUint32(at + 16, E820_TYPE[kind], true);
  });
  pieces.push({ gpa: ZERO_PAGE_GPA, bytes: zeroPage });
  return { image: { protocol: kernel.protocol, pieces, entry: { mode: kernel.mode ?? "long", rip: kernel.rip, registers: { rsi: ZERO_PAGE_GPA } } } };
}
