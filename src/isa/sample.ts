// Random operands for a form, for tests that go through every row.

import type { CodeSize } from "./decode.ts";
import type { Form, OperandForm } from "./forms.ts";
import { mem, REGISTERS, type Memory, type Register, type Value } from "./registers.ts";

/** A source of random numbers: an integer from 0 to `below` - 1. */
export type Random = (below: number) => number;

/** A small generator with a seed, so that a failure can be repeated (xorshift32). */
export function seeded(seed: number): Random {
  let state = seed | 0 || 1;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

const ALL = Object.values(REGISTERS);
const word = (random: Random) => random(0x10000) << 16 | random(0x10000);
/** 0, small or any 32-bit number */
const displacement = (random: Random) => [0, random(256) - 128, word(random)][random(3)];

function sampleRegister(operand: OperandForm, mode: CodeSize, random: Random, noRex: boolean): Register {
  const choices = ALL.filter((candidate) => candidate.kind === operand.kind && candidate.width === operand.width
    && (noRex || mode !== 64 ? candidate.number < 8 || candidate.number >= 16 : candidate.number < 16)
    && (operand.kind !== "reg" || operand.width !== 8 || (noRex || mode !== 64 ? candidate.number < 4 || candidate.number >= 16 : true))
    && (operand.kind !== "creg" || [0, 2, 3, 4, 8].includes(candidate.number)) && (operand.kind !== "sreg" || operand.slot !== 0 || candidate.number !== 1));
  return choices[random(choices.length)];
}

function sampleMemory(operand: OperandForm, mode: CodeSize, random: Random, noRex: boolean): Memory {
  const segment = random(4) === 0 ? random(6) : undefined;
  const other = mode === 32 ? 16 : 32;
  const addressWidth = random(4) === 0 ? other : mode;
  if (operand.from === "moffs") return mem({ disp: addressWidth === 16 ? random(0x10000) : word(random) >>> 0, addressWidth, segment });
  if (addressWidth === 16) {
    const pick = (name: string) => REGISTERS[name];
    const [base, index] = [["bx", "si"], ["bx", "di"], ["bp", "si"], ["bp", "di"], ["si"], ["di"], ["bp"], ["bx"], []][random(9)];
    return mem({ base: base ? pick(base) : undefined, index: index ? pick(index) : undefined, disp: displacement(random) << 16 >> 16, addressWidth, segment });
  }
  const bank = ALL.filter((candidate) => candidate.kind === "reg" && candidate.width === addressWidth && (mode === 64 && !noRex ? candidate.number < 16 : candidate.number < 8));
  const indexes = bank.filter((candidate) => candidate.number !== 4);
  if (mode === 64 && random(8) === 0) return mem({ base: "rip", disp: word(random), addressWidth, segment });
  return mem({
    base: random(8) ? bank[random(bank.length)] : undefined, index: random(2) ? indexes[random(indexes.length)] : undefined,
    scale: 1, disp: displacement(random), addressWidth, segment,
  });
}

/** Random values for a form's operands, all of which it can encode; undefined for those that the opcode names. */
export function sampleValues(form: Form, mode: CodeSize, random: Random): (Value | undefined)[] {
  // AH..BH exist only where no operand needs REX
  const wantsRex = form.rexW || form.size === 64;
  const noRex = !wantsRex && random(2) === 0;
  return form.operands.map((operand) => {
    if (operand.from === "fixed") return undefined;
    if (operand.kind === "mem") {
      const memory = sampleMemory(operand, mode, random, noRex);
      return memory.index === undefined || memory.addressWidth === 16 ? memory : { ...memory, scale: ([1, 2, 4, 8] as const)[random(4)] };
    }
    if (operand.kind !== "imm" && operand.kind !== "rel") return sampleRegister(operand, mode, random, noRex);
    const bits = 8 * form.immediates[operand.from === "second" ? 1 : 0];
    const value = BigInt.asUintN(64, BigInt(word(random)) << 32n | BigInt(word(random) >>> 0));
    return operand.signed ? BigInt.asIntN(bits, value) : BigInt.asUintN(bits, value);
  });
}
