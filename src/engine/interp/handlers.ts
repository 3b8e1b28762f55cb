// Handlers: the meaning of every form as Wasm with the operands open, one per form and variant. Hot ones are arms of the big loop in
// run.ts, the others functions `(state, op) -> status`; equal functions are shared.

import { CONSTANTS as C, OFFSET } from "../../hal/layout.ts";
import { FORMS, type Form } from "../../isa/forms.ts";
import { perform } from "../../isa/perform.ts";
import { byteWriter, type ByteWriter } from "../wasm/bytes.ts";
import { createEmit } from "../wasm/emit.ts";
import { flagsInState } from "../wasm/flags.ts";
import { createGraph, type Graph } from "../wasm/ir.ts";
import { localPool, lower } from "../wasm/lower.ts";
import { CONTROL as W, type ValueType } from "../wasm/opcodes.ts";
import { isHot } from "./hot.ts";
import { FACT_ENDS, variantsOf, type Variant } from "./operation.ts";
import { operationPlacement } from "./place.ts";

/** Locals of a handler, whether function or arm. */
export const STATE_LOCAL = 0, OP_LOCAL = 1;
/** What a handler's function answers. */
export const STATUS_NEXT = 0, STATUS_LEAVE = 1, STATUS_FAULT = 2;
export const HANDLER_PARAMS: readonly ValueType[] = ["i32", "i32"];

export interface HandlerFunction { locals: readonly ValueType[]; body: Uint8Array }
export interface Handlers {
  /** forms and variants that are arms, in the order of their numbers from HANDLER_FIRST on */
  arms: { form: Form; variant: Variant }[];
  /** functions, by number from HANDLER_FIRST on: those of the arms too, for when their TLB look-up fails */
  functions: HandlerFunction[];
  numberOf(form: Form, variant: Variant): number;
  factsOf(form: Form): number;
}

/** Records a form's meaning. A meaning that changed what later instructions depend on leaves: nothing else ends a block. */
export function recordHandler(graph: Graph, core: (name: string) => number, form: Form, variant: Variant, leaveOnMiss = false): void {
  const surroundings = { g: graph, state: graph.param(STATE_LOCAL, "i32"), core, leaveOnMiss };
  const op = graph.param(OP_LOCAL, "i32");
  perform(createEmit(surroundings, operationPlacement(surroundings, op, form, variant), flagsInState(surroundings)), form);
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
  const arms: Handlers["arms"] = [];
  const functions: HandlerFunction[] = [];
  const each = forms.flatMap((form) => variantsOf(form).map((variant) => ({ form, variant })));
  for (const { form, variant } of each) {
    if (!isHot(form, variant)) continue;
    numbers.set(key(form, variant), C.HANDLER_FIRST + arms.length);
    arms.push({ form, variant });
  }
  for (const { form, variant } of each) {
    const graph = createGraph();
    recordHandler(graph, core, form, variant);
    if (graph.root.ended) facts.set(form.id, FACT_ENDS);
    const made = handlerFunction(graph), arm = numbers.get(key(form, variant));
    if (arm !== undefined) {
      functions[arm - C.HANDLER_FIRST] = made;
      continue;
    }
    const text = `${made.locals.join()}:${made.body.join()}`;
    let index = known.get(text);
    if (index === undefined) {
      index = Math.max(functions.length, arms.length);
      functions[index] = made;
      known.set(text, index);
    }
    numbers.set(key(form, variant), C.HANDLER_FIRST + index);
  }
  return { arms, functions, numberOf: (form, variant) => numbers.get(key(form, variant)) ?? 0, factsOf: (form) => facts.get(form.id) ?? 0 };
}

