// The integer part of `Emit`: arithmetic, comparison and choice as WebAssembly operations.

import type { Emit, Width } from "../../isa/emit.ts";
import type { Graph, Node } from "./ir.ts";
import type { PureOp } from "./opcodes.ts";
import { ones, type Conversions } from "./types.ts";

export type Arithmetic = Pick<Emit<Node>, "int" | "add" | "sub" | "mul" | "mulHighU" | "mulHighS" | "divU" | "remU" | "divS" | "remS" | "and" | "or" | "xor" | "not" | "neg"
  | "shl" | "shr" | "sar" | "rotl" | "rotr" | "signExtend" | "zeroExtend" | "clz" | "ctz" | "popcnt" | "byteSwap" | "eq" | "ne" | "ltU" | "ltS" | "isZero" | "select" | "when">;

export function arithmetic(g: Graph, { as32, as64, asWidth, either, asCondition, cut }: Conversions): Arithmetic {
  const int = (value: bigint | number) => g.i64(BigInt(value));
  const binary = (name: "add" | "sub" | "mul") => (width: Width, a: Node, b: Node) =>
    width === 64 ? g.pure(`i64.${name}`, as64(a), as64(b)) : cut(width, g.pure(`i32.${name}`, as32(a), as32(b)));
  /** Sign-extended from `width` bits to the type of that width. */
  const signed = (width: Width, a: Node) => {
    if (width === 64) return as64(a);
    return width === 32 ? as32(a) : g.pure(width === 8 ? "i32.extend8_s" : "i32.extend16_s", as32(a));
  };
  const signExtend = (from: Width, a: Node) => (from === 64 ? as64(a) : g.pure("i64.extend_i32_s", signed(from, a)));

  /** A shift whose count may reach 63: in 32 bits only when it is known to stay below 32. */
  const shift = (name: "shl" | "shr_u" | "shr_s") => (width: Width, a: Node, count: Node) => {
    const prepare = (value: Node) => (name === "shr_s" ? signed(width, value) : value);
    if (width === 64) return g.pure(`i64.${name}`, as64(a), as64(count));
    if (count.bits <= 5) return cut(width, g.pure(`i32.${name}`, as32(prepare(a)), as32(count)));
    const wide = name === "shr_s" ? g.pure("i64.extend_i32_s", prepare(a)) : as64(a);
    return cut(width, g.pure("i32.wrap_i64", g.pure(`i64.${name}`, wide, as64(count))));
  };
  const rotate = (name: "rotl" | "rotr") => (width: Width, a: Node, count: Node): Node => {
    if (width === 64) return g.pure(`i64.${name}`, as64(a), as64(count));
    if (width === 32) return g.pure(`i32.${name}`, as32(a), as32(count));
    const value = as32(a), places = g.pure("i32.and", as32(count), g.i32(width - 1));
    const back = g.pure("i32.sub", g.i32(width), places);
    const [left, right] = name === "rotl" ? [places, back] : [back, places];
    return cut(width, g.pure("i32.or", g.pure("i32.shl", value, left), g.pure("i32.shr_u", value, right)));
  };

  const mul = binary("mul");
  /** Upper half of a 64 by 64 bit product from four 32-bit products (schoolbook). */
  const mulHigh64 = (a: Node, b: Node) => {
    const low = g.i64(0xffff_ffffn), half = g.i64(32n);
    const [a0, a1, b0, b1] = [g.pure("i64.and", a, low), g.pure("i64.shr_u", a, half), g.pure("i64.and", b, low), g.pure("i64.shr_u", b, half)];
    const middle = g.pure("i64.add", g.pure("i64.mul", a1, b0), g.pure("i64.shr_u", g.pure("i64.mul", a0, b0), half));
    const other = g.pure("i64.add", g.pure("i64.mul", a0, b1), g.pure("i64.and", middle, low));
    return g.pure("i64.add", g.pure("i64.add", g.pure("i64.mul", a1, b1), g.pure("i64.shr_u", middle, half)), g.pure("i64.shr_u", other, half));
  };
  const mulHighU = (width: Width, a: Node, b: Node) =>
    width === 64 ? mulHigh64(as64(a), as64(b)) : cut(width, g.pure("i32.wrap_i64", g.pure("i64.shr_u", g.pure("i64.mul", as64(a), as64(b)), g.i64(BigInt(width)))));
  const mulHighS = (width: Width, a: Node, b: Node) => {
    if (width !== 64) return cut(width, g.pure("i32.wrap_i64", g.pure("i64.shr_s", g.pure("i64.mul", signExtend(width, a), signExtend(width, b)), g.i64(BigInt(width)))));
    const x = as64(a), y = as64(b);
    const correction = (sign: Node, value: Node) => g.pure("i64.and", g.pure("i64.shr_s", sign, g.i64(63n)), value);
    return g.pure("i64.sub", g.pure("i64.sub", mulHigh64(x, y), correction(x, y)), correction(y, x));
  };
  const divide = (op: "div_u" | "rem_u" | "div_s" | "rem_s") => (a: Node, b: Node) => g.partial(`i64.${op}`, as64(a), as64(b));

  const not = (width: Width, a: Node) => (width === 64 ? g.pure("i64.xor", as64(a), g.i64(-1n)) : g.pure("i32.xor", as32(a), g.i32(Number(ones(width)))));
  const swap32 = (a: Node) => g.pure("i32.or",
    g.pure("i32.and", g.pure("i32.rotl", a, g.i32(8)), g.i32(0x00ff00ff)), g.pure("i32.and", g.pure("i32.rotr", a, g.i32(8)), g.i32(0xff00ff00)));
  const byteSwap = (width: 16 | 32 | 64, a: Node): Node => {
    if (width === 16) return rotate("rotl")(16, a, g.i32(8));
    if (width === 32) return swap32(as32(a));
    const high = swap32(g.pure("i32.wrap_i64", g.pure("i64.shr_u", as64(a), g.i64(32n)))), low = swap32(as32(a));
    return g.pure("i64.or", g.pure("i64.shl", as64(low), g.i64(32n)), as64(high));
  };
  const ltS = (width: Width, a: Node, b: Node) => {
    const op: PureOp = width === 64 ? "i64.lt_s" : "i32.lt_s";
    return g.pure(op, signed(width, a), signed(width, b));
  };
  const select = (condition: Node, yes: Node, no: Node) => {
    const test = asCondition(condition);
    if (yes.type === no.type) return g.select(test, yes, no);
    return Math.max(yes.bits, no.bits) <= 32 ? g.select(test, as32(yes), as32(no)) : g.select(test, as64(yes), as64(no));
  };
  return {
    int, add: binary("add"), sub: binary("sub"), mul, mulHighU, mulHighS,
    divU: divide("div_u"), remU: divide("rem_u"), divS: divide("div_s"), remS: divide("rem_s"),
    and: (a, b) => either("and", a, b), or: (a, b) => either("or", a, b), xor: (a, b) => either("xor", a, b), not,
    neg: (width, a) => binary("sub")(width, g.i64(0n), a),
    shl: shift("shl"), shr: shift("shr_u"), sar: shift("shr_s"), rotl: rotate("rotl"), rotr: rotate("rotr"),
    signExtend, zeroExtend: (width, a) => (width === 64 ? a : a.bits <= width ? as32(a) : cut(width, a)),
    clz: (width, a) => (width === 64 ? g.pure("i64.clz", as64(a)) : g.pure("i32.sub", g.pure("i32.clz", as32(a)), g.i32(32 - width))),
    ctz: (width, a) => (width === 64 ? g.pure("i64.ctz", as64(a)) : g.pure("i32.ctz", width === 32 ? as32(a) : g.pure("i32.or", as32(a), g.i32(1 << width)))),
    popcnt: (a) => g.pure(a.type === "i64" ? "i64.popcnt" : "i32.popcnt", a), byteSwap,
    eq: (a, b) => either("eq", a, b), ne: (a, b) => either("ne", a, b), ltU: (a, b) => either("lt_u", a, b), ltS,
    isZero: (a) => g.pure(a.type === "i64" ? "i64.eqz" : "i32.eqz", a), select,
    when: (condition, yes, no) => g.when(asCondition(condition), yes, no),
  };
}
