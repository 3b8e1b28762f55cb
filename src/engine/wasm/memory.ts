// Guest memory in compiled code: the TLB is looked at inline (ARCHITECTURE.md, TLB), what it does not answer is a call to core.

import { CONSTANTS as C, OFFSET } from "../../hal/layout.ts";
import { NvlError } from "../../base/error.ts";
import type { Width } from "../../isa/emit.ts";
import type { Graph, Node } from "./ir.ts";
import { typeOf, type Conversions, type Surroundings } from "./types.ts";

export interface Memory {
  load(width: Width, linear: Node): Node;
  store(width: Width, linear: Node, value: Node): void;
  update(width: Width, linear: Node, compute: (old: Node) => Node): Node;
  /** 16 bytes; `aligned`: what is not aligned faults, which has been looked at unless whoever refills the TLB does so. */
  loadVector(linear: Node, aligned?: boolean): Node;
  storeVector(linear: Node, value: Node, aligned?: boolean): void;
  /** Ends the instruction if core has left a fault. */
  checkFault(): void;
}

// index bits of an address, already multiplied by the size of an entry
const ENTRY_SHIFT = 12 - Math.log2(C.TLB_ENTRY_BYTES);
const ENTRY_MASK = (C.TLB_ENTRIES - 1) * C.TLB_ENTRY_BYTES;
const PAGE_MASK = -4096;
/** Scratch slots that core's vector accesses use on our behalf: an argument's and the result's. */
const STORE_SLOT = 0, LOAD_SLOT = 3, UPDATE_SLOT = 7;
export const SCRATCH_BYTES = 16;

/** How far from another access by the same registers an access probably is in the same page. */
const NEARBY = 512;

const LOADS = { 8: "i32.load8_u", 16: "i32.load16_u", 32: "i32.load", 64: "i64.load" } as const;
const STORES = { 8: "i32.store8", 16: "i32.store16", 32: "i32.store", 64: "i64.store" } as const;

const EXCHANGES = { 8: "i32.atomic.rmw8.cmpxchg_u", 16: "i32.atomic.rmw16.cmpxchg_u", 32: "i32.atomic.rmw.cmpxchg", 64: "i64.atomic.rmw.cmpxchg" } as const;

/** Address of the TLB entry in which the page of `linear` would be. */
export function tlbEntry(g: Graph, state: Node, linear: Node): Node {
  const index = g.pure("i32.and", g.pure("i32.shr_u", g.pure("i32.wrap_i64", linear), g.i32(ENTRY_SHIFT)), g.i32(ENTRY_MASK));
  return g.pure("i32.add", g.load("i32.load", state, OFFSET.tlb), index);
}

