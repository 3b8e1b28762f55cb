// The intermediate form between a meaning and its Wasm: nodes in program order, in nested regions. Pure nodes are folded as they
// are made; which become locals and which expression trees is decided when the whole is known (lower.ts).

import { constantBits, valueOf } from "./fold.ts";
import { OP_FACTS, type AtomicOp, type FloatOp, type LoadOp, type OpFact, type PartialOp, type PureOp, type StoreOp, type ValueType } from "./opcodes.ts";
import type { SimdOp } from "../../isa/simd.ts";

export type NodeKind = "const" | "param" | "get" | "set" | "pure" | "partial" | "load" | "store" | "atomic" | "call" | "if" | "switch" | "exit" | "result";

export interface Node {
  readonly kind: NodeKind;
  readonly type: ValueType | "none";
  /** operation, or the kind of an exit */
  readonly op: string;
  readonly fact: OpFact | undefined;
  readonly args: readonly Node[];
  /** const: halves of an integer, as signed numbers; the bytes of a vector are its lanes */
  readonly low: number;
  readonly high: number;
  /** load, store: offset; param, get, set: local; call: function */
  readonly immediate: number;
  readonly lanes: readonly number[];
  readonly bodies: readonly Region[];
  /** no bit at or above this position is set */
  readonly bits: number;
  readonly region: Region;
  /** changes whenever something may have been written: loads do not move across */
  readonly epoch: number;
  // -- the same value as the other integer type, once somebody has asked (types.ts)
  wide: Node | undefined;
  narrow: Node | undefined;
  // -- filled in by lowering
  uses: number;
  user: Node | undefined;
  local: number;
  inline: boolean;
}

export interface Region {
  readonly parent: Region | undefined;
  readonly nodes: Node[];
  /** an exit was taken unconditionally: what follows is not reachable */
  ended: boolean;
  /** something in it must not vanish */
  hasEffect: boolean;
  /** seldom executed: whoever optimizes the code may know */
  rare: boolean;
  result: Node | undefined;
}

/** Must this stay, although nobody uses its value? */
export const hasEffect = ({ kind, bodies }: Node): boolean =>
  kind === "store" || kind === "atomic" || kind === "set" || kind === "call" || kind === "exit" || kind === "result" || kind === "switch" || (kind === "if" && (bodies[0].hasEffect || bodies[1].hasEffect));

/** What a graph has recorded since it began. */
export interface Recording {
  readonly root: Region;
  /** Locals that it writes. */
  readonly written: ReadonlySet<number>;
}

export interface Graph extends Recording {
  /** Begins anew: what was recorded before stays as it is, and whatever was known of it is out of scope. */
  begin(): Recording;
  i32(value: number): Node;
  /** Numbers are sign-extended; they are quicker where they suffice. */
  i64(value: bigint | number): Node;
  v128(low: bigint, high: bigint): Node;
  /** A local that nobody writes while this graph runs. */
  param(index: number, type: ValueType): Node;
  /** A local that this graph may write: its value now. */
  get(index: number, type: ValueType): Node;
  set(index: number, value: Node): void;
  /** A local that is no part of the guest's state. */
  note(index: number, value: Node): void;
  pure(op: PureOp, ...args: Node[]): Node;
  /** A division: the caller has excluded the operands for which it traps. */
  partial(op: PartialOp, ...args: Node[]): Node;
  simd(op: SimdOp, args: readonly Node[], lanes?: readonly number[]): Node;
  float(op: FloatOp, ...args: Node[]): Node;
  /** Lane 0 as a number: of what was just loaded, only these bytes are read, as a longer load waits for a shorter store. */
  lowLane(type: "f32" | "f64", vector: Node): Node;
  /** The number in lane 0 of a vector, in one format or both, from who knows it. */
  knowLowLane(vector: Node, ...numbers: Node[]): void;
  /** A vector with a number in one lane. */
  replaceLane(vector: Node, number: Node, lane: number): Node;
  /** Is this what memory still holds, nothing having been written since it was loaded? */
  fresh(node: Node): boolean;
  select(condition: Node, yes: Node, no: Node): Node;
  load(op: LoadOp, address: Node, offset: number): Node;
  store(op: StoreOp, address: Node, offset: number, value: Node): void;
  /** Stores what is no part of the guest's state. */
  keep(op: StoreOp, address: Node, offset: number, value: Node): void;
  /** Compare and exchange. @returns what was there */
  exchange(op: AtomicOp, address: Node, expected: Node, replacement: Node): Node;
  /** `pure`: the function only looks at the state. */
  call(target: number, args: readonly Node[], type: ValueType | "none", pure?: boolean): Node;
  when(condition: Node, yes: () => void, no?: () => void): void;
  /** An `if` with a value; a side that exits returns nothing. `bits`: no bit of the value at or above is set. */
  choose(type: ValueType, condition: Node, yes: () => Node | undefined, no: () => Node | undefined, bits?: number): Node;
  /** Goes to case `table[index]`; where that is -1 or `index` is beyond, on behind. A case may end there, too. */
  switch(index: Node, table: readonly number[], cases: readonly (() => void)[]): void;
  /** What is recorded here, in a side of `when` or `choose`, seldom happens. */
  rare(): void;
  /** Leaves the graph; what an exit means is told to `lower`. */
  exit(kind: string, ...args: Node[]): void;
  /** What follows is another instruction: what was changed so far is its own past. */
  nextInstruction(): void;
  /** May anything have been stored or called on the way here? */
  changed(): boolean;
  /** Where code is added now: what is known here holds within. */
  scope(): Region;
  within(scope: Region): boolean;
  /** Is this node's value available here? */
  visible(node: Node): boolean;
}

