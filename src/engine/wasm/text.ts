// A module as text that people read (WebAssembly Core, Text Format), for those that moduleWriter makes: what has operands is folded around
// them, labels and locals may have names. Operations are those of opcodes.ts.

import { NvlError } from "../../base/error.ts";
import { CONTROL as W, OP_FACTS, VALUE_TYPE_CODES, type OpFact, type ValueType } from "./opcodes.ts";

export interface TextNames {
  /** Name of a local without `$`, undefined: its number. `func`: counted without those that are imported. */
  local?(index: number, func: number): string | undefined;
  /** For people: no alignments, which are hints, and no locals that nobody uses. All locals must have names then. */
  brief?: boolean;
  /** What an integer constant means, as a comment. */
  constant?(value: number): string | undefined;
  /** What an offset from an address means, as a comment; `base`: the text of the address. */
  offset?(base: string, offset: number): string | undefined;
}

const LONG_LINE = 110;
const TYPE_OF = new Map(Object.entries(VALUE_TYPE_CODES).map(([name, code]) => [code, name as ValueType]));
const OPERATIONS = new Map<number, [name: string, fact: OpFact]>(Object.entries(OP_FACTS).map(([name, fact]) => [fact.code, [name, fact]]));

function reader(bytes: Uint8Array) {
  let at = 0;
  const byte = () => {
    if (at >= bytes.length) throw new NvlError("wasm/text", "the module ends too early", { context: { at } });
    return bytes[at++];
  };
  const u32 = () => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const next = byte();
      value |= (next & 0x7f) << shift;
      if (next < 0x80) return value >>> 0;
    }
  };
  const signed = () => {
    let value = 0n, shift = 0n;
    for (;;) {
      const next = byte();
      value |= BigInt(next & 0x7f) << shift;
      shift += 7n;
      if (next < 0x80) return BigInt.asIntN(Number(shift), value);
    }
  };
  const take = (count: number) => Array.from({ length: count }, byte);
  const name = () => String.fromCharCode(...take(u32()));
  return { byte, u32, signed, take, name, get at() { return at; }, set at(value) { at = value; }, get done() { return at >= bytes.length; } };
}
type Reader = ReturnType<typeof reader>;

interface FunctionType { params: ValueType[]; results: ValueType[] }
interface Folded { text: string; long: readonly string[] | undefined }

/** Folded expressions, on one line where that is short. */
function fold(head: string, args: readonly Folded[]): Folded {
  const flat = args.length === 0 ? `(${head})` : `(${head} ${args.map(({ text }) => text).join(" ")})`;
  if (flat.length <= LONG_LINE && args.every(({ long }) => !long)) return { text: flat, long: undefined };
  return { text: flat, long: [`(${head}`, ...args.flatMap(({ text, long }) => long ?? [text]).map((line) => `  ${line}`), ")"] };
}

