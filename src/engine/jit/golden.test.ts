// What the compiler makes of patterns that matter, as text beside this file: golden/NAME.wat. `npm run golden` writes them anew; then the
// diff shows what a change of the compiler means.

import assert from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import test from "node:test";
import { fileURLToPath } from "node:url";
import { createBare } from "../../conformance/bare.ts";
import { createJit } from "./index.ts";

interface Pattern {
  /** x86, as the listing in the file shows it */
  code: string;
  /** entries until a block is compiled: blocks that have been taken are known to each other */
  threshold?: number;
  registers?: Readonly<Record<string, number>>;
  mxcsr?: bigint;
}

const PATTERNS: Readonly<Record<string, Pattern>> = {
  // again: add rax, rcx; dec ecx; jnz again; hlt
  "counted loop": { code: "48 01 c8 ff c9 75 f9 f4", registers: { rcx: 20 } },
  // again: inc rax; cmp rax, rbx; jl again; hlt
  "comparison and jump": { code: "48 ff c0 48 39 d8 7c f8 f4", registers: { rax: 0, rbx: 20 } },
  // jmp again; callee: lea rax, [rax + rcx]; ret; again: call callee; dec ecx; jnz again; hlt
  "call and return": { code: "eb 05 48 8d 04 08 c3 e8 f6 ff ff ff ff c9 75 f7 f4", threshold: 4, registers: { rcx: 20 } },
  // again: add rax, [rsi]; add rsi, 8; dec ecx; jnz again; hlt
  "loads of a stream": { code: "48 03 06 48 83 c6 08 ff c9 75 f5 f4", registers: { rcx: 20, rsi: 0x40000 } },
  // again: mov rax, [rbx]; add [rbx + 8], rax; mov [rbx + 16], eax; dec ecx; jnz again; hlt
  "fields of one object": { code: "48 8b 03 48 01 43 08 89 43 10 ff c9 75 f2 f4", registers: { rcx: 20, rbx: 0x40000 } },
  // again: push rcx; push rax; pop rdx; pop rcx; dec ecx; jnz again; hlt
  "stack": { code: "51 50 5a 59 ff c9 75 f8 f4", registers: { rcx: 20 } },
  // again: mov edi, ebx; mov ecx, 64; rep stosb; dec edx; jnz again; hlt
  "string instruction": { code: "89 df b9 40 00 00 00 f3 aa ff ca 75 f3 f4", registers: { rdx: 20, rbx: 0x40000 } },
  // again: addsd xmm0, xmm1; mulsd xmm0, xmm2; subsd xmm0, xmm1; dec ecx; jnz again; hlt
  "chain of scalar floating point": { code: "f2 0f 58 c1 f2 0f 59 c2 f2 0f 5c c1 ff c9 75 f0 f4", registers: { rcx: 20 }, mxcsr: 0x1fa0n },
  // again: movapd xmm0, [rsi]; mulpd xmm0, xmm1; addpd xmm2, xmm0; add rsi, 16; dec ecx; jnz again; hlt
  "packed floating point": { code: "66 0f 28 06 66 0f 59 c1 66 0f 58 d0 48 83 c6 10 ff c9 75 ec f4", registers: { rcx: 20, rsi: 0x40000 }, mxcsr: 0x1fa0n },
  // again: add rax, rbx; xor rdx, rax; and rsi, rdx; shl rdx, 3; dec ecx; jnz again; hlt
  "flags that nobody reads": { code: "48 01 d8 48 31 c2 48 21 d6 48 c1 e2 03 ff c9 75 ef f4", registers: { rcx: 20 } },
  // again: add rax, rbx; adc rdx, 0; dec ecx; jnz again; hlt
  "carry": { code: "48 01 d8 48 83 d2 00 ff c9 75 f5 f4", registers: { rcx: 20 } },
  // lea rbx, [case0]; again: mov eax, ecx; and eax, 1; lea rax, [rbx + rax * 4]; jmp rax; case0: inc edx; jmp on; case1: inc esi; jmp on; on: dec ecx; jnz again; hlt
  "indirect jump": { code: "48 8d 1d 0b 00 00 00 89 c8 83 e0 01 48 8d 04 83 ff e0 ff c2 eb 04 ff c6 eb 00 ff c9 75 e9 f4", threshold: 4, registers: { rcx: 40 } },
  // again: mov eax, 1000; xor edx, edx; div ebx; imul eax, edx; dec ecx; jnz again; hlt
  "multiply and divide": { code: "b8 e8 03 00 00 31 d2 f7 f3 0f af c2 ff c9 75 f0 f4", registers: { rcx: 20, rbx: 7 } },
};

const folder = fileURLToPath(new URL("../../../src/engine/jit/golden/", import.meta.url));
const fileOf = (name: string) => path.join(folder, `${name.replaceAll(" ", "-")}.wat`);
const wasm = (file: string) => new WebAssembly.Module(readFileSync(new URL(file, import.meta.url)));
const modules = { core: wasm("../core/core.wasm"), interp: wasm("interp.wasm") };

/** Numbers that depend on where things lie in memory or in the state: what they mean is in the comments. */
const withoutPlaces = (text: string) => text.replaceAll(/offset=\d+ (?=\(;)/g, "").replaceAll(/\d+ (?=\(;\w+ at )/g, "").replaceAll(/\(i32\.const [1-9]\d{6,}\)/g, "(i32.const (;address;))");

/** The newest region of a pattern that has been executed to its end, and the module's text. */
function compile({ code, threshold = 2, registers = {}, mxcsr = 0x1f80n }: Pattern): string {
  let newest = "";
  const bare = createBare(createJit(modules, { threshold, trace: (_, text) => { newest = text(); } }), "long");
  bare.load(code.split(" ").map((byte) => parseInt(byte, 16)));
  bare.set({ rsp: 0x7000, rflags: 2, ...registers });
  bare.vcpu.state.writeField("mxcsr", mxcsr);
  assert.equal(bare.vcpu.run(1_000_000).reason, "hlt");
  assert.notEqual(newest, "", "nothing was compiled");
  return withoutPlaces(newest);
}

const writing = process.env.NVL_GOLDEN === "write";
if (writing) {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
}
for (const [name, pattern] of Object.entries(PATTERNS)) test(`${name}: compiled as before`, () => {
  const text = compile(pattern), file = fileOf(name);
  if (writing) writeFileSync(file, text);
  assert.ok(existsSync(file), "npm run golden");
  assert.equal(text, readFileSync(file, "utf8"), "npm run golden writes what is made now");
});

test("each file belongs to a pattern", () => assert.deepEqual(readdirSync(folder).sort(), Object.keys(PATTERNS).map((name) => path.basename(fileOf(name))).sort()));
