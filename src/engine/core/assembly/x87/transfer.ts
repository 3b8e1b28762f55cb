// x87: loads, stores, exchange and constants.

import { At } from "../generated/layout";
import { vcpu } from "../state";
import { load16, load64, probeWrite, store16, store32, store64 } from "../memory/memory";
import {
  CHOP, DE, FINITE, IE, NEAREST, OE, UE, UP, aClass, aDenormal, aExp, aSig, flag, invalid, masks, nanA, rClass, rSig, rSign, raised, resultA, rounding,
  setR, setRaised, setRounding, setRoundedUp, unpack32, unpack64, unpackInt,
} from "../float/softfloat";
import { pack32, pack64, roundToInteger, toInt } from "../float/softfloat-round";
import {
  empty, finish, finishKeepingC1, free, notePointers, operandIndex, pop, pushDown, readA, refused, register, room, rotate, start, underflow, write,
  writeIndefinite, writeResult,
} from "./x87";

/** Pushes A, converted exactly; a signaling NaN or a denormal is reported. */
function pushA(): void {
  if (!room()) return;
  if (!nanA()) resultA();
  if (!refused()) { // a denormal is pushed even when its exception is not masked
    if (aDenormal) flag(DE);
    pushDown();
    writeResult(0, 64);
  }
  finish();
}

export function x87LoadF32(bits: u64): void {
  start();
  unpack32(u32(bits));
  pushA();
}
export function x87LoadF64(bits: u64): void {
  start();
  unpack64(bits);
  pushA();
}
export function x87LoadInt(value: i64): void {
  start();
  unpackInt(value);
  pushA();
}

/** No conversion, so no exception but stack overflow. */
export function x87LoadF80(linear: u64): void {
  const sig = load64(linear), signExp = load<u32>(vcpu, At.fault) ? 0 : load16(linear + 8);
  if (load<u32>(vcpu, At.fault)) return;
  start();
  push(sig, u32(signExp));
}
function push(sig: u64, signExp: u32): void {
  if (!room()) return;
  pushDown();
  write(0, sig, signExp);
  finish();
}

export function x87LoadSt(): void {
  start();
  const i = operandIndex();
  if (empty(i)) { // reported rather than overflow
    if (underflow()) {
      pushDown();
      writeIndefinite(0);
    }
    return finish();
  }
  const at = register(i);
  push(load<u64>(at), load<u16>(at, 8));
}

/** 1, log2(10), log2(e), pi, log10(2), ln(2), 0: exponent, 64 bits rounded down, and whether the nearest is one more. SDM 2A, FLD1... */
const CONSTANTS = memory.data<u64>([
  0x3fff, 0x8000000000000000, 0, 0x4000, 0xd49a784bcd1b8afe, 0, 0x3fff, 0xb8aa3b295c17f0bb, 1, 0x4000, 0xc90fdaa22168c234, 1,
  0x3ffd, 0x9a209a84fbcff798, 1, 0x3ffe, 0xb17217f7d1cf79ab, 1, 0, 0, 0,
]);
export function x87LoadConstant(index: u32): void {
  start();
  const at = CONSTANTS + usize(index) * 24;
  const exact = index == 0 || index == 6;
  const up = rounding == NEAREST ? load<u64>(at, 16) : u64(rounding == UP && !exact);
  push(load<u64>(at, 8) + up, u32(load<u64>(at)));
}

/** Packed decimal: 18 digits, sign in the last byte. */
export function x87LoadBcd(linear: u64): void {
  const low = load64(linear), high = load<u32>(vcpu, At.fault) ? 0 : load16(linear + 8);
  if (load<u32>(vcpu, At.fault)) return;
  start();
  let value: u64 = high >> 4 & 15;
  value = value * 10 + (high & 15);
  for (let digit = 60; digit >= 0; digit -= 4) value = value * 10 + (low >> digit & 15);
  unpackInt(i64(value));
  if (!room()) return;
  setR(aClass, u32(high >> 15), aExp, aSig, 0);
  pushDown();
  writeResult(0, 64);
  finish();
}

// -- stores

/** Whether the result of a store cannot be written: memory stays as it is, but must be writable. The instruction is finished then. */
function storeRefused(linear: u64, bytes: u32): bool {
  if ((raised & ~masks & (IE | OE | UE)) == 0) return false;
  probeWrite(linear, bytes);
  if (!faulted()) finish();
  return true;
}
function faulted(): bool {
  return load<u32>(vcpu, At.fault) != 0;
}
function finishStore(popping: u32): void {
  if (popping != 0) pop();
  finish();
}

