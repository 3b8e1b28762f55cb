// The cache of decoded code: blocks of operations, found by host address and code size. TypeScript decodes and writes blocks
// (engine/interp/predecode.ts); finding, entering and dropping them is here. Layout: BLOCK_ and OP_ in hal/layout.ts.
//
// A block that is dropped keeps its memory until the whole arena is emptied, but its operations become REFETCH, so that who executes it,
// or follows a link to it, notices at the next instruction.
import { At, C } from "./generated/layout";
import { attend } from "./event/attend";
import { stopAtBreakpoint } from "./event/debug";
import { deliver } from "./event/exception";
import { fetch, load16, load32, load64, load8, probeWrite, store16, store32, store64, store8 } from "./memory/memory";
import { noteStore } from "./memory/regions";
import { resumePeers, stopPeers, unclaimCode } from "./memory/peers";
import { canonical, clearAttention, forgetStray, GP, raise, reg, SS, strayAddress, strayed, vcpu } from "./state";

const PAGE: u32 = 4096;

// @ts-ignore: decorator
@inline function bucketOf(host: u32): usize {
  return <usize>load<u32>(vcpu, At.blockTable) + (<usize>((host * <u32>C.TLB_HASH) >>> (32 - C.BLOCK_TABLE_BITS)) << 2);
}
// @ts-ignore: decorator
@inline function pageList(host: u32): usize {
  return <usize>load<u32>(vcpu, At.pageBlocks) + ((<usize>host >> 12) << 2);
}
// @ts-ignore: decorator
@inline function codeSize(): u32 {
  return load<u32>(vcpu, At.mode) & C.MODE_CODE_MASK;
}
/** The link of a block in the list of this host page: a block that crosses pages is in two lists. */
// @ts-ignore: decorator
@inline function pageLink(block: u32, host: u32): usize {
  return load<u32>(block, C.BLOCK_HOST) >> 12 == host >> 12 ? block + C.BLOCK_PAGE_NEXT : block + C.BLOCK_SECOND_NEXT;
}

// @ts-ignore: decorator
@inline function search(host: u32, size: u32): u32 {
  const bucket = bucketOf(host);
  let block = load<u32>(bucket), before: u32 = 0;
  while (block && (load<u32>(block, C.BLOCK_HOST) != host || load<u8>(block, C.BLOCK_SIZE) != size)) {
    before = block;
    block = load<u32>(block, C.BLOCK_NEXT);
  }
  if (block && before) { // to the front, where the interpreter looks by itself
    store<u32>(before, load<u32>(block, C.BLOCK_NEXT), C.BLOCK_NEXT);
    store<u32>(block, load<u32>(bucket), C.BLOCK_NEXT);
    store<u32>(bucket, block);
  }
  return block;
}

/** The block at RIP; `page` becomes that of RIP.
 * @returns 0: a fault of the fetch is pending, or there is none yet, or it must not be used because the end of CS is too near */
export function findBlock(): u32 {
  const rip = load<u64>(vcpu, At.rip), size = codeSize();
  let linear = rip;
  if (size != C.MODE_CODE64) {
    if (rip > <u64>load<u32>(vcpu + At.segLimit + 4 * C.SEG_CS)) {
      raise(GP, 0);
      return 0;
    }
    linear = (rip + load<u64>(vcpu + At.segBase + 8 * C.SEG_CS)) & 0xffff_ffff;
  }
  const entry = <usize>load<u32>(vcpu, At.tlb) + <usize>(<u32>(linear >> 12) & C.TLB_ENTRIES - 1) * C.TLB_ENTRY_BYTES;
  let host: u32;
  if (load<u64>(entry, C.TLB_EXEC) == (linear & ~0xfff)) host = load<u32>(entry, C.TLB_ADDEND) + <u32>linear;
  else {
    host = fetch(linear);
    if (!host) return 0;
  }
  store<u64>(vcpu, rip - (linear & 0xfff), At.page);
  const block = search(host, size);
  if (block && size != C.MODE_CODE64 && rip + load<u16>(block, C.BLOCK_BYTES) - 1 > <u64>load<u32>(vcpu + At.segLimit + 4 * C.SEG_CS)) return 0;
  return block;
}

