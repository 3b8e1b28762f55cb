// x87: comparisons and classification.

import type { Width } from "../emit.ts";
import { instruction, type Instruction } from "../instruction.ts";
import { begin, beginMemory } from "./begin.ts";

const memory = (mnemonic: string, row: string, width: Width, kind: "F32" | "F64" | "Int", pops: 0 | 1) =>
  instruction(mnemonic, `SDM 2A, ${mnemonic}`, [`${row}  m${width}  ; x87`], (e, { dst }) => {
    beginMemory(e, dst);
    const value = e.load(width, dst);
    e.call(`x87Compare${kind}`, kind === "Int" ? e.signExtend(width, value) : value, e.int(pops));
  });

/** Sets C0, C2 and C3. */
const registers = (mnemonic: string, rows: readonly string[], unordered: 0 | 1, pops: 0 | 1 | 2) =>
  instruction(mnemonic, `SDM 2A, ${mnemonic}`, rows.map((row) => `${row}  ; x87`), (e) => {
    begin(e);
    e.call("x87CompareSt", e.int(unordered), e.int(pops));
  });

/** Sets ZF, PF and CF. */
const toFlags = (mnemonic: string, row: string, unordered: 0 | 1, pops: 0 | 1) =>
  instruction(mnemonic, "SDM 2A, FCOMI/FCOMIP/FUCOMI/FUCOMIP", [`${row}  st  st(i)  ; x87`], (e) => {
    begin(e);
    e.setFlagBits(e.call("x87CompareFlags", e.int(unordered), e.int(pops), e.flags()), 0x8d5n);
  });

export const X87_COMPARE: readonly Instruction[] = [
  memory("FCOM", "D8 /2", 32, "F32", 0), memory("FCOM", "DC /2", 64, "F64", 0),
  memory("FCOMP", "D8 /3", 32, "F32", 1), memory("FCOMP", "DC /3", 64, "F64", 1),
  memory("FICOM", "DE /2", 16, "Int", 0), memory("FICOM", "DA /2", 32, "Int", 0),
  memory("FICOMP", "DE /3", 16, "Int", 1), memory("FICOMP", "DA /3", 32, "Int", 1),
  registers("FCOM", ["D8 D0 +r  st(i)", "DC D0 +r  st(i)"], 0, 0), // DC and DE: old aliases
  registers("FCOMP", ["D8 D8 +r  st(i)", "DC D8 +r  st(i)", "DE D0 +r  st(i)"], 0, 1),
  registers("FCOMPP", ["DE D9"], 0, 2),
  registers("FUCOM", ["DD E0 +r  st(i)"], 1, 0),
  registers("FUCOMP", ["DD E8 +r  st(i)"], 1, 1),
  registers("FUCOMPP", ["DA E9"], 1, 2),
  toFlags("FCOMI", "DB F0 +r", 0, 0), toFlags("FCOMIP", "DF F0 +r", 0, 1),
  toFlags("FUCOMI", "DB E8 +r", 1, 0), toFlags("FUCOMIP", "DF E8 +r", 1, 1),
  instruction("FTST", "SDM 2A, FTST", ["D9 E4  ; x87"], (e) => {
    begin(e);
    e.call("x87Test");
  }),
  instruction("FXAM", "SDM 2A, FXAM", ["D9 E5  ; x87"], (e) => {
    begin(e);
    e.call("x87Examine");
  }),
];
