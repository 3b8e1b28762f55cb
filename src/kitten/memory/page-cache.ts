// Pages of files that are mapped: one frame per page of a file, whoever maps it. What is written through the file while it is mapped goes
// into them too, and what is written through a shared mapping goes back to the file.

import type { PageSource } from "./aspace.ts";
import { FRAME, type Pmem } from "./pmem.ts";
import type { Inode, OpenFile } from "../file/inode.ts";

export interface PageCache {
  /** The pages of an open file. */
  source(file: OpenFile): PageSource;
  /** Bytes were written to a file. */
  written(inode: Inode, offset: number, bytes: Uint8Array): void;
  /** Lays what shared mappings have written over bytes that were read. */
  overlay(inode: Inode, offset: number, bytes: Uint8Array): void;
  truncated(inode: Inode, bytes: number): void;
  /** Writes shared pages back. */
  sync(inode: Inode): void;
}

/** Frames that a file is read by when a page of it is wanted: contiguous. */
const RUN = 64;

interface Pages extends PageSource { frames: Map<number, number>; mtimeMs: number; writer: OpenFile | undefined; writeBack(): void; forget(): void; mappings: number }

export function createPageCache(pmem: Pmem): PageCache {
  const files = new Map<string, Pages>();

  const create = (file: OpenFile): Pages => {
    const frames = new Map<number, number>(), { inode } = file, stat = () => file.stat?.() ?? inode.stat();
    const pages: Pages = {
      name: file.path, frames, writer: undefined, mappings: 0, mtimeMs: 0,
      size: () => {
        const now = stat();
        return typeof now === "number" ? 0 : now.size;
      },
      page(index) {
        const known = frames.get(index);
        if (known !== undefined) return known;
        const last = Math.ceil(pages.size() / FRAME);
        let run = 1;
        while (run < RUN && index + run < last && !frames.has(index + run)) run++;
        let gpa = pmem.allocate(run, "file");
        if (gpa < 0 && run > 1) gpa = pmem.allocate(run = 1, "file");
        if (gpa < 0) return -1;
        const bytes = pmem.bytes(gpa, run * FRAME);
        for (let done = 0; done < bytes.length;) {
          const count = file.read(bytes.subarray(done), index * FRAME + done);
          if (count <= 0) break;
          done += count;
        }
        for (let each = 0; each < run; each++) frames.set(index + each, gpa + each * FRAME);
        return gpa;
      },
      unmapped(first, count) {
        const { writer } = pages;
        if (!writer) return;
        const size = pages.size();
        for (let index = first; index < first + count && index * FRAME < size; index++) {
          const gpa = frames.get(index);
          if (gpa !== undefined) writer.write(pmem.bytes(gpa, Math.min(FRAME, size - index * FRAME)), index * FRAME);
        }
      },
      writeBack() {
        for (const index of frames.keys()) pages.unmapped(index, 1);
      },
      share(by) {
        if (pages.writer) return;
        by.users++;
        pages.writer = by;
      },
      writable: () => pages.writer !== undefined,
      hold: () => { pages.mappings++; },
      drop: () => { pages.mappings--; },
      forget() {
        for (const [index, gpa] of frames) {
          if (pages.mappings > 0 && pages.writer) continue;
          pmem.release(gpa, 1);
          frames.delete(index);
        }
        if (pages.mappings > 0) return;
        files.delete(inode.key);
        for (const each of [file, pages.writer]) if (each && --each.users === 0) each.close?.();
      },
    };
    return pages;
  };
  pmem.reclaim = () => {
    const before = pmem.free();
    for (const pages of [...files.values()]) pages.forget();
    return pmem.free() > before;
  };
  const forEachPart = (inode: Inode, offset: number, bytes: Uint8Array, visit: (page: Uint8Array, part: Uint8Array, gpa: number) => void) => {
    const pages = files.get(inode.key);
    if (!pages) return;
    for (let at = 0; at < bytes.length;) {
      const position = offset + at, inPage = position % FRAME, count = Math.min(FRAME - inPage, bytes.length - at), gpa = pages.frames.get(Math.floor(position / FRAME));
      if (gpa !== undefined) visit(pmem.bytes(gpa + inPage, count), bytes.subarray(at, at + count), gpa + inPage);
      at += count;
    }
  };
  return {
    source(file) {
      const { inode } = file, stat = file.stat?.() ?? inode.stat(), mtimeMs = typeof stat === "number" ? 0 : stat.mtimeMs;
      let pages = files.get(inode.key);
      if (pages && pages.mtimeMs !== mtimeMs && pages.mappings === 0) { // somebody else has written it
        pages.forget();
        pages = undefined;
      }
      if (!pages) {
        pages = create(file);
        pages.mtimeMs = mtimeMs;
        file.users++;
        files.set(inode.key, pages);
      }
      return pages;
    },
    written: (inode, offset, bytes) => forEachPart(inode, offset, bytes, (page, part, gpa) => {
      page.set(part);
      pmem.written(gpa, part.length);
    }),
    overlay: (inode, offset, bytes) => { if (files.get(inode.key)?.writer) forEachPart(inode, offset, bytes, (page, part) => part.set(page)); },
    truncated(inode, bytes) {
      const pages = files.get(inode.key);
      if (!pages) return;
      const gpa = pages.frames.get(Math.floor(bytes / FRAME));
      if (gpa !== undefined) pmem.bytes(gpa, FRAME).fill(0, bytes % FRAME);
      for (const [index, frame] of pages.frames) {
        if (index * FRAME < bytes) continue;
        pages.frames.delete(index);
        pmem.release(frame, 1);
      }
    },
    sync: (inode) => files.get(inode.key)?.writeBack(),
  };
}
