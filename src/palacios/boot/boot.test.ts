// Loaders on images made here: what lands where, and what is refused. Real kernels boot in src/embed/boot.test.ts.
import assert from "node:assert/strict";
import test from "node:test";
import { MULTIBOOT_HEADER_MAGIC } from "../../abi/multiboot.ts";
import { e820 } from "../memory-map.ts";
import { loadKernel } from "./load.ts";
import type { BootRequest } from "./image.ts";

const MEMORY = 64 * 2 ** 20;
const request = (kernel: Uint8Array, more: Partial<BootRequest> = {}): BootRequest =>
  ({ kernel, initrds: [], commandLine: "", memoryMap: e820(MEMORY), rsdpGpa: 0xe_0000, ...more });

interface TestSegment { gpa: number; virtual?: bigint; bytes: Uint8Array; memoryBytes?: number; note?: boolean }
function elf64(entry: bigint, segments: readonly TestSegment[]): Uint8Array {
  const headers = 64 + segments.length * 56;
  const out = new Uint8Array(headers + segments.reduce((sum, { bytes }) => sum + bytes.length, 0));
  const view = new DataView(out.buffer);
  out.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  view.setUint16(16, 2, true); view.setUint16(18, 62, true); view.setBigUint64(24, entry, true);
  view.setBigUint64(32, 64n, true); view.setUint16(54, 56, true); view.setUint16(56, segments.length, true);
  let at = headers;
  segments.forEach(({ gpa, virtual, bytes, memoryBytes, note }, index) => {
    const header = 64 + index * 56;
    view.setUint32(header, note ? 4 : 1, true);
    [BigInt(at), virtual ?? BigInt(gpa), BigInt(gpa), BigInt(bytes.length), BigInt(memoryBytes ?? bytes.length)]
      .forEach((value, field) => view.setBigUint64(header + 8 + field * 8, value, true));
    out.set(bytes, at);
    at += bytes.length;
  });
  return out;
}
const load = (kernel: Uint8Array, more?: Partial<BootRequest>) => {
  const loaded = loadKernel(request(kernel, more));
  assert.ok("image" in loaded, JSON.stringify(loaded));
  return loaded.image;
};
const refusal = (kernel: Uint8Array, more?: Partial<BootRequest>) => {
  const loaded = loadKernel(request(kernel, more));
  return "issues" in loaded ? loaded.issues[0].message : "";
};
const code = Uint8Array.from([0xf4]);

test("a 64-bit ELF is entered at the physical place of its virtual entry, RSI at the zero page", () => {
  const image = load(elf64(0xffff_ffff_8100_0000n, [{ gpa: 0x100_0000, virtual: 0xffff_ffff_8100_0000n, bytes: code, memoryBytes: 8192 }]), { commandLine: "quiet", initrds: [code, code] });
  assert.deepEqual([image.entry.mode, image.entry.rip], ["long", 0x100_0000]);
  assert.deepEqual(image.pieces[0], { gpa: 0x100_0000, bytes: code, memoryBytes: 8192 });
  const zeroPage = image.pieces.find(({ gpa }) => gpa === image.entry.registers.rsi)!;
  const view = new DataView(zeroPage.bytes.buffer);
  const commandLine = image.pieces.find(({ gpa }) => gpa === view.getUint32(0x228, true))!;
  assert.equal(new TextDecoder().decode(commandLine.bytes), "quiet\0");
  const initrd = image.pieces.find(({ gpa }) => gpa === view.getUint32(0x218, true))!;
  assert.deepEqual([...initrd.bytes], [0xf4, 0, 0, 0, 0xf4, 0, 0, 0]);
  assert.equal(view.getUint8(0x1e8), e820(MEMORY).length);
});

test("a PVH note is preferred and entered in protected mode", () => {
  const note = new Uint8Array(20);
  new DataView(note.buffer).setUint32(0, 4, true); new DataView(note.buffer).setUint32(4, 4, true); new DataView(note.buffer).setUint32(8, 18, true);
  note.set(new TextEncoder().encode("Xen\0"), 12);
  new DataView(note.buffer).setUint32(16, 0x100_0010, true);
  const image = load(elf64(0x100_0000n, [{ gpa: 0x100_0000, bytes: code }, { gpa: 0, bytes: note, note: true }]));
  assert.deepEqual([image.protocol, image.entry.mode, image.entry.rip], ["PVH", "protected", 0x100_0010]);
  const info = image.pieces.find(({ gpa }) => gpa === image.entry.registers.rbx)!;
  assert.equal(new DataView(info.bytes.buffer).getUint32(0, true), 0x336e_c578);
});

