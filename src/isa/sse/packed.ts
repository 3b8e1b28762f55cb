// What packed instructions have in common: the rows of their MMX and XMM encodings, and meanings of the shape dst = f(dst, src).
// An MMX value lies in the low lanes of a vector with zeros above, so one function serves both widths; what it leaves in the
// upper lanes is not stored. Memory operands of 128 bits are aligned except where a row says otherwise (SDM 1, Memory Alignment).
import type { Emit, Operand } from "../emit.ts";
import { instruction, type Instruction } from "../instruction.ts";
import type { SimdOp } from "../simd.ts";

/** The new value of the destination; `bits` is 64 for an MM register and 128 for an XMM register. */
export type Compute = <V>(e: Emit<V>, a: V, b: V, bits: number) => V;

/** Rows of `xmm, xmm/m128` with the mandatory prefix 66. */
export const xmmRows = (opcode: string): string[] => [`66 ${opcode} /r  xmm xmm/m128  ; sse`];
/** The same, and `mm, mm/m64` without prefix. */
export const mmxRows = (opcode: string): string[] => [`NP ${opcode} /r  mm mm/m64  ; mmx`, ...xmmRows(opcode)];

/** An XMM, MM or memory operand as wide as its form says. */
export const loadPacked = <V>(e: Emit<V>, operand: Operand): V =>
  operand.width === 128 ? e.loadVector(128, operand, "aligned") : e.loadVector(operand.width, operand);

/** An instruction that replaces its first operand by a function of both. */
export const packed = (mnemonic: string, source: string, rows: readonly string[], compute: Compute): Instruction =>
  instruction(mnemonic, source, rows, (e, { dst, src }) =>
    e.storeVector(dst.width, dst, compute(e, loadPacked(e, dst), loadPacked(e, src), dst.width)));

/** An instruction that replaces its first operand by a function of the second. */
export const packedUnary = (mnemonic: string, source: string, rows: readonly string[], compute: <V>(e: Emit<V>, a: V) => V): Instruction =>
  instruction(mnemonic, source, rows, (e, { dst, src }) => e.storeVector(dst.width, dst, compute(e, loadPacked(e, src))));

/** An instruction with a control byte as third operand. */
export const packedControlled = (
  mnemonic: string, source: string, rows: readonly string[], compute: <V>(e: Emit<V>, a: V, b: V, control: V, bits: number) => V,
): Instruction => instruction(mnemonic, source, rows, (e, { dst, src, third }) =>
  e.storeVector(dst.width, dst, compute(e, loadPacked(e, dst), loadPacked(e, src), e.load(8, third), dst.width)));

/** One WebAssembly operation lane by lane. */
export const laneWise = (op: SimdOp): Compute => (e, a, b) => e.simd(op, [a, b]);

// -- vectors

/** A constant of 16 bytes. */
export function bytes<V>(e: Emit<V>, values: readonly number[]): V {
  const half = (start: number) => values.slice(start, start + 8).reduceRight((sum, byte) => (sum << 8n) | BigInt(byte & 0xff), 0n);
  return e.vector(half(0), half(8));
}
/** A constant in every lane of `laneBits`. */
export function everyLane<V>(e: Emit<V>, laneBits: number, value: bigint): V {
  let quad = 0n;
  for (let at = 0n; at < 64n; at += BigInt(laneBits)) quad |= BigInt.asUintN(laneBits, value) << at;
  return e.vector(quad, quad);
}
export const zeros = <V>(e: Emit<V>): V => e.vector(0n, 0n);

/** Lanes of `a` (numbered from 0) and `b` (numbered on) in the given order. A short list is filled up with lane 0: an MMX result. */
export function shuffle<V>(e: Emit<V>, a: V, b: V, laneBytes: number, lanes: readonly number[]): V {
  const pattern = Array.from({ length: 16 }, (_, i) => (lanes[Math.floor(i / laneBytes)] ?? 0) * laneBytes + (i % laneBytes));
  return e.simd("i8x16.shuffle", [a, b], pattern);
}
/** The 64-bit value `a` below the 64-bit value `b`: two MMX operands as one vector. */
export const join = <V>(e: Emit<V>, a: V, b: V): V => shuffle(e, a, b, 8, [0, 2]);
/** Two vectors whose lanes, counted through both, are those of two operands: two MMX operands are both in the first. */
export const operandsInRow = <V>(e: Emit<V>, a: V, b: V, bits: number): [V, V] => {
  if (bits === 128) return [a, b];
  const joined = join(e, a, b);
  return [joined, joined];
};

/** All lanes ones if the condition (0 or 1) holds, else zeros. */
export const maskIf = <V>(e: Emit<V>, condition: V): V => e.simd("i64x2.splat", [e.neg(64, condition)]);
/** `yes` or `no`, whole vectors. */
export const choose = <V>(e: Emit<V>, condition: V, yes: V, no: V): V => e.simd("v128.bitselect", [yes, no, maskIf(e, condition)]);
/** 0..n-1 */
export const upTo = (n: number): number[] => Array.from({ length: n }, (_, i) => i);
/** Byte numbers 0..15: the pattern that swizzles a vector into itself. */
export const byteNumbers = <V>(e: Emit<V>): V => bytes(e, upTo(16));
/** A 64-bit scalar in the low lane, zeros above. */
export const fromScalar = <V>(e: Emit<V>, value: V): V => e.simd("i64x2.replace_lane", [zeros(e), value], [0]);
/** Lane 0 or 1 of 64 bits. */
export const quad = <V>(e: Emit<V>, a: V, lane: 0 | 1): V => e.simd("i64x2.extract_lane", [a], [lane]);
