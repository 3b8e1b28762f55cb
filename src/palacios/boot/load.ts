// Chooses the boot protocol by what the kernel file is.

import { loadBzImage, loadVmlinux, isBzImage } from "./linux.ts";
import { ENTRY_AREA, ENTRY_AREA_END } from "../memory-map.ts";
import { compressionOf, decompress } from "../inflate/index.ts";
import { isElf, parseElf } from "./elf.ts";
import { findMultibootHeader, loadMultiboot } from "./multiboot.ts";
import { isUsable, refuse, type BootRequest, type Entry, type Loaded } from "./image.ts";
import { loadPvh, pvhEntry } from "./pvh.ts";

/** A kernel without any header: bytes at an address, entered at its first byte. */
export interface FlatKernel { gpa: number; mode: Entry["mode"] }

/** Loads a kernel by the first protocol that fits: flat (when asked for), bzImage, Multiboot 1, PVH, 64-bit ELF.
 * A file that is compressed as a whole (vmlinux.gz) is inflated first. */
export function loadKernel(request: BootRequest, flat?: FlatKernel): Loaded {
  const { kernel, memoryMap } = request;
  if (flat) {
    if (!isUsable(memoryMap, flat.gpa, kernel.length)) return refuse("kernel", `${kernel.length} bytes at 0x${flat.gpa.toString(16)} are not in usable memory`);
    if (flat.mode !== "real" && flat.gpa < ENTRY_AREA_END && flat.gpa + kernel.length > ENTRY_AREA)
      return refuse("kernel", `${kernel.length} bytes at 0x${flat.gpa.toString(16)} lie over the tables at 0x${ENTRY_AREA.toString(16)} to 0x${ENTRY_AREA_END.toString(16)} that ${flat.mode} mode starts with`);
    if (flat.mode === "real" && flat.gpa > 0xf_fff0) return refuse("kernel", `real mode cannot start at 0x${flat.gpa.toString(16)}; up to 0xffff0 is allowed`);
    return { image: { protocol: `flat, ${flat.mode} mode`, pieces: [{ gpa: flat.gpa, bytes: kernel }], entry: { mode: flat.mode, rip: flat.gpa, registers: {} } } };
  }
  if (isBzImage(kernel)) return loadBzImage(request);
  const header = findMultibootHeader(kernel);
  if (header >= 0) return loadMultiboot(request, header);
  const compression = compressionOf(kernel);
  if (compression) {
    const inflated = decompress(compression, kernel);
    return inflated ? loadKernel({ ...request, kernel: inflated }) : refuse("kernel", `${compression} data is corrupt`);
  }
  if (isElf(kernel)) {
    const parsed = parseElf(kernel);
    if ("issues" in parsed) return parsed;
    const entry = pvhEntry(parsed.elf);
    if (entry !== undefined) return loadPvh(request, parsed.elf, entry);
    if (parsed.elf.bits === 64) return loadVmlinux(request, parsed.elf, "Linux 64-bit, vmlinux");
    return refuse("kernel", "a 32-bit ELF kernel needs a Multiboot 1 header or a PVH note");
  }
  return refuse("kernel", "unknown format; bzImage, vmlinux or another 64-bit or PVH ELF, Multiboot 1, or a flat binary with its address and mode are allowed");
}
