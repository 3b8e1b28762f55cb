// Segment descriptors in the GDT and LDT, and the hidden parts of segment registers (SDM 3A, Segment Descriptors).
import { At, C } from "../generated/layout";
import { canonical, GP, longMode, raise, vcpu } from "../state";
import { systemLoad, systemStore } from "../memory/memory";

/** Bits of segAttr: as in the descriptor's upper half, shifted right by 8. */
export const TYPE: u32 = 15, ACCESSED: u32 = 1, WRITABLE: u32 = 2, READABLE: u32 = 2, DOWN: u32 = 4, CONFORMING: u32 = 4, CODE: u32 = 8,
  S: u32 = 16, P: u32 = 128, L: u32 = 0x2000, DB_BIT: u32 = 0x4000, G: u32 = 0x8000;

export function selectorOf(segment: u32): u32 {
  return load<u32>(vcpu + At.segSelector + (<usize>segment << 2));
}
export function baseOf(segment: u32): u64 {
  return load<u64>(vcpu + At.segBase + (<usize>segment << 3));
}
export function limitOf(segment: u32): u32 {
  return load<u32>(vcpu + At.segLimit + (<usize>segment << 2));
}
export function attributesOf(segment: u32): u32 {
  return load<u32>(vcpu + At.segAttr + (<usize>segment << 2));
}
export function setSegment(segment: u32, selector: u32, base: u64, limit: u32, attributes: u32): void {
  store<u32>(vcpu + At.segSelector + (<usize>segment << 2), selector & 0xffff);
  store<u64>(vcpu + At.segBase + (<usize>segment << 3), base);
  store<u32>(vcpu + At.segLimit + (<usize>segment << 2), limit);
  store<u32>(vcpu + At.segAttr + (<usize>segment << 2), attributes);
}
/** What loading a segment register does in real mode: limit and size stay as they are, the rest is a writable segment of level 0. */
export function setRealSegment(segment: u32, selector: u32): void {
  store<u32>(vcpu + At.segAttr + (<usize>segment << 2), (attributesOf(segment) & (G | DB_BIT)) | 0x93);
  store<u32>(vcpu + At.segSelector + (<usize>segment << 2), selector & 0xffff);
  store<u64>(vcpu + At.segBase + (<usize>segment << 3), <u64>(selector & 0xffff) << 4);
}

// @ts-ignore: decorator
@inline export function descriptorBase(d: u64): u64 {
  return ((d >> 16) & 0xff_ffff) | ((d >> 56) << 24);
}
// @ts-ignore: decorator
@inline export function descriptorLimit(d: u64): u32 {
  const limit = <u32>(d & 0xffff) | (<u32>(d >> 32) & 0xf_0000);
  return d & (1 << 55) ? (limit << 12) | 0xfff : limit;
}
// @ts-ignore: decorator
@inline export function descriptorAttributes(d: u64): u32 {
  return <u32>(d >> 40) & 0xf0ff;
}
// @ts-ignore: decorator
@inline export function dpl(attributes: u32): u32 {
  return (attributes >> 5) & 3;
}

/** Linear address of a selector's descriptor of `bytes`. @returns all ones when it lies outside of its table */
export function descriptorAddress(selector: u32, bytes: u32): u64 {
  const offset = selector & 0xfff8;
  if (selector & 4) {
    if (attributesOf(C.SEG_LDTR) & C.SEG_UNUSABLE) return ~0;
    return offset + bytes - 1 <= limitOf(C.SEG_LDTR) ? baseOf(C.SEG_LDTR) + offset : ~0;
  }
  return offset + bytes - 1 <= load<u32>(vcpu, At.gdtLimit) ? load<u64>(vcpu, At.gdtBase) + offset : ~0;
}

/** A selector's descriptor; outside of its table: `vector`(selector), with EXT added. */
export function readDescriptor(selector: u32, vector: u32, ext: u32): u64 {
  const at = descriptorAddress(selector, 8);
  if (at == ~0) {
    raise(vector, (selector & 0xfffc) | ext);
    return 0;
  }
  return systemLoad(at, 8);
}

/** Upper 32 bits of a system descriptor's base in long mode. */
export function readUpperBase(selector: u32): u64 {
  const at = descriptorAddress(selector, 16);
  if (at == ~0) {
    raise(GP, selector & 0xfffc);
    return 0;
  }
  return systemLoad(at + 8, 8);
}

/** Sets the accessed bit of a code or data descriptor in memory. */
export function markAccessed(selector: u32, d: u64): void {
  if (d & (1 << 40)) return;
  const at = descriptorAddress(selector, 8);
  if (at != ~0) systemStore(at + 5, 1, (d >> 40) & 0xff | 1);
}

/** Loads the hidden part from a checked descriptor. */
export function loadSegment(segment: u32, selector: u32, d: u64): void {
  setSegment(segment, selector, descriptorBase(d), descriptorLimit(d), descriptorAttributes(d) | ACCESSED);
}

/** A data segment register with a null selector. */
export function setNull(segment: u32, selector: u32, privilege: u32): void {
  setSegment(segment, selector, 0, 0, <u32>C.SEG_UNUSABLE | (privilege << 5));
}

/** Whether an offset may be put into RIP for code with these attributes; #GP(0) if not. */
export function checkTarget(rip: u64, limit: u32, attributes: u32): boolean {
  const good = longMode() && (attributes & L) ? canonical(rip) : rip <= <u64>limit;
  if (!good) raise(GP, 0);
  return good;
}
