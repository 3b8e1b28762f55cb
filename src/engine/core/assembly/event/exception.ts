// Delivery of exceptions and interrupts through the IDT (SDM 3A, Interrupt and Exception Handling) and the real-mode vector table.
// `enter` changes nothing of the vCPU before its last push has succeeded.
import { At, C } from "../generated/layout";
import { BP, canonical, DB, DF, GP, hosted, longMode, NP, OF, PF, protectedMode, raise, reg, requestExit, SS, TS, unsupported, vcpu } from "../state";
import { AC_FLAG, IF, NT, readFlags, RF, TF, VM, writeRest } from "../processor/flags";
import { attributesOf, baseOf, checkTarget, CODE, CONFORMING, DB_BIT, descriptorAttributes, descriptorBase, descriptorLimit, dpl, L, limitOf, loadSegment, markAccessed,
  P, readDescriptor, S, selectorOf, setNull, setRealSegment, WRITABLE } from "../segment/descriptor";
import { systemLoad } from "../memory/memory";
import { closeStack, openFlatStack, openStack, pushOn } from "../segment/stack";
import { sync } from "../processor/control";
import { trace } from "../bus";

/** How a vector comes about: decides DPL checks, the EXT bit and the error code. */
const EXCEPTION: u32 = 0, EXTERNAL: u32 = 1, SOFTWARE: u32 = 2, INT1: u32 = 3;


const WITH_CODE: u32 = 1 << 8 | 1 << 10 | 1 << 11 | 1 << 12 | 1 << 13 | 1 << 14 | 1 << 17 | 1 << 21;
const CONTRIBUTORY: u32 = 1 << 0 | 1 << 10 | 1 << 11 | 1 << 12 | 1 << 13;
/** Faults whose saved RFLAGS has RF set, so that the instruction breakpoint does not meet again. A #DB that is a trap does not come as EXCEPTION. */
const FAULTS: u32 = 1 << 0 | 1 << 1 | 1 << 5 | 1 << 6 | 1 << 7 | 1 << 10 | 1 << 11 | 1 << 12 | 1 << 13 | 1 << 14 | 1 << 16 | 1 << 17 | 1 << 19;
const RSP: u32 = 4;

/** Delivers the pending fault. RIP is that of the instruction which it abandoned. */
export function deliver(): void {
  const vector = load<u32>(vcpu, At.fault) & 0xff, code = load<u32>(vcpu, At.faultCode);
  store<u32>(vcpu, 0, At.fault);
  if (vector == C.FAULT_EXIT) {
    store<u64>(vcpu, load<u64>(vcpu, At.rip), At.exitDetail);
    return;
  }
  if (vector == PF) noteAddress();
  inject(vector, code, EXCEPTION);
}

function noteAddress(): void {
  store<u64>(vcpu, load<u64>(vcpu, At.faultAddress), At.cr2);
  store<u64>(vcpu, load<u64>(vcpu, At.pageFaults) + 1, At.pageFaults);
}

/** #DB that is a trap: RIP is that of the next instruction. */
export function injectTrap(): void {
  inject(DB, 0, INT1);
}
/** An external interrupt or NMI, on the border between two instructions. */
export function injectInterrupt(vector: u32): void {
  store<u64>(vcpu, load<u64>(vcpu, At.interrupts) + 1, At.interrupts);
  inject(vector, 0, EXTERNAL);
}

/** Delivers, and what comes of faults on the way (SDM 3A, Double Fault Exception). */
function inject(vector: u32, code: u32, kind: u32): void {
  if (kind != EXTERNAL && hosted()) return leaveWith(vector, code);
  for (;;) {
    const traced = load<u32>(vcpu, At.traced);
    if (traced) tell(traced, vector, code, kind);
    enter(vector, code, kind, load<u64>(vcpu, At.rip));
    const fault = load<u32>(vcpu, At.fault);
    if (!fault) return;
    const second = fault & 0xff;
    store<u32>(vcpu, 0, At.fault);
    if (second == C.FAULT_EXIT) {
      store<u64>(vcpu, load<u64>(vcpu, At.rip), At.exitDetail);
      return;
    }
    if (second == PF) noteAddress();
    if (kind != EXCEPTION) { // benign: the second is delivered in its place
      vector = second;
      code = load<u32>(vcpu, At.faultCode);
      kind = EXCEPTION;
      continue;
    }
    if (vector == DF) {
      store<u64>(vcpu, load<u64>(vcpu, At.rip), At.exitDetail);
      store<u32>(vcpu, C.ACTIVITY_SHUTDOWN, At.activity);
      requestExit(C.EXIT_SHUTDOWN);
      return;
    }
    const secondContributes = second < 32 && (CONTRIBUTORY >> second & 1) != 0;
    if ((vector == PF && (second == PF || secondContributes)) || (vector < 32 && (CONTRIBUTORY >> vector & 1) && secondContributes)) {
      vector = DF;
      code = 0;
    } else {
      vector = second;
      code = load<u32>(vcpu, At.faultCode);
    }
  }
}

