// Kernel images and compressed data, valid ones made here and damaged ones: loaders refuse them or say where everything goes, within memory.

import { spawnSync } from "node:child_process";
import { gzipSync } from "node:zlib";
import { SETUP, BOOT_FLAG, SETUP_MAGIC, XLF_KERNEL_64 } from "../abi/linux-boot.ts";
import { MULTIBOOT_HEADER_MAGIC } from "../abi/multiboot.ts";
import { e820, loadKernel } from "../palacios/index.ts";
import { isUsable } from "../palacios/boot/image.ts";
import { compressionOf, decompress } from "../palacios/inflate/index.ts";
import { damage } from "./damage.ts";
import type { Random } from "./random.ts";

export interface Sample { name: string; bytes: Uint8Array }

const MEMORY_MAP = e820(64 * 2 ** 20);
/** More than a decoder may give. */
const INFLATED_MAX = 2 ** 31;

function elf(bits: 32 | 64): Uint8Array {
  const wide = bits === 64, header = wide ? 64 : 52, entryBytes = wide ? 56 : 32;
  const note = Uint8Array.from([4, 0, 0, 0, 4, 0, 0, 0, 18, 0, 0, 0, 0x58, 0x65, 0x6e, 0, 0x10, 0, 0, 1]);
  const out = new Uint8Array(header + 2 * entryBytes + 256), view = new DataView(out.buffer), word = (at: number, value: number) => wide ? view.setBigUint64(at, BigInt(value), true) : view.setUint32(at, value, true);
  out.set([0x7f, 0x45, 0x4c, 0x46, wide ? 2 : 1, 1, 1]);
  view.setUint16(16, 2, true);
  view.setUint16(18, wide ? 62 : 3, true);
  word(24, 0x100_0000);
  word(wide ? 32 : 28, header);
  view.setUint16(wide ? 54 : 42, entryBytes, true);
  view.setUint16(wide ? 56 : 44, 2, true);
  const data = header + 2 * entryBytes;
  [[1, data, 0x100_0000, 64, 8192], [4, data + 128, 0, note.length, note.length]].forEach(([type, offset, gpa, fileBytes, memoryBytes], index) => {
    const at = header + index * entryBytes;
    view.setUint32(at, type, true);
    [offset, gpa, gpa, fileBytes, memoryBytes].forEach((value, field) => word(wide ? at + 8 + field * 8 : at + 4 + field * 4, value));
  });
  out.set(note, data + 128);
  return out;
}

function multiboot(withElf: boolean): Uint8Array {
  const flags = withElf ? 3 : 0x1_0003, header = new Uint8Array(new Uint32Array([MULTIBOOT_HEADER_MAGIC, flags, -(MULTIBOOT_HEADER_MAGIC + flags), 0x10_0000, 0x10_0000, 0, 0x10_1000, 0x10_0020]).buffer);
  return withElf ? Uint8Array.from([...elf(32), ...header]) : Uint8Array.from([...header, ...new Uint8Array(64)]);
}

function bzImage(payload: Uint8Array): Uint8Array {
  const codeAt = 1024, out = new Uint8Array(codeAt + 0x400 + payload.length), view = new DataView(out.buffer);
  out[SETUP.setupSects] = 1;
  out[0x201] = 0x66;
  view.setUint16(SETUP.bootFlag, BOOT_FLAG, true);
  view.setUint32(SETUP.magic, SETUP_MAGIC, true);
  view.setUint16(SETUP.version, 0x20f, true);
  view.setUint16(SETUP.xloadflags, XLF_KERNEL_64, true);
  view.setUint32(SETUP.payloadOffset, 0x400, true);
  view.setUint32(SETUP.payloadLength, payload.length, true);
  view.setBigUint64(SETUP.prefAddress, 0x100_0000n, true);
  view.setUint32(SETUP.initSize, 0x10_0000, true);
  view.setUint32(SETUP.initrdAddrMax, 0x7fff_ffff, true);
  view.setUint32(SETUP.cmdlineSize, 2047, true);
  out.set(payload, codeAt + 0x400);
  return out;
}

/** One valid image of every kind. */
export function kernelSamples(): Sample[] {
  return [
    { name: "ELF, 64 bits", bytes: elf(64) }, { name: "ELF, 32 bits, PVH", bytes: elf(32) }, { name: "Multiboot", bytes: multiboot(false) }, { name: "Multiboot ELF", bytes: multiboot(true) },
    { name: "bzImage", bytes: bzImage(gzipSync(elf(64))) }, { name: "bzImage that inflates itself", bytes: bzImage(new Uint8Array(4096)) }, { name: "vmlinux.gz", bytes: Uint8Array.from(gzipSync(elf(64))) },
  ];
}

/** Data in every compression whose program is on this host. */
export function compressedSamples(): Sample[] {
  const data = Uint8Array.from({ length: 60_000 }, (_, index) => index % 1000 < 700 ? 7 : Math.imul(index, 0x9e3779b1) >>> (index % 3 ? 28 : 24));
  const out: Sample[] = [{ name: "gzip", bytes: Uint8Array.from(gzipSync(data)) }];
  for (const [program, ...args] of [["xz", "--check=crc32", "--x86", "--lzma2=dict=1MiB", "-c"], ["lzma", "-c"], ["zstd", "-c", "-q"], ["lz4", "-l", "-c"], ["bzip2", "-c"]]) {
    const { stdout, status } = spawnSync(program, args, { input: data, maxBuffer: 2 ** 24 });
    if (status === 0) out.push({ name: program, bytes: Uint8Array.from(stdout) });
  }
  return out;
}

/** Loads a kernel image. @throws when the loader does, or puts something where there is no memory */
export function tryKernel(kernel: Uint8Array): void {
  const loaded = loadKernel({ kernel, initrds: [Uint8Array.of(1, 2, 3)], commandLine: "quiet", memoryMap: MEMORY_MAP, rsdpGpa: 0xe_0000 });
  if ("issues" in loaded) {
    if (loaded.issues.length === 0) throw new Error("refused without a reason");
    return;
  }
  for (const { gpa, bytes, memoryBytes = bytes.length } of loaded.image.pieces) {
    if (memoryBytes < bytes.length) throw new Error(`a piece at ${gpa} has more bytes than memory`);
    if (!isUsable(MEMORY_MAP, gpa, memoryBytes)) throw new Error(`a piece of ${memoryBytes} bytes at ${gpa} is not in usable memory`);
  }
  const { rip } = loaded.image.entry;
  if (!Number.isInteger(rip) || rip < 0 || rip >= 2 ** 64) throw new Error(`the entry is ${rip}`);
}

/** Inflates. @throws when that throws, or gives more than it may */
export function tryInflate(bytes: Uint8Array): void {
  const compression = compressionOf(bytes);
  const inflated = compression && decompress(compression, bytes);
  if (inflated && inflated.length > INFLATED_MAX) throw new Error(`${inflated.length} bytes inflated`);
}

/** One damaged image and one damaged compressed file. */
export function fuzzImages(random: Random, kernels: readonly Sample[], compressed: readonly Sample[]): void {
  const kernel = random.pick(kernels), packed = random.pick(compressed);
  for (const [sample, attempt] of [[kernel, tryKernel], [packed, tryInflate]] as const) {
    try {
      attempt(damage(random, sample.bytes, sample.bytes.length > 65536 ? 65536 : 1024));
    } catch (cause) {
      throw new Error(`damaged ${sample.name}`, { cause });
    }
  }
}
