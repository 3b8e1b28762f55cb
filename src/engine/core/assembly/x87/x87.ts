// x87: register stack, exceptions, pointers. An instruction is: x87Begin (#MF for a pending exception), `start`, its work, `finish`.
// Nothing of the vCPU changes before `finish` except registers, so an instruction that stores to memory can be abandoned by a #PF.
// Sources: SDM 1, Programming with the x87 FPU.
//
// FIP, FDP and FOP are written by every instruction that is not a control instruction (fdp-excptn-only and the FOP mode of
// IA32_MISC_ENABLE are not modelled); FCS and FDS are 0.

import { At } from "../generated/layout";
import { CR0_MP, CR0_NE, CR0_TS, MF, NM, raise, vcpu } from "../state";
import { IE, environment, flag, masks, moveToB, raised, rSig, roundedUp, setRoundedUp, unpack80 } from "../float/softfloat";
import { pack80 } from "../float/softfloat-round";

// bits of FSW besides the flags
export const STACK_FAULT: u32 = 0x40, SUMMARY: u32 = 0x80, C0: u32 = 0x100, C1: u32 = 0x200, C2: u32 = 0x400, C3: u32 = 0x4000, BUSY: u32 = 0x8000;
/** The NaN of a masked invalid operation. */
const INDEFINITE: u64 = 0xc000000000000000, INDEFINITE_EXP: u32 = 0xffff;

/** Opcode of the current instruction: 11 bits. */
export let opcode: u32 = 0;
let instructionPointer: u64 = 0, operandPointer: u64 = 0, hasOperand: bool = false, stackFault: bool = false;

// @ts-ignore: decorator
@inline function fsw(): u32 { return load<u32>(vcpu, At.fsw); }
// @ts-ignore: decorator
@inline export function controlWord(): u32 { return load<u32>(vcpu, At.fcw); }

/** Raises #MF when an exception is pending. With CR0.NE = 0 the PC's external reporting would come here: not modelled. */
export function x87Pending(): void {
  if ((fsw() & SUMMARY) != 0 && (load<u64>(vcpu, At.cr0) & CR0_NE) != 0) raise(MF, 0);
}

export function x87Wait(): void {
  if ((load<u64>(vcpu, At.cr0) & (CR0_MP | CR0_TS)) == (CR0_MP | CR0_TS)) return raise(NM, 0);
  x87Pending();
}

export function x87Begin(fop: u32, fip: u64): void {
  x87Pending();
  opcode = fop;
  instructionPointer = fip;
  hasOperand = false;
}

export function x87BeginMemory(fop: u32, fip: u64, fdp: u64): void {
  x87Begin(fop, fip);
  operandPointer = fdp;
  hasOperand = true;
}

/** The i of ST(i). */
// @ts-ignore: decorator
@inline
export function operandIndex(): u32 { return opcode & 7; }

/** Begins the work of an instruction. */
export function start(): void {
  const fcw = controlWord();
  environment((fcw >> 10) & 3, fcw & 0x3f, false, false, true);
  stackFault = false;
}

/** Significand bits that FADD, FSUB, FMUL, FDIV and FSQRT round to. */
export function precision(): i32 {
  const control = (controlWord() >> 8) & 3;
  return control == 0 ? 24 : control == 2 ? 53 : 64;
}

/** Ends it: flags, C1, pending exception and pointers. */
export function finish(): void {
  let status = (fsw() & ~C1) | raised;
  if (roundedUp) status |= C1;
  if (stackFault) status |= STACK_FAULT;
  if ((raised & ~masks) != 0) status |= SUMMARY | BUSY;
  store<u32>(vcpu, status, At.fsw);
  notePointers();
}

export function notePointers(): void {
  store<u32>(vcpu, opcode, At.fop);
  store<u64>(vcpu, instructionPointer, At.fip);
  if (hasOperand) store<u64>(vcpu, operandPointer, At.fdp);
}

/** For FCOMI and FCMOV, which leave C1 alone unless an operand is missing. */
export function finishKeepingC1(): void {
  if (!stackFault) setRoundedUp((fsw() & C1) != 0);
  finish();
}

export function conditionBits(): u32 { return fsw() & (C0 | C1 | C2 | C3); }

/** Sets C3, C2 and C0 and clears C1, then the flags. */
export function finishWith(conditions: u32): void {
  store<u32>(vcpu, (fsw() & ~(C0 | C2 | C3)) | conditions, At.fsw);
  finish();
}

/** Whether an exception that is not masked keeps the result from being written: all but overflow, underflow and precision. */
export function refused(): bool {
  return (raised & ~masks & 7) != 0;
}

// -- the stack

// @ts-ignore: decorator
@inline function physical(i: u32): u32 { return ((fsw() >> 11) + i) & 7; }
// @ts-ignore: decorator
@inline export function register(i: u32): usize { return vcpu + At.fpr + (usize(physical(i)) << 4); }
export function empty(i: u32): bool {
  return (load<u32>(vcpu, At.ftw) >> physical(i) & 1) == 0;
}

export function readA(i: u32): void {
  const at = register(i);
  unpack80(load<u64>(at), load<u16>(at, 8));
}
export function readB(i: u32): void {
  readA(i);
  moveToB();
}

export function write(i: u32, sig: u64, signExp: u32): void {
  const at = register(i);
  store<u64>(at, sig);
  store<u64>(at, signExp, 8);
  store<u32>(vcpu, load<u32>(vcpu, At.ftw) | 1 << physical(i), At.ftw);
}
export function writeIndefinite(i: u32): void {
  write(i, INDEFINITE, INDEFINITE_EXP);
}
/** R, rounded to a precision, into ST(i). */
export function writeResult(i: u32, bits: i32): void {
  const signExp = pack80(bits);
  write(i, rSig, signExp);
}

function setTop(value: u32): void {
  store<u32>(vcpu, (fsw() & ~0x3800) | (value & 7) << 11, At.fsw);
}
export function rotate(by: u32): void {
  setTop(physical(by));
}
/** Makes a new ST(0), whose content the caller writes. */
export function pushDown(): void {
  rotate(7);
}
export function free(i: u32): void {
  store<u32>(vcpu, load<u32>(vcpu, At.ftw) & ~(1 << physical(i)), At.ftw);
}
export function pop(): void {
  free(0);
  rotate(1);
}

/** An operand is missing. @returns whether the masked response is to follow */
export function underflow(): bool {
  stackFault = true;
  flag(IE);
  setRoundedUp(false);
  return (masks & IE) != 0;
}
/** There is no room for one more register; C1 tells this from underflow. */
export function overflow(): bool {
  underflow();
  setRoundedUp(true);
  return (masks & IE) != 0;
}

/** For instructions that push: reports overflow, with the masked response of an indefinite number. @returns whether there is room */
export function room(): bool {
  if (empty(7)) return true;
  if (overflow()) {
    pushDown();
    writeIndefinite(0);
  }
  finish();
  return false;
}

/** For instructions that replace ST(0): reports underflow likewise, else A = ST(0). */
export function operand(): bool {
  if (!empty(0)) {
    readA(0);
    return true;
  }
  if (underflow()) writeIndefinite(0);
  finish();
  return false;
}
