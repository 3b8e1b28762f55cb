// What differs between two outcomes of one case, in words; and what nobody promises.

import { hex } from "../../base/text.ts";
import { GPR_NAMES } from "../../hal/index.ts";
import type { FlagName } from "../../isa/emit.ts";
import { USER_CODE32, type Outcome } from "./case.ts";
import type { Generated } from "./generate.ts";

const FLAG_BITS: Record<FlagName, bigint> = { cf: 1n, pf: 4n, af: 16n, zf: 64n, sf: 128n, of: 0x800n };
/** RF is the kernel's business; IF and IOPL do not change at CPL 3. */
const COMPARED_FLAGS = 0x24_4dd5n;
const VECTOR_NAMES: Record<number, string> = { 0: "#DE", 1: "#DB", 3: "#BP", 4: "#OF", 5: "#BR", 6: "#UD", 7: "#NM", 8: "#DF", 10: "#TS", 11: "#NP", 12: "#SS", 13: "#GP", 14: "#PF", 16: "#MF", 17: "#AC", 19: "#XM" };
const SEGMENTS = ["es", "cs", "ss", "ds", "fs", "gs"];
const PAGE_FAULT = 14;

const lane = (fx: Uint8Array, at: number, bytes: number) => {
  let value = 0n;
  for (let index = bytes - 1; index >= 0; index--) value = (value << 8n) | BigInt(fx[at + index]!);
  return value;
};
const sameBytes = (a: Uint8Array, b: Uint8Array, from: number, to: number) => {
  for (let index = from; index < to; index++) if (a[index] !== b[index]) return false;
  return true;
};

/** Linux pretends to programs that everything above the user's addresses is present (arch/x86/mm/fault.c). */
const LINUX_TASK_SIZE = 0x7fff_ffff_f000n;
const errorCode = ({ vector, errorCode, cr2 }: Outcome) => vector === PAGE_FAULT && cr2 >= LINUX_TASK_SIZE ? errorCode | 1 : errorCode;
const differsAsMayBe = (form: Generated["form"], expected: Outcome, actual: Outcome) =>
  // AMD's processors read the operand of ARPL before they know that they will write it
  form.mnemonic === "arpl" && expected.vector === PAGE_FAULT && actual.vector === PAGE_FAULT && (errorCode(expected) | 2) === (errorCode(actual) | 2);
const describe = (outcome: Outcome) => outcome.left !== undefined ? `run() returned ${outcome.left}`
  : outcome.status === "fault" ? `${VECTOR_NAMES[outcome.vector] ?? outcome.vector}(${hex(errorCode(outcome))})` : outcome.status;

/** Parts of the memory operand that hold the x87 instruction and operand pointers, which vary between processors. */
function pointerBytes({ form }: Generated): readonly (readonly [from: number, to: number])[] {
  if (/^fn?(stenv|save)$|^f(ldenv|rstor)$/.test(form.mnemonic)) return form.width === 16 ? [[6, 14]] : [[2, 4], [6, 8], [10, 28]];
  if (/^fx(save|rstor)/.test(form.mnemonic)) return [[5, 24], [28, 32], ...[0, 1, 2, 3, 4, 5, 6, 7].map((index) => [42 + 16 * index, 48 + 16 * index] as const), [416, 512]];
  return [];
}
/** Instructions that approximate: the processor's manual gives a bound of the error. */
const APPROXIMATE = /^r(cp|sqrt)(p|s)s$/;
const close = (a: bigint, b: bigint) => {
  const view = new DataView(new ArrayBuffer(8));
  for (let shift = 0n; shift < 128n; shift += 32n) {
    view.setUint32(0, Number((a >> shift) & 0xffff_ffffn));
    view.setUint32(4, Number((b >> shift) & 0xffff_ffffn));
    const x = view.getFloat32(0), y = view.getFloat32(4);
    if (!(Object.is(x, y) || Math.abs(x - y) <= Math.abs(x) * 2 ** -10)) return false;
  }
  return true;
};
/** Instructions whose results may differ by one unit in the last place, and with it C1, which tells whether they were rounded up
 * (SDM 1, Transcendental Instruction Accuracy). */
const TRANSCENDENTAL = /^f(2xm1|yl2x|yl2xp1|ptan|patan|sin|cos|sincos)$/;
const C1 = 0x200n;
/** Significands of neighbours differ by one when the exponent is taken as their upper part. */
const neighbours = (a: bigint, b: bigint) => {
  const order = (value: bigint) => (((value >> 64n) & 0x7fffn) << 63n) | (value & 0x7fff_ffff_ffff_ffffn);
  const distance = order(a) - order(b);
  return a >> 79n === b >> 79n && distance >= -1n && distance <= 1n;
};

