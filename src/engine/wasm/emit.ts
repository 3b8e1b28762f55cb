// `Emit` for WebAssembly: records the meaning of an instruction as a graph. Where operands lie and how control leaves an instruction
// differs between interpreter and JIT: `Placement`.

import { CONSTANTS as C, OFFSET } from "../../hal/layout.ts";
import type { AnyWidth, DecodedFact, Emit, Operand, Vector, Width } from "../../isa/emit.ts";
import { helperSignature, type HelperName } from "../../isa/helpers.ts";
import { FP_HELPERS } from "../../isa/float/helpers.ts";
import type { SimdOp } from "../../isa/simd.ts";
import { arithmetic } from "./arithmetic.ts";
import { flags, type FlagStore } from "./flags.ts";
import { floatInPlace } from "./fp.ts";
import type { Node } from "./ir.ts";
import { memory, SCRATCH_BYTES } from "./memory.ts";
import { OP_FACTS } from "./opcodes.ts";
import { conversions, type Surroundings } from "./types.ts";
import { xmmInState, type VectorBits, type XmmRegisters } from "./xmm.ts";

/** Where a register lies: an address and an offset. */
export interface Place { address: Node; offset: number }

export interface Placement {
  /** A general register operand; AH..BH are places like any other. */
  readRegister(width: Width, operand: Operand): Node;
  writeRegister(width: Width, operand: Operand, value: Node): void;
  readGpr(width: Width, number: number): Node;
  writeGpr(width: Width, number: number, value: Node): void;
  readHighByte(number: number): Node;
  writeHighByte(number: number, value: Node): void;
  /** Number of a segment, control, debug or x87 register. */
  registerNumber(operand: Operand): Node;
  /** An XMM or MM register. */
  vectorRegister(operand: Operand): Place;
  immediate(width: Width, operand: Operand): Node;
  effectiveAddress(operand: Operand): Node;
  linearAddress(operand: Operand, bytes: number, access: "read" | "write"): Node;
  linear(segment: Node, offset: Node, bytes: number, access: "read" | "write"): Node;
  decoded(fact: DecodedFact): Node;
  nextRip(): Node;
  /** The stack pointer moved by some bytes, in the width of the stack. */
  stackPointer(bytes: number): { top: Node; moved: Node; set(value: Node): void };
  /** Where a relative operand leads. */
  relativeTarget(width: Width, operand: Operand): Node;
  /** Exits by a relative operand. */
  jumpRelative(width: Width, operand: Operand): void;
  /** Exits to an offset in CS that may be wrong. */
  jump(target: Node): void;
  /** Exits to this same instruction. */
  again(): void;
}

const VECTORS: Record<Vector, number> = {
  "#DE": 0, "#DB": 1, "#BP": 3, "#OF": 4, "#BR": 5, "#UD": 6, "#NM": 7, "#NP": 11, "#SS": 12, "#GP": 13, "#PF": 14, "#MF": 16, "#AC": 17, "#XM": 19,
};
const RESULT_SLOT = 3;
const MMX_EXPONENT = 0xffff;

/** What stands for the call of a helper, or undefined where it must be called. */
export type InPlace = (helper: HelperName, args: readonly Node[]) => Node | undefined;

/** @param xmm where XMM registers are, if not in the state
 * @param float is asked first whether a helper need not be called */
