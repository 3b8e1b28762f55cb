import assert from "node:assert/strict";
import test from "node:test";
import { CODE, DATA, machine } from "./testing.ts";

// mov ecx, n; again: add rax, rcx; dec ecx; jnz again; hlt
const sum = (count: number) => [0xb9, count & 0xff, count >> 8 & 0xff, count >> 16, 0, 0x48, 0x01, 0xc8, 0xff, 0xc9, 0x75, 0xf9, 0xf4];

test("a hot loop is compiled, and counts its instructions exactly", () => {
  const { vcpu, counters, traced, get } = machine(sum(100_000), 3);
  vcpu.state.writeField("gpr", 0n, 0);
  assert.equal(vcpu.run(1_000_000).reason, "hlt");
  assert.equal(get(0), 100_000n * 100_001n / 2n);
  assert.equal(vcpu.retired(), 1 + 3 * 100_000 + 1);
  assert.ok(counters.regions >= 1 && traced.length === counters.modules);
});

test("a budget ends compiled code where it ends the interpreter", () => {
  for (const budget of [10, 11, 12, 1000, 1001, 1002]) {
    const { vcpu, get } = machine(sum(100_000), 2);
    for (let run = 0; run < 5; run++) assert.equal(vcpu.run(budget).reason, "budget");
    assert.equal(vcpu.retired(), 5 * budget);
    const left = 5 * budget - 1; // instructions of the loop
    assert.equal(get(1), BigInt(100_000 - Math.floor((left + 1) / 3)));
  }
});

test("a kick leaves a loop that has no exits", () => {
  const { vcpu } = machine([0xeb, 0xfe], 2);
  vcpu.run(10_000);
  vcpu.kick();
  assert.equal(vcpu.run(1_000_000).reason, "kick");
});

test("a region whose bytes the guest overwrites is forgotten", () => {
  // mov ecx, 1000; again: inc rax; cmp ecx, 500; jne on; mov byte [again + 2], 0xc8 (DEC RAX); on: dec ecx; jnz again; hlt
  const code = [0xb9, 0xe8, 3, 0, 0, 0x48, 0xff, 0xc0, 0x81, 0xf9, 0xf4, 1, 0, 0, 0x75, 0x07, 0xc6, 0x05, 0xf0, 0xff, 0xff, 0xff, 0xc8, 0xff, 0xc9, 0x75, 0xea, 0xf4];
  for (const threshold of [1, 2, 3, 50]) {
    const { vcpu, get } = machine(code, threshold);
    vcpu.state.writeField("gpr", 0n, 0);
    assert.equal(vcpu.run(1_000_000).reason, "hlt");
    assert.equal(get(0), 501n - 499n, `threshold ${threshold}`);
  }
});

test("a region whose bytes the host overwrites is forgotten", () => {
  const { vcpu, memory, get } = machine(sum(100_000), 2);
  vcpu.state.writeField("gpr", 0n, 0);
  vcpu.run(3001);
  const before = get(0);
  memory.write(CODE + 5, Uint8Array.of(0x90, 0x90, 0x90));
  vcpu.invalidateCode(CODE + 5, 3);
  vcpu.run(5000);
  assert.equal(get(0), before);
});

test("memory in another page, where the TLB misses at first, and what is not there", () => {
  // again: mov [rbx], eax; add rbx, 4096; inc eax; cmp eax, 50; jne again; hlt
  const { vcpu, memory, get } = machine([0x89, 0x03, 0x48, 0x81, 0xc3, 0, 0x10, 0, 0, 0xff, 0xc0, 0x83, 0xf8, 50, 0x75, 0xf0, 0xf4], 2);
  vcpu.state.writeField("gpr", 0n, 0);
  vcpu.state.writeField("gpr", BigInt(DATA), 3);
  assert.equal(vcpu.run(10_000).reason, "hlt");
  assert.equal(get(0), 50n);
  for (let page = 0; page < 50; page++) assert.equal(memory.read(DATA + page * 4096, 1)[0], page);
});

