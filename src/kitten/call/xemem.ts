// Memory that programs of several virtual nodes share by name (backend/segments.ts): made or attached it is mapped, and munmap detaches it as xemem_detach does. No code is executed there.

import { ERRNO } from "../../abi/linux/errno.ts";
import { PROT } from "../../abi/linux/memory.ts";
import type { SegmentProblem, SharedSegment } from "../../backend/segments.ts";
import type { Kitten } from "../kitten.ts";
import { findHole, unmap, type PageSource } from "../memory/aspace.ts";
import { FRAME } from "../memory/pmem.ts";
import { stringIn, u64Out } from "../memory/user.ts";
import type { Process } from "../task/task.ts";
import type { Handler } from "./call.ts";
import { placeMapping } from "./memory.ts";

const READ_ONLY = 1, MOST_NAME = 255, NAME = "[xemem]";
const ERRORS: Record<SegmentProblem, number> = { exists: ERRNO.EEXIST, missing: ERRNO.ENOENT, name: ERRNO.EINVAL, full: ERRNO.ENOSPC, "no memory": ERRNO.ENOMEM, "not yours": ERRNO.EPERM };

function nameIn({ aspace }: Process, address: number): string | number {
  const name = stringIn(aspace, address, MOST_NAME);
  return name === undefined ? -ERRNO.EFAULT : name === null ? -ERRNO.EINVAL : name;
}

/** Maps a segment of which this Kitten holds one more attachment: given back with the last mapping. */
function map(k: Kitten, { aspace }: Process, segment: SharedSegment, writable: boolean): number {
  // its frames are as far from the Kitten's own as they are in the node's memory, so that one addition finds both
  const { memory, segments } = k, gpa = segment.host - memory.regions[0].host;
  if (!memory.regions.some((region) => region.gpa === gpa)) memory.add({ gpa, bytes: segment.bytes, host: segment.host, kind: "ram" });
  let holds = 0;
  k.attached.set(gpa, (k.attached.get(gpa) ?? 0) + 1);
  const source: PageSource = {
    name: NAME, size: () => segment.bytes, page: (index) => gpa + index * FRAME, share: () => {}, writable: () => writable, executable: false, unmapped: () => {}, hold: () => { holds++; },
    drop: () => {
      if (--holds > 0) return;
      const left = k.attached.get(gpa)! - 1;
      k.attached.set(gpa, left);
      if (left === 0) memory.remove(gpa);
      segments!.detach(segment);
    },
  };
  const start = findHole(aspace, segment.bytes), vma = { start, end: start + segment.bytes, prot: PROT.read | (writable ? PROT.write : 0), shared: true, lazy: false, source, offset: 0, name: NAME };
  if (start >= 0) return placeMapping(aspace, vma, true);
  source.hold();
  source.drop();
  return -ERRNO.ENOMEM;
}

/** Makes a segment and maps it. */
export const xemem_make: Handler = (k, { process }, nameAt, bytes) => {
  const name = nameIn(process, nameAt);
  if (typeof name === "number") return name;
  if (!(bytes > 0)) return -ERRNO.EINVAL;
  const made = k.segments?.make(name, bytes) ?? "no memory";
  return typeof made === "string" ? -ERRORS[made] : map(k, process, made, true);
};
/** Maps a segment that somebody has made. `bytesAt`: its size is written there, if not null. */
export const xemem_attach: Handler = (k, { process }, nameAt, flags, bytesAt) => {
  const name = nameIn(process, nameAt);
  if (typeof name === "number") return name;
  if (flags & ~READ_ONLY) return -ERRNO.EINVAL;
  const found = k.segments?.attach(name) ?? "missing";
  if (typeof found === "string") return -ERRORS[found];
  if (bytesAt !== 0 && !u64Out(process.aspace, bytesAt, found.bytes)) {
    k.segments!.detach(found);
    return -ERRNO.EFAULT;
  }
  return map(k, process, found, !(flags & READ_ONLY));
};
/** Unmaps what make or attach has given. */
export const xemem_detach: Handler = (_k, { process: { aspace } }, address) => {
  const vma = aspace.vmas.find(({ start, name, offset }) => start === address && name === NAME && offset === 0);
  return !vma ? -ERRNO.EINVAL : unmap(aspace, vma.start, vma.start + vma.source!.size()) ? 0 : -ERRNO.ENOMEM;
};
/** No one finds it any more; whoever has it keeps it. */
export const xemem_remove: Handler = (k, { process }, nameAt) => {
  const name = nameIn(process, nameAt);
  if (typeof name === "number") return name;
  const problem = k.segments ? k.segments.remove(name) : "missing";
  return problem ? -ERRORS[problem] : 0;
};
