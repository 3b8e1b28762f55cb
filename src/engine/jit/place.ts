// Where operands lie in a region: registers in locals, everything else that the decoder knows as constants. One placement per block; the
// instruction at hand is told by `begin`.

import { CONSTANTS as C, OFFSET } from "../../hal/layout.ts";
import { BASE_RIP, FIRST_HIGH_BYTE, NO_REGISTER, registerOf, type Decoded } from "../../isa/decode.ts";
import type { Emit, Operand, Width } from "../../isa/emit.ts";
import type { Form } from "../../isa/forms.ts";
import type { Placement } from "../wasm/emit.ts";
import type { Node, Region } from "../wasm/ir.ts";
import { conversions, type RememberedPage, type Surroundings } from "../wasm/types.ts";
import type { VectorLocals } from "../wasm/xmm.ts";
import { LOCAL, STREAMS } from "./locals.ts";

const RSP = 4, PAGE_BYTES = 4096;
const ones = (width: number) => (1n << BigInt(width)) - 1n;
const pair = (low: number, high: number) => BigInt.asUintN(64, BigInt(high) << 32n | BigInt(low >>> 0));

/** What a region touches: XMM registers as bits. `streams`, `vectorStreams`: what pages are remembered for, `steady`: by which registers (steady.ts). */
export interface Touched { vectorsRead: number; vectorsWritten: number; streams: string[]; vectorStreams: string[]; mostStreams: number; steady: number }
export const untouched = (): Touched => ({ vectorsRead: 0, vectorsWritten: 0, streams: [], vectorStreams: [], mostStreams: STREAMS, steady: 0 });
/** What an island (islands.ts) has in locals: general registers as bits, and whether the page of the stack. */
export interface Resident { read: number; written: number; stack: boolean }
export const nothingResident = (): Resident => ({ read: 0, written: 0, stack: false });

export interface RegionPlacement {
  readonly of: (e: Emit<Node>) => Placement;
  readonly vectors: VectorLocals;
  /** Where the page of an access to this address is remembered. */
  remembered(linear: Node, writes: boolean, anywhere: boolean): RememberedPage | undefined;
  /** Which extent the access at hand is compared with. */
  extentSlot(): number;
  /** The instruction that comes; `offset`: in its page, `left`: instructions of the block behind it. */
  begin(form: Form, decoded: Decoded, offset: number, left: number): void;
}

/** @param island that of the block at hand; without one, its registers stay in the state
 * @param jump what ends a block by an address: the target is in RIP where the region does not know it; `check` leaves if it is not canonical */
