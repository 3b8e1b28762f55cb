// From hot blocks to a module: forms regions, decodes their instructions again, and writes one function for each.

import { CONSTANTS as C, type NodeMemory } from "../../hal/index.ts";
import { createDecoded, decode, DECODED } from "../../isa/decode.ts";
import { FORMS } from "../../isa/forms.ts";
import { HELPERS } from "../../isa/helpers.ts";
import { moduleWriter } from "../wasm/module.ts";
import type { ValueType } from "../wasm/opcodes.ts";
import { ANY, blockRecorder, type Instruction, type Target } from "./block.ts";
import { createFacts } from "./facts.ts";
import { untouched } from "./place.ts";
import { writeRegion, type RegionFunction } from "./function.ts";
import { blockReader, formRegion, type OperationKind, type Region, type RegionBlock } from "./region.ts";

const PAGE = 4096;
const MEMORY_PAGES = { minimum: 17, maximum: 65536 };
const LETTERS: Record<string, ValueType> = { l: "i64", i: "i32" };
/** Functions of core that compiled code calls beside helpers. */
const CORE_FUNCTIONS: Record<string, string> = { flagAux: "ill:l", refill: "lii:i" };

export interface CompiledModule { bytes: Uint8Array; regions: Region[]; instructions: number }
export interface Compiler {
  /** Compiles regions that begin at these blocks; function i is exported as `r${i}`. @returns undefined when there is nothing worth compiling */
  compile(heads: readonly number[]): CompiledModule | undefined;
  /** All blocks are gone. */
  forget(): void;
}

export function createCompiler(node: NodeMemory, blockTable: number): Compiler {
  const u8 = node.bytes, words = { u8, u16: new Uint16Array(u8.buffer), u32: new Uint32Array(u8.buffer), i32: new Int32Array(u8.buffer) };
  const { u16 } = words;
  const reader = blockReader(words, { blockTable }), factsOf = createFacts();
  const relative = FORMS.map((form) => form.operands.some(({ kind }) => kind === "rel")), calls = FORMS.map(({ mnemonic }) => mnemonic === "call");
  const indirect = FORMS.map(({ mnemonic }, index) => (mnemonic === "jmp" || mnemonic === "call") && !relative[index]);
  /** Blocks that became hot: where indirect jumps may lead. */
  const known = new Set<number>();
  const scratch = createDecoded();
  // of the module that is written: what it imports from core; and of its region: the registers, and what it is entered with
  let imports: string[] = [], assumed = 0;
  const touched = untouched();
  const core = (name: string) => {
    const known = imports.indexOf(name);
    return known >= 0 ? known : imports.push(name) - 1;
  };
  const record = blockRecorder({ core, touched, blockTable, assumes: (bits) => { assumed |= bits; } });

  const kindOf = (host: number): OperationKind => {
    if (decode(u8, host, (host | (PAGE - 1)) + 1, 64, scratch) !== DECODED) return { relative: false, calls: false, indirect: false, length: 0 };
    return { relative: relative[scratch.form], calls: calls[scratch.form], indirect: indirect[scratch.form], length: scratch.length };
  };
  const instructionsOf = (block: RegionBlock): Instruction[] => Array.from({ length: block.operations }, (_, index) => {
    const op = block.address + C.BLOCK_HEADER_BYTES + index * C.OP_BYTES, handler = reader.handlerOf(block.address, index);
    const offset = u16[(op + C.OP_OFFSET) >>> 1], left = u8[op + C.OP_LEFT];
    if (handler < C.HANDLER_FIRST) return { op, offset, left, goto: handler === C.HANDLER_GOTO };
    const decoded = createDecoded();
    if (decode(u8, block.hostPage + offset, block.hostPage + PAGE, 64, decoded) !== DECODED) return { op, offset, left, goto: false };
    const form = FORMS[decoded.form];
    return { op, offset, left, form, decoded, facts: factsOf(form, decoded), goto: false };
  });

  /** Where the operation's link leads, or would lead, as a block and a distance in pages. */
  const linkOf = (block: RegionBlock, op: number): [number, number] => {
    const target = reader.target(op), pages = Math.floor(target / PAGE);
    return [reader.link(op) || (pages === 0 ? reader.find(block.hostPage + target) : 0), pages];
  };

  const compileRegion = (region: Region): RegionFunction => {
    const { blocks } = region;
    Object.assign(touched, untouched());
    assumed = 0;
    const position = new Map(blocks.map((block, index) => [block.address, index]));
    const lists = blocks.map(instructionsOf);
    const longest = new Array<number>(blocks.length).fill(0);
    const targetOfBlock = (from: RegionBlock, address: number, distance: number): Target | undefined => {
      const index = position.get(address);
      if (index === undefined || blocks[index].distance !== distance) return undefined;
      const { hostPage, count, offset } = blocks[index];
      return { index, pages: distance - from.distance, hostPage, count, longest: longest[index], offset };
    };
    // where calls return to, by number of the block
    const sites = new Set<number>();
    const edges = blocks.map((block, index) => {
      const list: number[] = [];
      for (const { op, offset, form, decoded, goto } of lists[index]) {
        if (goto || (form && relative[form.id])) {
          const [address, pages] = linkOf(block, op), target = targetOfBlock(block, address, block.distance + pages);
          if (target) list.push(target.index);
        }
        if (form && calls[form.id] && offset + decoded!.length < PAGE) {
          const site = targetOfBlock(block, reader.find(block.hostPage + offset + decoded!.length), block.distance);
          if (site) sites.add(site.index);
        }
      }
      return list;
    });
    for (let index = blocks.length - 1; index >= 0; index--) {
      const returns = lists[index].some(({ form }) => form?.mnemonic === "ret");
      const next = [...edges[index], ...(returns ? sites : [])].filter((to) => to > index).map((to) => longest[to]);
      longest[index] = blocks[index].count + Math.max(0, ...next);
    }
    const most = Math.max(...longest);
    const recorded = blocks.map((block, index) => record({
      index, instructions: lists[index],
      targetOf: (op) => {
        const [address, pages] = linkOf(block, op);
        return targetOfBlock(block, address, block.distance + pages);
      },
      returns: [...sites].map((site) => targetOfBlock(block, blocks[site].address, blocks[site].distance)!),
      longest: most, alone: blocks.length === 1,
    }));
    const pages = blocks.some(({ distance }) => distance !== 0) || recorded.some(({ ways }) => ways.some((way) => "to" in way && way.to === ANY));
    return writeRegion(recorded, { touched, assumes: assumed, longest: most, pages, flagAux: core("flagAux") });
  };

  const compile = (heads: readonly number[]): CompiledModule | undefined => {
    imports = [];
    const regions: Region[] = [], functions: RegionFunction[] = [];
    const taken = new Set<number>();
    for (const block of known) if (!reader.usable(block)) known.delete(block);
    for (const head of heads) known.add(head);
    for (const head of heads) {
      if (!reader.usable(head) || taken.has(head)) continue;
      const region = formRegion(head, words, reader, kindOf, known);
      for (const { address } of region.blocks) taken.add(address);
      regions.push(region);
      functions.push(compileRegion(region));
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
    return { bytes: module.finish(), regions, instructions: regions.reduce((sum, { blocks }) => sum + blocks.reduce((count, block) => count + block.count, 0), 0) };
  };
  return { compile, forget: () => known.clear() };
}
