// Accesses that go down through memory step by step and begin in the page before the one that was accessed last, where pages that are
// neighbours lie apart.

import assert from "node:assert/strict";
import test from "node:test";
import { createBare, PAGE_TABLE } from "./bare.ts";
import { openEngines } from "./engines.ts";

const LOOPS: Readonly<Record<string, readonly number[]>> = {
  "loads and stores": [0x48, 0x03, 0x03, 0x48, 0x31, 0x03, 0x48, 0x83, 0xeb, 0x03], // add rax, [rbx]; xor [rbx], rax; sub rbx, 3
  "loads and stores beside them": [0x48, 0x03, 0x43, 0x11, 0x48, 0x31, 0x43, 0x09, 0x03, 0x03, 0x48, 0x83, 0xeb, 0x03], // add rax, [rbx+17]; xor [rbx+9], rax; add eax, [rbx]; sub rbx, 3
  "what a pointer leads to": [0x48, 0x89, 0xda, 0x48, 0x03, 0x42, 0x11, 0x48, 0x31, 0x42, 0x09, 0x03, 0x02, 0x48, 0x83, 0xeb, 0x03, 0x48, 0x0f, 0xaf, 0xd0], // mov rdx, rbx; the same with RDX; sub rbx, 3; imul rdx, rax
  vectors: [0x0f, 0x10, 0x03, 0x66, 0x0f, 0xfc, 0xc8, 0x0f, 0x11, 0x4b, 0x0d, 0x48, 0x83, 0xeb, 0x03], // movups xmm0, [rbx]; paddb xmm1, xmm0; movups [rbx+13], xmm1; sub rbx, 3
  "the stack": [0x50, 0x48, 0x03, 0x44, 0x24, 0x06, 0x48, 0x83, 0xc4, 0x05], // push rax; add rax, [rsp+6]; add rsp, 5
};
const ROUNDS = 4000, DATA = 0x40, PAGES = 8;

for (const [name, body] of Object.entries(LOOPS)) test(`accesses across pages, downwards: ${name}`, () => {
  const [expected, ...others] = openEngines(["interp", "jit", "jit2", "jit3"]).map((engine) => {
    const bare = createBare(engine, "long"), { ram, vcpu } = bare, table = new DataView(ram.buffer, ram.byteOffset + PAGE_TABLE);
    for (let page = 0; page < PAGES; page++) table.setBigUint64(8 * (DATA + page), BigInt((0x60 + (5 * page) % PAGES) << 12 | 7), true);
    for (let at = 0x60000; at < 0x60000 + PAGES * 4096; at++) ram[at] = Math.imul(at, 0x9e3779b1) >>> 24;
    bare.load([...body, 0xff, 0xc9, 0x75, 256 - body.length - 4, 0xf4]); // dec ecx; jne; hlt
    bare.set({ rcx: ROUNDS, rax: 1, rbx: (DATA + 4) << 12, rsp: ((DATA + 4) << 12) + 4 });
    assert.equal(vcpu.run(1_000_000).reason, "hlt");
    return { name: engine.name, rax: bare.get("rax"), xmm: vcpu.state.readField("xmm", 1), ram: Buffer.from(ram.subarray(0x60000, 0x60000 + PAGES * 4096)) };
  });
  for (const other of others) {
    assert.equal(other.rax, expected.rax, other.name);
    assert.equal(other.xmm, expected.xmm, other.name);
    assert.ok(other.ram.equals(expected.ram), other.name);
  }
});
