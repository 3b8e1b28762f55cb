// Compiled code, from one region to the next without the interpreter's loop: a function of its own, small enough that V8 keeps what it
// needs in registers. Where an address leads is looked up in a table of what it led to before (JUMP_ in hal/layout.ts), which is a
// sixteenth of a block's header and fits in the host's first cache (docs/adr/0007-regions.md).

import { CONSTANTS as C, OFFSET } from "../../hal/layout.ts";
import type { ModuleWriter } from "../wasm/module.ts";
import { CONTROL as W, type ValueType } from "../wasm/opcodes.ts";
import { jumpEntry, recordFind, recordFollow, recordJump } from "./find.ts";
import { HANDLER_PARAMS, OP_LOCAL, STATE_LOCAL, STATUS_FAULT, STATUS_LEAVE } from "./handlers.ts";
import { BLOCK_LOCAL, FIRST_FREE_LOCAL, LOCAL_TYPES, runWriter, STATUS_LOCAL, type RunWriter } from "./writer.ts";

/** The type of regions' functions, and what is called for a block that has become hot. */
export interface Hot { called: number; regionType: number }

/** Where the interpreter goes on, beside an address of which the low four bits are 0: an operation to execute without the TLB, to deliver the
 * fault of, to follow the link of, or to go on with, as regions answer it; a block to enter; or no address, but RIP. */
export const CHAIN_ENTER = 4, CHAIN_FIND = 5;
const ADDRESS = ~15;

/** The next region's function, the number of the block in it, what entering it costs; an entry of the table; the budget when the chain began. */
const FUNCTION_LOCAL = FIRST_FREE_LOCAL, ENTRY_LOCAL = FIRST_FREE_LOCAL + 1, COUNT_LOCAL = FIRST_FREE_LOCAL + 2, JUMP_LOCAL = FIRST_FREE_LOCAL + 3, BEGAN_LOCAL = FIRST_FREE_LOCAL + 4;
const CHAIN_TYPES: readonly ValueType[] = ["i32", "i32", "i64", "i32", "i64"];

/** The block is one entry nearer to being compiled. */
export function warm({ a }: RunWriter, { called }: Hot): void {
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
  a.close();
  a.close();
}

/** Writes the function `(state, first operation of a block that is paid for) -> where to go on`.
 * @param callFunction writes the call of an operation's function, which answers in STATUS_LOCAL */
