// Writes the function of a region:
//
//   prologue       registers and flags into locals; a region whose assumptions fail, or with too small a budget, answers at once
//   block exit
//     loop         a back edge sets `entry` and comes here
//       block n-1 … block 0, br_table entry
//       code 0     forward edges leave that many blocks; a block that leads to itself is a loop of its own
//       …
//   epilogue       what was written goes back to the state

import { CONSTANTS as C, OFFSET } from "../../hal/layout.ts";
import { byteWriter, type ByteWriter } from "../wasm/bytes.ts";
import { lower, type BranchHint } from "../wasm/lower.ts";
import { CONTROL as W, OP_FACTS, type LoadOp, type PureOp, type StoreOp, type ValueType } from "../wasm/opcodes.ts";
import { ANY, type RecordedBlock } from "./block.ts";
import { FIXED_TYPES, LOCAL, orderedPool } from "./locals.ts";
import type { Touched } from "./place.ts";

export interface RegionFacts { touched: Touched; assumes: number; longest: number; pages: boolean; flagAux: number }
export interface RegionFunction { locals: readonly ValueType[]; body: Uint8Array; hints: readonly BranchHint[] }

function writer(out: ByteWriter) {
  const indexed = (code: number) => (index: number) => {
    out.byte(code);
    out.u32(index);
  };
  return {
    get: indexed(W.localGet), set: indexed(W.localSet), tee: indexed(W.localTee), call: indexed(W.call), br: indexed(W.br),
    open: (kind: number) => {
      out.byte(kind);
      out.byte(W.emptyBlock);
    },
    end: () => out.byte(W.end),
    i32: (value: number) => {
      out.byte(W.i32Const);
      out.s32(value);
    },
    op: (name: PureOp) => out.byte(OP_FACTS[name].code),
    memory: (name: LoadOp | StoreOp, offset: number) => {
      const { code } = OP_FACTS[name];
      if (code > 0xff) {
        out.byte(W.vectorPrefix);
        out.u32(code - 0xfd00);
      } else out.byte(code);
      out.u32(0);
      out.u32(offset);
    },
  };
}

const registers = (bits: number) => Array.from({ length: 16 }, (_, number) => number).filter((number) => bits & (1 << number));

function writePrologue(out: ByteWriter, { touched, assumes, longest }: RegionFacts): void {
  const w = writer(out);
  const load = (name: LoadOp, offset: number, local: number) => {
    w.get(LOCAL.state);
    w.memory(name, offset);
    w.set(local);
  };
  load("i32.load", OFFSET.budget, LOCAL.left); // it is that of a slice
  w.get(LOCAL.left);
  w.i32(longest);
  w.op("i32.lt_s");
  if (assumes !== 0) {
    w.get(LOCAL.state);
    w.memory("i32.load", OFFSET.fpuTrap);
    w.i32(assumes);
    w.op("i32.and");
    w.op("i32.or");
  }
  w.open(W.if);
  w.get(LOCAL.answer);
  w.i32(C.REGION_REFUSED);
  w.op("i32.or");
  out.byte(W.return);
  w.end();
  load("i64.load", OFFSET.page, LOCAL.page);
  load("i64.load", OFFSET.flagResult, LOCAL.flagResult);
  load("i64.load", OFFSET.flagAux, LOCAL.flagAux);
  w.get(LOCAL.answer); // the operation in which the region is entered
  w.i32(C.BLOCK_HEADER_BYTES);
  w.op("i32.sub");
  w.memory("i32.load", C.BLOCK_REGION);
  w.set(LOCAL.region);
  out.byte(W.i64Const);
  out.s64(-1n); // no page
  w.set(LOCAL.stackPage);
  for (const number of registers(touched.read | touched.written)) load("i64.load", OFFSET.gpr + 8 * number, LOCAL.gpr + number);
  for (const number of registers(touched.vectorsRead | touched.vectorsWritten)) load("v128.load", OFFSET.xmm + 16 * number, LOCAL.xmm + number);
}

function writeEpilogue(out: ByteWriter, { touched, pages, flagAux }: RegionFacts): void {
  const w = writer(out);
  const store = (local: number, offset: number, name: StoreOp = "i64.store") => {
    w.get(LOCAL.state);
    w.get(local);
    w.memory(name, offset);
  };
  w.get(LOCAL.flagCode);
  w.open(W.if);
  w.get(LOCAL.flagCode);
  w.get(LOCAL.flagFirst);
  w.get(LOCAL.flagResult);
  w.call(flagAux);
  w.set(LOCAL.flagAux);
  w.end();
  store(LOCAL.flagAux, OFFSET.flagAux);
  store(LOCAL.flagResult, OFFSET.flagResult);
  for (const number of registers(touched.written)) store(LOCAL.gpr + number, OFFSET.gpr + 8 * number);
  for (const number of registers(touched.vectorsWritten)) store(LOCAL.xmm + number, OFFSET.xmm + 16 * number, "v128.store");
  if (pages) store(LOCAL.page, OFFSET.page);
  w.get(LOCAL.state);
  w.get(LOCAL.left);
  w.op("i64.extend_i32_s");
  w.memory("i64.store", OFFSET.budget);
  w.get(LOCAL.answer);
}

/** @param facts known when all blocks are recorded */
export function writeRegion(blocks: readonly RecordedBlock[], facts: RegionFacts): RegionFunction {
  const out = byteWriter(), w = writer(out), pool = orderedPool(LOCAL.temporaries), count = blocks.length, hints: BranchHint[] = [];
  writePrologue(out, facts);
  w.open(W.block); // exit
  w.open(W.loop);
  for (let index = 0; index < count; index++) w.open(W.block);
  w.get(LOCAL.entry);
  out.byte(W.brTable);
  out.u32(count - 1);
  for (let index = 0; index < count; index++) out.u32(index);
  blocks.forEach(({ graph, ways }, index) => {
    w.end();
    const loops = ways.some((way) => "to" in way && way.to === index) ? 1 : 0;
    if (loops) w.open(W.loop);
    const head = loops + count - 1 - index;
    lower(graph, out, { locals: pool, hints, exit: (node, depth) => {
      const way = ways[Number(node.op)];
      if ("answer" in way) {
        w.i32(way.answer);
        w.set(LOCAL.answer);
        w.br(depth + head + 1);
      } else if (way.to === ANY) w.br(depth + head);
      else if (way.to === index) w.br(depth);
      else if (way.to > index) w.br(depth + loops + way.to - index - 1);
      else {
        w.i32(way.to);
        w.set(LOCAL.entry);
        w.br(depth + head);
      }
    } });
    out.byte(W.unreachable);
    if (loops) w.end();
  });
  w.end(); // loop
  w.end(); // exit
  writeEpilogue(out, facts);
  return { locals: [...FIXED_TYPES, ...pool.types], body: out.finish(), hints };
}
