// SSE floating point: instructions that combine lanes in their own way (horizontal, alternating, dot product), rounding to integers, and
// the approximate reciprocals.

import { FINITE, PE, aClass, masks, nanA, raised, resultA, rounding, setRaised, setRounding, unpack32, unpack64 } from "./softfloat";
import { normaliseInteger, pack32, pack64, roundToInteger } from "./softfloat-round";
import { soft32, soft64 } from "./fp-arithmetic";
import { A, B, begin, finish, inexactIsNoNews, lane32, lane64, ordinary32, ordinary64, setLane32, setLane64, setResult, vector } from "./fp";

const ADD: i32 = 0, SUB: i32 = 1, MUL: i32 = 2;

export function fpAddsubPs(): void {
  begin();
  for (let i = 0; i < 4; i++) setLane32(i, soft32(i & 1 ? ADD : SUB, lane32(A, i), lane32(B, i)));
  finish();
}
export function fpAddsubPd(): void {
  begin();
  for (let i = 0; i < 2; i++) setLane64(i, soft64(i & 1 ? ADD : SUB, lane64(A, i), lane64(B, i)));
  finish();
}

function horizontal32(op: i32): void {
  begin();
  for (let i = 0; i < 4; i++) {
    const from = i < 2 ? A : B, pair = (i & 1) << 1;
    setLane32(i, soft32(op, lane32(from, pair), lane32(from, pair + 1)));
  }
  finish();
}
function horizontal64(op: i32): void {
  begin();
  setLane64(0, soft64(op, lane64(A, 0), lane64(A, 1)));
  setLane64(1, soft64(op, lane64(B, 0), lane64(B, 1)));
  finish();
}
export function fpHaddPs(): void { horizontal32(ADD); }
export function fpHaddPd(): void { horizontal64(ADD); }
export function fpHsubPs(): void { horizontal32(SUB); }
export function fpHsubPd(): void { horizontal64(SUB); }

// -- dot products: bits 4..7 of the control say which products count, bits 0..3 where the sum goes. Each step rounds, and reports before the next.

/** Ends a step. @returns whether it has raised an exception, so that the next must not be done */
function reported(): bool {
  finish();
  const unmasked = (raised & ~masks) != 0;
  setRaised(0);
  return unmasked;
}
function product32(control: u32, i: i32): u32 {
  return (control >> (4 + i) & 1) != 0 ? soft32(MUL, lane32(A, i), lane32(B, i)) : 0;
}
export function fpDpPs(control: u32): void {
  begin();
  const p0 = product32(control, 0), p1 = product32(control, 1), p2 = product32(control, 2), p3 = product32(control, 3);
  if (reported()) return;
  const low = soft32(ADD, p0, p1), high = soft32(ADD, p2, p3);
  if (reported()) return;
  const sum = soft32(ADD, low, high);
  for (let i = 0; i < 4; i++) setLane32(i, (control >> i & 1) != 0 ? sum : 0);
  finish();
}
function product64(control: u32, i: i32): u64 {
  return (control >> (4 + i) & 1) != 0 ? soft64(MUL, lane64(A, i), lane64(B, i)) : 0;
}
export function fpDpPd(control: u32): void {
  begin();
  const p0 = product64(control, 0), p1 = product64(control, 1);
  if (reported()) return;
  const sum = soft64(ADD, p0, p1);
  for (let i = 0; i < 2; i++) setLane64(i, (control >> i & 1) != 0 ? sum : 0);
  finish();
}

// -- ROUNDPS and its family: bits 0..1 of the control are the rounding, bit 2 says to take MXCSR's, bit 3 suppresses PE

/** R = A rounded to an integer. */
function roundA(): void {
  if (nanA()) return;
  resultA();
  if (aClass == FINITE && roundToInteger()) normaliseInteger();
}
/** Rounding control when Wasm's own rounding does, because an inexact result need not be reported; else -1. */
let nativeControl: i32 = -1;

function beginRound(control: u32): void {
  begin();
  if ((control & 4) == 0) setRounding(control & 3);
  nativeControl = (control & 8) != 0 || inexactIsNoNews() ? i32(rounding) : -1;
}
function finishRound(control: u32): void {
  if ((control & 8) != 0) setRaised(raised & ~PE);
  finish();
}
function round32(bits: u32): u32 {
  if (nativeControl >= 0 && ordinary32(bits)) {
    const x = reinterpret<f32>(bits);
    return reinterpret<u32>(nativeControl == 0 ? nearest<f32>(x) : nativeControl == 1 ? floor<f32>(x) : nativeControl == 2 ? ceil<f32>(x) : trunc<f32>(x));
  }
  unpack32(bits);
  roundA();
  return pack32();
}
function round64(bits: u64): u64 {
  if (nativeControl >= 0 && ordinary64(bits)) {
    const x = reinterpret<f64>(bits);
    return reinterpret<u64>(nativeControl == 0 ? nearest<f64>(x) : nativeControl == 1 ? floor<f64>(x) : nativeControl == 2 ? ceil<f64>(x) : trunc<f64>(x));
  }
  unpack64(bits);
  roundA();
  return pack64();
}
export function fpRoundPs(control: u32): void {
  beginRound(control);
  for (let i = 0; i < 4; i++) setLane32(i, round32(lane32(B, i)));
  finishRound(control);
}
export function fpRoundPd(control: u32): void {
  beginRound(control);
  for (let i = 0; i < 2; i++) setLane64(i, round64(lane64(B, i)));
  finishRound(control);
}
export function fpRoundSs(control: u32): void {
  setResult(vector(A));
  beginRound(control);
  setLane32(0, round32(lane32(B, 0)));
  finishRound(control);
}
export function fpRoundSd(control: u32): void {
  setResult(vector(A));
  beginRound(control);
  setLane64(0, round64(lane64(B, 0)));
  finishRound(control);
}

// -- approximations: at most 1.5 * 2^-12 of relative error are allowed, and CPUs differ within that. These are as good as single precision
// can be; denormals count as zero, and no exceptions are raised.

const SIGN: u32 = 0x80000000, NORMAL: u32 = 0x00800000, INFINITE: u32 = 0x7f800000, QUIET_BIT: u32 = 0x00400000, INDEFINITE: u32 = 0xffc00000;

function reciprocal(bits: u32): u32 {
  const magnitude = bits & ~SIGN, sign = bits & SIGN;
  if (magnitude > INFINITE) return bits | QUIET_BIT;
  if (magnitude < NORMAL) return sign | INFINITE;
  const result = reinterpret<u32>(<f32>1 / reinterpret<f32>(bits));
  return (result & ~SIGN) < NORMAL ? sign : result;
}
function reciprocalRoot(bits: u32): u32 {
  const magnitude = bits & ~SIGN, sign = bits & SIGN;
  if (magnitude > INFINITE) return bits | QUIET_BIT;
  if (magnitude < NORMAL) return sign | INFINITE;
  if (sign != 0) return INDEFINITE;
  return reinterpret<u32>(f32(1.0 / sqrt(f64(reinterpret<f32>(bits)))));
}
export function fpRcpPs(): void {
  for (let i = 0; i < 4; i++) setLane32(i, reciprocal(lane32(B, i)));
}
export function fpRcpSs(): void {
  setResult(vector(A));
  setLane32(0, reciprocal(lane32(B, 0)));
}
export function fpRsqrtPs(): void {
  for (let i = 0; i < 4; i++) setLane32(i, reciprocalRoot(lane32(B, i)));
}
export function fpRsqrtSs(): void {
  setResult(vector(A));
  setLane32(0, reciprocalRoot(lane32(B, 0)));
}
