// Writes random programs. They come to an end: loops count, what they jump over lies ahead, and who faults goes on behind. R15 points into
// the data and R14 counts nothing but is free; RSP is the stack's.

import { encode } from "../../isa/encode.ts";
import { FORMS, validIn, type Form } from "../../isa/forms.ts";
import { mem, REGISTERS, type Register, type Value } from "../../isa/registers.ts";
import { sampleValues } from "../../isa/sample.ts";
import { createRandom, float32, float64, integer64 } from "../random.ts";
import { comparable } from "../rows/generate.ts";
import { CODE, CODE_BYTES, COUNTERS, DATA, DATA_BYTES, MOST_MARKS, PAGE, RECOVER, STACK_TOP, SWAP, SWAP_BYTES, SWAP_PAGES, WORK, WORK_BYTES, type Program } from "./program.ts";

const BASE = WORK + 0x400; // R15
const RSP = 4, R15 = 15;

/** Not alone at random: they transfer control, use the stack or a register as an address, or differ in the last bit from CPU to CPU. */
const LEFT_OUT = /^(j|call|ret|retf|iret|int|into|loop|push|pop|enter|leave|sys|ud|lmsw|l[defgs]s$|lsl|lar|ver|str|sldt|std|cld|cli|sti|in[bwd]?$|ins|out|hlt|(movs|cmps|stos|lods|scas)[bwdq]$|xlat|maskmov|fn?stenv|fldenv|fn?save|frstor|fx(save|rstor)|xsave|xrstor|ldmxcsr|fldcw|fn?st[cs]w|rd[fg]s|wr[fg]s|rcp|rsqrt|fsin|fcos|fptan|fpatan|fyl2x|f2xm1|fscale|fprem|fxtract|clflush|prefetch|reservednop|arpl|bound|sha|shld|shrd|emms|swapgs|sidt|sgdt|lgdt|lidt|l[lt]|clts|invd|wbinvd|invlpg|invpcid|rdmsr|wrmsr|clac|stac|smsw)/;
const isPlain = (form: Form) => validIn(form, 64) && comparable(form) && !LEFT_OUT.test(form.mnemonic) && !form.undefinedDst && !form.attributes.has("cpl0")
  && form.operands.every(({ kind }) => !["rel", "sreg", "creg", "dreg"].includes(kind)) && form.operands.every(({ from }) => from !== "moffs")
  // a bit offset in a register leads anywhere
  && !(/^bt/.test(form.mnemonic) && form.operands[0].kind === "mem" && form.operands[1].kind === "reg");
const PLAIN = FORMS.filter(isPlain);
const GROUPS: Readonly<Record<string, readonly Form[]>> = {
  integer: PLAIN.filter(({ attributes }) => !attributes.has("sse") && !attributes.has("x87") && !attributes.has("mmx")),
  float: PLAIN.filter(({ attributes, mnemonic }) => attributes.has("sse") && /(s[sd]|p[sd])$|^cvt|^mov/.test(mnemonic)),
  vector: PLAIN.filter(({ attributes }) => attributes.has("sse") || attributes.has("mmx")),
  x87: PLAIN.filter(({ attributes }) => attributes.has("x87")),
  // what compilers make most of
  common: PLAIN.filter(({ mnemonic, size, width }) => /^(add|sub|adc|sbb|and|or|xor|cmp|test|inc|dec|neg|not|mov|movzx|movsxd?|lea|imul|shl|shr|sar|cmov..?|set..?)$/.test(mnemonic) && size !== 16 && (width >= 32 || mnemonic.startsWith("mov"))),
};

interface Label { at: number }
/** Register for sure: neither RSP nor R15, whatever its width calls them. */
const harmless = ({ kind, width, number }: Register) => kind !== "reg" || !(number === RSP || number === R15) || (width === 8 && number >= 16);

