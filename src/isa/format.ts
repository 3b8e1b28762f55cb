// A decoded instruction as text, in the syntax of Intel's manuals: for people who read traces and golden tests.

import { BASE_RIP, NO_REGISTER, registerOf, type Decoded } from "./decode.ts";
import { FORMS, type OperandForm } from "./forms.ts";
import { REGISTERS } from "./registers.ts";

const NAMES = new Map(Object.entries(REGISTERS).map(([name, { kind, width, number }]) => [`${kind} ${width} ${number}`, name]));
const SEGMENTS = ["es", "cs", "ss", "ds", "fs", "gs"];
const SIZES: Record<number, string> = { 1: "byte", 2: "word", 4: "dword", 6: "fword", 8: "qword", 10: "tbyte", 16: "xmmword" };
const REPEATS_BY_FLAG = /^(cmps|scas)/;

const signed = (low: number, high: number) => BigInt.asIntN(64, BigInt(high) << 32n | BigInt(low >>> 0));
const hex = (value: bigint) => (value < 0n ? `-0x${(-value).toString(16)}` : `0x${value.toString(16)}`);

/** For LEA: neither size nor segment. */
const NO_ACCESS = -1;

function memory(decoded: Decoded, bytes: number, next: bigint | undefined): string {
  const { base, index, scale, addressWidth, segment } = decoded, displacement = signed(decoded.dispLow, decoded.dispHigh);
  const register = (number: number) => NAMES.get(`reg ${addressWidth} ${number}`)!;
  const size = SIZES[bytes] ? `${SIZES[bytes]} ptr ` : "", where = segment >= 4 && bytes >= 0 ? `${SEGMENTS[segment]}:` : "";
  if (base === BASE_RIP) return `${size}${where}[${next === undefined ? `rip${displacement < 0n ? "-" : "+"}${hex(displacement < 0n ? -displacement : displacement)}` : hex(BigInt.asUintN(addressWidth, next + displacement))}]`;
  const parts = [...(base === NO_REGISTER ? [] : [register(base)]), ...(index === NO_REGISTER ? [] : [scale === 0 && base !== NO_REGISTER ? register(index) : `${register(index)}*${1 << scale}`])];
  const rest = parts.length === 0 ? hex(BigInt.asUintN(addressWidth, displacement)) : displacement === 0n ? "" : `${displacement < 0n ? "" : "+"}${hex(displacement)}`;
  return `${size}${where}[${parts.join("+")}${rest}]`;
}

/** @param address of the instruction, where that is known: branches and RIP-relative operands are then absolute */
export function formatInstruction(decoded: Decoded, address?: bigint): string {
  const form = FORMS[decoded.form], next = address === undefined ? undefined : address + BigInt(decoded.length);
  /** A sign-extended immediate is as wide as what it meets. */
  const bitsOf = (operand: OperandForm) => (!operand.signed ? operand.width : form.operands[0] === operand ? form.width : Math.min(64, form.operands[0].width));
  const operand = (one: OperandForm): string => {
    if (one.kind === "mem") return memory(decoded, form.mnemonic === "lea" ? NO_ACCESS : one.memoryBytes, next);
    if (one.kind === "rel") {
      const offset = signed(decoded.immLow, decoded.immHigh);
      return next === undefined ? `$${offset < 0n ? "-" : "+"}${hex(offset < 0n ? -offset : offset)}` : hex(BigInt.asUintN(one.width === 80 || one.width === 128 ? 64 : Math.max(one.width, form.width), next + offset));
    }
    if (one.kind === "imm") return hex(one.from === "fixed" ? BigInt(one.fixed) : one.from === "second" ? BigInt(decoded.second) : BigInt.asUintN(bitsOf(one), signed(decoded.immLow, decoded.immHigh)));
    const number = one.from === "fixed" ? one.fixed : registerOf(one, decoded), name = NAMES.get(`${one.kind} ${one.width} ${number}`);
    return name ?? `${one.kind}${number}`;
  };
  const repeats = form.attributes.has("rep") && decoded.rep !== 0 ? (decoded.rep === 2 ? "repne " : REPEATS_BY_FLAG.test(form.mnemonic) ? "repe " : "rep ") : "";
  const prefix = `${decoded.lock ? "lock " : ""}${repeats}`;
  const far = /^(call|jmp)$/.test(form.mnemonic) && [4, 6, 10].includes(form.operands[0].memoryBytes) ? "far " : "";
  return `${prefix}${form.mnemonic} ${far}${form.operands.map(operand).join(", ")}`.trim();
}
