// SSE floating point: add, multiply, subtract, divide, square root, minimum, maximum, in lanes or on lane 0.
//
// Each has a fast path: Wasm's own arithmetic, accepted when MXCSR asks for what it does and all operands and results are ordinary (normal
// numbers, or zeros that are exact). An ordinary result raises nothing but PE. Everything else is soft float, lane by lane.

import { denormalsAreZero, stopped, unpack32, unpack64 } from "./softfloat";
import { add, compare, divide, GREATER, LESS, multiply, squareRoot } from "./softfloat-arithmetic";
import { pack32, pack64 } from "./softfloat-round";
import {
  A, B, R, begin, finish, inexactSeen, setInexact, INFINITE32, INFINITE64, lane32, lane64, nativeRounding, NORMAL32, NORMAL64, operands32, operands64, ordinary32, ordinary64, SAFE32, SAFE64,
  setLane32, setLane64, setResult, SIGN32, SIGN64, vector,
} from "./fp";

const ADD: i32 = 0, SUB: i32 = 1, MUL: i32 = 2, DIV: i32 = 3, SQRT: i32 = 4, MIN: i32 = 5, MAX: i32 = 6;

// -- soft float

function operate(op: i32): void {
  if (op == ADD) add(false);
  else if (op == SUB) add(true);
  else if (op == MUL) multiply();
  else if (op == DIV) divide();
  else squareRoot();
}

export function soft32(op: i32, a: u32, b: u32): u32 {
  if (op >= MIN) {
    operands32(a, b);
    const taken = takesFirst(op) ? a : b;
    return denormalsAreZero && (taken & ~SIGN32) < NORMAL32 ? taken & SIGN32 : taken;
  }
  if (op == SQRT) unpack32(b);
  else operands32(a, b);
  operate(op);
  return stopped() ? 0 : pack32();
}
export function soft64(op: i32, a: u64, b: u64): u64 {
  if (op >= MIN) {
    operands64(a, b);
    const taken = takesFirst(op) ? a : b;
    return denormalsAreZero && (taken & ~SIGN64) < NORMAL64 ? taken & SIGN64 : taken;
  }
  if (op == SQRT) unpack64(b);
  else operands64(a, b);
  operate(op);
  return stopped() ? 0 : pack64();
}
/** Minimum and maximum are the second operand unless the first is truly less or greater. */
function takesFirst(op: i32): bool {
  return compare(false) == (op == MIN ? LESS : GREATER);
}

// -- fast paths

/** Whether a zero result is exact; operands are ordinary. */
// @ts-ignore: decorator
@inline function zeroIsExact(op: i32, aZero: bool, bZero: bool): bool {
  return op == ADD || op == SUB || op == SQRT || aZero || (op == MUL && bZero);
}

// @ts-ignore: decorator
@inline function magnitudes32(v: v128): v128 { return v128.and(v, i32x4.splat(0x7fffffff)); }
// @ts-ignore: decorator
@inline function magnitudes64(v: v128): v128 { return v128.and(v, i64x2.splat(0x7fffffffffffffff)); }
// @ts-ignore: decorator
@inline function zeros32(v: v128): v128 { return i32x4.eq(magnitudes32(v), i32x4.splat(0)); }
// @ts-ignore: decorator
@inline function zeros64(v: v128): v128 { return i64x2.eq(magnitudes64(v), i64x2.splat(0)); }
/** Lanes that are at least `least` and finite. */
// @ts-ignore: decorator
@inline function between32(v: v128, least: u32): v128 {
  const m = magnitudes32(v);
  return v128.and(i32x4.ge_s(m, i32x4.splat(least)), i32x4.lt_s(m, i32x4.splat(INFINITE32)));
}
// @ts-ignore: decorator
@inline function between64(v: v128, least: u64): v128 {
  const m = magnitudes64(v);
  return v128.and(i64x2.ge_s(m, i64x2.splat(least)), i64x2.lt_s(m, i64x2.splat(INFINITE64)));
}
// @ts-ignore: decorator
@inline export function allOrdinary32(v: v128): bool { return i32x4.all_true(v128.or(between32(v, NORMAL32), zeros32(v))); }
// @ts-ignore: decorator
@inline export function allOrdinary64(v: v128): bool { return i64x2.all_true(v128.or(between64(v, NORMAL64), zeros64(v))); }
// @ts-ignore: decorator
@inline function exactZeros32(op: i32, a: v128, b: v128): v128 {
  return op == ADD || op == SUB || op == SQRT ? i32x4.splat(-1) : op == MUL ? v128.or(zeros32(a), zeros32(b)) : zeros32(a);
}
// @ts-ignore: decorator
@inline function exactZeros64(op: i32, a: v128, b: v128): v128 {
  return op == ADD || op == SUB || op == SQRT ? i64x2.splat(-1) : op == MUL ? v128.or(zeros64(a), zeros64(b)) : zeros64(a);
}

