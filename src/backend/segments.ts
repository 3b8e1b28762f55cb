// Segments of memory that virtual nodes of one node share by name (as XPMEM and XEMEM have them): a table at the beginning of a range of the node's memory, and behind it the segments.
// Whoever has a virtual node's memory in hand uses it: Kittens do by system calls (kitten/call/xemem.ts); a device would do so for a PC. Nothing here grants access: the caller lets its
// virtual node reach the segments that it has attached, and those only.
// A virtual node may end at any moment, with segments attached and even with the lock: its owner calls `leave`, and a lock that is not given back is taken.

const FRAME = 4096;
/** Words: the lock; then of each entry state, first frame, frames, who made it, attachments by virtual node, name. */
const ENTRY_WORDS = 48, STATE = 0, FIRST = 1, FRAMES = 2, MAKER = 3, HELD = 4, NAME = HELD + 16;
const ENTRIES = 63, TABLE_FRAMES = 3, NAME_BYTES = (ENTRY_WORDS - NAME) * 4;
const FREE = 0, USED = 1, REMOVED = 2;
/** Virtual nodes that may use it. */
export const SEGMENT_USERS = 16;
const PATIENCE = 200;

export interface SharedSegment { readonly index: number; /** Address in the node's memory. */ readonly host: number; readonly bytes: number }
export type SegmentProblem = "exists" | "missing" | "name" | "full" | "no memory" | "not yours";

export interface SharedSegments {
  /** A zeroed segment, attached once by its maker. @param name 1 to 112 bytes of UTF-8 */
  make(name: string, bytes: number): SharedSegment | SegmentProblem;
  attach(name: string): SharedSegment | SegmentProblem;
  detach(segment: SharedSegment): void;
  /** Nobody finds it any more; it goes when all have detached. Only who has made it may do so. */
  remove(name: string): SegmentProblem | undefined;
  /** The virtual node has ended: all that it has attached is detached, all that it has made is removed. */
  leave(): void;
}

/** @param memory the node's
 * @param range of it: multiples of 4096, the same for all; zero at first
 * @param user which virtual node this is, below SEGMENT_USERS */
export function openSegments(memory: ArrayBufferLike, range: { start: number; end: number }, user: number): SharedSegments {
  const words = new Int32Array(memory, range.start, TABLE_FRAMES * FRAME / 4), bytes = new Uint8Array(memory), frames = (range.end - range.start) / FRAME - TABLE_FRAMES;
  const at = (index: number, word: number) => 1 + index * ENTRY_WORDS + word;
  const locked = <T>(work: () => T): T => {
    for (let tries = 0; Atomics.compareExchange(words, 0, 0, user + 1) !== 0; tries++) {
      if (tries >= PATIENCE) break; // its owner has ended
      Atomics.wait(words, 0, words[0], 1);
    }
    const result = work();
    Atomics.store(words, 0, 0);
    return result;
  };
  const nameOf = (index: number) => {
    const begin = range.start + at(index, NAME) * 4, end = bytes.indexOf(0, begin);
    return new TextDecoder().decode(bytes.slice(begin, Math.min(end, begin + NAME_BYTES)));
  };
  const indices = Array.from({ length: ENTRIES }, (_, index) => index), taken = (index: number) => words[at(index, STATE)] !== FREE;
  const find = (name: string) => indices.find((index) => words[at(index, STATE)] === USED && nameOf(index) === name);
  const segmentOf = (index: number): SharedSegment => ({ index, host: range.start + (TABLE_FRAMES + words[at(index, FIRST)]) * FRAME, bytes: words[at(index, FRAMES)] * FRAME });
  const holders = (index: number) => words.subarray(at(index, HELD), at(index, HELD) + SEGMENT_USERS).reduce((sum, count) => sum + count, 0);
  const sweep = (index: number) => { if (words[at(index, STATE)] === REMOVED && holders(index) === 0) words[at(index, STATE)] = FREE; };
  /** The first hole that is large enough. */
  const place = (count: number): number => {
    let start = 0;
    for (const index of indices.filter(taken).sort((a, b) => words[at(a, FIRST)] - words[at(b, FIRST)])) {
      if (words[at(index, FIRST)] - start >= count) return start;
      start = words[at(index, FIRST)] + words[at(index, FRAMES)];
    }
    return frames - start >= count ? start : -1;
  };
  return {
    make: (name, size) => locked(() => {
      const encoded = new TextEncoder().encode(name);
      if (encoded.length === 0 || encoded.length > NAME_BYTES || encoded.includes(0)) return "name";
      if (find(name) !== undefined) return "exists";
      const index = indices.find((each) => !taken(each)), count = Math.ceil(size / FRAME), first = place(count);
      if (index === undefined) return "full";
      if (!(count > 0) || first < 0) return "no memory";
      words.fill(0, at(index, 0), at(index, ENTRY_WORDS));
      bytes.set(encoded, range.start + at(index, NAME) * 4);
      words.set([USED, first, count, user], at(index, STATE));
      words[at(index, HELD + user)] = 1;
      const segment = segmentOf(index);
      bytes.fill(0, segment.host, segment.host + segment.bytes);
      return segment;
    }),
    attach: (name) => locked(() => {
      const index = find(name);
      if (index === undefined) return "missing";
      words[at(index, HELD + user)]++;
      return segmentOf(index);
    }),
    detach: ({ index }) => locked(() => {
      words[at(index, HELD + user)] = Math.max(0, words[at(index, HELD + user)] - 1);
      sweep(index);
    }),
    remove: (name) => locked(() => {
      const index = find(name);
      if (index === undefined) return "missing";
      if (words[at(index, MAKER)] !== user) return "not yours";
      words[at(index, STATE)] = REMOVED;
      sweep(index);
      return undefined;
    }),
    leave: () => locked(() => {
      for (const index of indices.filter(taken)) {
        words[at(index, HELD + user)] = 0;
        if (words[at(index, MAKER)] === user) words[at(index, STATE)] = REMOVED;
        sweep(index);
      }
    }),
  };
}
