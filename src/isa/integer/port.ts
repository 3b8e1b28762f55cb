// Ports. Whether the privilege level may touch one is found by the helpers (core's ioAllowed).

import type { Width } from "../emit.ts";
import { instruction, type Instruction } from "../instruction.ts";

const in_ = instruction("in", "SDM 2A, IN", [
  "E4 ib      al   immu8  ; x",
  "o16 E5 ib  ax   immu8  ; x",
  "o32 E5 ib  eax  immu8  ; x",
  "EC         al   dx     ; x",
  "o16 ED     ax   dx     ; x",
  "o32 ED     eax  dx     ; x",
], (e, { dst, src }) => {
  const width = dst.width as Width;
  e.setReg(width, 0, e.call("portIn", e.load(16, src), e.int(width / 8)));
});

const out = instruction("out", "SDM 2B, OUT", [
  "E6 ib      immu8  al   ; x",
  "o16 E7 ib  immu8  ax   ; x",
  "o32 E7 ib  immu8  eax  ; x",
  "EE         dx     al   ; x",
  "o16 EF     dx     ax   ; x",
  "o32 EF     dx     eax  ; x",
], (e, { dst, src }) => {
  const width = src.width as Width;
  e.call("portOut", e.load(16, dst), e.int(width / 8), e.reg(width, 0));
});

const sizes = [["b", 8, ""], ["w", 16, "o16 "], ["d", 32, "o32 "]] as const;

const ins = sizes.map(([suffix, width, size]) => instruction(`ins${suffix}`, "SDM 2A, INS/INSB/INSW/INSD", [
  `${size}${width === 8 ? "6C" : "6D"}  ; rep x`,
], (e) => e.repeat(e.call("portInString", e.int(width / 8), e.decoded("addressWidth"), e.decoded("rep")))));

const outs = sizes.map(([suffix, width, size]) => instruction(`outs${suffix}`, "SDM 2B, OUTS/OUTSB/OUTSW/OUTSD", [
  `${size}${width === 8 ? "6E" : "6F"}  ; rep x`,
], (e) => e.repeat(e.call("portOutString", e.int(width / 8), e.decoded("addressWidth"), e.decoded("segment"), e.decoded("rep")))));

export const PORT: readonly Instruction[] = [in_, out, ...ins, ...outs];
