// The decoder's inverse: a small assembler for tests and tools. `encode` makes the bytes of a given form; `assemble` and `asm` choose the
// shortest form that takes the operands. Source: SDM 2A, Instruction Format.

import { NvlError } from "../base/error.ts";
import type { CodeSize } from "./decode.ts";
import { FORMS, validIn, type Form, type OperandForm } from "./forms.ts";
import type { Memory, Register, Value } from "./registers.ts";

export interface EncodeOptions {
  mode?: CodeSize;
  lock?: boolean;
  /** F3 or F2 before the instruction */
  rep?: "rep" | "repne";
}

const SEGMENT_PREFIX = [0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65];
const isRegister = (value: Value | undefined): value is Register => typeof value === "object" && value.kind !== "mem";
const isMemory = (value: Value | undefined): value is Memory => typeof value === "object" && value.kind === "mem";

function fail(form: Form, what: string): never {
  throw new NvlError("isa/encode", `${form.name}: ${what}`, { context: { row: form.row } });
}

/** Little-endian bytes of a value, whatever does not fit cut off. */
function bytesOf(value: number | bigint, count: number): number[] {
  const bits = BigInt.asUintN(64, BigInt(value));
  return Array.from({ length: count }, (_, index) => Number(bits >> BigInt(8 * index) & 0xffn));
}

const fitsSigned = (value: bigint, bits: number) => BigInt.asIntN(bits, value) === value;

interface Parts { rex: number; modrm: number; tail: number[]; addressWidth: CodeSize }

/** ModRM, SIB and displacement of a memory operand; `reg` is the ModRM.reg field. */
function encodeMemory(form: Form, memory: Memory, reg: number, mode: CodeSize): Parts {
  const base = memory.base === "rip" ? undefined : memory.base, index = memory.index;
  const addressWidth = (base?.width ?? index?.width ?? memory.addressWidth ?? mode) as CodeSize;
  const disp = BigInt.asIntN(addressWidth, BigInt(memory.disp ?? 0));
  const modrm = (mod: number, rm: number) => mod << 6 | (reg & 7) << 3 | rm;
  if (addressWidth === 16) {
    const known = [[3, 6], [3, 7], [5, 6], [5, 7], [6, -1], [7, -1], [5, -1], [3, -1]];
    const rm = base === undefined ? 6 : known.findIndex(([b, i]) => b === base.number && i === (index?.number ?? -1));
    if (rm < 0 || (memory.scale ?? 1) !== 1 || mode === 64) fail(form, "no such 16-bit address");
    if (base === undefined) return { rex: 0, modrm: modrm(0, 6), tail: bytesOf(disp, 2), addressWidth };
    if (disp === 0n && rm !== 6) return { rex: 0, modrm: modrm(0, rm), tail: [], addressWidth };
    return fitsSigned(disp, 8) ? { rex: 0, modrm: modrm(1, rm), tail: bytesOf(disp, 1), addressWidth } : { rex: 0, modrm: modrm(2, rm), tail: bytesOf(disp, 2), addressWidth };
  }
  if (!fitsSigned(disp, 32)) fail(form, "the displacement does not fit 32 bits");
  if (memory.base === "rip") {
    if (mode !== 64) fail(form, "RIP-relative outside of 64-bit mode");
    return { rex: 0, modrm: modrm(0, 5), tail: bytesOf(disp, 4), addressWidth };
  }
  if (index?.number === 4) fail(form, "RSP cannot be an index");
  const rex = (base !== undefined && base.number >= 8 ? 1 : 0) | (index !== undefined && index.number >= 8 ? 2 : 0);
  const scale = Math.log2(memory.scale ?? 1);
  const [mod, dispBytes] = base === undefined ? [0, 4] : disp === 0n && (base.number & 7) !== 5 ? [0, 0] : fitsSigned(disp, 8) ? [1, 1] : [2, 4];
  const needsSib = index !== undefined || (base !== undefined ? (base.number & 7) === 4 : mode === 64);
  const low = base === undefined ? 5 : base.number & 7;
  const sib = needsSib ? [scale << 6 | ((index?.number ?? 4) & 7) << 3 | low] : [];
  return { rex, modrm: modrm(mod, needsSib ? 4 : low), tail: [...sib, ...bytesOf(disp, dispBytes)], addressWidth };
}

/** Whether an immediate can be written so that the instruction sees `value` at its operand size. */
function immediateFits(form: Form, operand: OperandForm, value: number | bigint): boolean {
  const bytes = form.immediates[operand.from === "second" ? 1 : 0];
  const bits = bytes * 8, width = operand.kind === "rel" ? 64 : Math.max(form.width, bits);
  const wanted = BigInt(value);
  if (wanted >= 1n << BigInt(width) || wanted < -(1n << BigInt(width - 1))) return false;
  return operand.signed ? fitsSigned(BigInt.asIntN(width, wanted), bits) : BigInt.asUintN(bits, wanted) === wanted;
}

/** Bytes of a form. `values` go with the form's operands; those that the opcode names may be left undefined.
 * @throws isa/encode when the form cannot take them or does not exist in this mode */
