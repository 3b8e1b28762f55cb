// The decoder's lookup tables, compiled from the forms: an opcode in a context when it is met for the first time, since a program meets few of them. Of several
// forms that fit the same bytes the most specific one wins; two that are equally specific are a mistake in the rows, and an error.

import { NvlError } from "../base/error.ts";
import type { Form } from "./forms.ts";
import { OPCODE_MAPS } from "./rows.ts";

/** How an opcode's forms are found: by nothing more; by ModRM.reg and register or memory; by the whole ModRM byte where that is a register. */
export const LAYOUT_NONE = 0, LAYOUT_PLAIN = 1, LAYOUT_REG = 2, LAYOUT_FIXED = 3;
const CLASSES = [0, 1, 16, 72];
/** mode (64-bit or not) × mandatory prefix (none, 66, F3, F2) × operand size (16, 32, 64) */
const CONTEXTS = 2 * 4 * 3;

/** In `forms`: not compiled yet. */
export const UNKNOWN = -2;

/** Ways to read an immediate. */
export const IMM_NONE = 0, IMM_S8 = 1, IMM_U8 = 2, IMM_S16 = 3, IMM_U16 = 4, IMM_S32 = 5, IMM_U32 = 6, IMM_64 = 7, IMM_MOFFS = 8;
/** What is special about a form: LOCK may stand before it; ModRM.mod does not matter; only some values of ModRM.reg are valid. */
export const FORM_LOCK = 1, FORM_REGISTER = 2, FORM_CHECK_REG = 4;

export interface DecodeTable {
  /** by map << 8 | opcode: LAYOUT */
  readonly layout: Uint8Array;
  /** by map << 8 | opcode: first index in `forms` */
  readonly base: Int32Array;
  /** form number, -1: none, or UNKNOWN, by base + context * classes + class */
  readonly forms: Int16Array;
  /** Makes what is UNKNOWN of an opcode in a context known. @throws isa/table when two forms fit the same bytes equally well */
  fill(key: number, context: number): void;
  // by form number
  readonly immediate: Uint8Array;
  readonly second: Uint8Array;
  readonly flags: Uint8Array;
  /** bit n: ModRM.reg (with REX.R) may be n */
  readonly registers: Uint16Array;
}

/** Index of a decoding context. `prefix`: 0 none, 1 66, 2 F3, 3 F2; `size`: 0, 1, 2 for 16, 32, 64. */
export const context = (mode64: number, prefix: number, size: number): number => (mode64 * 4 + prefix) * 3 + size;

const PREFIXES = ["NP", "66", "F3", "F2"];

function fitsContext(form: Form, mode64: number, prefix: number, size: 16 | 32 | 64): boolean {
  const has = form.attributes;
  if (has.has(mode64 ? "no64" : "only64") || (size === 64 && !mode64) || (form.rexW && size !== 64)) return false;
  // with NP, 66 may still choose the operand size
  if (form.prefix !== "" && form.prefix !== PREFIXES[prefix] && !(form.prefix === "NP" && prefix === 1 && form.size !== 0)) return false;
  if (form.size === 0) return true;
  const effective = !mode64 ? size : has.has("f64") ? 64 : has.has("d64") && size === 32 ? 64 : size;
  return form.size === effective || (form.fallback64 && effective === 64);
}

/** Classes 0..7: memory, by ModRM.reg; then registers by ModRM.reg (8..15), or by the low 6 bits of the byte (8..71). */
function fitsClass(form: Form, layout: number, index: number): boolean {
  if (layout === LAYOUT_PLAIN) return true;
  const memory = index < 8;
  if (form.mod === (memory ? "reg" : "mem")) return false;
  const reg = memory || layout === LAYOUT_REG ? index & 7 : (index - 8) >> 3;
  if (form.modrm === "digit") return form.modrmValue === reg;
  if (form.modrm !== "fixed") return true;
  const byte = 0xc0 + index - 8;
  return (form.plusR ? byte & ~7 : byte) === form.modrmValue;
}

const specificity = (form: Form): number =>
  (form.plusR && form.modrm === "none" ? 0 : 128) + (form.modrm === "fixed" ? 64 : form.modrm === "digit" ? 32 : 0) + (form.prefix !== "" ? 16 : 0) + (form.rexW ? 8 : 0) + (form.sizeNamed ? 4 : 0)
  + (form.size !== 0 ? 2 : 0) + (form.plusR ? 0 : 1);

