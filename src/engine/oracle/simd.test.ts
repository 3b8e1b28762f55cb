// Every SIMD operation of the oracle against the host's WebAssembly.
import assert from "node:assert/strict";
import test from "node:test";
import { SIMD_OPS, type SimdOp } from "../../isa/simd.ts";
import { simd } from "./simd.ts";

const leb = (value: number): number[] => value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...leb(value >> 7)];
const section = (id: number, body: number[]) => [id, ...leb(body.length), ...body];

/** A module whose `run` reads the arguments at 0, 16, 32, does the operation and writes the result at 48. */
function moduleFor(op: SimdOp, immediates: readonly number[]): Uint8Array {
  const [opcode, shape] = SIMD_OPS[op];
  const [args, result] = shape.split(":") as [string, string];
  const address = (value: number) => [0x41, value];
  const loads = { v: [0xfd, 0x00, 0, 0], l: [0x29, 0, 0], i: [0x28, 0, 0] } as const;
  const stores = { v: [0xfd, 0x0b, 0, 0], l: [0x37, 0, 0], i: [0x36, 0, 0] } as const;
  const code = [0, ...address(48), ...[...args].flatMap((kind, index) => [...address(index * 16), ...loads[kind as keyof typeof loads]]),
    0xfd, ...leb(opcode), ...immediates, ...stores[result as keyof typeof stores], 0x0b];
  return Uint8Array.from([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, ...section(1, [1, 0x60, 0, 0]), ...section(3, [1, 0]), ...section(5, [1, 0, 1]),
    ...section(7, [2, 1, 0x72, 0, 0, 1, 0x6d, 2, 0]), ...section(10, [1, ...leb(code.length), ...code])]);
}

const EDGES = [0, 1, 0x7f, 0x80, 0xff];
let seed = 1;
const random = () => (seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0) >>> 8;
const randomBytes = () => Uint8Array.from({ length: 16 }, () => random() % 3 ? random() & 0xff : EDGES[random() % 5]!);
const toBigint = (bytes: Uint8Array) => bytes.reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n);

for (const op of Object.keys(SIMD_OPS) as SimdOp[]) {
  test(op, () => {
    const [args, result] = SIMD_OPS[op][1].split(":") as [string, string];
    const lanes = 128 / Number(/x(\d+)/.exec(op)?.[1] ? /^[if](\d+)/.exec(op)![1] : 128);
    const choices = op.endsWith("shuffle") ? [0, 1, 2].map(() => Array.from({ length: 16 }, () => random() % 32))
      : op.includes("_lane") ? Array.from({ length: lanes }, (_, lane) => [lane]) : [[]];
    for (const immediates of choices) {
      const { r, m } = new WebAssembly.Instance(new WebAssembly.Module(moduleFor(op, immediates))).exports;
      const memory = new Uint8Array(m.buffer);
      for (let round = 0; round < 50; round++) {
        const inputs = [randomBytes(), randomBytes(), randomBytes()];
        inputs.forEach((bytes, index) => memory.set(bytes, index * 16));
        r();
        const values = [...args].map((kind, index) => BigInt.asUintN(kind === "v" ? 128 : kind === "l" ? 64 : 32, toBigint(inputs[index]!)));
        const bytes = result === "v" ? 16 : result === "l" ? 8 : 4;
        assert.equal(simd(op, values, immediates), toBigint(memory.subarray(48, 48 + bytes)), `${values.map((v) => v.toString(16)).join(" ")} ${immediates}`);
      }
    }
  });
}
