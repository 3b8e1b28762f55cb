// Random cases for a form: encoding, registers and memory so that most cases do something useful, and some fault.

import { FORMS, validIn, type Form, type OperandForm } from "../../isa/forms.ts";
import { CODE, codeBase, DATA, dataBase, DATA_PAGES, FS_BASE, GS_BASE, PAGE, type Case, type Mode } from "./case.ts";
import { randomFx, operandValue } from "./operands.ts";
import { createRandom, integer64, type Random } from "../random.ts";
import { specialOf, type Draft } from "./special.ts";

export interface Generated {
  form: Form;
  one: Case;
  /** where the memory operand is, or -1 */
  operandAt: number;
}

/** Instructions whose effect depends on the host's kernel or clock, whatever their rows say. */
const HOST_DEPENDENT = new Set(["syscall", "sysret", "sysenter", "sysexit", "cpuid", "rdtsc", "rdtscp", "rdpmc", "rdpid", "rdrand", "rdseed", "xgetbv", "int", "int3", "int1", "icebp",
  "monitor", "mwait", "sgdt", "sidt", "sldt", "str", "smsw", "vmcall", "vmmcall", "xsave", "xsaveopt", "xsavec", "xrstor", "xsaves", "xrstors", "umonitor", "umwait", "tpause"]);

/** Forms in which processors differ: AMD's read 32 bits of memory for the first, and have no far pointers with 64-bit offsets. */
const VENDOR_DEPENDENT = /^movsxd o16 reg16 m16|^(call|jmp|lss|lfs|lgs) o64 .*(FF \/[35]|0F B[245])\)/;

/** Whether the host's CPU can judge a form. */
export function comparable(form: Form): boolean {
  return !form.attributes.has("x") && !HOST_DEPENDENT.has(form.mnemonic) && !VENDOR_DEPENDENT.test(form.name);
}
export const COMPARABLE_FORMS: readonly Form[] = FORMS.filter(comparable);

const RSP = 4;
const SEGMENT_PREFIXES = [0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65];
const END_OF_DATA = DATA + DATA_PAGES * PAGE;

function chooseMode(form: Form, random: Random): Mode {
  const legacy = (): Mode => random.chance(50) ? "compatibility" : "sixteen";
  if (!validIn(form, 64)) return legacy();
  return validIn(form, 32) && random.chance(20) ? legacy() : "long";
}

/** Bytes of the memory operand; where only the meaning knows, the most that anything takes. */
function memoryBytes(form: Form): number {
  const operand = form.operands.find((one) => one.kind === "mem");
  if (operand === undefined) return 8;
  return operand.memoryBytes || (/^f?x(save|rstor)/.test(form.mnemonic) ? 512 : /^f(n?save|rstor)/.test(form.mnemonic) ? 108 : /env/.test(form.mnemonic) ? 28 : 16);
}

function chooseTarget(draft: Draft, bytes: number): bigint {
  const target = anyTarget(draft, bytes);
  const parts = draft.form.operands.some((one) => one.kind === "mem" && one.memoryBytes * 8 !== one.width);
  if (draft.mode !== "sixteen") return parts && target > 0xffff_ffffn ? 0x3000_0000n : target;
  // what is not aligned, or accessed in parts, and beyond a limit: which fault comes first is not the same in all processors
  const inside = target >= BigInt(draft.window) && target + BigInt(bytes) <= BigInt(draft.window + draft.size);
  return parts && !inside ? BigInt(draft.window) : bytes >= 16 ? target & ~15n : target;
}

