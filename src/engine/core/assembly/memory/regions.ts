// Guest-physical memory. `hostAddress` is the only place where a number from a guest becomes an address of ours: it goes through the
// region table of the vCPU's own virtual node, or nowhere.
import { At, C } from "../generated/layout";
import { vcpu } from "../state";
import { tellStore } from "./peers";

// the region found last
let lastTable: u32 = 0;
let lastStart: u64 = 1;
let lastBytes: u64 = 0;
let lastHost: usize = 0;
let lastKind: u32 = 0;

/** Kind of the region found by the last hostAddress: 0 for none. */
export let regionKind: u32 = 0;

/** Host address of a guest-physical address, 0 when it is neither RAM nor ROM. Valid to the end of the 4096-byte page. */
export function hostAddress(gpa: u64): usize {
  const table = load<u32>(vcpu, At.regions);
  if (table == lastTable && gpa - lastStart < lastBytes) {
    regionKind = lastKind;
    return lastHost + <usize>(gpa - lastStart);
  }
  const count = min<u32>(load<u32>(table), C.REGION_MAX);
  let entry = <usize>table + C.REGION_FIRST;
  for (let i: u32 = 0; i < count; i++, entry += C.REGION_ENTRY_BYTES) {
    const start = load<u64>(entry), bytes = load<u64>(entry, 8);
    if (gpa - start < bytes) {
      lastTable = table;
      lastStart = start;
      lastBytes = bytes;
      lastHost = load<u32>(entry, 16);
      regionKind = lastKind = load<u32>(entry, 20);
      return lastHost + <usize>(gpa - start);
    }
  }
  regionKind = 0;
  return 0;
}

/** Bytes of the region found last from the page of `gpa` on upwards, or from its start through that page. */
export function regionRest(gpa: u64, up: bool): u64 {
  const before = (gpa & ~0xfff) - lastStart;
  return up ? lastBytes - before : before + 0x1000;
}

/** An aligned word of a paging structure; all ones where there is no memory. */
export function physicalLoad32(gpa: u64): u32 {
  const host = hostAddress(gpa);
  return host ? atomic.load<u32>(host) : 0xffff_ffff;
}
export function physicalLoad64(gpa: u64): u64 {
  const host = hostAddress(gpa);
  return host ? atomic.load<u64>(host) : ~0;
}
/** Sets bits of an aligned word in RAM; elsewhere nothing happens. @returns false: it did not have this value any more */
export function physicalMark32(gpa: u64, value: u32, bits: u32): bool {
  const host = hostAddress(gpa);
  if (!host || regionKind != C.REGION_RAM) return true;
  if (atomic.cmpxchg<u32>(host, value, value | bits) != value) return false;
  noteStore(host, 4);
  return true;
}
export function physicalMark64(gpa: u64, value: u64, bits: u64): bool {
  const host = hostAddress(gpa);
  if (!host || regionKind != C.REGION_RAM) return true;
  if (atomic.cmpxchg<u64>(host, value, value | bits) != value) return false;
  noteStore(host, 8);
  return true;
}

/** To be called after bytes of RAM were written other than through a TLB entry's write tag. */
export function noteStore(host: usize, bytes: u32): void {
  tellStore(host, bytes);
}
