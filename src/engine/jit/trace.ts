// Regions as text for people: the guest's instructions block by block, and the Wasm that was made of them.

import { CONSTANTS as C, REGION_EXITS, VCPU_FIELDS } from "../../hal/layout.ts";
import { createDecoded, decode, DECODED } from "../../isa/decode.ts";
import { formatInstruction } from "../../isa/format.ts";
import { REGISTERS } from "../../isa/registers.ts";
import { wasmText } from "../wasm/text.ts";
import { LOCAL, STREAMS } from "./locals.ts";

/** What is read of a region's blocks; the address of the first one's page in the guest, where it is known. */
export interface TracedRegion { homes: ReadonlyMap<number, number>; blocks: readonly { address: number; distance: number; hostPage: number; offset: number; count: number }[] }

const REGISTER_NAMES = Object.entries(REGISTERS).filter(([, { kind, width }]) => kind === "reg" && width === 64).map(([name]) => name);
/** By the numbers that locals have in graphs. */
const LOCAL_NAMES = new Map<number, string>([
  ...Object.entries(LOCAL).map(([name, index]) => [index, name] as const),
  ...REGISTER_NAMES.map((name, index) => [LOCAL.gpr + index, name] as const),
  ...Array.from({ length: 16 }, (_, index) => [LOCAL.xmm + index, `xmm${index}`] as const),
  ...Array.from({ length: STREAMS }, (_, stream) => (["streamPage", "streamAddend"] as const).map((name) => [LOCAL[name] + stream, `${name}${stream}`] as const)).flat(),
]);

/** The field of the vCPU's state at an offset. */
function fieldAt(offset: number): string | undefined {
  for (const [name, { offset: start, stride, count }] of Object.entries(VCPU_FIELDS)) {
    if (offset < start || offset >= start + stride * count) continue;
    const index = Math.floor((offset - start) / stride), within = (offset - start) % stride;
    return `${name}${count > 1 ? `[${index}]` : ""}${within === 0 ? "" : `+${within}`}`;
  }
  return undefined;
}

const hex = (bytes: Uint8Array) => [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
const BYTES_WIDTH = 30, MODE = 64;

/** The instructions of a region. @param memory of the node @param page of the first block in the guest; undefined: offsets are shown */
export function regionLines(name: string, { blocks }: TracedRegion, memory: Uint8Array, page: bigint | undefined): string[] {
  const words = new DataView(memory.buffer, memory.byteOffset), decoded = createDecoded();
  const instructions = blocks.reduce((sum, { count }) => sum + count, 0);
  const lines = [`region ${name}: ${blocks.length} block${blocks.length === 1 ? "" : "s"}, ${instructions} instruction${instructions === 1 ? "" : "s"}`];
  blocks.forEach(({ address, distance, hostPage, offset }, index) => {
    const base = (page ?? 0n) + BigInt(distance) * 4096n, end = hostPage + offset + words.getUint16(address + C.BLOCK_BYTES, true);
    lines.push(`block ${index}`);
    for (let at = hostPage + offset; at < end; at += decoded.length) {
      if (decode(memory, at, end, MODE, decoded) !== DECODED) {
        lines.push(`  ${hex(memory.subarray(at, end))}`);
        break;
      }
      const rip = base + BigInt(at - hostPage);
      lines.push(`  ${BigInt.asUintN(64, rip).toString(16).padStart(page === undefined ? 3 : 12, "0")}  ${hex(memory.subarray(at, at + decoded.length)).padEnd(BYTES_WIDTH)}  ${formatInstruction(decoded, rip)}`);
    }
  });
  return lines;
}

/** What the answer of a region means: why, and at which instruction (by its offset in its page). */
function answers(regions: readonly TracedRegion[], memory: Uint8Array): (value: number) => string | undefined {
  const words = new DataView(memory.buffer, memory.byteOffset), ops = new Map<number, string>();
  for (const { blocks } of regions) for (const { address } of blocks) {
    const count = words.getUint16(address + C.BLOCK_OPS, true);
    for (let op = address + C.BLOCK_HEADER_BYTES, index = 0; index < count; index++, op += C.OP_BYTES) ops.set(op, words.getUint16(op + C.OP_OFFSET, true).toString(16));
  }
  return (value) => {
    const at = ops.get(value & ~C.REGION_ANSWER_BITS);
    return at === undefined ? undefined : `${REGION_EXITS[value & C.REGION_ANSWER_BITS]} at ${at}`;
  };
}

/** A compiled module as text that is Wasm's with comments. */
export function moduleText(bytes: Uint8Array, regions: readonly TracedRegion[], constant: (value: number) => string | undefined): string {
  const names = regions.map(({ homes }) => new Map([...homes].map(([local, home]) => [home, LOCAL_NAMES.get(local)!])));
  return wasmText(bytes, {
    brief: true, constant,
    local: (index, func) => (index < LOCAL.xmm ? LOCAL_NAMES.get(index) : names[func]?.get(index)) ?? `t${index - LOCAL.xmm}`,
    offset: (base, offset) => (base === "(local.get $state)" ? fieldAt(offset) : undefined),
  });
}

export function traceText(made: { bytes: Uint8Array; regions: readonly TracedRegion[] }, memory: Uint8Array, pageOf: (block: number) => bigint | undefined): string {
  const comments = made.regions.flatMap((region, index) => {
    const first = region.blocks.find(({ address, distance }) => distance === 0 && pageOf(address) !== undefined);
    return regionLines(`r${index}`, region, memory, first && pageOf(first.address));
  });
  return `${[...comments, `${made.bytes.length} bytes of Wasm`].map((line) => `;; ${line}`).join("\n")}\n${moduleText(made.bytes, made.regions, answers(made.regions, memory))}\n`;
}
