// Where jumps of compiled code have led is remembered (engine/interp/chain.ts), and forgotten with the code that was there.

import assert from "node:assert/strict";
import test from "node:test";
import { machine } from "./testing.ts";

const FUNCTION = 0x30000, INCREMENT = [0x48, 0xff, 0xc0, 0xc3], DECREMENT = [0x48, 0xff, 0xc8, 0xc3];
// mov ecx, 30000; again: call rbx; dec ecx; jnz again; hlt
const CALLER = [0xb9, 0x30, 0x75, 0, 0, 0xff, 0xd3, 0xff, 0xc9, 0x75, 0xfa, 0xf4];

/** Calls a function in another page 30,000 times; when half of it is done, something changes. */
function callHalves(change: (parts: ReturnType<typeof machine>) => void): { rax: bigint; jumps: number; reason: string } {
  const parts = machine(CALLER, 3), { vcpu, memory, get } = parts;
  memory.write(FUNCTION, Uint8Array.from(INCREMENT));
  vcpu.state.writeField("gpr", 0n, 0);
  vcpu.state.writeField("gpr", BigInt(FUNCTION), 3);
  vcpu.run(1 + 15_000 * 5);
  const jumps = Number(vcpu.state.readField("regionExits", 4)); // REGION_INDIRECT
  change(parts);
  const { reason } = vcpu.run(1_000_000);
  return { rax: BigInt.asIntN(64, get(0)), jumps, reason };
}

test("a function behind a pointer is entered without the interpreter, until it is overwritten", () => {
  const same = callHalves(() => {});
  assert.deepEqual([same.rax, same.reason], [30_000n, "hlt"]);
  assert.ok(same.jumps > 20_000, `${same.jumps} jumps between regions`);
  const overwritten = callHalves(({ vcpu, memory }) => {
    memory.write(FUNCTION, Uint8Array.from(DECREMENT));
    vcpu.invalidateCode(FUNCTION, DECREMENT.length);
  });
  assert.deepEqual([overwritten.rax, overwritten.reason], [0n, "hlt"]);
});
