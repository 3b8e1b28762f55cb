// Writes WebAssembly by hand where a graph does not help: loops, tables of branches. Counts labels, so that a branch names its target.

import type { ByteWriter } from "./bytes.ts";
import { CONTROL as W, OP_FACTS, type LoadOp, type PureOp, type StoreOp } from "./opcodes.ts";

/** Labels are what block, loop and when answer. */
export function assembler(out: ByteWriter) {
  let depth = 0;
  const open = (kind: number) => {
    out.byte(kind);
    out.byte(W.emptyBlock);
    return ++depth;
  };
  const close = () => {
    out.byte(W.end);
    depth--;
  };
  const get = (local: number) => {
    out.byte(W.localGet);
    out.u32(local);
  };
  const i32 = (value: number) => {
    out.byte(W.i32Const);
    out.s32(value);
  };
  const branch = (code: number) => (label: number) => {
    out.byte(code);
    out.u32(depth - label);
  };
  return {
    open, close, get, i32, br: branch(W.br), brIf: branch(W.brIf),
    block: () => open(W.block), loop: () => open(W.loop), when: () => open(W.if), otherwise: () => out.byte(W.else),
    set: (local: number) => {
      out.byte(W.localSet);
      out.u32(local);
    },
    tee: (local: number) => {
      out.byte(W.localTee);
      out.u32(local);
    },
    op: (name: PureOp) => out.byte(OP_FACTS[name].code),
    memory: (name: LoadOp | StoreOp, offset: number) => {
      out.byte(OP_FACTS[name].code);
      out.u32(0);
      out.u32(offset);
    },
    call: (index: number) => {
      out.byte(W.call);
      out.u32(index);
    },
    /** By an i32; the last label is for all numbers that the others are not for. */
    brTable: (labels: readonly number[]) => {
      out.byte(W.brTable);
      out.u32(labels.length - 1);
      for (const label of labels) out.u32(depth - label);
    },
    leave: () => out.byte(W.return),
    depthTo: (label: number) => depth - label,
  };
}
