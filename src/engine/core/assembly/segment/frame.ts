// Stack instructions of several steps: registers change only when all of them have succeeded.
import { At, C } from "../generated/layout";
import { code64, faulted, reg, setReg, vcpu } from "../state";
import { closeStack, openCurrentStack, popOff, pushOn, setStackPointer } from "./stack";
import { linearAddress } from "../memory/address";
import { loadSized } from "../memory/sized";
import { probeWrite } from "../memory/memory";

const RSP: u32 = 4, RBP: u32 = 5;
/** Room for the eight registers of POPA: scratch slots 4 to 7. */
const POPPED: usize = At.scratch + 64;

function stackMask(): u64 {
  return code64() ? ~0 : load<u32>(vcpu, At.mode) & C.MODE_STACK32 ? 0xffff_ffff : 0xffff;
}
function setSized(number: u32, value: u64, bytes: u32): void {
  setReg(number, bytes == 2 ? (reg(number) & ~0xffff) | (value & 0xffff) : bytes == 4 ? value & 0xffff_ffff : value);
}

export function releaseStack(bytes: u32): void {
  setStackPointer(reg(RSP) + bytes, stackMask());
}

export function pushAll(bytes: u32): void {
  openCurrentStack();
  for (let i: u32 = 0; i < 8; i++) pushOn(bytes, reg(i));
  if (!faulted()) closeStack();
}

export function popAll(bytes: u32): void {
  openCurrentStack();
  for (let i: i32 = 7; i >= 0; i--) store<u64>(vcpu + POPPED + (<usize>i << 3), popOff(bytes));
  if (faulted()) return;
  for (let i: u32 = 0; i < 8; i++) if (i != RSP) setSized(i, load<u64>(vcpu + POPPED + (<usize>i << 3)), bytes);
  closeStack();
}

/** ENTER: the caller's frame, those of the enclosing procedures, its own; then room for variables. */
export function enterFrame(bytes: u32, size: u32, nesting: u32): void {
  const mask = stackMask(), level = nesting & 31, frame = reg(RSP) - bytes;
  openCurrentStack();
  pushOn(bytes, reg(RBP));
  for (let i: u32 = 1; i < level && !faulted(); i++) {
    const linear = linearAddress(C.SEG_SS, (reg(RBP) - i * bytes) & mask, bytes, 0);
    if (!faulted()) pushOn(bytes, loadSized(linear, bytes));
  }
  if (level) pushOn(bytes, frame);
  if (faulted()) return;
  const pointer = frame - level * bytes - size;
  // a stack that is too small is found here, not by the first push
  const linear = linearAddress(C.SEG_SS, pointer & mask, bytes, 1);
  if (!faulted()) probeWrite(linear, bytes);
  if (faulted()) return;
  setStackPointer(pointer, mask);
  setSized(RBP, frame, bytes);
}

export function leaveFrame(bytes: u32): void {
  const mask = stackMask(), frame = reg(RBP) & mask;
  const linear = linearAddress(C.SEG_SS, frame, bytes, 0);
  if (faulted()) return;
  const caller = loadSized(linear, bytes);
  if (faulted()) return;
  setStackPointer(frame + bytes, mask);
  setSized(RBP, caller, bytes);
}

/** Whether an offset in CS is beyond its limit; outside of 64-bit mode. */
export function beyondCode(target: u64): u32 {
  return u32(target > <u64>load<u32>(vcpu + At.segLimit + 4 * C.SEG_CS));
}
