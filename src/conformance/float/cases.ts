// Floating point by the number: one instruction, its control word, two operands and what came out, as a line of text each.
// Rows in general are compared by ../host-test.ts; these operands are chosen to be hard to round, and they are recorded for hosts without gcc.
//
//   line of a group:  > mnemonic code kind
//   x87 case:   FCW ST0 ST1 MEM = FSW ST0 ST1 MEM        TOP was 0 and two registers were in use; MEM: 10 bytes at the operand
//   SSE case:   MXCSR XMM0 XMM1 = MXCSR XMM0 RAX ZPC     or `#XM`; XMM: 128 bits; ZPC: ZF, PF and CF in their places

import { DATA, type Case, type Outcome } from "../rows/case.ts";
import { float32, float64, float80, type Random } from "../random.ts";

export type Kind = "x87" | "load32" | "load64" | "transcendental" | "single" | "double" | "integer";
export interface Group { name: string; code: readonly number[]; kind: Kind }

const RDI = 7, ARGUMENT = DATA + 64;
const x87 = (names: string, first: number, modrm: readonly number[], kind: Kind = "x87"): Group[] =>
  names.split(" ").map((name, index) => ({ name, code: [first, modrm[index]!], kind }));
const PREFIX = { ps: [], pd: [0x66], ss: [0xf3], sd: [0xf2] };
const sse = (name: string, opcode: number): Group[] => (["ps", "pd", "ss", "sd"] as const).map((suffix) =>
  ({ name: name + suffix, code: [...PREFIX[suffix], 0x0f, opcode, 0xc1], kind: suffix === "ps" || suffix === "ss" ? "single" : "double" }));

export const GROUPS: readonly Group[] = [
  ...x87("fadd fmul fcom fsub fsubr fdiv fdivr", 0xd8, [0xc1, 0xc9, 0xd1, 0xe1, 0xe9, 0xf1, 0xf9]),
  ...x87("fsqrt frndint fxtract fprem1 fprem fscale ftst fxam", 0xd9, [0xfa, 0xfc, 0xf4, 0xf5, 0xf8, 0xfd, 0xe4, 0xe5]),
  ...x87("fsin fcos fptan fpatan fyl2x fyl2xp1 f2xm1", 0xd9, [0xfe, 0xff, 0xf2, 0xf3, 0xf1, 0xf9, 0xf0], "transcendental"),
  ...x87("fstp32", 0xd9, [0x1f]), ...x87("fstp64", 0xdd, [0x1f]), ...x87("fistp16 fbstp fistp64", 0xdf, [0x1f, 0x37, 0x3f]), ...x87("fisttp32 fistp32 fstp80", 0xdb, [0x0f, 0x1f, 0x3f]),
  ...x87("fadd32 fmul32 fdivr32", 0xd8, [0x07, 0x0f, 0x3f], "load32"), ...x87("fadd64 fmul64 fdivr64", 0xdc, [0x07, 0x0f, 0x3f], "load64"),
  ...x87("fld32", 0xd9, [0x07], "load32"), ...x87("fld64", 0xdd, [0x07], "load64"), ...x87("fild16", 0xdf, [0x07]), ...x87("fbld", 0xdf, [0x27]),
  ...sse("add", 0x58), ...sse("mul", 0x59), ...sse("sub", 0x5c), ...sse("div", 0x5e), ...sse("sqrt", 0x51), ...sse("min", 0x5d), ...sse("max", 0x5f),
  { name: "ucomiss", code: [0x0f, 0x2e, 0xc1], kind: "single" }, { name: "comisd", code: [0x66, 0x0f, 0x2f, 0xc1], kind: "double" },
  { name: "cvtps2pd", code: [0x0f, 0x5a, 0xc1], kind: "single" }, { name: "cvtpd2ps", code: [0x66, 0x0f, 0x5a, 0xc1], kind: "double" },
  { name: "cvtps2dq", code: [0x66, 0x0f, 0x5b, 0xc1], kind: "single" }, { name: "cvttpd2dq", code: [0x66, 0x0f, 0xe6, 0xc1], kind: "double" },
  { name: "cvtdq2ps", code: [0x0f, 0x5b, 0xc1], kind: "integer" }, { name: "cvtsd2si", code: [0xf2, 0x48, 0x0f, 0x2d, 0xc1], kind: "double" },
  { name: "cvttss2si", code: [0xf3, 0x0f, 0x2c, 0xc1], kind: "single" },
  { name: "roundps", code: [0x66, 0x0f, 0x3a, 0x08, 0xc1, 4], kind: "single" }, { name: "roundsd", code: [0x66, 0x0f, 0x3a, 0x0b, 0xc1, 4], kind: "double" },
  { name: "dpps", code: [0x66, 0x0f, 0x3a, 0x40, 0xc1, 0x7d], kind: "single" }, { name: "haddpd", code: [0x66, 0x0f, 0x7c, 0xc1], kind: "double" },
];

export const isX87 = ({ kind }: Group) => !["single", "double", "integer"].includes(kind);

