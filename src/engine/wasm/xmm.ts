// XMM registers as they are known while code is written: each store goes to the vCPU's state, so that the state is right wherever the code
// is left, but what was stored is not loaded again. A load of 16 bytes behind a store of 8 would wait long.

import type { Node, Region } from "./ir.ts";
import type { Surroundings } from "./types.ts";

const LOADS = { 128: "v128.load", 64: "v128.load64_zero", 32: "v128.load32_zero" } as const;

export interface XmmRegisters {
  /** The lowest bits, zeros above. */
  load(bits: 128 | 64 | 32, address: Node, offset: number): Node;
  store(address: Node, offset: number, value: Node): void;
  /** Stores a number into lane 0. */
  storeLow(address: Node, offset: number, number: Node): void;
  /** A register is written by other means. */
  change(address: Node, offset: number): void;
  /** Any may be written by somebody else. */
  forget(): void;
  /** Is this a load of a register that has not been written since? */
  holds(loaded: Node): boolean;
}

export function xmmRegisters({ g, state }: Surroundings): XmmRegisters {
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
    store: (address, offset, value) => {
      g.store("v128.store", address, offset, value);
      remember(address, offset, { whole: value });
    },
    storeLow: (address, offset, number) => {
      g.store(number.type === "f64" ? "f64.store" : "f32.store", address, offset, number);
      remember(address, offset, { low: number });
    },
    change: (address, offset) => remember(address, offset, {}),
    forget,
    holds: (loaded) => held.has(loaded),
  };
}
