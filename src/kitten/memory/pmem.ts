// Physical memory of a Kitten: a range of frames, each with an owner's type and a count of its users. Allocation is contiguous: a lightweight
// kernel gives a program its memory in one piece and leaves it there. Frames are zero when they are given out.

import type { NodeMemory, VnodeMemory } from "../../hal/memory.ts";

export const FRAME = 4096;
/** Frames of a large page. */
export const LARGE = 512;

/** Who a frame belongs to. */
export const OWNER = { free: 0, tables: 1, program: 2, file: 3, kernel: 4 } as const;
export type Owner = Exclude<keyof typeof OWNER, "free">;

export interface Pmem {
  readonly frames: number;
  /** 32-bit words of the node's memory, and the index in them of gpa 0. */
  readonly words: Uint32Array;
  readonly firstWord: number;
  /** Bytes [gpa, gpa + length): they must be frames of this range. */
  bytes(gpa: number, length: number): Uint8Array;
  /** Contiguous zeroed frames, aligned to `align` frames. @returns gpa, or -1 */
  allocate(frames: number, owner: Owner, align?: number): number;
  /** One user more, or one less of each frame; without users a frame is free. */
  share(gpa: number, frames: number): void;
  release(gpa: number, frames: number): void;
  users(gpa: number): number;
  /** To be called after bytes were written by the kernel: decoded code there is dropped. */
  written(gpa: number, length: number): void;
  free(): number;
  /** Typed regions in order, for people. */
  regions(): { start: number; end: number; type: keyof typeof OWNER }[];
  /** Asked to give back frames when there are too few. @returns whether it did */
  reclaim: () => boolean;
}

/** @param memory one region of RAM from gpa 0 on
 * @param invalidateCode tells every vCPU */
export function createPmem(node: NodeMemory, memory: VnodeMemory, invalidateCode: (gpa: number, bytes: number) => void): Pmem {
  const [ram] = memory.regions, frames = ram.bytes / FRAME, host = ram.host;
  const counts = new Uint32Array(frames), types = new Uint8Array(frames), used = new Uint8Array(frames);
  const words = new Uint32Array(node.wasm.buffer), codePages = node.codePages / 4 + host / FRAME;
  /** Whether some vCPU has decoded code of it. */
  const hasCode = (frame: number) => (words[codePages + frame] & 0xffff) !== 0;
  let left = frames, next = 0;

  const written = (gpa: number, length: number) => {
    for (let frame = Math.floor(gpa / FRAME), end = Math.ceil((gpa + length) / FRAME); frame < end; frame++)
      if (hasCode(frame)) invalidateCode(frame * FRAME, FRAME);
  };
  /** First of `count` free frames within [from, to). */
  const find = (count: number, align: number, from: number, to: number): number => {
    for (let start = Math.ceil(from / align) * align; start + count <= to;) {
      let at = start + count - 1;
      while (at >= start && counts[at] === 0) at--;
      if (at < start) return start;
      start = Math.ceil((at + 1) / align) * align;
    }
    return -1;
  };
  const allocate: Pmem["allocate"] = (count, owner, align = 1) => {
    if (count > left) {
      while (count > left && pmem.reclaim());
      if (count > left) return -1;
    }
    let start = find(count, align, next, frames);
    if (start < 0) start = find(count, align, 0, frames);
    if (start < 0) return pmem.reclaim() ? allocate(count, owner, align) : -1;
    for (let frame = start; frame < start + count; frame++) {
      counts[frame] = 1;
      types[frame] = OWNER[owner];
      if (used[frame]) node.bytes.fill(0, host + frame * FRAME, host + (frame + 1) * FRAME);
      used[frame] = 1;
    }
    left -= count;
    if (count < LARGE) next = start + count;
    return start * FRAME;
  };
  const share: Pmem["share"] = (gpa, count) => {
    if (gpa >= frames * FRAME) return; // shared with other virtual nodes: nobody's
    for (let frame = gpa / FRAME, end = frame + count; frame < end; frame++) counts[frame]++;
  };
  const release: Pmem["release"] = (gpa, count) => {
    if (gpa >= frames * FRAME) return;
    for (let frame = gpa / FRAME, end = frame + count; frame < end; frame++) {
      if (--counts[frame] > 0) continue;
      types[frame] = OWNER.free;
      left++;
      if (hasCode(frame)) invalidateCode(frame * FRAME, FRAME);
      if (frame < next) next = frame;
    }
  };
  const regions: Pmem["regions"] = () => {
    const names = Object.keys(OWNER) as (keyof typeof OWNER)[], out: ReturnType<Pmem["regions"]> = [];
    for (let frame = 0; frame < frames; frame++) {
      const type = names[types[frame]], last = out[out.length - 1];
      if (last && last.type === type) last.end += FRAME;
      else out.push({ start: frame * FRAME, end: (frame + 1) * FRAME, type });
    }
    return out;
  };
  const pmem: Pmem = {
    frames, words, firstWord: host / 4, bytes: (gpa, length) => node.bytes.subarray(host + gpa, host + gpa + length),
    allocate, share, release, users: (gpa) => counts[Math.floor(gpa / FRAME)], written, free: () => left, regions, reclaim: () => false,
  };
  return pmem;
}