// -- was an ordinary result exact? Asked only until the first that is not

/** Bits behind the first, to the last that is not 0. */
// @ts-ignore: decorator
@inline function fractionBits64(x: u64): i32 { return 52 - min<i32>(52, i32(ctz(x))); }
/** Is the product of two significands one of 53 bits? */
function productExact64(x: f64, y: f64): bool {
  const a = reinterpret<u64>(x), b = reinterpret<u64>(y), bits = fractionBits64(a) + fractionBits64(b);
  if (bits != 52) return bits < 52;
  const fraction: u64 = (1 << 52) - 1, one: u64 = 1 << 52;
  const p = ((a & fraction | one) >> (52 - fractionBits64(a))) * ((b & fraction | one) >> (52 - fractionBits64(b)));
  return clz(p) >= 11;
}
/** The error of a sum is a number (Knuth). */
function sumExact64(x: f64, y: f64, r: f64): bool {
  const part = r - x;
  return (x - (r - part)) + (y - part) == 0;
}
function sumExact32(x: f32, y: f32, r: f32): bool {
  const part = r - x;
  return (x - (r - part)) + (y - part) == 0;
}
function exact64(op: i32, a: u64, b: u64, result: u64): bool {
  const x = reinterpret<f64>(a), y = reinterpret<f64>(b), r = reinterpret<f64>(result);
  if (op == ADD) return sumExact64(x, y, r);
  if (op == SUB) return sumExact64(x, -y, r);
  if (r == 0) return true;
  if (op == MUL) return productExact64(x, y);
  if (op == DIV) return productExact64(r, y) && r * y == x;
  return productExact64(r, r) && r * r == y;
}
function exact32(op: i32, a: u32, b: u32, result: u32): bool {
  const x = reinterpret<f32>(a), y = reinterpret<f32>(b), r = reinterpret<f32>(result);
  if (op == ADD) return sumExact32(x, y, r);
  if (op == SUB) return sumExact32(x, -y, r);
  if (op == MUL) return f64(x) * f64(y) == f64(r);
  if (op == DIV) return f64(r) * f64(y) == f64(x);
  return f64(r) * f64(r) == f64(y);
}
function notePacked32(op: i32, r: v128): void {
  setResult(r);
  for (let i = 0; i < 4; i++) if (!exact32(op, lane32(A, i), lane32(B, i), lane32(R, i))) return setInexact();
}
function notePacked64(op: i32, r: v128): void {
  setResult(r);
  for (let i = 0; i < 2; i++) if (!exact64(op, lane64(A, i), lane64(B, i), lane64(R, i))) return setInexact();
}

// -- the four shapes

// @ts-ignore: decorator
@inline function packed32(op: i32): void {
  const a = vector(A), b = vector(B);
  if (op >= MIN) {
    if (allOrdinary32(a) && allOrdinary32(b)) return setResult(op == MIN ? f32x4.pmin(b, a) : f32x4.pmax(b, a));
  } else if (nativeRounding()) {
    const r = op == ADD ? f32x4.add(a, b) : op == SUB ? f32x4.sub(a, b) : op == MUL ? f32x4.mul(a, b) : op == DIV ? f32x4.div(a, b) : f32x4.sqrt(b);
    const good = v128.or(between32(r, SAFE32), v128.and(zeros32(r), exactZeros32(op, a, b)));
    if ((op == SQRT || allOrdinary32(a)) && allOrdinary32(b) && i32x4.all_true(good)) return inexactSeen() ? setResult(r) : notePacked32(op, r);
  }
  begin();
  for (let i = 0; i < 4; i++) setLane32(i, soft32(op, lane32(A, i), lane32(B, i)));
  finish();
}

