import assert from "node:assert/strict";
import test from "node:test";
import { returnSites, shareJumps } from "./returns.ts";
import { CODE, DATA, machine } from "./testing.ts";

test("a return leads behind the calls of its function, and of who jumps there", () => {
  // 0: calls 3, 1: calls 4, 2: end; 3: a function that jumps into 4 at its end; 4: a function; 5: its return
  const sites = returnSites([[1], [2], [], [4], [5], []], [{ heads: [3], site: 1 }, { heads: [4], site: 2 }]);
  assert.deepEqual(sites.map((set) => [...set].sort()), [[], [], [], [1], [1, 2], [1, 2]]);
});

test("recursion: a return leads behind all calls of the function, its own ones too", () => {
  // 0: calls 1; 1: calls 1 twice, with 2 and 3 behind; 3: returns; 4: behind the first call
  const sites = returnSites([[4], [2], [3], [], []], [{ heads: [1], site: 4 }, { heads: [1], site: 2 }, { heads: [1], site: 3 }]);
  assert.deepEqual([...sites[3]].sort(), [2, 3, 4]);
  assert.equal(sites[4].size, 0);
});

test("jumps with the same many targets share their comparisons, others do not", () => {
  const many = Array.from({ length: 16 }, (_, index) => index);
  const { by, targets } = shareJumps([...many.map(() => many), [1, 2, 3], [1, 2, 3], []]);
  assert.deepEqual([...by], many.map((index) => [index, 19]));
  assert.deepEqual(targets, [many]);
});

test("an interpreter whose operations jump to each other, over two pages, executes as many instructions as there are, and ends where the budget does", () => {
  // each operation: add rbx, its number; movzx eax, byte [rsi]; inc rsi; jmp [rdi + rax * 8]; the last one: hlt
  const operations = 24, stride = 0x150, rounds = 20_000, table = DATA, program = DATA + 0x1000;
  const code: number[] = [];
  for (let number = 0; number < operations; number++) {
    while (code.length < number * stride) code.push(0x90);
    code.push(...(number === operations - 1 ? [0xf4] : [0x48, 0x83, 0xc3, number + 1, 0x0f, 0xb6, 0x06, 0x48, 0xff, 0xc6, 0xff, 0x24, 0xc7]));
  }
  const bytes = Uint8Array.from({ length: rounds }, (_, index) => (index === rounds - 1 ? operations - 1 : (index * index * 7 + (index >> 3)) % (operations - 1)));
  const sum = bytes.subarray(0, -1).reduce((all, number) => all + BigInt(number + 1), 1n);
  for (const [threshold, budget] of [[3, 10_000_000], [40, 4000], [40, 997]]) {
    const { vcpu, memory, counters, get } = machine(code, threshold);
    for (let number = 0; number < operations; number++) memory.write(table + 8 * number, new Uint8Array(BigUint64Array.of(BigInt(CODE + number * stride)).buffer));
    memory.write(program, bytes);
    for (const [register, value] of [[3, 0n], [6, BigInt(program)], [7, BigInt(table)]] as const) vcpu.state.writeField("gpr", value, register);
    let end, runs = 0;
    do {
      end = vcpu.run(budget);
      if (end.reason === "budget") assert.equal(vcpu.retired(), ++runs * budget);
    } while (end.reason === "budget");
    assert.equal(end.reason, "hlt");
    assert.equal(get(3), sum);
    assert.equal(vcpu.retired(), 4 * rounds + 1);
    assert.ok(counters.regions > 0 && Number(vcpu.state.readField("compiledInstructions")) > 2 * rounds);
  }
});
