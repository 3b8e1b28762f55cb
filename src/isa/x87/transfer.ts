// x87: loads, stores, exchange, constants, conditional moves.

import type { Condition, Width } from "../emit.ts";
import { instruction, type Instruction } from "../instruction.ts";
import { begin, beginMemory } from "./begin.ts";

const load = (mnemonic: string, row: string, width: Width, kind: "F32" | "F64" | "Int") =>
  instruction(mnemonic, `SDM 2A, ${mnemonic}`, [`${row}  m${width}  ; x87`], (e, { dst }) => {
    beginMemory(e, dst);
    const value = e.load(width, dst);
    e.call(`x87Load${kind}`, kind === "Int" ? e.signExtend(width, value) : value);
  });

const loadWide = (mnemonic: string, row: string, kind: "F80" | "Bcd") =>
  instruction(mnemonic, `SDM 2A, ${mnemonic}`, [`${row}  m80  ; x87`], (e, { dst }) => {
    beginMemory(e, dst);
    e.call(`x87Load${kind}`, e.linearAddress(dst, 10, "read"));
  });

const store = (mnemonic: string, row: string, width: 32 | 64, pop: 0 | 1) =>
  instruction(mnemonic, `SDM 2A, ${mnemonic}`, [`${row}  m${width}  ; x87`], (e, { dst }) => {
    beginMemory(e, dst);
    e.call(`x87StoreF${width}`, e.linearAddress(dst, width / 8, "write"), e.int(pop));
  });

const storeInt = (mnemonic: string, row: string, width: Width, truncate: 0 | 1, pop: 0 | 1) =>
  instruction(mnemonic, `SDM 2A, ${mnemonic}`, [`${row}  m${width}  ; x87`], (e, { dst }) => {
    beginMemory(e, dst);
    e.call("x87StoreInt", e.linearAddress(dst, width / 8, "write"), e.int(width / 8), e.int(truncate), e.int(pop));
  });

const storeWide = (mnemonic: string, row: string, kind: "F80" | "Bcd") =>
  instruction(mnemonic, `SDM 2A, ${mnemonic}`, [`${row}  m80  ; x87`], (e, { dst }) => {
    beginMemory(e, dst);
    e.call(`x87Store${kind}`, e.linearAddress(dst, 10, "write"));
  });

const storeRegister = (mnemonic: string, rows: readonly string[], pop: 0 | 1) =>
  instruction(mnemonic, `SDM 2A, ${mnemonic}`, rows.map((row) => `${row}  st(i)  ; x87`), (e) => {
    begin(e);
    e.call("x87StoreSt", e.int(pop));
  });

/** The constants in the order of their opcodes D9 E8..EE, which is the number that the helper gets. */
const constants = ["FLD1", "FLDL2T", "FLDL2E", "FLDPI", "FLDLG2", "FLDLN2", "FLDZ"].map((mnemonic, index) =>
  instruction(mnemonic, "SDM 2A, FLD1/FLDL2T/FLDL2E/FLDPI/FLDLG2/FLDLN2/FLDZ", [`D9 ${(0xe8 + index).toString(16).toUpperCase()}  ; x87`], (e) => {
    begin(e);
    e.call("x87LoadConstant", e.int(index));
  }));

const CONDITIONAL: readonly [string, string, Condition][] = [
  ["FCMOVB", "DA C0 +r", "b"], ["FCMOVE", "DA C8 +r", "e"], ["FCMOVBE", "DA D0 +r", "be"], ["FCMOVU", "DA D8 +r", "p"],
  ["FCMOVNB", "DB C0 +r", "ae"], ["FCMOVNE", "DB C8 +r", "ne"], ["FCMOVNBE", "DB D0 +r", "a"], ["FCMOVNU", "DB D8 +r", "np"],
];

export const X87_TRANSFER: readonly Instruction[] = [
  load("FLD", "D9 /0", 32, "F32"),
  load("FLD", "DD /0", 64, "F64"),
  loadWide("FLD", "DB /5", "F80"),
  instruction("FLD", "SDM 2A, FLD", ["D9 C0 +r  st(i)  ; x87"], (e) => {
    begin(e);
    e.call("x87LoadSt");
  }),
  load("FILD", "DF /0", 16, "Int"), load("FILD", "DB /0", 32, "Int"), load("FILD", "DF /5", 64, "Int"),
  loadWide("FBLD", "DF /4", "Bcd"),
  store("FST", "D9 /2", 32, 0), store("FST", "DD /2", 64, 0),
  store("FSTP", "D9 /3", 32, 1), store("FSTP", "DD /3", 64, 1),
  storeWide("FSTP", "DB /7", "F80"),
  storeWide("FBSTP", "DF /6", "Bcd"),
  storeRegister("FST", ["DD D0 +r"], 0),
  storeRegister("FSTP", ["DD D8 +r", "DF D0 +r", "DF D8 +r"], 1), // the last two are old aliases
  instruction("FSTPNCE", "AMD64 APM 5, FSTP", ["D9 D8 +r  st(i)  ; x87"], (e) => { // an alias that does not report stack underflow
    begin(e);
    e.call("x87StoreStUnchecked");
  }),
  storeInt("FIST", "DF /2", 16, 0, 0), storeInt("FIST", "DB /2", 32, 0, 0),
  storeInt("FISTP", "DF /3", 16, 0, 1), storeInt("FISTP", "DB /3", 32, 0, 1), storeInt("FISTP", "DF /7", 64, 0, 1),
  storeInt("FISTTP", "DF /1", 16, 1, 1), storeInt("FISTTP", "DB /1", 32, 1, 1), storeInt("FISTTP", "DD /1", 64, 1, 1),
  ...constants,
  instruction("FXCH", "SDM 2A, FXCH", ["D9 C8 +r  st(i)  ; x87", "DD C8 +r  st(i)  ; x87", "DF C8 +r  st(i)  ; x87"], (e) => {
    begin(e);
    e.call("x87Exchange");
  }),
  ...CONDITIONAL.map(([mnemonic, row, condition]) =>
    instruction(mnemonic, "SDM 2A, FCMOVcc", [`${row}  st  st(i)  ; x87`], (e) => {
      begin(e);
      e.call("x87MoveIf", e.condition(condition));
    })),
];
