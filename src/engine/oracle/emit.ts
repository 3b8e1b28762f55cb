// `Emit` on bigint: every call does at once what the instruction asks for, on the vCPU's state in shared memory. This is the reference:
// it is meant to be read beside the manual, not to be fast.
//
// An instruction that faults, and one that transfers control, ends in the middle of its meaning: `END` is thrown and caught in vcpu.ts.

import { NvlError } from "../../base/error.ts";
import { CONSTANTS as C, type VcpuState } from "../../hal/index.ts";
import type { AnyWidth, Emit, FlagName, Operand, Vector, Width } from "../../isa/emit.ts";
import { helperSignature, type HelperName } from "../../isa/helpers.ts";
import { FLAG_BIT, flagsAfter, holds } from "./flags.ts";
import { integer } from "./integer.ts";
import type { GuestAccess } from "./memory.ts";
import type { Places } from "./places.ts";
import { simd } from "./simd.ts";

/** Thrown to end an instruction before its meaning has been run through. */
export const END = Object.freeze({ what: "the instruction has ended" });

const VECTORS: Record<Vector, number> = {
  "#DE": 0, "#DB": 1, "#BP": 3, "#OF": 4, "#BR": 5, "#UD": 6, "#NM": 7, "#NP": 11, "#SS": 12, "#GP": 13, "#PF": 14, "#MF": 16, "#AC": 17, "#XM": 19,
};
const RSP = 4;
const MMX_EXPONENT = 0xffffn << 64n;
const cut = (width: number, value: bigint) => BigInt.asUintN(width, value);
const signExtend = (from: number, value: bigint) => cut(64, BigInt.asIntN(from, value));
const insert = (width: number, old: bigint, value: bigint) => (old >> BigInt(width) << BigInt(width)) | cut(width, value);

/** Makes the oracle's vocabulary for one vCPU.
 * @param places where the operands of the instruction at hand lie
 * @param memory the guest's memory by linear address; it ends the instruction on a fault */
