// RFLAGS between its lazy parts (hal/layout.ts: flagResult, flagAux, flagRest) and one word.
import { At, C } from "../generated/layout";
import { setAttention, vcpu } from "../state";

export const CF: u64 = 1, PF_FLAG: u64 = 4, AF: u64 = 16, ZF: u64 = 64, SF: u64 = 128, TF: u64 = 256, IF: u64 = 512, DF_FLAG: u64 = 1024, OF_FLAG: u64 = 2048,
  IOPL: u64 = 0x3000, NT: u64 = 0x4000, RF: u64 = 0x10000, VM: u64 = 0x20000, AC_FLAG: u64 = 0x40000, VIF: u64 = 0x80000, VIP: u64 = 0x100000, ID: u64 = 0x200000;
export const ARITHMETIC: u64 = 0x8d5;

export function readFlags(): u64 {
  const result = load<u64>(vcpu, At.flagResult), aux = load<u64>(vcpu, At.flagAux);
  const cf = aux >> 63, ov = cf ^ ((aux >> 62) & 1);
  const zf: u64 = result == 0 ? 1 : 0;
  const sf = (result >> 63) ^ (aux & 1);
  const pf = ~popcnt((result ^ (aux >> 8)) & 0xff) & 1;
  return <u64>load<u32>(vcpu, At.flagRest) | 2 | cf | (pf << 2) | (((aux >> 3) & 1) << 4) | (zf << 6) | (sf << 7) | (ov << 11);
}

/** Writes the bits that are set in `mask`. */
export function writeFlags(value: u64, mask: u64): void {
  const flags = (readFlags() & ~mask) | (value & mask);
  if (mask & ARITHMETIC) {
    // result 0 stands for ZF SF=0 PF=1, result 1 for SF=0 PF=0; what differs goes to bits 0 and 8 of aux
    const zf = (flags >> 6) & 1, sf = (flags >> 7) & 1, pf = (flags >> 2) & 1, cf = flags & 1, ov = (flags >> 11) & 1, af = (flags >> 4) & 1;
    store<u64>(vcpu, zf ^ 1, At.flagResult);
    store<u64>(vcpu, (cf << 63) | ((cf ^ ov) << 62) | (af << 3) | sf | ((pf ^ zf) << 8), At.flagAux);
  }
  writeRest(<u32>(flags & ~ARITHMETIC) | 2);
}

/** Writes the bits outside of the six arithmetic flags. */
export function writeRest(rest: u32): void {
  store<u32>(vcpu, rest, At.flagRest);
  if (rest & (<u32>TF)) setAttention(C.ATTENTION_STEP);
}
