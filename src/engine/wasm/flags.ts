// RFLAGS, kept lazily (docs/adr/0002-lazy-flags.md): a result, and a vector of carries of which only a few bits count.

import { OFFSET } from "../../hal/layout.ts";
import { CONDITIONS, type Condition, type Emit, type FlagName, type FlagRule, type Width } from "../../isa/emit.ts";
import type { Node, Region } from "./ir.ts";
import { ones, typeOf, type Conversions, type Surroundings } from "./types.ts";

/** Where the two lazy parts are kept: the vCPU's state, or locals of compiled code. */
export interface FlagStore {
  result(): Node;
  aux(): Node;
  setResult(value: Node): void;
  setAux(value: Node): void;
  /** Keeps what flagAux follows from instead of flagAux. `plain`: the result is a + b or a - b without a carry; `aux` makes it after all. @returns whether it did */
  defer?(rule: FlagRule, width: Width, a: Node, result: Node, plain: boolean, aux: () => Node): boolean;
  /** CF at bit 63, all else 0, where that is known better than by flagAux. */
  carry?(): Node | undefined;
  /** What the flags came from when code of this graph set them last, so that a condition need not ask the flags. */
  last?: { rule: FlagRule; width: Width; a: Node; b: Node; result: Node; scope: Region };
  /** An image of RFLAGS from which code of this graph took all six last. */
  image?: { value: Node; scope: Region };
}

export function flagsInState({ g, state }: Surroundings): FlagStore {
  return {
    result: () => g.load("i64.load", state, OFFSET.flagResult),
    aux: () => g.load("i64.load", state, OFFSET.flagAux),
    setResult: (value) => g.store("i64.store", state, OFFSET.flagResult, value),
    setAux: (value) => g.store("i64.store", state, OFFSET.flagAux, value),
  };
}

export type Flags = Pick<Emit<Node>, "setFlags" | "setFlag" | "flag" | "condition" | "flags" | "setFlagBits" | "directionFlag">;

/** CF PF AF ZF SF OF */
const STATUS = 0x8d5n;
const BITS: Record<FlagName, bigint> = { cf: 0n, pf: 2n, af: 4n, zf: 6n, sf: 7n, of: 11n };
const DF_BIT = 10;

