// Parses a row (notation: instruction.ts) into its parts, still unexpanded: `*` widths and register-or-memory operands are kept as such.
// A malformed row is a mistake in our own source: it throws, with the row and what is wrong in it.

import type { AnyWidth, FlagName, Operand, Width } from "./emit.ts";
import { NvlError } from "../base/error.ts";

/** Opcode maps by number. VEX and EVEX maps will follow. */
export const OPCODE_MAPS = ["", "0F", "0F 38", "0F 3A"] as const;

export type Prefix = "" | "NP" | "66" | "F3" | "F2";
export type Attribute = "no64" | "only64" | "d64" | "f64" | "lock" | "locked" | "rep" | "cpl0" | "protected" | "sse" | "x87" | "mmx" | "x";
const ATTRIBUTES: readonly string[] = ["no64", "only64", "d64", "f64", "lock", "locked", "rep", "cpl0", "protected", "sse", "x87", "mmx", "x"] satisfies Attribute[];

/** Where an operand's register number or value comes from. `second`: the second immediate (ENTER, far pointers). */
export type OperandSource = "reg" | "rm" | "opcode" | "fixed" | "imm" | "second" | "moffs";
export type RowWidth = AnyWidth | "*";

/** An operand as a row writes it. `kinds`: its kind as register and as memory; "" when it cannot be that. */
export interface RowOperand {
  text: string;
  from: OperandSource;
  register: Operand["kind"] | "";
  registerWidth: RowWidth;
  memory: boolean;
  memoryWidth: RowWidth;
  /** bytes of memory that the operand covers, 0: not said */
  memoryBytes: number | "*" | "far";
  /** register number or constant of a fixed operand */
  fixed: number;
  /** immediates: sign-extended */
  signed: boolean;
}

export interface Row {
  text: string;
  map: number;
  opcode: number;
  prefix: Prefix;
  rexW: boolean;
  /** the only operand size that the row is for, or 0 */
  operandSize: 0 | 16 | 32 | 64;
  plusR: boolean;
  modrm: "none" | "reg" | "digit" | "fixed";
  /** the digit, or the fixed ModRM byte */
  modrmValue: number;
  /** bytes of each immediate; "*": 2 or 4 by operand size */
  immediates: (1 | 2 | 4 | 8 | "*")[];
  operands: RowOperand[];
  /** makes one form per operand size */
  sized: boolean;
  attributes: ReadonlySet<Attribute>;
  undefinedFlags: FlagName[];
  undefinedDst: boolean;
}

const ACCUMULATORS: Record<string, RowWidth> = { al: 8, ax: 16, eax: 32, rax: 64, "*ax": "*" };
const SEGMENTS = ["es", "cs", "ss", "ds", "fs", "gs"];
const IMMEDIATE_BYTES: Record<string, 1 | 2 | 4 | 8 | "*"> = { ib: 1, iw: 2, id: 4, iq: 8, "i*": "*", cb: 1, cw: 2, cd: 4, "c*": "*" };

function fail(row: string, what: string): never {
  throw new NvlError("isa/row", `row "${row}": ${what}`, { context: { row } });
}

const number = (text: string): RowWidth => text === "*" ? "*" : Number(text) as Width;

/** Tokens repeat: what each stands for, by itself and behind +r. */
const operandsOf = new Map<string, RowOperand[]>();
function operandsFor(token: string, plusR: boolean, row: string): RowOperand[] {
  const key = plusR ? `+${token}` : token;
  let known = operandsOf.get(key);
  if (!known) operandsOf.set(key, known = parseOperand(token, plusR, row));
  return known.map((operand) => ({ ...operand }));
}

