// What the vCPUs of a virtual node must know of each other's decoded code (docs/adr/0010-memory-ordering.md). One word per host page says
// who has decoded code of it and who may write there without being asked; it changes by atomic operations only, so of two vCPUs that come
// to a page at once, one to decode and one to write, at least one sees the other. What concerns another vCPU is put into its mail; it reads that on its next border between
// blocks, or before it executes anything when it is outside of run().
import { At, C } from "../generated/layout";
import { clearAttention, vcpu } from "../state";
import { dropBlocks, invalidateCode } from "../blocks";
import { watchPage } from "./tlb";

const CODE: u32 = 0xffff;

// @ts-ignore: decorator
@inline function wordOf(host: usize): usize {
  return <usize>load<u32>(vcpu, At.codePages) + ((host >> 12) << 2);
}
// @ts-ignore: decorator
@inline function own(): u32 {
  return 1 << load<u32>(vcpu, At.index);
}
// @ts-ignore: decorator
@inline function alone(): bool {
  return load<u32>(vcpu, At.vcpuCount) == 1;
}
// @ts-ignore: decorator
@inline function peer(index: u32): usize {
  return load<u32>(<usize>load<u32>(vcpu, At.regions) + (<usize>index << 2), C.REGION_PEERS);
}

/** May stores to this page go through the TLB? Not where anybody has decoded code. */
export function claimWriting(host: usize): bool {
  const word = wordOf(host);
  if (load<u32>(word) & CODE) return false;
  if (alone()) return true;
  const bit = own() << C.WRITER_SHIFT;
  return !((load<u32>(word) & bit ? atomic.load<u32>(word) : atomic.or<u32>(word, bit)) & CODE);
}

/** Says that code of this page is decoded, before its bytes are read. @returns false: somebody may still write there unseen, so that what is decoded now
 * must not be kept; he has been asked to stop */
export function claimCode(host: u32): bool {
  const word = wordOf(host), bit = own();
  let before = atomic.or<u32>(word, bit);
  if (!(before & bit) || (before & (bit << C.WRITER_SHIFT))) {
    watchPage(host);
    before = atomic.and<u32>(word, ~(bit << C.WRITER_SHIFT)) & ~(bit << C.WRITER_SHIFT);
  }
  let writers = before >> C.WRITER_SHIFT, trusted = true;
  for (let index: u32 = 0; writers; index++, writers >>= 1) {
    if (!(writers & 1)) continue;
    const other = peer(index);
    send(other, <u64>(host & ~0xfff) | (<u64>C.MAIL_WATCH << 48));
    if (atomic.load<u32>(other + At.outside)) atomic.and<u32>(word, ~(<u32>1 << (C.WRITER_SHIFT + index)));
    else trusted = false;
  }
  return trusted;
}

/** There is no decoded code of this page any more. */
export function unclaimCode(host: u32): void {
  const word = wordOf(host), bit = own();
  if (load<u32>(word) & bit) atomic.and<u32>(word, ~bit);
}

/** Bytes were written by a slow path. */
// @ts-ignore: decorator
@inline export function tellStore(host: usize, bytes: u32): void {
  // with others about, the bytes must be there before anybody is looked for: a read-modify-write orders that
  const word = wordOf(host), code = (alone() ? load<u32>(word) : atomic.or<u32>(word, 0)) & CODE;
  if (code) tell(<u32>host, bytes, code);
}
function tell(host: u32, bytes: u32, code: u32): void {
  if (code & own()) invalidateCode(host, bytes);
  for (let index: u32 = 0; code; index++, code >>= 1) {
    if ((code & 1) && index != load<u32>(vcpu, At.index)) send(peer(index), <u64>host | (<u64>bytes << 32) | (<u64>C.MAIL_CODE << 48));
  }
}

function send(other: usize, letter: u64): void {
  const mail = other + At.mail, first = <u32>letter >> 12;
  let sent = false;
  for (let i: u32 = 0; i < <u32>C.MAIL_SLOTS && !sent; i++) {
    const before = atomic.cmpxchg<u64>(mail + (((first + i) & (C.MAIL_SLOTS - 1)) << 3), 0, letter);
    sent = before == 0 || before == letter; // who takes a letter does so before he acts on it
  }
  if (!sent) atomic.store<u32>(other + At.mailFull, 1);
  atomic.or<u32>(other + At.attention, C.ATTENTION_MAIL);
}

// @ts-ignore: decorator
@inline function stopLock(): usize {
  return <usize>load<u32>(vcpu, At.regions) + C.REGION_STOP;
}

/** Until `resumePeers` no other vCPU of the virtual node touches memory: for LOCK where WebAssembly has no atomic access. Costs microseconds, and
 * milliseconds when the host has fewer cores; no device may be asked meanwhile, since who serves it stands still too. */
export function stopPeers(): void {
  if (!load<u32>(vcpu, At.parallel)) return;
  atomic.store<u32>(vcpu + At.parked, 1); // for who was first
  while (atomic.cmpxchg<u32>(stopLock(), 0, 1)) {}
  atomic.store<u32>(vcpu + At.parked, 0);
  for (let index: u32 = 0; index < load<u32>(vcpu, At.vcpuCount); index++) {
    const other = peer(index);
    if (index == load<u32>(vcpu, At.index) || !other) continue;
    atomic.or<u32>(other + At.attention, C.ATTENTION_MAIL);
    while (!atomic.load<u32>(other + At.outside) && !atomic.load<u32>(other + At.parked)) {}
  }
}
export function resumePeers(): void {
  if (load<u32>(vcpu, At.parallel)) atomic.store<u32>(stopLock(), 0);
}
/** Stands still while somebody wants that. */
export function park(): void {
  while (atomic.load<u32>(stopLock())) {
    atomic.store<u32>(vcpu + At.parked, 1);
    while (atomic.load<u32>(stopLock())) {}
    atomic.store<u32>(vcpu + At.parked, 0);
  }
}

/** On a border. Blocks may be dropped, TLB entries vanish. */
export function readMail(): void {
  clearAttention(C.ATTENTION_MAIL);
  if (load<u32>(vcpu, At.parallel)) park();
  // a question that was lost is asked again, that bytes have changed is not
  if (atomic.xchg<u32>(vcpu + At.mailFull, 0)) dropBlocks();
  for (let place = vcpu + At.mail; place < vcpu + At.mail + C.MAIL_SLOTS * 8; place += 8) {
    if (!atomic.load<u64>(place)) continue;
    const letter = atomic.xchg<u64>(place, 0), host = <u32>letter;
    if (<u32>(letter >> 48) == C.MAIL_CODE) invalidateCode(host, <u32>(letter >> 32) & 0xffff);
    else {
      watchPage(host);
      atomic.and<u32>(wordOf(host), ~(own() << C.WRITER_SHIFT));
    }
  }
}
