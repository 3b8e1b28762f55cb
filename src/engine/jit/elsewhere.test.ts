// Code that is compiled elsewhere arrives late: here as late as the test wants.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import { ATTRIBUTES, CONSTANTS, createNodeMemory, createVnodeMemory, type Bus } from "../../hal/index.ts";
import { createJitCounters } from "./counters.ts";
import { createCompileServer, type CompileAnswer, type CompileRequest } from "./elsewhere.ts";
import { createJit } from "./index.ts";
import { blockReader, formRegion } from "./region.ts";
import { createTranslator } from "./translate.ts";

const wasm = (path: string) => new WebAssembly.Module(readFileSync(new URL(path, import.meta.url)));
const modules = { core: wasm("../core/core.wasm"), interp: wasm("interp.wasm") };
const RAM = 1 << 20, CODE = 0x8000, HEAT = 100;

/** A vCPU in 64-bit mode about to execute `code`. Requests wait in `asked` until `answer` is called. */
function machine(code: readonly number[]) {
  const counters = createJitCounters(), node = createNodeMemory(80 << 20), host = node.allocate(RAM, 4096, "RAM");
  const memory = createVnodeMemory(node, [{ gpa: 0, bytes: RAM, host, kind: "ram" }]);
  const bus: Bus = { pioRead: () => 0, pioWrite: () => {}, mmioRead: () => 0, mmioWrite: () => {}, acknowledge: () => -1, msrRead: () => undefined, msrWrite: () => false, tprRead: () => 0, tprWrite: () => {} };
  const serve = createCompileServer(node.wasm, () => 0);
  const asked: CompileRequest[] = [], answers: CompileAnswer[] = [];
  const vcpu = createJit(modules, { threshold: HEAT, counters, elsewhere: { send: (request) => { asked.push(request); }, receive: () => answers.shift() } })
    .createVcpu({ node, memory, index: 0, bus, clock: { nowNs: () => 0 }, entropy: () => 4, model: { tscHz: 1e9, apicTimerHz: 1e9, vcpuCount: 1, apicId: 0 } });
  vcpu.reset();
  node.view.setBigUint64(host + 0x1000, 0x2003n, true);
  node.view.setBigUint64(host + 0x2000, 0x83n, true);
  memory.write(CODE, Uint8Array.from(code));
  const { state } = vcpu;
  for (const [name, value] of Object.entries({ cr3: 0x1000n, cr4: 0x20n, efer: 0xd00n, cr0: 0x8000_0011n, rflags: 2n, rsp: 0x50000n, rip: BigInt(CODE) })) state.write(name as "cr3", value);
  state.writeSegment("cs", { selector: 8, base: 0n, limit: 0xffff_ffff, attributes: ATTRIBUTES.code64 });
  for (const name of ["ss", "ds", "es"] as const) state.writeSegment(name, { selector: 16, base: 0n, limit: 0xffff_ffff, attributes: ATTRIBUTES.data32 });
  state.writeField("gpr", 0n, 0);
  const compileAll = () => { for (const request of asked.splice(0)) answers.push(serve(request)); };
  return { vcpu, node, memory, counters, asked, compileAll, rax: () => state.readField("gpr", 0) };
}

// again: inc rax; jmp again
const COUNT = [0x48, 0xff, 0xc0, 0xeb, 0xfb];

test("what is compiled elsewhere is used as soon as it has come", () => {
  const { vcpu, counters, asked, compileAll, rax } = machine(COUNT);
  for (let run = 0; run < 4; run++) vcpu.run(1000);
  assert.equal(asked.length, 1, "one request at a time");
  assert.equal(counters.regions, 0);
  compileAll();
  vcpu.run(1000);
  assert.equal(counters.regions, 1);
  assert.equal(vcpu.retired(), 5000);
  assert.equal(rax(), 2500n);
});

