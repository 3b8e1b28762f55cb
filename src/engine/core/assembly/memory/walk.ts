// The page walk: from a linear address to a guest-physical one by the guest's own tables (SDM 3A, Paging). No caching, no host addresses.
// Accessed and dirty bits are set when the access is allowed, from the root down, the leaf last.
import { At, C } from "../generated/layout";
import { CR0_PG, CR0_WP, CR4_PAE, CR4_PGE, CR4_PSE, CR4_SMAP, CR4_SMEP, EFER_LMA, EFER_NXE, PF, raise, vcpu } from "../state";
import { physicalLoad32, physicalLoad64, physicalMark32, physicalMark64 } from "./regions";

/** Bits of a #PF error code; WRITE, USER and FETCH also describe an access. */
export const PRESENT: u32 = 1, WRITE: u32 = 2, USER: u32 = 4, RESERVED: u32 = 8, FETCH: u32 = 16;
/** Not part of an error code: a supervisor access that SMAP lets through (explicit, with EFLAGS.AC). */
export const AC_ACCESS: u32 = 32;

const ENTRY_P: u64 = 1, ENTRY_W: u64 = 2, ENTRY_U: u64 = 4, ENTRY_A: u64 = 32, ENTRY_D: u64 = 64, ENTRY_PS: u64 = 128, ENTRY_G: u64 = 256, ENTRY_NX: u64 = 1 << 63;
const ADDRESS: u64 = (1 << <u64>C.PHYSICAL_BITS) - 0x1000;
const BEYOND: u64 = 0x000f_ffff_ffff_f000 & ~ADDRESS;
const IGNORED_IN_PAE: u64 = 0x7ff0_0000_0000_0000;

// What the last successful walk found.
/** Guest-physical address of the byte. */
export let walkGpa: u64 = 0;
/** ENTRY bits: W and U hold if all levels have them; D and G are the leaf's; NX if any level has it. */
export let walkRights: u64 = 0;
/** Bytes of the page as a power of two: 12, 21, 22 or 30. */
export let walkShift: u32 = 12;

/** Rights of a page for an access, as a table walk ends with. @returns false when the access is not allowed */
export function allowed(rights: u64, access: u32): bool {
  const user = (rights & ENTRY_U) != 0;
  if (access & USER) {
    if (!user) return false;
    if ((access & WRITE) && !(rights & ENTRY_W)) return false;
  } else {
    if ((access & WRITE) && !(rights & ENTRY_W) && (load<u64>(vcpu, At.cr0) & CR0_WP)) return false;
    if (user) {
      const cr4 = load<u64>(vcpu, At.cr4);
      if (access & FETCH) {
        if (cr4 & CR4_SMEP) return false;
      } else if ((cr4 & CR4_SMAP) && !(access & AC_ACCESS)) return false;
    }
  }
  return !((access & FETCH) && (rights & ENTRY_NX));
}

function pageFault(linear: u64, access: u32, code: u32): bool {
  code |= access & (WRITE | USER);
  const cr4 = load<u64>(vcpu, At.cr4), nx = (cr4 & CR4_PAE) && (load<u64>(vcpu, At.efer) & EFER_NXE);
  if ((access & FETCH) && (nx || (cr4 & CR4_SMEP))) code |= FETCH;
  if (!load<u32>(vcpu, At.fault)) store<u64>(vcpu, linear, At.faultAddress);
  raise(PF, code);
  return false;
}

/** Guest-physical address that the last successful peek found, and the size of its page. */
export let peekGpa: u64 = 0, peekShift: u32 = 12;
/** Looks in long mode whether a program's access would be allowed and change nothing, not even an accessed or dirty bit. @returns false: it might not */
export function peek(linear: u64, write: bool): bool {
  const must = ENTRY_P | ENTRY_U | ENTRY_A | (write ? ENTRY_W : 0), reserved = BEYOND | (load<u64>(vcpu, At.efer) & EFER_NXE ? 0 : ENTRY_NX);
  let entry = load<u64>(vcpu, At.cr3);
  for (let shift: u32 = 39; ; shift -= 9) {
    entry = physicalLoad64((entry & ADDRESS) | (((linear >> shift) & 511) << 3));
    if ((entry & (must | reserved)) != must) return false;
    if (shift != 12 && !(entry & ENTRY_PS)) continue;
    const inside = (<u64>1 << shift) - 1;
    if (shift == 39 || (write && !(entry & ENTRY_D)) || (shift != 12 && (entry & inside & ~0x1fff))) return false;
    peekGpa = (entry & ADDRESS & ~inside) | (linear & inside);
    peekShift = shift;
    return true;
  }
}

