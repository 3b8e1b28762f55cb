// What random guests have found, each as small as it could be made, on every engine.

import assert from "node:assert/strict";
import test from "node:test";
import { createBare } from "../bare.ts";
import { openEngines } from "../engines.ts";

const engines = await openEngines();

for (const engine of engines) {
  test(`code that runs over the end of CS while an NMI cannot be taken comes to an end (${engine.name})`, () => {
    const { vcpu, ram, set } = createBare(engine, "real");
    ram.set([0xf8, 0xff, 1, 0], 2 * 4); // the handler of NMI at 1:fff8: ADD [BX+SI], AL up to the limit, which is not the end of a page
    set({ rsp: 0x7000, rbx: 0x4000, rsi: 0 });
    vcpu.state.write("rip", 0x8000n);
    vcpu.injectNmi();
    assert.equal(vcpu.run(2).reason, "budget");
    vcpu.injectNmi(); // stays pending
    vcpu.run(100);
    assert.ok(vcpu.retired() > 2);
  });

  test(`instructions do not write to data that all vCPUs of a node share (${engine.name})`, () => {
    const { vcpu, load, node } = createBare(engine, "long");
    const before = node.bytes.slice(0, 0x100000);
    load([0xf2, 0x48, 0x0f, 0x38, 0xf1, 0xc3]); // CRC32 RAX, RBX
    vcpu.run(1);
    assert.ok(Buffer.compare(before, node.bytes.subarray(0, 0x100000)) === 0);
  });
}
