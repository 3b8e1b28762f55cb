// x87: add, multiply, subtract, divide; square root, sign, scale and remainder.

import type { HelperName } from "../helpers.ts";
import { instruction, type Instruction } from "../instruction.ts";
import { begin, beginMemory } from "./begin.ts";

type Group = "F32" | "F64" | "Int";

/** [mnemonic, operation, D8 and DC memory forms, register forms, popping form, DA and DE memory forms] */
const ARITHMETIC = [
  ["FADD", 0, ["D8 C0 +r  st  st(i)", "DC C0 +r  st(i)  st"], "DE C0 +r"],
  ["FMUL", 1, ["D8 C8 +r  st  st(i)", "DC C8 +r  st(i)  st"], "DE C8 +r"],
  ["FSUB", 4, ["D8 E0 +r  st  st(i)", "DC E8 +r  st(i)  st"], "DE E8 +r"],
  ["FSUBR", 5, ["D8 E8 +r  st  st(i)", "DC E0 +r  st(i)  st"], "DE E0 +r"],
  ["FDIV", 6, ["D8 F0 +r  st  st(i)", "DC F8 +r  st(i)  st"], "DE F8 +r"],
  ["FDIVR", 7, ["D8 F8 +r  st  st(i)", "DC F0 +r  st(i)  st"], "DE F0 +r"],
] as const;

function memory(mnemonic: string, operation: number, opcode: string, width: 16 | 32 | 64, group: Group): Instruction {
  return instruction(mnemonic, `SDM 2A, ${mnemonic.replace("FI", "F")}`, [`${opcode} /${operation}  m${width}  ; x87`], (e, { dst }) => {
    beginMemory(e, dst);
    const value = e.load(width, dst);
    e.call(`x87Arith${group}`, e.int(operation), group === "Int" ? e.signExtend(width, value) : value);
  });
}

const arithmetic = ARITHMETIC.flatMap(([mnemonic, operation, registers, popping]) => [
  memory(mnemonic, operation, "D8", 32, "F32"),
  memory(mnemonic, operation, "DC", 64, "F64"),
  memory(mnemonic.replace("F", "FI"), operation, "DA", 32, "Int"),
  memory(mnemonic.replace("F", "FI"), operation, "DE", 16, "Int"),
  instruction(mnemonic, `SDM 2A, ${mnemonic}`, registers.map((row) => `${row}  ; x87`), (e) => {
    begin(e);
    e.call("x87ArithSt", e.int(operation));
  }),
  instruction(`${mnemonic}P`, `SDM 2A, ${mnemonic}`, [`${popping}  st(i)  st  ; x87`], (e) => {
    begin(e);
    e.call("x87ArithSt", e.int(operation));
  }),
]);

function simple(mnemonic: string, row: string, helper: HelperName, ...args: number[]): Instruction {
  return instruction(mnemonic, `SDM 2A, ${mnemonic}`, [`${row}  ; x87`], (e) => {
    begin(e);
    e.call(helper, ...args.map((arg) => e.int(arg)));
  });
}

export const X87_ARITHMETIC: readonly Instruction[] = [
  ...arithmetic,
  simple("FCHS", "D9 E0", "x87ChangeSign"),
  simple("FABS", "D9 E1", "x87Absolute"),
  simple("FSQRT", "D9 FA", "x87SquareRoot"),
  simple("FRNDINT", "D9 FC", "x87RoundToInt"),
  simple("FSCALE", "D9 FD", "x87Scale"),
  simple("FXTRACT", "D9 F4", "x87Extract"),
  simple("FPREM", "D9 F8", "x87Remainder", 0),
  simple("FPREM1", "D9 F5", "x87Remainder", 1),
  // transcendental: within 1 unit in the last place of the host CPU's result, so their rows are compared elsewhere (x87.test.ts)
  simple("F2XM1", "D9 F0", "x87Exp2Minus1"),
  simple("FYL2X", "D9 F1", "x87YLog2X"),
  simple("FYL2XP1", "D9 F9", "x87YLog2XPlus1"),
  simple("FPTAN", "D9 F2", "x87Tangent"),
  simple("FPATAN", "D9 F3", "x87Arctangent"),
  simple("FSIN", "D9 FE", "x87Sine"),
  simple("FCOS", "D9 FF", "x87Cosine"),
  simple("FSINCOS", "D9 FB", "x87SineCosine"),
];