export function encode(form: Form, values: readonly (Value | undefined)[], options: EncodeOptions = {}): Uint8Array {
  const mode = options.mode ?? 64;
  if (!validIn(form, mode)) fail(form, `not in ${mode}-bit code`);
  const has = form.attributes;
  let rex = form.rexW || (mode === 64 && form.size === 64 && !has.has("d64") && !has.has("f64")) ? 8 : 0;
  let size66 = form.prefix === "66" || (form.size === 16 && mode !== 16) || (form.size === 32 && mode === 16);
  let needRex = false, highByte = false, reg = 0, rm = 0, addressWidth = mode, segment = -1;
  let memory: Memory | undefined, moffs: Memory | undefined;
  const immediates: number[] = [];
  form.operands.forEach((operand, slot) => {
    const value = values[slot];
    if (operand.from === "fixed") return;
    if (operand.from === "imm" || operand.from === "second") {
      if (typeof value !== "number" && typeof value !== "bigint") fail(form, `operand ${slot} is an immediate`);
      immediates.push(...bytesOf(value, form.immediates[operand.from === "imm" ? 0 : 1]));
    } else if (operand.kind === "mem") {
      if (!isMemory(value)) fail(form, `operand ${slot} is memory`);
      segment = value.segment ?? -1;
      if (operand.from === "moffs") moffs = value;
      else memory = value;
    } else {
      if (!isRegister(value)) fail(form, `operand ${slot} is a register`);
      const extended = operand.kind === "reg" && operand.width === 8;
      if (extended && value.number >= 16) highByte = true;
      if (extended && value.number >= 4 && value.number < 8) needRex = true;
      const number = value.number >= 16 ? value.number - 12 : value.number;
      if (operand.from === "reg") reg = number;
      else rm = number;
    }
  });
  // an immediate without an operand (AAM's own kind) is 0
  if (form.immediates.length > 0 && immediates.length === 0) immediates.push(...bytesOf(0, form.immediates[0]));

  const tail: number[] = [];
  if (reg >= 8) rex |= 4;
  if (form.modrm !== "none") {
    const field = form.modrm === "digit" ? form.modrmValue : reg;
    if (memory !== undefined) {
      const parts = encodeMemory(form, memory, field, mode);
      rex |= parts.rex;
      addressWidth = parts.addressWidth;
      tail.push(parts.modrm, ...parts.tail);
    } else tail.push(form.modrm === "fixed" ? form.modrmValue | rm & 7 : 0xc0 | (field & 7) << 3 | rm & 7);
  }
  if (rm >= 8) rex |= 1;
  if (moffs !== undefined) {
    addressWidth = moffs.addressWidth ?? mode;
    tail.push(...bytesOf(moffs.disp ?? 0, addressWidth / 8));
  }
  if (rex !== 0 || needRex) {
    if (mode !== 64) fail(form, "needs REX, which only 64-bit code has");
    if (highByte) fail(form, "AH, BH, CH, DH cannot be encoded with REX");
    rex |= 0x40;
  }
  if (addressWidth === 16 && mode === 64 || addressWidth === 64 && mode !== 64) fail(form, `no ${addressWidth}-bit addresses in ${mode}-bit code`);

  const bytes: number[] = [];
  if (segment >= 0) bytes.push(SEGMENT_PREFIX[segment]);
  if (options.lock) bytes.push(0xf0);
  if (options.rep) bytes.push(options.rep === "rep" ? 0xf3 : 0xf2);
  if (addressWidth !== mode) bytes.push(0x67);
  if (size66) bytes.push(0x66);
  if (form.prefix === "F2" || form.prefix === "F3") bytes.push(form.prefix === "F2" ? 0xf2 : 0xf3);
  if (rex !== 0) bytes.push(rex);
  if (form.map !== 0) bytes.push(0x0f);
  if (form.map > 1) bytes.push(form.map === 2 ? 0x38 : 0x3a);
  bytes.push(form.opcode | (form.plusR && form.modrm === "none" ? rm & 7 : 0), ...tail, ...immediates);
  return Uint8Array.from(bytes);
}

function accepts(form: Form, operand: OperandForm, value: Value): boolean {
  if (typeof value !== "object") {
    if (operand.kind !== "imm" && operand.kind !== "rel") return false;
    return operand.from === "fixed" ? BigInt(value) === BigInt(operand.fixed) : immediateFits(form, operand, value);
  }
  if (value.kind === "mem") {
    const plain = value.base === undefined && value.index === undefined;
    return operand.kind === "mem" && (value.width === undefined || value.width === operand.width || operand.memoryBytes === 0) && (operand.from !== "moffs" || plain);
  }
  return operand.kind === value.kind && operand.width === value.width && (operand.from !== "fixed" || operand.fixed === value.number);
}

/** Bytes of the shortest form with this mnemonic that takes these operands.
 * @throws isa/assemble when none does */
export function assemble(mnemonic: string, operands: readonly Value[], options: EncodeOptions = {}, forms: readonly Form[] = FORMS): Uint8Array {
  const mode = options.mode ?? 64;
  let best: Uint8Array | undefined, cause: unknown;
  for (const form of forms) {
    if (form.mnemonic !== mnemonic || form.operands.length !== operands.length || !validIn(form, mode)) continue;
    if (!form.operands.every((operand, slot) => accepts(form, operand, operands[slot]))) continue;
    // without operands or a name (o16: MOVSW) that tell the size, it is the mode's own
    if (form.size !== 0 && !/^o\d\d /.test(form.row) && !operands.some((value) => typeof value === "object" && (value.kind !== "mem" || value.width !== undefined)) && form.size !== defaultSize(form, mode)) continue;
    try {
      const bytes = encode(form, operands, options);
      if (best === undefined || bytes.length < best.length) best = bytes;
    } catch (error) {
      cause = error;
    }
  }
  if (best === undefined) throw new NvlError("isa/assemble", `no form of ${mnemonic} takes these operands in ${mode}-bit code`, { context: { operands }, cause });
  return best;
}

const defaultSize = (form: Form, mode: CodeSize) => mode !== 64 ? mode : form.attributes.has("d64") || form.attributes.has("f64") ? 64 : 32;

/** `assemble` for 64-bit code, operands in line: asm("add", rax, mem({ base: rbx, disp: 8 })). */
export const asm = (mnemonic: string, ...operands: readonly Value[]): Uint8Array => assemble(mnemonic, operands);
