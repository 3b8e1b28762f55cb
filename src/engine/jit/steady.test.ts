import assert from "node:assert/strict";
import test from "node:test";
import { createDecoded, decode, DECODED } from "../../isa/decode.ts";
import { FORMS } from "../../isa/forms.ts";
import type { Instruction } from "./block.ts";
import { steadyRegisters } from "./steady.ts";

/** Numbers of the registers of interest that are steady in this code. */
function steady(hex: string, ...registers: number[]): number[] {
  const bytes = Uint8Array.from(hex.split(" "), (digits) => Number.parseInt(digits, 16)), list: Instruction[] = [];
  for (let offset = 0; offset < bytes.length;) {
    const decoded = createDecoded();
    assert.equal(decode(bytes, offset, bytes.length, 64, decoded), DECODED);
    list.push({ op: 0, offset, left: 0, form: FORMS[decoded.form], decoded, goto: false });
    offset += decoded.length;
  }
  const bits = steadyRegisters([list]);
  return registers.filter((register) => bits >> register & 1);
}

test("what is moved by constants, and made of what is, is steady", () => {
  // mov edx, 0; again: mov rax, rsi; add rax, 8; lea rcx, [rax + rdx * 8]; inc rdx; cmp rdx, rdi; jne again
  assert.deepEqual(steady("ba 00 00 00 00 48 89 f0 48 83 c0 08 48 8d 0c d0 48 ff c2 48 39 fa 75 ee", 0, 1, 2, 6, 7), [0, 1, 2, 6, 7]);
  assert.deepEqual(steady("48 8b 44 24 08", 0), [0]); // mov rax, [rsp + 8]
});

test("what comes from memory or from arithmetic is not, nor what is made of it", () => {
  assert.deepEqual(steady("48 8b 06 48 89 c1 48 8d 51 08", 0, 1, 2), []); // mov rax, [rsi]; mov rcx, rax; lea rdx, [rcx + 8]
  assert.deepEqual(steady("48 c1 e8 05 48 f7 e1 48 31 fb", 0, 2, 3), []); // shr rax, 5; mul rcx; xor rbx, rdi
  assert.deepEqual(steady("48 87 fe", 6, 7), []); // xchg rsi, rdi
});
