// The operation: 32 bytes that say all about one decoded instruction, so that a handler needs nothing else. The fields' offsets are in
// hal/layout.ts (OP_...), because engine/core walks operations too.
//
//   handler   u16   number of the handler
//   offset    u16   of the instruction in its page: RIP = page + offset
//   reg, rm   u8    registers: byte offsets in the vCPU's state (AH..BH: that of the register + 1); XMM, MM: number * 16; others: number
//   base      u8    byte offset of the base register, of `zero` or of `page` (RIP-relative; the displacement then counts from the page)
//   index     u8    byte offset of the index register or of `zero`
//   scale     u8    shift of the index; OP_STACK: the segment is SS; OP_LOCKED: atomic, while other vCPUs run (shifts ignore these bits)
//   segment   u8    segment number * 8; in 64-bit code SEG_NONE unless FS or GS
//   length    u8    bits 0..3 length in bytes; 4..5 REP prefix (0, 1 REPE, 2 REPNE); 6..7 address width (0: 16, 1: 32, 2: 64)
//   left      u8    instructions of the block behind this one: what the budget gets back when the block is left here
//   link      u32   branches: the block of the target, 0 until known; others: the second immediate
//   disp      i64   displacement
//   imm       i64   immediate; relative branches: target, counted from the page; x87: opcode (11 bits)

import { CONSTANTS as C } from "../../hal/layout.ts";
import { FORMS, type Form } from "../../isa/forms.ts";

/** What a handler takes for granted. In 64-bit code: no memory operand, base and displacement, the general address, a 32-bit address;
 * in 16- and 32-bit code: no memory operand, memory through the segment checks of core. The last two: LOCK while other vCPUs run, any address. */
export const VARIANTS = ["plain64", "base64", "full64", "narrow64", "plain", "memory", "locked64", "locked"] as const;
export type Variant = (typeof VARIANTS)[number];

/** Which variants a form needs handlers for. */
export function variantsOf(form: Form): Variant[] {
  const memory = form.operands.some((operand) => operand.kind === "mem");
  const variants: Variant[] = [];
  if (!form.attributes.has("no64")) variants.push(...(memory ? ["base64", "full64", "narrow64"] as const : ["plain64"] as const));
  if (!form.attributes.has("only64") && form.size !== 64 && !form.rexW) variants.push(memory ? "memory" : "plain");
  if (memory && (form.attributes.has("lock") || form.attributes.has("locked"))) {
    if (variants.includes("full64")) variants.push("locked64");
    if (variants.includes("memory")) variants.push("locked");
  }
  return variants;
}

/** Fact of a form that predecode needs: control never goes on behind it. */
export const FACT_ENDS = 1;
/** Handlers by form and variant, as the build writes them into the module: per form a u16 for each variant (0: none) and one of facts. */
export const HANDLER_SECTION = "nvl.handlers", HANDLER_STRIDE = VARIANTS.length + 1;

/** Pairs of handlers that share an arm: u16 first, second, and the arm that stands for both. */
export const PAIR_SECTION = "nvl.pairs";

/** What arms do with the status flags, by number from HANDLER_FIRST on: u16 of these bits, u16 of the arm that does the same without writing
 * them (0: none). Writes all six whatever happens; writes them perhaps; reads them, or may fault or leave, which shows them. */
export const FLAGS_SECTION = "nvl.flags", FLAGS_WRITES = 1, FLAGS_MAY_WRITE = 2, FLAGS_SHOWS = 4;

export interface HandlerTable {
  handlerOf(form: number, variant: Variant): number;
  factsOf(form: number): number;
  /** The handler for two operations in a row, by `first * 65536 + second`. */
  readonly pairs: ReadonlyMap<number, number>;
  /** FLAGS_ bits by handler; what is no arm shows them. */
  readonly flagUse: Uint8Array;
  /** By handler: the one that writes no flags, or 0. */
  readonly withoutFlags: Uint16Array;
}

/** Reads the tables from the module's custom sections. */
export function handlerTable(section: ArrayBuffer, pairSection: ArrayBuffer, flagSection: ArrayBuffer): HandlerTable {
  const words = new Uint16Array(section), triples = new Uint16Array(pairSection);
  const pairs = new Map<number, number>();
  for (let index = 0; index < triples.length; index += 3) pairs.set(triples[index] * 65536 + triples[index + 1], triples[index + 2]);
  const flagUse = new Uint8Array(65536).fill(FLAGS_SHOWS), withoutFlags = new Uint16Array(65536);
  new Uint16Array(flagSection).forEach((word, index) => { (index & 1 ? withoutFlags : flagUse)[C.HANDLER_FIRST + (index >> 1)] = word; });
  if (words.length !== FORMS.length * HANDLER_STRIDE) throw new RangeError("interp.wasm was built for another instruction set");
  return {
    handlerOf: (form, variant) => words[form * HANDLER_STRIDE + VARIANTS.indexOf(variant)],
    pairs, flagUse, withoutFlags,
    factsOf: (form) => words[form * HANDLER_STRIDE + VARIANTS.length],
  };
}
