// Recorded outcomes: what a CPU made of generated cases, for hosts that cannot run them. Inputs are not stored: the generator makes the
// same ones again, and a checksum says so. An outcome is stored as its differences from the input.
//
// File: brotli of a JSON line (header), then per form: name, number of cases, checksum of their inputs, outcomes.

import { brotliCompressSync, brotliDecompressSync, constants } from "node:zlib";
import type { Form } from "../../isa/forms.ts";
import { encodeCases, FS_BASE, GS_BASE, initialSelectors, type Case, type Outcome, type Status } from "./case.ts";

export interface VectorHeader {
  /** the CPU that has recorded it */
  cpu: string;
  seed: number;
  casesPerForm: number;
}
export interface RecordedForm { checksum: number; outcomes: (cases: readonly Case[]) => Outcome[] }
export interface Vectors { header: VectorHeader; forms: Map<string, RecordedForm> }

const STATUSES: readonly Status[] = ["reached", "fault", "endless"];
const PAGE_FAULT = 14;

/** Of the inputs of a form's cases. */
export function checksum(cases: readonly Case[]): number {
  let hash = 0x811c9dc5;
  for (const byte of encodeCases(cases)) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash >>> 0;
}

const initialBases = (mode: Case["mode"]) => mode === "long" ? [FS_BASE, GS_BASE] : [0n, 0n];

function writer() {
  const bytes: number[] = [];
  const number = (value: bigint | number) => {
    let rest = BigInt(value);
    for (; rest >= 0x80n; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
    bytes.push(Number(rest));
  };
  const u64 = (value: bigint) => { for (let shift = 0n; shift < 64n; shift += 8n) bytes.push(Number((value >> shift) & 0xffn)); };
  return { bytes, number, u64 };
}
function reader(bytes: Uint8Array) {
  let at = 0;
  const big = () => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = bytes[at++]!;
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  };
  const u64 = () => { let value = 0n; for (let shift = 0n; shift < 64n; shift += 8n) value |= BigInt(bytes[at++]!) << shift; return value; };
  const take = (count: number) => bytes.subarray(at, (at += count));
  return { big, number: () => Number(big()), u64, take, done: () => at >= bytes.length };
}

/** Writes the 8-byte words of `after` that differ from `before`. */
function writeWords(out: ReturnType<typeof writer>, before: Uint8Array, after: Uint8Array): void {
  const changed: number[] = [];
  for (let at = 0; at < after.length; at += 8) if (Buffer.compare(before.subarray(at, at + 8), after.subarray(at, at + 8)) !== 0) changed.push(at / 8);
  out.number(changed.length);
  let last = 0;
  for (const index of changed) {
    out.number(index - last);
    last = index;
    out.u64(Buffer.from(after.buffer, after.byteOffset, after.length).readBigUInt64LE(8 * index));
  }
}
function readWords(input: ReturnType<typeof reader>, before: Uint8Array): Uint8Array {
  const after = Uint8Array.from(before), view = new DataView(after.buffer);
  let index = 0;
  for (let left = input.number(); left > 0; left--) {
    index += input.number();
    view.setBigUint64(8 * index, input.u64(), true);
  }
  return after;
}
const registersOf = (gpr: BigUint64Array) => new Uint8Array(gpr.buffer, gpr.byteOffset, 128);
/** What nobody compares is not recorded: pointers, reserved bytes. */
function comparableFx(fx: Uint8Array, input: Uint8Array): Uint8Array {
  const kept = Uint8Array.from(fx), restore = (from: number, to: number) => kept.set(input.subarray(from, to), from);
  restore(5, 24);
  restore(28, 32);
  for (let index = 0; index < 8; index++) restore(42 + 16 * index, 48 + 16 * index);
  restore(416, 512);
  return kept;
}

function writeOutcome(out: ReturnType<typeof writer>, one: Case, outcome: Outcome): void {
  out.number(STATUSES.indexOf(outcome.status));
  if (outcome.status === "fault") {
    out.number(outcome.vector);
    out.number(outcome.errorCode);
    if (outcome.vector === PAGE_FAULT) out.u64(outcome.cr2);
  }
  out.number(BigInt.asUintN(64, outcome.rip - BigInt(one.rip)));
  out.number(outcome.rflags ^ one.rflags);
  writeWords(out, registersOf(one.gpr), registersOf(outcome.gpr));
  writeWords(out, one.fx, comparableFx(outcome.fx, one.fx));
  writeWords(out, one.bytes, outcome.bytes);
  out.number(outcome.stray);
  initialSelectors(one.mode).forEach((selector, index) => out.number(selector ^ outcome.selectors[index]!));
  const [fs, gs] = initialBases(one.mode);
  out.number(outcome.fsBase ^ fs!);
  out.number(outcome.gsBase ^ gs!);
}
function readOutcome(input: ReturnType<typeof reader>, one: Case): Outcome {
  const status = STATUSES[input.number()]!;
  const fault = status === "fault", vector = fault ? input.number() : 0, errorCode = fault ? input.number() : 0;
  const cr2 = vector === PAGE_FAULT ? input.u64() : 0n;
  const rip = BigInt.asUintN(64, BigInt(one.rip) + input.big()), rflags = one.rflags ^ input.big();
  const registers = readWords(input, registersOf(one.gpr)), fx = readWords(input, one.fx), bytes = readWords(input, one.bytes);
  const stray = input.number(), selectors = initialSelectors(one.mode).map((selector) => selector ^ input.number());
  const [fs, gs] = initialBases(one.mode);
  return { status, vector, errorCode, cr2, rip, rflags, gpr: new BigUint64Array(registers.buffer), fx, bytes, stray, selectors, fsBase: fs! ^ input.big(), gsBase: gs! ^ input.big() };
}

/** Makes the file. */
export function encodeVectors(header: VectorHeader, forms: Iterable<{ form: Form; cases: readonly Case[]; outcomes: readonly Outcome[] }>): Uint8Array {
  const out = writer();
  const text = (value: string) => { const bytes = Buffer.from(value); out.number(bytes.length); for (const byte of bytes) out.bytes.push(byte); };
  text(JSON.stringify(header));
  for (const { form, cases, outcomes } of forms) {
    const body = writer();
    cases.forEach((one, index) => writeOutcome(body, one, outcomes[index]!));
    text(form.name);
    out.number(checksum(cases));
    out.number(body.bytes.length);
    for (const byte of body.bytes) out.bytes.push(byte);
  }
  return brotliCompressSync(Uint8Array.from(out.bytes), { params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_LGWIN]: 24 } });
}

export function decodeVectors(file: Uint8Array): Vectors {
  const input = reader(brotliDecompressSync(file)), text = () => Buffer.from(input.take(input.number())).toString();
  const header = JSON.parse(text()) as VectorHeader, forms = new Map<string, RecordedForm>();
  while (!input.done()) {
    const name = text(), sum = input.number(), body = input.take(input.number());
    forms.set(name, { checksum: sum, outcomes: (cases) => { const from = reader(body); return cases.map((one) => readOutcome(from, one)); } });
  }
  return { header, forms };
}