export function createEmit(surroundings: Surroundings, place: (e: Emit<Node>) => Placement, flagStore: FlagStore, xmm: XmmRegisters = xmmInState(surroundings), float: InPlace = () => undefined): Emit<Node> {
  const { g, state, core } = surroundings;
  const convert = conversions(g);
  const { as32, as64, asWidth, asCondition } = convert;
  const integer = arithmetic(g, convert);
  const guest = memory(surroundings, convert);
  const zero = g.v128(0n, 0n);

  const raise = (vector: Vector, errorCode?: Node) => {
    if (surroundings.refills) return g.exit("miss");
    g.store("i32.store", state, OFFSET.fault, g.i32(C.FAULT_PENDING | VECTORS[vector]));
    g.store("i32.store", state, OFFSET.faultCode, errorCode ? as32(errorCode) : g.i32(0));
    g.exit("fault");
  };

  const load = (width: Width, operand: Operand): Node => {
    switch (operand.kind) {
      case "mem": return guest.load(width, at.linearAddress(operand, width / 8, "read"));
      case "reg": return at.readRegister(width, operand);
      case "imm": case "rel": return at.immediate(width, operand);
      default: return at.registerNumber(operand);
    }
  };
  const store = (width: Width, operand: Operand, value: Node): void => {
    if (operand.kind === "mem") guest.store(width, at.linearAddress(operand, width / 8, "write"), value);
    else at.writeRegister(width, operand, value);
  };
  const update = (width: Width, operand: Operand, compute: (old: Node) => Node): Node => {
    if (operand.kind === "mem") return guest.update(width, at.linearAddress(operand, width / 8, "write"), compute);
    const old = at.readRegister(width, operand);
    at.writeRegister(width, operand, compute(old));
    return old;
  };

  const push = (width: Width, value: Node): void => {
    const { moved, set } = at.stackPointer(-width / 8);
    guest.store(width, at.linear(g.i32(C.SEG_SS), moved, width / 8, "write"), value);
    set(moved);
  };
  const pop = (width: Width): Node => {
    const { top, moved, set } = at.stackPointer(width / 8);
    const value = guest.load(width, at.linear(g.i32(C.SEG_SS), top, width / 8, "read"));
    set(moved);
    return value;
  };

  const callCore = (helper: HelperName, args: readonly Node[]): Node => {
    if (!(helper in FP_HELPERS)) xmm.forget();
    const signature = helperSignature(helper);
    let vectors = 0;
    const passed: Node[] = [];
    signature.args.forEach((kind, index) => {
      if (kind === "v") g.store("v128.store", state, OFFSET.scratch + SCRATCH_BYTES * vectors++, args[index]);
      else passed.push(kind === "l" ? as64(args[index]) : as32(args[index]));
    });
    const result = g.call(core(helper), passed, signature.result === "l" ? "i64" : signature.result === "i" ? "i32" : "none", signature.pure);
    if (signature.faults) guest.checkFault();
    return signature.result === "v" ? g.load("v128.load", state, OFFSET.scratch + SCRATCH_BYTES * RESULT_SLOT) : result;
  };
  const inPlace = floatInPlace(surroundings, convert, xmm.holds);
  const call = (helper: HelperName, ...args: Node[]): Node => float(helper, args) ?? inPlace(helper, args, (again) => callCore(helper, again)) ?? callCore(helper, args);

  const fromScalar = (bits: AnyWidth, value: Node) => {
    const loaded = value.kind === "load" && g.fresh(value); // as a vector right away
    if (loaded && value.op === "i64.load" && bits === 64) return g.load("v128.load64_zero", value.args[0], value.immediate);
    if (loaded && value.op === "i32.load" && bits === 32) return g.load("v128.load32_zero", value.args[0], value.immediate);
    return g.simd("i64x2.replace_lane", [zero, as64(integer.zeroExtend(bits as Width, value))], [0]);
  };
  const toScalar = (bits: AnyWidth, value: Node) =>
    bits === 64 ? g.simd("i64x2.extract_lane", [value], [0]) : integer.zeroExtend(bits as Width, g.simd("i32x4.extract_lane", [value], [0]));
  const checkAligned = (linear: Node) => g.when(g.pure("i32.and", as32(linear), g.i32(15)), () => {
    if (surroundings.refills) return g.exit("miss");
    g.store("i32.store", state, OFFSET.fault, g.i32(C.FAULT_PENDING | C.FAULT_MISALIGNED));
    g.store("i32.store", state, OFFSET.faultCode, g.i32(0));
    g.store("i64.store", state, OFFSET.faultAddress, linear);
    g.exit("fault");
  });
  const loadVector = (bits: AnyWidth, operand: Operand, aligned?: "aligned"): Node => {
    if (operand.kind === "xmm") {
      const { address, offset } = at.vectorRegister(operand);
      return xmm.load(bits as VectorBits, address, offset);
    }
    if (operand.kind === "mm") {
      const { address, offset } = at.vectorRegister(operand);
      if (bits === 128) return g.load("v128.load", address, offset);
      if (bits === 64) return g.load("v128.load64_zero", address, offset);
      return bits === 32 ? g.load("v128.load32_zero", address, offset) : fromScalar(bits, g.load("i32.load", address, offset));
    }
    if (operand.kind !== "mem" || bits !== 128) return fromScalar(bits, load(bits as Width, operand));
    const linear = at.linearAddress(operand, 16, "read");
    if (aligned && !surroundings.refills) checkAligned(linear);
    return guest.loadVector(linear, aligned !== undefined);
  };
  const storeVector = (bits: AnyWidth, operand: Operand, value: Node, aligned?: "aligned"): void => {
    if (operand.kind === "mm") {
      const { address, offset } = at.vectorRegister(operand);
      g.store("i64.store", address, offset, toScalar(64, value));
      return g.store("i32.store16", address, offset + 8, g.i32(MMX_EXPONENT));
    }
    if (operand.kind === "xmm") {
      const { address, offset } = at.vectorRegister(operand);
      return xmm.store(bits as VectorBits, address, offset, value);
    }
    if (operand.kind !== "mem" || bits !== 128) return store(bits as Width, operand, toScalar(bits, value));
    const linear = at.linearAddress(operand, 16, "write");
    if (aligned && !surroundings.refills) checkAligned(linear);
    guest.storeVector(linear, value, aligned !== undefined);
  };
  const simd = (op: SimdOp, args: readonly Node[], lanes?: readonly number[]): Node =>
    g.simd(op, args.map((arg, index) => {
      const type = OP_FACTS[op].args[index];
      return type === "i32" ? as32(arg) : type === "i64" ? as64(arg) : arg;
    }), lanes);

  const e: Emit<Node> = {
    ...integer,
    ...flags(surroundings, convert, flagStore),
    decoded: (fact) => at.decoded(fact),
    nextRip: () => at.nextRip(),
    cpl: () => g.load("i32.load", state, OFFSET.cpl),
    protectedMode: () => g.pure("i32.ne", g.pure("i32.and", g.load("i32.load", state, OFFSET.mode), g.i32(C.MODE_PROTECTED)), g.i32(0)),
    fpuTrap: () => g.load("i32.load", state, OFFSET.fpuTrap),
    load, store, update,
    updateLinear: guest.update,
    registerNumber: (operand) => at.registerNumber(operand),
    effectiveAddress: (operand) => at.effectiveAddress(operand),
    linearAddress: (operand, bytes, access) => at.linearAddress(operand, bytes, access),
    loadLinear: guest.load,
    storeLinear: guest.store,
    linear: (segment, offset, bytes, access) => at.linear(segment, offset, bytes, access),
    reg: (width, number) => at.readGpr(width, number),
    setReg: (width, number, value) => at.writeGpr(width, number, asWidth(width, value)),
    highByte: (number) => at.readHighByte(number),
    setHighByte: (number, value) => at.writeHighByte(number, as32(value)),
    push, pop,
    relativeTarget: (width, operand) => at.relativeTarget(width, operand),
    jumpRelative: (width, operand) => at.jumpRelative(width, operand),
    branch: (condition, width, operand) => g.when(asCondition(condition), () => at.jumpRelative(width, operand)),
    jump: (target) => at.jump(as64(target)),
    leave: () => g.exit("leave"),
    repeat: (condition) => g.when(asCondition(condition), () => at.again()),
    spin: () => {
      const left = g.load("i32.load", state, OFFSET.pauses);
      if (surroundings.leaveOnMiss) g.when(g.pure("i32.eq", left, g.i32(1)), () => g.exit("miss"));
      g.store("i32.store", state, OFFSET.pauses, g.pure("i32.sub", left, g.i32(1)));
      if (surroundings.leaveOnMiss) return;
      g.when(g.pure("i32.eq", left, g.i32(1)), () => {
        g.call(core("patienceEnds"), [at.nextRip()], "none");
        g.exit("leave");
      });
    },
    raise, call, loadVector, storeVector,
    xmm: (number) => xmm.load(128, state, OFFSET.xmm + 16 * number),
    setXmm: (number, value) => xmm.store(128, state, OFFSET.xmm + 16 * number, value),
    simd,
    vector: (low, high) => g.v128(low, high),
  };
  const at = place(e);
  return e;
}
