// Arithmetic on addresses whose width is a fact of the decoded instruction.

import type { Emit } from "../emit.ts";

/** 0xffff, 0xffff_ffff or all ones by address width. */
export function addressMask<V>(e: Emit<V>): V {
  return e.shr(64, e.int(0xffff_ffff_ffff_ffffn), e.sub(64, e.int(64), e.decoded("addressWidth")));
}
