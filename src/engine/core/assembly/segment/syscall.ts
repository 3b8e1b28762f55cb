// Fast system calls and SWAPGS (SDM 2B; SDM 3A, Fast System Calls in 64-Bit Mode).
import { At, C } from "../generated/layout";
import { canonical, code64, EFER_SCE, GP, hosted, longMode, protectedMode, raise, reg, requestExit, setReg, UD, vcpu } from "../state";
import { IF, readFlags, RF, VM, writeFlags } from "../processor/flags";
import { baseOf, setSegment } from "./descriptor";
import { sync } from "../processor/control";

const RAX: u32 = 0, RCX: u32 = 1, RDX: u32 = 2, RSP: u32 = 4, R11: u32 = 11;
/** Hidden attributes of the fixed flat segments; DPL is added. */
const CODE64: u32 = 0xa09b, CODE32: u32 = 0xc09b, DATA: u32 = 0xc093;
/** RFLAGS that SYSRET takes from R11. */
const SYSRET_FLAGS: u64 = 0x3c_7fd7;
const ALL_FLAGS: u64 = 0x3f_7fd5;

function flatSegment(segment: u32, selector: u32, attributes: u32, privilege: u32): void {
  setSegment(segment, selector, 0, 0xffff_ffff, attributes | (privilege << 5));
}

/** Forgets the single step that the instruction began with when the flags it leaves have no TF. */
function dropStep(): void {
  store<u32>(vcpu, load<u32>(vcpu, At.blocking) & ~C.BLOCKING_STEP, At.blocking);
}

export function systemCall(nextRip: u64): void {
  if (!code64() || !(load<u64>(vcpu, At.efer) & EFER_SCE)) return raise(UD, 0);
  if (hosted()) return answerOrExit(nextRip);
  const flags = readFlags(), star = <u32>(load<u64>(vcpu, At.star) >> 32) & 0xffff;
  setReg(RCX, nextRip);
  setReg(R11, flags & ~RF);
  store<u64>(vcpu, load<u64>(vcpu, At.lstar), At.rip);
  writeFlags(flags & ~load<u64>(vcpu, At.sfmask), ALL_FLAGS);
  store<u32>(vcpu, load<u32>(vcpu, At.flagRest) & ~<u32>RF, At.flagRest);
  dropStep();
  flatSegment(C.SEG_CS, star & 0xfffc, CODE64, 0);
  flatSegment(C.SEG_SS, (star & 0xfffc) + 8, DATA, 0);
  store<u32>(vcpu, 0, At.cpl);
  sync();
}

/** SYSCALL of a hosted program: what the table of answers knows never leaves this thread. */
function answerOrExit(nextRip: u64): void {
  const number = reg(RAX), answers = load<u32>(vcpu, At.answers);
  setReg(RCX, nextRip);
  setReg(R11, readFlags() & ~RF);
  store<u64>(vcpu, nextRip, At.rip);
  dropStep();
  if (answers && number < <u64>C.ANSWER_COUNT) {
    const entry = <usize>answers + <usize>number * C.ANSWER_BYTES;
    if (load<u32>(entry)) return setReg(RAX, load<u64>(entry, C.ANSWER_VALUE));
  }
  requestExit(C.EXIT_SYSCALL);
}

/** `bytes` 8: to 64-bit code, 4: to compatibility mode. */
export function systemReturn(bytes: u32): void {
  if (!code64() || !(load<u64>(vcpu, At.efer) & EFER_SCE)) return raise(UD, 0);
  if (load<u32>(vcpu, At.cpl)) return raise(GP, 0);
  const star = <u32>(load<u64>(vcpu, At.star) >> 48) & 0xffff, rip = reg(RCX);
  if (bytes == 8 && !canonical(rip)) return raise(GP, 0);
  store<u64>(vcpu, bytes == 8 ? rip : rip & 0xffff_ffff, At.rip);
  writeFlags(reg(R11) & SYSRET_FLAGS, ALL_FLAGS);
  store<u32>(vcpu, load<u32>(vcpu, At.flagRest) & ~<u32>RF, At.flagRest);
  if (bytes == 8) flatSegment(C.SEG_CS, ((star + 16) & 0xffff) | 3, CODE64, 3);
  else flatSegment(C.SEG_CS, star | 3, CODE32, 3);
  flatSegment(C.SEG_SS, ((star + 8) & 0xffff) | 3, DATA, 3);
  store<u32>(vcpu, 3, At.cpl);
  sync();
}

export function systemEnter(): void {
  const cs = <u32>load<u64>(vcpu, At.sysenterCs) & 0xffff;
  if (!protectedMode() || !(cs & 0xfffc)) return raise(GP, 0);
  const long = longMode();
  writeFlags(0, VM | IF | RF);
  setReg(RSP, long ? load<u64>(vcpu, At.sysenterEsp) : load<u64>(vcpu, At.sysenterEsp) & 0xffff_ffff);
  store<u64>(vcpu, long ? load<u64>(vcpu, At.sysenterEip) : load<u64>(vcpu, At.sysenterEip) & 0xffff_ffff, At.rip);
  flatSegment(C.SEG_CS, cs & 0xfffc, long ? CODE64 : CODE32, 0);
  flatSegment(C.SEG_SS, (cs & 0xfffc) + 8, DATA, 0);
  store<u32>(vcpu, 0, At.cpl);
  sync();
}

export function systemExit(bytes: u32): void {
  const cs = <u32>load<u64>(vcpu, At.sysenterCs) & 0xffff;
  if (!protectedMode() || !(cs & 0xfffc) || load<u32>(vcpu, At.cpl)) return raise(GP, 0);
  const rsp = reg(RCX), rip = reg(RDX);
  if (bytes == 8) {
    if (!canonical(rsp) || !canonical(rip)) return raise(GP, 0);
    setReg(RSP, rsp);
    store<u64>(vcpu, rip, At.rip);
    flatSegment(C.SEG_CS, ((cs + 32) & 0xffff) | 3, CODE64, 3);
    flatSegment(C.SEG_SS, ((cs + 40) & 0xffff) | 3, DATA, 3);
  } else {
    setReg(RSP, rsp & 0xffff_ffff);
    store<u64>(vcpu, rip & 0xffff_ffff, At.rip);
    flatSegment(C.SEG_CS, ((cs + 16) & 0xffff) | 3, CODE32, 3);
    flatSegment(C.SEG_SS, ((cs + 24) & 0xffff) | 3, DATA, 3);
  }
  store<u32>(vcpu, 3, At.cpl);
  sync();
}

/** SWAPGS; the caller has checked mode and privilege. */
export function swapGs(): void {
  const base = baseOf(C.SEG_GS);
  store<u64>(vcpu + At.segBase + 8 * C.SEG_GS, load<u64>(vcpu, At.kernelGsBase));
  store<u64>(vcpu, base, At.kernelGsBase);
}