// @ts-ignore: decorator
@inline function packed64(op: i32): void {
  const a = vector(A), b = vector(B);
  if (op >= MIN) {
    if (allOrdinary64(a) && allOrdinary64(b)) return setResult(op == MIN ? f64x2.pmin(b, a) : f64x2.pmax(b, a));
  } else if (nativeRounding()) {
    const r = op == ADD ? f64x2.add(a, b) : op == SUB ? f64x2.sub(a, b) : op == MUL ? f64x2.mul(a, b) : op == DIV ? f64x2.div(a, b) : f64x2.sqrt(b);
    const good = v128.or(between64(r, SAFE64), v128.and(zeros64(r), exactZeros64(op, a, b)));
    if ((op == SQRT || allOrdinary64(a)) && allOrdinary64(b) && i64x2.all_true(good)) return inexactSeen() ? setResult(r) : notePacked64(op, r);
  }
  begin();
  for (let i = 0; i < 2; i++) setLane64(i, soft64(op, lane64(A, i), lane64(B, i)));
  finish();
}

// @ts-ignore: decorator
@inline function scalar32(op: i32): void {
  const a = lane32(A, 0), b = lane32(B, 0);
  setResult(vector(A));
  if (ordinary32(b) && (op == SQRT || ordinary32(a)) && (op >= MIN || nativeRounding())) {
    const x = reinterpret<f32>(a), y = reinterpret<f32>(b);
    if (op == MIN) return setLane32(0, x < y ? a : b);
    if (op == MAX) return setLane32(0, x > y ? a : b);
    const r = reinterpret<u32>(op == ADD ? x + y : op == SUB ? x - y : op == MUL ? x * y : op == DIV ? x / y : sqrt<f32>(y)), magnitude = r & ~SIGN32;
    if (magnitude == 0 ? zeroIsExact(op, (a & ~SIGN32) == 0, (b & ~SIGN32) == 0) : magnitude >= SAFE32 && magnitude < INFINITE32) {
      if (!inexactSeen() && !exact32(op, a, b, r)) setInexact();
      return setLane32(0, r);
    }
  }
  begin();
  setLane32(0, soft32(op, a, b));
  finish();
}

// @ts-ignore: decorator
@inline function scalar64(op: i32): void {
  const a = lane64(A, 0), b = lane64(B, 0);
  setResult(vector(A));
  if (ordinary64(b) && (op == SQRT || ordinary64(a)) && (op >= MIN || nativeRounding())) {
    const x = reinterpret<f64>(a), y = reinterpret<f64>(b);
    if (op == MIN) return setLane64(0, x < y ? a : b);
    if (op == MAX) return setLane64(0, x > y ? a : b);
    const r = reinterpret<u64>(op == ADD ? x + y : op == SUB ? x - y : op == MUL ? x * y : op == DIV ? x / y : sqrt<f64>(y)), magnitude = r & ~SIGN64;
    if (magnitude == 0 ? zeroIsExact(op, (a & ~SIGN64) == 0, (b & ~SIGN64) == 0) : magnitude >= SAFE64 && magnitude < INFINITE64) {
      if (!inexactSeen() && !exact64(op, a, b, r)) setInexact();
      return setLane64(0, r);
    }
  }
  begin();
  setLane64(0, soft64(op, a, b));
  finish();
}

export function fpAddPs(): void { packed32(ADD); }
export function fpAddPd(): void { packed64(ADD); }
export function fpAddSs(): void { scalar32(ADD); }
export function fpAddSd(): void { scalar64(ADD); }
export function fpSubPs(): void { packed32(SUB); }
export function fpSubPd(): void { packed64(SUB); }
export function fpSubSs(): void { scalar32(SUB); }
export function fpSubSd(): void { scalar64(SUB); }
export function fpMulPs(): void { packed32(MUL); }
export function fpMulPd(): void { packed64(MUL); }
export function fpMulSs(): void { scalar32(MUL); }
export function fpMulSd(): void { scalar64(MUL); }
export function fpDivPs(): void { packed32(DIV); }
export function fpDivPd(): void { packed64(DIV); }
export function fpDivSs(): void { scalar32(DIV); }
export function fpDivSd(): void { scalar64(DIV); }
export function fpSqrtPs(): void { packed32(SQRT); }
export function fpSqrtPd(): void { packed64(SQRT); }
export function fpSqrtSs(): void { scalar32(SQRT); }
export function fpSqrtSd(): void { scalar64(SQRT); }
export function fpMinPs(): void { packed32(MIN); }
export function fpMinPd(): void { packed64(MIN); }
export function fpMinSs(): void { scalar32(MIN); }
export function fpMinSd(): void { scalar64(MIN); }
export function fpMaxPs(): void { packed32(MAX); }
export function fpMaxPd(): void { packed64(MAX); }
export function fpMaxSs(): void { scalar32(MAX); }
export function fpMaxSd(): void { scalar64(MAX); }
