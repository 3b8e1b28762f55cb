// Where indirect jumps may lead. Nobody has noted it, but it shows: blocks nearby that are executed often although no link and no call leads
// there or behind itself. What compiled code is given here it compares with the address; a wrong guess costs a comparison.

import { CONSTANTS as C } from "../../hal/layout.ts";
import type { BlockReader, OperationKind, Words } from "./region.ts";

const PAGE = 4096;
/** How far an indirect jump is thought to lead. */
const NEAR_PAGES = 1;
const MOST_TARGETS = 48;
/** Blocks of a page that are looked at: the list may change under our eyes (elsewhere.ts). */
const MOST_LOOKED_AT = 2048;
/** A block is warm when this part of the entries that make it hot is used up. */
const WARM = 16;

/** @param pageBlocks where core keeps the list of each host page's blocks
 * @param heat entries that make a block hot
 * @returns a function from a host page to blocks; what it finds is kept until `forget` */
export function targetFinder({ u16, u32 }: Words, reader: BlockReader, kindOf: (block: number, index: number) => OperationKind, pageBlocks: number, heat: number) {
  const known = new Map<number, readonly number[]>();
  const used = (block: number) => {
    const left = u16[(block + C.BLOCK_HOT) >>> 1];
    return u32[(block + C.BLOCK_MEMBERS) >>> 2] !== 0 || left === 0 ? heat : heat - left;
  };
  const warmIn = (page: number) => {
    const list: number[] = [];
    let looked = 0;
    for (let block = u32[(pageBlocks >>> 2) + (page >>> 12)]; block !== 0 && looked < MOST_LOOKED_AT; looked++) {
      const first = (u32[(block + C.BLOCK_HOST) >>> 2] & ~(PAGE - 1)) >>> 0 === page;
      if (first && reader.usable(block) && used(block) >= heat / WARM) list.push(block);
      block = u32[(block + (first ? C.BLOCK_PAGE_NEXT : C.BLOCK_SECOND_NEXT)) >>> 2];
    }
    return list;
  };
  const find = (page: number): readonly number[] => {
    const warm: number[] = [], led = new Set<number>();
    for (let near = -NEAR_PAGES; near <= NEAR_PAGES; near++) warm.push(...warmIn((page + near * PAGE) >>> 0));
    for (const block of warm) for (let index = 0; index < u16[(block + C.BLOCK_OPS) >>> 1]; index++) {
      const op = block + C.BLOCK_HEADER_BYTES + index * C.OP_BYTES, handler = reader.handlerOf(block, index), hostPage = (u32[(block + C.BLOCK_HOST) >>> 2] & ~(PAGE - 1)) >>> 0;
      const goto = handler === C.HANDLER_GOTO;
      if (!goto && handler < C.HANDLER_FIRST) continue;
      const { relative, calls, length } = goto ? { relative: true, calls: false, length: 0 } : kindOf(block, index), target = reader.target(op);
      if (relative) led.add(reader.link(op) || (target >= 0 && target < PAGE ? reader.find(hostPage + target) : 0));
      const behind = u16[(op + C.OP_OFFSET) >>> 1] + length;
      if (calls && behind < PAGE) led.add(reader.find(hostPage + behind));
    }
    return warm.filter((block) => !led.has(block) && reader.enterable(block)).sort((a, b) => used(b) - used(a)).slice(0, MOST_TARGETS);
  };
  return {
    near: (page: number) => {
      let list = known.get(page);
      if (!list) known.set(page, (list = find(page)));
      return list;
    },
    forget: () => known.clear(),
  };
}
export type TargetFinder = ReturnType<typeof targetFinder>;

/** A multiplier and a number of bits so that `key * multiplier`, shifted right to so many bits, tells keys apart. */
export function perfectHash(keys: readonly number[]): { multiplier: number; bits: number } {
  let multiplier = 0x9e3779b1;
  for (let bits = Math.ceil(Math.log2(keys.length)); ; bits += 0.02) {
    const whole = Math.floor(bits);
    if (new Set(keys.map((key) => Math.imul(key, multiplier) >>> (32 - whole))).size === keys.length) return { multiplier, bits: whole };
    multiplier = (Math.imul(multiplier, 1664525) + 1013904223) | 1;
  }
}
