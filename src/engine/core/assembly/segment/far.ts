// Far JMP, CALL and RET (SDM 2A and 2B; SDM 3A, Privilege Level Checking When Transferring Program Control Between Code Segments).
// `bytes` is the operand size. Each writes RIP; nothing is changed when a fault is pending.
import { At, C } from "../generated/layout";
import { canonical, code64, GP, longMode, NP, protectedMode, raise, reg, SS, unsupported, vcpu } from "../state";
import { attributesOf, baseOf, checkTarget, CODE, CONFORMING, DB_BIT, descriptorAttributes, descriptorBase, descriptorLimit, dpl, L, limitOf, loadSegment, markAccessed, P,
  readDescriptor, readUpperBase, S, selectorOf, setNull, setRealSegment, setSegment, TYPE, WRITABLE } from "./descriptor";
import { findStack, newStackDescriptor, newStackPointer, newStackSelector } from "../event/exception";
import { closeStack, openCurrentStack, openFlatStack, openStack, popOff, pushOn, setStackPointer, skipOver } from "./stack";
import { systemLoad, loadFrom } from "../memory/memory";
import { viewFor } from "../memory/tlb";
import { sync } from "../processor/control";

function mask(bytes: u32): u64 {
  return bytes == 8 ? ~0 : bytes == 4 ? 0xffff_ffff : 0xffff;
}

/** Checks a code segment as the target of a direct far JMP or CALL. */
function checkDirect(selector: u32, d: u64): void {
  const attributes = descriptorAttributes(d), cpl = load<u32>(vcpu, At.cpl), code = selector & 0xfffc;
  if (attributes & CONFORMING ? dpl(attributes) > cpl : (selector & 3) > cpl || dpl(attributes) != cpl) return raise(GP, code);
  if (!(attributes & P)) return raise(NP, code);
  if (longMode() && (attributes & (L | DB_BIT)) == (L | DB_BIT)) raise(GP, code);
}

/** Commits a transfer that stays at its privilege level. */
function enterCode(selector: u32, d: u64, rip: u64): void {
  markAccessed(selector, d);
  if (load<u32>(vcpu, At.fault)) return;
  loadSegment(C.SEG_CS, (selector & 0xfffc) | load<u32>(vcpu, At.cpl), d);
  store<u64>(vcpu, rip, At.rip);
  sync();
}

/** Where a far CALL returns to goes on the current stack, which is not closed yet. */
function pushReturn(bytes: u32, nextRip: u64): void {
  openCurrentStack();
  pushOn(bytes, selectorOf(C.SEG_CS));
  pushOn(bytes, nextRip & mask(bytes));
}

/** The descriptor that a far JMP or CALL names in protected mode; look at `fault`. */
function targetDescriptor(selector: u32): u64 {
  if (selector & 0xfffc) return readDescriptor(selector, GP, 0);
  raise(GP, 0);
  return 0;
}

export function farJump(selector: u32, offset: u64, bytes: u32): void {
  selector &= 0xffff;
  offset &= mask(bytes);
  if (!protectedMode()) {
    if (offset > <u64>limitOf(C.SEG_CS)) return raise(GP, 0);
    setRealSegment(C.SEG_CS, selector);
    store<u64>(vcpu, offset, At.rip);
    return;
  }
  const d = targetDescriptor(selector);
  if (load<u32>(vcpu, At.fault)) return;
  const attributes = descriptorAttributes(d);
  if (!(attributes & S)) {
    openGate(selector, d, false);
    if (!load<u32>(vcpu, At.fault)) enterCode(gateSelector, gateCode, gateOffset);
    return;
  }
  if (!(attributes & CODE)) return raise(GP, selector & 0xfffc);
  checkDirect(selector, d);
  if (load<u32>(vcpu, At.fault) || !checkTarget(offset, descriptorLimit(d), attributes)) return;
  enterCode(selector, d, offset);
}

export function farCall(selector: u32, offset: u64, bytes: u32, nextRip: u64): void {
  selector &= 0xffff;
  offset &= mask(bytes);
  if (!protectedMode()) {
    pushReturn(bytes, nextRip);
    if (load<u32>(vcpu, At.fault)) return;
    if (offset > <u64>limitOf(C.SEG_CS)) return raise(GP, 0);
    closeStack();
    setRealSegment(C.SEG_CS, selector);
    store<u64>(vcpu, offset, At.rip);
    return;
  }
  const d = targetDescriptor(selector);
  if (load<u32>(vcpu, At.fault)) return;
  const attributes = descriptorAttributes(d);
  if (!(attributes & S)) {
    openGate(selector, d, true);
    if (!load<u32>(vcpu, At.fault)) callThroughGate(nextRip);
    return;
  }
  if (!(attributes & CODE)) return raise(GP, selector & 0xfffc);
  checkDirect(selector, d);
  if (load<u32>(vcpu, At.fault)) return;
  pushReturn(bytes, nextRip);
  if (load<u32>(vcpu, At.fault) || !checkTarget(offset, descriptorLimit(d), attributes)) return;
  enterCode(selector, d, offset);
  if (!load<u32>(vcpu, At.fault)) closeStack();
}