/** @returns one line per field that differs; empty when engine and host agree */
export function differences(generated: Generated, expected: Outcome, actual: Outcome): string[] {
  const { form, one } = generated, lines: string[] = [], compatibility = one.mode !== "long" || expected.selectors[1] === USER_CODE32;
  const differ = (what: string, a: bigint | number | string, b: bigint | number | string) => {
    const text = (value: bigint | number | string) => typeof value === "string" ? value : hex(value);
    lines.push(`${what}: expected ${text(a)}, got ${text(b)}`);
  };
  const check = (what: string, a: bigint | number, b: bigint | number) => { if (a !== b) differ(what, a, b); };
  if (describe(expected) !== describe(actual) && !differsAsMayBe(form, expected, actual)) differ("outcome", describe(expected), describe(actual));
  if (expected.status === "endless" && actual.status === "endless") return lines;
  // outside of 64-bit mode the upper halves of registers are undefined
  const width = compatibility ? 32 : 64;
  const cut = (value: bigint) => BigInt.asUintN(width, value);
  check("rip", cut(expected.rip), cut(actual.rip));
  if (expected.status === "fault" && expected.vector === PAGE_FAULT && actual.vector === PAGE_FAULT) {
    // what is written in many parts faults at one of them
    const parts = pointerBytes(generated).length > 0 || /^(retf|iret[dq]?|l[defgs]s)$/.test(form.mnemonic) ? ~0xfffn : -1n;
    check("cr2", expected.cr2 & parts, actual.cr2 & parts);
  }

  // it may have completed, and the next one could not be fetched
  const completed = expected.status === "reached" || (expected.status === "fault" && expected.rip !== BigInt(one.rip));
  const free = form.undefinedDst && completed ? form.operands[0] : undefined;
  const freeRegister = free?.kind === "reg" ? new Set([one.gpr.length]) : undefined;
  // a POPA that faults in the middle has loaded some registers on AMD's processors
  const partial = expected.status === "fault" && !completed && form.mnemonic === "popa";
  const changed = partial ? [] : [...expected.gpr.keys()].filter((index) => cut(expected.gpr[index]!) !== cut(actual.gpr[index]!));
  // an undefined destination may be anything, but nothing else
  if (!(freeRegister && changed.length === 1)) for (const index of changed) differ(GPR_NAMES[index]!, cut(expected.gpr[index]!), cut(actual.gpr[index]!));
  let mask = COMPARED_FLAGS;
  if (completed) for (const flag of form.undefinedFlags) mask &= ~FLAG_BITS[flag];
  // AMD's processors leave the flags of the last iteration, Intel's restore them (SDM 2A, REP, on faults in CMPS and SCAS)
  else if (/^(cmps|scas)/.test(form.mnemonic)) mask &= ~0x8d5n;
  check("rflags", expected.rflags & mask, actual.rflags & mask);

  const a = expected.fx, b = actual.fx;
  check("fcw", lane(a, 0, 2), lane(b, 0, 2));
  const transcendental = TRANSCENDENTAL.test(form.mnemonic), fswMask = transcendental ? ~C1 : -1n;
  check("fsw", lane(a, 2, 2) & fswMask, lane(b, 2, 2) & fswMask);
  check("ftw", lane(a, 4, 1), lane(b, 4, 1));
  check("mxcsr", lane(a, 24, 4), lane(b, 24, 4));
  for (let index = 0; index < 8; index++) {
    const x = lane(a, 32 + 16 * index, 10), y = lane(b, 32 + 16 * index, 10);
    if (x !== y && !(transcendental && neighbours(x, y))) differ(`st${index}`, x, y);
  }
  for (let index = 0; index < 16; index++) {
    const at = 160 + 16 * index;
    if (sameBytes(a, b, at, at + 16)) continue;
    const x = lane(a, at, 16), y = lane(b, at, 16);
    if (!(APPROXIMATE.test(form.mnemonic) && close(x, y))) differ(`xmm${index}`, x, y);
  }

  const excepted = pointerBytes(generated), start = generated.operandAt - one.window;
  const isExcepted = (index: number) => (free?.kind === "mem" && index >= start && index < start + free.width / 8)
    || excepted.some(([from, to]) => index >= start + from && index < start + to);
  for (let index = 0; index < one.bytes.length; index++) {
    if (expected.bytes[index] === actual.bytes[index] || isExcepted(index)) continue;
    const from = index & ~7;
    differ(`memory ${hex(one.window + from)}`, lane(expected.bytes, from, 8), lane(actual.bytes, from, 8));
    index = from + 7;
  }
  check("stray write", expected.stray, actual.stray);
  // the kernel's IRET turns null selectors into 0
  const selector = (value: number) => value < 4 ? 0 : value;
  SEGMENTS.forEach((name, index) => check(name, selector(expected.selectors[index]!), selector(actual.selectors[index]!)));
  if (!compatibility) {
    check("fs base", expected.fsBase, actual.fsBase);
    check("gs base", expected.gsBase, actual.gsBase);
  }
  return lines;
}
