// WebAssembly instructions that we emit, with their encoding and signature (WebAssembly Core, Index of Instructions).
// Shape: `arguments:result`, with l for i64, i for i32, d for f64, f for f32, v for v128. Vector operations on integers are listed in isa/simd.ts.

import { SIMD_OPS, type SimdOp } from "../../isa/simd.ts";
import { RESULT_BITS, RULES, type Rule } from "./fold.ts";

export type ValueType = "i32" | "i64" | "f32" | "f64" | "v128";
export const VALUE_TYPE_CODES: Record<ValueType, number> = { i32: 0x7f, i64: 0x7e, f32: 0x7d, f64: 0x7c, v128: 0x7b };

export const PURE_OPS = {
  "i32.eqz": [0x45, "i:i"], "i32.eq": [0x46, "ii:i"], "i32.ne": [0x47, "ii:i"], "i32.lt_s": [0x48, "ii:i"], "i32.lt_u": [0x49, "ii:i"],
  "i32.gt_s": [0x4a, "ii:i"], "i32.gt_u": [0x4b, "ii:i"], "i32.le_s": [0x4c, "ii:i"], "i32.le_u": [0x4d, "ii:i"], "i32.ge_s": [0x4e, "ii:i"], "i32.ge_u": [0x4f, "ii:i"],
  "i64.eqz": [0x50, "l:i"], "i64.eq": [0x51, "ll:i"], "i64.ne": [0x52, "ll:i"], "i64.lt_s": [0x53, "ll:i"], "i64.lt_u": [0x54, "ll:i"],
  "i64.gt_s": [0x55, "ll:i"], "i64.gt_u": [0x56, "ll:i"], "i64.le_s": [0x57, "ll:i"], "i64.le_u": [0x58, "ll:i"], "i64.ge_s": [0x59, "ll:i"], "i64.ge_u": [0x5a, "ll:i"],
  "i32.clz": [0x67, "i:i"], "i32.ctz": [0x68, "i:i"], "i32.popcnt": [0x69, "i:i"], "i32.add": [0x6a, "ii:i"], "i32.sub": [0x6b, "ii:i"], "i32.mul": [0x6c, "ii:i"],
  "i32.and": [0x71, "ii:i"], "i32.or": [0x72, "ii:i"], "i32.xor": [0x73, "ii:i"], "i32.shl": [0x74, "ii:i"], "i32.shr_s": [0x75, "ii:i"], "i32.shr_u": [0x76, "ii:i"],
  "i32.rotl": [0x77, "ii:i"], "i32.rotr": [0x78, "ii:i"],
  "i64.clz": [0x79, "l:l"], "i64.ctz": [0x7a, "l:l"], "i64.popcnt": [0x7b, "l:l"], "i64.add": [0x7c, "ll:l"], "i64.sub": [0x7d, "ll:l"], "i64.mul": [0x7e, "ll:l"],
  "i64.and": [0x83, "ll:l"], "i64.or": [0x84, "ll:l"], "i64.xor": [0x85, "ll:l"], "i64.shl": [0x86, "ll:l"], "i64.shr_s": [0x87, "ll:l"], "i64.shr_u": [0x88, "ll:l"],
  "i64.rotl": [0x89, "ll:l"], "i64.rotr": [0x8a, "ll:l"],
  "i32.wrap_i64": [0xa7, "l:i"], "i64.extend_i32_s": [0xac, "i:l"], "i64.extend_i32_u": [0xad, "i:l"],
  "i32.extend8_s": [0xc0, "i:i"], "i32.extend16_s": [0xc1, "i:i"], "i64.extend8_s": [0xc2, "l:l"], "i64.extend16_s": [0xc3, "l:l"], "i64.extend32_s": [0xc4, "l:l"],
} as const satisfies Record<string, readonly [number, string]>;

