// An instruction whose access faults on the second of two pages leaves nothing behind: no register, no flag, no byte of the first page.

import assert from "node:assert/strict";
import test from "node:test";
import { DATA, pristineByte } from "../../conformance/rows/case.ts";
import { DATA_END, flagBits, openSingles, type Registers } from "../../conformance/single.ts";
import { assemble, type EncodeOptions } from "../encode.ts";
import { mem, REGISTERS, type Value } from "../registers.ts";

const { rax, eax, rcx, ecx, rsp } = REGISTERS;
const PF = 14, WRITE = 2, USER = 4;
/** An operand of so many bits that begins so many bytes before the end. */
const at = (before: number, width?: number) => mem({ disp: DATA_END - before, ...(width === undefined ? {} : { width }) });
const stack = (before: number): Registers => ({ rsp: DATA_END - before });

const facts: readonly (readonly [what: string, access: "read" | "write", code: readonly [string, readonly Value[], EncodeOptions?], registers?: Registers])[] = [
  ["mov", "write", ["mov", [at(4), rax]]], ["mov of a constant", "write", ["mov", [at(1, 16), 0x1234]]], ["mov", "read", ["mov", [rax, at(7)]]],
  ["add", "write", ["add", [at(1), ecx]]], ["lock add", "write", ["add", [at(3), rcx], { lock: true }]], ["add", "read", ["add", [rcx, at(5)]]], ["adc", "write", ["adc", [at(2), rcx]]],
  ["inc", "write", ["inc", [at(1, 32)]]], ["not", "write", ["not", [at(1, 64)]]], ["neg", "write", ["neg", [at(2, 32)]]], ["shl by 0", "write", ["shl", [at(2, 32), 0]]], ["rcl", "write", ["rcl", [at(1, 16), 3]]],
  ["shld", "write", ["shld", [at(3), eax, 5]]], ["xchg", "write", ["xchg", [at(4), rcx]]], ["xadd", "write", ["xadd", [at(4), rcx]]],
  ["cmpxchg that is equal", "write", ["cmpxchg", [at(1), ecx]]], ["cmpxchg8b", "write", ["cmpxchg8b", [at(4)]]], ["bts", "write", ["bts", [at(2, 32), 31]]],
  ["bts of a bit beyond", "write", ["bts", [mem({ disp: DATA_END - 60 }), rcx]], { rcx: 8 * 61 }], ["bt of a bit beyond", "read", ["bt", [mem({ disp: DATA_END + 58 }), ecx]], { rcx: -8 * 60 }],
  ["movbe", "write", ["movbe", [at(3), eax]]], ["cmovne that is not taken", "read", ["cmovne", [eax, at(2)]]], ["mul", "read", ["mul", [at(4, 64)]]], ["div", "read", ["div", [at(4, 64)]]],
  ["push", "write", ["push", [rax]], stack(-4)], ["push of memory", "read", ["push", [at(4, 64)]]], ["push of memory", "write", ["push", [mem({ disp: DATA + 64, width: 64 })]], stack(-2)],
  ["pop", "read", ["pop", [rax]], stack(4)], ["pop rsp", "read", ["pop", [rsp]], stack(1)], ["pop to memory", "write", ["pop", [at(2, 64)]], { rsp: DATA + 128 }],
  ["pop to memory below the stack pointer", "write", ["pop", [mem({ base: rsp, disp: 0x7f0, width: 64 })]], { rsp: DATA_END - 0x7fc }],
  ["call", "write", ["call", [0x100]], stack(-1)], ["ret", "read", ["ret", []], stack(7)], ["ret 16", "read", ["ret", [16]], stack(7)], ["pushf", "write", ["pushf", []], stack(-4)], ["popf", "read", ["popf", []], stack(3)],
  ["leave", "read", ["leave", []], { rbp: DATA_END - 1 }], ["enter", "write", ["enter", [0, 0]], stack(-6)], ["enter whose own frame is beyond", "write", ["enter", [16, 2]], { rsp: DATA_END + 8, rbp: DATA + 512 }],
  ["movsq", "read", ["movsq", []], { rsi: DATA_END - 4, rdi: DATA }], ["movsq", "write", ["movsq", []], { rsi: DATA, rdi: DATA_END - 4 }], ["stosw", "write", ["stosw", []], { rdi: DATA_END - 1 }],
  ["lodsd", "read", ["lodsd", []], { rsi: DATA_END - 3 }], ["cmpsd", "read", ["cmpsd", []], { rsi: DATA, rdi: DATA_END - 3 }], ["scasq", "read", ["scasq", []], { rdi: DATA_END - 7 }],
];

const machines = await openSingles();
for (const { name, run } of machines) for (const [what, access, [mnemonic, operands, options], given = {}] of facts)
  test(`${what} that faults as a ${access} leaves no trace (${name})`, () => {
    const bytes = Uint8Array.from({ length: 128 }, (_, index) => pristineByte(index + 2 * 4096 - 128));
    const registers: Registers = { rax: 0x1111_2222_3333_4444n, rcx: 0x55, rdx: 0x66, rbx: 0x77, rbp: DATA + 256, ...given };
    const flags = flagBits("CF AF ZF OF");
    const before = run({ code: [0x90], registers, rflags: flags, at: DATA_END - 128, bytes });
    const outcome = run({ code: assemble(mnemonic, operands, options), registers, rflags: flags, at: DATA_END - 128, bytes });
    assert.deepEqual([outcome.status, outcome.vector, outcome.cr2, outcome.errorCode], ["fault", PF, BigInt(DATA_END), access === "write" ? WRITE | USER : USER]);
    assert.deepEqual(outcome.gpr, before.gpr);
    assert.equal(outcome.rflags & 0xcd5n, before.rflags & 0xcd5n);
    assert.deepEqual(outcome.bytes, bytes);
    assert.equal(outcome.stray, 0);
  });
