// The decoder against iced-x86, which we did not write: validity, length and mnemonic of random byte strings that lean towards real opcodes.
// `npm run fuzz` runs the same with NVL_FUZZ_SECONDS set.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import { Code, CpuidFeature, Decoder, DecoderOptions, Instruction, Mnemonic } from "iced-x86";
import { createDecoded, decode, DECODED, type CodeSize } from "./decode.ts";
import { FORMS } from "./forms.ts";
import { seeded, type Random } from "./sample.ts";

const CASES = 1_000_000, SLOT = 16, REAL_BYTES = 4 << 20;
const SECONDS = Number(process.env.NVL_FUZZ_SECONDS ?? 0);

type Feature = keyof typeof CpuidFeature;
const FEATURES = Object.keys(CpuidFeature).filter((name): name is Feature => Number.isNaN(Number(name)));

/** What iced knows and NVL does not have: must be #UD here. Everything that is not in this list must decode. */
const ABSENT: readonly Feature[] = [
  // vector and bit extensions after SSE4.2
  "AVX", "AVX2", "F16C", "FMA", "FMA4", "XOP", "GFNI", "VAES", "VPCLMULQDQ", "SSE4A", "TBM", "BMI1", "BMI2", "ADX", "CMPCCXADD", "RAO_INT",
  "SHA512", "SM3", "SM4", "KNC", ...FEATURES.filter((name) => /^(AVX512|AVX_|AMX_)/.test(name)),
  // other makers'
  "D3NOW", "D3NOWEXT", "LWP", "CENTAUR_AIS", "CLZERO", "MCOMMIT", "MONITORX", "RDPRU", ...FEATURES.filter((name) => /^(CYRIX_|PADLOCK_)/.test(name)),
  // virtualization, enclaves, encryption by the platform, system management
  "VMX", "INVEPT", "INVVPID", "SVM", "SKINIT", "SKINIT_or_SVM", "SEV_ES", "SEV_SNP", "RMPQUERY", "INVLPGB", "SMX", "SGX1", "OSS", "PCONFIG", "TDX", "TSE", "SMM",
  // transactions, control-flow enforcement, protection keys, tracing, key locker, user interrupts, new event delivery
  "RTM", "HLE_or_RTM", "TSXLDTRK", "CET_SS", "CET_IBT", "PKU", "PTWRITE", "UDBG", "HRESET", "KL", "AESKLE", "WIDE_KL", "UINTR", "FRED", "LKGS",
  // cache lines written back, device stores, waiting in user mode, the rest
  "CLFLUSHOPT", "CLWB", "SERIALIZE", "RDPID", "MOVDIRI", "MOVDIR64B", "ENQCMD", "WAITPKG", "MSRLIST", "WRMSRNS",
];

const options = DecoderOptions.NoMPFX_0FBC | DecoderOptions.NoMPFX_0FBD | DecoderOptions.NoWbnoinvd;
const absent = new Set(ABSENT.map((name) => CpuidFeature[name]));

/** iced's mnemonic or code, where ours is another word for the same. */
const WORDS: Record<string, string> = {
  // one instruction here, its name depends on operand or address size there
  pushad: "pusha", popad: "popa", jcxz: "jrcxz", jecxz: "jrcxz", pushfd: "pushf", pushfq: "pushf", popfd: "popf", popfq: "popf",
  sal: "shl", pcmpestri64: "pcmpestri", pcmpestrm64: "pcmpestrm",
  // hints that processors without the feature take as NOP (SDM 2B, NOP; AMD64 APM 3, PREFETCHlevel)
  prefetchit0: "reservednop", prefetchit1: "reservednop", cldemote: "reservednop", rdsspd: "reservednop", rdsspq: "reservednop",
  endbr32: "endbr32", endbr64: "endbr64",
};

/** Known differences, and why ours is right. */
const DEVIATIONS: readonly (readonly [iced: RegExp, ours: string, why: string])[] = [
  [/^Pause$/, "xchg", "F3 90 with REX.B exchanges with R8: seen on an AMD EPYC"],
  [/^Reservednop_rm.._r.._0F0D$/, "invalid", "0F 0D with a register: #UD on an AMD EPYC, a NOP on Intel's"],
];

const PREFIXES = [0x66, 0x67, 0xf0, 0xf2, 0xf3, 0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65];

