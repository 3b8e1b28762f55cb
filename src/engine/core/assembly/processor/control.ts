// Control registers and EFER, and what follows from them (SDM 3A, Control Registers; Initializing IA-32e Mode).
import { At, C } from "../generated/layout";
import { code64, CR0_AM, CR0_CD, CR0_EM, CR0_ET, CR0_MP, CR0_NE, CR0_NW, CR0_PE, CR0_PG, CR0_TS, CR0_WP, CR4_DE, CR4_FSGSBASE, CR4_MCE, CR4_OSFXSR, CR4_OSXMMEXCPT, CR4_OSXSAVE,
  CR4_PAE, CR4_PCE, CR4_PCIDE, CR4_PGE, CR4_PSE, CR4_SMAP, CR4_SMEP, CR4_TSD, CR4_UMIP, EFER_LMA, EFER_LME, EFER_NXE, EFER_SCE, GP, longMode, protectedMode, raise, reg, UD,
  vcpu } from "../state";
import { AC_FLAG, VM } from "./flags";
import { attributesOf, DB_BIT, L, TYPE } from "../segment/descriptor";
import { enterContext, flush, flushNonGlobal, forgetPages, forgetStack, tableOf, viewFor } from "../memory/tlb";
import { physicalLoad64 } from "../memory/regions";
import { tprRead, tprWrite } from "../bus";

const CR0_WRITABLE: u64 = CR0_PE | CR0_MP | CR0_EM | CR0_TS | CR0_NE | CR0_WP | CR0_AM | CR0_NW | CR0_CD | CR0_PG;
const CR4_WRITABLE: u64 = CR4_TSD | CR4_DE | CR4_PSE | CR4_PAE | CR4_MCE | CR4_PGE | CR4_PCE | CR4_OSFXSR | CR4_OSXMMEXCPT | CR4_UMIP | CR4_FSGSBASE | CR4_PCIDE | CR4_OSXSAVE
  | CR4_SMEP | CR4_SMAP;
/** Bits whose change makes cached translations invalid. */
const CR0_PAGING: u64 = CR0_PE | CR0_WP | CR0_PG, CR4_PAGING: u64 = CR4_PSE | CR4_PAE | CR4_PGE | CR4_PCIDE | CR4_SMEP | CR4_SMAP;
const CR3_KEEP: u64 = 1 << 63;
const BEYOND: u64 = ~((1 << <u64>C.PHYSICAL_BITS) - 1);

/** What translations depend on, as core left it. */
let knownCr0: u64 = 0, knownCr3: u64 = 0, knownCr4: u64 = 0, knownEfer: u64 = 0;
function noteTranslation(): void {
  knownCr0 = load<u64>(vcpu, At.cr0);
  knownCr3 = load<u64>(vcpu, At.cr3);
  knownCr4 = load<u64>(vcpu, At.cr4);
  knownEfer = load<u64>(vcpu, At.efer);
}

/** On entry to run(): what the host may have written between runs takes effect. */
export function enter(): void {
  const cr0 = load<u64>(vcpu, At.cr0), cr4 = load<u64>(vcpu, At.cr4), efer = load<u64>(vcpu, At.efer);
  if (knownCr3 != load<u64>(vcpu, At.cr3) || ((knownCr0 ^ cr0) & CR0_PAGING) || ((knownCr4 ^ cr4) & CR4_PAGING) || ((knownEfer ^ efer) & (EFER_LMA | EFER_NXE))) flush();
  noteTranslation();
  forgetStack();
  sync();
}