/** Translates for one access: WRITE, USER, FETCH, AC_ACCESS in any sensible combination. @returns false: #PF is pending */
export function walk(linear: u64, access: u32): bool {
  const cr0 = load<u64>(vcpu, At.cr0), cr4 = load<u64>(vcpu, At.cr4), efer = load<u64>(vcpu, At.efer);
  if (!(cr0 & CR0_PG)) {
    walkGpa = linear & 0xffff_ffff;
    walkRights = ENTRY_W | ENTRY_U | ENTRY_D;
    walkShift = 12;
    return true;
  }
  const found = efer & EFER_LMA ? walkLong(linear, access, efer) : cr4 & CR4_PAE ? walkPae(linear, access, efer) : walkLegacy(linear, access, cr4);
  if (!(cr4 & CR4_PGE)) walkRights &= ~ENTRY_G;
  return found;
}

/** Entries have 8 bytes, not 4. */
let wideEntries: bool = false;
// Addresses of the entries used, root first, to mark them at the end.
let entry0: u64 = 0, entry1: u64 = 0, entry2: u64 = 0, entry3: u64 = 0;
let value0: u64 = 0, value1: u64 = 0, value2: u64 = 0, value3: u64 = 0;

// @ts-ignore: decorator
@inline function touch(gpa: u64, value: u64, bits: u64): bool {
  return (value & bits) == bits || (wideEntries ? physicalMark64(gpa, value, bits) : physicalMark32(gpa, <u32>value, <u32>bits));
}

/** Checks the leaf's rights, marks accessed and dirty. */
function finish(linear: u64, access: u32, rights: u64, levels: u32, base: u64, shift: u32): bool {
  if (!allowed(rights, access)) return pageFault(linear, access, PRESENT);
  const leafBits = access & WRITE ? ENTRY_A | ENTRY_D : ENTRY_A;
  let marked = touch(entry0, value0, levels > 1 ? ENTRY_A : leafBits);
  if (levels > 1) marked = marked && touch(entry1, value1, levels > 2 ? ENTRY_A : leafBits);
  if (levels > 2) marked = marked && touch(entry2, value2, levels > 3 ? ENTRY_A : leafBits);
  if (levels > 3) marked = marked && touch(entry3, value3, leafBits);
  if (!marked) return walk(linear, access); // somebody has changed the entry meanwhile
  const mask = (<u64>1 << shift) - 1;
  walkGpa = (base & ~mask) | (linear & mask);
  walkRights = access & WRITE ? rights | ENTRY_D : rights;
  walkShift = shift;
  return true;
}

// @ts-ignore: decorator
@inline function combine(rights: u64, entry: u64): u64 {
  return (rights & entry & (ENTRY_W | ENTRY_U)) | ((rights | entry) & ENTRY_NX) | (entry & (ENTRY_G | ENTRY_D));
}

