// x87: comparisons and classification.

import { UNORDERED, EQUAL, GREATER, LESS, compare } from "../float/softfloat-arithmetic";
import { FINITE, INFINITE, UNSUPPORTED, ZERO, aClass, aDenormal, moveToB, setA, setRoundedUp, unpack32, unpack64, unpackInt } from "../float/softfloat";
import { C0, C2, C3, empty, finishKeepingC1, finishWith, operandIndex, pop, readA, readB, refused, register, start, underflow } from "./x87";

function conditionsOf(result: u32): u32 {
  return result == LESS ? C0 : result == EQUAL ? C3 : result == GREATER ? 0 : C0 | C2 | C3;
}

/** Compares A with B and pops. */
function report(quiet: bool, pops: u32): void {
  conclude(compare(quiet), pops);
}
function conclude(result: u32, pops: u32): void {
  if (!refused()) for (; pops > 0; pops--) pop();
  finishWith(conditionsOf(result)); // even when refused
}
function missing(pops: u32): void {
  underflow();
  conclude(UNORDERED, pops);
}

export function x87CompareSt(unordered: u32, pops: u32): void {
  start();
  const i = pops == 2 ? 1 : operandIndex();
  if (empty(0) || empty(i)) return missing(pops);
  readB(i);
  readA(0);
  report(unordered != 0, pops);
}

function withMemory(pops: u32): void {
  moveToB();
  if (empty(0)) return missing(pops);
  readA(0);
  report(false, pops);
}
export function x87CompareF32(bits: u64, pops: u32): void {
  start();
  unpack32(u32(bits));
  withMemory(pops);
}
export function x87CompareF64(bits: u64, pops: u32): void {
  start();
  unpack64(bits);
  withMemory(pops);
}
export function x87CompareInt(value: i64, pops: u32): void {
  start();
  unpackInt(value);
  withMemory(pops);
}

/** FCOMI and its family. @returns RFLAGS with ZF, PF and CF set by the result, OF, SF and AF cleared */
export function x87CompareFlags(unordered: u32, pops: u32, flags: u64): u64 {
  start();
  const i = operandIndex();
  let result = UNORDERED;
  if (empty(0) || empty(i)) {
    underflow();
  } else {
    readB(i);
    readA(0);
    result = compare(unordered != 0);
  }
  if (pops != 0 && !refused()) pop();
  finishKeepingC1();
  return (flags & ~0x8d5) | (result == LESS ? 1 : result == EQUAL ? 0x40 : result == GREATER ? 0 : 0x45);
}

export function x87Test(): void {
  start();
  if (empty(0)) return missing(0);
  setA(ZERO, 0, 0, 0);
  moveToB();
  readA(0);
  report(false, 0);
}

/** FXAM: C3, C2 and C0 tell the class, C1 the sign, whatever the tag says. */
export function x87Examine(): void {
  start();
  const sign = load<u16>(register(0), 8) >> 15;
  readA(0);
  let conditions: u32;
  if (empty(0)) conditions = C3 | C0;
  else if (aClass == UNSUPPORTED) conditions = 0;
  else if (aClass == ZERO) conditions = C3;
  else if (aClass == FINITE) conditions = aDenormal ? C3 | C2 : C2;
  else conditions = aClass == INFINITE ? C2 | C0 : C0;
  setRoundedUp(sign != 0);
  finishWith(conditions);
}
