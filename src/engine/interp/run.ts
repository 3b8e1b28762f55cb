// The interpreter's module: `run`, one loop whose body is a br_table over the hot handlers, and a table of functions for the others.
//
//   find    the block at RIP, decoded if need be; a fetch that faults is delivered
//   enter   the block is paid for from the budget; attention, or a budget too small, is core's business (pause)
//   next    one operation after the other, until one leaves: by a link to a block, by RIP, or by a fault

import { CONSTANTS as C, OFFSET } from "../../hal/layout.ts";
import { FORMS } from "../../isa/forms.ts";
import { byteWriter } from "../wasm/bytes.ts";
import { createGraph } from "../wasm/ir.ts";
import { lower } from "../wasm/lower.ts";
import { moduleWriter, type ModuleWriter } from "../wasm/module.ts";
import { CONTROL as W, type ValueType } from "../wasm/opcodes.ts";
import { functionCall } from "./call.ts";
import { CHAIN_ENTER, CHAIN_FIND, warm, writeChain, type Hot } from "./chain.ts";
import { recordFind, recordFollow } from "./find.ts";
import { HANDLER_PARAMS, makeHandlers, OP_LOCAL, recordArm, STATE_LOCAL, type Handlers } from "./handlers.ts";
import { importCore } from "./imports.ts";
import { FLAGS_SECTION, HANDLER_SECTION, HANDLER_STRIDE, PAIR_SECTION, VARIANTS } from "./operation.ts";
import { BLOCK_LOCAL, LOCAL_TYPES, runWriter, STATUS_LOCAL } from "./writer.ts";

const MEMORY_PAGES = { minimum: 17, maximum: 65536 };

/** Functions and types that `run` refers to. `hot` is there when blocks may be compiled (engine/jit). */
interface RunParts { core(name: string): number; decode: number; part: number; breakpoint: number; hot?: Hot; handlers: Handlers; handlerType: number }

function writeRun(module: ModuleWriter, { core, decode, part, breakpoint, hot, handlers, handlerType }: RunParts): number {
  const callFunction = functionCall(handlerType, hot), writer = runWriter(), { out, a, locals, inline, branchTo, tooLittle, pay, refund } = writer;
  const chain = hot && writeChain(module, core, hot, callFunction);
  const firstFunction = C.HANDLER_FIRST + handlers.arms.length;

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
  tooLittle(() => {
    a.get(BLOCK_LOCAL);
    a.memory("i64.load16_u", C.BLOCK_COUNT);
  });
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
  pay();
  a.close();
  if (hot) warm(writer, hot);
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
  const cold = a.block();
  const armLabels: number[] = [];
  for (let number = firstFunction - 1; number >= 0; number--) armLabels[number] = a.block();
  a.get(OP_LOCAL);
  a.memory("i32.load16_u", C.OP_HANDLER);
  a.brTable([...armLabels, cold]);

  const raise = (vector: number) => {
    for (const [value, offset] of [[C.FAULT_PENDING | vector, OFFSET.fault], [0, OFFSET.faultCode]]) {
      a.get(STATE_LOCAL);
      a.i32(value);
      a.memory("i32.store", offset);
    }
    a.br(fault);
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
    [C.HANDLER_REGION]: () => {
      if (chain === undefined) return out.byte(W.unreachable);
      a.get(STATE_LOCAL);
      a.get(OP_LOCAL);
      a.call(chain);
      a.tee(STATUS_LOCAL);
      a.i32(~15);
      a.op("i32.and");
      a.set(OP_LOCAL);
      a.i32(0);
      a.set(BLOCK_LOCAL); // compiled code does not say which
      const block = a.block();
      a.get(STATUS_LOCAL);
      a.i32(15);
      a.op("i32.and");
      const places: number[] = [];
      for (const [answer, label] of [[C.REGION_COLD, cold], [C.REGION_FAULT, fault], [C.REGION_LINK, link], [C.REGION_NEXT, next], [CHAIN_ENTER, block], [CHAIN_FIND, find]]) places[answer] = label;
      a.brTable(places);
      a.close();
      a.get(OP_LOCAL);
      a.set(BLOCK_LOCAL);
      a.br(enter);
    },
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
  callFunction(writer);
  const proceed = a.block();
  a.get(STATUS_LOCAL);
  a.brTable([proceed, leave, fault]);
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
  return module.func(module.type(HANDLER_PARAMS, []), [...LOCAL_TYPES, ...locals.types], out.finish());
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