/** Floating point, used where Wasm's arithmetic gives what the CPU does (fp.ts). No constants are folded here. */
export const FLOAT_OPS = {
  "f32.eq": [0x5b, "ff:i"], "f32.ne": [0x5c, "ff:i"], "f32.lt": [0x5d, "ff:i"], "f32.gt": [0x5e, "ff:i"], "f32.le": [0x5f, "ff:i"], "f32.ge": [0x60, "ff:i"],
  "f64.eq": [0x61, "dd:i"], "f64.ne": [0x62, "dd:i"], "f64.lt": [0x63, "dd:i"], "f64.gt": [0x64, "dd:i"], "f64.le": [0x65, "dd:i"], "f64.ge": [0x66, "dd:i"],
  "f32.ceil": [0x8d, "f:f"], "f32.floor": [0x8e, "f:f"], "f32.trunc": [0x8f, "f:f"], "f32.nearest": [0x90, "f:f"], "f32.sqrt": [0x91, "f:f"],
  "f32.add": [0x92, "ff:f"], "f32.sub": [0x93, "ff:f"], "f32.mul": [0x94, "ff:f"], "f32.div": [0x95, "ff:f"],
  "f64.ceil": [0x9b, "d:d"], "f64.floor": [0x9c, "d:d"], "f64.trunc": [0x9d, "d:d"], "f64.nearest": [0x9e, "d:d"], "f64.sqrt": [0x9f, "d:d"],
  "f64.add": [0xa0, "dd:d"], "f64.sub": [0xa1, "dd:d"], "f64.mul": [0xa2, "dd:d"], "f64.div": [0xa3, "dd:d"],
  "f32.convert_i64_s": [0xb4, "l:f"], "f32.demote_f64": [0xb6, "d:f"], "f64.convert_i32_s": [0xb7, "i:d"], "f64.convert_i64_s": [0xb9, "l:d"], "f64.promote_f32": [0xbb, "f:d"],
  "i32.reinterpret_f32": [0xbc, "f:i"], "i64.reinterpret_f64": [0xbd, "d:l"],
  "f32x4.splat": [0xfd13, "f:v"], "f64x2.splat": [0xfd14, "d:v"], "f32x4.extract_lane": [0xfd1f, "v:f"], "f32x4.replace_lane": [0xfd20, "vf:v"],
  "f64x2.extract_lane": [0xfd21, "v:d"], "f64x2.replace_lane": [0xfd22, "vd:v"],
  "f32x4.eq": [0xfd41, "vv:v"], "f32x4.ne": [0xfd42, "vv:v"], "f32x4.lt": [0xfd43, "vv:v"], "f32x4.le": [0xfd45, "vv:v"],
  "f64x2.eq": [0xfd47, "vv:v"], "f64x2.ne": [0xfd48, "vv:v"], "f64x2.lt": [0xfd49, "vv:v"], "f64x2.le": [0xfd4b, "vv:v"],
  "f32x4.demote_f64x2_zero": [0xfd5e, "v:v"], "f64x2.promote_low_f32x4": [0xfd5f, "v:v"],
  "f32x4.ceil": [0xfd67, "v:v"], "f32x4.floor": [0xfd68, "v:v"], "f32x4.trunc": [0xfd69, "v:v"], "f32x4.nearest": [0xfd6a, "v:v"],
  "f64x2.ceil": [0xfd74, "v:v"], "f64x2.floor": [0xfd75, "v:v"], "f64x2.trunc": [0xfd7a, "v:v"], "f64x2.nearest": [0xfd94, "v:v"],
  "f32x4.sqrt": [0xfde3, "v:v"], "f32x4.add": [0xfde4, "vv:v"], "f32x4.sub": [0xfde5, "vv:v"], "f32x4.mul": [0xfde6, "vv:v"], "f32x4.div": [0xfde7, "vv:v"],
  "f32x4.pmin": [0xfdea, "vv:v"], "f32x4.pmax": [0xfdeb, "vv:v"],
  "f64x2.sqrt": [0xfdef, "v:v"], "f64x2.add": [0xfdf0, "vv:v"], "f64x2.sub": [0xfdf1, "vv:v"], "f64x2.mul": [0xfdf2, "vv:v"], "f64x2.div": [0xfdf3, "vv:v"],
  "f64x2.pmin": [0xfdf6, "vv:v"], "f64x2.pmax": [0xfdf7, "vv:v"],
  "i32x4.trunc_sat_f32x4_s": [0xfdf8, "v:v"], "f32x4.convert_i32x4_s": [0xfdfa, "v:v"], "i32x4.trunc_sat_f64x2_s_zero": [0xfdfc, "v:v"], "f64x2.convert_low_i32x4_s": [0xfdfe, "v:v"],
} as const satisfies Record<string, readonly [number, string]>;

/** Operations that trap for some operands: they stay where they are and are emitted only if somebody wants the result. */
export const PARTIAL_OPS = {
  "i64.div_s": [0x7f, "ll:l"], "i64.div_u": [0x80, "ll:l"], "i64.rem_s": [0x81, "ll:l"], "i64.rem_u": [0x82, "ll:l"],
  "i64.trunc_f32_s": [0xae, "f:l"], "i64.trunc_f64_s": [0xb0, "d:l"],
  "i32.div_s": [0x6d, "ii:i"], "i32.div_u": [0x6e, "ii:i"], "i32.rem_s": [0x6f, "ii:i"], "i32.rem_u": [0x70, "ii:i"],
} as const satisfies Record<string, readonly [number, string]>;