/** The exception of a hosted program is an exit; RIP is the one that would be saved. */
function leaveWith(vector: u32, code: u32): void {
  store<u32>(vcpu, load<u32>(vcpu, At.blocking) & ~(C.BLOCKING_STEP | C.BLOCKING_DATA), At.blocking);
  store<u32>(vcpu, 0, At.shadow);
  store<u64>(vcpu, vector | <u64>code << 32, At.exitDetail);
  requestExit(C.EXIT_EXCEPTION);
}

function tell(traced: u32, vector: u32, code: u32, kind: u32): void {
  if (kind == EXTERNAL || kind == SOFTWARE) {
    if (traced & C.TRACE_INTERRUPTS) trace(kind == EXTERNAL ? C.TRACE_EXTERNAL : C.TRACE_SOFTWARE, vector, 0, 0);
  } else if (traced & C.TRACE_EXCEPTIONS) trace(C.TRACE_EXCEPTION, vector, vector == PF ? load<u64>(vcpu, At.cr2) : 0, code);
}

/** INT n, INT3, INTO. The pushed RIP is `nextRip`; faults are those of the instruction. */
export function softwareInterrupt(vector: u32, nextRip: u64): void {
  const traced = load<u32>(vcpu, At.traced);
  if (traced) tell(traced, vector, 0, SOFTWARE);
  if (hosted()) {
    if (vector != BP && vector != OF) return raise(GP, vector << 3 | 2); // as if the gate were not for programs
    store<u64>(vcpu, nextRip, At.rip);
    return leaveWith(vector, 0);
  }
  enter(vector, 0, SOFTWARE, nextRip);
}
/** INT1: a #DB without DPL check. */
export function interrupt1(nextRip: u64): void {
  if (hosted()) {
    store<u64>(vcpu, nextRip, At.rip);
    return leaveWith(DB, 0);
  }
  enter(DB, 0, INT1, nextRip);
}

function enter(vector: u32, code: u32, kind: u32, rip: u64): void {
  if (!protectedMode()) return enterReal(vector, kind, rip);
  if (load<u32>(vcpu, At.flagRest) & <u32>VM) return unsupported(C.UNSUPPORTED_VM86);
  if (longMode()) enterLong(vector, code, kind, rip);
  else enterProtected(vector, code, kind, rip);
}

function savedFlags(vector: u32, kind: u32): u64 {
  const flags = readFlags();
  return kind == EXCEPTION && vector < 32 && (FAULTS >> vector & 1) ? flags | RF : flags;
}

function finish(vector: u32, interruptGate: bool): void {
  let flags = load<u32>(vcpu, At.flagRest) & ~<u32>(TF | NT | RF | VM);
  if (interruptGate) flags &= ~<u32>IF;
  writeRest(flags);
  store<u32>(vcpu, load<u32>(vcpu, At.blocking) & ~(C.BLOCKING_STEP | C.BLOCKING_DATA), At.blocking);
  store<u32>(vcpu, 0, At.shadow);
  if (vector == DB) store<u64>(vcpu + At.dr + 56, load<u64>(vcpu + At.dr + 56) & ~0x2000);
  sync();
}

function enterReal(vector: u32, kind: u32, rip: u64): void {
  const at = vector << 2;
  if (at + 3 > load<u32>(vcpu, At.idtLimit)) return raise(vector == DF ? GP : kind == EXCEPTION ? DF : GP, 0);
  const target = <u32>systemLoad(load<u64>(vcpu, At.idtBase) + at, 4);
  if (load<u32>(vcpu, At.fault)) return;
  openStack(baseOf(C.SEG_SS), limitOf(C.SEG_SS), attributesOf(C.SEG_SS), reg(RSP), C.TLB_VIEW_SUPERVISOR, 0);
  pushOn(2, savedFlags(vector, kind) & 0xffff);
  pushOn(2, selectorOf(C.SEG_CS));
  pushOn(2, rip & 0xffff);
  if (load<u32>(vcpu, At.fault)) return;
  closeStack();
  setRealSegment(C.SEG_CS, target >> 16);
  store<u64>(vcpu, <u64>(target & 0xffff), At.rip);
  writeRest(load<u32>(vcpu, At.flagRest) & ~<u32>AC_FLAG);
  finish(vector, true);
}

