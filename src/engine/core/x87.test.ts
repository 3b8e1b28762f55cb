// What the comparison with a CPU in user mode cannot reach: CR0, real-mode images.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import { CONSTANTS as C } from "../../hal/layout.ts";
import { createBareCore } from "./bare.ts";

const core = createBareCore(new WebAssembly.Module(readFileSync(new URL("core.wasm", import.meta.url))), 0x10000);
const { state, call } = core;
const MP = 2n, TS = 8n, NE = 32n, NM = 7, MF = 16;
const PENDING = 0x8081n; // invalid operation, not masked by FCW 0x340

// SDM 3A, x87 FPU Exception (#MF); SDM 2B, WAIT/FWAIT
for (const [what, helper, cr0, fsw, expected] of [
  ["FWAIT, nothing pending", "x87Wait", NE, 0n, -1],
  ["FWAIT, pending", "x87Wait", NE, PENDING, MF],
  ["FWAIT, pending, reported outside of the processor", "x87Wait", 0n, PENDING, -1],
  ["FWAIT, TS without MP", "x87Wait", NE | TS, 0n, -1],
  ["FWAIT, TS and MP", "x87Wait", NE | TS | MP, 0n, NM],
  ["FWAIT, TS and MP come before what is pending", "x87Wait", NE | TS | MP, PENDING, NM],
  ["another waiting instruction, TS is tested by its attribute", "x87Pending", NE | TS | MP, PENDING, MF],
] as const) test(what, () => {
  state.writeField("cr0", cr0);
  state.writeField("fcw", 0x340n);
  state.writeField("fsw", fsw);
  call(helper);
  assert.equal(core.takeFault(), expected);
});

test("unmasking what has happened makes it pending, masking takes it back", () => {
  call("x87Init");
  state.writeField("fsw", 1n);
  call("x87LoadControlWord", 0x37e);
  assert.equal(state.read("fsw"), PENDING);
  call("x87LoadControlWord", 0x37f);
  assert.equal(state.read("fsw"), 1n);
  call("x87LoadControlWord", 0xffff);
  assert.equal(state.read("fcw"), 0x1f7fn, "bit 6 is 1, others that do not exist are 0");
});

// SDM 1, Saving the x87 FPU's State with FSTENV/FNSTENV and FSAVE/FNSAVE: the four figures
const FOP = 0x123n, FIP = 0x4_2345n, FDP = 0x6_789an, AT = 0x100n;
for (const [mode, width, words] of [
  ["protected", 16, [0x37f, 0x3800, 0x3fff, 0x2345, 0, 0x789a, 0]],
  ["real", 16, [0x37f, 0x3800, 0x3fff, 0x2345, 0x4123, 0x789a, 0x6000]],
  ["protected", 32, [0xffff037f, 0xffff3800, 0xffff3fff, 0x42345, 0x1230000, 0x6789a, 0xffff0000]],
  ["real", 32, [0xffff037f, 0xffff3800, 0xffff3fff, 0xffff2345, 0x4123, 0xffff789a, 0x6000]],
] as const) test(`environment of ${width} bits in ${mode} mode, and back`, () => {
  call("x87Init");
  state.writeField("mode", BigInt(mode === "real" ? C.MODE_CODE16 : C.MODE_CODE32 | C.MODE_PROTECTED));
  call("x87Begin", 0x5e8, 0n); // FLD1
  call("x87LoadConstant", 0);
  for (const [field, value] of [["fop", FOP], ["fip", FIP], ["fdp", FDP]] as const) state.writeField(field, value);
  call("x87StoreEnvironment", AT, width);
  const view = new DataView(core.memory.read(Number(AT), 28).buffer);
  assert.deepEqual(words.map((_, index) => width === 16 ? view.getUint16(2 * index, true) : view.getUint32(4 * index, true)), [...words]);
  call("x87Init");
  call("x87LoadEnvironment", AT, width);
  assert.deepEqual([state.read("fcw"), state.read("fsw"), state.read("ftw")], [0x37fn, 0x3800n, 0x80n]);
  assert.deepEqual([state.readField("fip"), state.readField("fdp")], width === 16 && mode === "protected" ? [FIP & 0xffffn, FDP & 0xffffn] : [FIP, FDP]);
});

test("FSAVE and FRSTOR keep everything", () => {
  call("x87Init");
  state.writeField("mode", BigInt(C.MODE_CODE32 | C.MODE_PROTECTED));
  for (let index = 0; index < 7; index++) {
    call("x87Begin", 0x5e8, 0n);
    call("x87LoadConstant", index);
  }
  const registers = () => [0, 1, 2, 3, 4, 5, 6, 7].map((index) => state.readField("fpr", index)), before = [registers(), state.read("fsw"), state.read("ftw")];
  call("x87Save", AT, 32);
  assert.equal(state.read("ftw"), 0n);
  for (let index = 0; index < 8; index++) state.writeField("fpr", 0n, index);
  call("x87Restore", AT, 32);
  assert.deepEqual([registers(), state.read("fsw"), state.read("ftw")], before);
});
