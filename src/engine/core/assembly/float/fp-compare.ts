// SSE floating point: comparisons into masks and into RFLAGS.

import { EQUAL, LESS, UNORDERED, compare } from "./softfloat-arithmetic";
import { A, B, begin, finish, lane32, lane64, operands32, operands64, ordinary32, ordinary64, setLane32, setLane64, setResult, vector } from "./fp";
import { allOrdinary32, allOrdinary64 } from "./fp-arithmetic";

// predicates: equal, less, less or equal, unordered; 4 more are their negations

/** Whether the predicate holds for A and B. */
function holds(predicate: u32): bool {
  const kind = predicate & 3, result = compare(kind == 0 || kind == 3); // the other two report quiet NaNs too
  const yes = kind == 0 ? result == EQUAL : kind == 1 ? result == LESS : kind == 2 ? result == EQUAL || result == LESS : result == UNORDERED;
  return yes != ((predicate & 4) != 0);
}

export function fpCmpPs(predicate: u32): void {
  const a = vector(A), b = vector(B), kind = predicate & 3;
  if (allOrdinary32(a) && allOrdinary32(b)) {
    const mask = kind == 0 ? f32x4.eq(a, b) : kind == 1 ? f32x4.lt(a, b) : kind == 2 ? f32x4.le(a, b) : i32x4.splat(0);
    return setResult((predicate & 4) != 0 ? v128.not(mask) : mask);
  }
  begin();
  for (let i = 0; i < 4; i++) {
    operands32(lane32(A, i), lane32(B, i));
    setLane32(i, holds(predicate) ? 0xffffffff : 0);
  }
  finish();
}
export function fpCmpPd(predicate: u32): void {
  const a = vector(A), b = vector(B), kind = predicate & 3;
  if (allOrdinary64(a) && allOrdinary64(b)) {
    const mask = kind == 0 ? f64x2.eq(a, b) : kind == 1 ? f64x2.lt(a, b) : kind == 2 ? f64x2.le(a, b) : i64x2.splat(0);
    return setResult((predicate & 4) != 0 ? v128.not(mask) : mask);
  }
  begin();
  for (let i = 0; i < 2; i++) {
    operands64(lane64(A, i), lane64(B, i));
    setLane64(i, holds(predicate) ? u64.MAX_VALUE : 0);
  }
  finish();
}
/** The predicate for two numbers that are ordinary. */
// @ts-ignore: decorator
@inline function holdsNatively(predicate: u32, equal: bool, less: bool): bool {
  const kind = predicate & 3;
  return (kind == 0 ? equal : kind == 1 ? less : kind == 2 ? equal || less : false) != ((predicate & 4) != 0);
}

export function fpCmpSs(predicate: u32): void {
  setResult(vector(A));
  const a = lane32(A, 0), b = lane32(B, 0);
  if (ordinary32(a) && ordinary32(b)) {
    const x = reinterpret<f32>(a), y = reinterpret<f32>(b);
    return setLane32(0, holdsNatively(predicate, x == y, x < y) ? 0xffffffff : 0);
  }
  begin();
  operands32(lane32(A, 0), lane32(B, 0));
  setLane32(0, holds(predicate) ? 0xffffffff : 0);
  finish();
}
export function fpCmpSd(predicate: u32): void {
  setResult(vector(A));
  const a = lane64(A, 0), b = lane64(B, 0);
  if (ordinary64(a) && ordinary64(b)) {
    const x = reinterpret<f64>(a), y = reinterpret<f64>(b);
    return setLane64(0, holdsNatively(predicate, x == y, x < y) ? u64.MAX_VALUE : 0);
  }
  begin();
  operands64(lane64(A, 0), lane64(B, 0));
  setLane64(0, holds(predicate) ? u64.MAX_VALUE : 0);
  finish();
}

/** ZF, PF and CF for the result of comparing A with B. */
function flagsOf(quiet: bool): u64 {
  const result = compare(quiet);
  finish();
  return result == LESS ? 1 : result == EQUAL ? 0x40 : result == UNORDERED ? 0x45 : 0;
}
function flags32(quiet: bool): u64 {
  const a = lane32(A, 0), b = lane32(B, 0);
  if (ordinary32(a) && ordinary32(b)) {
    const x = reinterpret<f32>(a), y = reinterpret<f32>(b);
    return x < y ? 1 : x == y ? 0x40 : 0;
  }
  begin();
  operands32(a, b);
  return flagsOf(quiet);
}
function flags64(quiet: bool): u64 {
  const a = lane64(A, 0), b = lane64(B, 0);
  if (ordinary64(a) && ordinary64(b)) {
    const x = reinterpret<f64>(a), y = reinterpret<f64>(b);
    return x < y ? 1 : x == y ? 0x40 : 0;
  }
  begin();
  operands64(a, b);
  return flagsOf(quiet);
}
export function fpComiSs(): u64 { return flags32(false); }
export function fpComiSd(): u64 { return flags64(false); }
export function fpUcomiSs(): u64 { return flags32(true); }
export function fpUcomiSd(): u64 { return flags64(true); }
