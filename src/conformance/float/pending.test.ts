// Which instructions report an x87 exception that is pending: on every engine, and on the host's CPU where it has gcc.
import assert from "node:assert/strict";
import test from "node:test";
import { openEngines } from "../engines.ts";
import { openHostCpu } from "../host/host.ts";
import { createCaseMachine } from "../rows/machine.ts";
import { caseOf } from "./cases.ts";

const MF = 16;
/** [instruction, code, it waits]; memory operands are at RDI */
const TABLE: readonly [string, readonly number[], boolean][] = [
  ["fadd", [0xd8, 0xc1], true], ["fld m32", [0xd9, 0x07], true], ["fld m80, memory that is not there", [0xdb, 0x28], true], ["fstp", [0xd9, 0x1f], true], ["fnop", [0xd9, 0xd0], true],
  ["ffree", [0xdd, 0xc1], true], ["fincstp", [0xd9, 0xf7], true], ["fxam", [0xd9, 0xe5], true], ["fwait", [0x9b], true], ["fldcw", [0xd9, 0x2f], true], ["fldenv", [0xd9, 0x27], true],
  ["frstor", [0xdd, 0x27], true], ["fninit", [0xdb, 0xe3], false], ["fnclex", [0xdb, 0xe2], false], ["fnstsw", [0xdf, 0xe0], false], ["fnstcw", [0xd9, 0x3f], false],
  ["fneni", [0xdb, 0xe0], false], ["emms", [0x0f, 0x77], true], ["paddb", [0x0f, 0xfc, 0xc1], true], ["movd", [0x0f, 0x6e, 0xc0], true], ["maskmovq", [0x0f, 0xf7, 0xc1], true],
  ["cvtps2pi", [0x0f, 0x2d, 0xc1], true], ["cvtpi2ps mm", [0x0f, 0x2a, 0xc1], true], ["cvtpi2ps m64", [0x0f, 0x2a, 0x07], false], ["cvtpi2pd m64", [0x66, 0x0f, 0x2a, 0x07], false],
  ["addps", [0x0f, 0x58, 0xc1], false], ["fxsave", [0x0f, 0xae, 0x07], false],
];
const host = openHostCpu();
const machines = [...(await openEngines()).map(createCaseMachine), ...(host ? [{ engine: host.model, run: (one: Parameters<typeof host.run>[0][number]) => host.run([one])[0]! }] : [])];

for (const machine of machines) test(`a pending x87 exception on ${machine.engine}`, () => {
  for (const [name, code, waits] of TABLE) {
    const one = caseOf({ name, code, kind: "x87" }, { control: 0x340, a: 0n, b: 0n, memory: 0n }), view = new DataView(one.fx.buffer);
    const padded = { ...one, bytes: new Uint8Array(512 + 64) };
    view.setUint16(2, 0x8081, true);
    const outcome = machine.run(padded);
    assert.deepEqual([outcome.status, waits ? outcome.vector : 0], waits ? ["fault", MF] : ["reached", 0], name);
  }
});
