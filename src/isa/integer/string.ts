// String instructions. One call of a helper does many elements, but a bounded number; interrupts have their chance between calls.
// Registers say exactly what is done whenever a call ends, with a fault too.

import type { Emit, Width } from "../emit.ts";
import { instruction, type Instruction } from "../instruction.ts";
import { addressMask } from "./address.ts";

type StringHelper = "moveString" | "compareString" | "scanString" | "loadString" | "storeString";

/** @returns 1 when there is more to do */
function stringCall<V>(e: Emit<V>, helper: StringHelper, width: Width): V {
  return e.call(helper, e.int(width / 8), e.decoded("addressWidth"), e.decoded("segment"), e.decoded("rep"));
}

/** The four sizes of a string instruction. */
const sizes = (family: string, section: string, opcode: number, helper: StringHelper): Instruction[] =>
  ([["b", 8, ""], ["w", 16, "o16 "], ["d", 32, "o32 "], ["q", 64, "o64 "]] as const).map(([suffix, width, size]) =>
    instruction(family + suffix, section, [`${size}${(opcode + (width === 8 ? 0 : 1)).toString(16).toUpperCase()}  ; rep`],
      (e) => e.repeat(stringCall(e, helper, width))));

const xlat = instruction("xlatb", "SDM 2D, XLAT/XLATB", ["D7"], (e) => {

  const offset = e.and(e.add(64, e.reg(64, 3), e.reg(8, 0)), addressMask(e));
  e.setReg(8, 0, e.loadLinear(8, e.linear(e.decoded("segment"), offset, 1, "read")));
});

export const STRING: readonly Instruction[] = [
  ...sizes("movs", "SDM 2B, MOVS/MOVSB/MOVSW/MOVSD/MOVSQ", 0xa4, "moveString"),
  ...sizes("cmps", "SDM 2A, CMPS/CMPSB/CMPSW/CMPSD/CMPSQ", 0xa6, "compareString"),
  ...sizes("stos", "SDM 2B, STOS/STOSB/STOSW/STOSD/STOSQ", 0xaa, "storeString"),
  ...sizes("lods", "SDM 2A, LODS/LODSB/LODSW/LODSD/LODSQ", 0xac, "loadString"),
  ...sizes("scas", "SDM 2B, SCAS/SCASB/SCASW/SCASD", 0xae, "scanString"),
  xlat,
];
