// Model-specific registers (SDM 4, Model-Specific Registers). What is not here does not exist: #GP(0).
import { At, C } from "../generated/layout";
import { canonical, GP, raise, reg, setReg, vcpu } from "../state";
import { timeStamp, writeTimeStamp, writeTimeStampAdjust } from "./time";
import { msrRead, msrWrite, trace } from "../bus";
import { writeEfer } from "./control";

const TSC: u32 = 0x10, PLATFORM_ID: u32 = 0x17, APIC_BASE: u32 = 0x1b, FEATURE_CONTROL: u32 = 0x3a, TSC_ADJUST: u32 = 0x3b, SPEC_CTRL: u32 = 0x48, PRED_CMD: u32 = 0x49,
  MICROCODE: u32 = 0x8b, MTRR_CAP: u32 = 0xfe, ARCH_CAPABILITIES: u32 = 0x10a, FLUSH_CMD: u32 = 0x10b, SYSENTER_CS: u32 = 0x174, SYSENTER_ESP: u32 = 0x175,
  SYSENTER_EIP: u32 = 0x176, MCG_CAP: u32 = 0x179, MCG_STATUS: u32 = 0x17a, MISC_ENABLE: u32 = 0x1a0, DEBUG_CTL: u32 = 0x1d9, MTRR_PHYS: u32 = 0x200, MTRR_FIX64K: u32 = 0x250,
  MTRR_FIX16K: u32 = 0x258, MTRR_FIX4K: u32 = 0x268, PAT: u32 = 0x277, MTRR_DEF_TYPE: u32 = 0x2ff, TSC_DEADLINE: u32 = 0x6e0, X2APIC: u32 = 0x800, X2APIC_END: u32 = 0x8ff,
  XSS: u32 = 0xda0, EFER: u32 = 0xc000_0080, STAR: u32 = 0xc000_0081, LSTAR: u32 = 0xc000_0082, CSTAR: u32 = 0xc000_0083, SFMASK: u32 = 0xc000_0084, FS_BASE: u32 = 0xc000_0100,
  GS_BASE: u32 = 0xc000_0101, KERNEL_GS_BASE: u32 = 0xc000_0102, TSC_AUX: u32 = 0xc000_0103;

/** 8 variable ranges, fixed ranges, write-combining. */
const MTRR_CAPABILITIES: u64 = 0x508;
const MTRRS: u32 = 8;
/** Nothing here speculates, so nothing leaks: RDCL_NO IBRS_ALL SKIP_L1DFL SSB_NO MDS_NO IF_PSCHANGE_MC_NO TAA_NO, SBDR_SSDP_NO FBSDP_NO PSDP_NO
 * BHI_NO PBRSB_NO GDS_NO RFDS_NO ITS_NO (SDM 4, IA32_ARCH_CAPABILITIES). */
const CAPABILITIES: u64 = 1 << 0 | 1 << 1 | 1 << 3 | 1 << 4 | 1 << 5 | 1 << 6 | 1 << 8 | 1 << 13 | 1 << 14 | 1 << 15 | 1 << 20 | 1 << 24 | 1 << 26 | 1 << 27 | 1 << 62;
const MICROCODE_REVISION: u64 = 1;
const PHYSICAL: u64 = (1 << 40) - 1;

/** Offset of a register that is just a number in the state, 0 if it is none; `fixed` MTRRs by their place in the array. */
function plain(msr: u32): usize {
  switch (msr) {
    case SYSENTER_CS: return At.sysenterCs;
    case SYSENTER_ESP: return At.sysenterEsp;
    case SYSENTER_EIP: return At.sysenterEip;
    case STAR: return At.star;
    case LSTAR: return At.lstar;
    case CSTAR: return At.cstar;
    case SFMASK: return At.sfmask;
    case FS_BASE: return At.segBase + 32;
    case GS_BASE: return At.segBase + 40;
    case KERNEL_GS_BASE: return At.kernelGsBase;
    case TSC_AUX: return At.tscAux;
    case MISC_ENABLE: return At.miscEnable;
    case SPEC_CTRL: return At.specCtrl;
    case PAT: return At.pat;
    case MTRR_DEF_TYPE: return At.mtrrDefType;
    case MTRR_FIX64K: return At.mtrrFixed;
    case FEATURE_CONTROL: return At.featureControl;
    case XSS: return At.xss;
  }
  if (msr - MTRR_PHYS < 2 * MTRRS) return (msr & 1 ? At.mtrrMask : At.mtrrBase) + (<usize>((msr - MTRR_PHYS) >> 1) << 3);
  if (msr - MTRR_FIX16K < 2) return At.mtrrFixed + 8 + (<usize>(msr - MTRR_FIX16K) << 3);
  if (msr - MTRR_FIX4K < 8) return At.mtrrFixed + 24 + (<usize>(msr - MTRR_FIX4K) << 3);
  return 0;
}