const NOTHING: readonly never[] = [];
const BIT_COUNT: Record<ValueType | "none", number> = { i32: 32, i64: 64, f32: 64, f64: 64, v128: 64, none: 64 };

/** All nodes have one shape. */
const newNode = (kind: NodeKind, type: ValueType | "none", op: string, fact: OpFact | undefined, args: readonly Node[], low: number, high: number, immediate: number,
  lanes: readonly number[], bodies: readonly Region[], bits: number, region: Region, epoch: number): Node =>
  ({ kind, type, op, fact, args, low, high, immediate, lanes, bodies, bits, region, epoch, wide: undefined, narrow: undefined, uses: 0, user: undefined, local: -1, inline: false });

const MOST_CONSTANTS = 10_000;
const newRegion = (parent: Region | undefined): Region => ({ parent, nodes: [], ended: false, hasEffect: false, rare: false, result: undefined });

export function createGraph(): Graph {
  const root = newRegion(undefined);
  let region = root;
  let epoch = 0;
  let changed = false;
  let written = new Set<number>();
  /** Constants by type and lower half, then by the upper. */
  const constants32 = new Map<number, Node>(), constants64 = new Map<number, Node[]>(), vectors: Node[] = [], params: Node[] = [];
  const lowLanes = new Map<Node, readonly Node[]>();

  /** What would follow an end is never written. */
  const vanishes = () => {
    let at: Region | undefined = region;
    while (at && !at.ended) at = at.parent;
    return at !== undefined;
  };
  const add = (node: Node): Node => {
    if (region.ended) return node;
    region.nodes.push(node);
    if (node.kind !== "result" && hasEffect(node)) region.hasEffect = true;
    return node;
  };
  const make = (kind: NodeKind, type: ValueType | "none", args: readonly Node[], immediate = 0, op = "") =>
    add(newNode(kind, type, op, undefined, args, 0, 0, immediate, NOTHING, NOTHING, BIT_COUNT[type], region, epoch));
  const operation = (kind: NodeKind, op: keyof typeof OP_FACTS, args: readonly Node[], immediate = 0, lanes: readonly number[] = NOTHING) => {
    const fact = OP_FACTS[op], { rule, result = "none" } = fact;
    const bits = kind === "pure" && rule?.bits ? rule.bits(args[0], args[1], BIT_COUNT[result]) : fact.bits;
    return add(newNode(kind, result, op, fact, args, 0, 0, immediate, lanes, NOTHING, bits, region, epoch));
  };
  const leaf = (kind: "const" | "param", type: ValueType, low: number, high: number, immediate: number, lanes: readonly number[]) =>
    newNode(kind, type, "", undefined, NOTHING, low, high, immediate, lanes, NOTHING, kind === "const" && type !== "v128" ? constantBits(low, high) : BIT_COUNT[type], root, 0);
  const i32 = (value: number) => {
    const low = value | 0;
    let node = constants32.get(low);
    if (!node) constants32.set(low, (node = leaf("const", "i32", low, 0, 0, NOTHING)));
    return node;
  };
  const pair = (low: number, high: number) => {
    let list = constants64.get(low);
    if (!list) constants64.set(low, (list = []));
    let node = list.find((each) => each.high === high);
    if (!node) list.push((node = leaf("const", "i64", low, high, 0, NOTHING)));
    return node;
  };
  const i64 = (value: bigint | number) => {
    if (typeof value === "number") return pair(value | 0, Math.floor(value / 2 ** 32) | 0);
    // V8 makes numbers of BigInts doubles: `| 0` keeps the shape of nodes
    return pair(Number(BigInt.asIntN(32, value)) | 0, Number(BigInt.asIntN(32, value >> 32n)) | 0);
  };
  const v128 = (low: bigint, high: bigint) => {
    const bytes = Array.from({ length: 16 }, (_, index) => Number(((index < 8 ? low : high) >> BigInt(8 * (index & 7))) & 0xffn));
    let node = vectors.find(({ lanes }) => lanes.every((byte, index) => byte === bytes[index]));
    if (!node) vectors.push((node = leaf("const", "v128", 0, 0, 0, bytes)));
    return node;
  };
  const param = (index: number, type: ValueType) => (params[index] ??= leaf("param", type, 0, 0, index, NOTHING));
  const ZERO_LANE = [0];
  const float = (op: FloatOp, ...args: Node[]) => operation("pure", op, args, 0, op.endsWith("_lane") ? ZERO_LANE : NOTHING);
  const unchanged = (node: Node) => node.kind === "load" && node.epoch === epoch;
  const pure = (op: PureOp, ...args: Node[]): Node => {
    const { rule, result } = OP_FACTS[op], [a, b] = args;
    if (rule && a.kind === "const" && (b === undefined || b.kind === "const")) {
      if (op === "i32.wrap_i64") return i32(a.low);
      if (op === "i64.extend_i32_u") return pair(a.low, 0);
      const value = rule.compute(valueOf(a), b === undefined ? 0n : valueOf(b), op.startsWith("i32") ? 32 : 64);
      return result === "i32" ? i32(Number(BigInt.asIntN(32, value))) : i64(value);
    }
    if (op === "i64.shr_u" && b.kind === "const" && a.bits <= (b.low & 63)) return pair(0, 0);
    return rule?.simplify?.(a, b, result === "i32" ? 0 : -1) ?? operation("pure", op, args);
  };
  const lowLane = (type: "f32" | "f64", vector: Node): Node => {
    const list = lowLanes.get(vector), known = list?.find((number) => number.type === type && visible(number));
    if (known) return known;
    const long = unchanged(vector) && (vector.op === "v128.load" || vector.op === "v128.load64_zero" || (type === "f32" && vector.op === "v128.load32_zero"));
    const made = long ? operation("load", type === "f32" ? "f32.load" : "f64.load", vector.args, vector.immediate) : float(type === "f32" ? "f32x4.extract_lane" : "f64x2.extract_lane", vector);
    lowLanes.set(vector, list ? [made, ...list] : [made]);
    return made;
  };
  const select = (condition: Node, yes: Node, no: Node) => {
    if (condition.kind === "const") return condition.low !== 0 ? yes : no;
    if (yes === no) return yes;
    return add(newNode("pure", yes.type, "select", undefined, [yes, no, condition], 0, 0, 0, NOTHING, NOTHING, Math.max(yes.bits, no.bits), region, epoch));
  };
  /** An address that is a local plus a small constant needs no addition: the instruction has an offset. */
  const foldOffset = (address: Node, offset: number): [Node, number] => {
    const [base, plus] = address.args;
    if (address.op !== "i32.add" || base.kind !== "param" || plus.kind !== "const" || plus.low >>> 0 >= 0x10000) return [address, offset];
    return [base, offset + plus.low];
  };
  const inside = (body: Region, build: () => Node | undefined | void) => {
    const outer = region, before = changed;
    region = body;
    const result = build();
    if (body.ended) changed = before; // who comes here has not been there
    // a marker at the end, so that a load knows whether it may be computed there
    if (result && !body.ended) body.result = make("result", "none", [result]);
    region = outer;
    return result || undefined;
  };
  const branch = (type: ValueType | "none", condition: Node, yes: () => Node | undefined | void, no: () => Node | undefined | void, bits?: number): Node => {
    const bodies = [newRegion(region), newRegion(region)];
    const before = epoch++;
    const results = bodies.map((body, index) => inside(body, index === 0 ? yes : no));
    epoch++;
    const most = bits ?? Math.max(...results.map((result) => (result ? result.bits : 0)));
    const node = add(newNode("if", type, "", undefined, [condition], 0, 0, 0, NOTHING, bodies, most, region, before));
    if (bodies.every((body) => body.ended)) region.ended = true;
    return node;
  };
  const note = (index: number, value: Node) => {
    make("set", "none", [value], index);
    written.add(index);
    epoch++;
  };
  const within = (scope: Region) => {
    for (let at: Region | undefined = region; at; at = at.parent) if (at === scope) return true;
    return false;
  };
  const visible = (node: Node) => {
    if (node.kind === "const" || node.kind === "param") return true;
    return within(node.region);
  };
  const begin = (): Recording => {
    region = newRegion(undefined);
    written = new Set();
    changed = false;
    epoch++;
    lowLanes.clear();
    if (constants64.size > MOST_CONSTANTS || constants32.size > MOST_CONSTANTS) {
      constants32.clear();
      constants64.clear();
    }
    return { root: region, written };
  };
  return {
    root, written, begin, i32, i64, v128, param, pure, select, visible, within, scope: () => region, changed: () => changed && !vanishes(),
    nextInstruction: () => { changed = false; },
    get: (index, type) => make("get", type, NOTHING, index),
    set: (index, value) => {
      note(index, value);
      changed = true;
    },
    note,
    partial: (op, ...args) => operation("partial", op, args),
    simd: (op, args, lanes) => (op === "v128.xor" && args[0] === args[1] ? v128(0n, 0n) : operation("pure", op, args, 0, lanes)),
    float, fresh: unchanged,
    knowLowLane: (vector, ...numbers) => { lowLanes.set(vector, numbers); },
    lowLane, replaceLane: (vector, number, lane) => operation("pure", number.type === "f32" ? "f32x4.replace_lane" : "f64x2.replace_lane", [vector, number], 0, [lane]),
    load: (op, address, offset) => {
      const [base, immediate] = foldOffset(address, offset);
      return operation("load", op, [base], immediate);
    },
    store: (op, address, offset, value) => {
      const [base, immediate] = foldOffset(address, offset);
      // bits need not leave the register that they are in
      if (op === "i64.store" && value.op === "i64.reinterpret_f64") [op, value] = ["f64.store", value.args[0]];
      else if (op === "i32.store" && value.op === "i32.reinterpret_f32") [op, value] = ["f32.store", value.args[0]];
      else if (op === "i64.store" && value.op === "i64x2.extract_lane" && value.lanes[0] === 0) [op, value] = ["f64.store", lowLane("f64", value.args[0])];
      else if (op === "i32.store" && value.op === "i32x4.extract_lane" && value.lanes[0] === 0) [op, value] = ["f32.store", lowLane("f32", value.args[0])];
      operation("store", op, [base, value], immediate);
      changed = true;
      epoch++;
    },
    keep: (op, address, offset, value) => {
      const [base, immediate] = foldOffset(address, offset);
      operation("store", op, [base, value], immediate);
      epoch++;
    },
    exchange: (op, address, expected, replacement) => {
      const before = operation("atomic", op, [address, expected, replacement]);
      changed = true;
      epoch++;
      return before;
    },
    call: (target, args, type, pure = false) => {
      const node = make("call", type, args, target);
      if (!pure) changed = true;
      epoch++;
      return node;
    },
    when: (condition, yes, no = () => {}) => {
      while (condition.op === "i32.eqz" && condition.args[0].op === "i32.eqz") condition = condition.args[0].args[0];
      if (condition.kind === "const") return void (condition.low !== 0 ? yes : no)();
      branch("none", condition, () => { yes(); }, () => { no(); });
    },
    choose: branch,
    switch: (index, table, cases) => {
      const bodies = cases.map(() => newRegion(region)), before = epoch++;
      bodies.forEach((body, number) => inside(body, cases[number]));
      epoch++;
      add(newNode("switch", "none", "", undefined, [index], 0, 0, 0, table, bodies, 0, region, before));
    },
    rare: () => { region.rare = true; },
    exit: (kind, ...args) => {
      make("exit", "none", args, 0, kind);
      region.ended = true;
    },
  };
}
