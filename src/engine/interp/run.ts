// The interpreter's module: `run`, one loop whose body is a br_table over the hot handlers, and a table of functions for the others.
//
//   find    the block at RIP, decoded if need be; a fetch that faults is delivered
//   enter   the block is paid for from the budget; attention, or a budget too small, is core's business (pause)
//   next    one operation after the other, until one leaves: by a link to a block, by RIP, or by a fault

import { CONSTANTS as C, OFFSET } from "../../hal/layout.ts";
import { FORMS } from "../../isa/forms.ts";
import { HELPERS } from "../../isa/helpers.ts";
import { assembler } from "../wasm/assembler.ts";
import { byteWriter } from "../wasm/bytes.ts";
import { createGraph, type Graph, type Node } from "../wasm/ir.ts";
import { localPool, lower } from "../wasm/lower.ts";
import { moduleWriter, type ModuleWriter } from "../wasm/module.ts";
import { CONTROL as W, type ValueType } from "../wasm/opcodes.ts";
import { recordFind, recordFollow } from "./find.ts";
import { HANDLER_PARAMS, makeHandlers, OP_LOCAL, recordArm, STATE_LOCAL, STATUS_LEAVE, type Handlers } from "./handlers.ts";
import { FLAGS_SECTION, HANDLER_SECTION, HANDLER_STRIDE, PAIR_SECTION, VARIANTS } from "./operation.ts";

const MEMORY_PAGES = { minimum: 17, maximum: 65536 };
const LETTERS: Record<string, ValueType> = { l: "i64", i: "i32" };

/** Functions of core that are no helpers of instructions: `arguments:result`. */
const CORE_FUNCTIONS = {
  load8: "l:l", load16: "l:l", load32: "l:l", load64: "l:l", store8: "ll:", store16: "ll:", store32: "ll:", store64: "ll:", loadVector: "li:", storeVector: "li:",
  flagAux: "ill:l", patienceEnds: "l:", beginLocked: "li:i", endLocked: "ili:", beginUpdate: "li:i", endUpdate: "li:", linearAddress: "ilii:l",
  findBlock: ":i", followBranch: "ii:i", pause: "i:i", deliverFault: "i:i", deliverFetchFault: ":i", checkCross: "i:i", refetch: "i:",
} as const;

/** Imports all that handlers may call, and answers by name. */
function importCore(module: ModuleWriter): (name: string) => number {
  const indices = new Map<string, number>();
  for (const [name, text] of Object.entries({ ...HELPERS, ...CORE_FUNCTIONS })) {
    const [args, result] = text.replace(/[!?]/, "").split(":");
    const params = [...args].filter((letter) => letter !== "v").map((letter) => LETTERS[letter]);
    indices.set(name, module.importFunction("core", name, module.type(params, result in LETTERS ? [LETTERS[result]] : [])));
  }
  return (name) => indices.get(name)!;
}

const BLOCK_LOCAL = 2, BUDGET_LOCAL = 3, STATUS_LOCAL = 4, FIRST_FREE_LOCAL = 5;

/** Functions and types that `run` refers to. `hot` is there when blocks may be compiled (engine/jit). */
interface RunParts { core(name: string): number; decode: number; part: number; breakpoint: number; hot?: { called: number; regionType: number }; handlers: Handlers; handlerType: number }

