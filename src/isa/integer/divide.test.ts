import assert from "node:assert/strict";
import test from "node:test";
import { openSingles, registerOf } from "../../conformance/single.ts";
import { assemble } from "../encode.ts";
import { REGISTERS, type Register } from "../registers.ts";

const { bl, bx, ebx, rbx } = REGISTERS;
const divisors: Record<number, Register> = { 8: bl, 16: bx, 32: ebx, 64: rbx };
const DE = 0;
const MIN = 1n << 63n, ONES = 0xffff_ffff_ffff_ffffn;

/** high, low (AX is the low part for 8 bits), divisor; quotient and remainder, or undefined for #DE */
const facts: readonly (readonly [mnemonic: string, width: number, high: bigint, low: bigint, divisor: bigint, result?: readonly [quotient: bigint, remainder: bigint]])[] = [
  ["div", 8, 0n, 0xfe01n, 0xffn, [0xffn, 0n]], ["div", 8, 0n, 0xff00n, 0xffn], ["div", 8, 0n, 0x00ffn, 0n], ["div", 8, 0n, 0x0107n, 2n, [0x83n, 1n]], ["div", 8, 0n, 0x0200n, 2n],
  ["idiv", 8, 0n, 0xff80n, 1n, [0x80n, 0n]], ["idiv", 8, 0n, 0x0080n, 1n], ["idiv", 8, 0n, 0xff80n, 0xffn], ["idiv", 8, 0n, 0x8000n, 0xffn], ["idiv", 8, 0n, 0xfff9n, 2n, [0xfdn, 0xffn]],
  ["div", 16, 1n, 0n, 1n], ["div", 16, 1n, 0n, 2n, [0x8000n, 0n]], ["div", 16, 0xfffen, 0xffffn, 0xffffn, [0xffffn, 0xfffen]],
  ["idiv", 16, 0xffffn, 0x8000n, 1n, [0x8000n, 0n]], ["idiv", 16, 0xffffn, 0x8000n, 0xffffn], ["idiv", 16, 0x8000n, 0n, 0xffffn], ["idiv", 16, 0n, 0x8000n, 0xffffn, [0x8000n, 0n]],
  ["div", 32, 0xffff_fffen, 0xffff_ffffn, 0xffff_ffffn, [0xffff_ffffn, 0xffff_fffen]], ["div", 32, 1n, 0n, 1n], ["div", 32, 0n, 7n, 0n],
  ["idiv", 32, 0x8000_0000n, 0n, 0xffff_ffffn], ["idiv", 32, 0xffff_ffffn, 0x8000_0000n, 0xffff_ffffn], ["idiv", 32, 0n, 0x8000_0000n, 0xffff_ffffn, [0x8000_0000n, 0n]],
  ["idiv", 32, 0xffff_ffffn, 0xffff_fff9n, 2n, [0xffff_fffdn, 0xffff_ffffn]], ["idiv", 32, 0n, 7n, 0xffff_fffen, [0xffff_fffdn, 1n]],
  ["div", 64, 0n, ONES, 10n, [1844674407370955161n, 5n]], ["div", 64, ONES - 1n, ONES, ONES, [ONES, ONES - 1n]], ["div", 64, 1n, 0n, 1n], ["div", 64, 5n, 0n, 5n], ["div", 64, 0n, 0n, 0n],
  ["div", 64, 0x7fff_ffff_ffff_ffffn, ONES, MIN, [ONES, 0x7fff_ffff_ffff_ffffn]], ["div", 64, 0x8000_0000n, 0n, 0x8000_0000_ffff_ffffn, [0xffff_fffen, 0x2_ffff_fffen]],
  ["idiv", 64, ONES, MIN, ONES], ["idiv", 64, ONES, MIN, 1n, [MIN, 0n]], ["idiv", 64, 0n, MIN, ONES, [MIN, 0n]], ["idiv", 64, 0n, MIN, 1n], ["idiv", 64, MIN, 0n, ONES], ["idiv", 64, MIN, 0n, MIN],
  ["idiv", 64, ONES, ONES - 6n, 2n, [ONES - 2n, ONES]], ["idiv", 64, 0n, 7n, ONES - 1n, [ONES - 2n, 1n]], ["idiv", 64, 1n, 0n, 3n, [0x5555_5555_5555_5555n, 1n]], ["idiv", 64, ONES - 1n, 0n, 3n],
  ["idiv", 64, ONES, 0n, 3n, [0xaaaa_aaaa_aaaa_aaabn, ONES]], ["idiv", 64, 0n, 1n, 0n],
];

for (const { name, run } of await openSingles()) for (const [mnemonic, width, high, low, divisor, result] of facts)
  test(`${mnemonic} of ${width} bits: ${high.toString(16)}:${low.toString(16)} / ${divisor.toString(16)} (${name})`, () => {
    const registers = { rax: low, rdx: high, rbx: divisor };
    const outcome = run({ code: assemble(mnemonic, [divisors[width]!]), registers });
    const rax = registerOf(outcome, "rax"), rdx = registerOf(outcome, "rdx");
    if (result === undefined) {
      assert.deepEqual([outcome.status, outcome.vector, rax, rdx], ["fault", DE, low, high]);
      return;
    }
    const [quotient, remainder] = result;
    assert.deepEqual([outcome.status, rax, rdx], ["reached", width === 8 ? quotient | remainder << 8n : quotient, width === 8 ? high : remainder]);
  });

test("every quotient of the table is right", () => {
  for (const [mnemonic, width, high, low, divisor, result] of facts) {
    const sign = mnemonic === "idiv", cut = (bits: number, value: bigint) => sign ? BigInt.asIntN(bits, value) : BigInt.asUintN(bits, value);
    const a = width === 8 ? cut(16, low) : cut(2 * width, (high << BigInt(width)) | low), b = cut(width, divisor);
    const fits = b !== 0n && cut(width, a / b) === a / b;
    assert.deepEqual(result, fits ? [BigInt.asUintN(width, a / b), BigInt.asUintN(width, a % b)] : undefined, `${mnemonic} ${width} ${high} ${low} ${divisor}`);
  }
});
