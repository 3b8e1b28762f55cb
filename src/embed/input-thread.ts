// Reads this process's standard input, or terminal, while its main thread runs a Kitten and has no time for events: bytes go into a ring, then a word
// of shared memory is bumped.

import net from "node:net";
import tty from "node:tty";
import { workerData } from "node:worker_threads";
import { openRing } from "../backend/ring.ts";
import { INPUT_ENDED, INPUT_WAKE, type InputData } from "./input-words.ts";

if (workerData) {
  const { fd, ring: buffer, control: shared } = workerData as InputData;
  const ring = openRing(buffer), control = new Int32Array(shared);
  const wake = () => {
    Atomics.add(control, INPUT_WAKE, 1);
    Atomics.notify(control, INPUT_WAKE);
  };
  const input = tty.isatty(fd) ? new tty.ReadStream(fd) : new net.Socket({ fd, readable: true, writable: false });
  input.on("data", (bytes: Uint8Array) => {
    for (let done = 0; done < bytes.length;) {
      const count = ring.write(bytes.subarray(done));
      done += count;
      wake();
      if (count === 0) ring.waitWritable();
    }
  });
  const end = () => {
    Atomics.store(control, INPUT_ENDED, 1);
    wake();
  };
  input.on("end", end);
  input.on("error", end);
}