test("a Multiboot kernel with load addresses gets its modules and its command line", () => {
  const kernel = new Uint8Array(64);
  const view = new DataView(kernel.buffer);
  [MULTIBOOT_HEADER_MAGIC, 0x1_0003, -(MULTIBOOT_HEADER_MAGIC + 0x1_0003), 0x10_0000, 0x10_0000, 0, 0x10_1000, 0x10_0020].forEach((value, index) => view.setUint32(index * 4, value >>> 0, true));
  const image = load(kernel, { initrds: [code, Uint8Array.from([1, 2])], commandLine: "test 1" });
  assert.deepEqual([image.entry.mode, image.entry.rip, image.entry.registers.rax], ["protected", 0x10_0020, 0x2bad_b002]);
  const info = image.pieces.find(({ gpa }) => gpa === image.entry.registers.rbx)!;
  const words = new DataView(info.bytes.buffer);
  const at = (gpa: number) => gpa - info.gpa;
  assert.equal(words.getUint32(20, true), 2);
  const modules = words.getUint32(24, true);
  const second = words.getUint32(at(modules) + 16, true);
  assert.deepEqual([...image.pieces.find(({ gpa }) => gpa === second)!.bytes], [1, 2]);
  assert.equal(new TextDecoder().decode(info.bytes.subarray(at(words.getUint32(16, true)))).split("\0")[0], "test 1");
});

for (const [what, kernel, more, message] of [
  ["text", new TextEncoder().encode("#!/bin/sh"), {}, /unknown format/],
  ["nothing", new Uint8Array(), {}, /unknown format/],
  ["a segment outside of memory", elf64(0x100_0000n, [{ gpa: 0x7000_0000, bytes: code }]), {}, /more memory/],
  ["a segment over the ROM", elf64(0xe_0000n, [{ gpa: 0xe_0000, bytes: code }]), {}, /more memory/],
  ["an entry in no segment", elf64(0x5n, [{ gpa: 0x100_0000, bytes: code }]), {}, /lies in no segment/],
  ["an initrd that does not fit", elf64(0x100_0000n, [{ gpa: 0x100_0000, bytes: code }]), { initrds: [new Uint8Array(MEMORY)] }, /no room for the initrd/],
  ["a command line that is too long", elf64(0x100_0000n, [{ gpa: 0x100_0000, bytes: code }]), { commandLine: "x".repeat(5000) }, /command line has 5000 bytes/],
  ["corrupt compression", Uint8Array.from([0x28, 0xb5, 0x2f, 0xfd, 1, 2, 3]), {}, /corrupt/],
] as const) test(`refuses ${what}`, () => assert.match(refusal(kernel, more as Partial<BootRequest>), message));

test("a flat binary that would lie over its own page tables is refused", () => {
  const loaded = loadKernel(request(new Uint8Array(0x1_0000)), { gpa: 0x8_8000, mode: "long" });
  assert.match("issues" in loaded ? loaded.issues[0].message : "", /0x90000/);
});

test("a flat binary starts in the mode that is asked for", () => {
  const loaded = loadKernel(request(code), { gpa: 0x7c00, mode: "real" });
  assert.ok("image" in loaded);
  assert.deepEqual(loaded.image.entry, { mode: "real", rip: 0x7c00, registers: {} });
});

test("damaged images are refused or loaded, never thrown over", () => {
  const good = elf64(0x100_0000n, [{ gpa: 0x100_0000, bytes: code }, { gpa: 0x110_0000, bytes: new Uint8Array(100), note: true }]);
  let seed = 1;
  for (let round = 0; round < 20_000; round++) {
    const bad = Uint8Array.from(good);
    for (let change = 0; change < 4; change++) {
      seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
      bad[seed % bad.length] = seed >>> 24;
    }
    loadKernel(request(seed & 1 ? bad : bad.subarray(0, seed % bad.length)));
  }
});
