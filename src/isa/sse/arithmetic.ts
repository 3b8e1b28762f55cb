// Packed integer addition, subtraction, average, minimum, maximum, absolute value, sign and comparison: one operation per lane.
import type { Instruction } from "../instruction.ts";
import type { SimdOp } from "../simd.ts";
import { laneWise, mmxRows, packed, packedUnary, xmmRows, zeros } from "./packed.ts";

type LaneRow = readonly [mnemonic: string, opcode: string, op: SimdOp, source: string];

const ADD = "PADDB/PADDW/PADDD/PADDQ—Add Packed Integers";
const ADDS = "PADDSB/PADDSW—Add Packed Signed Integers with Signed Saturation";
const ADDUS = "PADDUSB/PADDUSW—Add Packed Unsigned Integers With Unsigned Saturation";
const SUB = "PSUBB/PSUBW/PSUBD—Subtract Packed Integers";
const SUBS = "PSUBSB/PSUBSW—Subtract Packed Signed Integers With Signed Saturation";
const SUBUS = "PSUBUSB/PSUBUSW—Subtract Packed Unsigned Integers With Unsigned Saturation";
const AVG = "PAVGB/PAVGW—Average Packed Integers";
const CMPEQ = "PCMPEQB/PCMPEQW/PCMPEQD—Compare Packed Data for Equal";
const CMPGT = "PCMPGTB/PCMPGTW/PCMPGTD—Compare Packed Signed Integers for Greater Than";

/** In MM and XMM registers. */
const LANES: readonly LaneRow[] = [
  ["paddb", "0F FC", "i8x16.add", ADD], ["paddw", "0F FD", "i16x8.add", ADD], ["paddd", "0F FE", "i32x4.add", ADD], ["paddq", "0F D4", "i64x2.add", ADD],
  ["paddsb", "0F EC", "i8x16.add_sat_s", ADDS], ["paddsw", "0F ED", "i16x8.add_sat_s", ADDS],
  ["paddusb", "0F DC", "i8x16.add_sat_u", ADDUS], ["paddusw", "0F DD", "i16x8.add_sat_u", ADDUS],
  ["psubb", "0F F8", "i8x16.sub", SUB], ["psubw", "0F F9", "i16x8.sub", SUB], ["psubd", "0F FA", "i32x4.sub", SUB],
  ["psubq", "0F FB", "i64x2.sub", "PSUBQ—Subtract Packed Quadword Integers"],
  ["psubsb", "0F E8", "i8x16.sub_sat_s", SUBS], ["psubsw", "0F E9", "i16x8.sub_sat_s", SUBS],
  ["psubusb", "0F D8", "i8x16.sub_sat_u", SUBUS], ["psubusw", "0F D9", "i16x8.sub_sat_u", SUBUS],
  ["pavgb", "0F E0", "i8x16.avgr_u", AVG], ["pavgw", "0F E3", "i16x8.avgr_u", AVG],
  ["pminub", "0F DA", "i8x16.min_u", "PMINUB/PMINUW—Minimum of Packed Unsigned Integers"],
  ["pmaxub", "0F DE", "i8x16.max_u", "PMAXUB/PMAXUW—Maximum of Packed Unsigned Integers"],
  ["pminsw", "0F EA", "i16x8.min_s", "PMINSB/PMINSW—Minimum of Packed Signed Integers"],
  ["pmaxsw", "0F EE", "i16x8.max_s", "PMAXSB/PMAXSW/PMAXSD/PMAXSQ—Maximum of Packed Signed Integers"],
  ["pcmpeqb", "0F 74", "i8x16.eq", CMPEQ], ["pcmpeqw", "0F 75", "i16x8.eq", CMPEQ], ["pcmpeqd", "0F 76", "i32x4.eq", CMPEQ],
  ["pcmpgtb", "0F 64", "i8x16.gt_s", CMPGT], ["pcmpgtw", "0F 65", "i16x8.gt_s", CMPGT], ["pcmpgtd", "0F 66", "i32x4.gt_s", CMPGT],
];

/** In XMM registers only. */
const XMM_LANES: readonly LaneRow[] = [
  ["pminsb", "0F 38 38", "i8x16.min_s", "PMINSB/PMINSW—Minimum of Packed Signed Integers"],
  ["pminsd", "0F 38 39", "i32x4.min_s", "PMINSD/PMINSQ—Minimum of Packed Signed Integers"],
  ["pminuw", "0F 38 3A", "i16x8.min_u", "PMINUB/PMINUW—Minimum of Packed Unsigned Integers"],
  ["pminud", "0F 38 3B", "i32x4.min_u", "PMINUD/PMINUQ—Minimum of Packed Unsigned Integers"],
  ["pmaxsb", "0F 38 3C", "i8x16.max_s", "PMAXSB/PMAXSW/PMAXSD/PMAXSQ—Maximum of Packed Signed Integers"],
  ["pmaxsd", "0F 38 3D", "i32x4.max_s", "PMAXSB/PMAXSW/PMAXSD/PMAXSQ—Maximum of Packed Signed Integers"],
  ["pmaxuw", "0F 38 3E", "i16x8.max_u", "PMAXUB/PMAXUW—Maximum of Packed Unsigned Integers"],
  ["pmaxud", "0F 38 3F", "i32x4.max_u", "PMAXUD/PMAXUQ—Maximum of Packed Unsigned Integers"],
  ["pcmpeqq", "0F 38 29", "i64x2.eq", "PCMPEQQ—Compare Packed Qword Data for Equal"],
  ["pcmpgtq", "0F 38 37", "i64x2.gt_s", "PCMPGTQ—Compare Packed Data for Greater Than"],
];

const SIZES = [["b", "08", "1C", "i8x16"], ["w", "09", "1D", "i16x8"], ["d", "0A", "1E", "i32x4"]] as const;

export const PACKED_ARITHMETIC: readonly Instruction[] = [
  ...LANES.map(([mnemonic, opcode, op, source]) => packed(mnemonic, `SDM 2B, ${source}`, mmxRows(opcode), laneWise(op))),
  ...XMM_LANES.map(([mnemonic, opcode, op, source]) => packed(mnemonic, `SDM 2B, ${source}`, xmmRows(opcode), laneWise(op))),
  ...SIZES.map(([size, , opcode, shape]) =>
    packedUnary(`pabs${size}`, "SDM 2B, PABSB/PABSW/PABSD/PABSQ—Packed Absolute Value", mmxRows(`0F 38 ${opcode}`), (e, a) => e.simd(`${shape}.abs`, [a]))),
  ...SIZES.map(([size, opcode, , shape]) =>
    packed(`psign${size}`, "SDM 2B, PSIGNB/PSIGNW/PSIGND—Packed SIGN", mmxRows(`0F 38 ${opcode}`), (e, a, b) => {
      const zero = zeros(e), negative = e.simd(`${shape}.gt_s`, [zero, b]);
      const signed = e.simd(`${shape}.sub`, [e.simd("v128.xor", [a, negative]), negative]); // two's complement where b < 0
      return e.simd("v128.andnot", [signed, e.simd(`${shape}.eq`, [b, zero])]);
    })),
];
