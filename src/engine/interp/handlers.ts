// Handlers: the meaning of every form as Wasm with the operands open, one per form and variant. Hot ones are arms of the big loop in
// run.ts, the others functions `(state, op) -> status`; equal functions are shared.

import { CONSTANTS as C, OFFSET } from "../../hal/layout.ts";
import { FORMS, type Form } from "../../isa/forms.ts";
import { perform } from "../../isa/perform.ts";
import { byteWriter, type ByteWriter } from "../wasm/bytes.ts";
import { createEmit, type Placement } from "../wasm/emit.ts";
import { flagsInState } from "../wasm/flags.ts";
import { createGraph, type Graph, type Node, type Region } from "../wasm/ir.ts";
import { localPool, lower } from "../wasm/lower.ts";
import { CONTROL as W, type ValueType } from "../wasm/opcodes.ts";
import { hasTwin, isHot, isPair } from "./hot.ts";
import { FACT_ENDS, FLAGS_MAY_WRITE, FLAGS_SHOWS, FLAGS_WRITES, variantsOf, type Variant } from "./operation.ts";
import { operationPlacement } from "./place.ts";

/** Locals of a handler, whether function or arm. */
export const STATE_LOCAL = 0, OP_LOCAL = 1;
/** What a handler's function answers. */
export const STATUS_NEXT = 0, STATUS_LEAVE = 1, STATUS_FAULT = 2;
export const HANDLER_PARAMS: readonly ValueType[] = ["i32", "i32"];

export interface HandlerFunction { locals: readonly ValueType[]; body: Uint8Array }
/** A hot form; or two that follow one another, `second` being that of the operation behind. */
export interface Arm {
  form: Form;
  variant: Variant;
  second?: Form;
  /** for where nobody reads the flags that it would write */
  withoutFlags?: boolean;
}
export interface Handlers {
  /** numbers of the first and second handler of a pair, and of the arm for both */
  pairs: [number, number, number][];
  /** what is an arm, in the order of their numbers from HANDLER_FIRST on */
  arms: Arm[];
  /** functions, by number from HANDLER_FIRST on: those of the arms too, for when their TLB look-up fails */
  functions: HandlerFunction[];
  /** what arms do with the status flags (FLAGS_...), by number from HANDLER_FIRST on, and the number of the arm that does not write them, or 0 */
  flags: { use: number; without: number }[];
  numberOf(form: Form, variant: Variant): number;
  factsOf(form: Form): number;
}

/** Records a form's meaning. A meaning that changed what later instructions depend on leaves: nothing else ends a block. */
export function recordHandler(graph: Graph, core: (name: string) => number, form: Form, variant: Variant): void {
  let placed: Placement;
  const surroundings = { g: graph, state: graph.param(STATE_LOCAL, "i32"), core, locked: () => variant.startsWith("locked"), retry: () => placed.again() };
  const op = graph.param(OP_LOCAL, "i32"), place = operationPlacement(surroundings, op, form, variant);
  perform(createEmit(surroundings, (e) => (placed = place(e)), flagsInState(surroundings)), form);
}

/** Records an arm: no calls, but the exit `miss`. Exits of a pair's second instruction have `2` at their end. */
export function recordArm(graph: Graph, core: (name: string) => number, { form, variant, second, withoutFlags }: Arm): void {
  const surroundings = { g: graph, state: graph.param(STATE_LOCAL, "i32"), core, leaveOnMiss: true };
  const op = graph.param(OP_LOCAL, "i32"), flagStore = flagsInState(surroundings);
  if (withoutFlags) flagStore.setResult = flagStore.setAux = () => {};
  perform(createEmit(surroundings, operationPlacement(surroundings, op, form, variant), flagStore), form);
  if (second === undefined) return;
  graph.nextInstruction();
  const behind = { ...surroundings, g: { ...graph, exit: (kind: string, ...args: Node[]) => graph.exit(`${kind}2`, ...args) } };
  const opBehind = graph.pure("i32.add", op, graph.i32(C.OP_BYTES));
  perform(createEmit(behind, operationPlacement(behind, opBehind, second, "plain64"), flagStore), second);
}

/** What an arm does with the status flags. Who may leave in the middle shows them to somebody. */
function flagUse(graph: Graph): number {
  let use = 0;
  const isFlags = (node: Node) => node.args[0] === graph.param(STATE_LOCAL, "i32") && (node.immediate === OFFSET.flagResult || node.immediate === OFFSET.flagAux);
  const visit = (region: Region) => region.nodes.forEach((node) => {
    if (node.kind === "exit" || (node.kind === "load" && isFlags(node))) use |= FLAGS_SHOWS;
    if (node.kind === "store" && isFlags(node)) use |= region === graph.root ? FLAGS_WRITES | FLAGS_MAY_WRITE : FLAGS_MAY_WRITE;
    node.bodies.forEach(visit);
  });
  visit(graph.root);
  return use;
}

