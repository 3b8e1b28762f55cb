// What a guest must not have changed when it has run: every byte of the node outside of its own RAM and its vCPU's own structures, and in
// these the fields that are constant after creation. Put up before the guest is furnished, looked at after every run.

import { CONSTANTS as C, OFFSET, type FieldName, type NodeMemory, type Vcpu, type VnodeMemory } from "../../hal/index.ts";

/** Of the vCPU's state: constant after creation. */
const CONSTANT: readonly FieldName[] = ["zero", "index", "regions", "codePages", "blockTable", "jumps", "pageBlocks", "arena", "arenaEnd", "tlbArea", "tscHz", "apicTimerHz", "vcpuCount", "apicId"];
const PAGE = 4096;
const HOST_PAGES = 2 ** 20;

export interface Fence {
  /** @returns what has been changed, undefined when all is as it was */
  check(): string | undefined;
}

/** Host addresses, the second is the first one behind. */
export type Span = readonly [start: number, end: number];

/** @param own the vCPU's state and structures, which begin at its state */
export function raiseFence(node: NodeMemory, memory: VnodeMemory, vcpu: Vcpu, own: Span): Fence {
  const { state } = vcpu;
  const field = (name: FieldName) => Number(state.readField(name));
  const ram = memory.regions.filter(({ kind }) => kind === "ram").map(({ host, bytes }): Span => [host, host + bytes]);
  // a page of the guest, ROM too, may be marked as decoded
  const marks = memory.regions.map(({ host, bytes }): Span => [node.codePages + 4 * host / PAGE, node.codePages + 4 * (host + bytes) / PAGE]);
  const open = [...ram, ...marks, own].sort((a, b) => a[0] - b[0]);
  const closed: { at: number; bytes: Uint8Array }[] = [];
  let at = 0;
  for (const [start, end] of [...open, [node.bytes.length, node.bytes.length] as const]) {
    if (start > at) closed.push({ at, bytes: Uint8Array.from(node.bytes.subarray(at, start)) });
    at = Math.max(at, end);
  }
  const constants = CONSTANT.map((name) => [name, state.readField(name)] as const);
  const isOwnPage = (page: number) => memory.regions.some(({ host, bytes }) => page * PAGE >= host && page * PAGE < host + bytes);

  const check = (): string | undefined => {
    for (const { at: start, bytes } of closed) {
      if (Buffer.compare(node.bytes.subarray(start, start + bytes.length), bytes) === 0) continue;
      const offset = bytes.findIndex((byte, index) => node.bytes[start + index] !== byte);
      return `the byte of the node at 0x${(start + offset).toString(16)} has changed`;
    }
    for (const [name, value] of constants) if (state.readField(name) !== value) return `the field ${name} has changed`;
    if (state.readField("segBase", C.SEG_NONE) !== 0n || state.readField("segLimit", C.SEG_NONE) !== 0xffff_ffffn) return "the segment without a name has changed";
    const view = (field("tlb") - field("tlbArea")) / (C.TLB_ENTRIES * C.TLB_ENTRY_BYTES);
    if (field("tlbContexts") > C.TLB_CONTEXTS || Math.floor(view / C.TLB_VIEWS) >= field("tlbContexts") || ![0, 1, 2].includes(view % C.TLB_VIEWS)) return "the field tlb is no TLB";
    for (let entry = field("tlbArea"); entry < field("tlbArea") + field("tlbContexts") * C.TLB_CONTEXT_BYTES; entry += C.TLB_ENTRY_BYTES) {
      const problem = checkEntry(entry);
      if (problem) return problem;
    }
    if (field("arena") === 0) return undefined;
    if (field("arenaNext") < field("arena") || field("arenaNext") > field("arenaEnd")) return "the field arenaNext has left the arena";
    const lists = new Uint32Array(node.wasm.buffer, field("pageBlocks"), HOST_PAGES);
    for (let page = 0; page * PAGE < node.bytes.length; page++) {
      if (lists[page] === 0) continue;
      if (!isOwnPage(page)) return `there is decoded code of host page 0x${page.toString(16)}, which is not the guest's`;
      if (lists[page] < own[0] || lists[page] >= own[1]) return "a decoded block lies outside of what the vCPU has allocated";
    }
    return undefined;
  };
  /** An entry that can be hit leads to a page of the guest, and one for writing to its RAM. */
  const checkEntry = (entry: number): string | undefined => {
    for (const kind of [C.TLB_READ, C.TLB_WRITE, C.TLB_EXEC]) {
      const high = node.view.getUint32(entry + kind + 4, true), low = node.view.getUint32(entry + kind, true);
      if (high === 0xffff_ffff && low === 0xffff_ffff) continue;
      const host = (node.view.getUint32(entry + C.TLB_ADDEND, true) + low) >>> 0;
      const inside = kind === C.TLB_WRITE ? ram.some(([start, end]) => host >= start && host < end) : isOwnPage(host / PAGE);
      if (!inside || host % PAGE !== 0) return `a TLB entry leads to host address 0x${host.toString(16)}, which is not the guest's`;
    }
    return undefined;
  };
  return { check };
}

/** The state and all that a vCPU has allocated behind it. */
export const ownSpan = (vcpu: Vcpu, end: number): Span => [vcpu.state.address + OFFSET.gpr, end];
