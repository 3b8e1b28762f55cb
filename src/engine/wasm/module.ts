// Writes WebAssembly modules (WebAssembly Core, Binary Format, Modules): function types, imports, functions, one table with its
// elements, exports, custom sections. Function indices count the imported ones first, so imports come before functions.

import { NvlError } from "../../base/error.ts";
import { byteWriter, type ByteWriter } from "./bytes.ts";
import type { BranchHint } from "./lower.ts";
import { VALUE_TYPE_CODES, type ValueType } from "./opcodes.ts";

const SECTION = { custom: 0, type: 1, import: 2, function: 3, table: 4, export: 7, element: 9, code: 10 } as const;
const KIND = { func: 0, table: 1, memory: 2 } as const;
/** Which branches are likely (WebAssembly proposal Branch Hinting): by function, counted from its declarations of locals. */
const HINT_SECTION = "metadata.code.branch_hint";
const FUNCREF = 0x70, FUNC_TYPE = 0x60;

export interface ModuleWriter {
  /** Index of a function type; equal types share one. */
  type(params: readonly ValueType[], results: readonly ValueType[]): number;
  /** @returns the function's index */
  importFunction(module: string, name: string, type: number): number;
  importSharedMemory(module: string, name: string, minimumPages: number, maximumPages: number): void;
  /** Adds a function; `body` is its instructions without the final `end`. @returns its index */
  func(type: number, locals: readonly ValueType[], body: Uint8Array, hints?: readonly BranchHint[]): number;
  /** The module's table, filled with these functions; `more`: by how many it may grow. */
  table(functions: readonly number[], more?: number): void;
  exportFunction(name: string, index: number): void;
  exportTable(name: string): void;
  custom(name: string, contents: Uint8Array): void;
  finish(): Uint8Array;
}

/** Runs of equal value types, as the binary format wants locals. */
function writeLocals(out: ByteWriter, locals: readonly ValueType[]): void {
  const runs: { type: ValueType; count: number }[] = [];
  for (const type of locals) {
    const last = runs[runs.length - 1];
    if (last?.type === type) last.count++;
    else runs.push({ type, count: 1 });
  }
  out.u32(runs.length);
  for (const { type, count } of runs) {
    out.u32(count);
    out.byte(VALUE_TYPE_CODES[type]);
  }
}

export function moduleWriter(): ModuleWriter {
  const types: string[] = [];
  const typeBytes = byteWriter();
  const imports = byteWriter(), exports = byteWriter(), functions = byteWriter(), code = byteWriter(), customs = byteWriter();
  const hinted = byteWriter();
  let importCount = 0, importedFunctions = 0, functionCount = 0, exportCount = 0, hintedCount = 0;
  let elements: readonly number[] | undefined, growth = 0;

  const type = (params: readonly ValueType[], results: readonly ValueType[]) => {
    const key = `${params.join()}:${results.join()}`;
    const known = types.indexOf(key);
    if (known >= 0) return known;
    types.push(key);
    typeBytes.byte(FUNC_TYPE);
    for (const list of [params, results]) {
      typeBytes.u32(list.length);
      for (const each of list) typeBytes.byte(VALUE_TYPE_CODES[each]);
    }
    return types.length - 1;
  };
  const importFunction = (module: string, name: string, typeIndex: number) => {
    if (functionCount > 0) throw new NvlError("wasm/order", "imports come before functions", { context: { module, name } });
    imports.name(module);
    imports.name(name);
    imports.byte(KIND.func);
    imports.u32(typeIndex);
    importCount++;
    return importedFunctions++;
  };
  const importSharedMemory = (module: string, name: string, minimumPages: number, maximumPages: number) => {
    imports.name(module);
    imports.name(name);
    imports.byte(KIND.memory);
    imports.byte(0x03); // shared, with a maximum
    imports.u32(minimumPages);
    imports.u32(maximumPages);
    importCount++;
  };
  const func = (typeIndex: number, locals: readonly ValueType[], body: Uint8Array, hints: readonly BranchHint[] = []) => {
    functions.u32(typeIndex);
    const entry = byteWriter();
    writeLocals(entry, locals);
    if (hints.length > 0) {
      hintedCount++;
      hinted.u32(importedFunctions + functionCount);
      hinted.u32(hints.length);
      for (const { at, likely } of hints) {
        hinted.u32(entry.length + at);
        hinted.bytes([1, likely ? 1 : 0]);
      }
    }
    entry.bytes(body);
    entry.byte(0x0b);
    const bytes = entry.finish();
    code.u32(bytes.length);
    code.bytes(bytes);
    return importedFunctions + functionCount++;
  };
  const exportOf = (kind: number) => (name: string, index = 0) => {
    exports.name(name);
    exports.byte(kind);
    exports.u32(index);
    exportCount++;
  };
  const writeCustom = (out: ByteWriter, name: string, contents: Uint8Array) => {
    const section = byteWriter();
    section.name(name);
    section.bytes(contents);
    out.byte(SECTION.custom);
    out.u32(section.length);
    out.bytes(section.finish());
  };
  const finish = () => {
    const out = byteWriter();
    out.bytes([0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00]);
    const section = (id: number, count: number, ...parts: ByteWriter[]) => {
      if (count === 0) return;
      const body = byteWriter();
      body.u32(count);
      for (const part of parts) body.bytes(part.finish());
      out.byte(id);
      out.u32(body.length);
      out.bytes(body.finish());
    };
    section(SECTION.type, types.length, typeBytes);
    section(SECTION.import, importCount, imports);
    section(SECTION.function, functionCount, functions);
    if (elements) {
      const table = byteWriter();
      table.byte(FUNCREF);
      table.byte(0x01); // a minimum and a maximum
      table.u32(elements.length);
      table.u32(elements.length + growth);
      section(SECTION.table, 1, table);
    }
    section(SECTION.export, exportCount, exports);
    if (elements) {
      const element = byteWriter();
      element.byte(0x00); // active, table 0, function indices
      element.byte(0x41);
      element.s32(0);
      element.byte(0x0b);
      element.u32(elements.length);
      for (const index of elements) element.u32(index);
      section(SECTION.element, 1, element);
    }
    if (hintedCount > 0) { // it must precede the code
      const hints = byteWriter();
      hints.u32(hintedCount);
      hints.bytes(hinted.finish());
      writeCustom(out, HINT_SECTION, hints.finish());
    }
    section(SECTION.code, functionCount, code);
    out.bytes(customs.finish());
    return out.finish();
  };
  return {
    type, importFunction, importSharedMemory, func, table: (list, more = 0) => {
      elements = list;
      growth = more;
    },
    exportFunction: exportOf(KIND.func), exportTable: exportOf(KIND.table), custom: (name, contents) => writeCustom(customs, name, contents), finish,
  };
}