/** A linear address for `bytes` of memory: in the window, across its pages, into the page that is not there, around limits, or nowhere. */
function anyTarget(draft: Draft, bytes: number): bigint {
  const { random, window, size } = draft, end = window + size;
  const natural = bytes >= 16 ? 16 : bytes >= 8 ? 8 : bytes >= 4 ? 4 : bytes >= 2 ? 2 : 1;
  const aligned = random.chance(bytes >= 16 ? 88 : 60) ? natural : 1;
  const inside = () => window + Math.floor(random.below(Math.max(1, size - bytes)) / aligned) * aligned;
  switch (random.below(16)) {
    case 0: return end === END_OF_DATA ? BigInt(end - random.below(bytes + 1)) : BigInt(inside());
    case 1: case 2: return window < DATA + PAGE && end > DATA + PAGE ? BigInt(DATA + PAGE - random.below(bytes + 1)) : BigInt(inside());
    // the bit offset of BT is added before or after the address is found not to be canonical
    case 3: if (draft.mode === "sixteen" && random.chance(50)) {
      const edge = DATA + random.pick([0x800, 0x1ffe, 0x2fff, 0x3000, 0x7ff, 0xfffe, 0xffff, 0]) - random.below(bytes);
      return BigInt(edge);
    }
      return random.chance(70) || /^bt/.test(draft.form.mnemonic) ? BigInt(inside()) : draft.mode === "long" ? random.pick([0x8000_0000_0000n, bytes > 1 && bytes < 16 ? 0x7fff_ffff_ffffn : 0x10n, 0xffff_7fff_ffff_fff0n, 0x3000_0000n, 0x10n]) : 0x3000_0000n;
    default: return BigInt(inside());
  }
}

interface Address { modrm: number; rex: number; sib: number[]; disp: number[]; prefixes: number[]; ripRelative: boolean }

const little = (value: bigint, bytes: number) => Array.from({ length: bytes }, (_, index) => Number((value >> BigInt(8 * index)) & 0xffn));

/** Registers that ModRM.rm adds up in 16-bit addressing, base first. */
const SUMS16 = [[3, 6], [3, 7], [5, 6], [5, 7], [6], [7], [5], [3]] as const;

function chooseAddress16(draft: Draft, target: bigint, prefixes: number[]): Address {
  const { random, gpr, pinned } = draft, offset = BigInt.asUintN(16, target - BigInt(DATA));
  const rm = random.below(8), sum = SUMS16[rm]!, base = sum[0], mod = random.below(3);
  const address = (modrm: number, disp: number[]): Address => ({ modrm, rex: 0, sib: [], disp, prefixes, ripRelative: false });
  if (pinned.has(base) || (mod === 0 && rm === 6)) return address(6, little(offset, 2));
  const disp = mod === 0 ? 0n : mod === 1 ? BigInt(random.below(256) - 128) : BigInt(random.below(0x10000));
  const index = sum.length === 2 ? gpr[sum[1]]! : 0n;
  gpr[base] = (gpr[base]! >> 16n << 16n) | BigInt.asUintN(16, offset - disp - index);
  return address((mod << 6) | rm, little(disp, mod));
}

/** An addressing form that leads to `target`; registers that the instruction itself needs are left alone. */
function chooseAddress(draft: Draft, target: bigint): Address {
  const { random, gpr, pinned, mode } = draft, long = mode === "long";
  const prefixes: number[] = [];
  let segmentBase = 0n;
  if (random.chance(12) && draft.form.mnemonic !== "arpl") { // AMD's ARPL looks at the segment's type only when it writes
    // 16-bit CS is the code itself, whose surroundings are not the same everywhere
    const segment = mode === "sixteen" ? random.pick([0, 2, 3, 4, 5]) : random.below(6);
    prefixes.push(SEGMENT_PREFIXES[segment]!);
    if (long) segmentBase = segment === 4 ? FS_BASE : segment === 5 ? GS_BASE : 0n;
  }
  if (mode === "sixteen" && random.chance(75)) return chooseAddress16(draft, target, prefixes);
  const width = long && !random.chance(10) ? 64 : 32;
  if (mode === "sixteen" || (long && width === 32)) prefixes.push(0x67);
  const offset = BigInt.asUintN(width, target - segmentBase - BigInt(dataBase(mode))), registers = long ? 16 : 8;
  const setLow = (number: number, value: bigint) => { gpr[number] = width === 64 || !long ? value : (gpr[number]! >> 32n << 32n) | value; };
  const address = (modrm: number, rex: number, sib: number[], disp: number[], ripRelative = false): Address => ({ modrm, rex, sib, disp, prefixes, ripRelative });

  const near = offset < 0x7fff_ffffn;
  if (long && near && random.chance(8)) return address(0x05, 0, [], [0, 0, 0, 0], true);
  const base = random.below(registers);
  // absolute, or an index whose register may be spoiled
  if (pinned.has(base) || random.chance(6)) {
    if (near || width === 32) return long ? address(0x04, 0, [0x25], little(offset, 4)) : address(0x05, 0, [], little(offset, 4));
    const free = [...Array(registers).keys()].find((number) => !pinned.has(number) && number !== 5 && number !== 13 && number !== RSP && number !== 12) ?? 0;
    setLow(free, offset);
    return address(free & 7, free >> 3, [], []);
  }
  const dispBytes = random.pick((base & 7) === 5 ? [1, 4] : [0, 0, 1, 4]);
  const dispValue = dispBytes === 1 ? BigInt(random.below(256) - 128) : dispBytes === 4 ? BigInt(random.u32() | 0) : 0n;
  let index = random.chance(40) ? random.below(registers) : RSP;
  if (index === base) index = RSP;
  const scale = index === RSP ? (random.chance(10) ? random.below(4) : 0) : random.below(4);
  const scaled = index === RSP ? 0n : gpr[index]! << BigInt(scale);
  setLow(base, BigInt.asUintN(width, offset - dispValue - scaled));
  const mod = dispBytes === 0 ? 0 : dispBytes === 1 ? 0x40 : 0x80, disp = little(dispValue, dispBytes);
  if (index === RSP && (base & 7) !== 4 && scale === 0) return address(mod | (base & 7), base >> 3, [], disp);
  return address(mod | 4, (base >> 3) | ((index >> 3) << 1), [(scale << 6) | ((index & 7) << 3) | (base & 7)], disp);
}

