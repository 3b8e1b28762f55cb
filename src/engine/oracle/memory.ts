// Guest memory as an instruction sees it: segments first (SDM 3A, Protection), then pages, which engine/core translates.

import { CONSTANTS as C, type VcpuState } from "../../hal/index.ts";
import type { AnyWidth } from "../../isa/emit.ts";

export type Access = "read" | "write";

export interface GuestAccess {
  /** Linear address of `offset` in a segment, checked for `bytes` and access. */
  linear(segment: number, offset: bigint, bytes: number, access: Access): bigint;
  load(bits: AnyWidth, linear: bigint): bigint;
  store(bits: AnyWidth, linear: bigint, value: bigint): void;
  /** Faults as a write would. */
  probeWrite(linear: bigint, bytes: number): void;
}

const CANONICAL_BITS = 48;
const MOST_BITS = 128;
const canonical = (linear: bigint) => BigInt.asUintN(64, BigInt.asIntN(CANONICAL_BITS, linear)) === linear;

/** @param raise ends the instruction with #GP(0) or #SS(0)
 * @param check ends the instruction if core has left a fault */
export function guestAccess(state: VcpuState, core: Record<string, (...args: any[]) => any>,
  raise: (vector: "#GP" | "#SS") => never, check: () => void): GuestAccess {
  /** The last slot belongs to the helpers; none is at work when memory is accessed. */
  const slot = 7;

  const insideLimit = (attributes: number, limit: bigint, first: bigint, last: bigint) => {
    const expandsDown = (attributes & 0x1c) === 0x14;
    if (!expandsDown) return last <= limit;
    return first > limit && last <= (attributes & 0x4000 ? 0xffff_ffffn : 0xffffn);
  };
  const permits = (attributes: number, access: Access) => {
    const code = (attributes & 8) !== 0, bit1 = (attributes & 2) !== 0; // readable code, writable data
    return access === "read" ? !code || bit1 : !code && bit1;
  };
  const linear = (segment: number, offset: bigint, bytes: number, access: Access): bigint => {
    const mode = Number(state.readField("mode")), base = state.readField("segBase", segment);
    const refuse = () => raise(segment === C.SEG_SS ? "#SS" : "#GP");
    if ((mode & C.MODE_CODE_MASK) === C.MODE_CODE64) {
      const hasBase = segment === C.SEG_FS || segment === C.SEG_GS;
      const address = BigInt.asUintN(64, offset + (hasBase ? base : 0n));
      if (!canonical(address) || !canonical(BigInt.asUintN(64, address + BigInt(bytes - 1)))) return refuse();
      return address;
    }
    const attributes = Number(state.readField("segAttr", segment)), last = offset + BigInt(bytes - 1);
    const checksType = (mode & C.MODE_PROTECTED) !== 0 && (mode & C.MODE_VM86) === 0 && segment !== C.SEG_NONE;
    if (attributes & C.SEG_UNUSABLE) return refuse();
    if (checksType && !permits(attributes, access)) return refuse();
    if (!insideLimit(attributes, state.readField("segLimit", segment), offset, last)) return refuse();
    return BigInt.asUintN(32, base + offset);
  };

  const loadInteger = (bits: number, address: bigint): bigint => {
    const value: bigint = core[`load${bits}`]!(address);
    check();
    return BigInt.asUintN(bits, value);
  };
  const storeInteger = (bits: number, address: bigint, value: bigint): void => {
    const cut = BigInt.asUintN(bits, value);
    core[`store${bits}`]!(address, cut);
    check();
  };
  const probeWrite = (address: bigint, bytes: number): void => {
    core.probeWrite!(address, bytes);
    check();
  };
  const load = (bits: AnyWidth, address: bigint): bigint => {
    if (bits === MOST_BITS) {
      core.loadVector!(address, slot);
      check();
      return state.readField("scratch", slot);
    }
    if (bits === 80) return loadInteger(64, address) | (loadInteger(16, address + 8n) << 64n);
    return loadInteger(bits, address);
  };
  const store = (bits: AnyWidth, address: bigint, value: bigint): void => {
    if (bits === MOST_BITS) {
      state.writeField("scratch", value, slot);
      core.storeVector!(address, slot);
      return check();
    }
    if (bits === 80) {
      probeWrite(address, 10);
      storeInteger(64, address, value);
      return storeInteger(16, address + 8n, value >> 64n);
    }
    storeInteger(bits, address, value);
  };
  return { linear, load, store, probeWrite };
}
