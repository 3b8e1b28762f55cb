import assert from "node:assert/strict";
import test from "node:test";
import { compileTable, completeTable } from "./decode-table.ts";
import { createDecoded, createDecoder, DECODED, DECODED_INVALID, DECODED_TOO_LONG, DECODED_TRUNCATED, registerOf, type CodeSize } from "./decode.ts";
import { expandForms, FORMS as ALL } from "./forms.ts";
import { instruction } from "./instruction.ts";

const nothing = () => {};
const define = (mnemonic: string, ...rows: string[]) => instruction(mnemonic, "", rows, nothing);
// a small set, so that these facts do not depend on the rows of the real one
const FORMS = expandForms([
  define("add", "00 /r r/m8 r8 ; lock", "01 /r r/m* r* ; lock", "03 /r r* r/m*", "81 /0 i* r/m* imm* ; lock", "83 /0 ib r/m* imm8 ; lock"),
  define("push", "50 +r r* ; d64", "6A ib imm8 ; d64"), define("nop", "90"), define("pause", "F3 90"), define("xchg", "90 +r r* *ax"),
  define("mov", "B0 +r ib r8 imm8", "B8 +r i* r* imm*", "REX.W B8 +r iq r64 imm64", "A1 *ax moffs*", "8E /r Sreg r/m16", "0F 20 /r rm64 CR ; f64"),
  define("cbw", "o16 98"), define("cwde", "o32 98"), define("cdqe", "o64 98"), define("in", "o16 ED ax dx", "o32 ED eax dx"),
  define("les", "C4 /r r* m16:* ; no64"), define("enter", "C8 iw ib immu16 immu8 ; d64"), define("jmp", "EB cb rel8 ; f64", "EA ptr16:* ; no64", "FF /5 m16:*"),
  define("lgdt", "0F 01 /2 m"), define("xgetbv", "NP 0F 01 D0"), define("movups", "NP 0F 10 /r xmm xmm/m128"), define("movsd", "F2 0F 10 /r xmm xmm/m64"),
  define("movbe", "NP 0F 38 F0 /r r* m*"), define("crc32", "F2 0F 38 F0 /r r32 r/m8"), define("fadd", "D8 C0 +r st st(i)", "D8 /0 m32"),
]);
const decode = createDecoder(FORMS);

function run(mode: CodeSize, text: string) {
  const code = Uint8Array.from(text.split(" ").map((byte) => parseInt(byte, 16)));
  const into = createDecoded();
  const status = decode(code, 0, code.length, mode, into);
  return { status, into, form: FORMS[into.form], bytes: code.length };
}

for (const [mode, bytes, name] of [
  [64, "01 D8", "add o32 reg32 reg32 (01)"], [64, "48 01 18", "add o64 m64 reg64 (01)"], [64, "66 01 D8", "add o16 reg16 reg16 (01)"], [16, "01 D8", "add o16 reg16 reg16 (01)"],
  [16, "66 01 D8", "add o32 reg32 reg32 (01)"], [64, "66 48 01 D8", "add o64 reg64 reg64 (01)"], [64, "48 66 01 D8", "add o16 reg16 reg16 (01)"],
  [64, "50", "push o64 reg64 (50)"], [64, "66 50", "push o16 reg16 (50)"], [32, "50", "push o32 reg32 (50)"],
  [64, "90", "nop (90)"], [64, "41 90", "xchg o32 reg32 eax (90)"], [64, "F3 90", "pause (F3 90)"], [64, "91", "xchg o32 reg32 eax (90)"],
  [64, "48 98", "cdqe o64 (98)"], [32, "98", "cwde o32 (98)"], [32, "66 98", "cbw o16 (98)"], [64, "48 ED", "in o32 eax dx (ED)"],
  [64, "EB 05", "jmp o64 rel8 (EB)"], [64, "66 EB 05", "jmp o64 rel8 (EB)"], [16, "EB 05", "jmp o16 rel8 (EB)"],
  [64, "0F 01 D0", "xgetbv (NP 0F 01 D0)"], [64, "0F 01 10", "lgdt m8 (0F 01 /2)"], [64, "F2 0F 10 C1", "movsd xmm128 xmm128 (F2 0F 10)"], [64, "66 F2 0F 10 C1", "movsd xmm128 xmm128 (F2 0F 10)"],
  [64, "66 0F 38 F0 00", "movbe o16 reg16 m16 (NP 0F 38 F0)"], [64, "66 F2 0F 38 F0 C0", "crc32 reg32 reg8 (F2 0F 38 F0)"], [64, "D8 C3", "fadd st st80 (D8 C0)"],
  [64, "0F 20 00", "mov o64 reg64 creg64 (0F 20)"], [64, "F0 01 18", "add o32 m32 reg32 (01)"], [32, "C4 00", "les o32 reg32 m32 (C4)"],
] as const) test(`${bytes} in ${mode}-bit code is ${name}`, () => {
  const { status, form, into, bytes: count } = run(mode, bytes);
  assert.equal(status, DECODED);
  assert.equal(form.name, name);
  assert.equal(into.length, count);
});