/** Parses one operand token. @returns two operands for a far pointer in the code */
function parseOperand(token: string, plusR: boolean, row: string): RowOperand[] {
  const operand = (part: Partial<RowOperand>): RowOperand[] =>
    [{ text: token, from: "fixed", register: "", registerWidth: 8, memory: false, memoryWidth: 8, memoryBytes: 0, fixed: 0, signed: false, ...part }];
  const memory = (width: RowWidth, bytes: RowOperand["memoryBytes"] = width === "*" ? "*" : width / 8): Partial<RowOperand> =>
    ({ from: "rm", memory: true, memoryWidth: width, memoryBytes: bytes });
  let match: RegExpExecArray | null;

  if (token in ACCUMULATORS) return operand({ register: "reg", registerWidth: ACCUMULATORS[token] });
  if (token === "cl") return operand({ register: "reg", registerWidth: 8, fixed: 1 });
  if (token === "dx") return operand({ register: "reg", registerWidth: 16, fixed: 2 });
  if (token === "1") return operand({ register: "imm", registerWidth: 8, fixed: 1 });
  if (SEGMENTS.includes(token)) return operand({ register: "sreg", registerWidth: 16, fixed: SEGMENTS.indexOf(token) });
  if (token === "Sreg") return operand({ register: "sreg", registerWidth: 16, from: "reg" });
  if (token === "CR" || token === "DR") return operand({ register: token === "CR" ? "creg" : "dreg", registerWidth: 64, from: "reg" });
  if (token === "st") return operand({ register: "st", registerWidth: 80 });
  if (token === "st(i)") return operand({ register: "st", registerWidth: 80, from: "rm" });
  if (token === "xmm0") return operand({ register: "xmm", registerWidth: 128 });
  if (token === "xmm" || token === "xmmr") return operand({ register: "xmm", registerWidth: 128, from: token === "xmm" ? "reg" : "rm" });
  if (token === "mm" || token === "mmr") return operand({ register: "mm", registerWidth: 64, from: token === "mm" ? "reg" : "rm" });
  if (token === "m") return operand(memory(8, 0));
  if ((match = /^r(8|16|32|64|\*)$/.exec(token))) return operand({ register: "reg", registerWidth: number(match[1]), from: plusR ? "opcode" : "reg" });
  if ((match = /^rm(8|16|32|64|\*)$/.exec(token))) return operand({ register: "reg", registerWidth: number(match[1]), from: "rm" });
  if ((match = /^r\/m(8|16|32|64|\*)$/.exec(token))) return operand({ register: "reg", registerWidth: number(match[1]), ...memory(number(match[1])) });
  if ((match = /^r(16|32|64|\*)\/m(8|16|32|64|\*)$/.exec(token))) return operand({ register: "reg", registerWidth: number(match[1]), ...memory(number(match[2])) });
  if ((match = /^m(8|16|32|64|80|128|\*)$/.exec(token))) return operand(memory(number(match[1])));
  if ((match = /^m16:(16|32|64|\*)$/.exec(token))) return operand(memory(number(match[1]), match[1] === "*" ? "far" : 2 + Number(match[1]) / 8));
  if ((match = /^xmm\/m(8|16|32|64|128)$/.exec(token))) return operand({ register: "xmm", registerWidth: 128, ...memory(number(match[1])) });
  if ((match = /^mm\/m(32|64)$/.exec(token))) return operand({ register: "mm", registerWidth: 64, ...memory(number(match[1])) });
  if ((match = /^moffs(8|16|32|64|\*)$/.exec(token))) return operand({ ...memory(number(match[1])), from: "moffs" });
  if ((match = /^imm(8|16|32|64|\*)$/.exec(token))) return operand({ register: "imm", registerWidth: number(match[1]), from: "imm", signed: true });
  if ((match = /^immu(8|16)$/.exec(token))) return operand({ register: "imm", registerWidth: number(match[1]), from: "imm" });
  if ((match = /^rel(8|16|32|\*)$/.exec(token))) return operand({ register: "rel", registerWidth: number(match[1]), from: "imm", signed: true });
  if ((match = /^ptr16:(16|32|\*)$/.exec(token))) return [
    ...operand({ register: "imm", registerWidth: number(match[1]), from: "imm" }),
    ...operand({ register: "imm", registerWidth: 16, from: "second" }),
  ];
  fail(row, `unknown operand ${token}`);
}

/** The operand size that an explicit far pointer stands for. */
function farSize(tokens: readonly string[]): 0 | 16 | 32 | 64 {
  for (const token of tokens) {
    const match = token.includes(":") && /^(?:m|ptr)16:(16|32|64)$/.exec(token);
    if (match) return Number(match[1]) as 16 | 32 | 64;
  }
  return 0;
}

