// Finding the next block without leaving the loop: at RIP, and behind a direct branch. What these graphs do not answer (exit `slow`), the
// functions of the same purpose in engine/core/assembly/blocks.ts do.

import { CONSTANTS as C, OFFSET } from "../../hal/layout.ts";
import type { Graph, Node } from "../wasm/ir.ts";
import { tlbEntry } from "../wasm/memory.ts";

/** Host address of code that the TLB knows, checked for execution; exits `slow` if it does not. */
function recordFetch(g: Graph, state: Node, rip: Node): { host: Node; page: Node } {
  const page = g.pure("i64.and", rip, g.i64(~0xfffn));
  const entry = tlbEntry(g, state, rip);
  g.when(g.pure("i64.ne", g.load("i64.load", entry, C.TLB_EXEC), page), () => g.exit("slow"));
  return { page, host: g.pure("i32.add", g.load("i32.load", entry, C.TLB_ADDEND), g.pure("i32.wrap_i64", rip)) };
}

const slowUnless = (g: Graph, condition: Node) => g.when(g.pure("i32.eqz", condition), () => g.exit("slow"));
const isCode64 = (g: Graph, state: Node) => g.pure("i32.eq", g.pure("i32.and", g.load("i32.load", state, OFFSET.mode), g.i32(C.MODE_CODE_MASK)), g.i32(C.MODE_CODE64));
/** Address of an element of a table in the state that is found by host address. @param bits of the number of elements; of their bytes */
function hashed(g: Graph, state: Node, table: number, host: Node, bits: number, bytesBits: number): Node {
  const hash = g.pure("i32.shr_u", g.pure("i32.mul", host, g.i32(C.TLB_HASH)), g.i32(32 - bits));
  return g.pure("i32.add", g.load("i32.load", state, table), g.pure("i32.shl", hash, g.i32(bytesBits)));
}
/** Where compiled code remembers the jump to a host address. */
export const jumpEntry = (g: Graph, state: Node, host: Node): Node => hashed(g, state, OFFSET.jumps, host, C.JUMP_BITS, Math.log2(C.JUMP_BYTES));

/** What is remembered of a jump to RIP: exit `found` with the address of the entry. */
export function recordJump(g: Graph, state: Node): void {
  slowUnless(g, isCode64(g, state));
  const { host, page } = recordFetch(g, state, g.load("i64.load", state, OFFSET.rip)), entry = jumpEntry(g, state, host);
  slowUnless(g, g.pure("i32.eq", g.load("i32.load", entry, C.JUMP_HOST), host));
  g.store("i64.store", state, OFFSET.page, page);
  g.exit("found", entry);
}

/** The block at RIP in 64-bit code, when it is the first of its bucket; what else there is, core's findBlock knows. */
export function recordFind(g: Graph, state: Node): void {
  slowUnless(g, isCode64(g, state));
  const { host, page } = recordFetch(g, state, g.load("i64.load", state, OFFSET.rip));
  const block = g.load("i32.load", hashed(g, state, OFFSET.blockTable, host, C.BLOCK_TABLE_BITS, 2), 0);
  slowUnless(g, block);
  slowUnless(g, g.pure("i32.eq", g.load("i32.load", block, C.BLOCK_HOST), host));
  slowUnless(g, g.pure("i32.eq", g.load("i32.load8_u", block, C.BLOCK_SIZE), g.i32(C.MODE_CODE64)));
  g.store("i64.store", state, OFFSET.page, page);
  g.exit("found", block);
}

/** The block that a direct branch is linked to. In its own page it is the one, elsewhere only if that is still mapped there. */
export function recordFollow(g: Graph, state: Node, op: Node): void {
  const block = g.load("i32.load", op, C.OP_LINK), target = g.load("i64.load", op, C.OP_IMM);
  g.when(g.pure("i32.eqz", block), () => g.exit("slow"));
  const there = g.load("i32.load", block, C.BLOCK_HOST);
  g.when(g.pure("i64.lt_u", target, g.i64(0x1000n)), () => {
    g.when(g.pure("i32.eqz", there), () => g.exit("slow")); // it was dropped
    g.exit("found", block);
  });
  const { host, page } = recordFetch(g, state, g.pure("i64.add", g.load("i64.load", state, OFFSET.page), target));
  g.when(g.pure("i32.ne", there, host), () => g.exit("slow"));
  g.store("i64.store", state, OFFSET.page, page);
  g.exit("found", block);
}
