// The vocabulary in which every instruction's meaning is written, once. An engine is one implementation of it: the oracle computes
// with bigint, the interpreter emits Wasm with the operands open, the JIT emits Wasm with the operands known.
//
// Rules for a meaning
// - Integers are V that hold `width` bits zero-extended to 64. Every operation that takes a width returns such a value.
//   Booleans are 0 or 1 and may be used as integers. Vectors are 128 bits.
// - Order is program order. Whatever can fault comes before anything that changes the state, or `update` does both.
// - TypeScript's `if` may test a width, an operand's kind or a form; a guest value meets only `select` and `when`.
// - A V made inside `when` does not leave it.

import type { HelperName } from "./helpers.ts";
import type { SimdOp } from "./simd.ts";

export type Width = 8 | 16 | 32 | 64;
/** Widths that a memory operand can have, in bits. */
export type AnyWidth = Width | 80 | 128;

/** An operand as a meaning sees it: its kind is static, where it lies is the engine's business. */
export interface Operand {
  readonly kind: "reg" | "mem" | "imm" | "rel" | "xmm" | "mm" | "sreg" | "creg" | "dreg" | "st";
  /** position in the form's operand list */
  readonly slot: number;
  /** bits that the form gives to this operand */
  readonly width: AnyWidth;
}

/** What a meaning gets: its operands by position, and the operand size of the form. */
export interface Operands {
  readonly width: Width;
  readonly dst: Operand;
  readonly src: Operand;
  readonly third: Operand;
}

export type FlagName = "cf" | "pf" | "af" | "zf" | "sf" | "of";
/** Condition codes in the order of their encoding (SDM 1, EFLAGS Condition Codes). */
export const CONDITIONS = ["o", "no", "b", "ae", "e", "ne", "be", "a", "s", "ns", "p", "np", "l", "ge", "le", "g"] as const;
export type Condition = (typeof CONDITIONS)[number];

/** How `setFlags` derives the six flags from operands and result.
 * add: also with a carry in; sub: a - b, also with a borrow; inc, dec: as add and sub with b = 1, CF kept; logic: CF = OF = AF = 0;
 * shift: CF = a and OF = b (booleans), AF = 0. ZF, SF and PF are always those of the result. */
export type FlagRule = "add" | "sub" | "inc" | "dec" | "logic" | "shift";

/** Facts of the decoded instruction that are not operands. */
export type DecodedFact = "segment" | "addressWidth" | "rep" | "length" | "opcodeFop" | "mode64" | "last" | "locked";

export type Vector = "#DE" | "#DB" | "#BP" | "#OF" | "#BR" | "#UD" | "#NM" | "#NP" | "#SS" | "#GP" | "#PF" | "#MF" | "#AC" | "#XM";

export interface Emit<V> {
  // -- constants and facts
  int(value: bigint | number): V;
  /** A fact of this instruction: effective segment number, address width, rep (0 none, 1 REPE/REP, 2 REPNE), length;
   * last: 0 where the next instruction follows without anything being looked at in between; locked: 1 where LOCK counts, because other vCPUs run. */
  decoded(fact: DecodedFact): V;
  /** RIP of the next instruction. */
  nextRip(): V;
  /** Current privilege level. */
  cpl(): V;
  /** 1 in protected mode (long mode included), 0 in real and virtual-8086 mode. */
  protectedMode(): V;
  /** What stands between the guest and its x87 and SSE registers: the bits of `fpuTrap` in the vCPU's layout. */
  fpuTrap(): V;

  // -- operands
  /** Value of a register, memory or immediate operand; immediates are sign-extended to `width` as their form says. */
  load(width: Width, operand: Operand): V;
  /** Writes a register or memory operand. A 32-bit register write clears the upper half; 8 and 16 bits keep the rest. */
  store(width: Width, operand: Operand, value: V): void;
  /** Reads, computes and writes one operand as a single access: it faults as a write before anything is read, and is atomic under LOCK.
   * `compute` has no effects but values, is emitted once, and what it makes may be used afterwards.
   * @returns the old value */
  update(width: Width, operand: Operand, compute: (old: V) => V): V;
  /** Number of the register that an `sreg`, `creg` or `dreg` operand names: those are read and written by helpers only. */
  registerNumber(operand: Operand): V;
  /** Effective address of a memory operand, without segment (LEA), truncated to the address width, 64 bits. */
  effectiveAddress(operand: Operand): V;
  /** Linear address of a memory operand: segment base added, segment checked for `bytes` and access. For helpers that access memory themselves. */
  linearAddress(operand: Operand, bytes: number, access: "read" | "write"): V;
  /** Memory at a linear address. */
  loadLinear(width: Width, linear: V): V;
  storeLinear(width: Width, linear: V, value: V): void;
  /** As `update`, at a linear address (BTS with a bit offset that reaches outside of its operand). */
  updateLinear(width: Width, linear: V, compute: (old: V) => V): V;
  /** Linear address of `offset` in a segment, given by number, checked. */
  linear(segment: V, offset: V, bytes: number, access: "read" | "write"): V;