/** Recomputes what is derived: mode, tlb, fpuTrap. */
export function sync(): void {
  const cr0 = load<u64>(vcpu, At.cr0), flags = load<u32>(vcpu, At.flagRest);
  const cs = load<u32>(vcpu + At.segAttr + 4 * C.SEG_CS), ss = load<u32>(vcpu + At.segAttr + 4 * C.SEG_SS);
  let mode: u32 = cs & DB_BIT ? C.MODE_CODE32 : C.MODE_CODE16;
  if (cr0 & CR0_PE) {
    if (flags & <u32>VM) mode |= C.MODE_VM86;
    else mode |= C.MODE_PROTECTED;
    if ((load<u64>(vcpu, At.efer) & EFER_LMA) && (cs & L)) mode = C.MODE_CODE64 | C.MODE_PROTECTED;
  }
  if (ss & DB_BIT) mode |= C.MODE_STACK32;
  store<u32>(vcpu, mode, At.mode);
  syncView();
  let trap: u32 = 0;
  if (cr0 & (CR0_EM | CR0_TS)) trap |= 1;
  if ((cr0 & CR0_EM) || !(load<u64>(vcpu, At.cr4) & CR4_OSFXSR)) trap |= 2;
  if (cr0 & CR0_TS) trap |= 4;
  if (cr0 & CR0_EM) trap |= 8;
  store<u32>(vcpu, trap, At.fpuTrap);
}

/** The part of sync that depends on CPL, AC and SMAP alone. */
export function syncView(): void {
  const ac = (load<u32>(vcpu, At.flagRest) & <u32>AC_FLAG) != 0;
  const view = viewFor(protectedMode() ? load<u32>(vcpu, At.cpl) : 0, ac);
  const table = tableOf(view);
  if (table == load<u32>(vcpu, At.tlb)) return;
  store<u32>(vcpu, table, At.tlb);
  forgetPages();
}

/** Goes on behind an instruction that changed what later ones depend on. */
export function resume(nextRip: u64): void {
  store<u64>(vcpu, nextRip, At.rip);
  sync();
}

export function readControl(number: u32): u64 {
  switch (number) {
    case 0: return load<u64>(vcpu, At.cr0);
    case 2: return load<u64>(vcpu, At.cr2);
    case 3: return load<u64>(vcpu, At.cr3);
    case 4: return load<u64>(vcpu, At.cr4);
    case 8: if (code64()) return <u64>tprRead(); // falls through
    default: raise(UD, 0); return 0;
  }
}

export function writeControl(number: u32, value: u64): void {
  switch (number) {
    case 0: return writeCr0(value);
    case 2: store<u64>(vcpu, value, At.cr2); return;
    case 3: return writeCr3(value);
    case 4: return writeCr4(value);
    case 8:
      if (!code64()) return raise(UD, 0);
      if (value >> 4) return raise(GP, 0);
      return tprWrite(<u32>value);
    default: raise(UD, 0);
  }
}

/** Reserved bits in the four entries of PAE's page-directory-pointer table (SDM 3A, PDPTE Registers). */
function pointersValid(cr3: u64): bool {
  for (let i: u64 = 0; i < 4; i++) {
    const entry = physicalLoad64((cr3 & 0xffff_ffe0) + (i << 3));
    if ((entry & 1) && (entry & (BEYOND | 0x1e6))) return false;
  }
  return true;
}

function writeCr0(value: u64): void {
  const old = load<u64>(vcpu, At.cr0), cr4 = load<u64>(vcpu, At.cr4), efer = load<u64>(vcpu, At.efer);
  if (value >> 32) return raise(GP, 0);
  if ((value & CR0_PG) && !(value & CR0_PE)) return raise(GP, 0);
  if ((value & CR0_NW) && !(value & CR0_CD)) return raise(GP, 0);
  const cs = attributesOf(C.SEG_CS);
  if (!(old & CR0_PG) && (value & CR0_PG)) {
    if (efer & EFER_LME) {
      if (!(cr4 & CR4_PAE) || (cs & L) || (attributesOf(C.SEG_TR) & TYPE) < 8) return raise(GP, 0);
    } else if ((cr4 & CR4_PAE) && !pointersValid(load<u64>(vcpu, At.cr3))) return raise(GP, 0);
  }
  if ((old & CR0_PG) && !(value & CR0_PG) && (code64() || (cr4 & CR4_PCIDE))) return raise(GP, 0);
  const cr0 = (value & CR0_WRITABLE) | CR0_ET;
  store<u64>(vcpu, cr0, At.cr0);
  if ((old ^ cr0) & CR0_PG) store<u64>(vcpu, (cr0 & CR0_PG) && (efer & EFER_LME) ? efer | EFER_LMA : efer & ~EFER_LMA, At.efer);
  if ((old ^ cr0) & CR0_PAGING) flush();
  noteTranslation();
  sync();
}

