// SSE floating point: conversions between single, double and integers.

import { CHOP, DE, aDenormal, flag, nanA, resultA, setRounding, stopped, unpack32, unpack64, unpackInt } from "./softfloat";
import { pack32, pack64, toInt } from "./softfloat-round";
import {
  A, B, begin, finish, inexactIsNoNews, INFINITE32, lane32, lane64, nativeInexact, ordinary32, ordinary64, SAFE32, setLane32, setLane64, setResult, SIGN32, SIGN64,
  vector,
} from "./fp";

/** R = A in another format. */
function convertA(): void {
  if (nanA()) return;
  if (aDenormal) flag(DE);
  resultA();
}
function toDouble(bits: u32): u64 {
  unpack32(bits);
  convertA();
  return stopped() ? 0 : pack64();
}
function toSingle(bits: u64): u32 {
  unpack64(bits);
  convertA();
  return stopped() ? 0 : pack32();
}

export function fpCvtps2pd(): void {
  begin();
  for (let i = 0; i < 2; i++) setLane64(i, toDouble(lane32(A, i)));
  finish();
}
export function fpCvtpd2ps(): void {
  begin();
  for (let i = 0; i < 2; i++) setLane32(i, toSingle(lane64(A, i)));
  setLane64(1, 0);
  finish();
}
export function fpCvtss2sd(): void {
  setResult(vector(A));
  const bits = lane32(B, 0);
  if (ordinary32(bits)) return setLane64(0, reinterpret<u64>(f64(reinterpret<f32>(bits))));
  begin();
  setLane64(0, toDouble(lane32(B, 0)));
  finish();
}
export function fpCvtsd2ss(): void {
  setResult(vector(A));
  const bits = lane64(B, 0);
  if (nativeInexact() && ordinary64(bits)) {
    const single = reinterpret<u32>(f32(reinterpret<f64>(bits))), magnitude = single & ~SIGN32;
    if (magnitude == 0 ? (bits & ~SIGN64) == 0 : magnitude >= SAFE32 && magnitude < INFINITE32) return setLane32(0, single);
  }
  begin();
  setLane32(0, toSingle(lane64(B, 0)));
  finish();
}

// -- from integers

function singleOf(value: i64): u32 {
  if (value == (value << 40 >> 40)) return reinterpret<u32>(f32(value)); // 24 bits: exact
  unpackInt(value);
  resultA();
  return pack32();
}
export function fpCvtdq2ps(): void {
  begin();
  for (let i = 0; i < 4; i++) setLane32(i, singleOf(i32(lane32(A, i))));
  finish();
}
export function fpCvtpi2ps(): void {
  setResult(vector(A));
  begin();
  for (let i = 0; i < 2; i++) setLane32(i, singleOf(i32(lane32(B, i))));
  finish();
}
/** Exact. */
export function fpCvtdq2pd(): void {
  setResult(f64x2.convert_low_i32x4_s(vector(A)));
}
export function fpCvtsi2ss(value: i64): void {
  setResult(vector(A));
  begin();
  setLane32(0, singleOf(value));
  finish();
}
export function fpCvtsi2sd(value: i64): void {
  setResult(vector(A));
  if (value == i64(i32(value))) return setLane64(0, reinterpret<u64>(f64(value)));
  begin();
  unpackInt(value);
  resultA();
  setLane64(0, pack64());
  finish();
}

// -- to integers: what does not fit is an invalid operation, denormals are not reported

function beginInt(truncate: u32): void {
  begin();
  if (truncate != 0) setRounding(CHOP);
}
/** Whether truncation, or conversion in the usual way, of a number below 2^31 in magnitude can be left to Wasm. */
function nativeInt(truncate: u32): bool {
  return truncate != 0 ? inexactIsNoNews() : nativeInexact();
}
const LIMIT32: u32 = 0x4f000000, LIMIT64: u64 = 0x41dfffffffc00000; // 2^31, and 2^31 - 1, which rounds to a number that fits

function intOfSingle(bits: u32, width: i32): i64 {
  unpack32(bits);
  resultA();
  return toInt(width);
}
function intOfDouble(bits: u64, width: i32): i64 {
  unpack64(bits);
  resultA();
  return toInt(width);
}
export function fpCvtps2dq(truncate: u32): void {
  beginInt(truncate);
  for (let i = 0; i < 4; i++) setLane32(i, u32(intOfSingle(lane32(A, i), 32)));
  finish();
}
export function fpCvtps2pi(truncate: u32): void {
  beginInt(truncate);
  for (let i = 0; i < 2; i++) setLane32(i, u32(intOfSingle(lane32(A, i), 32)));
  setLane64(1, 0);
  finish();
}
export function fpCvtpd2dq(truncate: u32): void {
  beginInt(truncate);
  for (let i = 0; i < 2; i++) setLane32(i, u32(intOfDouble(lane64(A, i), 32)));
  setLane64(1, 0);
  finish();
}
export function fpCvtss2si(truncate: u32, width: u32): u64 {
  const bits = lane32(A, 0);
  if ((bits & ~SIGN32) < LIMIT32 && ordinary32(bits) && nativeInt(truncate)) {
    const x = reinterpret<f32>(bits), whole = i64(truncate != 0 ? x : nearest<f32>(x));
    return width == 32 ? u64(u32(whole)) : u64(whole);
  }
  beginInt(truncate);
  const value = intOfSingle(lane32(A, 0), i32(width));
  finish();
  return width == 32 ? u64(u32(value)) : u64(value);
}
export function fpCvtsd2si(truncate: u32, width: u32): u64 {
  const bits = lane64(A, 0);
  if ((bits & ~SIGN64) < LIMIT64 && ordinary64(bits) && nativeInt(truncate)) {
    const x = reinterpret<f64>(bits), whole = i64(truncate != 0 ? x : nearest<f64>(x));
    return width == 32 ? u64(u32(whole)) : u64(whole);
  }
  beginInt(truncate);
  const value = intOfDouble(lane64(A, 0), i32(width));
  finish();
  return width == 32 ? u64(u32(value)) : u64(value);
}