export function regionPlacement(surroundings: Surroundings, touched: Touched, island: () => Resident | undefined, jump: (target: Node, check?: () => void) => void): RegionPlacement {
  const { g, state } = surroundings;
  const { as32, as64 } = conversions(g);
  let form: Form, decoded: Decoded, offset: number, left: number;
  let lastSlot = 0; // of all regions: who has one with others, has it with few
  interface Known { value: Node; scope: Region }
  const values: (Known | undefined)[] = [], vectorValues: (Known | undefined)[] = [];
  const add = (a: Node, b: Node) => g.pure("i64.add", a, b);
  const and = (a: Node, mask: bigint) => g.pure("i64.and", a, g.i64(mask));

  const get = (number: number): Node => {
    const resident = island(), known = values[number];
    if (resident) resident.read |= 1 << number;
    if (known && g.within(known.scope)) return known.value;
    const value = resident ? g.get(LOCAL.gpr + number, "i64") : g.load("i64.load", state, OFFSET.gpr + 8 * number);
    values[number] = { value, scope: g.scope() };
    return value;
  };
  const set = (number: number, value: Node) => {
    const resident = island();
    values[number] = { value, scope: g.scope() };
    if (!resident) return g.store("i64.store", state, OFFSET.gpr + 8 * number, value);
    resident.written |= 1 << number;
    g.set(LOCAL.gpr + number, value);
  };
  const vectors: VectorLocals = {
    get: (number) => {
      touched.vectorsRead |= 1 << number;
      const known = vectorValues[number];
      if (known && g.within(known.scope)) return known.value;
      const value = g.get(LOCAL.xmm + number, "v128");
      vectorValues[number] = { value, scope: g.scope() };
      return value;
    },
    set: (number, value) => {
      touched.vectorsWritten |= 1 << number;
      vectorValues[number] = { value, scope: g.scope() };
      g.set(LOCAL.xmm + number, value);
    },
  };
  const readLow = (width: Width, number: number) => {
    const whole = get(number);
    if (width === 64) return whole;
    return width === 32 ? as32(whole) : g.pure("i32.and", as32(whole), g.i32(Number(ones(width))));
  };
  const writeLow = (width: Width, number: number, value: Node) => {
    if (width >= 32) return set(number, as64(value));
    set(number, g.pure("i64.or", and(get(number), ~ones(width)), and(as64(value), ones(width))));
  };
  const readHigh = (number: number) => g.pure("i32.and", g.pure("i32.shr_u", as32(get(number)), g.i32(8)), g.i32(0xff));
  const writeHigh = (number: number, value: Node) =>
    set(number, g.pure("i64.or", and(get(number), ~0xff00n), g.pure("i64.shl", and(as64(value), 0xffn), g.i64(8n))));

  /** Is this an address relative to RSP? */
  const onStack = (linear: Node) => {
    const top = values[RSP]?.value;
    if (top === undefined) return false;
    const offset = (node: Node): Node => (node.op === "i64.add" && node.args[1].kind === "const" ? offset(node.args[0]) : node);
    return offset(linear) === offset(top);
  };
  const numberOf = (operand: Operand) => registerOf(form.operands[operand.slot], decoded);
  let pageKnown: Known | undefined; // it changes only where the block ends
  const page = () => {
    if (!pageKnown || !g.within(pageKnown.scope)) pageKnown = { value: g.get(LOCAL.page, "i64"), scope: g.scope() };
    return pageKnown.value;
  };
  const fromPage = (plus: bigint) => add(page(), g.i64(plus));
  const end = () => BigInt(offset + decoded.length);
  const signed = (low: number, high: number) => BigInt.asIntN(64, pair(low, high));

  const effectiveAddress = (): Node => {
    const displacement = signed(decoded.dispLow, decoded.dispHigh);
    let sum = decoded.base === BASE_RIP ? page() : decoded.base === NO_REGISTER ? undefined : get(decoded.base);
    if (decoded.index !== NO_REGISTER) {
      const index = g.pure("i64.shl", get(decoded.index), g.i64(BigInt(decoded.scale)));
      sum = sum ? add(sum, index) : index;
    }
    const constant = g.i64(displacement + (decoded.base === BASE_RIP ? end() : 0n));
    sum = sum ? add(sum, constant) : constant;
    return decoded.addressWidth === 32 ? and(sum, 0xffff_ffffn) : sum;
  };
  const baseOf = (segment: number) => g.load("i64.load", state, OFFSET.segBase + 8 * segment);
  const withSegment = (segment: number, address: Node) => (segment === C.SEG_FS || segment === C.SEG_GS ? add(baseOf(segment), address) : address);
  /** Accesses that probably go on where the one before was: by the same registers, and from about there. */
  const streamOf = () => {
    const isSteady = (register: number) => register === NO_REGISTER || register === BASE_RIP || (touched.steady >> register & 1) !== 0;
    if (!isSteady(decoded.base) || !isSteady(decoded.index)) return undefined;
    const near = decoded.base === NO_REGISTER || decoded.base === BASE_RIP ? PAGE_BYTES : 2 * PAGE_BYTES, displacement = decoded.dispLow + (decoded.base === BASE_RIP ? offset : 0);
    return `${decoded.segment} ${decoded.base} ${decoded.index} ${near === PAGE_BYTES ? Math.floor(displacement / near) : Math.round(displacement / near)}`;
  };
  let addressed: { node: Node; stream: string | undefined } | undefined;
  const inLocals = (page: number, addend: number, writable: boolean): RememberedPage => ({ writable, page: () => g.get(page, "i64"), addend: () => g.get(addend, "i32"), note: (where, plus) => {
    g.note(addend, plus);
    g.note(page, where);
  } });
  const stackInLocals = inLocals(LOCAL.stackPage, LOCAL.stackAddend, true);
  const stackInState: RememberedPage = { writable: true, page: () => g.load("i64.load", state, OFFSET.stackPage), addend: () => g.load("i32.load", state, OFFSET.stackAddend), note: (where, plus) => {
    g.keep("i32.store", state, OFFSET.stackAddend, plus);
    g.keep("i64.store", state, OFFSET.stackPage, where);
  } };
  /** For three values each, in loops of several, there are no registers. */
  const vectorsInState = (stream: number, writable: boolean): RememberedPage => ({
    writable, page: () => g.load("i64.load", state, OFFSET.vectorPage + 8 * stream), addend: () => g.load("i32.load", state, OFFSET.vectorAddend + 4 * stream),
    limit: () => g.load("i64.load", state, OFFSET.vectorLimit + 8 * stream),
    note: (where, plus, bytes) => {
      g.keep("i64.store", state, OFFSET.vectorPage + 8 * stream, where);
      g.keep("i32.store", state, OFFSET.vectorAddend + 4 * stream, plus);
      g.keep("i64.store", state, OFFSET.vectorLimit + 8 * stream, g.i64(PAGE_BYTES - bytes + 1));
    },
  });
  const remembered = (linear: Node, writes: boolean, anywhere: boolean): RememberedPage | undefined => {
    const resident = island();
    if (onStack(linear)) {
      if (!resident) return stackInState;
      resident.stack = true;
      return stackInLocals;
    }
    if (!resident || addressed?.node !== linear || addressed.stream === undefined) return undefined;
    const name = `${addressed.stream} ${writes ? "w" : "r"}`, streams = anywhere ? touched.vectorStreams : touched.streams;
    let stream = streams.indexOf(name);
    if (stream < 0 && streams.length < touched.mostStreams) stream = streams.push(name) - 1;
    if (stream < 0) return undefined;
    return anywhere ? vectorsInState(stream, writes) : inLocals(LOCAL.streamPage + stream, LOCAL.streamAddend + stream, writes);
  };
  const relativeTarget = (width: Width) => {
    const target = fromPage(signed(decoded.immLow, decoded.immHigh) + end());
    return width === 64 ? target : and(target, ones(width));
  };
  const unforeseen = (): never => { throw new RangeError("a region has no such operand"); };

  const of = (e: Emit<Node>): Placement => ({
    readRegister: (width, operand) => {
      const number = numberOf(operand);
      return number < FIRST_HIGH_BYTE ? readLow(width, number) : readHigh(number - FIRST_HIGH_BYTE);
    },
    writeRegister: (width, operand, value) => {
      const number = numberOf(operand);
      if (number < FIRST_HIGH_BYTE) writeLow(width, number, value);
      else writeHigh(number - FIRST_HIGH_BYTE, value);
    },
    readGpr: readLow, writeGpr: writeLow, readHighByte: readHigh, writeHighByte: writeHigh,
    registerNumber: (operand) => {
      const { from, fixed } = form.operands[operand.slot];
      return g.i32(from === "fixed" ? fixed : numberOf(operand));
    },
    vectorRegister: (operand) => {
      const { from, fixed } = form.operands[operand.slot];
      return { address: state, offset: 16 * (from === "fixed" ? fixed : numberOf(operand)) + (operand.kind === "xmm" ? OFFSET.xmm : OFFSET.fpr) };
    },
    immediate: (width, operand) => {
      const { from, fixed } = form.operands[operand.slot];
      const value = from === "fixed" ? BigInt(fixed) : from === "second" ? BigInt(decoded.second >>> 0) : signed(decoded.immLow, decoded.immHigh);
      return e.zeroExtend(width, g.i64(BigInt.asUintN(width, value)));
    },
    effectiveAddress,
    linearAddress: () => {
      const node = withSegment(decoded.segment, effectiveAddress());
      addressed = { node, stream: streamOf() };
      return node;
    },
    linear: (segment, address) => {
      if (segment.kind !== "const") return unforeseen();
      return withSegment(segment.low, as64(address));
    },
    decoded: (fact) => {
      switch (fact) {
        case "segment": return g.i32(decoded.segment);
        case "addressWidth": return g.i32(decoded.addressWidth);
        case "rep": return g.i32(decoded.rep);
        case "length": return g.i32(decoded.length);
        case "opcodeFop": return g.i32((decoded.opcode & 7) << 8 | decoded.modrm);
        case "mode64": return g.i32(1);
        case "last": return g.i32(left === 0 ? 1 : 0);
        case "locked": return g.i32(surroundings.locked?.() ? 1 : 0);
      }
    },
    nextRip: () => fromPage(end()),
    stackPointer: (bytes) => {
      const top = get(RSP);
      return { top, moved: add(top, g.i64(BigInt(bytes))), set: (value) => set(RSP, value) };
    },
    relativeTarget,
    jumpRelative: (width) => (width === 64 ? g.exit("link") : unforeseen()),
    jump: (target) => {
      // who has changed something has looked at the target before
      jump(target, g.changed() ? undefined : () => g.when(g.pure("i64.ne", g.pure("i64.shr_s", g.pure("i64.shl", target, g.i64(16n)), g.i64(16n)), target), () => g.exit("miss")));
    },
    again: () => g.exit("again"),
  });
  return {
    of, remembered, vectors, extentSlot: () => (lastSlot = (lastSlot + 1) % (C.EXTENT_SLOTS / 2)),
    begin: (nextForm, nextDecoded, nextOffset, nextLeft) => {
      form = nextForm;
      decoded = nextDecoded;
      offset = nextOffset;
      left = nextLeft;
    },
  };
}
