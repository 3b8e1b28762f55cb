// REP MOVS and REP STOS in regions: their registers are locals, so they call other functions of core than the interpreter. What those do not do is
// left to it, before anything has happened.

import type { Emit } from "../../isa/emit.ts";
import type { InPlace } from "../wasm/emit.ts";
import type { Node } from "../wasm/ir.ts";
import { conversions, type Surroundings } from "../wasm/types.ts";

const RAX = 0, RCX = 1, RSI = 6, RDI = 7;
/** Functions of core that this calls. */
export const RUNS = { moveString: "moveAll", storeString: "storeAll" } as const;

/** @param emit what is recorded */
export function stringsInPlace({ g, core }: Surroundings, emit: () => Emit<Node>): InPlace {
  const { as32, as64 } = conversions(g);
  return (helper, [size, addressWidth, segment, rep]) => {
    if ((helper !== "moveString" && helper !== "storeString") || addressWidth.low !== 64) return undefined;
    const e = emit(), bytes = as32(size), count = rep.low === 0 ? g.i64(1) : e.reg(64, RCX), target = e.reg(64, RDI);
    const args = helper === "moveString" ? [e.linear(segment, e.reg(64, RSI), 1, "read"), target, count, bytes] : [target, count, bytes, as64(e.reg(64, RAX))];
    g.when(g.pure("i32.eqz", g.call(core(RUNS[helper]), args, "i32")), () => g.exit("miss"));
    const length = e.mul(64, count, size), advance = (register: number) => e.setReg(64, register, e.add(64, e.reg(64, register), length));
    if (helper === "moveString") advance(RSI);
    advance(RDI);
    if (rep.low !== 0) e.setReg(64, RCX, g.i64(0));
    return g.i32(0); // nothing is left
  };
}
