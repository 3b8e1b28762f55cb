// From hot blocks to a module: forms regions, decodes their instructions again, and writes one function for each.

import { CONSTANTS as C } from "../../hal/layout.ts";
import { createDecoded } from "../../isa/decode.ts";
import { FORMS } from "../../isa/forms.ts";
import { HELPERS } from "../../isa/helpers.ts";
import { moduleWriter } from "../wasm/module.ts";
import type { ValueType } from "../wasm/opcodes.ts";
import { wantedMode, type FloatMode } from "./float.ts";
import type { RegionFunction } from "./function.ts";
import { blockReader, coldBlocks, createEntries, formRegion, type OperationKind, type RegionBlock } from "./region.ts";
import { targetFinder } from "./targets.ts";
import { createTranslator } from "./translate.ts";

const MEMORY_PAGES = { minimum: 17, maximum: 65536 };
const LETTERS: Record<string, ValueType> = { l: "i64", i: "i32" };
/** Functions of core that compiled code calls beside helpers. */
const CORE_FUNCTIONS: Record<string, string> = { locate: "li:i", extend: "li:", moveAll: "llli:i", storeAll: "llil:i" };

/** `entries`: numbers of the blocks in which it is entered, by their place in the list; `strikes`: slices in which its floating point did not do well. */
export interface CompiledRegion { /** its locals by the numbers that they have in graphs (locals.ts) */ homes: ReadonlyMap<number, number>; blocks: RegionBlock[]; entries: ReadonlyMap<number, number>; float: FloatMode; strikes: number }
/** Where core keeps its lists of blocks: by hash and by page; the entries that make a block hot; whether loops compare addresses with extents (docs/adr/0016-extents.md). */
export interface BlockTables { blockTable: number; pageBlocks: number; heat: number; extents?: boolean }
/** `heads`: how many blocks were looked at. */
export interface CompiledModule { bytes: Uint8Array; regions: CompiledRegion[]; instructions: number; heads: number }
export interface Compiler {
  /** Compiles regions that begin at these blocks; function i is exported as `r${i}`.
   * @param end blocks at or behind this address are left alone
   * @param most when the regions have so many instructions, what is left of `heads` is left
   * @returns undefined when there is nothing worth compiling */
  compile(heads: readonly number[], end: number, most?: number): CompiledModule | undefined;
}

/** @param u8 the node's memory. Nothing in it is written */
export function createCompiler(u8: Uint8Array, { blockTable, pageBlocks, heat, extents = false }: BlockTables): Compiler {
  const words = { u8, u16: new Uint16Array(u8.buffer), u32: new Uint32Array(u8.buffer), i32: new Int32Array(u8.buffer) };
  const limits = { blockTable, end: 0 }, reader = blockReader(words, limits);
  const relative = FORMS.map((form) => form.operands.some(({ kind }) => kind === "rel")), calls = FORMS.map(({ mnemonic }) => mnemonic === "call");
  const indirect = FORMS.map(({ mnemonic }, index) => (mnemonic === "jmp" || mnemonic === "call") && !relative[index]);
  const scratch = createDecoded();
  /** What the module that is written imports from core. */
  let imports: string[] = [];
  const core = (name: string) => {
    const known = imports.indexOf(name);
    return known >= 0 ? known : imports.push(name) - 1;
  };
  /** By handler, which says all but the length, and the length. */
  const kinds = new Map<number, OperationKind>();
  const kindOf = (block: number, index: number): OperationKind => {
    const key = reader.handlerOf(block, index) << 4 | (u8[block + C.BLOCK_HEADER_BYTES + index * C.OP_BYTES + C.OP_LENGTH] & 15), known = kinds.get(key);
    if (known) return known;
    if (!reader.decodeAt(block, index, scratch)) return { relative: false, calls: false, indirect: false, length: 0 };
    const kind = { relative: relative[scratch.form], calls: calls[scratch.form], indirect: indirect[scratch.form], length: scratch.length };
    kinds.set(key, kind);
    return kind;
  };
  const isCold = coldBlocks(words, heat);
  const targets = targetFinder(words, reader, kindOf, pageBlocks, heat);
  const translate = createTranslator(words, reader, core, extents);

  const compile: Compiler["compile"] = (heads, end, most = Infinity) => {
    imports = [];
    limits.end = end;
    let instructions = 0, looked = 0;
    const regions: CompiledRegion[] = [], functions: RegionFunction[] = [];
    const taken = new Set<number>(), entered = createEntries(words);
    targets.forget();
    for (; looked < heads.length && instructions < most; looked++) {
      const head = heads[looked];
      if (!reader.enterable(head) || taken.has(head)) continue;
      const region = formRegion(head, words, reader, { kindOf, near: targets.near, isEntry: entered.has, isCold });
      for (const { address, count } of region.blocks) {
        taken.add(address);
        instructions += count;
      }
      const { code, entries, float } = translate(region, wantedMode(u8, region.blocks));
      entered.add(entries.keys(), region);
      regions.push({ homes: code.homes, blocks: region.blocks, entries, float, strikes: 0 });
      functions.push(code);
    }
    if (regions.length === 0) return undefined;
    const module = moduleWriter();
    module.importSharedMemory("env", "memory", MEMORY_PAGES.minimum, MEMORY_PAGES.maximum);
    for (const name of imports) {
      const [args, result] = (CORE_FUNCTIONS[name] ?? HELPERS[name as keyof typeof HELPERS]).replace(/[!?]/, "").split(":");
      const params = [...args].filter((letter) => letter !== "v").map((letter) => LETTERS[letter]);
      module.importFunction("core", name, module.type(params, result in LETTERS ? [LETTERS[result]] : []));
    }
    const type = module.type(["i32", "i32", "i32"], ["i32"]);
    functions.forEach(({ locals, body, hints }, index) => module.exportFunction(`r${index}`, module.func(type, locals, body, hints)));
    return { bytes: module.finish(), regions, instructions, heads: looked };
  };
  return { compile };
}
