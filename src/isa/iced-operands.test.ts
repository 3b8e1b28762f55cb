// Every form against iced-x86, which we did not write: its operands, what its memory operand covers, and what its attributes claim.
// Bytes come from our encoder, so an operand that a row has in the wrong place or width is seen here.

import assert from "node:assert/strict";
import test from "node:test";
import { Code, Decoder, DecoderOptions, Instruction, MemorySizeExt, OpKind, Register } from "iced-x86";
import { createDecoded, decode, registerOf, type CodeSize, type Decoded } from "./decode.ts";
import { encode } from "./encode.ts";
import { FORMS, validIn, type OperandForm } from "./forms.ts";
import { REGISTERS } from "./registers.ts";
import { sampleValues, seeded } from "./sample.ts";

const ROUNDS = 6;
/** #UD rather than #GP outside of CPL 0: not what the attribute says. */
const CPL0_BY_MEANING = new Set(["clac", "stac"]);
const options = DecoderOptions.NoMPFX_0FBC | DecoderOptions.NoMPFX_0FBD | DecoderOptions.NoWbnoinvd;

const NAMES = new Map(Object.entries(REGISTERS).map(([name, { kind, width, number }]) => [`${kind} ${width} ${number}`, name]));
const SEGMENTS = ["es", "cs", "ss", "ds", "fs", "gs"];
const masked = (value: bigint, bits: number) => BigInt.asUintN(bits, value).toString(16);

function address(base: string, index: string, scale: number, disp: bigint, segment: string, addressWidth: number, mode: number, bytes: number | undefined): string {
  const parts = [base, index === "" ? "" : `${index}*${scale}`, masked(disp, addressWidth)].filter((part) => part !== "");
  // in 64-bit code only FS and GS matter; iced names the others as the prefix has them
  return `${mode === 64 && !/^[fg]s/.test(segment) ? "" : `${segment}:`}[${parts.join("+")}]${bytes === undefined ? "" : ` ${bytes} bytes`}`;
}

/** Name of a register as a base or index. */
const addressing = (number: number, width: number) => number === 16 ? "" : number === 17 ? (width === 64 ? "rip" : "eip") : NAMES.get(`reg ${width} ${number}`)!;

function ourOperand(operand: OperandForm, decoded: Decoded, mode: number, bits: number): string {
  if (operand.from === "second") return masked(BigInt(decoded.second), bits);
  if (operand.from === "fixed" && operand.kind === "imm") return masked(BigInt(operand.fixed), bits);
  if (operand.kind === "imm" || operand.kind === "rel") return masked(BigInt(decoded.immHigh) << 32n | BigInt(decoded.immLow >>> 0), bits);
  if (operand.kind !== "mem") return NAMES.get(`${operand.kind} ${operand.width} ${registerOf(operand, decoded)}`) ?? "?";
  const width = decoded.addressWidth;
  return address(addressing(decoded.base, width), addressing(decoded.index, width), 1 << decoded.scale, BigInt(decoded.dispHigh) << 32n | BigInt(decoded.dispLow >>> 0),
    SEGMENTS[decoded.segment], width, mode, operand.memoryBytes || undefined);
}

const registerName = (register: Register) => register === Register.None ? "" : Register[register].toLowerCase().replace(/^(r\d+)l$/, "$1b");
/** Bits that an immediate of each kind has when the instruction sees it. */
const IMMEDIATE_BITS: Partial<Record<OpKind, number>> = {
  [OpKind.Immediate8]: 8, [OpKind.Immediate8_2nd]: 8, [OpKind.Immediate16]: 16, [OpKind.Immediate32]: 32, [OpKind.Immediate64]: 64,
  [OpKind.Immediate8to16]: 16, [OpKind.Immediate8to32]: 32, [OpKind.Immediate8to64]: 64, [OpKind.Immediate32to64]: 64,
  [OpKind.NearBranch16]: 16, [OpKind.NearBranch32]: 32, [OpKind.NearBranch64]: 64,
};

