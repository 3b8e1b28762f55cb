// Where the operands of the instruction at hand lie, read from the decoded record (SDM 1, Operand Addressing).

import type { VcpuState } from "../../hal/index.ts";
import { BASE_RIP, FIRST_HIGH_BYTE, NO_REGISTER, registerOf, type Decoded } from "../../isa/decode.ts";
import type { DecodedFact, Operand } from "../../isa/emit.ts";
import type { OperandForm } from "../../isa/forms.ts";
import { CONSTANTS as C } from "../../hal/index.ts";

export interface Places {
  /** RIP of this instruction and of the next. */
  rip(): bigint;
  nextRip(): bigint;
  fact(fact: DecodedFact): bigint;
  /** Number of a register operand; of a byte register, `isHighByte` says whether bits 8..15 are meant. */
  register(operand: Operand): number;
  isHighByte(operand: Operand): boolean;
  /** Immediate, constant or relative offset, extended to 64 bits. */
  immediate(operand: Operand): bigint;
  /** Segment number and offset of the memory operand. */
  segment(): number;
  effectiveAddress(): bigint;
}

const join = (high: number, low: number) => (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0);

/** @param decoded the record into which every instruction is decoded */
export function operandPlaces(state: VcpuState, decoded: Decoded): Places {
  const rip = () => state.read("rip");
  const mode64 = () => (Number(state.readField("mode")) & C.MODE_CODE_MASK) === C.MODE_CODE64;
  const nextRip = () => BigInt.asUintN(mode64() ? 64 : 32, rip() + BigInt(decoded.length));
  const number = (operand: Operand) => registerOf(operand as OperandForm, decoded);
  const isHighByte = (operand: Operand) => operand.kind === "reg" && number(operand) >= FIRST_HIGH_BYTE;
  const facts: Record<DecodedFact, () => number> = {
    segment: () => decoded.segment,
    addressWidth: () => decoded.addressWidth,
    rep: () => decoded.rep,
    length: () => decoded.length,
    opcodeFop: () => ((decoded.opcode & 7) << 8) | decoded.modrm,
    mode64: () => mode64() ? 1 : 0,
    last: () => 1,
    locked: () => 0,
  };
  const immediate = (operand: Operand): bigint => {
    const { from, fixed } = operand as OperandForm;
    return from === "fixed" ? BigInt(fixed) : from === "second" ? BigInt(decoded.second) : join(decoded.immHigh, decoded.immLow);
  };
  const effectiveAddress = (): bigint => {
    const base = decoded.base === NO_REGISTER ? 0n : decoded.base === BASE_RIP ? nextRip() : state.readField("gpr", decoded.base);
    const index = decoded.index === NO_REGISTER ? 0n : state.readField("gpr", decoded.index) << BigInt(decoded.scale);
    return BigInt.asUintN(decoded.addressWidth, base + index + join(decoded.dispHigh, decoded.dispLow));
  };
  return {
    rip, nextRip, isHighByte, immediate, effectiveAddress,
    fact: (fact) => BigInt(facts[fact]()),
    register: (operand) => isHighByte(operand) ? number(operand) - FIRST_HIGH_BYTE : number(operand),
    segment: () => decoded.segment,
  };
}