/** The block that a taken direct branch of `block` leads to; RIP becomes its target, and in 64-bit code the branch is linked to it. @returns as findBlock */
export function followBranch(block: u32, op: u32): u32 {
  const target = load<u64>(op, C.OP_IMM), rip = load<u64>(vcpu, At.page) + target;
  if (codeSize() != C.MODE_CODE64) {
    store<u64>(vcpu, rip & 0xffff_ffff, At.rip);
    return findBlock();
  }
  store<u64>(vcpu, rip, At.rip);
  const host = block ? load<u32>(block, C.BLOCK_HOST) : 0; // compiled code does not say which
  const found = target < PAGE && host ? search((host & ~0xfff) | <u32>target, C.MODE_CODE64) : findBlock();
  if (found) store<u32>(op, found, C.OP_LINK);
  return found;
}

/** On entry to a block: something wants attention, or the budget does not suffice for all of it.
 * @returns PAUSE_EXIT with `exitReason`, PAUSE_MISS, PAUSE_PART, or the block to execute, which is paid for */
export function pause(block: u32): u32 {
  const at = load<u64>(vcpu, At.page) + load<u16>(block, C.BLOCK_OFFSET), rip = codeSize() == C.MODE_CODE64 ? at : at & 0xffff_ffff;
  store<u64>(vcpu, rip, At.rip);
  const attention = load<u32>(vcpu, At.attention);
  if (attention) {
    // what waits for the next instruction waits for the next run when the budget is spent; what ends the run does not
    if (load<i64>(vcpu, At.budget) <= 0 && !(attention & C.ATTENTION_EXIT)) return leaveRun(C.EXIT_BUDGET);
    const code = look();
    if (code) return leaveRun(code);
    if (load<i64>(vcpu, At.budget) <= 0) return leaveRun(C.EXIT_BUDGET);
    if (load<u32>(vcpu, At.attention) & C.ATTENTION_STEP) return C.PAUSE_PART;
    // the same block if nothing came of it: one that was made to be used once would not be found
    if (load<u64>(vcpu, At.rip) != rip || !load<u32>(block, C.BLOCK_HOST)) {
      block = findBlock();
      if (!block) return C.PAUSE_MISS;
    }
  }
  const budget = load<i64>(vcpu, At.budget), left = budget - load<u16>(block, C.BLOCK_COUNT);
  if (budget <= 0) return leaveRun(C.EXIT_BUDGET);
  if (left < 0 && load<u32>(vcpu, At.exactBudget)) return C.PAUSE_PART;
  store<i64>(vcpu, left, At.budget);
  return block;
}

// @ts-ignore: decorator
@inline function look(): u32 {
  clearAttention(C.ATTENTION_BEGIN);
  return attend();
}

function leaveRun(code: u32): u32 {
  store<u32>(vcpu, code, At.exitReason);
  return C.PAUSE_EXIT;
}

/** RIP becomes that of an operation's instruction, and the budget gets back what the block does not execute. */
function abandon(op: u32, instructions: i64): void {
  const rip = load<u64>(vcpu, At.page) + load<u16>(op, C.OP_OFFSET);
  store<u64>(vcpu, codeSize() == C.MODE_CODE64 ? rip : rip & 0xffff_ffff, At.rip);
  store<i64>(vcpu, load<i64>(vcpu, At.budget) + instructions, At.budget);
}

/** HANDLER_REFETCH: the operation's block was dropped; code is found again behind the operation before, since dropBlock has noted where
 * that is: in between there may have been instructions without an operation, which are others now. */
export function refetch(op: u32): void {
  const rip = load<u64>(vcpu, At.page) + load<u16>(op, C.OP_DISP);
  store<u64>(vcpu, codeSize() == C.MODE_CODE64 ? rip : rip & 0xffff_ffff, At.rip);
  store<i64>(vcpu, load<i64>(vcpu, At.budget) + load<u16>(op, C.OP_DISP + 2), At.budget);
}

/** HANDLER_BREAK, when a debugger wants to stop here: nothing of the block has been executed. */
export function leaveAtBreak(op: u32): void {
  abandon(op, load<u8>(op, C.OP_LEFT));
  stopAtBreakpoint();
}

/** Drops the block of an operation that executes, so that the run can end behind it: what comes next is a border. */
export function dropBlockOf(op: u32): void {
  dropBlock(load<u32>(vcpu, At.temporary));
  const end = load<u32>(vcpu, At.arenaNext);
  for (let block = load<u32>(vcpu, At.arena); block < end;) {
    const next = block + C.BLOCK_HEADER_BYTES + <u32>load<u16>(block, C.BLOCK_OPS) * C.OP_BYTES;
    if (op < next && op >= block) return dropBlock(block);
    block = next;
  }
}