export function writeChain(module: ModuleWriter, core: (name: string) => number, { regionType }: Hot, callFunction: (writer: RunWriter) => void): number {
  const writer = runWriter(CHAIN_TYPES.length), { out, a, locals, inline, branchTo, tooLittle, pay, refund } = writer;
  const load = (local: number, offset: number, op: "i32.load" | "i32.load16_u" = "i32.load") => {
    a.get(local);
    a.memory(op, offset);
  };
  const budget = () => {
    a.get(STATE_LOCAL);
    a.memory("i64.load", OFFSET.budget);
  };
  /** flagAux for who is not compiled. */
  const settleFlags = () => {
    load(STATE_LOCAL, OFFSET.flagCode);
    a.when();
    a.get(STATE_LOCAL);
    load(STATE_LOCAL, OFFSET.flagCode);
    for (const offset of [OFFSET.flagFirst, OFFSET.flagResult]) {
      a.get(STATE_LOCAL);
      a.memory("i64.load", offset);
    }
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
  /** Compiled code has executed what the budget has lost since the chain began, but for what the operation's block was paid for behind it. */
  const countExecuted = (behind: boolean) => {
    a.get(STATE_LOCAL);
    a.get(STATE_LOCAL);
    a.memory("i64.load", OFFSET.compiledInstructions);
    a.get(BEGAN_LOCAL);
    a.op("i64.add");
    budget();
    a.op("i64.sub");
    if (behind) {
      a.get(OP_LOCAL);
      a.memory("i64.load8_u", C.OP_LEFT);
      a.op("i64.sub");
    }
    a.memory("i64.store", OFFSET.compiledInstructions);
  };
  const answerIs = (answer: number) => {
    a.get(STATUS_LOCAL);
    a.i32(C.REGION_ANSWER_BITS);
    a.op("i32.and");
    a.i32(answer);
    a.op("i32.eq");
  };
  const setOperation = () => {
    a.get(STATUS_LOCAL);
    a.i32(ADDRESS);
    a.op("i32.and");
    a.set(OP_LOCAL);
  };
  /** What the header of the block in BLOCK_LOCAL says, which begins a region. */
  const readHeader = () => {
    load(BLOCK_LOCAL, C.BLOCK_ENTRY, "i32.load16_u");
    a.set(ENTRY_LOCAL);
    load(BLOCK_LOCAL, C.BLOCK_REGION);
    a.memory("i32.load", C.COMPILED_FUNCTION);
    a.set(FUNCTION_LOCAL);
    a.get(BLOCK_LOCAL);
    a.memory("i64.load16_u", C.BLOCK_COUNT);
    a.set(COUNT_LOCAL);
  };
  /** The same, where the block may begin none. */
  const readRegion = (otherwise: number) => {
    load(BLOCK_LOCAL, C.BLOCK_HEADER_BYTES + C.OP_HANDLER, "i32.load16_u");
    a.i32(C.HANDLER_REGION);
    a.op("i32.ne");
    a.brIf(otherwise);
    readHeader();
  };
  /** That RIP has led here. Who drops the region, or gives the block another, forgets it (core's forgetJump). */
  const rememberJump = () => {
    inline((g, state) => g.exit("at", jumpEntry(g, state, g.load("i32.load", g.param(BLOCK_LOCAL, "i32"), C.BLOCK_HOST))), { at: (emit) => {
      emit();
      a.set(JUMP_LOCAL);
    } });
    a.get(JUMP_LOCAL);
    load(BLOCK_LOCAL, C.BLOCK_HOST);
    a.memory("i32.store", C.JUMP_HOST);
    for (const [local, offset, store] of [[BLOCK_LOCAL, C.JUMP_BLOCK, "i32.store"], [FUNCTION_LOCAL, C.JUMP_FUNCTION, "i32.store"], [ENTRY_LOCAL, C.JUMP_ENTRY, "i32.store16"], [COUNT_LOCAL, C.JUMP_COUNT, "i64.store16"]] as const) {
      a.get(JUMP_LOCAL);
      a.get(local);
      a.memory(store, offset);
    }
  };
  const goOn = (label: number, local: number) => (emit: () => void, depth: number) => {
    emit();
    a.set(local);
    branchTo(label, depth);
  };

  a.get(OP_LOCAL);
  a.i32(C.BLOCK_HEADER_BYTES);
  a.op("i32.sub");
  a.set(BLOCK_LOCAL);
  readHeader();
  budget();
  a.get(COUNT_LOCAL);
  a.op("i64.add");
  a.set(BEGAN_LOCAL);

  const chain = a.loop();
  a.get(STATE_LOCAL);
  a.get(ENTRY_LOCAL);
  a.get(BLOCK_LOCAL);
  a.i32(C.BLOCK_HEADER_BYTES);
  a.op("i32.add");
  a.get(FUNCTION_LOCAL);
  out.byte(W.callIndirect);
  out.u32(regionType);
  out.u32(0);
  a.set(STATUS_LOCAL);
  countAnswer();
  const elsewhere = a.block(), interpreted = a.block(), ready = a.block(), linked = a.block(), unknown = a.block(), byAddress = a.block();
  answerIs(C.REGION_INDIRECT);
  a.brIf(byAddress);
  answerIs(C.REGION_LINK);
  a.when();
  setOperation();
  inline((g, state) => recordFollow(g, state, g.param(OP_LOCAL, "i32")), { slow: (_emit, depth) => branchTo(elsewhere, depth), found: goOn(linked, BLOCK_LOCAL) });
  a.close();
  answerIs(C.REGION_HELPER); // a system call, the return from one, an address space: what leaves goes on in compiled code
  a.op("i32.eqz");
  a.brIf(elsewhere);
  setOperation();
  settleFlags();
  callFunction(writer);
  a.get(STATUS_LOCAL);
  a.i32(STATUS_LEAVE);
  a.op("i32.ne");
  a.when();
  countExecuted(true);
  a.get(OP_LOCAL);
  a.i32(C.REGION_FAULT);
  a.op("i32.or");
  a.get(OP_LOCAL);
  a.i32(C.OP_BYTES + C.REGION_NEXT);
  a.op("i32.add");
  a.get(STATUS_LOCAL);
  a.i32(STATUS_FAULT);
  a.op("i32.eq");
  out.byte(W.select);
  a.leave();
  a.close();
  refund();

  a.close(); // by address
  const before = a.block();
  inline(recordJump, { slow: (_emit, depth) => branchTo(unknown, depth), found: goOn(before, JUMP_LOCAL) });
  a.close(); // as before
  load(JUMP_LOCAL, C.JUMP_BLOCK);
  a.set(BLOCK_LOCAL);
  load(JUMP_LOCAL, C.JUMP_FUNCTION);
  a.set(FUNCTION_LOCAL);
  load(JUMP_LOCAL, C.JUMP_ENTRY, "i32.load16_u");
  a.set(ENTRY_LOCAL);
  a.get(JUMP_LOCAL);
  a.memory("i64.load16_u", C.JUMP_COUNT);
  a.set(COUNT_LOCAL);
  a.br(ready);

  a.close(); // unknown
  const found = a.block();
  inline(recordFind, { slow: (_emit, depth) => branchTo(elsewhere, depth), found: goOn(found, BLOCK_LOCAL) });
  a.close(); // found
  readRegion(interpreted);
  rememberJump();
  a.br(ready);

  a.close(); // linked
  refund();
  readRegion(interpreted);

  a.close(); // ready
  tooLittle(() => a.get(COUNT_LOCAL));
  a.brIf(interpreted);
  load(STATE_LOCAL, OFFSET.attention);
  a.brIf(interpreted);
  pay();
  a.br(chain);

  a.close(); // interpreted
  settleFlags();
  countExecuted(false);
  a.get(BLOCK_LOCAL);
  a.i32(CHAIN_ENTER);
  a.op("i32.or");
  a.leave();

  a.close(); // elsewhere
  a.close(); // chain
  settleFlags();
  setOperation();
  a.get(OP_LOCAL);
  a.op("i32.eqz");
  a.when();
  countExecuted(false);
  a.i32(CHAIN_FIND);
  a.leave();
  a.close();
  countExecuted(true);
  a.get(OP_LOCAL);
  a.get(STATUS_LOCAL);
  a.i32(3);
  a.op("i32.and");
  a.op("i32.or");
  return module.func(module.type(HANDLER_PARAMS, ["i32"]), [...LOCAL_TYPES, ...CHAIN_TYPES, ...locals.types], out.finish());
}