function onBus(msr: u32): bool {
  return msr == APIC_BASE || msr == TSC_DEADLINE || (msr >= X2APIC && msr <= X2APIC_END);
}

/** RDMSR: ECX to EDX:EAX. */
export function readMsr(): void {
  const value = read(<u32>reg(1));
  if (load<u32>(vcpu, At.fault)) return;
  if (load<u32>(vcpu, At.traced) & C.TRACE_MSRS) trace(C.TRACE_RDMSR, <u32>reg(1), value, 0);
  setReg(0, value & 0xffff_ffff);
  setReg(2, value >> 32);
}

function read(msr: u32): u64 {
  const at = plain(msr);
  if (at) return load<u64>(vcpu + at);
  if (onBus(msr)) return msrRead(msr);
  switch (msr) {
    case TSC: return timeStamp();
    case TSC_ADJUST: return load<u64>(vcpu, At.tscAdjust);
    case EFER: return load<u64>(vcpu, At.efer);
    case MICROCODE: return MICROCODE_REVISION << 32;
    case MTRR_CAP: return MTRR_CAPABILITIES;
    case ARCH_CAPABILITIES: return CAPABILITIES;
    case PLATFORM_ID:
    case MCG_CAP:
    case MCG_STATUS:
    case DEBUG_CTL: return 0;
  }
  raise(GP, 0);
  return 0;
}

function memoryType(type: u64): bool {
  return type < 2 || (type >= 4 && type <= 6);
}
/** Every byte is a memory type; PAT has UC- (7) too. */
function memoryTypes(value: u64, uncachedMinus: bool): bool {
  for (let i = 0; i < 8; i++, value >>= 8) if (!memoryType(value & 0xff) && !(uncachedMinus && (value & 0xff) == 7)) return false;
  return true;
}

/** Whether a plain register takes this value. */
function accepts(msr: u32, value: u64): bool {
  switch (msr) {
    case LSTAR:
    case CSTAR:
    case FS_BASE:
    case GS_BASE:
    case KERNEL_GS_BASE:
    case SYSENTER_ESP:
    case SYSENTER_EIP: return canonical(value);
    case SYSENTER_CS:
    case SFMASK:
    case TSC_AUX: return value >> 32 == 0;
    case SPEC_CTRL: return (value & ~7) == 0;
    case PAT: return memoryTypes(value, true);
    case MTRR_DEF_TYPE: return (value & ~0xcff) == 0 && memoryType(value & 0xff);
    case FEATURE_CONTROL: return !(load<u64>(vcpu, At.featureControl) & 1) && (value & ~1) == 0;
    case XSS: return value == 0;
    case STAR: return true;
    case MISC_ENABLE: return true;
  }
  if (msr - MTRR_PHYS < 2 * MTRRS) return (value & ~PHYSICAL) == 0 && (msr & 1 ? (value & 0x7ff) == 0 : (value & 0xf00) == 0 && memoryType(value & 0xff));
  return memoryTypes(value, false); // fixed MTRRs
}

/** WRMSR: EDX:EAX to the register ECX. */
export function writeMsr(): void {
  const msr = <u32>reg(1), value = (reg(0) & 0xffff_ffff) | (reg(2) << 32);
  write(msr, value);
  if ((load<u32>(vcpu, At.traced) & C.TRACE_MSRS) && !load<u32>(vcpu, At.fault)) trace(C.TRACE_WRMSR, msr, value, 0);
}

function write(msr: u32, value: u64): void {
  const at = plain(msr);
  if (at) {
    if (accepts(msr, value)) store<u64>(vcpu + at, value);
    else raise(GP, 0);
    return;
  }
  if (onBus(msr)) {
    msrWrite(msr, value);
    if (msr == APIC_BASE && !load<u32>(vcpu, At.fault)) store<u64>(vcpu, value, At.apicBase);
    return;
  }
  switch (msr) {
    case TSC: return writeTimeStamp(value);
    case TSC_ADJUST: return writeTimeStampAdjust(value);
    case EFER: return writeEfer(value);
    case PRED_CMD:
    case FLUSH_CMD:
      if (value & ~1) raise(GP, 0);
      return;
    case MICROCODE: // loaders clear it before CPUID 1 to read the revision
    case MCG_STATUS:
    case DEBUG_CTL:
      return;
  }
  raise(GP, 0);
}