test("a loop over the border of two pages, with an instruction on it, is one region", () => {
  // jmp begin … begin (5 bytes before the border): again: add rax, rcx; add rbx, 0x1000 (crosses); dec ecx; jnz again; hlt
  const loop = [0x48, 0x01, 0xc8, 0x48, 0x81, 0xc3, 0, 0x10, 0, 0, 0xff, 0xc9, 0x75, 0xf2, 0xf4], code = [0xe9, 0xf6, 0x0f, 0, 0];
  const { vcpu, get } = machine([...code, ...new Array(0x1000 - 5 - code.length).fill(0), ...loop], 3);
  for (const [register, value] of [[0, 0n], [1, 50_000n], [3, 0n]] as const) vcpu.state.writeField("gpr", value, register);
  assert.equal(vcpu.run(1_000_000).reason, "hlt");
  assert.equal(get(0), 50_000n * 50_001n / 2n);
  assert.equal(get(3), 50_000n * 4096n);
  assert.equal(vcpu.retired(), 1 + 4 * 50_000 + 1);
  const exits = Array.from({ length: 16 }, (_, way) => Number(vcpu.state.readField("regionExits", way)));
  assert.ok(exits.reduce((sum, count) => sum + count, 0) < 100, `left ${exits}`);
});

test("pages are remembered by stream: a copy over page borders, aligned or not, and a page that is read before it is written", () => {
  // mov rsi, SOURCE; mov rdi, TARGET; mov ecx, n; again: mov rax, [rsi]; mov rdx, [rdi]; mov [rdi], rax; add rsi, 8; add rdi, 8; dec ecx; jnz again; hlt
  const [count, source, target] = [3000, DATA + 3, DATA + 0x10005];
  const word = (value: number) => [value & 0xff, value >> 8 & 0xff, value >> 16 & 0xff, value >> 24 & 0xff];
  const code = [0xbe, ...word(source), 0xbf, ...word(target), 0xb9, ...word(count), 0x48, 0x8b, 0x06, 0x48, 0x8b, 0x17, 0x48, 0x89, 0x07, 0x48, 0x83, 0xc6, 8, 0x48, 0x83, 0xc7, 8, 0xff, 0xc9, 0x75, 0xeb, 0xf4];
  const { vcpu, memory, counters } = machine(code, 3);
  const bytes = Uint8Array.from({ length: count * 8 }, (_, index) => index * 7 + (index >> 8));
  memory.write(source, bytes);
  assert.equal(vcpu.run(1_000_000).reason, "hlt");
  assert.deepEqual(memory.read(target, bytes.length), bytes);
  assert.equal(vcpu.retired(), 3 + 7 * count + 1);
  assert.ok(counters.regions >= 1);
});

test("what compiled code has executed is counted, whichever way it is left", () => {
  // again: call leaf; dec ecx; jnz again; hlt … leaf: inc rdx; ret
  const code = [0xe8, 5, 0, 0, 0, 0xff, 0xc9, 0x75, 0xf7, 0xf4, 0x48, 0xff, 0xc2, 0xc3], rounds = 10_000, early = 4;
  const { vcpu, get } = machine(code, early);
  for (const [register, value] of [[1, BigInt(rounds)], [2, 0n]] as const) vcpu.state.writeField("gpr", value, register);
  let end;
  do end = vcpu.run(97); while (end.reason === "budget");
  assert.equal(get(2), BigInt(rounds));
  const all = 5 * rounds + 1, compiled = Number(vcpu.state.readField("compiledInstructions"));
  assert.equal(vcpu.retired(), all);
  // 97 instructions at a time: the interpreter ends each slice
  assert.ok(compiled > 0.6 * all && compiled <= all, `${compiled} of ${all}`);
});

