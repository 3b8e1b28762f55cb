// Where a trace goes: a file, or standard error. Lines are collected and written a piece at a time, by the thread that makes them.

import { openSync, writeSync } from "node:fs";

export interface TraceSink {
  write(text: string): void;
  /** What is collected is written. */
  flush(): void;
}

const PIECE = 32 * 1024;
const STDERR = 2;

/** @param file a path, to which is appended, or `-` for standard error */
export function openTraceSink(file: string): TraceSink {
  const descriptor = file === "-" ? STDERR : openSync(file, "a"), nap = new Int32Array(new SharedArrayBuffer(4));
  let waiting = "";
  const flush = () => {
    let bytes: Uint8Array = new TextEncoder().encode(waiting);
    waiting = "";
    while (bytes.length > 0) {
      try {
        bytes = bytes.subarray(writeSync(descriptor, bytes));
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "EAGAIN") throw error;
        Atomics.wait(nap, 0, 0, 1); // a pipe whose reader is slow
      }
    }
  };
  return {
    flush,
    write: (text) => {
      waiting += text;
      if (waiting.length >= PIECE) flush();
    },
  };
}
