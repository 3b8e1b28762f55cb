// CPUID: a processor that says no more than is true (SDM 2A, CPUID). x86-64-v2 with AES, PCLMULQDQ and SHA, no AVX.
// It does not speculate. Family 6 model 0x36 is a real in-order processor, and one that Linux knows to need no mitigation of speculation.
import { At, C } from "../generated/layout";
import { CR4_OSXSAVE, reg, setReg, vcpu } from "../state";
import { SIGNATURE } from "../event/reset";

const MAX_LEAF: u32 = 0x16, MAX_EXTENDED: u32 = 0x8000_0008, HYPERVISOR: u32 = 0x4000_0000;

/** Leaf 1 ECX: SSE3 PCLMULQDQ SSSE3 CX16 PCID SSE4.1 SSE4.2 x2APIC MOVBE POPCNT TSC-deadline AES XSAVE RDRAND hypervisor. */
const FEATURES_ECX: u32 = 1 << 0 | 1 << 1 | 1 << 9 | 1 << 13 | 1 << 17 | 1 << 19 | 1 << 20 | 1 << 21 | 1 << 22 | 1 << 23 | 1 << 24 | 1 << 25 | 1 << 26 | 1 << 30 | 1 << 31;
const OSXSAVE: u32 = 1 << 27;
/** Leaf 1 EDX: FPU DE PSE TSC MSR PAE MCE CX8 SEP MTRR PGE MCA CMOV PAT PSE-36 CLFSH MMX FXSR SSE SSE2. */
const FEATURES_EDX: u32 = 1 << 0 | 1 << 2 | 1 << 3 | 1 << 4 | 1 << 5 | 1 << 6 | 1 << 7 | 1 << 8 | 1 << 11 | 1 << 12 | 1 << 13 | 1 << 14 | 1 << 15 | 1 << 16 | 1 << 17 | 1 << 19
  | 1 << 23 | 1 << 24 | 1 << 25 | 1 << 26;
const APIC: u32 = 1 << 9, HTT: u32 = 1 << 28;
/** Leaf 7 EBX: FSGSBASE TSC_ADJUST SMEP ERMS INVPCID RDSEED SMAP SHA; ECX: UMIP; EDX: FSRM IBRS/IBPB STIBP L1D_FLUSH ARCH_CAPABILITIES. */
const STRUCTURED_EBX: u32 = 1 << 0 | 1 << 1 | 1 << 7 | 1 << 9 | 1 << 10 | 1 << 18 | 1 << 20 | 1 << 29, STRUCTURED_ECX: u32 = 1 << 2,
  STRUCTURED_EDX: u32 = 1 << 4 | 1 << 26 | 1 << 27 | 1 << 28 | 1 << 29;
/** 0x80000001 ECX: LAHF PREFETCHW; EDX: SYSCALL NX 1-GiB pages RDTSCP LM. */
const EXTENDED_ECX: u32 = 1 << 0 | 1 << 8, EXTENDED_EDX: u32 = 1 << 11 | 1 << 20 | 1 << 26 | 1 << 27 | 1 << 29;
/** XSAVE area: legacy region and header. */
const XSAVE_BYTES: u32 = 576;

function answer(eax: u32, ebx: u32, ecx: u32, edx: u32): void {
  setReg(0, eax);
  setReg(3, ebx);
  setReg(1, ecx);
  setReg(2, edx);
}
function gcd(a: u64, b: u64): u64 {
  while (b) {
    const rest = a % b;
    a = b;
    b = rest;
  }
  return a;
}

/** Deterministic cache parameters: type 1 data, 2 instruction, 3 unified; ways and sets of 64-byte lines. */
function cache(type: u32, level: u32, sharedBy: u32, ways: u32, sets: u32): void {
  const cores = <u32>(1 << load<u32>(vcpu, At.socketBits)) - 1;
  answer(type | level << 5 | 1 << 8 | (sharedBy - 1) << 14 | min<u32>(cores, 63) << 26, 63 | (ways - 1) << 22, sets - 1, 0);
}

