// Stacks for transfers that push or pop several values: one is opened, values go on or come off, and only `closeStack` moves RSP.
// So a fault in the middle leaves the registers as they were.
import { At, C } from "../generated/layout";
import { canonical, code64, raise, reg, setReg, SS, vcpu } from "../state";
import { attributesOf, baseOf, CODE, DB_BIT, DOWN, limitOf } from "./descriptor";
import { loadFrom, storeTo } from "../memory/memory";
import { viewFor } from "../memory/tlb";
import { AC_FLAG } from "../processor/flags";

const RSP: u32 = 4;

let base: u64 = 0, limit: u32 = 0, attributes: u32 = 0, pointer: u64 = 0, mask: u64 = 0, view: u32 = 0, errorCode: u32 = 0, flat: bool = false;

/** Opens a stack of 16 or 32 bits. `code` is the error code of #SS when it does not suffice. */
export function openStack(segmentBase: u64, segmentLimit: u32, segmentAttributes: u32, stackPointer: u64, stackView: u32, code: u32): void {
  base = segmentBase;
  limit = segmentLimit;
  attributes = segmentAttributes;
  mask = segmentAttributes & DB_BIT ? 0xffff_ffff : 0xffff;
  pointer = stackPointer & mask;
  view = stackView;
  errorCode = code;
  flat = false;
}
/** Opens a 64-bit stack. */
export function openFlatStack(stackPointer: u64, stackView: u32, code: u32): void {
  base = 0;
  mask = ~0;
  pointer = stackPointer;
  view = stackView;
  errorCode = code;
  flat = true;
}
/** Opens the current stack with the rights of the current privilege level. */
export function openCurrentStack(): void {
  const ac = (load<u32>(vcpu, At.flagRest) & <u32>AC_FLAG) != 0, current = viewFor(load<u32>(vcpu, At.cpl), ac);
  if (code64()) openFlatStack(reg(RSP), current, 0);
  else openStack(baseOf(C.SEG_SS), limitOf(C.SEG_SS), attributesOf(C.SEG_SS), reg(RSP), current, 0);
}

function place(offset: u64, bytes: u32): u64 {
  if (flat) {
    if (!canonical(offset) || !canonical(offset + (bytes - 1))) raise(SS, errorCode);
    return offset;
  }
  if (!withinLimit(offset, bytes, limit, attributes)) raise(SS, errorCode);
  return (base + offset) & 0xffff_ffff;
}

export function pushOn(bytes: u32, value: u64): void {
  if (load<u32>(vcpu, At.fault)) return;
  const offset = (pointer - bytes) & mask, linear = place(offset, bytes);
  if (load<u32>(vcpu, At.fault)) return;
  storeTo(linear, bytes, value, view);
  pointer = offset;
}
export function popOff(bytes: u32): u64 {
  if (load<u32>(vcpu, At.fault)) return 0;
  const linear = place(pointer, bytes);
  if (load<u32>(vcpu, At.fault)) return 0;
  const value = loadFrom(linear, bytes, view);
  pointer = (pointer + bytes) & mask;
  return value;
}
/** Passes over bytes without looking at them. */
export function skipOver(bytes: u32): void {
  pointer = (pointer + bytes) & mask;
}
/** Makes the opened stack's pointer the current one. */
export function closeStack(): void {
  setStackPointer(pointer, mask);
}
/** Writes as much of RSP as the stack is wide. */
export function setStackPointer(value: u64, width: u64): void {
  setReg(RSP, width == 0xffff ? (reg(RSP) & ~0xffff) | (value & 0xffff) : value & width);
}

/** Limit check of a data segment; expand-down segments begin above their limit. */
export function withinLimit(offset: u64, bytes: u32, segmentLimit: u32, segmentAttributes: u32): bool {
  const last = offset + bytes - 1;
  if ((segmentAttributes & (CODE | DOWN)) == DOWN) return offset > <u64>segmentLimit && last <= (segmentAttributes & DB_BIT ? 0xffff_ffff : 0xffff);
  return last <= <u64>segmentLimit;
}
