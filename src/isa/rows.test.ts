import assert from "node:assert/strict";
import test from "node:test";
import { expandForms } from "./forms.ts";
import { instruction } from "./instruction.ts";
import { parseRow } from "./rows.ts";

for (const [row, what] of [
  ["/r r32 r/m32", /no opcode/], ["0F AF /r r32 r/m33", /unknown operand r\/m33/], ["01 r32 r/m32", /no \/r/], ["F3 66 0F 10 /r xmm xmm/m32", /two mandatory prefixes/],
  ["50 +r /r r32", /\+r with \/r/], ["53 +r r32", /low 3 bits/], ["05 eax imm32", /0 immediates in the opcode, 1 in the operands/], ["01 /r r/m32 r32 ; bolted", /unknown attribute bolted/],
  ["01 /r r/m32 r32 ; undef=XF", /unknown flag xf/], ["01 /r r32 r32", /two operands in the same field/], ["0F 01 40", /below C0/], ["01 /r r/m32 r32 ; lock ; x", /two semicolons/],
  ["0F 01 D0 /r", /fixed ModRM byte and \/r/], ["0F 01 02 03 04", /too many opcode bytes/], ["8F /0 imm8 ib", /unknown operand ib|immediates/],
] as const) test(`refuses "${row}"`, () => assert.throws(() => parseRow(row), (error: Error) => what.test(error.message) && error.message.includes(row)));

test("a row keeps what it says", () => {
  const row = parseRow("F3 REX.W 0F 38 2A /r  xmm r/m64  ; sse undef=OF,AF undef-dst");
  assert.deepEqual(
    [row.prefix, row.rexW, row.map, row.opcode, row.modrm, row.operands.map((operand) => operand.text), [...row.attributes], row.undefinedFlags, row.undefinedDst],
    ["F3", true, 2, 0x2a, "reg", ["xmm", "r/m64"], ["sse"], ["of", "af"], true]);
});

const names = (...rows: string[]) => expandForms([instruction("x", "", rows, () => {})]).map((form) => form.name);

test("a star makes one form per operand size, and r/m one for register and one for memory", () => {
  assert.deepEqual(names("01 /r r/m* r*"), ["x o16 reg16 reg16 (01)", "x o16 m16 reg16 (01)", "x o32 reg32 reg32 (01)", "x o32 m32 reg32 (01)", "x o64 reg64 reg64 (01)", "x o64 m64 reg64 (01)"]);
  assert.deepEqual(names("27 ; no64 *"), ["x o16 (27)", "x o32 (27)"]);
  assert.deepEqual(names("63 /r r* r/m32 ; only64"), ["x o16 reg16 reg32 (63)", "x o16 reg16 m32 (63)", "x o32 reg32 reg32 (63)", "x o32 reg32 m32 (63)", "x o64 reg64 reg32 (63)", "x o64 reg64 m32 (63)"]);
  assert.deepEqual(names("EA ptr16:16 ; no64", "FF /5 m16:32"), ["x o16 imm16 imm16 (EA)", "x o32 m32 (FF /5)"]);
});
