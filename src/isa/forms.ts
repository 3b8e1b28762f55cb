// Expands rows into forms. A form is what an engine has one handler for: one operand size, every operand either a register or memory.
// Numbers of forms follow the order of instructions and rows; they are stable within one build and mean nothing outside of it.

import type { AnyWidth, FlagName, Operand, Operands, Width } from "./emit.ts";
import type { Instruction } from "./instruction.ts";
import { INSTRUCTIONS } from "./all.ts";
import { OPCODE_MAPS, parseRow, type Attribute, type OperandSource, type Prefix, type Row } from "./rows.ts";

/** An operand of a form: what a meaning sees of it, and where its number or value comes from. */
export interface OperandForm extends Operand {
  /** - reg, rm: register number in ModRM.reg, ModRM.rm (`Decoded.reg`, `.rm`); for memory, rm is the whole address
   * - opcode: register number in the low bits of the opcode (`Decoded.rm`)
   * - fixed: `fixed` is the register number, or the constant
   * - imm, second: `Decoded.immLow` and `immHigh`, `Decoded.second`
   * - moffs: memory whose address is the displacement */
  readonly from: OperandSource;
  readonly fixed: number;
  /** immediates: sign-extended to 64 bits when decoded */
  readonly signed: boolean;
  /** memory: how much the row says that it covers; 0: only the meaning knows */
  readonly memoryBytes: number;
}

export interface Form {
  readonly id: number;
  readonly mnemonic: string;
  readonly instruction: Instruction;
  /** the row's text */
  readonly row: string;
  /** unique and readable: mnemonic, opcode, operands */
  readonly name: string;
  /** index into OPCODE_MAPS */
  readonly map: number;
  readonly opcode: number;
  /** mandatory prefix; NP: none may be there; empty: they do not matter */
  readonly prefix: Prefix;
  /** REX.W must be set */
  readonly rexW: boolean;
  /** the register is in the low 3 bits of the opcode, or of the fixed ModRM byte */
  readonly plusR: boolean;
  readonly modrm: Row["modrm"];
  /** the digit, or the fixed ModRM byte */
  readonly modrmValue: number;
  /** what ModRM.mod must say; ignored: it is taken as register whatever it says (MOV CR and DR) */
  readonly mod: "none" | "reg" | "mem" | "any" | "ignored";
  /** operand size */
  readonly width: Width;
  /** only at this operand size; 0: at any. `sizeNamed`: the row asks for it. `fallback64`: serves 64 too, because nothing else does */
  readonly size: 0 | 16 | 32 | 64;
  readonly sizeNamed: boolean;
  readonly fallback64: boolean;
  readonly operands: readonly OperandForm[];
  /** bytes of the immediates in the code; moffs are not among them */
  readonly immediates: readonly (1 | 2 | 4 | 8)[];
  readonly attributes: ReadonlySet<Attribute>;
  readonly undefinedFlags: readonly FlagName[];
  readonly undefinedDst: boolean;
}

type Size = 16 | 32 | 64;

/** Operand size of the row at `size`: that of its first general-purpose or memory operand where the row does not depend on it. */
function formWidth(row: Row, size: Size | 0): Width {
  if (size !== 0) return size;
  for (const operand of row.operands) {
    if (operand.register === "reg" || (operand.memory && operand.register === "")) {
      const width = operand.register === "reg" ? operand.registerWidth : operand.memoryWidth;
      if (width === 8 || width === 16 || width === 32 || width === 64) return width;
    }
  }
  return row.rexW ? 64 : 32;
}

function expandOperands(row: Row, size: Size | 0, memory: boolean): OperandForm[] {
  return row.operands.map((operand, slot) => {
    const isMemory = operand.memory && (memory || operand.from === "moffs");
    const written = isMemory ? operand.memoryWidth : operand.registerWidth;
    const width = (written === "*" ? size : written) as AnyWidth;
    const memoryBytes = !isMemory ? 0 : operand.memoryBytes === "*" ? size / 8 : operand.memoryBytes === "far" ? 2 + size / 8 : operand.memoryBytes;
    return {
      kind: isMemory ? "mem" : operand.register as Operand["kind"], slot, width, from: operand.from, fixed: operand.fixed, signed: operand.signed, memoryBytes,
    };
  });
}

/** What ModRM.mod may say, and so which forms a row makes. */
function modsOf(row: Row): Form["mod"][] {
  if (row.modrm === "none") return ["none"];
  if (row.modrm === "fixed") return ["reg"];
  if (row.operands.some((operand) => operand.register === "creg" || operand.register === "dreg")) return ["ignored"];
  const rm = row.operands.find((operand) => operand.from === "rm");
  if (rm === undefined) return ["any"];
  const mods: Form["mod"][] = [];
  if (rm.register !== "") mods.push("reg");
  if (rm.memory) mods.push("mem");
  return mods;
}