test("hot code is asked for at once, and what has come is taken at once, however long the run is", () => {
  const { vcpu, node, counters, asked, compileAll, rax } = machine(COUNT);
  assert.equal(vcpu.run(100_000).reason, "budget");
  assert.equal(asked.length, 1);
  const [{ attention }] = asked;
  compileAll();
  Atomics.or(new Int32Array(node.wasm.buffer), attention >>> 2, CONSTANTS.ATTENTION_SLICE);
  assert.equal(vcpu.run(100_000).reason, "budget");
  assert.equal(counters.regions, 1);
  assert.equal(vcpu.retired(), 200_000, "all of the budget is used");
  assert.equal(rax(), 100_000n);
});

test("code that changed before its region came is interpreted anew", () => {
  for (const when of ["before it is compiled", "before it is installed"]) {
    const { vcpu, memory, counters, asked, compileAll, rax } = machine(COUNT);
    vcpu.run(1000);
    vcpu.run(1000);
    assert.equal(asked.length, 1);
    if (when === "before it is installed") compileAll();
    memory.write(CODE + 2, Uint8Array.of(0xc8)); // DEC RAX
    vcpu.invalidateCode(CODE + 2, 1);
    if (when === "before it is compiled") compileAll();
    vcpu.run(2000);
    assert.equal(rax(), 0n, when);
    assert.equal(counters.regions, 0);
    assert.equal(counters.stale, when === "before it is installed" ? 1 : 0);
  }
});

test("what was asked for before all blocks were forgotten is not used", () => {
  const { vcpu, counters, asked, compileAll, rax } = machine(COUNT);
  vcpu.run(1000);
  vcpu.run(1000);
  asked[0].generation--;
  compileAll();
  vcpu.run(1000);
  assert.equal(counters.regions, 0);
  assert.equal(rax(), 1500n);
});

test("who compiles while blocks are overwritten answers all the same", () => {
  const { vcpu, node, asked, compileAll } = machine(COUNT);
  vcpu.run(1000);
  vcpu.run(1000);
  for (let address = asked[0].heads[0] & ~0xfff, word = 1; address < asked[0].end; address += 4) node.view.setUint32(address, (word = Math.imul(word, 0x9e3779b1) + 1), true);
  compileAll();
  assert.equal(asked.length, 0);
});

test("a link that is set while its region is translated is there from the beginning, or not at all", () => {
  const NEXT_PAGE = [0xe9, 0xfb, 0x0f, 0x00, 0x00];
  const { vcpu, node, memory, asked } = machine([0x48, 0xff, 0xc0, 0x74, 0xfb, ...NEXT_PAGE]); // again: inc rax; je again; jmp page behind
  memory.write(CODE + 0x1005, Uint8Array.of(0xe9, 0xf6, 0xef, 0xff, 0xff)); // jmp again
  vcpu.run(1000);
  vcpu.run(1000);
  const [{ tables, end, heads }] = asked, { bytes } = node;
  const words = { u8: bytes, u16: new Uint16Array(bytes.buffer), u32: new Uint32Array(bytes.buffer), i32: new Int32Array(bytes.buffer) };
  const reader = blockReader(words, { blockTable: tables.blockTable, end });
  const region = formRegion(heads[0], words, reader, { kindOf: () => ({ relative: true, calls: false, indirect: false, length: 0 }), near: () => [], isEntry: () => false, isCold: () => false });
  assert.equal(region.blocks.length, 2);
  const translated = (link: (op: number, reads: number) => number) => {
    const reads = new Map<number, number>();
    const counting = (op: number) => {
      reads.set(op, (reads.get(op) ?? 0) + 1);
      return link(op, reads.get(op)!);
    };
    return createTranslator(words, { ...reader, link: counting }, () => 0)(region, "none").code.body;
  };
  assert.deepEqual(translated((op, reads) => (reads === 1 ? 0 : reader.link(op))), translated(() => 0));
});
