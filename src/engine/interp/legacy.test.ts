// 16- and 32-bit code on the interpreter: where CS ends, how IP wraps, modes that change under decoded code.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import { createNodeMemory, createVnodeMemory, type Bus, type Vcpu } from "../../hal/index.ts";
import { createInterp } from "./index.ts";

const wasm = (path: string) => new WebAssembly.Module(readFileSync(new URL(path, import.meta.url)));
const engine = createInterp({ core: wasm("../core/core.wasm"), interp: wasm("interp.wasm") });
const RAM = 2 << 20, HLT = 0xf4, HANDLERS = 0x500;

/** A vCPU in real mode at CS:IP; exceptions halt at HANDLERS + vector, in segment 0. */
function real(segment: number, ip: number): { vcpu: Vcpu; write(gpa: number, bytes: readonly number[]): void; u16(gpa: number): number } {
  const node = createNodeMemory(112 << 20), host = node.allocate(RAM, 4096, "RAM");
  const memory = createVnodeMemory(node, [{ gpa: 0, bytes: RAM, host, kind: "ram" }]);
  const bus: Bus = { pioRead: () => 0xff, pioWrite: () => {}, mmioRead: () => 0xff, mmioWrite: () => {}, acknowledge: () => -1, msrRead: () => undefined, msrWrite: () => false, tprRead: () => 0, tprWrite: () => {} };
  const vcpu = engine.createVcpu({ node, memory, index: 0, bus, clock: { nowNs: () => 0 }, entropy: () => 4, model: { tscHz: 1e9, apicTimerHz: 1e9, vcpuCount: 1, apicId: 0 } });
  vcpu.reset();
  for (let vector = 0; vector < 32; vector++) {
    node.view.setUint16(host + vector * 4, HANDLERS + vector, true);
    node.view.setUint16(host + vector * 4 + 2, 0, true);
    node.bytes[host + HANDLERS + vector] = HLT;
  }
  const { state } = vcpu;
  const cs = state.readSegment("cs");
  state.writeSegment("cs", { ...cs, selector: segment, base: BigInt(segment * 16) });
  state.write("rip", BigInt(ip));
  state.write("rsp", 0x4000n);
  return { vcpu, write: (gpa, bytes) => node.bytes.set(bytes, host + gpa), u16: (gpa) => node.view.getUint16(host + gpa, true) };
}

test("code runs up to the last byte of its segment; the next instruction is #GP", () => {
  const { vcpu, write, u16 } = real(0x1000, 0xfffd);
  write(0x10000 + 0xfffd, [0x40, 0x40, 0x40]); // inc ax, three times
  assert.equal(vcpu.run(100).reason, "hlt");
  assert.equal(vcpu.state.read("rax") & 0xffffn, 3n);
  assert.equal(vcpu.state.read("rip"), BigInt(HANDLERS + 13 + 1));
  assert.equal(u16(0x4000 - 6), 0x0000); // IP 10000h in 16 bits
});

test("an instruction that crosses the end of its segment is #GP", () => {
  const { vcpu, write, u16 } = real(0x1000, 0xfffe);
  write(0x10000 + 0xfffe, [0xb8, 0x11, 0x22]); // mov ax, 2211h: its last byte is outside
  assert.equal(vcpu.run(100).reason, "hlt");
  assert.equal(vcpu.state.read("rip"), BigInt(HANDLERS + 13 + 1));
  assert.equal(u16(0x4000 - 6), 0xfffe);
});

test("a short jump wraps IP at 16 bits", () => {
  const { vcpu, write } = real(0x1000, 0xfff0);
  write(0x10000 + 0xfff0, [0xeb, 0x20]);
  write(0x10000 + 0x12, [0x40, HLT]);
  assert.equal(vcpu.run(100).reason, "hlt");
  assert.equal(vcpu.state.read("rip"), 0x14n);
});

test("the same bytes through segments that are not a page apart", () => {
  const { vcpu, write } = real(0x1001, 0x0ff0); // linear 11000h: the page of IP is not a page of memory
  write(0x11000, [0x40, 0xeb, 0xfd]); // inc ax; jmp to it
  assert.equal(vcpu.run(21).reason, "budget");
  assert.equal(vcpu.state.read("rax") & 0xffffn, 11n);
  assert.equal(vcpu.state.read("rip"), 0xff1n);
});

test("the same bytes are decoded for each code size: real mode, then protected mode with 32 bits", () => {
  const { vcpu, write } = real(0, 0x1000);
  // both ways in AX: mov ax, 1234h / nop nop in 16 bits, mov eax, 90901234h in 32
  write(0x2000, [0xb8, 0x34, 0x12, 0x90, 0x90, 0xc3]);
  write(0x3000, [0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0, 0, 0x9b, 0xcf, 0, 0xff, 0xff, 0, 0, 0, 0x93, 0xcf, 0]); // null, code32, data32
  write(0x3100, [23, 0, 0x00, 0x30, 0, 0]);
  write(0x1000, [
    0xe8, 0xfd, 0x0f, // call 2000h
    0x89, 0xc3, // mov bx, ax
    0x0f, 0x01, 0x16, 0x00, 0x31, // lgdt [3100h]
    0x0f, 0x20, 0xc0, 0x0c, 0x01, 0x0f, 0x22, 0xc0, // mov eax, cr0; or al, 1; mov cr0, eax
    0xea, 0x00, 0x18, 0x08, 0x00, // jmp 8:1800h
  ]);
  write(0x1800, [
    0x66, 0xb8, 0x10, 0x00, 0x8e, 0xd0, // mov ax, 16; mov ss, ax
    0xe8, 0xf5, 0x07, 0x00, 0x00, // call 2000h
    HLT,
  ]);
  assert.equal(vcpu.run(1000).reason, "hlt");
  assert.equal(vcpu.state.read("rbx") & 0xffffn, 0x1234n);
  assert.equal(vcpu.state.read("rax"), 0x90901234n);
  assert.equal(vcpu.state.read("rip"), 0x180cn);
});
