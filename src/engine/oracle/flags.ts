// The six arithmetic flags, computed at once (SDM 1, Status Flags). The shared state keeps them lazily; the oracle converts.

import type { Condition, FlagName, FlagRule, Width } from "../../isa/emit.ts";

export const FLAG_BIT: Record<FlagName, bigint> = { cf: 0n, pf: 2n, af: 4n, zf: 6n, sf: 7n, of: 11n };
const ARITHMETIC = 0x8d5n;

const bit = (value: bigint, at: bigint) => (value >> at) & 1n;

function evenParity(result: bigint): boolean {
  let even = true;
  for (let byte = result & 0xffn; byte !== 0n; byte &= byte - 1n) even = !even;
  return even;
}

/** RFLAGS after an operation. For `add` and `sub`, a carry or borrow that came in shows in `result`. */
export function flagsAfter(before: bigint, rule: FlagRule, width: Width, a: bigint, b: bigint, result: bigint): bigint {
  const top = BigInt(width - 1);
  const adds = rule === "add" || rule === "inc";
  const carries = adds ? (a & b) | ((a | b) & ~result) : (~a & b) | ((~a | b) & result);
  const overflows = adds ? (a ^ result) & (b ^ result) : (a ^ b) & (a ^ result);
  const shift = rule === "shift", logic = rule === "logic";
  const cf = rule === "inc" || rule === "dec" ? bit(before, 0n) : logic ? 0n : shift ? a : bit(carries, top);
  const of = logic ? 0n : shift ? b : bit(overflows, top), af = logic || shift ? 0n : bit(a ^ b ^ result, 4n);
  const zf = BigInt.asUintN(width, result) === 0n ? 1n : 0n, pf = evenParity(result) ? 1n : 0n;
  return (before & ~ARITHMETIC) | cf | (pf << 2n) | (af << 4n) | (zf << 6n) | (bit(result, top) << 7n) | (of << 11n);
}

/** Whether a condition holds (SDM 1, EFLAGS Condition Codes). */
export function holds(condition: Condition, flags: bigint): boolean {
  const set = (flag: FlagName) => bit(flags, FLAG_BIT[flag]) === 1n;
  switch (condition) {
    case "o": return set("of");
    case "b": return set("cf");
    case "e": return set("zf");
    case "be": return set("cf") || set("zf");
    case "s": return set("sf");
    case "p": return set("pf");
    case "l": return set("sf") !== set("of");
    case "le": return set("zf") || set("sf") !== set("of");
    case "no": return !holds("o", flags);
    case "ae": return !holds("b", flags);
    case "ne": return !holds("e", flags);
    case "a": return !holds("be", flags);
    case "ns": return !holds("s", flags);
    case "np": return !holds("p", flags);
    case "ge": return !holds("l", flags);
    case "g": return !holds("le", flags);
  }
}