// What openGate found.
let gateSelector: u32 = 0, gateCode: u64 = 0, gateOffset: u64 = 0, gateBytes: u32 = 0, gateParameters: u32 = 0;

const TSS16: u32 = 1, TSS16_BUSY: u32 = 3, CALL_GATE16: u32 = 4, TASK_GATE: u32 = 5, TSS32: u32 = 9, TSS32_BUSY: u32 = 11, CALL_GATE: u32 = 12;

/** Checks a call gate and the code behind it. A JMP must stay at its privilege level. Task switches are unsupported. */
function openGate(selector: u32, d: u64, call: bool): void {
  const attributes = descriptorAttributes(d), type = attributes & TYPE, cpl = load<u32>(vcpu, At.cpl), code = selector & 0xfffc, long = longMode();
  const task = type == TSS16 || type == TSS16_BUSY || type == TASK_GATE || type == TSS32 || type == TSS32_BUSY;
  if (!long && task) return unsupported(C.UNSUPPORTED_TASK);
  if (type != CALL_GATE && (long || type != CALL_GATE16)) return raise(GP, code);
  if (dpl(attributes) < max(cpl, selector & 3)) return raise(GP, code);
  if (!(attributes & P)) return raise(NP, code);
  gateOffset = (d & 0xffff) | (d >> 32 & 0xffff_0000);
  if (long) {
    const upper = readUpperBase(selector);
    if (load<u32>(vcpu, At.fault)) return;
    if (upper >> 40 & 31) return raise(GP, code);
    gateOffset |= upper << 32;
  } else if (type == CALL_GATE16) gateOffset &= 0xffff;
  gateBytes = long ? 8 : type == CALL_GATE ? 4 : 2;
  gateParameters = <u32>(d >> 32) & 31;
  gateSelector = <u32>(d >> 16) & 0xffff;
  if (!(gateSelector & 0xfffc)) return raise(GP, 0);
  gateCode = readDescriptor(gateSelector, GP, 0);
  if (load<u32>(vcpu, At.fault)) return;
  const target = descriptorAttributes(gateCode), targetCode = gateSelector & 0xfffc;
  if ((target & (S | CODE)) != (S | CODE) || dpl(target) > cpl) return raise(GP, targetCode);
  if (!call && !(target & CONFORMING) && dpl(target) != cpl) return raise(GP, targetCode);
  if (long && (target & (L | DB_BIT)) != L) return raise(GP, targetCode);
  if (!(target & P)) return raise(NP, targetCode);
  checkTarget(gateOffset, descriptorLimit(gateCode), target);
}

function callThroughGate(nextRip: u64): void {
  const cpl = load<u32>(vcpu, At.cpl), target = descriptorAttributes(gateCode), bytes = gateBytes;
  const privilege = target & CONFORMING ? cpl : dpl(target);
  if (privilege == cpl) {
    pushReturn(bytes, nextRip);
    if (load<u32>(vcpu, At.fault)) return;
    enterCode(gateSelector, gateCode, gateOffset);
    if (!load<u32>(vcpu, At.fault)) closeStack();
    return;
  }
  const oldSp = reg(4), oldSs = selectorOf(C.SEG_SS), oldView = load<u32>(vcpu, At.cpl) == 3 ? <u32>C.TLB_VIEW_USER : <u32>C.TLB_VIEW_SUPERVISOR;
  if (bytes == 8) {
    const offset: u32 = 4 + (privilege << 3);
    if (offset + 7 > limitOf(C.SEG_TR)) return raise(10, selectorOf(C.SEG_TR) & 0xfffc);
    const rsp = systemLoad(baseOf(C.SEG_TR) + offset, 8);
    if (load<u32>(vcpu, At.fault)) return;
    if (!canonical(rsp)) return raise(SS, 0);
    openFlatStack(rsp, C.TLB_VIEW_SUPERVISOR, 0);
    pushOn(8, oldSs);
    pushOn(8, oldSp);
  } else {
    findStack(privilege, 0);
    if (load<u32>(vcpu, At.fault)) return;
    openStack(descriptorBase(newStackDescriptor), descriptorLimit(newStackDescriptor), descriptorAttributes(newStackDescriptor), newStackPointer, C.TLB_VIEW_SUPERVISOR, newStackSelector & 0xfffc);
    pushOn(bytes, oldSs);
    pushOn(bytes, oldSp & mask(bytes));
    const oldMask: u64 = attributesOf(C.SEG_SS) & DB_BIT ? 0xffff_ffff : 0xffff;
    for (let i = gateParameters; i > 0; i--) {
      const at = (oldSp + (i - 1) * bytes) & oldMask;
      const parameter = loadFrom((baseOf(C.SEG_SS) + at) & 0xffff_ffff, bytes, oldView);
      pushOn(bytes, parameter);
    }
  }
  pushOn(bytes, selectorOf(C.SEG_CS));
  pushOn(bytes, nextRip & mask(bytes));
  if (load<u32>(vcpu, At.fault)) return;
  markAccessed(gateSelector, gateCode);
  if (bytes != 8) markAccessed(newStackSelector, newStackDescriptor);
  if (load<u32>(vcpu, At.fault)) return;
  if (bytes == 8) setNull(C.SEG_SS, privilege, privilege);
  else loadSegment(C.SEG_SS, newStackSelector, newStackDescriptor);
  closeStack();
  store<u32>(vcpu, privilege, At.cpl);
  enterCode(gateSelector, gateCode, gateOffset);
}

