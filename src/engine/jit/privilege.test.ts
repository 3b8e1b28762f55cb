import assert from "node:assert/strict";
import test from "node:test";
import { CODE, DATA, machine } from "./testing.ts";

const exitsOf = ({ state }: ReturnType<typeof machine>["vcpu"]) => Array.from({ length: 16 }, (_, way) => Number(state.readField("regionExits", way))).reduce((sum, count) => sum + count, 0);

test("STI and CLI stay in compiled code, and no interrupt comes between CLI and the instruction behind STI", () => {
  // again: cli; inc rax; sti; inc rbx; dec ecx; jnz again; hlt
  const code = [0xfa, 0x48, 0xff, 0xc0, 0xfb, 0x48, 0xff, 0xc3, 0xff, 0xc9, 0x75, 0xf4, 0xf4];
  const HANDLER = 0x9000, IDT = 0x6000, VECTOR = 0x20, rounds = 100_000;
  const { vcpu, memory, get } = machine(code, 3, undefined, 0, () => {
    vcpu.setInterruptLine(false);
    return VECTOR;
  });
  memory.write(0x7000 + 8, new Uint8Array(BigUint64Array.of(0x00af_9b00_0000_ffffn, 0x00cf_9300_0000_ffffn).buffer));
  memory.write(IDT + 16 * VECTOR, new Uint8Array(BigUint64Array.of(0x0000_8e00_0008_0000n | BigInt(HANDLER), 0n).buffer));
  memory.write(HANDLER, Uint8Array.of(0x4c, 0x8b, 0x04, 0x24, 0x49, 0xff, 0xc1, 0x48, 0xcf)); // mov r8, [rsp]; inc r9; iretq
  vcpu.state.write("rflags", 0x202n);
  for (const [field, value] of [["gdtBase", 0x7000n], ["gdtLimit", 23n], ["idtBase", BigInt(IDT)], ["idtLimit", 0xfffn]] as const) vcpu.state.writeField(field, value);
  for (const [register, value] of [[0, 0n], [1, BigInt(rounds)], [3, 0n], [8, 0n], [9, 0n]] as const) vcpu.state.writeField("gpr", value, register);
  const saved = new Set<number>();
  let end, raised = 0, random = 1;
  do {
    random = Math.imul(random, 1103515245) + 12345 >>> 0;
    if (vcpu.state.read("rip") < HANDLER && get(9) === BigInt(raised)) {
      vcpu.setInterruptLine(true);
      raised++;
    }
    end = vcpu.run(1 + (random >>> 16) % 300);
    if (get(9) > 0n) saved.add(Number(get(8)) - CODE);
  } while (end.reason === "budget");
  assert.equal(get(1), 0n);
  assert.deepEqual([get(0), get(3)], [BigInt(rounds), BigInt(rounds)]);
  assert.deepEqual([...saved].sort((a, b) => a - b).filter((offset) => offset < 12), [0, 8, 10], "where the handler returned to");
  assert.ok(raised > 1000 && exitsOf(vcpu) < 5 * raised, `${exitsOf(vcpu)} exits, ${raised} interrupts`);
});

test("behind CLAC compiled code does not remember the pages of programs", () => {
  // again: stac; mov rax, [rsp]; clac; mov rdx, [rsp]; dec ecx; cmp ecx, 50; cmove rsp, rsi; test ecx, ecx; jnz again; hlt
  const code = [0x0f, 0x01, 0xcb, 0x48, 0x8b, 0x04, 0x24, 0x0f, 0x01, 0xca, 0x48, 0x8b, 0x14, 0x24, 0xff, 0xc9, 0x83, 0xf9, 50, 0x48, 0x0f, 0x44, 0xe6, 0x85, 0xc9, 0x75, 0xe5, 0xf4];
  const { vcpu, memory, get } = machine(code, 3);
  memory.write(0x1000, Uint8Array.of(0x07));
  memory.write(0x2008, Uint8Array.of(0x87)); // from 1 GiB on: the same memory, of programs
  vcpu.state.write("cr4", 0x20_0020n);
  for (const [register, value] of [[1, 1000n], [4, BigInt(DATA)], [6, 0x4000_0000n + BigInt(DATA)]] as const) vcpu.state.writeField("gpr", value, register);
  assert.equal(vcpu.run(100_000).reason, "shutdown"); // a page fault, for which there is no handler
  assert.deepEqual([get(1), get(4)], [50n, 0x4000_0000n + BigInt(DATA)]);
  assert.ok(exitsOf(vcpu) < 20, `${exitsOf(vcpu)} exits`);
});

test("the page of the stack, which one region remembers for the next, is forgotten with INVLPG", () => {
  // again: push rcx; pop rsi; xchg rax, rbx; mov [rdi], rax; invlpg [rsp - 8]; dec ecx; jnz again; hlt
  const code = [0x51, 0x5e, 0x48, 0x93, 0x48, 0x89, 0x07, 0x0f, 0x01, 0x7c, 0x24, 0xf8, 0xff, 0xc9, 0x75, 0xf0, 0xf4];
  const { vcpu, memory, get } = machine(code, 3), PAGES = [0x50000, 0x60000], entry = (page: number) => BigInt(page | 3);
  // linear 1 GiB is one of two pages, which change places all the time
  for (const [at, value] of [[0x2008, 0x3003n], [0x3000, 0x4003n], [0x4000, entry(PAGES[1])]] as const) memory.write(at, new Uint8Array(BigUint64Array.of(value).buffer));
  for (const [register, value] of [[0, entry(PAGES[1])], [1, 1001n], [3, entry(PAGES[0])], [4, 0x4000_1000n], [7, 0x4000n]] as const) vcpu.state.writeField("gpr", value, register);
  assert.equal(vcpu.run(100_000).reason, "hlt");
  assert.deepEqual(PAGES.map((page) => memory.read(page + 0xff8, 2)[0]), [2, 1]);
  assert.equal(get(6), 1n);
});
