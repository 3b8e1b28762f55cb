// Carries a stream into a console that takes only what fits: the rest waits and is offered again.

import type { Readable } from "node:stream";

const RETRY_MS = 5;

/** Feeds `stream` through `filter` to `sink`, which says how many bytes it took.
 * @returns a function that ends the feeding */
export function feed(stream: Readable, filter: (bytes: Uint8Array) => Uint8Array, sink: (bytes: Uint8Array) => number): () => void {
  let waiting: Uint8Array = new Uint8Array();
  let timer: NodeJS.Timeout | undefined;
  const offer = () => {
    waiting = waiting.subarray(sink(waiting));
    if (waiting.length === 0) {
      timer = undefined;
      stream.resume();
    } else timer = setTimeout(offer, RETRY_MS);
  };
  const onData = (chunk: Buffer) => {
    stream.pause();
    waiting = filter(new Uint8Array(chunk));
    offer();
  };
  stream.on("data", onData);
  return () => {
    stream.off("data", onData);
    stream.pause();
    clearTimeout(timer);
  };
}