function immediateKind(form: Form, index: number): number {
  const bytes = form.immediates[index];
  if (form.operands.some((operand) => operand.from === "moffs")) return index === 0 ? IMM_MOFFS : IMM_NONE;
  if (bytes === undefined) return IMM_NONE;
  const operand = form.operands.find((candidate) => candidate.from === (index === 0 ? "imm" : "second"));
  const signed = operand === undefined || operand.signed;
  return bytes === 1 ? (signed ? IMM_S8 : IMM_U8) : bytes === 2 ? (signed ? IMM_S16 : IMM_U16) : bytes === 4 ? (signed ? IMM_S32 : IMM_U32) : IMM_64;
}

/** Valid values of ModRM.reg: no MOV to CS, no segment 6 or 7 (REX.R is ignored); CR0, 2, 3, 4, 8; DR0..7. */
function validRegisters(form: Form): number {
  const [operand] = form.operands.filter((candidate) => candidate.from === "reg");
  switch (operand?.kind) {
    case "sreg": return operand.slot === 0 ? 0x3d3d : 0x3f3f;
    case "creg": return 0x011d;
    case "dreg": return 0x00ff;
    default: return 0xffff;
  }
}

/** Compiles forms. @throws isa/table when an opcode has a ModRM byte in some forms only */
export function compileTable(forms: readonly Form[]): DecodeTable {
  const opcodes = OPCODE_MAPS.length * 256;
  const byOpcode: Form[][] = Array.from({ length: opcodes }, () => []);
  for (const form of forms) {
    const key = form.map << 8 | form.opcode;
    const count = form.plusR && form.modrm === "none" ? 8 : 1;
    for (let low = 0; low < count; low++) byOpcode[key + low].push(form);
  }
  const layout = new Uint8Array(opcodes), base = new Int32Array(opcodes);
  let total = 0;
  byOpcode.forEach((candidates, key) => {
    if (candidates.length === 0) return;
    const plain = candidates.filter((form) => form.modrm === "none").length;
    if (plain !== 0 && plain !== candidates.length)
      throw new NvlError("isa/table", `with and without ModRM: ${candidates.map((form) => form.row).join(" | ")}`);
    layout[key] = plain !== 0 ? LAYOUT_PLAIN : candidates.some((form) => form.modrm === "fixed") ? LAYOUT_FIXED : LAYOUT_REG;
    base[key] = total;
    total += CONTEXTS * CLASSES[layout[key]];
  });

  const count = forms.length, immediate = new Uint8Array(count), second = new Uint8Array(count), flags = new Uint8Array(count), registers = new Uint16Array(count), described = new Uint8Array(count);
  const describeForm = (form: Form) => {
    const { id } = form;
    if (described[id]) return;
    described[id] = 1;
    immediate[id] = immediateKind(form, 0);
    second[id] = immediateKind(form, 1);
    registers[id] = validRegisters(form);
    flags[id] = (form.attributes.has("lock") && form.operands[0]?.kind === "mem" ? FORM_LOCK : 0) | (form.mod === "ignored" ? FORM_REGISTER : 0) | (registers[id] !== 0xffff ? FORM_CHECK_REG : 0);
  };
  const table = new Int16Array(total).fill(UNKNOWN);
  const fill = (key: number, where: number) => {
    const size = ([16, 32, 64] as const)[where % 3], prefix = Math.floor(where / 3) % 4, mode64 = Math.floor(where / 12);
    const fitting = byOpcode[key].filter((form) => fitsContext(form, mode64, prefix, size)).map((form) => ({ form, rank: specificity(form) })).sort((a, b) => b.rank - a.rank);
    const classes = CLASSES[layout[key]], start = base[key] + where * classes;
    for (let index = 0; index < classes; index++) {
      let best: (typeof fitting)[number] | undefined;
      for (const candidate of fitting) {
        if (best !== undefined && candidate.rank !== best.rank) break;
        if (!fitsClass(candidate.form, layout[key], index)) continue;
        if (best !== undefined) throw new NvlError("isa/table", `the same bytes are ${best.form.name} (${best.form.row}) and ${candidate.form.name} (${candidate.form.row})`);
        best = candidate;
      }
      if (best) describeForm(best.form);
      table[start + index] = best?.form.id ?? -1;
    }
  };
  return { layout, base, forms: table, registers, fill, immediate, second, flags };
}

/** Compiles everything, as a check of the forms. @throws isa/table */
export function completeTable(table: DecodeTable): void {
  table.layout.forEach((layout, key) => { for (let where = 0; layout !== LAYOUT_NONE && where < CONTEXTS; where++) table.fill(key, where); });
}
