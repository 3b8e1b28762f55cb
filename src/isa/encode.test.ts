import assert from "node:assert/strict";
import test from "node:test";
import { createDecoded, decode, DECODED, DECODED_TRUNCATED, registerOf, type CodeSize, type Decoded } from "./decode.ts";
import { asm, assemble, encode } from "./encode.ts";
import { FORMS, validIn, type Form, type OperandForm } from "./forms.ts";
import { mem, register, REGISTERS, type Value } from "./registers.ts";
import { sampleValues, seeded } from "./sample.ts";

const text = (bytes: Uint8Array) => [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join(" ");

// bytes as GNU as and the manual have them
const { rax, rbx, eax, al, r8, r12, r13, spl, ah, xmm1, xmm9 } = REGISTERS;
for (const [expected, bytes] of [
  ["48 03 43 08", () => asm("add", rax, mem({ base: rbx, disp: 8 }))], ["4d 01 c4", () => asm("add", r12, r8)], ["83 c0 ff", () => asm("add", eax, 0xffff_ffff)],
  ["48 b8 78 56 34 12 ef cd ab 89", () => asm("mov", rax, 0x89ab_cdef_1234_5678n)], ["48 c7 c0 01 00 00 00", () => asm("mov", rax, 1)],
  ["41 54", () => asm("push", r12)], ["c3", () => asm("ret")], ["8a 25 10 00 00 00", () => asm("mov", ah, mem({ base: "rip", disp: 16 }))],
  ["40 88 c4", () => asm("mov", spl, al)], ["4b 89 44 65 00", () => asm("mov", mem({ base: r13, index: r12, scale: 2 }), rax)],
  ["f2 44 0f 58 c9", () => asm("addsd", xmm9, xmm1)], ["66 ff 00", () => asm("inc", mem({ base: rax, width: 16 }))],
  ["89 04 25 00 10 00 00", () => asm("mov", mem({ disp: 0x1000 }), eax)], ["66 b8 34 12 00 00", () => assemble("mov", [eax, 0x1234], { mode: 16 })],
  ["f0 48 01 03", () => assemble("add", [mem({ base: rbx }), rax], { lock: true })],
] as const) test(`assembles ${expected}`, () => assert.equal(text(bytes()), expected));

test("what cannot be encoded is refused", () => {
  assert.throws(() => asm("mov", ah, register("r8b")), /no form of mov/);
  assert.throws(() => assemble("mov", [rax, rbx], { mode: 32 }), /no form of mov/);
  assert.throws(() => asm("add", rax, 0x1_0000_0000n), /no form of add/);
});

const half = (low: number, high: number) => BigInt(high) << 32n | BigInt(low >>> 0);

/** What the decoder made of an operand, in the encoder's terms. */
function decodedOperand(operand: OperandForm, decoded: Decoded, mode: CodeSize): unknown {
  if (operand.from === "second") return BigInt(decoded.second);
  if (operand.kind === "imm" || operand.kind === "rel") return half(decoded.immLow, decoded.immHigh);
  if (operand.kind !== "mem") return registerOf(operand, decoded);
  const disp = half(decoded.dispLow, decoded.dispHigh);
  return { base: decoded.base, index: decoded.index, scale: decoded.index === 16 ? 0 : decoded.scale, disp: BigInt.asUintN(decoded.addressWidth, disp), width: decoded.addressWidth, mode };
}

function givenOperand(operand: OperandForm, value: Value | undefined, mode: CodeSize): unknown {
  if (typeof value !== "object") return BigInt(value!);
  if (value.kind !== "mem") return value.number;
  const width = value.addressWidth ?? mode;
  const base = value.base === "rip" ? 17 : value.base?.number ?? 16;
  const index = value.index?.number ?? 16;
  return { base, index, scale: index === 16 || width === 16 ? 0 : Math.log2(value.scale ?? 1), disp: BigInt.asUintN(width, BigInt(value.disp ?? 0)), width, mode };
}

/** XCHG of the accumulator with itself is NOP's encoding. */
const isOther = (form: Form, values: readonly (Value | undefined)[]) => form.mnemonic === "xchg" && form.opcode === 0x90 && (values[0] as { number: number }).number === 0;

for (const mode of [16, 32, 64] as const) test(`decode undoes encode for every form in ${mode}-bit code`, () => {
  const random = seeded(mode), decoded = createDecoded();
  for (const form of FORMS) {
    if (!validIn(form, mode)) continue;
    for (let round = 0; round < 40; round++) {
      const values = sampleValues(form, mode, random);
      if (isOther(form, values)) continue;
      const bytes = encode(form, values, { mode });
      const where = `${form.name} [${form.row}] ${text(bytes)}`;
      assert.equal(decode(bytes, 0, bytes.length, mode, decoded), DECODED, where);
      assert.equal(FORMS[decoded.form].name, form.name, where);
      assert.equal(decoded.form, form.id, where);
      assert.equal(decoded.length, bytes.length, where);
      if (round === 0) for (let end = 0; end < bytes.length; end++) assert.equal(decode(bytes, 0, end, mode, decoded), DECODED_TRUNCATED, `${where} up to ${end}`);
      if (round === 0) decode(bytes, 0, bytes.length, mode, decoded);
      for (const operand of form.operands) {
        if (operand.from === "fixed") continue;
        assert.deepEqual(decodedOperand(operand, decoded, mode), givenOperand(operand, values[operand.slot], mode), where);
      }
    }
  }
});