export function flags({ g, state }: Surroundings, { as32, as64, cut }: Conversions, store: FlagStore): Flags {
  const op = (name: "and" | "or" | "xor" | "shl" | "shr_u", a: Node, b: Node | bigint) => g.pure(`i64.${name}`, a, typeof b === "bigint" ? g.i64(b) : b);
  const rest = () => g.load("i32.load", state, OFFSET.flagRest);

  /** Carries out of every bit position of a + b = r, or borrows of a - b = r. */
  const carries = (rule: "add" | "sub", width: Width, a: Node, b: Node, r: Node) => {
    const type = typeOf(width);
    const pure = (name: "and" | "or" | "xor", x: Node, y: Node) => g.pure(`${type}.${name}`, x, y);
    const not = (x: Node) => pure("xor", x, type === "i64" ? g.i64(-1n) : g.i32(-1));
    if (rule === "add") return pure("or", pure("and", a, b), pure("and", pure("or", a, b), not(r)));
    const na = not(a);
    return pure("or", pure("and", na, b), pure("and", pure("or", na, b), r));
  };
  /** Carries as flagAux wants them: the two uppermost at bits 63 and 62, that out of bit 3 where it is. */
  const auxOf = (width: Width, vector: Node) => {
    if (width === 64) return op("and", vector, 0xc000_0000_0000_0008n);
    const wide = g.pure("i64.extend_i32_u", g.pure("i32.and", vector, g.i32(Number((3n << BigInt(width - 2)) | 8n))));
    return op("or", op("shl", wide, BigInt(64 - width)), op("and", wide, 8n));
  };
  const signedResult = (width: Width, r: Node) => {
    if (width === 64) return as64(r);
    const low = as32(r);
    return g.pure("i64.extend_i32_s", width === 32 ? low : g.pure(width === 8 ? "i32.extend8_s" : "i32.extend16_s", low));
  };
  const auxOfBits = (cf: Node, of: Node) => op("or", op("shl", cf, 63n), op("shl", op("xor", cf, of), 62n));

  /** Is the result what an addition or subtraction without carry makes of the operands? */
  const isPlain = (rule: "add" | "sub", width: Width, a: Node, b: Node, r: Node) => {
    if (b.kind === "const" && b.low === 0 && b.high === 0 && r === a) return true;
    const sum = width < 32 && r.op === "i32.and" ? r.args[0] : r;
    return sum.op === `${typeOf(width)}.${rule}` && sum.args[0] === a && sum.args[1] === b;
  };
  /** flagAux after INC or DEC, which keep CF. */
  const afterCount = (rule: "inc" | "dec", width: Width, cf: Node, x: Node, y: Node, r: Node) => {
    const type = typeOf(width);
    const limit = rule === "inc" ? 1n << BigInt(width - 1) : ones(width - 1);
    const of = as64(g.pure(`${type}.eq`, r, type === "i64" ? g.i64(limit) : g.i32(Number(limit))));
    const af = op("and", op("shr_u", as64(g.pure(`${type}.xor`, g.pure(`${type}.xor`, x, y), r)), 1n), 8n);
    return op("or", op("or", cf, af), op("xor", op("shr_u", cf, 1n), op("shl", of, 62n)));
  };

  const setFlags = (rule: FlagRule, width: Width, a: Node, b: Node, result: Node): void => {
    const x = width === 64 ? as64(a) : as32(a), y = width === 64 ? as64(b) : as32(b), r = cut(width, result);
    switch (rule) {
      case "add": case "sub": {
        const aux = () => auxOf(width, carries(rule, width, x, y, r));
        if (!store.defer?.(rule, width, x, r, isPlain(rule, width, x, y, r), aux)) store.setAux(aux());
        break;
      }
      case "inc": case "dec": {
        const cf = store.carry?.() ?? op("and", store.aux(), 1n << 63n);
        if (store.defer?.(rule, width, cf, r, true, () => afterCount(rule, width, cf, x, y, r))) break;
        store.setAux(afterCount(rule, width, cf, x, y, r));
        break;
      }
      case "logic":
        store.setAux(g.i64(0n));
        break;
      case "shift":
        store.setAux(auxOfBits(as64(a), as64(b)));
        break;
    }
    store.setResult(signedResult(width, r));
    store.last = { rule, width, a: x, b: y, result: r, scope: g.scope() };
    store.image = undefined;
  };
  const forget = () => { store.last = store.image = undefined; };
  const IMAGE_BITS: Partial<Record<Condition, number>> = { o: 0x800, b: 1, e: 0x40, be: 0x41, s: 0x80, p: 4 };

  /** A condition (the even ones) straight from the operands or the result of what set the flags, where that is known here and says it. */
  const direct = (name: Condition): Node | undefined => {
    const { last, image } = store;
    const bits = IMAGE_BITS[name];
    if (image && bits !== undefined && g.within(image.scope)) return g.pure("i32.ne", g.pure("i32.and", as32(image.value), g.i32(bits)), g.i32(0));
    if (!last || !g.within(last.scope)) return undefined;
    const { rule, width, a, b, result } = last, type = typeOf(width);
    const zero = type === "i64" ? g.i64(0n) : g.i32(0);
    const signed = (value: Node) => (width === 8 ? g.pure("i32.extend8_s", value) : width === 16 ? g.pure("i32.extend16_s", value) : value);
    if (name === "e") return g.pure(`${type}.eqz`, result);
    if (name === "s") return g.pure(`${type}.lt_s`, signed(result), zero);
    if (rule === "logic") {
      if (name === "b") return g.i32(0);
      if (name === "be") return g.pure(`${type}.eqz`, result);
      if (name === "l" || name === "le") return g.pure(`${type}.${name === "l" ? "lt_s" : "le_s"}`, signed(result), zero);
    }
    // a subtraction without borrow compares
    if (rule !== "sub" || !isPlain(rule, width, a, b, result)) return undefined;
    if (name === "b" || name === "be") return g.pure(`${type}.${name === "b" ? "lt_u" : "le_u"}`, a, b);
    if (name === "l" || name === "le") return g.pure(`${type}.${name === "l" ? "lt_s" : "le_s"}`, signed(a), signed(b));
    return undefined;
  };

  // -- single flags, as i32 booleans
  const negative = (value: Node) => g.pure("i64.lt_s", value, g.i64(0n));
  const signBit = () => op("xor", store.result(), op("shl", store.aux(), 63n)); // SF at bit 63
  const overflowBit = (aux: Node) => op("xor", aux, op("shl", aux, 1n)); // OF at bit 63
  const flag = (name: FlagName): Node => {
    switch (name) {
      case "cf": return negative(store.aux());
      case "zf": return g.pure("i64.eqz", store.result());
      case "sf": return negative(signBit());
      case "of": return negative(overflowBit(store.aux()));
      case "af": return g.pure("i32.and", g.pure("i32.wrap_i64", op("shr_u", store.aux(), 3n)), g.i32(1));
      case "pf": {
        const low = g.pure("i32.and", g.pure("i32.wrap_i64", op("xor", store.result(), op("shr_u", store.aux(), 8n))), g.i32(0xff));
        return g.pure("i32.eqz", g.pure("i32.and", g.pure("i32.popcnt", low), g.i32(1)));
      }
    }
  };
  const less = () => {
    const aux = store.aux();
    return negative(op("xor", op("xor", store.result(), op("shl", aux, 63n)), overflowBit(aux)));
  };
  const condition = (name: Condition): Node => {
    const number = CONDITIONS.indexOf(name);
    const positive = (): Node => {
      const known = direct(CONDITIONS[number & ~1]);
      if (known) return known;
      switch (CONDITIONS[number & ~1]) {
        case "o": return flag("of");
        case "b": return flag("cf");
        case "e": return flag("zf");
        case "be": return g.pure("i32.or", flag("cf"), flag("zf"));
        case "s": return flag("sf");
        case "p": return flag("pf");
        case "l": return less();
        default: return g.pure("i32.or", flag("zf"), less());
      }
    };
    return number & 1 ? g.pure("i32.eqz", positive()) : positive();
  };

  const assemble = () => {
    let word = rest();
    for (const [name, at] of Object.entries(BITS)) word = g.pure("i32.or", word, g.pure("i32.shl", flag(name as FlagName), g.i32(Number(at))));
    return as64(word);
  };
  /** Takes all six from an RFLAGS image. Result 0 stands for ZF (and PF), 1 for neither; what differs goes to bits 0 and 8 of aux. */
  const setStatus = (image: Node) => {
    const bit = (name: FlagName) => op("and", op("shr_u", image, BITS[name]), 1n);
    const zf = bit("zf");
    const parity = op("shl", op("xor", bit("pf"), zf), 8n);
    const low = op("or", op("or", bit("sf"), parity), op("shr_u", op("and", image, 1n << BITS.af), 1n));
    const aux = op("or", auxOfBits(bit("cf"), bit("of")), low);
    store.setResult(op("xor", zf, 1n));
    store.setAux(aux);
  };
  const setFlagBits = (value: Node, mask: bigint): void => {
    if (mask & STATUS) forget();
    const image = as64(value), status = mask & STATUS;
    if (status === STATUS) {
      setStatus(image);
      store.image = { value: image, scope: g.scope() };
    } else if (status !== 0n) setStatus(op("or", op("and", assemble(), ~status), op("and", image, status)));
    const others = mask & ~STATUS & 0xffff_ffffn;
    if (others === 0n) return;
    const kept = g.pure("i32.and", rest(), g.i32(Number(BigInt.asIntN(32, ~others))));
    const taken = g.pure("i32.and", as32(image), g.i32(Number(BigInt.asIntN(32, others))));
    g.store("i32.store", state, OFFSET.flagRest, g.pure("i32.or", g.pure("i32.or", kept, taken), g.i32(2)));
  };
  const setFlag = (name: FlagName, value: Node): void => {
    forget();
    const bit = as64(value);
    if (name === "cf" || name === "of" || name === "af") {
      const aux = store.aux();
      if (name === "af") return store.setAux(op("or", op("and", aux, ~8n), op("shl", bit, 3n)));
      const cf = name === "cf" ? bit : op("shr_u", aux, 63n);
      const of = name === "of" ? bit : op("shr_u", overflowBit(aux), 63n);
      return store.setAux(op("or", op("and", aux, ones(62)), auxOfBits(cf, of)));
    }
    setFlagBits(op("shl", bit, BITS[name]), 1n << BITS[name]);
  };
  return {
    setFlags, setFlag, flag, condition, flags: assemble, setFlagBits,
    directionFlag: () => g.pure("i32.and", g.pure("i32.shr_u", rest(), g.i32(DF_BIT)), g.i32(1)),
  };
}
