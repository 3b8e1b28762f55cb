// Segment registers: loading them with all checks (SDM 3A, Segment Loading Instructions in IA-32e Mode; Type Checking; Privilege Level
// Checking When Accessing Data Segments).
import { At, C } from "../generated/layout";
import { canonical, code64, GP, longMode, NP, protectedMode, raise, SS, UD, vcpu } from "../state";
import { CODE, CONFORMING, descriptorAddress, descriptorAttributes, descriptorBase, descriptorLimit, dpl, loadSegment, markAccessed, P,
  READABLE, readDescriptor, readUpperBase, S, selectorOf, setNull, setRealSegment, setSegment, TYPE, WRITABLE } from "./descriptor";
import { systemLoad, systemStore } from "../memory/memory";
import { closeStack, openCurrentStack, popOff } from "./stack";
import { SHADOW_MOV_SS } from "../event/debug";
import { sync } from "../processor/control";

/** Loads ES, SS, DS, FS or GS. CS cannot be loaded so. */
export function loadSegmentRegister(segment: u32, selector: u32): void {
  selector &= 0xffff;
  if (segment == C.SEG_CS || segment > <u32>C.SEG_GS) return raise(UD, 0);
  if (!protectedMode()) {
    setRealSegment(segment, selector);
  } else if (segment == C.SEG_SS) loadStackSegment(selector);
  else loadDataSegment(segment, selector);
  if (segment != C.SEG_SS || load<u32>(vcpu, At.fault)) return;
  store<u32>(vcpu, SHADOW_MOV_SS, At.shadow);
  sync();
}

function loadStackSegment(selector: u32): void {
  const cpl = load<u32>(vcpu, At.cpl);
  if (!(selector & 0xfffc)) {
    if (code64() && cpl != 3 && (selector & 3) == cpl) setNull(C.SEG_SS, selector, cpl);
    else raise(GP, 0);
    return;
  }
  const d = readDescriptor(selector, GP, 0);
  if (load<u32>(vcpu, At.fault)) return;
  const attributes = descriptorAttributes(d);
  if ((selector & 3) != cpl || (attributes & (S | CODE | WRITABLE)) != (S | WRITABLE) || dpl(attributes) != cpl) return raise(GP, selector & 0xfffc);
  if (!(attributes & P)) return raise(SS, selector & 0xfffc);
  markAccessed(selector, d);
  if (!load<u32>(vcpu, At.fault)) loadSegment(C.SEG_SS, selector, d);
}

function loadDataSegment(segment: u32, selector: u32): void {
  if (!(selector & 0xfffc)) return setNull(segment, selector, 0);
  const d = readDescriptor(selector, GP, 0);
  if (load<u32>(vcpu, At.fault)) return;
  const attributes = descriptorAttributes(d);
  const readable = (attributes & S) && (attributes & (CODE | READABLE)) != CODE;
  const conforming = (attributes & (CODE | CONFORMING)) == (CODE | CONFORMING);
  if (!readable || (!conforming && max(selector & 3, load<u32>(vcpu, At.cpl)) > dpl(attributes))) return raise(GP, selector & 0xfffc);
  if (!(attributes & P)) return raise(NP, selector & 0xfffc);
  markAccessed(selector, d);
  if (!load<u32>(vcpu, At.fault)) loadSegment(segment, selector, d);
}

/** POP Sreg: `bytes` of one value. */
export function popSegment(segment: u32, bytes: u32): void {
  openCurrentStack();
  const selector = <u32>popOff(bytes);
  if (load<u32>(vcpu, At.fault)) return;
  loadSegmentRegister(segment, selector);
  // the pointer moves in the stack that was popped from, whatever SS is now
  if (!load<u32>(vcpu, At.fault)) closeStack();
}

/** LLDT. */
export function loadLdt(selector: u32): void {
  selector &= 0xffff;
  if (!(selector & 0xfffc)) return setNull(C.SEG_LDTR, selector, 0);
  loadSystemSegment(C.SEG_LDTR, selector, 1 << 2);
}
/** LTR: the descriptor becomes busy. */
export function loadTask(selector: u32): void {
  selector &= 0xffff;
  if (!(selector & 0xfffc)) return raise(GP, 0);
  loadSystemSegment(C.SEG_TR, selector, longMode() ? 1 << 9 : 1 << 9 | 1 << 1);
}

