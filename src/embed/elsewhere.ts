// The way from a virtual node's thread, which never waits for messages, to the thread that compiles for it.

import { receiveMessageOnPort, type MessagePort } from "node:worker_threads";
import type { CompileAnswer, CompileElsewhere } from "../engine/jit/elsewhere.ts";

/** @param port whose other end `compile-thread.ts` has */
export function compileThrough(port: MessagePort): CompileElsewhere {
  const answers: CompileAnswer[] = [];
  return {
    send: (request) => port.postMessage(request),
    receive: (vcpu) => {
      const message = receiveMessageOnPort(port) as { message: CompileAnswer } | undefined;
      if (message) answers.push(message.message);
      const index = answers.findIndex((answer) => answer.vcpu === vcpu);
      return index < 0 ? undefined : answers.splice(index, 1)[0];
    },
  };
}