function writeRun(module: ModuleWriter, { core, decode, part, breakpoint, hot, handlers, handlerType }: RunParts): number {
  const out = byteWriter(), a = assembler(out), locals = localPool(FIRST_FREE_LOCAL);
  const firstFunction = C.HANDLER_FIRST + handlers.arms.length;

  const inline = (record: (g: Graph, state: Node) => void, exits: Record<string, (emit: () => void, depth: number) => void>) => {
    const graph = createGraph();
    record(graph, graph.param(STATE_LOCAL, "i32"));
    lower(graph, out, { locals, exit: (node, depth, _out, emit) => exits[node.op](() => emit(node.args[0]), depth) });
  };
  const branchTo = (label: number, depth: number) => {
    out.byte(W.br);
    out.u32(a.depthTo(label) + depth);
  };

  /** The block is one entry nearer to being compiled, or to being compiled together with what it is entered from. */
  const warm = (called: number, whenHot = () => {}) => {
    a.get(BLOCK_LOCAL);
    a.memory("i32.load16_u", C.BLOCK_HOT);
    a.tee(STATUS_LOCAL);
    a.when();
    a.get(BLOCK_LOCAL);
    a.get(STATUS_LOCAL);
    a.i32(1);
    a.op("i32.sub");
    a.memory("i32.store16", C.BLOCK_HOT);
    a.get(STATUS_LOCAL);
    a.i32(1);
    a.op("i32.eq");
    a.when();
    a.get(BLOCK_LOCAL);
    a.call(called);
    whenHot();
    a.close();
    a.close();
  };

  const find = a.loop();
  const found = a.block(), search = a.block();
  inline(recordFind, {
    slow: (_emit, depth) => branchTo(search, depth),
    found: (emit, depth) => {
      emit();
      a.set(BLOCK_LOCAL);
      branchTo(found, depth);
    },
  });
  a.close();
  a.call(core("findBlock"));
  a.set(BLOCK_LOCAL);
  a.close();
  const enter = a.loop();

  const refuse = () => { // no block, a fault is pending
    a.call(core("deliverFetchFault"));
    a.when();
    a.leave();
    a.close();
    a.br(find);
  };
  a.get(BLOCK_LOCAL);
  a.op("i32.eqz");
  a.when();
  a.call(decode);
  a.tee(BLOCK_LOCAL);
  a.op("i32.eqz");
  a.when();
  refuse();
  a.close();
  a.close();

  // pay
  const paid = a.block();
  a.get(STATE_LOCAL);
  a.memory("i64.load", OFFSET.budget);
  a.get(BLOCK_LOCAL);
  a.memory("i64.load16_u", C.BLOCK_COUNT);
  a.op("i64.sub");
  a.tee(BUDGET_LOCAL);
  out.byte(W.i64Const);
  out.s64(0n);
  a.op("i64.lt_s");
  a.get(STATE_LOCAL);
  a.memory("i32.load", OFFSET.attention);
  a.op("i32.or");
  a.when();
  a.get(BLOCK_LOCAL);
  a.call(core("pause"));
  a.tee(BLOCK_LOCAL);
  a.i32(C.PAUSE_PART);
  a.op("i32.gt_u");
  a.brIf(paid);
  a.get(BLOCK_LOCAL);
  a.op("i32.eqz");
  a.when();
  a.leave();
  a.close();
  a.get(BLOCK_LOCAL);
  a.i32(C.PAUSE_MISS);
  a.op("i32.eq");
  a.when();
  a.i32(0);
  a.set(BLOCK_LOCAL);
  a.br(enter);
  a.close();
  a.call(part);
  a.tee(BLOCK_LOCAL);
  a.brIf(paid); // it is paid for
  refuse();
  a.close();
  a.get(STATE_LOCAL);
  a.get(BUDGET_LOCAL);
  a.memory("i64.store", OFFSET.budget);
  a.close();
  if (hot) warm(hot.called);
  a.get(BLOCK_LOCAL);
  a.i32(C.BLOCK_HEADER_BYTES);
  a.op("i32.add");
  a.set(OP_LOCAL);

  const next = a.loop();
  const fault = a.block(), leave = a.block(), link = a.block();
  const step = () => {
    a.get(OP_LOCAL);
    a.i32(C.OP_BYTES);
    a.op("i32.add");
    a.set(OP_LOCAL);
  };
  const advance = () => {
    step();
    a.br(next);
  };
  const executed = a.block(), cold = a.block();
  const armLabels: number[] = [];
  for (let number = firstFunction - 1; number >= 0; number--) armLabels[number] = a.block();
  a.get(OP_LOCAL);
  a.memory("i32.load16_u", C.OP_HANDLER);
  out.byte(W.brTable);
  out.u32(firstFunction);
  for (const label of armLabels) out.u32(a.depthTo(label));
  out.u32(a.depthTo(cold));

  const raise = (vector: number) => {
    for (const [value, offset] of [[C.FAULT_PENDING | vector, OFFSET.fault], [0, OFFSET.faultCode]]) {
      a.get(STATE_LOCAL);
      a.i32(value);
      a.memory("i32.store", offset);
    }
    a.br(fault);
  };
  /** Executes the operation by its function, which answers in STATUS_LOCAL. */
  const callFunction = () => {
    a.get(STATE_LOCAL); // for traces and watchpoints; that nobody looks whether it is for one saves more than it costs
    a.get(OP_LOCAL);
    a.memory("i32.store", OFFSET.operation);
    a.get(STATE_LOCAL);
    a.get(OP_LOCAL);
    a.get(OP_LOCAL);
    a.memory("i32.load16_u", C.OP_HANDLER);
    if (hot) { // where compiled code begins, the operation's own handler is in the block
      a.tee(STATUS_LOCAL);
      a.i32(C.HANDLER_REGION);
      a.op("i32.eq");
      out.byte(W.if);
      out.byte(0x7f); // i32
      a.get(OP_LOCAL);
      a.i32(C.BLOCK_HEADER_BYTES);
      a.op("i32.sub");
      a.memory("i32.load16_u", C.BLOCK_HANDLER);
      a.otherwise();
      a.get(STATUS_LOCAL);
      out.byte(W.end);
    }
    a.i32(C.HANDLER_FIRST);
    a.op("i32.sub");
    out.byte(W.callIndirect);
    out.u32(handlerType);
    out.u32(0);
    a.set(STATUS_LOCAL);
  };
  /** The budget gets back the instructions behind this one. */
  const refund = () => {
    a.get(STATE_LOCAL);
    a.get(STATE_LOCAL);
    a.memory("i64.load", OFFSET.budget);
    a.get(OP_LOCAL);
    a.memory("i64.load8_u", C.OP_LEFT);
    a.op("i64.add");
    a.memory("i64.store", OFFSET.budget);
  };
  /** flagAux for who is not compiled. */
  const settleFlags = () => {
    a.get(STATE_LOCAL);
    a.memory("i32.load", OFFSET.flagCode);
    a.when();
    a.get(STATE_LOCAL);
    a.get(STATE_LOCAL);
    a.memory("i32.load", OFFSET.flagCode);
    a.get(STATE_LOCAL);
    a.memory("i64.load", OFFSET.flagFirst);
    a.get(STATE_LOCAL);
    a.memory("i64.load", OFFSET.flagResult);
    a.call(core("flagAux"));
    a.memory("i64.store", OFFSET.flagAux);
    a.get(STATE_LOCAL);
    a.i32(0);
    a.memory("i32.store", OFFSET.flagCode);
    a.close();
  };
  /** One more of what compiled code answered in STATUS_LOCAL. */
  const countAnswer = () => {
    for (let times = 2; times > 0; times--) {
      a.get(STATUS_LOCAL);
      a.i32(C.REGION_ANSWER_BITS);
      a.op("i32.and");
      a.i32(3);
      a.op("i32.shl");
      a.get(STATE_LOCAL);
      a.op("i32.add");
    }
    a.memory("i64.load", OFFSET.regionExits);
    out.byte(W.i64Const);
    out.s64(1n);
    a.op("i64.add");
    a.memory("i64.store", OFFSET.regionExits);
  };
  const answerIs = (answer: number) => {
    a.get(STATUS_LOCAL);
    a.i32(C.REGION_ANSWER_BITS);
    a.op("i32.and");
    a.i32(answer);
    a.op("i32.eq");
  };
  /** Executes compiled code, which says where to go on, and how. What goes on in compiled code does not come by anything else. */
  const enterRegion = ({ regionType, called }: { regionType: number; called: number }) => {
    a.get(OP_LOCAL);
    a.i32(C.BLOCK_HEADER_BYTES);
    a.op("i32.sub");
    a.set(BLOCK_LOCAL);
    const chain = a.loop();
    a.get(STATE_LOCAL);
    a.get(BLOCK_LOCAL);
    a.memory("i32.load16_u", C.BLOCK_ENTRY);
    a.get(BLOCK_LOCAL);
    a.i32(C.BLOCK_HEADER_BYTES);
    a.op("i32.add");
    a.get(BLOCK_LOCAL);
    a.memory("i32.load", C.BLOCK_REGION);
    a.memory("i32.load", C.COMPILED_FUNCTION);
    out.byte(W.callIndirect);
    out.u32(regionType);
    out.u32(0);
    a.set(STATUS_LOCAL);
    countAnswer();
    const elsewhere = a.block(), interpreted = a.block(), known = a.block(), linked = a.block();
    const goOn = (label: number) => (emit: () => void, depth: number) => {
      emit();
      a.set(BLOCK_LOCAL);
      branchTo(label, depth);
    };
    const executedHere = a.block();
    answerIs(C.REGION_HELPER); // a system call, the return from one, an address space: what leaves goes on in compiled code
    a.when();
    a.get(STATUS_LOCAL);
    a.i32(~C.REGION_ANSWER_BITS);
    a.op("i32.and");
    a.set(OP_LOCAL);
    settleFlags();
    callFunction();
    a.get(STATUS_LOCAL);
    a.i32(STATUS_LEAVE);
    a.op("i32.ne");
    a.brIf(executed);
    refund();
    a.br(executedHere);
    a.close();
    answerIs(C.REGION_LINK);
    a.when();
    a.get(STATUS_LOCAL);
    a.i32(~C.REGION_ANSWER_BITS);
    a.op("i32.and");
    a.set(OP_LOCAL);
    inline((g, state) => recordFollow(g, state, g.param(OP_LOCAL, "i32")), { slow: (_emit, depth) => branchTo(elsewhere, depth), found: goOn(linked) });
    a.close();
    answerIs(C.REGION_INDIRECT);
    a.op("i32.eqz");
    a.brIf(elsewhere);
    a.close(); // executed here
    inline(recordFind, { slow: (_emit, depth) => branchTo(elsewhere, depth), found: goOn(known) });
    a.close(); // linked
    refund();
    a.close(); // known
    a.get(BLOCK_LOCAL);
    a.memory("i32.load16_u", C.BLOCK_HEADER_BYTES + C.OP_HANDLER);
    a.i32(C.HANDLER_REGION);
    a.op("i32.ne");
    a.brIf(interpreted);
    warm(called, () => a.br(interpreted)); // it may not be compiled any more
    a.get(STATE_LOCAL);
    a.memory("i64.load", OFFSET.budget);
    a.get(BLOCK_LOCAL);
    a.memory("i64.load16_u", C.BLOCK_COUNT);
    a.op("i64.sub");
    a.tee(BUDGET_LOCAL);
    out.byte(W.i64Const);
    out.s64(0n);
    a.op("i64.lt_s");
    a.brIf(interpreted);
    a.get(STATE_LOCAL);
    a.memory("i32.load", OFFSET.attention);
    a.brIf(interpreted);
    a.get(STATE_LOCAL);
    a.get(BUDGET_LOCAL);
    a.memory("i64.store", OFFSET.budget);
    a.br(chain);
    a.close(); // interpreted
    settleFlags();
    a.br(enter);
    a.close(); // elsewhere
    a.close(); // chain
    settleFlags();
    a.i32(0);
    a.set(BLOCK_LOCAL); // it may have left another one
    a.get(STATUS_LOCAL);
    a.i32(~C.REGION_ANSWER_BITS);
    a.op("i32.and");
    a.tee(OP_LOCAL);
    a.op("i32.eqz");
    a.brIf(find);
    a.get(STATUS_LOCAL);
    a.i32(3);
    a.op("i32.and");
    out.byte(W.brTable);
    out.u32(3);
    for (const label of [cold, fault, link, next]) out.u32(a.depthTo(label));
  };
  const fixed: Record<number, () => void> = {
    [C.HANDLER_REFETCH]: () => {
      a.get(OP_LOCAL);
      a.call(core("refetch"));
      a.br(find);
    },
    [C.HANDLER_GOTO]: () => a.br(link),
    [C.HANDLER_CROSS]: () => {
      a.get(OP_LOCAL);
      a.call(core("checkCross"));
      a.tee(STATUS_LOCAL);
      a.op("i32.eqz");
      a.brIf(fault);
      a.get(STATUS_LOCAL);
      a.i32(1);
      a.op("i32.ne");
      a.brIf(find);
      advance();
    },
    [C.HANDLER_INVALID]: () => raise(6),
    [C.HANDLER_TOO_LONG]: () => raise(13),
    [C.HANDLER_BREAK]: () => {
      a.get(OP_LOCAL);
      a.call(breakpoint);
      a.when();
      a.leave();
      a.close();
      advance();
    },
    [C.HANDLER_REGION]: () => (hot ? enterRegion(hot) : out.byte(W.unreachable)),
  };
  for (let number = 0; number < firstFunction; number++) {
    a.close(); // the arm's label: here it begins
    if (number < C.HANDLER_FIRST) {
      fixed[number]();
      continue;
    }
    const arm = handlers.arms[number - C.HANDLER_FIRST], graph = createGraph();
    recordArm(graph, core, arm);
    const exits: Record<string, number> = { fault, leave, link, miss: cold };
    lower(graph, out, { locals, exit: (node, depth) => {
      const second = node.op.endsWith("2");
      if (second) step();
      out.byte(W.br);
      out.u32(a.depthTo(exits[second ? node.op.slice(0, -1) : node.op]) + depth);
    } });
    if (graph.root.ended) continue;
    if (arm.second) step();
    advance();
  }

  a.close(); // cold
  callFunction();
  a.close(); // executed
  const proceed = a.block();
  a.get(STATUS_LOCAL);
  out.byte(W.brTable);
  out.u32(2);
  for (const label of [proceed, leave, fault]) out.u32(a.depthTo(label));
  a.close();
  advance();

  a.close(); // link: a taken direct branch
  refund();
  const unlinked = a.block();
  inline((g, state) => recordFollow(g, state, g.param(OP_LOCAL, "i32")), {
    slow: (_emit, depth) => branchTo(unlinked, depth),
    found: (emit, depth) => {
      emit();
      a.set(BLOCK_LOCAL);
      branchTo(enter, depth);
    },
  });
  a.close();
  a.get(BLOCK_LOCAL);
  a.get(OP_LOCAL);
  a.call(core("followBranch"));
  a.set(BLOCK_LOCAL);
  a.br(enter);

  a.close(); // leave: RIP is in the state
  refund();
  a.br(find);

  a.close(); // fault
  a.get(OP_LOCAL);
  a.call(core("deliverFault"));
  a.when();
  a.leave();
  a.close();
  a.br(find);

  a.close(); // next
  a.close(); // enter
  a.close(); // find
  // OP_LOCAL is a parameter, so that handlers have the same locals whether they are arms or functions; the caller passes 0
  return module.func(module.type(HANDLER_PARAMS, []), ["i32", "i64", "i32", ...locals.types], out.finish());
}