  // -- registers named by the instruction itself: number 0..15 (RAX RCX RDX RBX RSP RBP RSI RDI ...)
  reg(width: Width, number: number): V;
  setReg(width: Width, number: number, value: V): void;
  /** AH..BH */
  highByte(number: number): V;
  setHighByte(number: number, value: V): void;

  // -- stack: the address width is that of SS; the pointer moves only when the access has succeeded
  push(width: Width, value: V): void;
  pop(width: Width): V;

  // -- integer arithmetic
  add(width: Width, a: V, b: V): V;
  sub(width: Width, a: V, b: V): V;
  mul(width: Width, a: V, b: V): V;
  /** Upper `width` bits of the product. */
  mulHighU(width: Width, a: V, b: V): V;
  mulHighS(width: Width, a: V, b: V): V;
  /** 64-bit unsigned or signed quotient and remainder; the caller has excluded zero and overflow. */
  divU(a: V, b: V): V;
  remU(a: V, b: V): V;
  divS(a: V, b: V): V;
  remS(a: V, b: V): V;
  and(a: V, b: V): V;
  or(a: V, b: V): V;
  xor(a: V, b: V): V;
  not(width: Width, a: V): V;
  neg(width: Width, a: V): V;
  /** Shifts by any count 0..63: bits leave at `width`; `sar` fills with the sign of `width` bits. */
  shl(width: Width, a: V, count: V): V;
  shr(width: Width, a: V, count: V): V;
  sar(width: Width, a: V, count: V): V;
  /** Rotates by count modulo width. */
  rotl(width: Width, a: V, count: V): V;
  rotr(width: Width, a: V, count: V): V;
  /** Sign-extends `from` bits to 64. */
  signExtend(from: Width, a: V): V;
  /** Keeps the lowest `width` bits. */
  zeroExtend(width: Width, a: V): V;
  /** Leading, trailing zeros of `width` bits (width when zero), ones. */
  clz(width: Width, a: V): V;
  ctz(width: Width, a: V): V;
  popcnt(a: V): V;
  byteSwap(width: 16 | 32 | 64, a: V): V;

  // -- comparison, choice
  eq(a: V, b: V): V;
  ne(a: V, b: V): V;
  ltU(a: V, b: V): V;
  ltS(width: Width, a: V, b: V): V;
  /** 1 when zero. */
  isZero(a: V): V;
  select(condition: V, yes: V, no: V): V;
  when(condition: V, yes: () => void, no?: () => void): void;

  // -- flags
  setFlags(rule: FlagRule, width: Width, a: V, b: V, result: V): void;
  setFlag(flag: FlagName, value: V): void;
  flag(flag: FlagName): V;
  condition(condition: Condition): V;
  /** RFLAGS as a value, RF and VM included. */
  flags(): V;
  /** Writes the RFLAGS bits that are set in `mask`, no checks of privilege. */
  setFlagBits(value: V, mask: bigint): void;
  /** DF as 1 or 0. */
  directionFlag(): V;

  // -- control: each ends the instruction
  /** Offset in CS to which a relative operand leads, cut to the operand size. Ends nothing. */
  relativeTarget(width: Width, operand: Operand): V;
  /** Goes to a relative operand. Width is the operand size: IP is truncated to it. */
  jumpRelative(width: Width, operand: Operand): void;
  /** Goes to a relative operand if the condition holds, else on. */
  branch(condition: V, width: Width, operand: Operand): void;
  /** Near jump to an offset in CS. #GP if not canonical. */
  jump(target: V): void;
  /** Goes on at the `rip` that a helper has written; mode, segments and paging may have changed. */
  leave(): void;
  /** Executes this same instruction again after interrupts had their chance, if the condition holds (REP). */
  repeat(condition: V): void;

  /** PAUSE: goes on, or ends the run when it has been executed often (hal/layout.ts, `pauses`). */
  spin(): void;

  // -- faults: the instruction is abandoned without a trace
  raise(vector: Vector, errorCode?: V): void;

  // -- helpers: what is too intricate to emit, in engine/core; see helpers.ts
  call(helper: HelperName, ...args: V[]): V;

  // -- vectors
  /** An XMM, MM or memory operand of 128, 64 or 32 bits (or 16, 8) in the low lanes, zeros above. `aligned`: #GP(0) when memory is not 16-byte aligned. */
  loadVector(bits: AnyWidth, operand: Operand, aligned?: "aligned"): V;
  /** Writes the lowest `bits`. An XMM keeps its upper bits unless `bits` is 128. MM operands are 64 bits and set the exponent to all ones; `perform` sets tags and TOP. */
  storeVector(bits: AnyWidth, operand: Operand, value: V, aligned?: "aligned"): void;
  /** XMM by number, for the instructions that imply one. */
  xmm(number: number): V;
  setXmm(number: number, value: V): void;
  /** An operation by its name in the WebAssembly SIMD specification; `lanes` are its immediate lane numbers or shuffle pattern. */
  simd(op: SimdOp, args: readonly V[], lanes?: readonly number[]): V;
  /** A 128-bit constant: low and high halves. */
  vector(low: bigint, high: bigint): V;
}