function writeCr3(value: u64): void {
  const cr4 = load<u64>(vcpu, At.cr4);
  let keep = false;
  if (longMode()) {
    if (cr4 & CR4_PCIDE) {
      keep = (value & CR3_KEEP) != 0;
      value &= ~CR3_KEEP;
    }
    if (value & BEYOND) return raise(GP, 0);
  } else {
    value &= 0xffff_ffff;
    if ((cr4 & CR4_PAE) && (load<u64>(vcpu, At.cr0) & CR0_PG) && !pointersValid(value)) return raise(GP, 0);
  }
  store<u64>(vcpu, value, At.cr3);
  if (cr4 & CR4_PCIDE) {
    enterContext(<u32>value & 0xfff, keep);
    syncView();
  } else flushNonGlobal();
  noteTranslation();
}

function writeCr4(value: u64): void {
  const old = load<u64>(vcpu, At.cr4), long = longMode();
  if (value & ~CR4_WRITABLE) return raise(GP, 0);
  if (long && !(value & CR4_PAE)) return raise(GP, 0);
  if ((value & CR4_PCIDE) && !(old & CR4_PCIDE) && (!long || (load<u64>(vcpu, At.cr3) & 0xfff))) return raise(GP, 0);
  if ((value & CR4_PAE) && !(old & CR4_PAE) && !long && (load<u64>(vcpu, At.cr0) & CR0_PG) && !pointersValid(load<u64>(vcpu, At.cr3))) return raise(GP, 0);
  store<u64>(vcpu, value, At.cr4);
  if ((old ^ value) & CR4_PAGING) flush();
  noteTranslation();
  sync();
}

/** WRMSR to EFER. */
export function writeEfer(value: u64): void {
  const old = load<u64>(vcpu, At.efer);
  if (value & ~(EFER_SCE | EFER_LME | EFER_LMA | EFER_NXE)) return raise(GP, 0);
  if (((old ^ value) & EFER_LME) && (load<u64>(vcpu, At.cr0) & CR0_PG)) return raise(GP, 0);
  store<u64>(vcpu, (value & ~EFER_LMA) | (old & EFER_LMA), At.efer);
  if ((old ^ value) & EFER_NXE) flush();
  noteTranslation();
}

/** LMSW: bits 0..3 of CR0; PE can be set only. */
export function loadStatusWord(value: u64): void {
  const cr0 = load<u64>(vcpu, At.cr0);
  writeCr0((cr0 & ~0xe) | (value & 0xf));
}
export function clearTaskSwitched(): void {
  store<u64>(vcpu, load<u64>(vcpu, At.cr0) & ~CR0_TS, At.cr0);
  sync();
}

/** XSETBV. XCR0 has x87 and SSE; x87 is always on. */
export function writeExtendedControl(): void {
  if (!(load<u64>(vcpu, At.cr4) & CR4_OSXSAVE)) return raise(UD, 0);
  if (load<u32>(vcpu, At.cpl)) return raise(GP, 0);
  const value = (reg(0) & 0xffff_ffff) | (reg(2) << 32);
  if (<u32>reg(1) || !(value & 1) || (value & ~3)) return raise(GP, 0);
  store<u64>(vcpu, value, At.xcr0);
}
/** XGETBV: XCR0, or with ECX 1 those of its components that are in use, which is all. */
export function readExtendedControl(): u64 {
  if (!(load<u64>(vcpu, At.cr4) & CR4_OSXSAVE)) raise(UD, 0);
  else if (<u32>reg(1) > 1) raise(GP, 0);
  return load<u64>(vcpu, At.xcr0);
}
