// Ties the stub to the thread that runs the guest: looked at between slices, and in command of the thread while the guest is held.

import { createStub } from "./stub.ts";
import type { DebugTarget } from "./target.ts";

/** The way to a debugger, one at a time. */
export interface DebugLink {
  /** Changes when a debugger comes (odd) or goes (even). */
  connection(): number;
  /** What has come from it since. */
  read(): Uint8Array;
  send(bytes: Uint8Array): void;
  /** Blocks until there may be something new. */
  wait(): void;
}

export interface Debugger {
  /** Between slices. Returns when the guest may run on. */
  poll(): void;
  /** A vCPU left with an exit "debug". */
  stopped(index: number): void;
  /** The guest has ended. */
  ended(status: number): void;
}

/** @param isOver the guest has ended, or shall: nothing holds it any more
 * @param wait the guest begins when a debugger lets it */
export function createDebugger(target: DebugTarget, link: DebugLink, isOver: () => boolean, wait: boolean): Debugger {
  const stub = createStub(target, link.send, wait);
  if (wait) target.freeze(true);
  let connection = 0;
  const poll = () => {
    for (;;) {
      const now = link.connection();
      if (now !== connection) {
        if (connection & 1) stub.disconnected();
        connection = now;
        if (now & 1) stub.connected();
      }
      const bytes = link.read();
      if (bytes.length > 0) stub.receive(bytes);
      if (stub.state === "running" || isOver()) return;
      if (stub.state === "stepping") stub.proceed();
      else if (bytes.length === 0) link.wait();
    }
  };
  return { poll, stopped: stub.stopped, ended: stub.ended };
}
