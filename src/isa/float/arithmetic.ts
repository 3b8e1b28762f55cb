// SSE floating-point arithmetic. Packed memory operands must be aligned; scalar instructions keep the rest of their destination.

import type { HelperName } from "../helpers.ts";
import { instruction, type Instruction } from "../instruction.ts";

type Suffix = "Ps" | "Pd" | "Ss" | "Sd";
/** mandatory prefix, and bits of the operand in memory */
const FORMATS: Record<Suffix, readonly [prefix: string, bits: 32 | 64 | 128]> = { Ps: ["NP", 128], Pd: ["66", 128], Ss: ["F3", 32], Sd: ["F2", 64] };
const ALL: readonly Suffix[] = ["Ps", "Pd", "Ss", "Sd"];

/** dst = helper(dst, src), with the immediate as third argument where the row has one. */
function binary(mnemonic: string, row: string, helper: HelperName, bits: 32 | 64 | 128): Instruction {
  const immediate = row.endsWith(" ib");
  return instruction(mnemonic, `SDM 2, ${mnemonic}`, [`${row}  xmm  xmm/m${bits}${immediate ? "  immu8" : ""}  ; sse`], (e, { dst, src, third }) => {
    const a = e.loadVector(128, dst), b = e.loadVector(bits, src, bits === 128 ? "aligned" : undefined);
    e.storeVector(bits, dst, immediate ? e.call(helper, a, b, e.load(8, third)) : e.call(helper, a, b));
  });
}

/** One row per suffix in the usual pattern: the mandatory prefix tells the format. */
const family = (name: string, opcode: string, suffixes = ALL): Instruction[] => suffixes.map((suffix) =>
  binary(`${name}${suffix}`.toUpperCase(), `${FORMATS[suffix][0]} 0F ${opcode}`, `fp${name}${suffix}` as HelperName, FORMATS[suffix][1]));

export const FP_ARITHMETIC: readonly Instruction[] = [
  ...family("Add", "58 /r"), ...family("Mul", "59 /r"), ...family("Sub", "5C /r"),
  ...family("Min", "5D /r"), ...family("Div", "5E /r"), ...family("Max", "5F /r"),
  ...family("Sqrt", "51 /r"), ...family("Rsqrt", "52 /r", ["Ps", "Ss"]), ...family("Rcp", "53 /r", ["Ps", "Ss"]),
  ...family("Cmp", "C2 /r ib"),
  binary("ADDSUBPS", "F2 0F D0 /r", "fpAddsubPs", 128), binary("ADDSUBPD", "66 0F D0 /r", "fpAddsubPd", 128),
  binary("HADDPS", "F2 0F 7C /r", "fpHaddPs", 128), binary("HADDPD", "66 0F 7C /r", "fpHaddPd", 128),
  binary("HSUBPS", "F2 0F 7D /r", "fpHsubPs", 128), binary("HSUBPD", "66 0F 7D /r", "fpHsubPd", 128),
  binary("ROUNDPS", "66 0F 3A 08 /r ib", "fpRoundPs", 128), binary("ROUNDPD", "66 0F 3A 09 /r ib", "fpRoundPd", 128),
  binary("ROUNDSS", "66 0F 3A 0A /r ib", "fpRoundSs", 32), binary("ROUNDSD", "66 0F 3A 0B /r ib", "fpRoundSd", 64),
  binary("DPPS", "66 0F 3A 40 /r ib", "fpDpPs", 128), binary("DPPD", "66 0F 3A 41 /r ib", "fpDpPd", 128),
];

const compare = (mnemonic: string, row: string, helper: HelperName, bits: 32 | 64): Instruction =>
  instruction(mnemonic, `SDM 2, ${mnemonic}`, [`${row}  xmm  xmm/m${bits}  ; sse`], (e, { dst, src }) => {
    e.setFlagBits(e.call(helper, e.loadVector(128, dst), e.loadVector(bits, src)), 0x8d5n);
  });

export const FP_COMPARE: readonly Instruction[] = [
  compare("UCOMISS", "NP 0F 2E /r", "fpUcomiSs", 32), compare("UCOMISD", "66 0F 2E /r", "fpUcomiSd", 64),
  compare("COMISS", "NP 0F 2F /r", "fpComiSs", 32), compare("COMISD", "66 0F 2F /r", "fpComiSd", 64),
];