export function generateProgram(seed: number): Program {
  const random = createRandom(seed, "program");
  const code: number[] = [], marks: number[] = [], fixups: { at: number; label: Label; end: number }[] = [], patchable: number[] = [];
  const raw = (...bytes: readonly number[]) => { code.push(...bytes); };
  const little = (value: number | bigint, bytes: number) => Array.from({ length: bytes }, (_, index) => Number((BigInt.asUintN(64, BigInt(value)) >> BigInt(8 * index)) & 0xffn));
  const relative = (label: Label, behind = 0) => {
    fixups.push({ at: code.length, label, end: code.length + 4 + behind });
    raw(0, 0, 0, 0);
  };
  const here = (label: Label) => { label.at = code.length; };
  const label = (): Label => ({ at: -1 });
  /** [R15 + what leads to `address`] as ModRM and displacement; `reg` below 8 */
  const data = (reg: number, address: number) => [0x87 | reg << 3, ...little(address - BASE, 4)];
  const free = () => { for (;;) { const number = random.below(15); if (number !== RSP) return number; } };

  // -- what a program is made of

  /** Where to go on if `body` leaves the code and comes to nothing: behind it. */
  const guarded = (body: () => void) => {
    const after = label(), register = random.pick([0, 1, 2, 3, 6, 7]);
    raw(0x48, 0x8d, 0x05 | register << 3);
    relative(after);
    raw(0x49, 0x89, ...data(register, RECOVER));
    raw(0x49, 0x89, ...data(RSP, RECOVER + 8));
    body();
    here(after);
  };
  const operandOf = (form: Form, one: Value | undefined, slot: number): Value | undefined => {
    if (typeof one !== "object") return one;
    if (one.kind !== "mem") {
      if (harmless(one)) return one;
      const other = Object.values(REGISTERS).filter((candidate) => candidate.kind === one.kind && candidate.width === one.width && candidate.number < 15 && candidate.number !== RSP);
      return random.pick(other);
    }
    const bytes = form.operands[slot].memoryBytes || 16, aligned = bytes >= 16 ? (random.chance(96) ? 16 : 1) : random.chance(80) ? Math.min(8, bytes) : 1;
    const near = () => Math.floor(random.below(random.chance(70) ? 0x100 : WORK_BYTES - 0x440) / aligned) * aligned;
    switch (random.below(40)) {
      case 0: return mem({ base: REGISTERS.r15, disp: DATA + DATA_BYTES - BASE - random.below(24) }); // at the end of what there is
      case 1: return mem({ base: REGISTERS.r15, disp: PAGE - (BASE & (PAGE - 1)) - random.below(16) }); // across pages
      case 2: return mem({ base: REGISTERS.r15, disp: SWAP - BASE + 0x800 + near() % 0x700 + random.below(2) * PAGE });
      case 3: return mem({ base: REGISTERS.r15, disp: CODE - BASE + CODE_BYTES - 0x100 + random.below(0xe0) }); // data beside code
      case 4: return random.chance(10) ? mem({ base: REGISTERS.rsp, disp: -128 + random.below(8) * 8 }) : mem({ base: REGISTERS.rsp, disp: -64 });
      case 5: case 6: case 7: return mem({ base: REGISTERS.r15, index: REGISTERS.r14, scale: random.pick([1, 2, 4, 8]), disp: near() & 0x7f });
      default: return mem({ base: REGISTERS.r15, disp: near() });
    }
  };
  const plain = (group: string) => {
    const form = random.pick(GROUPS[group]);
    let bytes: Uint8Array;
    try {
      bytes = encode(form, sampleValues(form, 64, random.below).map((one, slot) => operandOf(form, one, slot)), { mode: 64, lock: form.attributes.has("lock") && random.chance(5) });
    } catch {
      return;
    }
    const indexed = bytes.length > 3 && form.operands.some(({ kind }) => kind === "mem");
    if (indexed) raw(0x41, 0x81, 0xe6, ...little(random.pick([0x38, 0x70, 0xf0]), 4)); // AND R14D
    raw(...bytes);
    // what a CPU leaves in flags that the manual does not define is its own affair
    if (form.undefinedFlags.length > 0) raw(random.pick([0x3d, 0x05, 0x2d, 0xa9]), ...little(integer64(random), 4));
  };
  const group = () => random.pick(["integer", "common", "common", "common", "float", "float", "vector", "x87"]);
  const some = (depth: number, most: number) => { for (let count = 1 + random.below(most); count > 0; count--) item(depth); };

  const skip = (depth: number) => { // over some of what follows
    const over = label(), condition = random.below(16);
    if (random.chance(60)) plain("common");
    raw(0x0f, 0x80 | condition);
    relative(over);
    some(depth + 1, 4);
    here(over);
  };
  let counters = 0;
  const loop = (depth: number) => {
    const again = label(), counter = COUNTERS + 4 * (counters++ % 40), wide = random.chance(50);
    raw(0x41, 0xc7, ...data(0, counter), ...little(2 + random.below(depth === 0 ? 30 : 8), 4));
    here(again);
    some(depth + 1, depth === 0 ? 14 : 6);
    marks.push(code.length);
    raw(0x41, ...(wide ? [0x83, ...data(5, counter), 1] : [0xff, ...data(1, counter)]));
    raw(0x0f, 0x85);
    relative(again);
  };
  const functions: Label[] = Array.from({ length: 4 }, label), tables: { at: number; labels: Label[] }[] = [];
  const call = () => {
    const target = random.pick(functions);
    switch (random.below(3)) {
      case 0: raw(0xe8); relative(target); break;
      case 1: raw(0x48, 0x8d, 0x05); relative(target); raw(0xff, 0xd0); break; // LEA RAX; CALL RAX
      default: { // from a table in the code, by what R14 is
        raw(0x44, 0x89, 0xf1, 0x83, 0xe1, 0x03, 0x48, 0x8d, 0x05); // MOV ECX, R14D; AND ECX, 3; LEA RAX, [table]
        const table = label();
        relative(table);
        raw(0xff, 0x14, 0xc8); // CALL [RAX + RCX * 8]
        tables.push({ at: 0, labels: [table, ...functions] });
      }
    }
  };
  const jumpTable = (depth: number) => {
    const table = label(), end = label(), cases = Array.from({ length: 4 }, label), register = free() & 7;
    raw(0x89, 0xc1 | register << 3, 0x83, 0xe1, 0x03, 0x48, 0x8d, 0x05); // MOV ECX, register; AND ECX, 3; LEA RAX, [table]
    relative(table);
    raw(0xff, 0x24, 0xc8); // JMP [RAX + RCX * 8]
    tables.push({ at: 0, labels: [table, ...cases] });
    for (const one of cases) {
      here(one);
      some(depth + 2, 2);
      raw(0xe9);
      relative(end);
    }
    here(end);
  };
  const string = () => {
    const place = () => WORK + 0x800 + random.below(0x1800), backwards = random.chance(25);
    raw(0xbf, ...little(place(), 4), 0xbe, ...little(random.chance(85) ? place() : SWAP + 0x700 + random.below(0x1000), 4)); // MOV EDI; MOV ESI
    raw(0xb9, ...little(backwards || random.chance(80) ? random.below(40) : random.below(0x300), 4), backwards ? 0xfd : 0xfc); // MOV ECX; STD or CLD
    const opcode = random.pick([0xa4, 0xa6, 0xaa, 0xac, 0xae]) + random.below(2);
    raw(...(random.chance(80) ? [random.pick([0xf2, 0xf3])] : []), ...random.pick([[], [0x48], [0x66]]).flatMap((byte) => byte), opcode);
    marks.push(code.length);
    raw(0xfc);
  };
  const rounding = () => {
    const masks = random.chance(70) ? 0x1f80 : random.below(64) << 7;
    const mxcsr = masks | random.below(4) << 13 | (random.chance(15) ? 0x8000 : 0) | (random.chance(15) ? 0x40 : 0) | (random.chance(50) ? 0x20 : 0);
    raw(0x41, 0xc7, ...data(0, WORK), ...little(mxcsr, 4), 0x41, 0x0f, 0xae, ...data(2, WORK));
  };
  const control87 = () => raw(0x41, 0xc7, ...data(0, WORK), ...little(0x7f | random.below(4) << 10 | random.pick([0, 0x200, 0x300]), 4), 0x41, 0xd9, ...data(5, WORK));
  const fault = () => {
    const register = random.below(4);
    switch (random.below(6)) {
      case 0: raw(0x41, 0x8b, ...data(register, DATA + DATA_BYTES + random.below(0x1000))); break;
      case 1: raw(0x41, 0x89, ...data(register, DATA + DATA_BYTES - random.below(3))); break;
      case 2: raw(0x31, 0xc9, 0xf7, 0xf1); break; // XOR ECX, ECX; DIV ECX
      case 3: raw(0x48, 0xb9, ...little(0x8000_1234_5678_0000n, 8), 0x48, 0x8b, 0x01); break; // MOV RAX, [not canonical]
      case 4: raw(0x0f, 0xff, 0xc0); break; // UD0
      default: guarded(() => raw(0x48, 0xb9, ...little(BigInt(DATA + DATA_BYTES + 8), 8), 0xff, 0xe1)); // JMP to where nothing is
    }
  };
  /** Changes an immediate or an opcode, here or elsewhere, that is executed sooner or later. */
  const modify = () => {
    raw(0xb0 | random.below(4), random.below(256)); // MOV reg8, imm8: may be changed itself
    patchable.push(code.length - 1);
    const target = random.pick(patchable);
    const where = label();
    where.at = target;
    raw(0xc6, 0x05);
    relative(where, 1);
    raw(random.below(256)); // MOV BYTE [target], imm8
    if (random.chance(60)) {
      // INC or DEC of a register, one of which becomes the other
      const number = random.below(4), opcode = label();
      raw(0x80, 0x35); // XOR BYTE [ModRM of it], 8
      relative(opcode, 1);
      raw(8);
      if (random.chance(50)) plain("common");
      raw(0xff);
      here(opcode);
      raw(0xc0 | number);
    }
  };
  const swap = () => raw(...SWAP_PAGES);
  const callSwap = () => guarded(() => raw(0xb8 | 0, ...little(SWAP + random.below(2) * PAGE, 4), 0xff, 0xd0)); // MOV EAX, page; CALL RAX
  const stack = () => {
    const a = random.below(4), b = random.below(4);
    raw(0x50 | a);
    if (random.chance(50)) plain("common");
    raw(...random.pick([[0x6a, random.below(256), 0x58 | b], [0xff, 0x34, 0x24, 0x58 | b], [0x50 | b, 0x48, 0x01, 0x04, 0x24, 0x58 | b]]), 0x58 | a);
  };
  const item = (depth: number): void => {
    if (code.length > CODE_BYTES - 0x1000 || marks.length > MOST_MARKS - 40) return;
    marks.push(code.length);
    switch (random.below(depth === 0 ? 24 : 40)) {
      case 0: return skip(depth);
      case 1: case 2: return depth < 3 ? loop(depth) : plain("common");
      case 3: return call();
      case 4: return depth < 3 ? jumpTable(depth) : plain("integer");
      case 5: return string();
      case 6: return rounding();
      case 7: return random.chance(50) ? control87() : raw(0xdb, 0xe3); // FNINIT
      case 8: return random.chance(40) ? fault() : stack();
      case 9: return modify();
      case 10: return random.chance(40) ? swap() : callSwap();
      case 11: return stack();
      default: return plain(group());
    }
  };

  // main, functions that call nobody, tables
  raw(0x41, 0xbe, ...little(random.below(256), 4)); // MOV R14D
  for (let loops = 1 + random.below(3); loops > 0; loops--) {
    loop(0);
    if (random.chance(50)) some(0, 4);
  }
  marks.push(code.length);
  raw(0x3d, ...little(random.u32(), 4), 0xfc, 0xcc); // flags that are defined; CLD; INT3
  for (const one of functions) {
    here(one);
    for (let count = random.below(8); count > 0; count--) {
      marks.push(code.length);
      if (random.chance(20)) stack();
      else plain(group());
    }
    if (random.chance(30)) loop(3);
    marks.push(code.length);
    raw(0x41, 0xff, 0xc6, 0xc3); // INC R14D; RET
  }
  for (const { labels: [table, ...targets] } of tables) {
    here(table);
    for (const target of targets) raw(...little(CODE + target.at, 8));
  }
  for (const { at, label: { at: target }, end } of fixups) little(target - end, 4).forEach((byte, index) => { code[at + index] = byte; });
  if (code.length > CODE_BYTES - 0x100 || marks.length > MOST_MARKS) return generateProgram(seed + 1_000_000_000);

  const whole = new Uint8Array(CODE_BYTES).fill(0xcc);
  whole.set(code);
  const words = (bytes: number) => {
    const out = new DataView(new ArrayBuffer(bytes));
    for (let at = 0; at < bytes; at += 8) {
      if (random.chance(40)) out.setBigUint64(at, float64(random), true);
      else if (random.chance(40)) for (const half of [0, 4]) out.setUint32(at + half, float32(random), true);
      else out.setBigUint64(at, integer64(random), true);
    }
    return new Uint8Array(out.buffer);
  };
  const start = code.length; // two functions, one for each page
  const swapPages = words(SWAP_BYTES);
  for (const page of [0, PAGE]) {
    code.length = start;
    for (let count = 1 + random.below(5); count > 0; count--) raw(0x48, random.pick([0x01, 0x29, 0x31, 0x21]), 0xc0 | random.below(4) << 3 | random.below(4));
    raw(0xff, 0xc0 | random.below(2) << 3 | random.below(4), 0xc3);
    swapPages.set(code.slice(start), page);
  }
  const gpr = BigUint64Array.from({ length: 16 }, () => integer64(random));
  gpr[RSP] = BigInt(STACK_TOP);
  gpr[R15] = BigInt(BASE);
  const bytes = words(DATA_BYTES), view = new DataView(bytes.buffer);
  view.setBigUint64(RECOVER - DATA, BigInt(CODE + whole.indexOf(0xcc)), true);
  view.setBigUint64(RECOVER - DATA + 8, BigInt(STACK_TOP), true);
  const xmm = new BigUint64Array(32).map(() => random.chance(70) ? float64(random) : random.u64());
  return { marks, code: whole, data: bytes, swap: swapPages, gpr, rflags: 0x202n, mxcsr: random.pick([0x1f80, 0x1fa0, 0x1fa0, 0x9fe0]), fcw: 0x37f, xmm };
}
