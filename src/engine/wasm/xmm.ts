// XMM registers while code is written, over either home that they have: the vCPU's state, or locals of the function that is written.

import type { AnyWidth, Width } from "../../isa/emit.ts";
import { OFFSET } from "../../hal/layout.ts";
import type { Graph, Node, Region } from "./ir.ts";
import type { StoreOp } from "./opcodes.ts";
import type { Surroundings } from "./types.ts";

/** 16 and 8 for a part of lane 0. */
export type VectorBits = Exclude<AnyWidth, 80>;

export interface XmmRegisters {
  /** The lowest bits, zeros above. */
  load(bits: VectorBits, address: Node, offset: number): Node;
  /** Writes the lowest bits of a vector; the others stay. */
  store(bits: VectorBits, address: Node, offset: number, value: Node): void;
  /** Somebody else may have written any of them. */
  forget(): void;
  /** Is this a load of a register that has not been written since? */
  holds(loaded: Node): boolean;
}

const LOADS = { 128: "v128.load", 64: "v128.load64_zero", 32: "v128.load32_zero", 16: "i32.load16_u", 8: "i32.load8_u" } as const;
const STORES: Record<Width, StoreOp> = { 8: "i32.store8", 16: "i32.store16", 32: "i32.store", 64: "i64.store" };
const FIRST_LANE = [0];

/** The number that was put into lane 0 last. */
const laneOf = (value: Node, bits: 64 | 32): Node | undefined => (value.op === (bits === 64 ? "f64x2.replace_lane" : "f32x4.replace_lane") ? value.args[1] : undefined);
const lowest = (g: Graph, bits: Width, value: Node) => {
  if (bits === 64) return g.simd("i64x2.extract_lane", [value], FIRST_LANE);
  const low = g.simd("i32x4.extract_lane", [value], FIRST_LANE);
  return bits === 32 ? low : g.pure("i32.and", low, g.i32((1 << bits) - 1));
};
const zero = (g: Graph) => g.v128(0n, 0n);

/** In the state, and right there wherever the code is left; but what was stored is not loaded again, as a load of 16 bytes behind a store
 * of 8 would wait long. */
export function xmmInState({ g, state }: Surroundings): XmmRegisters {
  /** What a register holds, where its scope reaches: all of it, or the number in lane 0. */
  const known = new Map<number, { whole?: Node; low?: Node; scope: Region }>();
  const held = new Set<Node>();
  const forget = () => {
    known.clear();
    held.clear();
  };
  const remember = (address: Node, offset: number, what: { whole?: Node; low?: Node }) => {
    if (address !== state) return forget(); // which one is not known
    known.set(offset, { ...what, scope: g.scope() });
    for (const loaded of held) if (loaded.immediate === offset) held.delete(loaded);
  };
  return {
    load: (bits, address, offset) => {
      if (bits < 32) return g.simd("i32x4.replace_lane", [zero(g), g.load(LOADS[bits], address, offset)], FIRST_LANE);
      const entry = address === state ? known.get(offset) : undefined, found = entry && g.within(entry.scope) ? entry : undefined;
      if (found?.whole && bits === 128) return found.whole;
      const loaded = g.load(LOADS[bits], address, offset);
      if (address === state) held.add(loaded);
      // nodes that nobody uses vanish
      if (found?.low) g.knowLowLane(loaded, found.low);
      else if (found?.whole) g.knowLowLane(loaded, g.lowLane("f64", found.whole), g.lowLane("f32", found.whole));
      else g.knowLowLane(loaded, g.lowLane("f64", loaded), g.lowLane("f32", loaded));
      return loaded;
    },
    store: (bits, address, offset, value) => {
      const low = bits === 64 || bits === 32 ? laneOf(value, bits) : undefined;
      if (bits === 128) g.store("v128.store", address, offset, value);
      else if (low) g.store(bits === 64 ? "f64.store" : "f32.store", address, offset, low);
      else g.store(STORES[bits], address, offset, lowest(g, bits, value));
      remember(address, offset, bits === 128 ? { whole: value } : low ? { low } : {});
    },
    forget,
    holds: (loaded) => held.has(loaded),
  };
}

/** Registers by number that are locals of the function. */
export interface VectorLocals { get(number: number): Node; set(number: number, value: Node): void }

/** In locals: a local that is overwritten before it is read costs nothing, and the number in lane 0 stays known. */
export function xmmInLocals({ g }: Surroundings, { get, set }: VectorLocals): XmmRegisters {
  const numberOf = (offset: number) => (offset - OFFSET.xmm) / 16;
  const replace = (vector: Node, bits: 64 | 32, low: Node) => {
    const op = bits === 64 ? "f64x2.replace_lane" : "f32x4.replace_lane";
    const made = g.float(op, vector.op === op ? vector.args[0] : vector, low);
    g.knowLowLane(made, low);
    return made;
  };
  return {
    load: (bits, _address, offset) => {
      const whole = get(numberOf(offset));
      if (bits === 128) return whole;
      if (bits < 32) return g.simd("i32x4.replace_lane", [zero(g), lowest(g, bits, whole)], FIRST_LANE);
      const loaded = g.float(bits === 64 ? "f64x2.replace_lane" : "f32x4.replace_lane", zero(g), g.lowLane(bits === 64 ? "f64" : "f32", whole));
      g.knowLowLane(loaded, g.lowLane("f64", whole), g.lowLane("f32", whole));
      return loaded;
    },
    store: (bits, _address, offset, value) => {
      const number = numberOf(offset);
      if (bits === 128) return set(number, value);
      if (bits === 64 || bits === 32) return set(number, replace(get(number), bits, g.lowLane(bits === 64 ? "f64" : "f32", value)));
      const low = lowest(g, bits, value);
      set(number, g.simd(bits === 16 ? "i16x8.replace_lane" : "i8x16.replace_lane", [get(number), low], FIRST_LANE));
    },
    forget: () => {},
    holds: () => false,
  };
}