function walkLong(linear: u64, access: u32, efer: u64): bool {
  wideEntries = true;
  const reserved = BEYOND | (efer & EFER_NXE ? 0 : ENTRY_NX);
  entry0 = (load<u64>(vcpu, At.cr3) & ADDRESS) | (((linear >> 39) & 511) << 3);
  value0 = physicalLoad64(entry0);
  if (!(value0 & ENTRY_P)) return pageFault(linear, access, 0);
  if (value0 & (reserved | ENTRY_PS)) return pageFault(linear, access, PRESENT | RESERVED);
  let rights = combine(ENTRY_W | ENTRY_U, value0);

  entry1 = (value0 & ADDRESS) | (((linear >> 30) & 511) << 3);
  value1 = physicalLoad64(entry1);
  if (!(value1 & ENTRY_P)) return pageFault(linear, access, 0);
  if (value1 & (value1 & ENTRY_PS ? reserved | 0x3fff_e000 : reserved)) return pageFault(linear, access, PRESENT | RESERVED);
  rights = combine(rights, value1);
  if (value1 & ENTRY_PS) return finish(linear, access, rights, 2, value1 & ADDRESS, 30);

  entry2 = (value1 & ADDRESS) | (((linear >> 21) & 511) << 3);
  value2 = physicalLoad64(entry2);
  if (!(value2 & ENTRY_P)) return pageFault(linear, access, 0);
  if (value2 & (value2 & ENTRY_PS ? reserved | 0x1f_e000 : reserved)) return pageFault(linear, access, PRESENT | RESERVED);
  rights = combine(rights, value2);
  if (value2 & ENTRY_PS) return finish(linear, access, rights, 3, value2 & ADDRESS, 21);

  entry3 = (value2 & ADDRESS) | (((linear >> 12) & 511) << 3);
  value3 = physicalLoad64(entry3);
  if (!(value3 & ENTRY_P)) return pageFault(linear, access, 0);
  if (value3 & reserved) return pageFault(linear, access, PRESENT | RESERVED);
  return finish(linear, access, combine(rights, value3), 4, value3 & ADDRESS, 12);
}

/** Entries of the page-directory-pointer table are read in every walk; the SDM lets a processor keep those of the last MOV to CR3. */
function walkPae(linear: u64, access: u32, efer: u64): bool {
  wideEntries = true;
  const reserved = BEYOND | IGNORED_IN_PAE | (efer & EFER_NXE ? 0 : ENTRY_NX);
  const pointer = physicalLoad64((load<u64>(vcpu, At.cr3) & 0xffff_ffe0) | (((linear >> 30) & 3) << 3));
  if (!(pointer & ENTRY_P)) return pageFault(linear, access, 0);
  if (pointer & (BEYOND | IGNORED_IN_PAE | ENTRY_NX | 0x1e6)) return pageFault(linear, access, PRESENT | RESERVED);

  entry0 = (pointer & ADDRESS) | (((linear >> 21) & 511) << 3);
  value0 = physicalLoad64(entry0);
  if (!(value0 & ENTRY_P)) return pageFault(linear, access, 0);
  if (value0 & (value0 & ENTRY_PS ? reserved | 0x1f_e000 : reserved)) return pageFault(linear, access, PRESENT | RESERVED);
  const rights = combine(ENTRY_W | ENTRY_U, value0);
  if (value0 & ENTRY_PS) return finish(linear, access, rights, 1, value0 & ADDRESS, 21);

  entry1 = (value0 & ADDRESS) | (((linear >> 12) & 511) << 3);
  value1 = physicalLoad64(entry1);
  if (!(value1 & ENTRY_P)) return pageFault(linear, access, 0);
  if (value1 & reserved) return pageFault(linear, access, PRESENT | RESERVED);
  return finish(linear, access, combine(rights, value1), 2, value1 & ADDRESS, 12);
}

function walkLegacy(linear: u64, access: u32, cr4: u64): bool {
  wideEntries = false;
  entry0 = (load<u64>(vcpu, At.cr3) & 0xffff_f000) | (((linear >> 22) & 1023) << 2);
  value0 = physicalLoad32(entry0);
  if (!(value0 & ENTRY_P)) return pageFault(linear, access, 0);
  const rights = combine(ENTRY_W | ENTRY_U, value0);
  if ((value0 & ENTRY_PS) && (cr4 & CR4_PSE)) {
    if (value0 & 0x20_0000) return pageFault(linear, access, PRESENT | RESERVED);
    // PSE-36: bits 20..13 are address bits 39..32
    return finish(linear, access, rights, 1, (value0 & 0xffc0_0000) | ((value0 & 0x1f_e000) << 19), 22);
  }
  entry1 = (value0 & 0xffff_f000) | (((linear >> 12) & 1023) << 2);
  value1 = physicalLoad32(entry1);
  if (!(value1 & ENTRY_P)) return pageFault(linear, access, 0);
  return finish(linear, access, combine(rights, value1), 2, value1 & 0xffff_f000, 12);
}
