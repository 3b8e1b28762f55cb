// From bytes to an instruction. `decode` fills a reused record of small numbers: no allocation, no bigint.
// Source: SDM 2A, Instruction Format; SDM 2A, ModR/M and SIB Bytes; SDM 2B, Opcode Map.

import { FORMS, type Form, type OperandForm } from "./forms.ts";
import {
  compileTable, context, FORM_CHECK_REG, FORM_LOCK, FORM_REGISTER, IMM_64, IMM_MOFFS, IMM_NONE, IMM_S16, IMM_S32, IMM_S8, IMM_U16, IMM_U32, IMM_U8, LAYOUT_FIXED,
  LAYOUT_NONE, LAYOUT_PLAIN, UNKNOWN, type DecodeTable,
} from "./decode-table.ts";

export type CodeSize = 16 | 32 | 64;

/** What `decode` answers: an instruction; #UD; more bytes are needed than there are; longer than 15 bytes: #GP(0). */
export const DECODED = 0, DECODED_INVALID = 1, DECODED_TRUNCATED = 2, DECODED_TOO_LONG = 3;

/** Numbers of `base` and `index` beside those of registers. */
export const NO_REGISTER = 16, BASE_RIP = 17;

/** One decoded instruction. Valid until the next `decode` into the same record, and only when that answered DECODED. */
export interface Decoded {
  /** number of the form */
  form: number;
  /** bytes of the whole instruction */
  length: number;
  opcode: number;
  /** the ModRM byte, 0 if none */
  modrm: number;
  /** the REX byte, 0 if none */
  rex: number;
  /** 1: LOCK */
  lock: number;
  /** 0 none, 1 REPE or REP (F3), 2 REPNE (F2); mandatory prefixes too */
  rep: number;
  /** effective segment of memory operands; DS where the instruction has none */
  segment: number;
  /** 16, 32, 64 */
  addressWidth: number;
  /** ModRM.reg with REX.R */
  reg: number;
  /** ModRM.rm, or the register in the opcode, with REX.B; meaningless for memory */
  rm: number;
  /** of a memory operand: register number, NO_REGISTER or BASE_RIP; index may be NO_REGISTER */
  base: number;
  index: number;
  /** shift of the index, 0..3 */
  scale: number;
  /** displacement, sign-extended to 64 bits; moffs and what else is an address are zero-extended. Halves as int32. */
  dispLow: number;
  dispHigh: number;
  /** immediate or relative offset, extended to 64 bits as its row says. Halves as int32. */
  immLow: number;
  immHigh: number;
  /** second immediate: level of ENTER, selector of a far pointer */
  second: number;
}

export function createDecoded(): Decoded {
  return {
    form: -1, length: 0, opcode: 0, modrm: 0, rex: 0, lock: 0, rep: 0, segment: 3, addressWidth: 64, reg: 0, rm: 0, base: NO_REGISTER, index: NO_REGISTER,
    scale: 0, dispLow: 0, dispHigh: 0, immLow: 0, immHigh: 0, second: 0,
  };
}

const MAX_BYTES = 15;
const SS = 2, DS = 3, FS = 4;

// kinds of prefix bytes; segment overrides are SEGMENT + number
const PREFIX_LOCK = 1, PREFIX_REPNE = 2, PREFIX_REP = 3, PREFIX_SIZE = 4, PREFIX_ADDRESS = 5, PREFIX_REX = 6, PREFIX_SEGMENT = 8;
const PREFIX_KIND = new Uint8Array(256);
for (const [byte, kind] of [[0xf0, PREFIX_LOCK], [0xf2, PREFIX_REPNE], [0xf3, PREFIX_REP], [0x66, PREFIX_SIZE], [0x67, PREFIX_ADDRESS]] as const) PREFIX_KIND[byte] = kind;
[0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65].forEach((byte, segment) => { PREFIX_KIND[byte] = PREFIX_SEGMENT + segment; });
for (let byte = 0x40; byte < 0x50; byte++) PREFIX_KIND[byte] = PREFIX_REX;

// 16-bit addressing by ModRM.rm (SDM 2A, 16-Bit Addressing Forms): BX 3, BP 5, SI 6, DI 7
const BASE16 = Uint8Array.of(3, 3, 5, 5, NO_REGISTER, NO_REGISTER, 5, 3);
const INDEX16 = Uint8Array.of(6, 7, 6, 7, 6, 7, NO_REGISTER, NO_REGISTER);

export type Decoder = (code: Uint8Array, offset: number, end: number, mode: CodeSize, into: Decoded) => number;