function handlerFunction(graph: Graph): HandlerFunction {
  const out = byteWriter(), locals = localPool(HANDLER_PARAMS.length);
  const answer = (status: number) => {
    out.byte(W.i32Const);
    out.s32(status);
    out.byte(W.return);
  };
  lower(graph, out, { locals, exit: (node, _depth, writer) => {
    if (node.op === "link") leaveByLink(writer);
    answer(node.op === "fault" ? STATUS_FAULT : STATUS_LEAVE);
  } });
  out.byte(W.i32Const);
  out.s32(STATUS_NEXT);
  return { locals: locals.types, body: out.finish() };
}

/** RIP becomes page + the operation's target. */
function leaveByLink(out: ByteWriter): void {
  const loadFrom = (local: number, offset: number) => {
    out.byte(W.localGet);
    out.u32(local);
    out.byte(0x29); // i64.load
    out.u32(0);
    out.u32(offset);
  };
  out.byte(W.localGet);
  out.u32(STATE_LOCAL);
  loadFrom(STATE_LOCAL, OFFSET.page);
  loadFrom(OP_LOCAL, C.OP_IMM);
  out.byte(0x7c); // i64.add
  out.byte(0x37); // i64.store
  out.u32(0);
  out.u32(OFFSET.rip);
}

/** Makes the handlers of all forms. @param core index of a function imported from core */
export function makeHandlers(core: (name: string) => number, forms: readonly Form[] = FORMS): Handlers {
  const key = (form: Form, variant: Variant) => `${form.id} ${variant}`;
  const numbers = new Map<string, number>(), facts = new Map<number, number>(), known = new Map<string, number>();
  const arms: Arm[] = [], pairs: Handlers["pairs"] = [];
  const made: HandlerFunction[] = [];
  const twins = new Map<number, number>();
  const each = forms.flatMap((form) => variantsOf(form).map((variant) => ({ form, variant, hot: isHot(form, variant) })));
  // arms have the lowest numbers, pairs follow, then what is a function only
  const makeFunction = ({ form, variant }: Arm): { text: string; handler: HandlerFunction } => {
    const graph = createGraph();
    recordHandler(graph, core, form, variant);
    if (graph.root.ended) facts.set(form.id, FACT_ENDS);
    const handler = handlerFunction(graph);
    return { text: `${handler.locals.join()}:${handler.body.join()}`, handler };
  };
  for (const hot of [true, false]) {
    for (const one of each.filter((candidate) => candidate.hot === hot)) {
      const { text, handler } = makeFunction(one);
      let number = known.get(text);
      if (number === undefined) {
        number = C.HANDLER_FIRST + made.push(handler) - 1;
        known.set(text, number);
        if (hot) arms.push(one);
      }
      numbers.set(key(one.form, one.variant), number);
    }
    if (!hot) break;
    const singles = [...arms], numberOfArm = ({ form, variant }: Arm) => numbers.get(key(form, variant))!;
    for (const first of singles) for (const second of singles) {
      if (second.variant !== "plain64" || !isPair(first.form, first.variant, second.form)) continue;
      pairs.push([numberOfArm(first), numberOfArm(second), C.HANDLER_FIRST + made.length]);
      made.push(made[numberOfArm(first) - C.HANDLER_FIRST]); // when its access misses, the first is executed alone
      arms.push({ ...first, second: second.form });
    }
    for (const one of singles) {
      const graph = createGraph();
      recordArm(graph, core, one);
      if (!(flagUse(graph) & FLAGS_MAY_WRITE) || !hasTwin(one.form, one.variant)) continue;
      twins.set(numberOfArm(one), C.HANDLER_FIRST + made.length);
      made.push(made[numberOfArm(one) - C.HANDLER_FIRST]);
      arms.push({ ...one, withoutFlags: true });
    }
  }
  const functions = made;
  const flags = arms.map((arm, index) => {
    const graph = createGraph();
    recordArm(graph, core, arm);
    return { use: flagUse(graph), without: twins.get(C.HANDLER_FIRST + index) ?? 0 };
  });
  return { arms, pairs, flags, functions, numberOf: (form, variant) => numbers.get(key(form, variant)) ?? 0, factsOf: (form) => facts.get(form.id) ?? 0 };
}