/** Fills one slot: a few prefixes, an opcode of any map, random bytes after it. */
function fill(code: Uint8Array, at: number, random: Random): void {
  for (let index = 0; index < SLOT; index++) code[at + index] = random(256);
  const end = at + SLOT;
  for (let count = [0, 0, 0, 1, 1, 2, 3, random(16)][random(8)]; count > 0 && at < end; count--) code[at++] = PREFIXES[random(PREFIXES.length)];
  if (random(3) === 0 && at < end) code[at++] = 0x40 + random(16);
  if (random(4) !== 0 && at < end) {
    code[at++] = 0x0f;
    if (random(3) === 0 && at < end) code[at++] = random(2) ? 0x38 : 0x3a;
  }
}

interface Difference { count: number; example: string }

/** Decodes from 0 on with both. `next` says where to go on. */
function compare(mode: CodeSize, code: Uint8Array, next: (at: number, length: number) => number): string[] {
  const differences = new Map<string, Difference>();
  const decoder = new Decoder(mode, code, options), instruction = new Instruction(), decoded = createDecoded();
  const names: (string | undefined)[] = [];
  for (let at = 0; at + SLOT <= code.length; at = next(at, instruction.length)) {
    decoder.position = at;
    decoder.decodeOut(instruction);
    let name = names[instruction.code];
    if (name === undefined) {
      const word = Mnemonic[instruction.mnemonic].toLowerCase();
      const other = WORDS[word] ?? WORDS[Code[instruction.code]];
      name = other ?? (instruction.code === Code.INVALID || [...instruction.cpuidFeatures()].some((feature) => absent.has(feature)) ? "invalid" : word);
      names[instruction.code] = name;
    }
    const status = decode(code, at, at + SLOT, mode, decoded);
    const ours = status === DECODED ? FORMS[decoded.form].mnemonic : "invalid";
    if (ours === name && (status !== DECODED || decoded.length === instruction.length)) continue;
    if (DEVIATIONS.some(([iced, other]) => iced.test(Code[instruction.code]) && other === ours)) continue;
    const what = ours !== name ? `iced ${name} (${Code[instruction.code]}), ours ${ours}` : `${name}: iced ${instruction.length} bytes, ours ${decoded.length}`;
    const known = differences.get(what);
    if (known) known.count++;
    else differences.set(what, { count: 1, example: [...code.subarray(at, at + Math.max(instruction.length, 1))].map((byte) => byte.toString(16).padStart(2, "0")).join(" ") });
  }
  decoder.free();
  instruction.free();
  return [...differences].sort((a, b) => b[1].count - a[1].count).map(([what, { count, example }]) => `${what} ×${count}: ${example}`);
}

for (const mode of [16, 32, 64] as const) test(`agrees with iced-x86 on random bytes in ${mode}-bit code`, () => {
  const started = Date.now();
  const random = seeded(SECONDS ? started : mode);
  do {
    const code = new Uint8Array(CASES * SLOT);
    for (let at = 0; at < code.length; at += SLOT) fill(code, at, random);
    assert.deepEqual(compare(mode, code, (at) => at + SLOT), []);
  } while (Date.now() - started < SECONDS * 1000 / 3);
});

/** The .text section of a 64-bit ELF file (System V ABI, Sections). */
function textOf(file: Buffer): Uint8Array {
  const number = (at: number) => Number(file.readBigUInt64LE(at));
  const headers = number(0x28), count = file.readUInt16LE(0x3c), names = number(headers + file.readUInt16LE(0x3e) * 64 + 0x18);
  for (let at = headers; at < headers + count * 64; at += 64) {
    const name = names + file.readUInt32LE(at);
    if (file.toString("latin1", name, name + 6) === ".text\0") return file.subarray(number(at + 0x18), number(at + 0x18) + number(at + 0x20));
  }
  return new Uint8Array(0);
}

test("agrees with iced-x86 on the code of the Node.js that runs this", { skip: process.arch !== "x64" || process.platform !== "linux" }, () => {
  const code = Uint8Array.from(textOf(readFileSync(process.execPath)).subarray(0, REAL_BYTES));
  assert.ok(code.length > 0);
  assert.deepEqual(compare(64, code, (at, length) => at + Math.max(length, 1)), []);
});