const hex = (byte: number) => byte.toString(16).toUpperCase().padStart(2, "0");

function describe(mnemonic: string, row: Row, size: number, mod: Form["mod"], operands: readonly OperandForm[]): string {
  const opcode = [row.prefix, row.rexW ? "REX.W" : "", OPCODE_MAPS[row.map], hex(row.opcode),
    row.modrm === "digit" ? `/${row.modrmValue}` : row.modrm === "fixed" ? hex(row.modrmValue) : ""].filter((part) => part !== "").join(" ");
  const names = operands.map((operand) => operand.kind === "mem" ? `m${operand.width}` : operand.from === "fixed" ? row.operands[operand.slot].text.replace("*", size === 64 ? "r" : size === 32 ? "e" : "") : `${operand.kind}${operand.width}`);
  return [mnemonic, ...(size !== 0 ? [`o${size}`] : []), ...names, `(${opcode})`, ...(mod === "any" ? ["any"] : [])].join(" ");
}

/** Expands instructions into forms. @throws isa/row when a row is malformed */
export function expandForms(instructions: readonly Instruction[]): Form[] {
  const forms: Form[] = [];
  // operand sizes that any row of an encoding names, to know whether o32 must serve 64 too
  const sizes = new Map<string, number>();
  const slotOf = (row: Row, mod: Form["mod"]) => `${row.map} ${row.opcode} ${row.prefix} ${row.modrm === "reg" ? "" : row.modrmValue}${row.modrm === "fixed" ? "f" : ""} ${mod}`;
  const drafts: { instruction: Instruction; row: Row; mod: Form["mod"]; slot: string; size: Size | 0 }[] = [];
  for (const entry of instructions) for (const text of entry.rows) {
    const row = parseRow(text);
    const no64 = row.attributes.has("no64"), only64 = row.attributes.has("only64"), f64 = row.attributes.has("f64"), d64 = row.attributes.has("d64");
    const mods = modsOf(row).map((mod) => ({ mod, slot: slotOf(row, mod) }));
    const wanted: (Size | 0)[] = row.operandSize !== 0 ? [row.operandSize] : row.sized ? [16, 32, 64] : [0];
    for (const size of wanted) {
      if (size === 64 && no64) continue;
      if (only64 && (f64 ? size !== 64 && size !== 0 : d64 && size === 32)) continue;
      if (size !== 0 && size !== 64 && row.rexW) continue;
      for (const { mod, slot } of mods) {
        drafts.push({ instruction: entry, row, mod, slot, size });
        sizes.set(slot, (sizes.get(slot) ?? 0) | size);
      }
    }
  }
  for (const { instruction, row, mod, slot, size } of drafts) {
    const mnemonic = instruction.mnemonic.toLowerCase();
    const width = formWidth(row, size);
    const operands = expandOperands(row, size, mod === "mem");
    forms.push({
      id: forms.length, mnemonic, instruction, row: row.text, get name() { return describe(mnemonic, row, size, mod, operands); },
      map: row.map, opcode: row.opcode, prefix: row.prefix, rexW: row.rexW, plusR: row.plusR, modrm: row.modrm, modrmValue: row.modrmValue, mod,
      width, size, sizeNamed: row.operandSize !== 0, fallback64: size === 32 && (sizes.get(slot)! & 64) === 0, operands,
      immediates: row.immediates.map((bytes) => bytes === "*" ? (size === 16 ? 2 : 4) : bytes),
      attributes: row.attributes, undefinedFlags: row.undefinedFlags, undefinedDst: row.undefinedDst,
    });
  }
  return forms;
}

/** Every form that NVL has, by number. */
export const FORMS: readonly Form[] = expandForms(INSTRUCTIONS);

const ABSENT: Operand = { kind: "imm", slot: -1, width: 8 };

/** The operands of a form as its meaning takes them. Those that the row does not have are a constant without a slot. */
export function operandsOf(form: Form): Operands {
  const [dst = ABSENT, src = ABSENT, third = ABSENT] = form.operands;
  return { width: form.width, dst, src, third };
}

/** Whether any bytes of this code size mean the form. */
export function validIn(form: Form, mode: 16 | 32 | 64): boolean {
  const has = form.attributes;
  if (mode !== 64) return !has.has("only64") && form.size !== 64 && !form.rexW;
  if (has.has("no64")) return false;
  return form.size === 0 || (has.has("f64") ? form.size === 64 : !has.has("d64") || form.size !== 32);
}