/** Operands of a case: control word, and two numbers of 80 or 128 bits. */
export interface Inputs { control: number; a: bigint; b: bigint; memory: bigint }

/** Significands with long runs of equal bits: the ones that are hard to round. */
function runs(random: Random, bits: number): bigint {
  const bit = () => 1n << BigInt(random.below(bits)), all = (1n << BigInt(bits)) - 1n;
  return random.pick([() => bit() - 1n, () => all - (bit() - 1n), () => all ^ bit(), () => (bit() - 1n) ^ bit(), () => bit() | bit(), () => random.u64() & all])();
}
function hard80(random: Random): bigint {
  if (random.chance(40)) return float80(random);
  const exponent = 16383 + random.pick([random.below(140) - 70, random.below(6) - 3, random.pick([-1074, -1023, -1022, -149, -127, -126, 127, 128, 1023, 1024])]);
  return (BigInt(random.below(2)) << 79n) | (BigInt(exponent) << 64n) | (1n << 63n) | runs(random, 63);
}
function hard64(random: Random): bigint {
  return random.chance(50) ? float64(random) : (BigInt(random.below(2)) << 63n) | (BigInt(1000 + random.below(60)) << 52n) | runs(random, 52);
}
function hard32(random: Random): bigint {
  return random.chance(50) ? BigInt(float32(random)) : (BigInt(random.below(2)) << 31n) | (BigInt(110 + random.below(40)) << 23n) | runs(random, 23);
}

export function randomInputs(random: Random, group: Group): Inputs {
  if (isX87(group)) {
    const rounding = random.below(4) << 10, control = random.chance(70) ? 0x37f | rounding : (random.u32() & 0x33f) | 0x40 | rounding;
    const memory = group.kind === "load32" ? hard32(random) : group.kind === "load64" ? hard64(random)
      : group.name === "fbld" ? BigInt("0x" + Array.from({ length: 18 }, () => random.below(10)).join("")) | (BigInt(random.below(2)) << 79n) : random.u64();
    return { control, a: hard80(random), b: hard80(random), memory };
  }
  const lanes = (): bigint => group.kind === "double" ? hard64(random) | (hard64(random) << 64n)
    : group.kind === "integer" ? random.u64() | (runs(random, 32) << 64n) : [0, 1, 2, 3].reduce((vector) => (vector << 32n) | hard32(random), 0n);
  const masks = random.chance(70) ? 0x1f80 : random.u32() & 0x1f80;
  return { control: masks | (random.below(4) << 13) | (random.chance(20) ? random.u32() & 0x8040 : 0) | (random.chance(50) ? 0x20 : 0), a: lanes(), b: lanes(), memory: 0n };
}

/** The case that the host's CPU and the engines run. */
export function caseOf(group: Group, { control, a, b, memory }: Inputs): Case {
  const fx = new Uint8Array(512), view = new DataView(fx.buffer), bytes = new Uint8Array(32), data = new DataView(bytes.buffer);
  const put = (at: number, value: bigint) => {
    view.setBigUint64(at, BigInt.asUintN(64, value), true);
    view.setBigUint64(at + 8, value >> 64n, true);
  };
  view.setUint16(0, isX87(group) ? control : 0x37f, true);
  view.setUint32(24, isX87(group) ? 0x1f80 : control, true);
  if (isX87(group)) view.setUint8(4, 3);
  put(isX87(group) ? 32 : 160, a);
  put(isX87(group) ? 48 : 176, b);
  data.setBigUint64(0, BigInt.asUintN(64, memory), true);
  data.setUint16(8, Number(memory >> 64n), true);
  const gpr = new BigUint64Array(16);
  gpr[RDI] = BigInt(ARGUMENT);
  return { mode: "long", code: Uint8Array.from(group.code), rip: 0x10000040, gpr, rflags: 0x202n, fx, window: ARGUMENT, bytes };
}

/** What the instruction says about itself: the right side of a line. */
export function resultOf(group: Group, outcome: Outcome): string {
  const view = new DataView(outcome.fx.buffer, outcome.fx.byteOffset, 512), data = new DataView(outcome.bytes.buffer, outcome.bytes.byteOffset);
  const hex = (value: number | bigint) => value.toString(16);
  const vector = (at: number) => view.getBigUint64(at, true) | (view.getBigUint64(at + 8, true) << 64n);
  if (isX87(group)) {
    const st = (i: number) => view.getBigUint64(32 + 16 * i, true) | (BigInt(view.getUint16(40 + 16 * i, true)) << 64n);
    return [view.getUint16(2, true), st(0), st(1), data.getBigUint64(0, true) | (BigInt(data.getUint16(8, true)) << 64n)].map(hex).join(" ");
  }
  const status = hex(view.getUint32(24, true));
  return outcome.status === "fault" ? `${status} #${outcome.vector}` : [status, ...[vector(160), outcome.gpr[0]!, outcome.rflags & 0x45n].map(hex)].join(" ");
}
