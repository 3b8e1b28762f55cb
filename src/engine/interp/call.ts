// What is not an arm of `run` is a function of the table, for the interpreter and between regions alike.

import { CONSTANTS as C, OFFSET } from "../../hal/layout.ts";
import { CONTROL as W } from "../wasm/opcodes.ts";
import type { Hot } from "./chain.ts";
import { OP_LOCAL, STATE_LOCAL } from "./handlers.ts";
import { STATUS_LOCAL, type RunWriter } from "./writer.ts";

/** Writes the call of the operation's function, which answers in STATUS_LOCAL. */
export const functionCall = (handlerType: number, hot: Hot | undefined) => ({ a, out }: RunWriter): void => {
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
