import assert from "node:assert/strict";
import test from "node:test";
import { CODE, DATA, machine } from "./testing.ts";

const PAGE = 4096, PAGES = 6, OPERATIONS = 40, ROUNDS = 20_000, SHIFTS = [0, 4, 7, 11], SLOT = 32;

/** Numbers that look random, the same ones for a seed. */
const sequence = (seed: number) => (below: number) => {
  seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
  return Math.floor((seed / 2 ** 32) * below);
};

test("an interpreter in pages that lie elsewhere in the host than in the guest: what is near there is another page here", () => {
  for (let seed = 1; seed <= 12; seed++) {
    const random = sequence(seed), { vcpu, memory, counters, get } = machine([], 20);
    const frames = Array.from({ length: PAGES }, (_, index) => index);
    for (let index = PAGES - 1; index > 0; index--) {
      const other = random(index + 1);
      [frames[index], frames[other]] = [frames[other], frames[index]];
    }
    // from 1 MiB on, pages of 4 KiB
    const word = (address: number, value: number) => memory.write(address, new Uint8Array(BigUint64Array.of(BigInt(value)).buffer));
    const shifts = frames.map(() => SHIFTS[random(SHIFTS.length)]), used = new Set<string>();
    word(0x2000, 0x3003);
    word(0x3000, 0x83);
    for (let index = 1; index < 512; index++) word(0x3000 + 8 * index, index === 8 ? 0x4003 : 0);
    frames.forEach((frame, index) => word(0x4000 + 8 * index, (CODE + frame * PAGE) | 3));
    const base = 8 << 21;
    const place = () => {
      for (;;) {
        const page = random(PAGES), at = page * PAGE + random(PAGE / SLOT - 1) * SLOT + shifts[page];
        if (!used.has(String(at))) {
          used.add(String(at));
          return at;
        }
      }
    };
    const put = (at: number, bytes: readonly number[]) => memory.write(CODE + frames[Math.floor(at / PAGE)] * PAGE + at % PAGE, Uint8Array.from(bytes));
    const next = [0x0f, 0xb6, 0x06, 0x48, 0xff, 0xc6, 0xff, 0x24, 0xc7]; // movzx eax, byte [rsi]; inc rsi; jmp [rdi + rax * 8]
    const table = DATA, program = DATA + PAGE;
    const adds: number[] = [], lengths: number[] = [];
    for (let number = 0; number < OPERATIONS; number++) {
      const at = place(), add = (value: number) => [0x48, 0x83, 0xc3, value];
      word(table + 8 * number, base + at);
      const first = random(100), second = random(100);
      if (number === 0) put(at, [0xf4]);
      else if (random(3) === 0) put(at, [...add(first), ...next]);
      else {
        const tail = place();
        put(at, [...add(first), 0xe9, ...new Uint8Array(Int32Array.of(tail - (at + 9)).buffer)]);
        put(tail, [...add(second), ...next]);
        adds[number] = first + second;
        lengths[number] = 6;
        continue;
      }
      adds[number] = first;
      lengths[number] = number === 0 ? 1 : 4;
    }
    const bytes = Array.from({ length: ROUNDS }, (_, index) => (index === ROUNDS - 1 ? 0 : 1 + random(OPERATIONS - 1)));
    memory.write(program, Uint8Array.from(bytes));
    const begin = place();
    put(begin, next);
    for (const [register, value] of [[3, 0], [6, program], [7, table]] as const) vcpu.state.writeField("gpr", BigInt(value), register);
    vcpu.state.write("rip", BigInt(base + begin));
    let end;
    do end = vcpu.run(997); while (end.reason === "budget" && vcpu.retired() < 10 * ROUNDS);
    assert.equal(end.reason, "hlt", `seed ${seed}`);
    assert.equal(get(3), BigInt(bytes.slice(0, -1).reduce((sum, number) => sum + adds[number], 0)), `seed ${seed}`);
    assert.equal(vcpu.retired(), 3 + bytes.reduce((sum, number) => sum + lengths[number], 0), `seed ${seed}`);
    assert.ok(counters.regions > 0 && Number(vcpu.state.readField("compiledInstructions")) > 0);
  }
});