function enterLong(vector: u32, code: u32, kind: u32, rip: u64): void {
  const ext: u32 = kind == SOFTWARE ? 0 : 1, cpl = load<u32>(vcpu, At.cpl), gateCode = (vector << 3) | 2;
  if ((vector << 4) + 15 > load<u32>(vcpu, At.idtLimit)) return raise(GP, gateCode | ext);
  const at = load<u64>(vcpu, At.idtBase) + (vector << 4);
  const low = systemLoad(at, 8);
  if (load<u32>(vcpu, At.fault)) return;
  const high = systemLoad(at + 8, 8);
  if (load<u32>(vcpu, At.fault)) return;
  const type = <u32>(low >> 40) & 31;
  if (type != 14 && type != 15) return raise(GP, gateCode | ext);
  if (kind == SOFTWARE && (<u32>(low >> 45) & 3) < cpl) return raise(GP, gateCode);
  if (!(low >> 47 & 1)) return raise(NP, gateCode | ext);

  const selector = <u32>(low >> 16) & 0xffff;
  if (!(selector & 0xfffc)) return raise(GP, ext);
  const d = readDescriptor(selector, GP, ext);
  if (load<u32>(vcpu, At.fault)) return;
  const attributes = descriptorAttributes(d), selectorCode = (selector & 0xfffc) | ext;
  if ((attributes & (S | CODE)) != (S | CODE) || dpl(attributes) > cpl) return raise(GP, selectorCode);
  if ((attributes & (L | DB_BIT)) != L) return raise(GP, selectorCode);
  if (!(attributes & P)) return raise(NP, selectorCode);

  const privilege = attributes & CONFORMING ? cpl : dpl(attributes), ist = <u32>(low >> 32) & 7;
  let rsp = reg(RSP);
  if (ist || privilege < cpl) {
    const offset: u32 = ist ? 28 + (ist << 3) : 4 + (privilege << 3);
    if (offset + 7 > limitOf(C.SEG_TR)) return raise(TS, (selectorOf(C.SEG_TR) & 0xfffc) | ext);
    rsp = systemLoad(baseOf(C.SEG_TR) + offset, 8);
    if (load<u32>(vcpu, At.fault)) return;
  }
  if (!canonical(rsp)) return raise(SS, ext);
  rsp &= ~15;
  const view: u32 = privilege == 3 ? C.TLB_VIEW_USER : C.TLB_VIEW_SUPERVISOR;
  openFlatStack(rsp, view, ext);
  pushOn(8, selectorOf(C.SEG_SS));
  pushOn(8, reg(RSP));
  pushOn(8, savedFlags(vector, kind));
  pushOn(8, selectorOf(C.SEG_CS));
  pushOn(8, rip);
  if (kind == EXCEPTION && vector < 32 && (WITH_CODE >> vector & 1)) pushOn(8, code);
  if (load<u32>(vcpu, At.fault)) return;
  const target = (low & 0xffff) | (low >> 32 & 0xffff_0000) | (high << 32);
  if (!checkTarget(target, 0, attributes)) return;
  markAccessed(selector, d);
  if (load<u32>(vcpu, At.fault)) return;

  loadSegment(C.SEG_CS, (selector & 0xfffc) | privilege, d);
  if (privilege != cpl) setNull(C.SEG_SS, privilege, privilege);
  store<u32>(vcpu, privilege, At.cpl);
  closeStack();
  store<u64>(vcpu, target, At.rip);
  finish(vector, type == 14);
}