function writeFunction(r: Reader, end: number, type: FunctionType, signatureOf: (index: number) => { name: string; type: FunctionType }, typeOf: (index: number) => FunctionType, names: TextNames, func: number): string[] {
  const locals = [...type.params];
  for (let runs = r.u32(); runs > 0; runs--) {
    const count = r.u32(), kind = TYPE_OF.get(r.byte())!;
    for (let index = 0; index < count; index++) locals.push(kind);
  }
  const named = (index: number) => { const name = names.local?.(index, func); return name === undefined ? undefined : `$${name}`; };
  const used = new Set<number>();
  const local = (index: number) => {
    used.add(index);
    return named(index) ?? String(index);
  };
  const out: string[] = [];
  const labels: string[] = [];
  let stack: Folded[] = [], opened = 0;
  const print = (...lines: string[]) => { for (const line of lines) out.push("  ".repeat(labels.length + 1) + line); };
  /** Values that wait for their user are written before what comes next. */
  const settle = () => {
    for (const { text, long } of stack) print(...(long ?? [text]));
    stack = [];
  };
  const operands = (count: number) => {
    const from = Math.max(0, stack.length - count), args = stack.slice(from);
    stack = stack.slice(0, from);
    return args;
  };
  const push = (head: string, count: number) => { const args = operands(count); stack.push(fold(head, args)); };
  const statement = (head: string, count: number) => {
    const args = operands(count), { text, long } = fold(head, args);
    settle();
    print(...(long ?? [text]));
  };
  const open = (word: string, condition: number) => {
    const result = TYPE_OF.get(r.byte()), test = operands(condition);
    settle();
    const name = `$${word[0]}${opened++}`, head = `(${word} ${name}${result ? ` (result ${result})` : ""}`;
    if (test.length === 0) print(head);
    else if (!test[0].long) print(`${head} ${test[0].text}`);
    else {
      print(head);
      for (const line of test[0].long) print(`  ${line}`);
    }
    labels.push(name);
    if (word !== "if") return;
    print("(then");
    labels.push(name);
  };
  /** `if` counts once as a label, though it is written as two brackets. */
  const close = () => {
    settle();
    const name = labels.pop();
    print(")");
    if (name !== labels.at(-1)) return false;
    labels.pop();
    print(")");
    return true;
  };
  const depths = () => labels.filter((name, index) => name !== labels[index + 1]);
  const target = (depth: number) => { const real = depths(); return real[real.length - 1 - depth] ?? `${real.length}`; };
  const memory = (name: string, fact: OpFact) => {
    const align = r.u32(), offset = r.u32();
    const head = `${name}${offset === 0 ? "" : ` offset=${offset}`}${names.brief ? "" : ` align=${2 ** align}`}`;
    const base = stack.at(-fact.args.length - 1)?.text ?? "", meaning = names.offset?.(base, offset);
    const text = meaning === undefined ? head : `${head} (;${meaning};)`;
    if (fact.result) push(text, fact.args.length + 1);
    else statement(text, fact.args.length + 1);
  };
  const operation = (code: number) => {
    const found = OPERATIONS.get(code);
    if (!found) throw new NvlError("wasm/text", `operation 0x${code.toString(16)} is not in the table`, { context: { at: r.at } });
    const [name, fact] = found, shape = name.split(".")[1];
    if (/^(load|store|atomic)/.test(shape)) return memory(name, fact);
    const lanes = /extract_lane|replace_lane/.test(shape) ? 1 : shape === "shuffle" ? 16 : 0;
    push([name, ...r.take(lanes)].join(" "), fact.args.length);
  };
  const call = (index: number) => {
    const { name, type: { params, results } } = signatureOf(index);
    if (results.length > 0) push(`call ${name}`, params.length);
    else statement(`call ${name}`, params.length);
  };
  while (r.at < end) {
    const code = r.byte();
    switch (code) {
      case W.end: if (r.at < end) close(); else settle(); break;
      case W.block: open("block", 0); break;
      case W.loop: open("loop", 0); break;
      case W.if: open("if", 1); break;
      case W.else: {
        settle();
        labels.pop();
        print(")", "(else");
        labels.push(labels.at(-1)!);
        break;
      }
      case W.br: statement(`br ${target(r.u32())}`, 0); break;
      case W.brIf: statement(`br_if ${target(r.u32())}`, 1); break;
      case W.brTable: { const to = Array.from({ length: r.u32() + 1 }, () => target(r.u32())); statement(`br_table ${to.join(" ")}`, 1); break; }
      case W.return: statement("return", type.results.length); break;
      case W.unreachable: statement("unreachable", 0); break;
      case W.drop: statement("drop", 1); break;
      case W.select: push("select", 3); break;
      case 0x1c: r.u32(); push(`select (result ${TYPE_OF.get(r.byte())})`, 3); break;
      case W.localGet: push(`local.get ${local(r.u32())}`, 0); break;
      case W.localSet: statement(`local.set ${local(r.u32())}`, 1); break;
      case W.localTee: push(`local.tee ${local(r.u32())}`, 1); break;
      case W.i32Const: {
        const value = r.signed(), meaning = names.constant?.(Number(value));
        push(`i32.const ${value}${meaning === undefined ? "" : ` (;${meaning};)`}`, 0);
        break;
      }
      case W.i64Const: push(`i64.const ${r.signed()}`, 0); break;
      case W.call: call(r.u32()); break;
      case W.callIndirect: { const { params, results } = typeOf(r.u32()); r.u32(); if (results.length > 0) push("call_indirect", params.length + 1); else statement("call_indirect", params.length + 1); break; }
      case W.vectorPrefix: {
        const sub = r.u32();
        if (sub === W.vectorConst) push(`v128.const i8x16 ${r.take(16).join(" ")}`, 0);
        else operation(0xfd00 + sub);
        break;
      }
      case 0xfe: operation(0xfe00 + r.u32()); break;
      default: operation(code);
    }
  }
  const declared = locals.map((kind, index) => [named(index), kind, index] as const).slice(type.params.length).filter(([, , index]) => !names.brief || used.has(index));
  const params = type.params.map((kind, index) => `(param ${[named(index), kind].filter(Boolean).join(" ")})`);
  const header: string[] = [];
  // runs of locals without names share a declaration
  for (let index = 0; index < declared.length;) {
    const [name, kind] = declared[index];
    let next = index + 1;
    if (!name) while (next < declared.length && !declared[next][0]) next++;
    header.push(name ? `(local ${name} ${kind})` : `(local ${declared.slice(index, next).map(([, one]) => one).join(" ")})`);
    index = next;
  }
  return [`${[...params, ...type.results.map((kind) => `(result ${kind})`)].join(" ")}`, ...(header.length > 0 ? [`  ${header.join(" ")}`] : []), ...out];
}