function loadSystemSegment(segment: u32, selector: u32, types: u32): void {
  if (selector & 4) return raise(GP, selector & 0xfffc);
  const d = readDescriptor(selector, GP, 0);
  if (load<u32>(vcpu, At.fault)) return;
  let attributes = descriptorAttributes(d);
  if ((attributes & S) || !(types >> (attributes & TYPE) & 1)) return raise(GP, selector & 0xfffc);
  if (!(attributes & P)) return raise(NP, selector & 0xfffc);
  let base = descriptorBase(d);
  if (longMode()) {
    const upper = readUpperBase(selector);
    if (load<u32>(vcpu, At.fault)) return;
    base |= upper << 32;
    if ((upper >> 40 & 31) || !canonical(base)) return raise(GP, selector & 0xfffc);
  }
  if (segment == C.SEG_TR) {
    attributes |= 2;
    systemStore(descriptorAddress(selector, 8) + 5, 1, (d >> 40) & 0xff | 2);
    if (load<u32>(vcpu, At.fault)) return;
  }
  setSegment(segment, selector, base, descriptorLimit(d), attributes);
}

const CALL_GATE16: u32 = 4, TASK_GATE: u32 = 5, CALL_GATE: u32 = 12;
const LAR_TYPES: u32 = 1 << 1 | 1 << 2 | 1 << 3 | 1 << CALL_GATE16 | 1 << TASK_GATE | 1 << 9 | 1 << 11 | 1 << CALL_GATE, LAR_LONG: u32 = 1 << 2 | 1 << 9 | 1 << 11 | 1 << CALL_GATE;
const LSL_TYPES: u32 = 1 << 1 | 1 << 2 | 1 << 3 | 1 << 9 | 1 << 11, LSL_LONG: u32 = 1 << 2 | 1 << 9 | 1 << 11;
/** Bit 32 of the results of accessRights and segmentLimit: the selector may be looked at. */
const VISIBLE: u64 = 1 << 32;

/** A descriptor that LAR, LSL, VERR and VERW may look at, 0 if there is none. */
function visible(selector: u32, systemTypes: u32): u64 {
  if (!(selector & 0xfffc)) return 0;
  const at = descriptorAddress(selector, 8);
  if (at == ~0) return 0;
  const d = systemLoad(at, 8), attributes = descriptorAttributes(d);
  if (load<u32>(vcpu, At.fault)) return 0;
  if (attributes & S) {
    if ((attributes & (CODE | CONFORMING)) == (CODE | CONFORMING)) return d;
  } else if (!(systemTypes >> (attributes & TYPE) & 1)) return 0;
  return max(load<u32>(vcpu, At.cpl), selector & 3) <= dpl(attributes) ? d : 0;
}
/** LAR. @returns the rights, with bit 32 set; or 0 */
export function accessRights(selector: u32): u64 {
  const d = visible(selector & 0xffff, longMode() ? LAR_LONG : LAR_TYPES);
  return d ? VISIBLE | (d >> 32 & 0x00ff_ff00) : 0;
}
/** LSL. @returns the limit, with bit 32 set; or 0 */
export function segmentLimit(selector: u32): u64 {
  const d = visible(selector & 0xffff, longMode() ? LSL_LONG : LSL_TYPES);
  return d ? VISIBLE | descriptorLimit(d) : 0;
}
/** VERR and VERW (`write` is 1). @returns 1 if the segment can be accessed so */
export function verifySegment(selector: u32, write: u32): u32 {
  const d = visible(selector & 0xffff, 0);
  if (!d) return 0;
  const attributes = descriptorAttributes(d);
  return write ? ((attributes & (CODE | WRITABLE)) == WRITABLE ? 1 : 0) : ((attributes & (CODE | READABLE)) != CODE ? 1 : 0);
}

/** Visible selector of a segment register, LDTR and TR included. */
export function readSelector(segment: u32): u32 {
  return selectorOf(segment & 7);
}