export const LOAD_OPS = {
  "i32.load": [0x28, ":i"], "i64.load": [0x29, ":l"], "i32.load8_s": [0x2c, ":i"], "i32.load8_u": [0x2d, ":i"], "i32.load16_s": [0x2e, ":i"], "i32.load16_u": [0x2f, ":i"],
  "i64.load8_s": [0x30, ":l"], "i64.load8_u": [0x31, ":l"], "i64.load16_s": [0x32, ":l"], "i64.load16_u": [0x33, ":l"], "i64.load32_s": [0x34, ":l"], "i64.load32_u": [0x35, ":l"],
  "f32.load": [0x2a, ":f"], "f64.load": [0x2b, ":d"],
  "v128.load": [0xfd00, ":v"], "v128.load32_zero": [0xfd5c, ":v"], "v128.load64_zero": [0xfd5d, ":v"],
} as const satisfies Record<string, readonly [number, string]>;

export const STORE_OPS = {
  "i32.store": [0x36, "i:"], "i64.store": [0x37, "l:"], "i32.store8": [0x3a, "i:"], "i32.store16": [0x3b, "i:"],
  "i64.store8": [0x3c, "l:"], "i64.store16": [0x3d, "l:"], "i64.store32": [0x3e, "l:"], "v128.store": [0xfd0b, "v:"],
  "f32.store": [0x38, "f:"], "f64.store": [0x39, "d:"],
} as const satisfies Record<string, readonly [number, string]>;

/** Compare and exchange: address, expected, replacement; the address must be aligned, or WebAssembly traps. Result: what was there. */
export const ATOMIC_OPS = {
  "i32.atomic.rmw.cmpxchg": [0xfe48, "ii:i"], "i64.atomic.rmw.cmpxchg": [0xfe49, "ll:l"],
  "i32.atomic.rmw8.cmpxchg_u": [0xfe4a, "ii:i"], "i32.atomic.rmw16.cmpxchg_u": [0xfe4b, "ii:i"],
} as const satisfies Record<string, readonly [number, string]>;
/** The alignment that an atomic access must state, as a power of two. */
export const ATOMIC_ALIGNMENT: Record<keyof typeof ATOMIC_OPS, number> = {
  "i32.atomic.rmw.cmpxchg": 2, "i64.atomic.rmw.cmpxchg": 3, "i32.atomic.rmw8.cmpxchg_u": 0, "i32.atomic.rmw16.cmpxchg_u": 1,
};

export type AtomicOp = keyof typeof ATOMIC_OPS;
export type PureOp = keyof typeof PURE_OPS;
export type FloatOp = keyof typeof FLOAT_OPS;
export type PartialOp = keyof typeof PARTIAL_OPS;
export type LoadOp = keyof typeof LOAD_OPS;
export type StoreOp = keyof typeof STORE_OPS;

/** Instructions that are not values: structure, locals, calls. */
export const CONTROL = {
  unreachable: 0x00, nop: 0x01, block: 0x02, loop: 0x03, if: 0x04, else: 0x05, end: 0x0b, br: 0x0c, brIf: 0x0d, brTable: 0x0e, return: 0x0f, call: 0x10, callIndirect: 0x11,
  drop: 0x1a, select: 0x1b, localGet: 0x20, localSet: 0x21, localTee: 0x22, globalGet: 0x23, globalSet: 0x24, i32Const: 0x41, i64Const: 0x42, emptyBlock: 0x40,
  atomicPrefix: 0xfe, vectorPrefix: 0xfd, vectorConst: 0x0c,
} as const;

const TYPES: Record<string, ValueType> = { i: "i32", l: "i64", f: "f32", d: "f64", v: "v128" };

/** `rule`: how integers are computed and simplified; `bits`: how many of the result can be set, whatever the operands. */
export interface OpFact { code: number; args: ValueType[]; result: ValueType | undefined; rule: Rule | undefined; bits: number }

function fact(name: string, code: number, shape: string): OpFact {
  const [args, letter] = shape.split(":"), result = TYPES[letter], [type, operation] = name.split(".");
  const isInteger = type === "i32" || type === "i64";
  return { code, args: [...args].map((each) => TYPES[each]), result, rule: isInteger ? RULES[operation] : undefined, bits: RESULT_BITS[operation] ?? (result === "i32" ? 32 : 64) };
}

/** Encoding, types and rule of every operation by name. Codes above 0xff are those after the 0xfd prefix, plus 0xfd00. */
export const OP_FACTS: Readonly<Record<PureOp | FloatOp | PartialOp | LoadOp | StoreOp | AtomicOp | SimdOp, OpFact>> = Object.fromEntries([
  ...[PURE_OPS, FLOAT_OPS, PARTIAL_OPS, LOAD_OPS, STORE_OPS, ATOMIC_OPS].flatMap((ops) => Object.entries(ops).map(([name, [code, shape]]) => [name, fact(name, code, shape)])),
  ...Object.entries(SIMD_OPS).map(([name, [code, shape]]) => [name, fact(name, 0xfd00 + code, shape)]),
]) as Record<PureOp | FloatOp | PartialOp | LoadOp | StoreOp | AtomicOp | SimdOp, OpFact>;