export function cpuid(): void {
  const leaf = <u32>reg(0), sub = <u32>reg(1);
  if (leaf >= 0x8000_0000) return extended(leaf);
  if (leaf - HYPERVISOR < 0x100) {
    // NVLNVLNVLNVL
    if (leaf == HYPERVISOR) answer(HYPERVISOR, 0x4e4c564e, 0x564e4c56, 0x4c564e4c);
    else answer(0, 0, 0, 0);
    return;
  }
  const apicId = load<u32>(vcpu, At.apicId), bits = load<u32>(vcpu, At.socketBits), cores = load<u32>(vcpu, At.socketCores);
  switch (leaf) {
    // GenuineIntel
    case 0: return answer(MAX_LEAF, 0x756e6547, 0x6c65746e, 0x49656e69);
    case 1: {
      const xsave = load<u64>(vcpu, At.cr4) & CR4_OSXSAVE ? OSXSAVE : 0, apic = load<u64>(vcpu, At.apicBase) & 0x800 ? APIC : 0;
      return answer(SIGNATURE, 8 << 8 | (1 << bits) << 16 | apicId << 24, FEATURES_ECX | xsave, FEATURES_EDX | apic | (cores > 1 ? HTT : 0));
    }
    case 2: return answer(0x00ff_ff01, 0, 0, 0); // caches are told by leaf 4
    case 4:
      if (sub == 0) return cache(1, 1, 1, 8, 64);
      if (sub == 1) return cache(2, 1, 1, 8, 64);
      if (sub == 2) return cache(3, 2, 1, 8, 512);
      if (sub == 3) return cache(3, 3, 1 << bits, 16, 8192);
      break;
    case 6: return answer(1 << 2, 0, 0, 0); // ARAT
    case 7:
      if (sub == 0) return answer(0, STRUCTURED_EBX, STRUCTURED_ECX, STRUCTURED_EDX);
      break;
    case 0xb:
      if (sub == 0) return answer(0, 1, 1 << 8, apicId);
      if (sub == 1) return answer(bits, cores, 2 << 8 | 1, apicId);
      return answer(0, 0, sub & 0xff, apicId);
    case 0xd:
      if (sub == 0) return answer(3, XSAVE_BYTES, XSAVE_BYTES, 0);
      if (sub == 1) return answer(15, XSAVE_BYTES, 0, 0); // XSAVEOPT XSAVEC XGETBV-1 XSAVES
      break;
    case 0x15: {
      const tsc = load<u64>(vcpu, At.tscHz), crystal = load<u64>(vcpu, At.apicTimerHz), common = gcd(tsc, crystal);
      return answer(<u32>(crystal / common), <u32>(tsc / common), <u32>crystal, 0);
    }
    case 0x16: {
      const mhz = <u32>(load<u64>(vcpu, At.tscHz) / 1_000_000);
      return answer(mhz, mhz, 100, 0);
    }
  }
  answer(0, 0, 0, 0);
}

function extended(leaf: u32): void {
  switch (leaf) {
    case 0x8000_0000: return answer(MAX_EXTENDED, 0, 0, 0);
    case 0x8000_0001: return answer(0, 0, EXTENDED_ECX, EXTENDED_EDX);
    // NVL virtual processor
    case 0x8000_0002: return answer(0x204c564e, 0x74726976, 0x206c6175, 0x636f7270);
    case 0x8000_0003: return answer(0x6f737365, 0x72, 0, 0);
    case 0x8000_0006: return answer(0, 0, 64 | 6 << 12 | 256 << 16, 0);
    case 0x8000_0007: return answer(0, 0, 0, 1 << 8); // invariant TSC
    case 0x8000_0008: return answer(C.PHYSICAL_BITS | 48 << 8, 0, 0, 0);
  }
  answer(0, 0, 0, 0);
}
