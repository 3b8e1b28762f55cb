// A byte queue between two threads: one writer, one reader, a SharedArrayBuffer and no locks. Positions only grow (modulo 2^32), so that
// full and empty differ; each side writes only its own.

import { NvlError } from "../base/error.ts";

export interface Ring {
  /** What both threads share; hand it to the other one and `openRing` there. */
  readonly buffer: SharedArrayBuffer;
  readonly capacity: number;
  /** Bytes that can be read now. */
  available(): number;
  /** Appends what fits. @returns how many bytes that was */
  write(bytes: Uint8Array): number;
  /** Takes at most `limit` bytes. */
  read(limit?: number): Uint8Array;
  /** Blocks the calling thread until there is something to read; false after `timeoutMs`. A browser's main thread may not. */
  waitReadable(timeoutMs?: number): boolean;
  /** Blocks until at least one byte fits. */
  waitWritable(timeoutMs?: number): boolean;
}

const HEADER_BYTES = 8;
const WRITTEN = 0, READ = 1; // positions in the header

/** @param capacity bytes, a power of two up to 2^30 */
export function createRing(capacity: number): Ring {
  return openRing(new SharedArrayBuffer(HEADER_BYTES + capacity));
}

export function openRing(buffer: SharedArrayBuffer): Ring {
  const positions = new Int32Array(buffer, 0, 2);
  const data = new Uint8Array(buffer, HEADER_BYTES);
  const capacity = data.length, mask = capacity - 1;
  if (capacity === 0 || capacity & mask) throw new NvlError("backend/ring-size", "the capacity of a ring is a power of two", { context: { capacity } });

  const available = () => (Atomics.load(positions, WRITTEN) - Atomics.load(positions, READ)) >>> 0;
  const advance = (position: number, by: number) => {
    Atomics.store(positions, position, (Atomics.load(positions, position) + by) | 0);
    Atomics.notify(positions, position);
  };
  const write = (bytes: Uint8Array) => {
    const count = Math.min(bytes.length, capacity - available());
    if (count === 0) return 0;
    const at = Atomics.load(positions, WRITTEN) & mask;
    const straight = Math.min(count, capacity - at);
    data.set(bytes.subarray(0, straight), at);
    data.set(bytes.subarray(straight, count), 0);
    advance(WRITTEN, count);
    return count;
  };
  const read = (limit = capacity) => {
    const count = Math.min(limit, available());
    const bytes = new Uint8Array(count);
    if (count === 0) return bytes;
    const at = Atomics.load(positions, READ) & mask;
    const straight = Math.min(count, capacity - at);
    bytes.set(data.subarray(at, at + straight));
    bytes.set(data.subarray(0, count - straight), straight);
    advance(READ, count);
    return bytes;
  };
  /** Sleeps while `ready` says no and `position`, which the other side moves, stays. */
  const waitUntil = (ready: () => boolean, position: number, timeoutMs: number) => {
    for (;;) {
      const seen = Atomics.load(positions, position);
      if (ready()) return true;
      if (Atomics.wait(positions, position, seen, timeoutMs) === "timed-out") return ready();
    }
  };
  return {
    buffer, capacity, available, write, read,
    waitReadable: (timeoutMs = Infinity) => waitUntil(() => available() > 0, WRITTEN, timeoutMs),
    waitWritable: (timeoutMs = Infinity) => waitUntil(() => available() < capacity, READ, timeoutMs),
  };
}
