// SSE floating point: what user mode cannot show, and the approximations, which CPUs do not agree about.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import { createBareCore } from "./bare.ts";

const core = createBareCore(new WebAssembly.Module(readFileSync(new URL("core.wasm", import.meta.url))), 0x10000);
const { state, call } = core;
const OSXMMEXCPT = 0x400n, UD = 6, XM = 19;
const ONE = 0x3ff0000000000000n;

for (const [cr4, expected] of [[OSXMMEXCPT, XM], [0n, UD]] as const) test(`division by zero, not masked, is exception ${expected} with CR4 ${cr4.toString(16)}`, () => {
  state.writeField("cr4", cr4);
  state.writeField("mxcsr", 0x1d80n);
  state.writeField("scratch", ONE, 0);
  state.writeField("scratch", 0n, 1);
  call("fpDivSd");
  assert.equal(core.takeFault(), expected);
  assert.equal(state.read("mxcsr"), 0x1d84n, "the flag is set nevertheless");
});

const float = new DataView(new ArrayBuffer(4));
const bits = (value: number) => { float.setFloat32(0, value); return float.getUint32(0); };
const valueOf = (pattern: number) => { float.setUint32(0, pattern); return float.getFloat32(0); };
const approximate = (name: string, pattern: number): number => {
  state.writeField("scratch", BigInt(pattern), 1);
  call(name);
  return Number(state.readField("scratch", 3) & 0xffff_ffffn);
};
// SDM 2B, RCPPS and RSQRTPS
const BOUND = 1.5 * 2 ** -12;
test("approximate reciprocals keep their bound", () => {
  for (let exponent = 2; exponent < 253; exponent++) for (let step = 0; step < 50; step++) {
    const pattern = (exponent << 23) | ((step * 0x28f5c) & 0x7fffff), x = valueOf(pattern);
    assert.ok(Math.abs(valueOf(approximate("fpRcpSs", pattern)) * x - 1) <= BOUND, `1 / ${x}`);
    assert.ok(Math.abs(valueOf(approximate("fpRsqrtSs", pattern)) * Math.sqrt(x) - 1) <= BOUND, `1 / sqrt ${x}`);
  }
});
for (const [name, input, output] of [
  ["fpRcpSs", 0, 0x7f800000], ["fpRcpSs", 0x80000001, 0xff800000], ["fpRcpSs", 0xff800000, 0x80000000], ["fpRcpSs", 0x7f000001, 0], ["fpRcpSs", 0x7f800001, 0x7fc00001],
  ["fpRsqrtSs", 0, 0x7f800000], ["fpRsqrtSs", 0x80000000, 0xff800000], ["fpRsqrtSs", 0x7f800000, 0], ["fpRsqrtSs", bits(-1), 0xffc00000], ["fpRsqrtSs", 0xffffffff, 0xffffffff],
] as const) test(`${name} of ${input.toString(16)} is ${output.toString(16)}, without flags`, () => {
  state.writeField("mxcsr", 0n);
  assert.equal(approximate(name, input), output);
  assert.equal(state.read("mxcsr"), 0n);
});
