import assert from "node:assert/strict";
import test from "node:test";
import { DATA, PAGE, pristineByte, type Outcome } from "../../conformance/rows/case.ts";
import { DATA_END, flagWords, openSingles, registerOf, type Registers } from "../../conformance/single.ts";
import { assemble } from "../encode.ts";

const PF = 14, DF = 0x400n;
const WINDOW = 1024;
const machines = await openSingles();
/** The code of a string instruction. */
const string = (mnemonic: string, rep?: "rep" | "repne", address32 = false) => [...(address32 ? [0x67] : []), ...assemble(mnemonic, [], rep === undefined ? {} : { rep })];
const registersOf = (outcome: Outcome) => ["rcx", "rsi", "rdi"].map((name) => registerOf(outcome, name as "rcx"));
const counting = (length: number) => Uint8Array.from({ length }, (_, index) => index % 251);

for (const { name, run } of machines) {
  for (const [mnemonic, bytes] of [["movsb", 1], ["movsw", 2], ["movsd", 4], ["movsq", 8]] as const) for (const [what, distance, down] of [
    ["apart", 512, false], ["onto itself", 0, false], ["over the bytes behind it, one by one", bytes, false], ["over the bytes before it", -bytes, false], ["by an odd distance", 3, false],
    ["apart, downwards", 512, true], ["over the bytes before it, downwards", -bytes, true], ["over the bytes behind it, downwards", 3, true],
  ] as const) test(`rep ${mnemonic} ${what} (${name})`, () => {
    const count = 24, start = counting(WINDOW), expected = Uint8Array.from(start);
    const step = down ? -bytes : bytes, from = 256;
    for (let index = 0; index < count; index++) expected.copyWithin(from + distance + index * step, from + index * step, from + index * step + bytes);
    const at = DATA + 0xd00; // a page border is inside
    const outcome = run({ code: string(mnemonic, "rep"), at, bytes: start, rflags: down ? DF : 0n, registers: { rcx: count, rsi: at + from, rdi: at + from + distance } });
    assert.equal(outcome.status, "reached");
    assert.deepEqual(registersOf(outcome), [0n, BigInt(at + from + count * step), BigInt(at + from + distance + count * step)]);
    assert.deepEqual(outcome.bytes, expected);
  });

  // the last whole element before the missing page is done, and registers say so
  for (const [mnemonic, bytes, before, done, read] of [
    ["stosb", 1, 10, 10, false], ["stosq", 8, 40, 5, false], ["stosq", 8, 43, 5, false], ["stosd", 4, 7, 1, false], ["lodsb", 1, 9, 9, true], ["lodsq", 8, 20, 2, true],
    ["scasb", 1, 12, 12, true], ["scasw", 2, 5, 2, true],
  ] as const) test(`rep ${mnemonic} ${before} bytes before the end faults after ${done} elements (${name})`, () => {
    const at = DATA_END - WINDOW, start = Uint8Array.from({ length: WINDOW }, () => 0x77);
    const pointer = mnemonic.startsWith("lods") ? "rsi" : "rdi";
    const outcome = run({ code: string(mnemonic, mnemonic.startsWith("scas") ? "repne" : "rep"), at, bytes: start, registers: { rax: 0x0102_0304_0506_0708n, rcx: 1000, [pointer]: DATA_END - before } });
    const second = BigInt(DATA_END - before + done * bytes);
    assert.deepEqual([outcome.status, outcome.vector, outcome.errorCode, outcome.cr2], ["fault", PF, read ? 4 : 6, second > BigInt(DATA_END) ? second : BigInt(DATA_END)]);
    assert.deepEqual([registerOf(outcome, "rcx"), registerOf(outcome, pointer)], [BigInt(1000 - done), second]);
    const expected = Uint8Array.from(start), stored = [8, 7, 6, 5, 4, 3, 2, 1];
    if (!read) for (let index = 0; index < done * bytes; index++) expected[WINDOW - before + index] = stored[index % bytes]!;
    assert.deepEqual(outcome.bytes, expected);
  });

  for (const [mnemonic, done, extra] of [["scasb", 5, 0], ["scasd", 3, 2], ["scasb", 0, 0], ["cmpsb", 5, 0], ["cmpsq", 4, 6], ["cmpsw", 0, 1]] as const) {
    test(`repne ${mnemonic} that faults after ${done} elements has the flags of the last comparison (${name})`, () => {
      const width = { b: 1, w: 2, d: 4, q: 8 }[mnemonic.at(-1)!]!, first = DATA_END - extra - done * width, bytes = new Uint8Array(WINDOW).fill(0x17);
      const from = (rep: "repne" | undefined, element: number) => run({
        code: string(mnemonic, rep), at: DATA_END - WINDOW, bytes, rflags: 0x802n,
        registers: { rax: 0n, rcx: 1000, ...(mnemonic.startsWith("scas") ? { rdi: first + element * width } : { rsi: first + element * width, rdi: DATA + element * width }) },
      });
      const outcome = from("repne", 0);
      assert.deepEqual([outcome.status, registerOf(outcome, "rcx")], ["fault", BigInt(1000 - done)]);
      assert.equal(flagWords(outcome), done === 0 ? "OF" : flagWords(from(undefined, done - 1)));
    });
  }

  for (const [what, source, target, count, done, read] of [
    ["source", DATA_END - 100, DATA + 64, 300, 100, true], ["destination", DATA + 64, DATA_END - 100, 300, 100, false],
  ] as const) test(`rep movsb faults where its ${what} ends (${name})`, () => {
    const outcome = run({ code: string("movsb", "rep"), at: DATA, bytes: counting(WINDOW), registers: { rcx: count, rsi: source, rdi: target } });
    assert.deepEqual([outcome.status, outcome.vector, outcome.errorCode, outcome.cr2], ["fault", PF, read ? 4 : 6, BigInt(DATA_END)]);
    assert.deepEqual(registersOf(outcome), [BigInt(count - done), BigInt(source + done), BigInt(target + done)]);
    const expected = counting(WINDOW);
    if (read) for (let index = 0; index < done; index++) expected[64 + index] = pristineByte(2 * PAGE - 100 + index);
    assert.deepEqual(outcome.bytes, expected);
  });

  for (const [mnemonic, rep, count, left, flags] of [
    ["cmpsb", "rep", 20, 12, "CF AF SF"], ["cmpsb", "repne", 20, 19, "PF ZF"], ["cmpsb", "rep", 4, 0, "PF ZF"], ["cmpsw", "rep", 8, 4, "CF AF SF"], ["cmpsb", "rep", 0, 0, "CF ZF"],
  ] as const) test(`${rep} ${mnemonic} of ${count} (${name})`, () => {
    const start = counting(WINDOW), at = DATA + PAGE - 260; // the second string lies behind the page border
    start.copyWithin(256, 0, 64);
    start[256 + 7] = 0x18; // 7 there
    const width = mnemonic === "cmpsb" ? 1 : 2, done = count - left;
    const outcome = run({ code: string(mnemonic, rep), at, bytes: start, rflags: 0x41n, registers: { rcx: count, rsi: at, rdi: at + 256 } });
    assert.deepEqual(registersOf(outcome), [BigInt(left), BigInt(at + done * width), BigInt(at + 256 + done * width)]);
    if (mnemonic === "cmpsb") assert.equal(flagWords(outcome, done === 8 ? "PF" : ""), flags);
  });

  for (const [mnemonic, rep, rax, count, left, flags] of [
    ["scasb", "repne", 0x35n, 100, 100 - 0x36, "PF ZF"], ["scasb", "rep", 0n, 100, 98, "CF PF AF SF"], ["scasd", "repne", 0x0b0a_0908n, 100, 97, "PF ZF"], ["scasb", "repne", 0xffn, 5, 0, "PF SF"],
  ] as const) test(`${rep} ${mnemonic} for ${rax.toString(16)} (${name})`, () => {
    const at = DATA + PAGE - 0x30;
    const outcome = run({ code: string(mnemonic, rep), at, bytes: counting(WINDOW), registers: { rax, rcx: count, rdi: at } });
    const width = mnemonic === "scasd" ? 4 : 1;
    assert.deepEqual([registerOf(outcome, "rcx"), registerOf(outcome, "rdi")], [BigInt(left), BigInt(at + (count - left) * width)]);
    assert.equal(flagWords(outcome, rax === 0xffn ? "PF" : ""), rax === 0xffn ? "SF" : flags);
  });

  const high: Registers = { rcx: 0x5_0000_0003n, rsi: 0x7_0000_0000n + BigInt(DATA), rdi: 0x9_0000_0000n + BigInt(DATA + 64) };
  test(`32-bit addresses use and leave 32 bits of the registers (${name})`, () => {
    const outcome = run({ code: string("movsd", "rep", true), at: DATA, bytes: counting(128), registers: high });
    assert.deepEqual(registersOf(outcome), [0n, BigInt(DATA + 12), BigInt(DATA + 76)]);
  });
  test(`a count of zero leaves the registers whole (${name})`, () => {
    const outcome = run({ code: string("movsd", "rep", true), at: DATA, bytes: counting(128), registers: { ...high, rcx: 0x5_0000_0000n } });
    assert.deepEqual(registersOf(outcome), [0x5_0000_0000n, high.rsi, high.rdi]);
  });
  test(`lods writes as much of RAX as it loads (${name})`, () => {
    const load = (mnemonic: string) => registerOf(run({ code: string(mnemonic), at: DATA, bytes: [0x91, 0x82, 0x73, 0x64, 0x55, 0x46, 0x37, 0x28], registers: { rax: 0xffff_ffff_ffff_ffffn, rsi: DATA } }), "rax");
    assert.deepEqual(["lodsb", "lodsw", "lodsd", "lodsq"].map(load), [0xffff_ffff_ffff_ff91n, 0xffff_ffff_ffff_8291n, 0x6473_8291n, 0x2837_4655_6473_8291n]);
  });
}