/** What `run` calls for compiled code: state, number of the block, its first operation. @returns REGION_ and the operation, or 0: go on at RIP */
const REGION_PARAMS: readonly ValueType[] = ["i32", "i32", "i32"];
const MOST_REGIONS = 32768;

/** Makes interp.wasm. @param withRegions the variant that engine/jit extends: it counts entries, calls compiled code, and exports its table */
export function buildInterpreter(withRegions = false): Uint8Array {
  const module = moduleWriter();
  module.importSharedMemory("env", "memory", MEMORY_PAGES.minimum, MEMORY_PAGES.maximum);
  const core = importCore(module);
  const blockType = module.type([], ["i32"]);
  const decode = module.importFunction("interp", "decode", blockType), part = module.importFunction("interp", "part", blockType);
  const breakpoint = module.importFunction("interp", "breakpoint", module.type(["i32"], ["i32"]));
  const hot = withRegions ? { called: module.importFunction("interp", "hot", module.type(["i32"], [])), regionType: module.type(REGION_PARAMS, ["i32"]) } : undefined;
  const handlerType = module.type(HANDLER_PARAMS, ["i32"]);
  const handlers = makeHandlers(core);
  module.exportFunction("run", writeRun(module, { core, decode, part, breakpoint, hot, handlers, handlerType }));
  module.table(handlers.functions.map(({ locals, body }) => module.func(handlerType, locals, body)), withRegions ? MOST_REGIONS : 0);
  if (withRegions) module.exportTable("table");

  const table = byteWriter();
  const u16 = (value: number) => table.bytes([value & 0xff, value >> 8]);
  for (const form of FORMS) {
    for (const variant of VARIANTS) u16(handlers.numberOf(form, variant));
    u16(handlers.factsOf(form));
  }
  if (table.length !== FORMS.length * HANDLER_STRIDE * 2) throw new RangeError("handler table");
  module.custom(HANDLER_SECTION, table.finish());
  const pairs = byteWriter();
  for (const number of handlers.pairs.flat()) pairs.bytes([number & 0xff, number >> 8]);
  module.custom(PAIR_SECTION, pairs.finish());
  const flags = byteWriter();
  for (const number of handlers.flags.flatMap(({ use, without }) => [use, without])) flags.bytes([number & 0xff, number >> 8]);
  module.custom(FLAGS_SECTION, flags.finish());
  return module.finish();
}
