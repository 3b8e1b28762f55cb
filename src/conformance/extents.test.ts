// Random accesses of a program's loop, compared with extents where a vCPU has them (docs/adr/0016-extents.md): among pages that are contiguous, read-only, absent, elsewhere, and those of the
// loop's own code, while the host changes what is mapped where. All engines must come to the same registers, faults and memory, page tables included.

import assert from "node:assert/strict";
import test from "node:test";
import type { Engine } from "../hal/index.ts";
import { CODE_AT, createBare, PAGE_TABLE } from "./bare.ts";
import { openEngines } from "./engines.ts";
import { createRandom } from "./random.ts";

const ACCESSES: readonly (readonly number[])[] = [
  [0x48, 0x03, 0x03], // add rax, [rbx]
  [0x48, 0x31, 0x03], // xor [rbx], rax
  [0x88, 0x43, 0x05], // mov [rbx+5], al
  [0x66, 0x89, 0x83, 0xff, 0x0f, 0, 0], // mov [rbx+4095], ax
  [0x03, 0x83, 0x00, 0xf0, 0xff, 0xff], // add eax, [rbx-4096]
  [0x0f, 0x10, 0x03], // movups xmm0, [rbx]
  [0x0f, 0x11, 0x43, 0x0d], // movups [rbx+13], xmm0
  [0x0f, 0x28, 0x0b], // movaps xmm1, [rbx]
  [0xf0, 0x48, 0x01, 0x03], // lock add [rbx], rax
  [0x05, 1, 2, 3, 4], // add eax, imm32: for whoever writes into the code
];
const LIST = 0x100000, FIRST = 0x40, PAGES = 0x40, STEPS = 60, BUDGET = 2500, COUNT = 2000;
/** In each page: add eax, imm32; syscall. Executed now and then, when accesses have been there before and come there again. */
const FUNCTION = [0x05, 1, 0, 0, 0, 0x0f, 0x05], FUNCTION_AT = 0x7f0;
const PRESENT = 0x67, READ_ONLY = 0x65, UNTOUCHED = 7;

function execute(engine: Engine, seed: number) {
  const random = createRandom(seed, "extents"), bare = createBare(engine, "long"), { ram, vcpu } = bare, { state } = vcpu, log: unknown[] = [];
  let made = 0n;
  bare.privilege(3);
  state.writeField("hosted", 1n);
  const table = new DataView(ram.buffer, ram.byteOffset), map = (page: number, frame: number, bits: number) => table.setBigUint64(PAGE_TABLE + 8 * page, BigInt(frame << 12 | bits), true);
  for (let page = 0; page < 512; page++) map(page, page, PRESENT);
  for (let at = FIRST << 12; at < (FIRST + PAGES) << 12; at++) ram[at] = Math.imul(at, 0x9e3779b1) >>> 24;
  for (let page = FIRST; page < FIRST + PAGES; page++) ram.set(FUNCTION, (page << 12) + FUNCTION_AT);
  const body = Array.from({ length: 3 + random.below(4) }, () => random.pick(ACCESSES)).flat();
  const code = [0x48, 0x8b, 0x1e, 0x48, 0x83, 0xc6, 8, ...body]; // mov rbx, [rsi]; add rsi, 8
  const tail = code.length;
  code.push(0xff, 0xc9, 0x0f, 0x85, ...new Uint8Array(Int32Array.of(-(tail + 8)).buffer), 0x0f, 0x05); // dec ecx; jne; syscall
  bare.set({ rax: random.u64() });
  for (let step = 0; step < STEPS; step++) {
    // mostly in a few pages, often at their ends
    const narrow = random.chance(50), from = FIRST + random.below(PAGES - 8);
    for (let index = 0; index < COUNT; index++) {
      const page = narrow ? from + random.below(8) : FIRST + random.below(PAGES), offset = random.chance(60) ? random.below(256) * 16 : random.pick([random.below(0x40), FUNCTION_AT + random.below(5), 4096 - random.below(24), random.below(4096)]);
      table.setBigUint64(LIST + 8 * index, BigInt((page << 12) + offset), true);
    }
    bare.load(code);
    bare.set({ rsi: LIST, rcx: COUNT, rflags: 2 });
    for (let left = BUDGET; left > 0;) {
      const before = vcpu.retired(), { reason, vector, errorCode } = vcpu.run(left);
      left -= vcpu.retired() - before + 1;
      made = state.readField("extentsMade") || made;
      log.push([step, reason, vector, errorCode, state.read("rip"), state.read("cr2"), state.read("rax"), state.read("rcx"), state.read("rflags"), vcpu.retired(), state.readField("xmm", 0), state.readField("xmm", 1)].join(" "));
      if (reason === "syscall") break;
      if (reason === "exception") state.write("rip", BigInt(CODE_AT + tail));
    }
    for (let calls = random.below(3); calls > 0; calls--) {
      state.write("rip", BigInt((from + random.below(8) << 12) + FUNCTION_AT));
      const { reason } = vcpu.run(20);
      log.push([step, "call", reason, state.read("rip"), state.read("rax")].join(" "));
    }
    for (let changes = random.chance(40) ? 1 + random.below(3) : 0; changes > 0; changes--) {
      const page = FIRST + random.below(PAGES);
      const own = random.chance(60), frame = own ? page : random.chance(20) ? CODE_AT >> 12 : FIRST + random.below(PAGES);
      map(page, frame, random.pick([PRESENT, PRESENT, PRESENT, READ_ONLY, UNTOUCHED, 0]));
      vcpu.invalidateTlb(random.chance(70) ? BigInt(page << 12) : undefined);
    }
  }
  return { log, ram: Buffer.from(ram), made };
}

for (let seed = 1; seed <= 12; seed++) test(`accesses of a hosted program beside, across and beyond extents, ${seed}`, () => {
  const [reference, ...engines] = openEngines(["interp", "jit", "jit2", "jit3"]), expected = execute(reference, seed);
  for (const engine of engines) {
    const { log, ram, made } = execute(engine, seed);
    assert.deepEqual(log, expected.log, engine.name);
    assert.ok(ram.equals(expected.ram), `memory, ${engine.name}`);
    assert.ok(made > 0n, "extents were made");
  }
});