/** Drops all blocks with an instruction byte at this offset of whatever page: a breakpoint has come or gone. */
export function dropBlocksAt(offset: u32): void {
  const end = load<u32>(vcpu, At.arenaNext);
  for (let block = load<u32>(vcpu, At.arena); block < end; block += C.BLOCK_HEADER_BYTES + <u32>load<u16>(block, C.BLOCK_OPS) * C.OP_BYTES) {
    const first = <u32>load<u16>(block, C.BLOCK_OFFSET), last = first + load<u16>(block, C.BLOCK_BYTES);
    if ((offset >= first && offset < last) || offset + PAGE < last) dropBlock(block);
  }
}

/** Linear address of the memory operand of `op`, if it has one, as a handler computes it with 64-bit addresses. */
function operandAddress(op: u32): u64 {
  const base = load<u64>(vcpu + load<u8>(op, C.OP_BASE)), index = load<u64>(vcpu + load<u8>(op, C.OP_INDEX)) << (load<u8>(op, C.OP_SCALE) & 3);
  return base + index + load<u64>(op, C.OP_DISP) + load<u64>(vcpu + load<u8>(op, C.OP_SEGMENT), At.segBase);
}

/** Delivers the fault that abandoned the instruction of `op`. @returns 1: leave run with `exitReason` */
export function deliverFault(op: u32): u32 {
  abandon(op, load<u8>(op, C.OP_LEFT));
  if (load<u32>(vcpu, At.fault) == <u32>(C.FAULT_PENDING | C.FAULT_MISALIGNED)) {
    const strays = codeSize() == C.MODE_CODE64 && !canonical(load<u64>(vcpu, At.faultAddress)) && load<u8>(op, C.OP_SCALE) & C.OP_STACK;
    store<u32>(vcpu, C.FAULT_PENDING | (strays ? SS : GP), At.fault);
  } else if (strayed) {
    // an address that is not canonical is #SS(0) where SS is the segment: of the operand, or of a push, pop or LEAVE: next to RSP or RBP
    const ofOperand = strayAddress == operandAddress(op);
    const stack = ofOperand ? (load<u8>(op, C.OP_SCALE) & C.OP_STACK) != 0
      : load<u8>(op, C.OP_SCALE) & C.OP_STACK || strayAddress - reg(4) + 16 < 32 || strayAddress - reg(5) + 16 < 32;
    if (stack && load<u32>(vcpu, At.fault) == <u32>(C.FAULT_PENDING | GP)) store<u32>(vcpu, C.FAULT_PENDING | SS, At.fault);
  }
  return deliverPending();
}
function deliverPending(): u32 {
  deliver();
  forgetStray();
  if (load<u32>(vcpu, At.attention) & C.ATTENTION_EXIT) {
    const code = attend();
    if (code) {
      store<u32>(vcpu, code, At.exitReason);
      return 1;
    }
  }
  return 0;
}

/** No instruction could be fetched at RIP: what would have happened before it comes first. @returns as deliverFault */
export function deliverFetchFault(): u32 {
  const rip = load<u64>(vcpu, At.rip), fault = load<u32>(vcpu, At.fault), faultCode = load<u32>(vcpu, At.faultCode), attention = load<u32>(vcpu, At.attention);
  if (attention && (load<i64>(vcpu, At.budget) > 0 || (attention & C.ATTENTION_EXIT))) {
    store<u32>(vcpu, 0, At.fault);
    const code = look();
    if (code) {
      store<u32>(vcpu, code, At.exitReason);
      return 1;
    }
    if (load<u64>(vcpu, At.rip) != rip) return 0;
    store<u32>(vcpu, fault, At.fault);
    store<u32>(vcpu, faultCode, At.faultCode);
  }
  const budget = load<i64>(vcpu, At.budget);
  if (budget <= 0) {
    store<u32>(vcpu, 0, At.fault);
    store<u32>(vcpu, C.EXIT_BUDGET, At.exitReason);
    return 1;
  }
  store<i64>(vcpu, budget - 1, At.budget);
  return deliverPending();
}

/** HANDLER_CROSS, before an instruction that goes on in the next page. @returns 1 when that is still the page it was decoded from, 0 when a fault is pending, 2: find again */
export function checkCross(op: u32): u32 {
  const next = load<u64>(vcpu, At.page) + PAGE;
  const linear = codeSize() == C.MODE_CODE64 ? next : (next + load<u64>(vcpu + At.segBase + 8 * C.SEG_CS)) & 0xffff_ffff;
  const host = fetch(linear);
  if (!host) return 0;
  if (host == load<u32>(op, C.OP_LINK)) return 1;
  // the same code followed by another page: decode anew
  dropBlock(op - C.BLOCK_HEADER_BYTES);
  abandon(op, 1);
  return 2;
}