/** Finds the stack for a more privileged level in the 16- or 32-bit TSS. On success: newStackSelector, newStackPointer, newStackDescriptor. */
export let newStackSelector: u32 = 0, newStackPointer: u32 = 0, newStackDescriptor: u64 = 0;
export function findStack(privilege: u32, ext: u32): void {
  const tss = baseOf(C.SEG_TR), wide = (attributesOf(C.SEG_TR) & 8) != 0, tssCode = (selectorOf(C.SEG_TR) & 0xfffc) | ext;
  const offset: u32 = wide ? 4 + (privilege << 3) : 2 + (privilege << 2), size: u32 = wide ? 4 : 2;
  if (offset + size + 1 > limitOf(C.SEG_TR)) return raise(TS, tssCode);
  newStackPointer = <u32>systemLoad(tss + offset, size);
  if (load<u32>(vcpu, At.fault)) return;
  const selector = <u32>systemLoad(tss + offset + size, 2);
  if (load<u32>(vcpu, At.fault)) return;
  newStackSelector = selector;
  const selectorCode = (selector & 0xfffc) | ext;
  if (!(selector & 0xfffc)) return raise(TS, selectorCode);
  newStackDescriptor = readDescriptor(selector, TS, ext);
  if (load<u32>(vcpu, At.fault)) return;
  const attributes = descriptorAttributes(newStackDescriptor);
  if ((selector & 3) != privilege || dpl(attributes) != privilege || (attributes & (S | CODE | WRITABLE)) != (S | WRITABLE)) return raise(TS, selectorCode);
  if (!(attributes & P)) raise(SS, selectorCode);
}

function enterProtected(vector: u32, code: u32, kind: u32, rip: u64): void {
  const ext: u32 = kind == SOFTWARE ? 0 : 1, cpl = load<u32>(vcpu, At.cpl), gateCode = (vector << 3) | 2;
  if ((vector << 3) + 7 > load<u32>(vcpu, At.idtLimit)) return raise(GP, gateCode | ext);
  const gate = systemLoad(load<u64>(vcpu, At.idtBase) + (vector << 3), 8);
  if (load<u32>(vcpu, At.fault)) return;
  const type = <u32>(gate >> 40) & 31;
  if (type != 5 && type != 6 && type != 7 && type != 14 && type != 15) return raise(GP, gateCode | ext);
  if (kind == SOFTWARE && (<u32>(gate >> 45) & 3) < cpl) return raise(GP, gateCode);
  if (!(gate >> 47 & 1)) return raise(NP, gateCode | ext);
  if (type == 5) return unsupported(C.UNSUPPORTED_TASK); // hardware task switch

  const selector = <u32>(gate >> 16) & 0xffff;
  if (!(selector & 0xfffc)) return raise(GP, ext);
  const d = readDescriptor(selector, GP, ext);
  if (load<u32>(vcpu, At.fault)) return;
  const attributes = descriptorAttributes(d), selectorCode = (selector & 0xfffc) | ext;
  if ((attributes & (S | CODE)) != (S | CODE) || dpl(attributes) > cpl) return raise(GP, selectorCode);
  if (!(attributes & P)) return raise(NP, selectorCode);

  const wide = type >= 14, bytes: u32 = wide ? 4 : 2, mask: u64 = wide ? 0xffff_ffff : 0xffff;
  const privilege = attributes & CONFORMING ? cpl : dpl(attributes);
  const inward = privilege < cpl, view: u32 = privilege == 3 ? C.TLB_VIEW_USER : C.TLB_VIEW_SUPERVISOR;
  if (inward) {
    findStack(privilege, ext);
    if (load<u32>(vcpu, At.fault)) return;
    openStack(descriptorBase(newStackDescriptor), descriptorLimit(newStackDescriptor), descriptorAttributes(newStackDescriptor), newStackPointer, view, (newStackSelector & 0xfffc) | ext);
    pushOn(bytes, selectorOf(C.SEG_SS));
    pushOn(bytes, reg(RSP) & mask);
  } else openStack(baseOf(C.SEG_SS), limitOf(C.SEG_SS), attributesOf(C.SEG_SS), reg(RSP), view, ext);
  pushOn(bytes, savedFlags(vector, kind) & mask);
  pushOn(bytes, selectorOf(C.SEG_CS));
  pushOn(bytes, rip & mask);
  if (kind == EXCEPTION && vector < 32 && (WITH_CODE >> vector & 1)) pushOn(bytes, code);
  if (load<u32>(vcpu, At.fault)) return;
  const target = wide ? (gate & 0xffff) | (gate >> 32 & 0xffff_0000) : gate & 0xffff;
  if (!checkTarget(target, descriptorLimit(d), attributes)) return;
  markAccessed(selector, d);
  if (inward) markAccessed(newStackSelector, newStackDescriptor);
  if (load<u32>(vcpu, At.fault)) return;

  if (inward) loadSegment(C.SEG_SS, newStackSelector, newStackDescriptor);
  closeStack();
  loadSegment(C.SEG_CS, (selector & 0xfffc) | privilege, d);
  store<u32>(vcpu, privilege, At.cpl);
  store<u64>(vcpu, target, At.rip);
  finish(vector, type == 6 || type == 14);
}
