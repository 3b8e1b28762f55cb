// Conversions between floating-point formats and integers.

import type { HelperName } from "../helpers.ts";
import { instruction, type Instruction } from "../instruction.ts";

/** dst = helper(src) or helper(dst, src), the low `result` bits of it. */
function convert(mnemonic: string, row: string, bits: 32 | 64 | 128, result: 32 | 64 | 128, helper: HelperName, keeps = false): Instruction {
  return instruction(mnemonic, `SDM 2, ${mnemonic}`, [`${row}  xmm  xmm/m${bits}  ; sse`], (e, { dst, src }) => {
    const value = e.loadVector(bits, src, bits === 128 ? "aligned" : undefined);
    e.storeVector(result, dst, keeps ? e.call(helper, e.loadVector(128, dst), value) : e.call(helper, value));
  });
}

/** To four or two 32-bit integers. */
const toIntegers = (mnemonic: string, row: string, helper: HelperName, truncate: 0 | 1): Instruction =>
  instruction(mnemonic, `SDM 2, ${mnemonic}`, [`${row}  xmm  xmm/m128  ; sse`], (e, { dst, src }) => {
    e.storeVector(128, dst, e.call(helper, e.loadVector(128, src, "aligned"), e.int(truncate)));
  });

/** To two 32-bit integers in an MM register. */
const toMm = (mnemonic: string, row: string, bits: 64 | 128, helper: HelperName, truncate: 0 | 1): Instruction =>
  instruction(mnemonic, `SDM 2, ${mnemonic}`, [`${row}  mm  xmm/m${bits}  ; sse mmx`], (e, { dst, src }) => {
    const value = e.loadVector(bits, src, bits === 128 ? "aligned" : undefined);
    e.call("mmxTouch"); // even if #XM follows
    e.storeVector(64, dst, e.call(helper, value, e.int(truncate)));
  });

/** To a general register. */
const toRegister = (mnemonic: string, prefix: string, opcode: string, bits: 32 | 64, helper: HelperName, truncate: 0 | 1): Instruction =>
  instruction(mnemonic, `SDM 2, ${mnemonic}`, [`${prefix} ${opcode} /r  r32  xmm/m${bits}  ; sse`, `${prefix} REX.W ${opcode} /r  r64  xmm/m${bits}  ; sse`], (e, { dst, src }) => {
    const width = dst.width === 64 ? 64 : 32;
    e.store(width, dst, e.call(helper, e.loadVector(bits, src), e.int(truncate), e.int(width)));
  });

/** From a general register or memory. */
const fromRegister = (mnemonic: string, prefix: string, result: 32 | 64, helper: HelperName): Instruction =>
  instruction(mnemonic, `SDM 2, ${mnemonic}`, [`${prefix} 0F 2A /r  xmm  r/m32  ; sse`, `${prefix} REX.W 0F 2A /r  xmm  r/m64  ; sse`], (e, { dst, src }) => {
    const width = src.width === 64 ? 64 : 32;
    const value = e.load(width, src);
    e.storeVector(result, dst, e.call(helper, e.loadVector(128, dst), e.signExtend(width, value)));
  });

export const FP_CONVERT: readonly Instruction[] = [
  convert("CVTPS2PD", "NP 0F 5A /r", 64, 128, "fpCvtps2pd"), convert("CVTPD2PS", "66 0F 5A /r", 128, 128, "fpCvtpd2ps"),
  convert("CVTSS2SD", "F3 0F 5A /r", 32, 64, "fpCvtss2sd", true), convert("CVTSD2SS", "F2 0F 5A /r", 64, 32, "fpCvtsd2ss", true),
  convert("CVTDQ2PS", "NP 0F 5B /r", 128, 128, "fpCvtdq2ps"), convert("CVTDQ2PD", "F3 0F E6 /r", 64, 128, "fpCvtdq2pd"),
  toIntegers("CVTPS2DQ", "66 0F 5B /r", "fpCvtps2dq", 0), toIntegers("CVTTPS2DQ", "F3 0F 5B /r", "fpCvtps2dq", 1),
  toIntegers("CVTPD2DQ", "F2 0F E6 /r", "fpCvtpd2dq", 0), toIntegers("CVTTPD2DQ", "66 0F E6 /r", "fpCvtpd2dq", 1),
  toMm("CVTPS2PI", "NP 0F 2D /r", 64, "fpCvtps2pi", 0), toMm("CVTTPS2PI", "NP 0F 2C /r", 64, "fpCvtps2pi", 1),
  toMm("CVTPD2PI", "66 0F 2D /r", 128, "fpCvtpd2dq", 0), toMm("CVTTPD2PI", "66 0F 2C /r", 128, "fpCvtpd2dq", 1),
  instruction("CVTPI2PS", "SDM 2, CVTPI2PS", ["NP 0F 2A /r  xmm  mm/m64  ; sse mmx"], (e, { dst, src }) => {
    const value = e.loadVector(64, src);
    if (src.kind === "mm") e.call("mmxTouch"); // even if #XM follows; from memory it has nothing to do with x87
    e.storeVector(64, dst, e.call("fpCvtpi2ps", e.loadVector(128, dst), value));
  }),
  instruction("CVTPI2PD", "SDM 2, CVTPI2PD", ["66 0F 2A /r  xmm  mm/m64  ; sse mmx"], (e, { dst, src }) => {
    e.storeVector(128, dst, e.call("fpCvtdq2pd", e.loadVector(64, src)));
  }),
  toRegister("CVTSS2SI", "F3", "0F 2D", 32, "fpCvtss2si", 0), toRegister("CVTTSS2SI", "F3", "0F 2C", 32, "fpCvtss2si", 1),
  toRegister("CVTSD2SI", "F2", "0F 2D", 64, "fpCvtsd2si", 0), toRegister("CVTTSD2SI", "F2", "0F 2C", 64, "fpCvtsd2si", 1),
  fromRegister("CVTSI2SS", "F3", 32, "fpCvtsi2ss"), fromRegister("CVTSI2SD", "F2", 64, "fpCvtsi2sd"),
];