/** Puts a new block into the page lists, and where it is to be found: into its hash bucket. */
export function addBlock(block: u32, findable: bool): void {
  const host = load<u32>(block, C.BLOCK_HOST), second = load<u32>(block, C.BLOCK_SECOND);
  const bucket = bucketOf(host), list = pageList(host);
  if (findable) {
    store<u32>(block, load<u32>(bucket), C.BLOCK_NEXT);
    store<u32>(bucket, block);
  }
  store<u32>(block, load<u32>(list), C.BLOCK_PAGE_NEXT);
  store<u32>(list, block);
  if (second) {
    const other = pageList(second);
    store<u32>(block, load<u32>(other), C.BLOCK_SECOND_NEXT);
    store<u32>(other, block);
  }
  store<u64>(vcpu, load<u64>(vcpu, At.blocksDecoded) + 1, At.blocksDecoded);
}

function unlinkFromPage(block: u32, host: u32): void {
  let link = pageList(host);
  while (load<u32>(link) && load<u32>(link) != block) link = pageLink(load<u32>(link), host);
  if (!load<u32>(link)) return;
  store<u32>(link, load<u32>(pageLink(block, host)));
  if (!load<u32>(pageList(host))) unclaimCode(host);
}

/** Takes a block out of all lists; who executes it finds out at its next operation. */
export function dropBlock(block: u32): void {
  const host = load<u32>(block, C.BLOCK_HOST), second = load<u32>(block, C.BLOCK_SECOND);
  if (!host) return;
  unlinkFromPage(block, host);
  if (second) unlinkFromPage(block, second);
  let link = bucketOf(host);
  while (load<u32>(link) && load<u32>(link) != block) link = load<u32>(link) + C.BLOCK_NEXT;
  if (load<u32>(link)) store<u32>(link, load<u32>(block, C.BLOCK_NEXT));
  for (let member = load<u32>(block, C.BLOCK_MEMBERS); member; member = load<u32>(member, C.MEMBER_NEXT)) {
    const region = load<u32>(member, C.MEMBER_REGION);
    if (load<u32>(region, C.COMPILED_COUNT)) store<u64>(vcpu, load<u64>(vcpu, At.regionsDropped) + 1, At.regionsDropped);
    dropRegion(region);
  }
  store<u32>(block, 0, C.BLOCK_HOST); // its regions' jumps are found by it
  // an operation that executes just now still needs its other fields
  let op = block + C.BLOCK_HEADER_BYTES, end = load<u16>(block, C.BLOCK_OFFSET), left = load<u16>(block, C.BLOCK_COUNT);
  for (let i: u32 = load<u16>(block, C.BLOCK_OPS); i; i--, op += C.OP_BYTES) {
    const handler = load<u16>(op);
    if (handler == C.HANDLER_CROSS) continue;
    if (handler != C.HANDLER_GOTO || left) {
      store<u16>(op, C.HANDLER_REFETCH);
      store<u16>(op, end, C.OP_DISP);
      store<u16>(op, left, C.OP_DISP + 2);
    }
    end = load<u16>(op, C.OP_OFFSET) + (load<u8>(op, C.OP_LENGTH) & 15);
    left = load<u8>(op, C.OP_LEFT);
  }
}

/** Compiled code shall not go to this block's region without looking which one that is. */
export function forgetJump(block: u32): void {
  const host = load<u32>(block, C.BLOCK_HOST);
  const entry = <usize>load<u32>(vcpu, At.jumps) + <usize>((host * <u32>C.TLB_HASH) >>> (32 - C.JUMP_BITS)) * C.JUMP_BYTES;
  if (load<u32>(entry, C.JUMP_BLOCK) == block) store<u32>(entry, 0, C.JUMP_HOST);
}

/** Forgets compiled code: its blocks are interpreted again. */
export function dropRegion(region: u32): void {
  const count = load<u32>(region, C.COMPILED_COUNT);
  store<u32>(region, 0, C.COMPILED_COUNT);
  for (let i: u32 = 0; i < count; i++) {
    const block = load<u32>(region + (i << 2), C.COMPILED_BLOCKS);
    forgetJump(block);
    if (load<u32>(block, C.BLOCK_REGION) != region) continue;
    store<u32>(block, 0, C.BLOCK_REGION);
    store<u16>(block, load<u16>(block, C.BLOCK_HANDLER), C.BLOCK_HEADER_BYTES);
  }
}

