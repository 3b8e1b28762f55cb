// The intermediate form between a meaning and its Wasm: nodes in program order, in nested regions. Pure nodes are folded as they
// are made; which become locals and which expression trees is decided when the whole is known (lower.ts).

import { evaluate, knownBits, simplify } from "./fold.ts";
import { OP_FACTS, type FloatOp, type LoadOp, type PartialOp, type PureOp, type StoreOp, type ValueType } from "./opcodes.ts";
import type { SimdOp } from "../../isa/simd.ts";

export type NodeKind = "const" | "param" | "get" | "set" | "pure" | "partial" | "load" | "store" | "call" | "if" | "exit" | "result";

export interface Node {
  readonly kind: NodeKind;
  readonly type: ValueType | "none";
  /** operation, or the kind of an exit */
  readonly op: string;
  readonly args: readonly Node[];
  /** const: its bits */
  readonly value: bigint;
  /** load, store: offset; param, get, set: local; call: function */
  readonly immediate: number;
  readonly lanes: readonly number[];
  readonly bodies: readonly Region[];
  /** bits of the result of an `if` that can be set */
  readonly valueBits: number;
  readonly region: Region;
  /** changes whenever something may have been written: loads do not move across */
  readonly epoch: number;
  // -- filled in by lowering
  uses: number;
  user: Node | undefined;
  local: number;
}

export interface Region {
  readonly parent: Region | undefined;
  readonly nodes: Node[];
  /** an exit was taken unconditionally: what follows is not reachable */
  ended: boolean;
  result: Node | undefined;
}

