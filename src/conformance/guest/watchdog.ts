// Ends the process when what must come back in bounded time does not: a thread of its own, because nothing else runs while Wasm does.

import { Worker } from "node:worker_threads";

/** words: 1 while something is watched; its number; seconds it may take; counts up with every watched call */
const ACTIVE = 0, SUBJECT = 1, SECONDS = 2, CALLS = 3;

const WATCHER = `
const { workerData: { words, what } } = require("node:worker_threads");
let call = -1, since = 0;
setInterval(() => {
  const now = Date.now(), current = Atomics.load(words, ${CALLS});
  if (!Atomics.load(words, ${ACTIVE}) || current !== call) { call = current; since = now; return; }
  if (now - since < Atomics.load(words, ${SECONDS}) * 1000) return;
  require("node:fs").writeSync(2, "HANG: " + what + " " + Atomics.load(words, ${SUBJECT}) + " has not come back within " + Atomics.load(words, ${SECONDS}) + " s\\n");
  process.kill(process.pid, "SIGKILL");
}, 250);
`;

export interface Watchdog {
  /** Calls `body`, which must return within so many seconds. */
  watch<T>(subject: number, seconds: number, body: () => T): T;
  stop(): void;
}

/** @param what is watched, for the message: its number follows */
export function createWatchdog(what: string): Watchdog {
  const words = new Int32Array(new SharedArrayBuffer(16));
  const worker = new Worker(WATCHER, { eval: true, workerData: { words, what } });
  worker.unref();
  const watch = <T>(subject: number, seconds: number, body: () => T): T => {
    Atomics.store(words, SUBJECT, subject);
    Atomics.store(words, SECONDS, seconds);
    Atomics.add(words, CALLS, 1);
    Atomics.store(words, ACTIVE, 1);
    try {
      return body();
    } finally {
      Atomics.store(words, ACTIVE, 0);
    }
  };
  return { watch, stop: () => { void worker.terminate(); } };
}