/** Drops the decoded code that overlaps [host, host + bytes). */
export function invalidateCode(host: u32, bytes: u32): void {
  if (!load<u32>(vcpu, At.pageBlocks) || !bytes) return; // an engine without decoded code
  const last = host + (bytes - 1);
  for (let page = host & ~0xfff; ; page += PAGE) {
    let block = load<u32>(pageList(page));
    if (!block) unclaimCode(page); // claimed, and then not decoded
    while (block) {
      const next = load<u32>(pageLink(block, page));
      const start = load<u32>(block, C.BLOCK_HOST), length = <u32>load<u16>(block, C.BLOCK_BYTES);
      const inFirst = min<u32>(length, PAGE - (start & 0xfff)), second = load<u32>(block, C.BLOCK_SECOND);
      const hitsFirst = start <= last && start + inFirst > host;
      const hitsSecond = second != 0 && second <= last && second + (length - inFirst) > host;
      if (hitsFirst || hitsSecond) {
        dropBlock(block);
        store<u64>(vcpu, load<u64>(vcpu, At.codeInvalidations) + 1, At.codeInvalidations);
      }
      block = next;
    }
    if (page >= (last & ~0xfff)) break;
  }
}

/** Drops all blocks, at any time. */
export function dropBlocks(): void {
  const end = load<u32>(vcpu, At.arenaNext);
  for (let block = load<u32>(vcpu, At.arena); block < end; block += C.BLOCK_HEADER_BYTES + <u32>load<u16>(block, C.BLOCK_OPS) * C.OP_BYTES) dropBlock(block);
}

/** Forgets all blocks. Between blocks only: what executes must be found again. */
export function flushBlocks(): void {
  const end = load<u32>(vcpu, At.arenaNext);
  for (let block = load<u32>(vcpu, At.arena); block < end;) {
    const host = load<u32>(block, C.BLOCK_HOST), second = load<u32>(block, C.BLOCK_SECOND);
    if (host) {
      store<u32>(pageList(host), 0);
      unclaimCode(host);
      if (second) {
        store<u32>(pageList(second), 0);
        unclaimCode(second);
      }
    }
    block += C.BLOCK_HEADER_BYTES + <u32>load<u16>(block, C.BLOCK_OPS) * C.OP_BYTES;
  }
  memory.fill(load<u32>(vcpu, At.blockTable), 0, (<usize>4) << C.BLOCK_TABLE_BITS);
  memory.fill(load<u32>(vcpu, At.jumps), 0, (<usize>C.JUMP_BYTES) << C.JUMP_BITS);
  store<u32>(vcpu, load<u32>(vcpu, At.arena), At.arenaNext);
}

// -- read-modify-write where the TLB does not answer: the value visits a scratch slot

const UPDATE_SLOT: usize = 7 << 4;

/** LOCK where the TLB does not answer or the address is not aligned.
 * @returns where the old value is: in RAM, aligned, to be changed by compare and exchange, or a copy in a scratch slot, while all other vCPUs stand still if
 * it is RAM; 0 with a fault pending */
export function beginLocked(linear: u64, bytes: u32): u32 {
  const host = probeWrite(linear, bytes);
  if (load<u32>(vcpu, At.fault)) return 0;
  if (host && !(host & (bytes - 1))) return host;
  locking = host != 0 || (probeWrite(linear, 1) != 0 && probeWrite(linear + bytes - 1, 1) != 0);
  if (locking) stopPeers();
  const copy = beginUpdate(linear, bytes);
  if (!copy && locking) resumePeers();
  return copy;
}
/** Behind the change of what beginLocked has given. */
export function endLocked(host: u32, linear: u64, bytes: u32): void {
  if (host != <u32>(vcpu + At.scratch + UPDATE_SLOT)) return noteStore(host, bytes);
  endUpdate(linear, bytes);
  if (locking) resumePeers();
}
let locking = false;

/** @returns address of the old value's copy, 0 with a fault pending */
export function beginUpdate(linear: u64, bytes: u32): u32 {
  probeWrite(linear, bytes);
  if (load<u32>(vcpu, At.fault)) return 0;
  const value = bytes == 1 ? load8(linear) : bytes == 2 ? load16(linear) : bytes == 4 ? load32(linear) : load64(linear);
  store<u64>(vcpu + At.scratch + UPDATE_SLOT, value);
  return <u32>(vcpu + At.scratch + UPDATE_SLOT);
}
/** Writes the copy back. */
export function endUpdate(linear: u64, bytes: u32): void {
  const at = vcpu + At.scratch + UPDATE_SLOT;
  if (bytes == 1) store8(linear, load<u8>(at));
  else if (bytes == 2) store16(linear, load<u16>(at));
  else if (bytes == 4) store32(linear, load<u32>(at));
  else store64(linear, load<u64>(at));
}