/** iced's operands as text, each with the number of bits in which an immediate is to be compared. */
function icedOperands(instruction: Instruction, addressWidth: number, mode: number, sized: boolean): [text: string, bits: number][] {
  const out: [string, number][] = [];
  for (let slot = 0; slot < instruction.opCount; slot++) {
    const kind = instruction.opKind(slot), bits = IMMEDIATE_BITS[kind];
    if (kind === OpKind.Register) out.push([registerName(instruction.opRegister(slot)), 64]);
    else if (kind === OpKind.NearBranch16 || kind === OpKind.NearBranch32 || kind === OpKind.NearBranch64) out.push([masked(instruction.nearBranchTarget - BigInt(instruction.length), bits!), bits!]);
    else if (kind === OpKind.FarBranch16) out.push([masked(BigInt(instruction.farBranch16), 16), 16], [masked(BigInt(instruction.farBranchSelector), 16), 16]);
    else if (kind === OpKind.FarBranch32) out.push([masked(BigInt(instruction.farBranch32), 32), 32], [masked(BigInt(instruction.farBranchSelector), 16), 16]);
    else if (bits !== undefined) out.push([masked(instruction.immediate(slot), bits), bits]);
    else if (kind === OpKind.Memory) {
      const base = registerName(instruction.memoryBase);
      const disp = /^[re]ip$/.test(base) ? instruction.memoryDisplacement - BigInt(instruction.length) : instruction.memoryDisplacement;
      out.push([address(base, registerName(instruction.memoryIndex), instruction.memoryIndexScale, disp, registerName(instruction.memorySegment), addressWidth, mode,
        sized ? MemorySizeExt.size(instruction.memorySize) : undefined), 64]);
    } // else DS:[rDI] and its like, which no byte of the instruction names
  }
  return out;
}

function check(mode: CodeSize): string[] {
  const random = seeded(mode * 7), decoded = createDecoded(), wrong = new Map<string, string>();
  for (const form of FORMS) {
    if (!validIn(form, mode) || form.mnemonic === "reservednop") continue;
    for (let round = 0; round < ROUNDS; round++) {
      const bytes = encode(form, sampleValues(form, mode, random), { mode });
      decode(bytes, 0, bytes.length, mode, decoded);
      if (decoded.form !== form.id) continue; // NOP is an XCHG
      const decoder = new Decoder(mode, bytes, options);
      const instruction = decoder.decode();
      const sized = form.operands.some((operand) => operand.memoryBytes !== 0);
      if (form.operands.length === 0 && round > 0) break;
      const theirs = icedOperands(instruction, decoded.addressWidth, mode, sized);
      // operands that only one side counts: ST(0) before ST(i), XMM0 as the mask of a blend
      const named = form.operands.filter((operand) => operand.from !== "fixed" || operand.kind !== "xmm");
      if (named.length === 1 && named[0].kind === "st" && theirs.length === 2) theirs.shift();
      const ours = named.map((operand, slot) => ourOperand(operand, decoded, mode, theirs[slot]?.[1] ?? 64));
      const opCode = instruction.opCode;
      if (form.attributes.has("cpl0") !== opCode.mustBeCpl0 && !CPL0_BY_MEANING.has(form.mnemonic)) wrong.set(`${form.name} cpl0`, `${form.name}: ${opCode.mustBeCpl0 ? "only at CPL 0" : "at any CPL"} (${Code[instruction.code]})`);
      if (mode !== 64 && form.attributes.has("protected") === opCode.realMode) wrong.set(`${form.name} protected`, `${form.name}: ${opCode.realMode ? "exists" : "does not exist"} in real mode (${Code[instruction.code]})`);
      opCode.free();
      const a = ours.join(", "), b = theirs.map(([text]) => text).join(", ");
      if (form.operands.length > 0 && a !== b) wrong.set(form.name, `${form.name}: ours ${a} | iced ${b} (${Code[instruction.code]})`);
      instruction.free();
      decoder.free();
    }
  }
  return [...wrong.values()];
}

for (const mode of [16, 32, 64] as const) test(`agrees with iced-x86 about the operands of every form in ${mode}-bit code`, () => assert.deepEqual(check(mode), []));