/** Makes a decoder for a list of forms. */
export function createDecoder(forms: readonly Form[]): Decoder {
  const table: DecodeTable = compileTable(forms);
  const { layout: layouts, base: bases, forms: formTable, immediate: immediates, second: seconds, flags: formFlags, registers } = table;

  return function decode(code, offset, end, mode, into) {
    // running out of bytes means either
    const limit = end - offset > MAX_BYTES ? offset + MAX_BYTES : end;
    const starved = end - offset >= MAX_BYTES ? DECODED_TOO_LONG : DECODED_TRUNCATED;
    let at = offset;

    let rex = 0, lock = 0, rep = 0, size = 0, address = 0, override = -1, byte = 0;
    for (;;) {
      if (at >= limit) return starved;
      byte = code[at++];
      const kind = PREFIX_KIND[byte];
      if (kind === 0) break;
      if (kind === PREFIX_REX) {
        if (mode !== 64) break;
        rex = byte;
        continue;
      }
      rex = 0; // REX counts only directly before the opcode
      if (kind >= PREFIX_SEGMENT) {
        // in 64-bit mode ES, CS, SS and DS do nothing, not even undo an FS or GS
        if (mode !== 64 || kind >= PREFIX_SEGMENT + FS) override = kind - PREFIX_SEGMENT;
      } else if (kind === PREFIX_SIZE) size = 1;
      else if (kind === PREFIX_ADDRESS) address = 1;
      else if (kind === PREFIX_LOCK) lock = 1;
      else rep = kind === PREFIX_REP ? 1 : 2;
    }

    // VEX (C4, C5), EVEX (62) and XOP (8F) will branch off here; until then they have no forms, and LES, LDS and BOUND only those with memory
    let key = byte;
    if (byte === 0x0f) {
      if (at >= limit) return starved;
      byte = code[at++];
      key = 0x100 | byte;
      if (byte === 0x38 || byte === 0x3a) {
        key = byte === 0x38 ? 0x200 : 0x300;
        if (at >= limit) return starved;
        byte = code[at++];
        key |= byte;
      }
    } else if (byte === 0x90 && (rex & 1) !== 0) key = 0x91; // NOP is XCHG R8 with REX.B
    const layout = layouts[key];
    if (layout === LAYOUT_NONE) return DECODED_INVALID;

    const sizeIndex = mode === 16 ? size : (rex & 8) !== 0 ? 2 : 1 - size;
    const prefix = rep !== 0 ? rep + 1 : size;
    const where = context(mode === 64 ? 1 : 0, prefix, sizeIndex);
    let slot: number, modrm = 0;
    let reg = 0, rm = (byte & 7) | (rex & 1) << 3;
    let memory = false;
    if (layout === LAYOUT_PLAIN) slot = bases[key] + where;
    else {
      if (at >= limit) return starved;
      modrm = code[at++];
      const digit = modrm >> 3 & 7;
      memory = modrm < 0xc0;
      slot = layout === LAYOUT_FIXED
        ? bases[key] + where * 72 + (memory ? digit : 8 + (modrm & 0x3f))
        : bases[key] + where * 16 + (memory ? digit : 8 + digit);
      reg = digit | (rex & 4) << 1;
      rm = modrm & 7 | (rex & 1) << 3;
    }
    let form = formTable[slot];
    if (form < 0) {
      if (form === UNKNOWN) {
        table.fill(key, where);
        form = formTable[slot];
      }
      if (form < 0) return DECODED_INVALID;
    }
    const flags = formFlags[form];
    if (lock !== 0 && (flags & FORM_LOCK) === 0) return DECODED_INVALID;
    if (flags !== 0) {
      if ((flags & FORM_CHECK_REG) !== 0 && (registers[form] >> reg & 1) === 0) return DECODED_INVALID;
      if ((flags & FORM_REGISTER) !== 0) memory = false;
    }

    const addressWidth = mode === 64 ? (address !== 0 ? 32 : 64) : (mode === 32) !== (address !== 0) ? 32 : 16;
    let base = NO_REGISTER, index = NO_REGISTER, scale = 0, dispLow = 0, dispHigh = 0, dispBytes = 0, segment = DS;
    if (memory) {
      const mod = modrm >> 6, low = modrm & 7;
      if (addressWidth === 16) {
        dispBytes = mod === 0 ? (low === 6 ? 2 : 0) : mod;
        if (mod !== 0 || low !== 6) {
          base = BASE16[low];
          index = INDEX16[low];
          if (base === 5) segment = SS;
          if (base === NO_REGISTER) {
            base = index;
            index = NO_REGISTER;
          }
        }
      } else {
        dispBytes = mod === 2 ? 4 : mod;
        if (low === 4) {
          if (at >= limit) return starved;
          const sib = code[at++];
          scale = sib >> 6;
          index = sib >> 3 & 7 | (rex & 2) << 2;
          if (index === 4) {
            index = NO_REGISTER;
            scale = 0;
          }
          base = sib & 7 | (rex & 1) << 3;
          if ((base & 7) === 5 && mod === 0) {
            base = NO_REGISTER;
            dispBytes = 4;
          }
        } else if (low === 5 && mod === 0) {
          base = mode === 64 ? BASE_RIP : NO_REGISTER;
          dispBytes = 4;
        } else base = rm;
        if (base === 4 || base === 5) segment = SS;
      }
      if (dispBytes !== 0) {
        if (at + dispBytes > limit) return starved;
        if (dispBytes === 1) dispLow = code[at] << 24 >> 24;
        else if (dispBytes === 4) dispLow = code[at] | code[at + 1] << 8 | code[at + 2] << 16 | code[at + 3] << 24;
        else dispLow = (code[at] | code[at + 1] << 8) << 16 >> 16;
        dispHigh = dispLow >> 31;
        at += dispBytes;
      }
    }

    const immediate = immediates[form];
    let immLow = 0, immHigh = 0, second = 0;
    if (immediate !== IMM_NONE) {
      switch (immediate) {
        case IMM_S8: case IMM_U8:
          if (at >= limit) return starved;
          immLow = immediate === IMM_S8 ? code[at] << 24 >> 24 : code[at];
          at += 1;
          break;
        case IMM_S16: case IMM_U16:
          if (at + 2 > limit) return starved;
          immLow = code[at] | code[at + 1] << 8;
          if (immediate === IMM_S16) immLow = immLow << 16 >> 16;
          at += 2;
          break;
        case IMM_S32: case IMM_U32:
          if (at + 4 > limit) return starved;
          immLow = code[at] | code[at + 1] << 8 | code[at + 2] << 16 | code[at + 3] << 24;
          at += 4;
          break;
        default: { // IMM_64, IMM_MOFFS
          const bytes = immediate === IMM_64 ? 8 : addressWidth >> 3;
          if (at + bytes > limit) return starved;
          let low = code[at] | code[at + 1] << 8, high = 0;
          if (bytes !== 2) low |= code[at + 2] << 16 | code[at + 3] << 24;
          if (bytes === 8) high = code[at + 4] | code[at + 5] << 8 | code[at + 6] << 16 | code[at + 7] << 24;
          at += bytes;
          if (immediate === IMM_MOFFS) {
            dispLow = low;
            dispHigh = high;
          } else {
            immLow = low;
            immHigh = high;
          }
        }
      }
      if (immediate !== IMM_64 && immediate !== IMM_U32) immHigh = immLow >> 31;
      const kind = seconds[form];
      if (kind !== IMM_NONE) {
        const bytes = kind === IMM_U16 || kind === IMM_S16 ? 2 : 1;
        if (at + bytes > limit) return starved;
        second = bytes === 2 ? code[at] | code[at + 1] << 8 : code[at];
        at += bytes;
      }
    }

    into.form = form;
    into.length = at - offset;
    into.opcode = byte;
    into.modrm = modrm;
    into.rex = rex;
    into.lock = lock;
    into.rep = rep;
    into.segment = override >= 0 ? override : segment;
    into.addressWidth = addressWidth;
    into.reg = reg;
    into.rm = rm;
    into.base = base;
    into.index = index;
    into.scale = scale;
    into.dispLow = dispLow;
    into.dispHigh = dispHigh;
    into.immLow = immLow;
    into.immHigh = immHigh;
    into.second = second;
    return DECODED;
  };
}

/** Decodes one instruction of all that NVL has.
 * @param code    bytes; those at [offset, end) may be read
 * @param mode    code size
 * @param into    filled when the answer is DECODED
 * @returns DECODED, DECODED_INVALID (#UD), DECODED_TRUNCATED (it goes on at `end`), DECODED_TOO_LONG (#GP(0)) */
export const decode: Decoder = createDecoder(FORMS);

/** Number of AH among the byte registers that `registerOf` answers: AH CH DH BH follow R15. */
export const FIRST_HIGH_BYTE = 16;

/** Register number of a register operand: 0..15, and 16..19 for AH CH DH BH; segment, control, debug, MM and x87 registers by their own numbers. */
export function registerOf(operand: OperandForm, decoded: Decoded): number {
  const number = operand.from === "fixed" ? operand.fixed : operand.from === "reg" ? decoded.reg : decoded.rm;
  switch (operand.kind) {
    case "reg": return operand.width === 8 && decoded.rex === 0 && operand.from !== "fixed" && number >= 4 ? number - 4 + FIRST_HIGH_BYTE : number;
    case "sreg": case "mm": case "st": return number & 7;
    default: return number;
  }
}
