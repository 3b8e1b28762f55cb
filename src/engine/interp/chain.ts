// Compiled code within `run`: entered by the handler REGION, and from one region to the next without the interpreter's loop.

import { CONSTANTS as C, OFFSET } from "../../hal/layout.ts";
import { CONTROL as W } from "../wasm/opcodes.ts";
import { recordFind, recordFollow } from "./find.ts";
import { OP_LOCAL, STATE_LOCAL, STATUS_LEAVE } from "./handlers.ts";
import { BLOCK_LOCAL, ENTERED_LOCAL, STATUS_LOCAL, type RunWriter } from "./writer.ts";

/** The type of regions' functions, and what is called for a block that has become hot. */
export interface Hot { called: number; regionType: number }
/** Labels of `run` at which who is not compiled goes on. */
export interface Places { find: number; enter: number; next: number; cold: number; executed: number; fault: number; link: number }

export function regionChain({ out, a, inline, branchTo, budgetAndCount, tooLittle, pay, refund }: RunWriter, core: (name: string) => number, { called, regionType }: Hot) {
  /** The block is one entry nearer to being compiled. */
  const warm = () => {
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
  /** What the budget was before the block was paid for. */
  const noteBudget = () => {
    budgetAndCount("i64.add");
    a.set(ENTERED_LOCAL);
  };
  /** Compiled code has executed what the budget has lost since, less what `rest` writes. */
  const countExecuted = (rest?: () => void) => {
    a.get(STATE_LOCAL);
    a.get(STATE_LOCAL);
    a.memory("i64.load", OFFSET.compiledInstructions);
    a.get(ENTERED_LOCAL);
    a.op("i64.add");
    a.get(STATE_LOCAL);
    a.memory("i64.load", OFFSET.budget);
    a.op("i64.sub");
    if (rest) {
      rest();
      a.op("i64.sub");
    }
    a.memory("i64.store", OFFSET.compiledInstructions);
  };
  /** What the block of the operation at hand was paid for behind it. */
  const notExecuted = () => {
    a.get(OP_LOCAL);
    a.memory("i64.load8_u", C.OP_LEFT);
  };
  const answerIs = (answer: number) => {
    a.get(STATUS_LOCAL);
    a.i32(C.REGION_ANSWER_BITS);
    a.op("i32.and");
    a.i32(answer);
    a.op("i32.eq");
  };
  /** The operation at which compiled code has left, 0 if there is none. */
  const answeredOperation = () => {
    a.get(STATUS_LOCAL);
    a.i32(~C.REGION_ANSWER_BITS);
    a.op("i32.and");
  };
  /** Executes compiled code, which says where to go on, and how. What goes on in compiled code does not come by anything else.
   * @param callFunction writes the call of an operation's function, which answers in STATUS_LOCAL */
  const enterRegion = ({ find, enter, next, cold, executed, fault, link }: Places, callFunction: () => void) => {
    a.get(OP_LOCAL);
    a.i32(C.BLOCK_HEADER_BYTES);
    a.op("i32.sub");
    a.set(BLOCK_LOCAL);
    const chain = a.loop();
    noteBudget();
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
    answeredOperation();
    a.set(OP_LOCAL);
    settleFlags();
    callFunction();
    a.get(STATUS_LOCAL);
    a.i32(STATUS_LEAVE);
    a.op("i32.ne");
    a.when();
    countExecuted(notExecuted);
    a.br(executed);
    a.close();
    refund();
    a.br(executedHere);
    a.close();
    answerIs(C.REGION_LINK);
    a.when();
    answeredOperation();
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
    countExecuted();
    a.get(BLOCK_LOCAL);
    a.memory("i32.load16_u", C.BLOCK_HEADER_BYTES + C.OP_HANDLER);
    a.i32(C.HANDLER_REGION);
    a.op("i32.ne");
    a.brIf(interpreted);
    tooLittle();
    a.brIf(interpreted);
    a.get(STATE_LOCAL);
    a.memory("i32.load", OFFSET.attention);
    a.brIf(interpreted);
    pay();
    a.br(chain);
    a.close(); // interpreted
    settleFlags();
    a.br(enter);
    a.close(); // elsewhere
    a.close(); // chain
    settleFlags();
    a.i32(0);
    a.set(BLOCK_LOCAL); // it may have left another one
    answeredOperation();
    a.tee(OP_LOCAL);
    a.op("i32.eqz");
    a.when();
    countExecuted();
    a.br(find);
    a.close();
    countExecuted(notExecuted);
    a.get(STATUS_LOCAL);
    a.i32(3);
    a.op("i32.and");
    out.byte(W.brTable);
    out.u32(3);
    for (const label of [cold, fault, link, next]) out.u32(a.depthTo(label));
  };
  return { warm, enterRegion };
}