for (const [mode, bytes, status] of [
  [64, "C4 00", DECODED_INVALID], [32, "C4 C0", DECODED_INVALID], [64, "F0 01 D8", DECODED_INVALID], [64, "F0 03 18", DECODED_INVALID], [64, "0F 01 D8", DECODED_INVALID],
  [64, "66 0F 10 C1", DECODED_INVALID], [64, "8E C8", DECODED_INVALID], [64, "44 8E D8", DECODED], [64, "0F 20 C8", DECODED_INVALID], [64, "44 0F 20 C0", DECODED],
  [64, "48", DECODED_TRUNCATED], [64, "01", DECODED_TRUNCATED], [64, "01 04", DECODED_TRUNCATED], [64, "81 C0 01 02 03", DECODED_TRUNCATED], [64, "C8 01 00", DECODED_TRUNCATED],
  [64, "66 66 66 66 66 66 66 66 66 66 66 66 66 01 D8", DECODED], [64, "66 66 66 66 66 66 66 66 66 66 66 66 66 66 01 D8", DECODED_TOO_LONG],
  [64, "66 66 66 66 66 66 66 66 66 66 66 66 66 66 66", DECODED_TOO_LONG],
] as const) test(`${bytes} in ${mode}-bit code answers ${status}`, () => assert.equal(run(mode, bytes).status, status));

for (const [mode, bytes, facts] of [
  [64, "01 05 10 00 00 80", { base: 17, index: 16, dispLow: 0x80000010 | 0, dispHigh: -1, segment: 3, addressWidth: 64 }],
  [64, "67 01 05 10 00 00 00", { base: 17, dispLow: 16, addressWidth: 32 }], [32, "01 05 10 00 00 00", { base: 16, dispLow: 16 }],
  [64, "43 01 44 F5 F0", { base: 13, index: 14, scale: 3, dispLow: -16, segment: 3 }], [64, "01 44 24 08", { base: 4, index: 16, segment: 2, dispLow: 8 }],
  [64, "01 04 25 00 10 00 00", { base: 16, index: 16, dispLow: 4096, segment: 3 }], [64, "41 01 04 24", { base: 12, index: 16, segment: 3 }],
  [64, "42 01 04 20", { base: 0, index: 12 }], [64, "64 2E 01 00", { segment: 4 }], [32, "64 2E 01 00", { segment: 1 }], [64, "2E 01 45 00", { segment: 2 }],
  [16, "01 42 FE", { base: 5, index: 6, dispLow: -2, segment: 2, addressWidth: 16 }], [16, "01 06 34 12", { base: 16, index: 16, dispLow: 0x1234, segment: 3 }],
  [16, "01 04", { base: 6, index: 16, segment: 3 }], [16, "67 66 01 04 24", { base: 4, addressWidth: 32, segment: 2 }],
  [64, "A1 88 77 66 55 44 33 22 11", { dispLow: 0x55667788, dispHigh: 0x11223344 }], [64, "67 A1 88 77 66 F5", { dispLow: 0xf5667788 | 0, dispHigh: 0 }],
  [64, "48 B8 88 77 66 55 44 33 22 81", { immLow: 0x55667788, immHigh: 0x81223344 | 0 }], [64, "48 83 C0 FF", { immLow: -1, immHigh: -1, reg: 0, rm: 0 }],
  [64, "C8 FE FF 03", { immLow: 0xfffe, immHigh: 0, second: 3 }], [32, "EA 78 56 34 F2 10 00", { immLow: 0xf2345678 | 0, immHigh: 0, second: 16 }],
  [64, "F2 F3 01 00", { rep: 1 }], [64, "F0 01 00", { lock: 1 }], [64, "45 01 C8", { reg: 9, rm: 8 }],
] as const) test(`parts of ${bytes} in ${mode}-bit code`, () => {
  const { status, into, bytes: count } = run(mode, bytes);
  assert.equal(status, DECODED);
  assert.equal(into.length, count);
  for (const [key, value] of Object.entries(facts)) assert.equal(into[key as keyof typeof into], value, key);
});

test("byte registers 4..7 are AH..BH unless there is a REX", () => {
  for (const [bytes, source] of [["00 E0", 16], ["40 00 E0", 4], ["44 00 E0", 12]] as const) {
    const { form, into } = run(64, bytes);
    assert.equal(registerOf(form.operands[1], into), source, bytes);
  }
  const high = run(64, "B7 01");
  assert.equal(registerOf(high.form.operands[0], high.into), 19);
});

test("rows that fit the same bytes equally well are refused", () => {
  assert.throws(() => completeTable(compileTable(expandForms([define("one", "0F AA /r r32 r/m32"), define("two", "0F AA /r r32 rm32")]))), /the same bytes/);
  completeTable(compileTable(ALL));
});