function chooseImmediate(draft: Draft, operand: OperandForm | undefined, bytes: number): bigint {
  const { random, form } = draft;
  if (operand?.kind === "rel") return bytes === 1 || !random.chance(60) ? BigInt(random.chance(50) ? random.below(120) : -16 - random.below(100)) : BigInt(random.below(0x400) + 16);
  const special = specialOf(form)?.immediate?.(draft, operand?.from === "second");
  return special ?? (random.chance(70) ? integer64(random) : random.u64()) & ((1n << BigInt(8 * bytes)) - 1n);
}

/** Makes one case. The same form, seed and number make the same case. */
export function generateCase(form: Form, seed: number, number: number): Generated {
  const random = createRandom(seed, `${form.name} ${number}`);
  const mode = chooseMode(form, random), long = mode === "long";
  const bytesNeeded = memoryBytes(form);
  const size = bytesNeeded > 64 ? 1024 : 256;
  const window = random.pick([DATA + PAGE - size / 2, DATA + PAGE - size / 2, END_OF_DATA - size, DATA + 0x400]);
  const gpr = BigUint64Array.from({ length: 16 }, () => long ? integer64(random) : integer64(random) & 0xffff_ffffn);
  const bytes = new Uint8Array(size);
  for (let at = 0; at < size; at += 4) {
    const word = random.u32();
    bytes[at] = word; bytes[at + 1] = word >>> 8; bytes[at + 2] = word >>> 16; bytes[at + 3] = word >>> 24;
  }
  // #UD of UD1 may come before the end of the instruction has been fetched
  const rip = (random.chance(94) || /^ud/.test(form.mnemonic) ? CODE + 0x800 + random.below(16) : random.chance(80) ? CODE + PAGE - random.below(15) : CODE + 2 * PAGE - random.below(15)) - codeBase(mode);
  const draft: Draft = { form, mode, random, gpr, bytes, window, size, rip, pinned: new Set(), modrmReg: 0, modrmRm: 0 };
  if (random.chance(92)) gpr[RSP] = BigInt(window + size / 2 + (random.chance(80) ? 8 * (random.below(12) - 6) : random.below(64) - 32));
  else if (long && random.chance(30)) gpr[RSP] = 0x8000_0000_0100n;
  else gpr[RSP] = random.chance(50) ? BigInt(window + size - random.below(16)) : BigInt(END_OF_DATA + random.below(16));
  // on a 16-bit stack the upper half of ESP does not matter, but must stay
  if (mode === "sixteen") gpr[RSP] = (random.chance(95) ? gpr[RSP]! - BigInt(DATA) : BigInt(random.below(8))) | (random.chance(50) ? 0n : BigInt(random.below(0x10000)) << 16n);

  // ModRM.reg, the register operand and what the instruction implies come first, the address is then made of what is left
  const registers = long ? 16 : 8;
  const reg = form.modrm === "reg" ? form.operands.some((one) => one.from === "reg" && one.kind === "sreg") ? random.below(6) : random.below(registers) : form.modrm === "digit" ? form.modrmValue : 0;
  const opcodeRegister = form.plusR ? random.below(form.modrm === "fixed" ? 8 : registers) : 0;
  draft.modrmReg = reg;
  draft.modrmRm = form.plusR ? opcodeRegister : random.below(registers);
  const special = specialOf(form);
  special?.registers?.(draft);

  const prefixes: number[] = [], tail: number[] = [];
  let rex = 0, operandAt = -1, ripRelative = false, modrm: number[] = [], displacementAt = -1;
  const memory = form.operands.find((one) => one.kind === "mem");
  if (memory !== undefined) {
    const target = chooseTarget(draft, bytesNeeded);
    operandAt = target >= BigInt(window) && target < BigInt(window + size) ? Number(target) : -1;
    if (operandAt >= 0 && operandAt + bytesNeeded <= window + size) {
      const value = operandValue(random, form, memory);
      if (value !== undefined) bytes.set(little(value, memory.width / 8), operandAt - window);
      special?.memory?.(draft, operandAt - window);
    }
    if (memory.from === "moffs") tail.push(...little(target - BigInt(dataBase(mode)), long ? 8 : mode === "sixteen" ? 2 : 4));
    else {
      const address = chooseAddress(draft, target);
      prefixes.push(...address.prefixes);
      rex |= address.rex;
      ripRelative = address.ripRelative;
      modrm = [address.modrm | ((reg & 7) << 3), ...address.sib, ...address.disp];
      displacementAt = 1;
      if (ripRelative) operandAt = Number(target) | 0; // the displacement follows when the length is known
    }
    if (ripRelative) draft.ripTarget = target;
  } else if (form.modrm === "fixed") modrm = [form.modrmValue | opcodeRegister];
  else if (form.modrm !== "none") {
    modrm = [(form.mod === "ignored" ? random.below(4) << 6 : 0xc0) | ((reg & 7) << 3) | (draft.modrmRm & 7)];
    if (form.mod === "any" && random.chance(50)) modrm = [0xc0 | ((reg & 7) << 3) | (draft.modrmRm & 7)];
    rex |= draft.modrmRm >> 3;
  } else rex |= opcodeRegister >> 3;
  rex |= (reg >> 3) << 2;
  special?.finish?.(draft);

  form.immediates.forEach((count, index) => {
    const operand = form.operands.find((one) => one.from === (index === 0 ? "imm" : "second"));
    tail.push(...little(BigInt.asUintN(64, chooseImmediate(draft, operand, count)), count));
  });

  const has = form.attributes;
  if (form.size === (mode === "sixteen" ? 32 : 16) || form.prefix === "66") prefixes.push(0x66);
  if (special?.addressSize && random.chance(25)) prefixes.push(0x67);
  if (has.has("rep") && random.chance(75)) prefixes.push(random.chance(60) ? 0xf3 : 0xf2);
  if (form.prefix === "F2" || form.prefix === "F3") prefixes.push(parseInt(form.prefix, 16));
  if ((has.has("lock") && memory !== undefined && form.operands[0] === memory && random.chance(25)) || (random.chance(1) && rip + codeBase(mode) < CODE + PAGE && form.mod !== "ignored")) prefixes.push(0xf0);
  if (form.rexW || (form.size === 64 && !has.has("d64") && !has.has("f64"))) rex |= 8;
  const rexBytes = long && (rex !== 0 || random.chance(8)) ? [0x40 | rex] : [];
  const escape = [[], [0x0f], [0x0f, 0x38], [0x0f, 0x3a]][form.map]!;
  const opcode = form.opcode | (form.plusR && form.modrm !== "fixed" ? opcodeRegister & 7 : 0);
  const head = [...prefixes, ...rexBytes, ...escape, opcode];
  const code = Uint8Array.from([...head, ...modrm, ...tail]);
  if (ripRelative && draft.ripTarget !== undefined) {
    const segment = prefixes.includes(0x64) ? FS_BASE : prefixes.includes(0x65) ? GS_BASE : 0n;
    code.set(little(BigInt.asUintN(32, draft.ripTarget - segment - BigInt(rip + code.length)), 4), head.length + displacementAt);
    operandAt = Number(draft.ripTarget);
  }
  const rflags = 0x202n | (random.u64() & 0x8d5n) | (random.chance(15) ? 0x400n : 0n);
  return { form, operandAt, one: { mode, code, rip, gpr, rflags, fx: randomFx(random, form), window, bytes } };
}