export interface Graph {
  readonly root: Region;
  i32(value: number): Node;
  i64(value: bigint): Node;
  v128(low: bigint, high: bigint): Node;
  /** A local that nobody writes while this graph runs. */
  param(index: number, type: ValueType): Node;
  /** A local that this graph may write: its value now. */
  get(index: number, type: ValueType): Node;
  set(index: number, value: Node): void;
  /** A local that is no part of the guest's state. */
  note(index: number, value: Node): void;
  /** Locals that this graph writes. */
  readonly written: ReadonlySet<number>;
  pure(op: PureOp, ...args: Node[]): Node;
  /** A division: the caller has excluded the operands for which it traps. */
  partial(op: PartialOp, ...args: Node[]): Node;
  simd(op: SimdOp, args: readonly Node[], lanes?: readonly number[]): Node;
  float(op: FloatOp, ...args: Node[]): Node;
  /** Lane 0 as a number: of what was just loaded, only these bytes are read, as a longer load waits for a shorter store. */
  lowLane(type: "f32" | "f64", vector: Node): Node;
  /** The number in lane 0 of a vector, in one format or both, from who knows it. */
  knowLowLane(vector: Node, ...numbers: Node[]): void;
  /** Is this what memory still holds, nothing having been written since it was loaded? */
  fresh(node: Node): boolean;
  select(condition: Node, yes: Node, no: Node): Node;
  load(op: LoadOp, address: Node, offset: number): Node;
  store(op: StoreOp, address: Node, offset: number, value: Node): void;
  /** `pure`: the function only looks at the state. */
  call(target: number, args: readonly Node[], type: ValueType | "none", pure?: boolean): Node;
  when(condition: Node, yes: () => void, no?: () => void): void;
  /** An `if` with a value; a side that exits returns nothing. `bits`: no bit of the value at or above is set. */
  choose(type: ValueType, condition: Node, yes: () => Node | undefined, no: () => Node | undefined, bits?: number): Node;
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

export function createGraph(): Graph {
  const root: Region = { parent: undefined, nodes: [], ended: false, result: undefined };
  let region = root;
  let epoch = 0;
  let changed = false;
  const written = new Set<number>();
  const constants = new Map<string, Node>();
  const lowLanes = new Map<Node, readonly Node[]>();

  const make = (kind: NodeKind, type: ValueType | "none", op: string, args: readonly Node[], more: Partial<Node> = {}): Node => {
    const node: Node = { kind, type, op, args, value: 0n, immediate: 0, lanes: [], bodies: [], valueBits: 64, region, epoch, uses: 0, user: undefined, local: -1, ...more };
    if (!region.ended) region.nodes.push(node);
    return node;
  };
  const leaf = (kind: "const" | "param", type: ValueType, key: string, more: Partial<Node>): Node => {
    const id = `${kind} ${type} ${key}`;
    let node = constants.get(id);
    if (!node) {
      node = { kind, type, op: "", args: [], value: 0n, immediate: 0, lanes: [], bodies: [], valueBits: 64, region: root, epoch: 0, uses: 0, user: undefined, local: -1, ...more };
      constants.set(id, node);
    }
    return node;
  };
  const i32 = (value: number) => leaf("const", "i32", String(value >>> 0), { value: BigInt(value >>> 0) });
  const i64 = (value: bigint) => {
    value = BigInt.asUintN(64, value);
    return leaf("const", "i64", String(value), { value });
  };
  const v128 = (low: bigint, high: bigint) => {
    const value = BigInt.asUintN(64, low) | (BigInt.asUintN(64, high) << 64n);
    return leaf("const", "v128", String(value), { value });
  };
  const ZERO_LANE = [0];
  const float = (op: FloatOp, ...args: Node[]) => make("pure", OP_FACTS[op].result!, op, args, { lanes: op.endsWith("_lane") ? ZERO_LANE : [] });
  const unchanged = (node: Node) => node.kind === "load" && node.epoch === epoch;
  const pure = (op: PureOp, ...args: Node[]): Node => {
    const type = OP_FACTS[op].result!;
    if (args.every((arg) => arg.kind === "const")) {
      const value = evaluate(op, args.map((arg) => arg.value));
      if (value !== undefined) return type === "i32" ? i32(Number(value)) : i64(value);
    }
    if (op === "i64.shr_u" && args[1].kind === "const" && knownBits(args[0]) <= Number(args[1].value & 63n)) return i64(0n);
    return simplify(op, args) ?? make("pure", type, op, args);
  };
  const select = (condition: Node, yes: Node, no: Node) => {
    if (condition.kind === "const") return condition.value !== 0n ? yes : no;
    if (yes === no) return yes;
    return make("pure", yes.type, `${yes.type}.select`, [yes, no, condition]);
  };
  /** An address that is a local plus a small constant needs no addition: the instruction has an offset. */
  const foldOffset = (address: Node, offset: number): [Node, number] => {
    const [base, plus] = address.args;
    if (address.op !== "i32.add" || base.kind !== "param" || plus.kind !== "const" || plus.value >= 0x10000n) return [address, offset];
    return [base, offset + Number(plus.value)];
  };
  const inside = (body: Region, build: () => Node | undefined | void) => {
    const outer = region, before = changed;
    region = body;
    const result = build();
    if (body.ended) changed = before; // who comes here has not been there
    // a marker at the end, so that a load knows whether it may be computed there
    if (result && !body.ended) body.result = make("result", "none", "", [result]);
    region = outer;
    return result || undefined;
  };
  const fresh = (): Region => ({ parent: region, nodes: [], ended: false, result: undefined });
  const branch = (type: ValueType | "none", condition: Node, yes: () => Node | undefined | void, no: () => Node | undefined | void, bits?: number): Node => {
    const bodies = [fresh(), fresh()];
    const before = epoch++;
    const results = bodies.map((body, index) => inside(body, index === 0 ? yes : no));
    epoch++;
    const node = make("if", type, "", [condition], { bodies, epoch: before, valueBits: bits ?? Math.max(...results.map((result) => (result ? knownBits(result) : 0))) });
    if (bodies.every((body) => body.ended)) region.ended = true;
    return node;
  };
  const note = (index: number, value: Node) => {
    make("set", "none", "", [value], { immediate: index });
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
  return {
    root, written, i32, i64, v128, pure, select, visible, within, scope: () => region, changed: () => changed, nextInstruction: () => { changed = false; },
    param: (index, type) => leaf("param", type, String(index), { immediate: index }),
    get: (index, type) => make("get", type, "", [], { immediate: index }),
    set: (index, value) => {
      note(index, value);
      changed = true;
    },
    note,
    partial: (op, ...args) => make("partial", OP_FACTS[op].result!, op, args),
    simd: (op, args, lanes = []) => make("pure", OP_FACTS[op].result!, op, args, { lanes }),
    float, fresh: unchanged,
    knowLowLane: (vector, ...numbers) => { lowLanes.set(vector, numbers); },
    lowLane: (type, vector) => {
      const known = lowLanes.get(vector)?.find((number) => number.type === type);
      if (known) return known;
      const long = unchanged(vector) && (vector.op === "v128.load" || vector.op === "v128.load64_zero" || (type === "f32" && vector.op === "v128.load32_zero"));
      return long ? make("load", type, `${type}.load`, vector.args, { immediate: vector.immediate }) : float(type === "f32" ? "f32x4.extract_lane" : "f64x2.extract_lane", vector);
    },
    load: (op, address, offset) => {
      const [base, immediate] = foldOffset(address, offset);
      return make("load", OP_FACTS[op].result!, op, [base], { immediate });
    },
    store: (op, address, offset, value) => {
      const [base, immediate] = foldOffset(address, offset);
      make("store", "none", op, [base, value], { immediate });
      changed = true;
      epoch++;
    },
    call: (target, args, type, pure = false) => {
      const node = make("call", type, "", args, { immediate: target });
      if (!pure) changed = true;
      epoch++;
      return node;
    },
    when: (condition, yes, no = () => {}) => {
      if (condition.kind === "const") return void (condition.value !== 0n ? yes : no)();
      branch("none", condition, () => { yes(); }, () => { no(); });
    },
    choose: branch,
    exit: (kind, ...args) => {
      make("exit", "none", kind, args);
      region.ended = true;
    },
  };
}