/** @throws wasm/text for what moduleWriter and opcodes.ts do not have */
export function wasmText(module: Uint8Array, names: TextNames = {}): string {
  const r = reader(module), types: FunctionType[] = [], functionTypes: number[] = [], functionNames: string[] = [], exported = new Map<number, string>();
  const lines: string[] = ["(module"];
  r.at = 8;
  let imported = 0;
  const limits = (flags: number) => `${r.u32()}${flags & 1 ? ` ${r.u32()}` : ""}${flags & 2 ? " shared" : ""}`;
  while (!r.done) {
    const id = r.byte(), end = r.u32() + r.at;
    if (id === 1) for (let count = r.u32(); count > 0; count--) {
      r.byte();
      const list = () => r.take(r.u32()).map((code) => TYPE_OF.get(code)!);
      types.push({ params: list(), results: list() });
    }
    else if (id === 2) for (let count = r.u32(); count > 0; count--) {
      const from = `"${r.name()}"`, name = r.name(), kind = r.byte();
      if (kind === 2) { lines.push(`  (import ${from} "${name}" (memory ${limits(r.byte())}))`); continue; }
      const { params, results } = types[functionTypes[imported] = r.u32()];
      functionNames[imported] = `$${name}`;
      lines.push(`  (import ${from} "${name}" (func $${name}${params.length > 0 ? ` (param ${params.join(" ")})` : ""}${results.length > 0 ? ` (result ${results.join(" ")})` : ""}))`);
      imported++;
    }
    else if (id === 3) for (let count = r.u32(), index = imported; count > 0; count--, index++) functionTypes[index] = r.u32();
    else if (id === 7) for (let count = r.u32(); count > 0; count--) {
      const name = r.name(), kind = r.byte(), index = r.u32();
      if (kind === 0) exported.set(index, name);
    }
    else if (id === 10) for (let count = r.u32(), index = imported; count > 0; count--, index++) {
      const stop = r.u32() + r.at, name = exported.get(index);
      const [signature, ...body] = writeFunction(r, stop, types[functionTypes[index]], (one) => ({ name: functionNames[one] ?? `$f${one}`, type: types[functionTypes[one]] }), (one) => types[one], names, index - imported);
      lines.push(`  (func $${name ?? `f${index}`}${name ? ` (export "${name}")` : ""} ${signature}`, ...body.map((line) => `  ${line}`), "  )");
    }
    r.at = end;
  }
  return [...lines, ")"].join("\n");
}
