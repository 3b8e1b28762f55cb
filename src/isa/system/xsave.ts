// FXSAVE, FXRSTOR and the XSAVE family. REX.W makes the x87 pointers 64 bits wide.

import type { Emit, Operand } from "../emit.ts";
import { instruction, type Instruction } from "../instruction.ts";

const LEGACY_BYTES = 512, BYTES = 576;
type Area = <V>(e: Emit<V>, linear: V, wide: V) => void;

/** One instruction with and without REX.W. */
const pair = (mnemonic: string, source: string, opcode: string, bytes: number, access: "read" | "write", attributes: string, meaning: Area): Instruction[] =>
  [0, 1].map((wide) => instruction(wide ? `${mnemonic}64` : mnemonic, source, [`NP ${wide ? "REX.W " : ""}${opcode}  m  ; ${attributes}`],
    (e, { dst }: { dst: Operand }) => meaning(e, e.linearAddress(dst, bytes, access), e.int(wide))));

export const XSAVE: readonly Instruction[] = [
  ...pair("fxsave", "SDM 2A, FXSAVE", "0F AE /0", LEGACY_BYTES, "write", "x87", (e, linear, wide) => { e.call("saveLegacy", linear, wide); }),
  ...pair("fxrstor", "SDM 2A, FXRSTOR", "0F AE /1", LEGACY_BYTES, "read", "x87", (e, linear, wide) => { e.call("restoreLegacy", linear, wide); }),
  ...pair("xsave", "SDM 2D, XSAVE", "0F AE /4", BYTES, "write", "x", (e, linear, wide) => { e.call("saveExtended", linear, wide, e.int(0)); }),
  ...pair("xsaveopt", "SDM 2D, XSAVEOPT", "0F AE /6", BYTES, "write", "x", (e, linear, wide) => { e.call("saveExtended", linear, wide, e.int(0)); }),
  ...pair("xsavec", "SDM 2D, XSAVEC", "0F C7 /4", BYTES, "write", "x", (e, linear, wide) => { e.call("saveExtended", linear, wide, e.int(1)); }),
  ...pair("xsaves", "SDM 2D, XSAVES", "0F C7 /5", BYTES, "write", "cpl0", (e, linear, wide) => { e.call("saveExtended", linear, wide, e.int(1)); }),
  ...pair("xrstor", "SDM 2D, XRSTOR", "0F AE /5", BYTES, "read", "x", (e, linear, wide) => { e.call("restoreExtended", linear, wide, e.int(0)); }),
  ...pair("xrstors", "SDM 2D, XRSTORS", "0F C7 /3", BYTES, "read", "cpl0", (e, linear, wide) => { e.call("restoreExtended", linear, wide, e.int(1)); }),
];