/** R = ST(0) for a store in another format. @returns false: finished */
function storedOperand(): void {
  if (empty(0)) {
    underflow();
    invalid();
    return;
  }
  readA(0);
  if (!nanA()) resultA();
}

export function x87StoreF32(linear: u64, popping: u32): void {
  start();
  storedOperand();
  const bits = pack32();
  if (storeRefused(linear, 4)) return;
  store32(linear, bits);
  if (!faulted()) finishStore(popping);
}
export function x87StoreF64(linear: u64, popping: u32): void {
  start();
  storedOperand();
  const bits = pack64();
  if (storeRefused(linear, 8)) return;
  store64(linear, bits);
  if (!faulted()) finishStore(popping);
}

export function x87StoreF80(linear: u64): void {
  start();
  let sig: u64 = 0xc000000000000000, signExp: u32 = 0xffff;
  if (empty(0)) {
    underflow();
    if (storeRefused(linear, 10)) return;
  } else {
    sig = load<u64>(register(0));
    signExp = load<u16>(register(0), 8);
  }
  store80(linear, sig, signExp);
  if (!faulted()) finishStore(1);
}
function store80(linear: u64, sig: u64, signExp: u32): void {
  probeWrite(linear, 10);
  if (faulted()) return;
  store64(linear, sig);
  store16(linear + 8, signExp);
}

export function x87StoreInt(linear: u64, bytes: u32, truncate: u32, popping: u32): void {
  start();
  if (truncate != 0) setRounding(CHOP);
  storedOperand();
  const value = toInt(bytes * 8);
  if (storeRefused(linear, bytes)) return;
  if (bytes == 2) store16(linear, value & 0xffff);
  else if (bytes == 4) store32(linear, value & 0xffffffff);
  else store64(linear, value);
  if (!faulted()) finishStore(popping);
}

export function x87StoreBcd(linear: u64): void {
  start();
  storedOperand();
  const before = raised;
  let low: u64 = 0xc000000000000000, high: u32 = 0xffff; // packed BCD indefinite
  if (rClass <= FINITE && roundToInteger() && rSig < 1000000000000000000) {
    let value = rSig;
    low = 0;
    for (let digit = 0; digit < 64; digit += 4) {
      low |= value % 10 << digit;
      value /= 10;
    }
    high = u32(value % 10 | value / 10 << 4) | rSign << 15;
  } else {
    setRaised(before | IE);
    setRoundedUp(false);
  }
  if (storeRefused(linear, 10)) return;
  store80(linear, low, high);
  if (!faulted()) finishStore(1);
}

/** FSTPNCE: an empty ST(0) is popped without being stored or reported. */
export function x87StoreStUnchecked(): void {
  start();
  if (!empty(0)) write(operandIndex(), load<u64>(register(0)), load<u16>(register(0), 8));
  finishStore(1);
}

export function x87StoreSt(popping: u32): void {
  start();
  const i = operandIndex();
  if (empty(0)) {
    if (!underflow()) return finish();
    writeIndefinite(i);
  } else {
    const at = register(0);
    write(i, load<u64>(at), load<u16>(at, 8));
  }
  finishStore(popping);
}

// -- registers

export function x87Exchange(): void {
  start();
  const i = operandIndex();
  if (empty(0) || empty(i)) {
    if (!underflow()) return finish();
    if (empty(0)) writeIndefinite(0);
    if (empty(i)) writeIndefinite(i);
  }
  const a = register(0), b = register(i), sig = load<u64>(a), signExp = load<u64>(a, 8);
  write(0, load<u64>(b), u32(load<u64>(b, 8)));
  write(i, sig, u32(signExp));
  finish();
}

export function x87MoveIf(condition: u32): void {
  start();
  const i = operandIndex();
  if (empty(0) || empty(i)) {
    if (underflow()) writeIndefinite(0);
  } else if (condition != 0) {
    write(0, load<u64>(register(i)), load<u16>(register(i), 8));
  }
  finishKeepingC1();
}

export function x87Free(popping: u32): void {
  start();
  free(operandIndex());
  if (popping != 0) pop();
  finish();
}
export function x87RotateStack(by: i32): void {
  start();
  rotate(u32(by));
  finish();
}
export function x87Nop(): void {
  notePointers();
}
