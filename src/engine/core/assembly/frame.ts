// Stack instructions of several steps: registers change only when all of them have succeeded.
import { At, C } from "./generated/layout";
import { code64, faulted, reg, setReg, vcpu } from "./state";
import { linearAddress, loadSized, storeSized } from "./address";
import { probeWrite } from "./memory";

const RSP: u32 = 4, RBP: u32 = 5;
/** Room for the eight registers of POPA. */
const POPPED: usize = At.scratch + 64;

function stackMask(): u64 {
  return code64() ? ~0 : load<u32>(vcpu, At.mode) & C.MODE_STACK32 ? 0xffff_ffff : 0xffff;
}
function setSized(number: u32, value: u64, bytes: u32): void {
  setReg(number, bytes == 2 ? (reg(number) & ~0xffff) | (value & 0xffff) : bytes == 4 ? value & 0xffff_ffff : value);
}
function setPointer(value: u64, mask: u64): void {
  setReg(RSP, mask == 0xffff ? (reg(RSP) & ~mask) | (value & mask) : value & mask);
}

export function releaseStack(bytes: u32): void {
  setPointer(reg(RSP) + bytes, stackMask());
}

export function pushAll(bytes: u32): void {
  const mask = stackMask();
  let pointer = reg(RSP);
  for (let i: u32 = 0; i < 8; i++) {
    pointer -= bytes;
    const linear = linearAddress(C.SEG_SS, pointer & mask, bytes, true);
    if (!faulted()) storeSized(linear, bytes, reg(i));
    if (faulted()) return;
  }
  setPointer(pointer, mask);
}

export function popAll(bytes: u32): void {
  const mask = stackMask();
  let pointer = reg(RSP);
  for (let i: i32 = 7; i >= 0; i--) {
    const linear = linearAddress(C.SEG_SS, pointer & mask, bytes, false);
    if (!faulted()) store<u64>(vcpu + POPPED + (<usize>i << 3), loadSized(linear, bytes));
    if (faulted()) return;
    pointer += bytes;
  }
  for (let i: u32 = 0; i < 8; i++) if (i != RSP) setSized(i, load<u64>(vcpu + POPPED + (<usize>i << 3)), bytes);
  setPointer(pointer, mask);
}

export function enterFrame(bytes: u32, size: u32, nesting: u32): void {
  const mask = stackMask(), level = nesting & 31;
  let pointer = reg(RSP) - bytes;
  let linear = linearAddress(C.SEG_SS, pointer & mask, bytes, true);
  if (!faulted()) storeSized(linear, bytes, reg(RBP));
  if (faulted()) return;
  const frame = pointer;
  for (let i: u32 = 1; i <= level; i++) {
    let value = frame;
    if (i < level) { // the frames of the enclosing procedures
      linear = linearAddress(C.SEG_SS, (reg(RBP) - i * bytes) & mask, bytes, false);
      if (!faulted()) value = loadSized(linear, bytes);
      if (faulted()) return;
    }
    pointer -= bytes;
    linear = linearAddress(C.SEG_SS, pointer & mask, bytes, true);
    if (!faulted()) storeSized(linear, bytes, value);
    if (faulted()) return;
  }
  pointer -= size;
  // a stack that is too small is found here, not by the first push
  linear = linearAddress(C.SEG_SS, pointer & mask, bytes, true);
  if (!faulted()) probeWrite(linear, bytes);
  if (faulted()) return;
  setSized(RBP, frame, bytes);
  setPointer(pointer, mask);
}

export function leaveFrame(bytes: u32): void {
  const mask = stackMask(), frame = reg(RBP) & mask;
  const linear = linearAddress(C.SEG_SS, frame, bytes, false);
  if (faulted()) return;
  const caller = loadSized(linear, bytes);
  if (faulted()) return;
  setPointer(frame + bytes, mask);
  setSized(RBP, caller, bytes);
}