export function oracleEmit(state: VcpuState, places: Places, memory: GuestAccess, core: Record<string, (...args: any[]) => any>): Emit<bigint> {
  const mode64 = () => (Number(state.readField("mode")) & C.MODE_CODE_MASK) === C.MODE_CODE64;
  const end = (): never => { throw END; };
  const raise = (vector: Vector, errorCode = 0n): never => {
    state.writeField("fault", BigInt(C.FAULT_PENDING | VECTORS[vector]));
    state.writeField("faultCode", errorCode);
    return end();
  };

  // -- registers
  const reg = (width: Width, number: number) => cut(width, state.readField("gpr", number));
  const setReg = (width: Width, number: number, value: bigint) =>
    state.writeField("gpr", width === 32 ? cut(32, value) : insert(width, state.readField("gpr", number), value), number);
  const highByte = (number: number) => cut(8, state.readField("gpr", number) >> 8n);
  const setHighByte = (number: number, value: bigint) => {
    const old = state.readField("gpr", number);
    state.writeField("gpr", (old & ~0xff00n) | (cut(8, value) << 8n), number);
  };

  // -- operands
  const load = (width: Width, operand: Operand): bigint => {
    switch (operand.kind) {
      case "mem": return memory.load(width, linearAddress(operand, width / 8, "read"));
      case "imm": case "rel": return cut(width, places.immediate(operand));
      case "reg": return places.isHighByte(operand) ? highByte(places.register(operand)) : reg(width, places.register(operand));
      default: throw new NvlError("oracle/operand", `${operand.kind} operands are not read by load`);
    }
  };
  const store = (width: Width, operand: Operand, value: bigint): void => {
    if (operand.kind === "mem") memory.store(width, linearAddress(operand, width / 8, "write"), value);
    else if (places.isHighByte(operand)) setHighByte(places.register(operand), value);
    else setReg(width, places.register(operand), value);
  };
  const linearAddress = (_operand: Operand, bytes: number, access: "read" | "write") =>
    memory.linear(places.segment(), places.effectiveAddress(), bytes, access);

  /** Not atomic between threads: the oracle runs one vCPU at a time. */
  const updateLinear = (width: Width, linear: bigint, compute: (old: bigint) => bigint) => {
    memory.probeWrite(linear, width / 8);
    const old = memory.load(width, linear);
    memory.store(width, linear, compute(old));
    return old;
  };

  // -- stack
  const stackWidth = (): Width => mode64() ? 64 : Number(state.readField("mode")) & C.MODE_STACK32 ? 32 : 16;
  const push = (width: Width, value: bigint): void => {
    const top = cut(stackWidth(), reg(64, RSP) - BigInt(width / 8));
    memory.store(width, memory.linear(C.SEG_SS, top, width / 8, "write"), value);
    setReg(stackWidth(), RSP, top);
  };
  const pop = (width: Width): bigint => {
    const top = reg(stackWidth(), RSP);
    const value = memory.load(width, memory.linear(C.SEG_SS, top, width / 8, "read"));
    setReg(stackWidth(), RSP, cut(stackWidth(), top + BigInt(width / 8)));
    return value;
  };

  // -- flags
  const flags = () => state.read("rflags");
  const setFlagBits = (value: bigint, mask: bigint) => state.write("rflags", (flags() & ~mask) | (value & mask));
  const setFlag = (flag: FlagName, value: bigint) => setFlagBits(value << FLAG_BIT[flag], 1n << FLAG_BIT[flag]);

  // -- control
  const jump = (target: bigint): never => {
    if (mode64() ? signExtend(48, target) !== target : target > state.readField("segLimit", C.SEG_CS)) return raise("#GP");
    state.write("rip", target);
    return end();
  };
  const relativeTarget = (width: Width, operand: Operand) => cut(width, places.nextRip() + signExtend(64, places.immediate(operand)));
  const jumpRelative = (width: Width, operand: Operand) => jump(relativeTarget(width, operand));

  // -- vectors
  /** Aligned bytes never straddle the end of the canonical addresses, so only the first is checked for that: misalignment is #GP where that is #SS. */
  const vectorAddress = (operand: Operand, bits: number, access: "read" | "write", aligned?: "aligned"): bigint => {
    const linear = linearAddress(operand, aligned && mode64() ? 1 : bits / 8, access);
    return aligned && linear & 15n ? raise("#GP") : linear;
  };
  const loadVector = (bits: AnyWidth, operand: Operand, aligned?: "aligned"): bigint => {
    switch (operand.kind) {
      case "mem": return memory.load(bits, vectorAddress(operand, bits, "read", aligned));
      case "mm": return cut(bits, state.readField("fpr", places.register(operand)) & ~MMX_EXPONENT);
      case "xmm": return cut(bits, state.readXmm(places.register(operand)));
      default: return load(bits as Width, operand);
    }
  };
  const storeVector = (bits: AnyWidth, operand: Operand, value: bigint, aligned?: "aligned"): void => {
    switch (operand.kind) {
      case "mem": return memory.store(bits, vectorAddress(operand, bits, "write", aligned), value);
      case "mm": return state.writeField("fpr", MMX_EXPONENT | cut(64, value), places.register(operand));
      case "xmm": return state.writeXmm(places.register(operand), insert(bits, state.readXmm(places.register(operand)), value));
      default: return store(bits as Width, operand, value);
    }
  };

  const call = (helper: HelperName, ...args: bigint[]): bigint => {
    const signature = helperSignature(helper);
    let vectors = 0;
    const passed: (bigint | number)[] = [];
    signature.args.forEach((kind, index) => {
      const value = args[index]!;
      if (kind === "v") state.writeField("scratch", value, vectors++);
      else passed.push(kind === "l" ? value : Number(BigInt.asIntN(32, value)));
    });
    const implementation = core[helper];
    if (implementation === undefined) throw new NvlError("oracle/helper", `engine/core does not export ${helper}`);
    const result: bigint | number | undefined = implementation(...passed);
    if (signature.faults && state.readField("fault") !== 0n) return end();
    switch (signature.result) {
      case "v": return state.readField("scratch", 3);
      case "l": return cut(64, result as bigint);
      case "i": return cut(32, BigInt(result as number));
      default: return 0n;
    }
  };

  return {
    ...integer,
    decoded: (fact) => places.fact(fact),
    nextRip: places.nextRip,
    cpl: () => state.read("cpl"),
    protectedMode: () => Number(state.readField("mode")) & C.MODE_PROTECTED ? 1n : 0n,
    fpuTrap: () => state.readField("fpuTrap"),
    registerNumber: (operand) => BigInt(places.register(operand)),
    load, store,
    update: (width, operand, compute) => {
      if (operand.kind !== "mem") {
        const old = load(width, operand);
        store(width, operand, compute(old));
        return old;
      }
      return updateLinear(width, linearAddress(operand, width / 8, "write"), compute);
    },
    updateLinear,
    effectiveAddress: places.effectiveAddress, linearAddress,
    loadLinear: (width, linear) => memory.load(width, linear),
    storeLinear: (width, linear, value) => memory.store(width, linear, value),
    linear: (segment, offset, bytes, access) => memory.linear(Number(segment), offset, bytes, access),
    reg, setReg, highByte, setHighByte, push, pop,
    when: (condition, yes, no) => { if (condition !== 0n) yes(); else no?.(); },
    setFlags: (rule, width, a, b, result) => state.write("rflags", flagsAfter(flags(), rule, width, a, b, result)),
    setFlag,
    flag: (flag) => (flags() >> FLAG_BIT[flag]) & 1n,
    condition: (condition) => holds(condition, flags()) ? 1n : 0n,
    flags, setFlagBits,
    directionFlag: () => (flags() >> 10n) & 1n,
    relativeTarget, jumpRelative,
    branch: (condition, width, operand) => { if (condition !== 0n) jumpRelative(width, operand); },
    jump,
    leave: end,
    repeat: (condition) => {
      if (condition === 0n) return;
      state.write("rip", places.rip());
      end();
    },
    spin: () => {
      const left = BigInt.asIntN(32, state.readField("pauses"));
      state.writeField("pauses", left - 1n);
      if (left !== 1n) return;
      (core as unknown as { patienceEnds(nextRip: bigint): void }).patienceEnds(BigInt.asIntN(64, places.nextRip()));
      end();
    },
    raise,
    call,
    loadVector, storeVector,
    xmm: (number) => state.readXmm(number),
    setXmm: (number, value) => state.writeXmm(number, value),
    simd,
    vector: (low, high) => cut(64, low) | (cut(64, high) << 64n),
  };
}