test("a code cache that is too small evicts the oldest code, and is never larger than it may be", () => {
  // 60 functions: mov ecx, 20; again: add rax, rcx; dec ecx; jnz again; ret. All are called, one after the other, 30 times
  const count = 60, rounds = 30, one = [0xb9, 20, 0, 0, 0, 0x48, 0x01, 0xc8, 0xff, 0xc9, 0x75, 0xf9, 0xc3];
  const call = (from: number, to: number) => [0xe8, ...new Uint8Array(Int32Array.of(to - (from + 5)).buffer)];
  const calls = 5 * count + 16, code = [0xbb, rounds, 0, 0, 0];
  for (let index = 0; index < count; index++) code.push(...call(code.length, calls + 16 * index));
  code.push(0xff, 0xcb, 0x0f, 0x85, ...new Uint8Array(Int32Array.of(5 - (code.length + 8)).buffer), 0xf4); // dec ebx; jnz; hlt
  for (let index = 0; index < count; index++) {
    while (code.length < calls + 16 * index) code.push(0x90);
    code.push(...one);
  }
  for (const limit of [1_000_000, 1]) {
    const { vcpu, counters, get } = machine(code, 3, limit);
    vcpu.state.writeField("gpr", 0n, 0);
    let most = 0, end;
    do {
      end = vcpu.run(1000);
      most = Math.max(most, counters.cacheBytes);
    } while (end.reason === "budget");
    assert.equal(end.reason, "hlt");
    assert.equal(get(0), BigInt(rounds * count * 210));
    assert.ok(counters.evicted > count, `${counters.evicted} evicted`);
    if (limit > 1) assert.ok(most <= limit, `${most} bytes`); // one module is always there
  }
});

test("a guest that generates code for ever stays within the bounds", () => {
  // mov ebp, n; again: mov [body + 1], ebp; mov ecx, 30; call body; dec ebp; jnz again; hlt; body: mov edx, imm32; inner: add rax, rdx; dec ecx; jnz inner; ret
  const rounds = 3000, at = 64;
  const head = [0xbd, rounds & 0xff, rounds >> 8, 0, 0], store = [0x89, 0x2d, ...new Uint8Array(Int32Array.of(at + 1 - 11).buffer)], loads = [0xb9, 30, 0, 0, 0];
  const call = [0xe8, ...new Uint8Array(Int32Array.of(at - 21).buffer)], back = [0xff, 0xcd, 0x75, 0xec, 0xf4];
  const code = [...head, ...store, ...loads, ...call, ...back];
  while (code.length < at) code.push(0x90);
  code.push(0xba, 0, 0, 0, 0, 0x48, 0x01, 0xd0, 0xff, 0xc9, 0x75, 0xf9, 0xc3);
  const { vcpu, counters, get } = machine(code, 3, 100_000);
  vcpu.state.writeField("gpr", 0n, 0);
  assert.equal(vcpu.run(10_000_000).reason, "hlt");
  assert.equal(get(0), 30n * BigInt(rounds) * BigInt(rounds + 1) / 2n);
  assert.ok(counters.cacheBytes <= 100_000);
});

test("memory above 2 GiB has compiled code too", () => {
  const { vcpu, counters, get } = machine(sum(100_000), 3, undefined, 2 ** 31);
  vcpu.state.writeField("gpr", 0n, 0);
  assert.equal(vcpu.run(1_000_000).reason, "hlt");
  assert.equal(get(0), 100_000n * 100_001n / 2n);
  assert.ok(counters.regions >= 1);
});

test("an address that is known to be misaligned is a fault, not a mistake of the compiler", () => {
  // psllw xmm4, [0x40007]; there is no handler
  const { vcpu } = machine([0x66, 0x0f, 0xf1, 0x24, 0x25, 0x07, 0x00, 0x04, 0x00], 1);
  vcpu.state.write("cr4", 0x620n);
  assert.equal(vcpu.run(100).reason, "shutdown");
});