const SLASH = 0x2f;
/** Splits the opcode's tokens off the front of a row. */
function parseOpcode(tokens: string[], row: string) {
  const out = {
    map: 0, opcode: -1, prefix: "" as Prefix, rexW: false, operandSize: 0 as Row["operandSize"], plusR: false,
    modrm: "none" as Row["modrm"], modrmValue: 0, immediates: [] as Row["immediates"],
  };
  const bytes: number[] = [];
  while (tokens.length > 0) {
    const token = tokens[0], first = token.charCodeAt(0);
    // most rows are bytes, and few tokens are anything but two characters
    if (bytes.length === 0 && (token === "NP" || token === "66" || token === "F2" || token === "F3")) {
      if (out.prefix !== "") fail(row, "two mandatory prefixes");
      out.prefix = token as Prefix;
    } else if (token === "REX.W" && bytes.length === 0) out.rexW = true;
    else if (token === "o16" || token === "o32" || token === "o64") out.operandSize = Number(token.slice(1)) as 16 | 32 | 64;
    else if (token.length === 2 && first !== SLASH && /^[0-9A-F]{2}$/.test(token)) bytes.push(parseInt(token, 16));
    else if (token === "+r") out.plusR = true;
    else if (token === "/r") out.modrm = "reg";
    else if (first === SLASH && /^\/[0-7]$/.test(token)) { out.modrm = "digit"; out.modrmValue = Number(token[1]); }
    else if (token in IMMEDIATE_BYTES) out.immediates.push(IMMEDIATE_BYTES[token]);
    else if (token !== "cp") break;
    tokens.shift();
  }
  if (bytes[0] === 0x0f && bytes.length > 1) {
    bytes.shift();
    const escape = bytes.length > 1 ? [0x38, 0x3a].indexOf(bytes[0]) : -1;
    out.map = 2 + escape; // 1 for 0F alone
    if (escape >= 0) bytes.shift();
  }
  if (bytes.length === 0) fail(row, "no opcode");
  if (bytes.length > 2) fail(row, "too many opcode bytes");
  out.opcode = bytes[0];
  if (bytes.length === 2) {
    if (out.modrm !== "none") fail(row, "a fixed ModRM byte and /r or /digit");
    out.modrm = "fixed";
    out.modrmValue = bytes[1];
    if (bytes[1] < 0xc0) fail(row, "a fixed ModRM byte below C0");
  }
  if (out.plusR && out.modrm !== "fixed" && out.modrm !== "none") fail(row, "+r with /r or /digit");
  if (out.plusR && ((out.modrm === "fixed" ? out.modrmValue : out.opcode) & 7) !== 0) fail(row, "+r on a byte whose low 3 bits are not 0");
  return out;
}

/** Parses a row. @throws isa/row, saying what is malformed */
export function parseRow(text: string): Row {
  const [code, notes = "", ...more] = text.split(";");
  if (more.length > 0) fail(text, "two semicolons");
  const tokens = code.trim().split(/\s+/);
  const opcode = parseOpcode(tokens, text);
  const operands = tokens.flatMap((token) => operandsFor(token, opcode.plusR && opcode.modrm === "none", text));

  const attributes = new Set<Attribute>();
  const undefinedFlags: FlagName[] = [];
  let star = false, undefinedDst = false;
  for (const note of notes.trim().split(/\s+/)) {
    if (note === "") continue;
    else if (note === "*") star = true;
    else if (note === "undef-dst") undefinedDst = true;
    else if (note.startsWith("undef=")) for (const flag of note.slice(6).toLowerCase().split(",")) {
      if (!["cf", "pf", "af", "zf", "sf", "of"].includes(flag)) fail(text, `unknown flag ${flag}`);
      undefinedFlags.push(flag as FlagName);
    } else if (ATTRIBUTES.includes(note)) attributes.add(note as Attribute);
    else fail(text, `unknown attribute ${note}`);
  }

  // a far pointer in the code brings its own bytes
  const far = operands.findIndex((operand) => operand.from === "second");
  const immediates: Row["immediates"] = far < 0 ? opcode.immediates : [operands[far - 1].registerWidth === "*" ? "*" : operands[far - 1].registerWidth as number / 8 as 2 | 4, 2];
  const wanted = operands.filter((operand) => operand.from === "imm" || operand.from === "second");
  if (wanted.length !== immediates.length && wanted.length > 0) fail(text, `${immediates.length} immediates in the opcode, ${wanted.length} in the operands`);
  if (far < 0 && wanted.length === 2) wanted[1].from = "second";
  if (operands.some((operand) => operand.from === "reg") && opcode.modrm !== "reg") fail(text, "an operand in ModRM.reg, but no /r");
  if (operands.some((operand) => operand.from === "rm") && opcode.modrm === "none") fail(text, "an operand in ModRM.rm, but no ModRM byte");
  if (operands.filter((operand) => operand.from === "reg").length > 1 || operands.filter((operand) => operand.from === "rm").length > 1) fail(text, "two operands in the same field");
  if (operands.length > 3) fail(text, "more than three operands");
  const starred = operands.some((operand) => operand.registerWidth === "*" || operand.memoryWidth === "*") || immediates.includes("*");
  return {
    text, ...opcode, immediates, operands, attributes, undefinedFlags, undefinedDst,
    operandSize: opcode.operandSize || farSize(code.trim().split(/\s+/)),
    sized: star || starred || attributes.has("d64") || attributes.has("f64"),
  };
}
