// Helpers of x87: bodies in engine/core/assembly/x87*.ts. Notation: ../helpers.ts
//
// An instruction that may report an exception begins with `x87Begin` or `x87BeginMemory`: they raise #MF for an exception that is pending
// and note opcode (11 bits), instruction address and operand address, which become FOP, FIP and FDP when one of the other helpers carries
// the instruction out. That is why those need no such arguments, and how they know their ST(i): it is in the low 3 bits of the opcode.
export const X87_HELPERS = {
  x87Pending: ":!", // waiting control instructions: #MF if an exception is pending
  x87Wait: ":!", // FWAIT: #NM by CR0.MP and CR0.TS too
  x87Begin: "il:!", x87BeginMemory: "ill:!",
  // loads push; the operand is a value, or a linear address where it is wider than 64 bits
  x87LoadF32: "l:", x87LoadF64: "l:", x87LoadInt: "l:", x87LoadF80: "l:!", x87LoadBcd: "l:!", x87LoadSt: ":", x87LoadConstant: "i:",
  // stores take the linear address, checked for writing; then 1 to pop
  x87StoreF32: "li:!", x87StoreF64: "li:!", x87StoreF80: "l:!", x87StoreBcd: "l:!", x87StoreSt: "i:", x87StoreStUnchecked: ":",
  x87StoreInt: "liii:!", // bytes, 1 to truncate whatever RC says, 1 to pop
  // operation: the /digit of D8 (0 add, 1 mul, 4 sub, 5 subr, 6 div, 7 divr); operands and pop by opcode, or the memory operand's value
  x87ArithSt: "i:", x87ArithF32: "il:", x87ArithF64: "il:", x87ArithInt: "il:",
  // 1: FUCOM (quiet NaNs are no invalid operation); pops
  x87CompareSt: "ii:", x87CompareF32: "li:", x87CompareF64: "li:", x87CompareInt: "li:",
  x87CompareFlags: "iil:l", // unordered, pops, RFLAGS: the new RFLAGS
  x87Test: ":", x87Examine: ":",
  x87ChangeSign: ":", x87Absolute: ":", x87SquareRoot: ":", x87RoundToInt: ":", x87Scale: ":", x87Extract: ":", x87Remainder: "i:", // 1: IEEE (FPREM1)
  x87Exp2Minus1: ":", x87YLog2X: ":", x87YLog2XPlus1: ":", x87Tangent: ":", x87Arctangent: ":", x87Sine: ":", x87Cosine: ":", x87SineCosine: ":",
  x87Exchange: ":", x87Free: "i:", x87RotateStack: "i:", x87MoveIf: "i:", x87Nop: ":",
  // control
  x87Init: ":", x87ClearExceptions: ":", x87ControlWord: ":i", x87StatusWord: ":i", x87LoadControlWord: "i:",
  x87LoadEnvironment: "li:!", x87StoreEnvironment: "li:!", x87Save: "li:!", x87Restore: "li:!", // linear address, operand size in bits
} as const satisfies Record<string, string>;