export function memory({ g, state, core, leaveOnMiss, refills, locked, retry, remembered, nearby, extentSlot }: Surroundings, { as64, asWidth }: Conversions): Memory {
  const checkFault = () => g.when(g.load("i32.load", state, OFFSET.fault), () => g.exit("fault"));

  const lastPage = (linear: Node, bytes: number) => g.pure("i64.and", g.pure("i64.add", linear, g.i64(bytes - 1)), g.i64(PAGE_MASK));
  const lookUp = (linear: Node, bytes: number, writes: boolean) => {
    const entry = tlbEntry(g, state, linear), tag = g.load("i64.load", entry, writes ? C.TLB_WRITE : C.TLB_READ);
    return { entry, tag, last: lastPage(linear, bytes) };
  };
  const hostOf = (entry: Node, linear: Node) => g.pure("i32.add", g.load("i32.load", entry, C.TLB_ADDEND), g.pure("i32.wrap_i64", linear));
  const narrow = (width: Width, value: Node) => (width === 64 ? value : g.pure("i32.wrap_i64", value));

  /** Host address from core; leaves where there is none. `copies`: it may be that of a copy of what lies in two pages. */
  const locate = (linear: Node, bytes: number, writes: boolean, copies = false): Node => {
    const host = g.call(core("locate"), [linear, g.i32(bytes | (writes ? C.LOCATE_WRITE : copies ? C.LOCATE_COPY : 0))], "i32", true);
    g.when(g.pure("i32.eqz", host), () => g.exit("miss"));
    return host;
  };
  /** What an address without its constant part is. */
  const baseOf = (linear: Node) => (linear.op === "i64.add" && linear.args[1].kind === "const" ? linear.args[0] : linear);
  const displacementOf = (linear: Node) => (linear === baseOf(linear) ? 0 : linear.args[1].low);
  const pageOf = (linear: Node, mask = 0) => g.pure("i64.and", linear, g.i64(PAGE_MASK | mask));
  const leaveUnaligned = (linear: Node, bytes: number) => g.when(g.pure("i32.and", g.pure("i32.wrap_i64", linear), g.i32(bytes - 1)), () => g.exit("miss"));
  /** An access to the page of one before, or its neighbourhood: the same address but for a constant. */
  const nextTo = (linear: Node, bytes: number, writes: boolean, aligned: boolean): Node | undefined => {
    const before = nearby?.get(baseOf(linear));
    if (!before || (writes && !before.writable) || !g.within(before.scope) || Math.abs(displacementOf(linear) - before.displacement) > NEARBY) return undefined;
    const low = g.pure("i32.wrap_i64", linear);
    const elsewhere = aligned ? g.pure("i64.ne", pageOf(linear, bytes - 1), before.page) : g.pure("i64.gt_u", g.pure("i64.sub", linear, before.page), g.i64(4096 - bytes));
    return g.choose("i32", elsewhere, () => {
      g.rare();
      if (!refills?.()) return void g.exit("miss");
      if (aligned) leaveUnaligned(linear, bytes);
      return locate(linear, bytes, writes, !aligned && bytes > 1);
    }, () => g.pure("i32.add", before.addend, low));
  };
  /** Addend of the page in which an access lies, from the TLB. */
  const fromTlb = (linear: Node, bytes: number, writes: boolean, aligned: boolean): Node => {
    const { entry, tag, last } = lookUp(linear, bytes, writes), page = aligned ? pageOf(linear, bytes - 1) : last;
    g.when(g.pure("i64.ne", tag, page), () => {
      g.rare();
      if (!refills?.()) return g.exit("miss");
      if (aligned) leaveUnaligned(linear, bytes);
      locate(linear, bytes, writes);
    });
    return g.load("i32.load", entry, C.TLB_ADDEND);
  };
  /** The same from the extent of a slot, if the access lies in that. What is loaded for that does not depend on the address: nothing waits for it. */
  const fromExtent = (slot: number, linear: Node, otherwise: () => Node, aligned: boolean): Node => {
    let begins = g.pure("i64.sub", linear, g.load("i64.load", state, OFFSET.extentBase + 8 * slot)), bound = g.load("i64.load", state, OFFSET.extentBytes + 8 * slot);
    // the bits below the alignment become the highest
    if (aligned) [begins, bound] = [g.pure("i64.rotr", begins, g.i64(4)), g.pure("i64.shr_u", bound, g.i64(4))];
    return g.choose("i32", g.pure("i64.lt_u", begins, bound), () => g.load("i32.load", state, OFFSET.extentAddend + 4 * slot), () => {
      const patience = g.pure("i32.sub", g.load("i32.load", state, OFFSET.extentPatience), g.i32(1));
      g.keep("i32.store", state, OFFSET.extentPatience, patience);
      g.when(g.pure("i32.lt_s", patience, g.i32(0)), () => {
        g.rare();
        g.call(core("extend"), [linear, g.i32(slot)], "none", true);
      });
      return otherwise();
    });
  };
  /** Host address, where what cannot be accessed in place leaves. */
  const inPlace = (linear: Node, bytes: number, writes: boolean, aligned = false): Node => {
    if (g.changed()) throw new NvlError("wasm/miss", "an access that may miss follows a change of the state");
    const known = remembered?.(linear, writes, bytes === 16 && !aligned);
    if (!known) {
      const near = nextTo(linear, bytes, writes, aligned);
      if (near) return near;
      const otherwise = () => fromTlb(linear, bytes, writes, aligned);
      const slot = extentSlot?.(), addend = slot === undefined ? otherwise() : fromExtent(slot + (writes ? C.EXTENT_SLOTS / 2 : 0), linear, otherwise, aligned);
      nearby?.set(baseOf(linear), { page: aligned ? pageOf(linear, bytes - 1) : lastPage(linear, bytes), addend, writable: writes, displacement: displacementOf(linear), scope: g.scope() });
      return g.pure("i32.add", addend, g.pure("i32.wrap_i64", linear));
    }
    const low = g.pure("i32.wrap_i64", linear), usual = () => g.pure("i32.add", known.addend(), low);
    if (known.limit) return g.choose("i32", g.pure("i64.ge_u", g.pure("i64.sub", linear, known.page()), known.limit()), () => {
      g.rare();
      const host = locate(linear, bytes, known.writable, true);
      g.when(g.pure("i64.eq", pageOf(linear), lastPage(linear, bytes)), () => known.note(pageOf(linear), g.pure("i32.sub", host, low), bytes));
      return host;
    }, usual);
    const enter = () => {
      g.rare();
      if (aligned) leaveUnaligned(linear, bytes);
      if (refills?.()) return known.note(pageOf(linear), g.pure("i32.sub", locate(linear, bytes, known.writable), low), bytes);
      const { entry, tag, last } = lookUp(linear, bytes, known.writable);
      g.when(g.pure("i64.ne", tag, last), () => g.exit("miss"));
      known.note(pageOf(linear), g.load("i32.load", entry, C.TLB_ADDEND), bytes);
    };
    // what is aligned lies in one page, and most is
    g.when(g.pure("i64.ne", pageOf(linear, bytes - 1), known.page()), aligned || bytes === 1 || !refills?.() ? enter : () => {
      g.rare();
      const differs = (itsPage: Node) => g.pure("i64.xor", itsPage, known.page());
      g.when(g.pure("i64.ne", g.pure("i64.or", differs(pageOf(linear)), differs(lastPage(linear, bytes))), g.i64(0)), enter);
    });
    return usual();
  };

  const load = (width: Width, at: Node): Node => {
    const linear = as64(at);
    if (leaveOnMiss) return g.load(LOADS[width], inPlace(linear, width / 8, false), 0);
    const { entry, tag, last } = lookUp(linear, width / 8, false);
    return g.choose(typeOf(width), g.pure("i64.eq", tag, last), () => g.load(LOADS[width], hostOf(entry, linear), 0), () => {
      const value = g.call(core(`load${width}`), [linear], "i64");
      checkFault();
      return narrow(width, value);
    }, width);
  };
  const store = (width: Width, at: Node, value: Node): void => {
    const linear = as64(at), stored = asWidth(width, value);
    if (leaveOnMiss) return g.store(STORES[width], inPlace(linear, width / 8, true), 0, stored);
    const { entry, tag, last } = lookUp(linear, width / 8, true);
    g.when(g.pure("i64.eq", tag, last), () => g.store(STORES[width], hostOf(entry, linear), 0, stored), () => {
      g.call(core(`store${width}`), [linear, g.pure("i64.and", as64(stored), g.i64((1n << BigInt(width)) - 1n))], "none");
      checkFault();
    });
  };
  /** By compare and exchange; who loses executes the instruction anew. Addresses that are not aligned are core's business. */
  const lockedUpdate = (width: Width, linear: Node, compute: (old: Node) => Node): Node => {
    const odd = g.pure("i32.and", g.pure("i32.wrap_i64", linear), g.i32(width / 8 - 1));
    const exchange = (host: Node, lost: () => void) => {
      const old = g.load(LOADS[width], host, 0), before = g.exchange(EXCHANGES[width], host, old, asWidth(width, compute(old)));
      g.when(g.pure(width === 64 ? "i64.ne" : "i32.ne", before, old), () => {
        g.rare();
        lost();
      });
      return old;
    };
    if (leaveOnMiss) {
      if (width > 8) g.when(odd, () => {
        g.rare();
        g.exit("miss");
      });
      return exchange(inPlace(linear, width / 8, true), () => g.exit("miss"));
    }
    const { entry, tag, last } = lookUp(linear, width / 8, true);
    const direct = g.pure("i32.and", g.pure("i64.eq", tag, last), g.pure("i32.eqz", odd));
    const host = g.choose("i32", direct, () => hostOf(entry, linear), () => {
      g.rare();
      const found = g.call(core("beginLocked"), [linear, g.i32(width / 8)], "i32");
      checkFault();
      return found;
    });
    const old = exchange(host, retry!);
    g.when(g.pure("i32.eqz", direct), () => {
      g.rare();
      g.call(core("endLocked"), [host, linear, g.i32(width / 8)], "none");
      checkFault();
    });
    return old;
  };
  /** One look-up for both accesses. Where the TLB does not answer, the value visits a scratch slot and core brings it back. */
  const update = (width: Width, at: Node, compute: (old: Node) => Node): Node => {
    const linear = as64(at);
    if (locked?.()) return lockedUpdate(width, linear, compute);
    const change = (host: Node) => {
      const old = g.load(LOADS[width], host, 0);
      g.store(STORES[width], host, 0, asWidth(width, compute(old)));
      return old;
    };
    if (leaveOnMiss) return change(inPlace(linear, width / 8, true));
    const { entry, tag, last } = lookUp(linear, width / 8, true);
    const host = g.choose("i32", g.pure("i64.eq", tag, last), () => hostOf(entry, linear), () => {
      const scratch = g.call(core("beginUpdate"), [linear, g.i32(width / 8)], "i32");
      checkFault();
      return scratch;
    });
    const old = change(host);
    const scratch = g.pure("i32.add", state, g.i32(OFFSET.scratch + UPDATE_SLOT * SCRATCH_BYTES));
    g.when(g.pure("i32.eq", host, scratch), () => {
      g.call(core("endUpdate"), [linear, g.i32(width / 8)], "none");
      checkFault();
    });
    return old;
  };
  const loadVector = (at: Node, aligned?: boolean): Node => {
    const linear = as64(at);
    if (leaveOnMiss) return g.load("v128.load", inPlace(linear, 16, false, aligned), 0);
    const { entry, tag, last } = lookUp(linear, 16, false);
    return g.choose("v128", g.pure("i64.eq", tag, last), () => g.load("v128.load", hostOf(entry, linear), 0), () => {
      g.call(core("loadVector"), [linear, g.i32(LOAD_SLOT)], "none");
      checkFault();
      return g.load("v128.load", state, OFFSET.scratch + LOAD_SLOT * SCRATCH_BYTES);
    });
  };
  const storeVector = (at: Node, value: Node, aligned?: boolean): void => {
    const linear = as64(at);
    if (leaveOnMiss) return g.store("v128.store", inPlace(linear, 16, true, aligned), 0, value);
    const { entry, tag, last } = lookUp(linear, 16, true);
    g.when(g.pure("i64.eq", tag, last), () => g.store("v128.store", hostOf(entry, linear), 0, value), () => {
      g.store("v128.store", state, OFFSET.scratch + STORE_SLOT * SCRATCH_BYTES, value);
      g.call(core("storeVector"), [linear, g.i32(STORE_SLOT)], "none");
      checkFault();
    });
  };
  return { load, store, update, loadVector, storeVector, checkFault };
}