/** RET far: pops RIP and CS, and `release` bytes of parameters. */
export function farReturn(bytes: u32, release: u32): void {
  openCurrentStack();
  const rip = popOff(bytes), selector = <u32>popOff(bytes) & 0xffff;
  if (load<u32>(vcpu, At.fault)) return;
  skipOver(release);
  if (!protectedMode()) {
    if (rip > <u64>limitOf(C.SEG_CS)) return raise(GP, 0);
    setRealSegment(C.SEG_CS, selector);
    closeStack();
    store<u64>(vcpu, rip, At.rip);
    return;
  }
  if (returnTo(selector, rip, bytes, release, false)) sync();
}

/** The common end of RET far and IRET in protected mode: RIP and CS are off the stack; for an outer level, or when `always` (IRET in
 * 64-bit mode), RSP and SS follow. @returns whether it has happened */
export function returnTo(selector: u32, rip: u64, bytes: u32, release: u32, always: bool): bool {
  const cpl = load<u32>(vcpu, At.cpl), privilege = selector & 3, code = selector & 0xfffc;
  if (!code) {
    raise(GP, 0);
    return false;
  }
  const d = readDescriptor(selector, GP, 0);
  if (load<u32>(vcpu, At.fault)) return false;
  const attributes = descriptorAttributes(d);
  const wrong = (attributes & (S | CODE)) != (S | CODE) || privilege < cpl || (attributes & CONFORMING ? dpl(attributes) > privilege : dpl(attributes) != privilege)
    || (longMode() && (attributes & (L | DB_BIT)) == (L | DB_BIT));
  if (wrong) raise(GP, code);
  else if (!(attributes & P)) raise(NP, code);
  if (load<u32>(vcpu, At.fault)) return false;

  if (privilege == cpl && !always) {
    if (!checkTarget(rip, descriptorLimit(d), attributes)) return false;
    markAccessed(selector, d);
    if (load<u32>(vcpu, At.fault)) return false;
    closeStack();
    loadSegment(C.SEG_CS, selector, d);
    store<u64>(vcpu, rip, At.rip);
    return true;
  }
  const sp = popOff(bytes), stackSelector = <u32>popOff(bytes) & 0xffff;
  if (load<u32>(vcpu, At.fault)) return false;
  let stack: u64 = 0;
  const nullStack = !(stackSelector & 0xfffc);
  if (nullStack) {
    if (!longMode() || !(attributes & L) || privilege == 3 || (stackSelector & 3) != privilege) raise(GP, 0);
  } else {
    stack = readDescriptor(stackSelector, GP, 0);
    if (load<u32>(vcpu, At.fault)) return false;
    const stackAttributes = descriptorAttributes(stack), stackCode = stackSelector & 0xfffc;
    if ((stackSelector & 3) != privilege || (stackAttributes & (S | CODE | WRITABLE)) != (S | WRITABLE) || dpl(stackAttributes) != privilege) raise(GP, stackCode);
    else if (!(stackAttributes & P)) raise(SS, stackCode);
  }
  if (load<u32>(vcpu, At.fault) || !checkTarget(rip, descriptorLimit(d), attributes)) return false;
  markAccessed(selector, d);
  if (!nullStack) markAccessed(stackSelector, stack);
  if (load<u32>(vcpu, At.fault)) return false;

  if (nullStack) setNull(C.SEG_SS, stackSelector, privilege);
  else loadSegment(C.SEG_SS, stackSelector, stack);
  const wide = longMode() && (attributes & L);
  setStackPointer(sp + release, wide ? ~0 : attributesOf(C.SEG_SS) & DB_BIT ? 0xffff_ffff : 0xffff);
  loadSegment(C.SEG_CS, selector, d);
  store<u32>(vcpu, privilege, At.cpl);
  store<u64>(vcpu, rip, At.rip);
  if (privilege > cpl) for (let segment: u32 = 0; segment <= <u32>C.SEG_GS; segment++) if (segment != C.SEG_CS && segment != C.SEG_SS) leaveInner(segment, privilege);
  return true;
}

/** A data segment that the outer level may not use becomes null. */
function leaveInner(segment: u32, privilege: u32): void {
  const attributes = attributesOf(segment);
  if ((attributes & C.SEG_UNUSABLE) || (attributes & (CODE | CONFORMING)) == (CODE | CONFORMING)) return;
  if (dpl(attributes) < privilege) setNull(segment, 0, 0);
}
