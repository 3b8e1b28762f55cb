// From bytes to blocks: decodes straight-line code of one page and writes operations into the vCPU's arena. Finding, entering and
// dropping blocks is in engine/core/assembly/blocks.ts.

import { CONSTANTS as C, OFFSET, type NodeMemory } from "../../hal/index.ts";
import { BASE_RIP, createDecoded, decode, DECODED, DECODED_INVALID, DECODED_TRUNCATED, FIRST_HIGH_BYTE, NO_REGISTER, registerOf, type CodeSize, type Decoded } from "../../isa/decode.ts";
import { FORMS, type Form, type OperandForm } from "../../isa/forms.ts";
import type { CoreExports } from "../core/index.ts";
import { FACT_ENDS, FLAGS_SHOWS, FLAGS_WRITES, type HandlerTable, type Variant } from "./operation.ts";

const PAGE = 4096, LONGEST = 15;
/** Instructions of a block. */
const MOST = 64;
/** Of the largest block: a page check, a break and a goto may be added. */
const BLOCK_ROOM = C.BLOCK_HEADER_BYTES + (MOST + 3) * C.OP_BYTES;
const GP = 13;
/** Below so many entries until they are hot, blocks are kept wherever they begin. */
export const EAGER = 8;

/** The exports of core that have to do with blocks. */
export interface BlockExports {
  addBlock(block: number, findable: number): void;
  claimCode(host: number): number;
  dropBlock(block: number): void;
  flushBlocks(): void;
  invalidateCode(host: number, bytes: number): void;
  /** Bytes of one page were written. */
  noteStore(host: number, bytes: number): void;
  dropBlocksAt(offset: number): void;
  leaveAtBreak(op: number): void;
}

export interface Predecoder {
  /** Tells that a run begins: in the middle of a block, more often than not, so that the block decoded there is not worth keeping. */
  begin(): void;
  /** Decodes the block at RIP. @returns its address, 0 with a fault pending */
  decodeBlock(): number;
  /** Offsets, in pages, of instructions that may have a breakpoint: from now on they begin a block of their own, whose first operation is HANDLER_BREAK. */
  setBreaks(offsets: ReadonlySet<number>): void;
  /** Decodes as many instructions at RIP as the budget allows, or one, into a block that nobody finds, and pays for it. @returns as decodeBlock */
  decodePart(): number;
}

/** What predecode needs of a form, worked out once. */
interface FormPlan {
  handlers: Record<Variant, number>;
  ends: boolean;
  memory: boolean;
  /** atomic with or without LOCK */
  locked: boolean;
  relative: boolean;
  /** nothing happens: counted, but no operation */
  skipped: boolean;
  x87: boolean;
  reg: OperandForm | undefined;
  rm: OperandForm | undefined;
}

function planOf(form: Form, table: HandlerTable): FormPlan {
  const operand = (test: (operand: OperandForm) => boolean) => form.operands.find(test);
  const handler = (variant: Variant) => table.handlerOf(form.id, variant);
  return {
    handlers: { plain64: handler("plain64"), base64: handler("base64"), full64: handler("full64"), narrow64: handler("narrow64"), plain: handler("plain"), memory: handler("memory"), locked64: handler("locked64"), locked: handler("locked") },
    ends: (table.factsOf(form.id) & FACT_ENDS) !== 0,
    memory: operand(({ kind }) => kind === "mem") !== undefined,
    locked: form.attributes.has("locked"),
    relative: operand(({ kind }) => kind === "rel") !== undefined,
    skipped: form.mnemonic === "nop" || form.mnemonic === "endbr64" || form.mnemonic === "endbr32",
    x87: form.immediates.length === 0 && form.map === 0 && form.opcode >= 0xd8 && form.opcode <= 0xdf,
    reg: operand(({ from, kind }) => from === "reg" && kind !== "mem"),
    rm: operand(({ from, kind }) => (from === "rm" || from === "opcode") && kind !== "mem"),
  };
}

/** The byte by which an operation names a register (operation.ts). */
function registerByte(operand: OperandForm | undefined, decoded: Decoded): number {
  if (operand === undefined) return 0;
  const number = registerOf(operand, decoded);
  switch (operand.kind) {
    case "reg": return number < FIRST_HIGH_BYTE ? number * 8 : (number - FIRST_HIGH_BYTE) * 8 + 1;
    case "xmm": case "mm": return number * 16;
    default: return number;
  }
}

/** @param address of the vCPU's state
 * @param heat entries until a block is hot; 0: none ever is */
export function createPredecoder(node: NodeMemory, address: number, core: CoreExports & BlockExports, table: HandlerTable, heat = 0): Predecoder {
  const { bytes, view } = node;
  const u16 = new Uint16Array(bytes.buffer), u32 = new Uint32Array(bytes.buffer), i32 = new Int32Array(bytes.buffer);
  /** By form, when it is met. */
  const plans: (FormPlan | undefined)[] = [];
  const planFor = (form: number): FormPlan => plans[form] ??= planOf(FORMS[form], table);
  const jumps = new Set(FORMS.filter((form) => form.mnemonic[0] === "j" && form.mnemonic !== "jmp").map((form) => table.handlerOf(form.id, "plain64")));
  const decoded = createDecoded();
  /** A test: everything shall be compiled, where a run begins too. */
  const eager = heat > 0 && heat < EAGER;
  let breaks: ReadonlySet<number> = new Set();
  const temporary = node.allocate(BLOCK_ROOM, 64, "block that is used once");
  u32[(address + OFFSET.temporary) >>> 2] = temporary;
  const window = new Uint8Array(2 * LONGEST);
  const state32 = (offset: number) => u32[(address + offset) >>> 2];

  const raiseGp = () => {
    u32[(address + OFFSET.fault) >>> 2] = C.FAULT_PENDING | GP;
    u32[(address + OFFSET.faultCode) >>> 2] = 0;
    return 0;
  };
  const codeSizeOf = (): CodeSize => {
    const mode = state32(OFFSET.mode) & C.MODE_CODE_MASK;
    return mode === C.MODE_CODE64 ? 64 : mode === C.MODE_CODE32 ? 32 : 16;
  };

  const parallel = state32(OFFSET.parallel) !== 0;
  const isLocked = (plan: FormPlan) => parallel && plan.memory && (decoded.lock !== 0 || plan.locked);
  const variantOf = (plan: FormPlan, size: CodeSize): Variant => {
    if (isLocked(plan)) return size === 64 ? "locked64" : "locked";
    if (size !== 64) return plan.memory ? "memory" : "plain";
    if (!plan.memory) return "plain64";
    if (decoded.addressWidth === 32) return "narrow64";
    return decoded.index === NO_REGISTER && decoded.segment < C.SEG_FS ? "base64" : "full64";
  };
  const addressByte = (register: number) => (register === NO_REGISTER ? OFFSET.zero : register === BASE_RIP ? OFFSET.page : register * 8);

  const writeI64 = (at: number, low: number, high: number) => {
    i32[at >>> 2] = low;
    i32[(at + 4) >>> 2] = high;
  };
  /** Writes a displacement or target that counts from the page: int32 halves plus a small number. */
  const writeFromPage = (at: number, low: number, high: number, plus: number) => {
    const sum = (low >>> 0) + plus;
    writeI64(at, sum | 0, (high + (sum >= 2 ** 32 ? 1 : 0)) | 0);
  };
  /** Writes the operation of the decoded instruction. @returns whether the block ends after it */
  const writeOperation = (op: number, offset: number, size: CodeSize): boolean => {
    const plan = planFor(decoded.form), end = offset + decoded.length;
    u16[op >>> 1] = plan.handlers[variantOf(plan, size)];
    u16[(op + C.OP_OFFSET) >>> 1] = offset;
    bytes[op + C.OP_REG] = registerByte(plan.reg, decoded);
    bytes[op + C.OP_RM] = registerByte(plan.rm, decoded);
    bytes[op + C.OP_BASE] = addressByte(decoded.base);
    bytes[op + C.OP_INDEX] = addressByte(decoded.index);
    bytes[op + C.OP_SCALE] = decoded.scale | (decoded.segment === C.SEG_SS ? C.OP_STACK : 0) | (isLocked(plan) ? C.OP_LOCKED : 0);
    bytes[op + C.OP_SEGMENT] = (size === 64 && decoded.segment < C.SEG_FS ? C.SEG_NONE : decoded.segment) * 8;
    bytes[op + C.OP_LENGTH] = decoded.length | decoded.rep << 4 | (decoded.addressWidth >> 5) << 6;
    u32[(op + C.OP_LINK) >>> 2] = plan.relative ? 0 : decoded.second;
    if (decoded.base === BASE_RIP) writeFromPage(op + C.OP_DISP, decoded.dispLow, decoded.dispHigh, end);
    else writeI64(op + C.OP_DISP, decoded.dispLow, decoded.dispHigh);
    if (plan.relative) writeFromPage(op + C.OP_IMM, decoded.immLow, decoded.immHigh, end);
    else if (plan.x87) writeI64(op + C.OP_IMM, (decoded.opcode & 7) << 8 | decoded.modrm, 0);
    else writeI64(op + C.OP_IMM, decoded.immLow, decoded.immHigh);
    return plan.ends;
  };
  const writePlain = (op: number, handler: number, offset: number, target: number) => {
    u16[op >>> 1] = handler;
    u16[(op + C.OP_OFFSET) >>> 1] = offset;
    u32[(op + C.OP_REG) >>> 2] = 0;
    u32[(op + C.OP_SCALE) >>> 2] = 0;
    u32[(op + C.OP_LINK) >>> 2] = 0;
    writeI64(op + C.OP_DISP, 0, 0);
    writeI64(op + C.OP_IMM, target, 0);
  };
  const writeHeader = (block: number, host: number, second: number, count: number, length: number, operations: number, size: CodeSize) => {
    u32[(block + C.BLOCK_HOST) >>> 2] = host;
    u32[(block + C.BLOCK_SECOND) >>> 2] = second;
    u16[(block + C.BLOCK_COUNT) >>> 1] = count;
    u16[(block + C.BLOCK_BYTES) >>> 1] = length;
    u16[(block + C.BLOCK_OFFSET) >>> 1] = host & (PAGE - 1);
    bytes[block + C.BLOCK_SIZE] = size === 64 ? C.MODE_CODE64 : size === 32 ? C.MODE_CODE32 : C.MODE_CODE16;
    u16[(block + C.BLOCK_OPS) >>> 1] = operations;
    // where a debugger may stop, nothing is compiled
    u16[(block + C.BLOCK_HOT) >>> 1] = breaks.size > 0 && breaks.has(host & (PAGE - 1)) ? 0 : heat;
    u32[(block + C.BLOCK_REGION) >>> 2] = u32[(block + C.BLOCK_MEMBERS) >>> 2] = bytes[block + C.BLOCK_FLOAT] = 0;
    // until here OP_LEFT is the number of instructions up to this one
    for (let op = block + C.BLOCK_HEADER_BYTES, index = 0; index < operations; index++, op += C.OP_BYTES) bytes[op + C.OP_LEFT] = count - bytes[op + C.OP_LEFT];
  };
  const invalidHandler = (answer: number) => (answer === DECODED_INVALID ? C.HANDLER_INVALID : C.HANDLER_TOO_LONG);

  /** Nobody writes unseen to where the bytes come from: the block may be kept. */
  let trusted = true;
  /** Where the instruction at RIP lies. `limit`: how many bytes CS allows from there on. */
  const where = { host: 0, linear: 0n, limit: 0, size: 64 as CodeSize };
  const locate = (): boolean => {
    if (state32(OFFSET.fault) !== 0) return false;
    const size = codeSizeOf();
    const rip = view.getBigUint64(address + OFFSET.rip, true);
    let linear = rip;
    where.limit = LONGEST + PAGE;
    if (size !== 64) {
      const limit = state32(OFFSET.segLimit + 4 * C.SEG_CS);
      if (rip > BigInt(limit)) return raiseGp() !== 0;
      where.limit = limit - Number(rip) + 1;
      linear = BigInt.asUintN(32, rip + view.getBigUint64(address + OFFSET.segBase + 8 * C.SEG_CS, true));
    }
    const host = core.fetch(BigInt.asIntN(64, linear)) >>> 0;
    if (host === 0) return false;
    // findBlock has set `page`, except when it could not
    view.setBigUint64(address + OFFSET.page, BigInt.asUintN(64, rip - (linear & 0xfffn)), true);
    where.host = host;
    where.linear = linear;
    where.size = size;
    return true;
  };

  /** One instruction that goes on in the next page: into `block`, behind a check of that page. @returns number of operations, 0 with a fault pending */
  const writeCrossing = (block: number): number => {
    const { host, linear, size } = where;
    const offset = host & (PAGE - 1), inPage = PAGE - offset;
    const next = linear + BigInt(inPage);
    if (where.limit <= inPage) return raiseGp();
    const second = core.fetch(size === 64 ? BigInt.asIntN(64, next) : BigInt.asUintN(32, next)) >>> 0;
    if (second === 0) return 0;
    if (core.claimCode(second) === 0) trusted = false;
    const more = Math.min(LONGEST, where.limit - inPage);
    window.set(bytes.subarray(host, host + inPage));
    window.set(bytes.subarray(second, second + more), inPage);
    const answer = decode(window, 0, inPage + more, size, decoded);
    const check = block + C.BLOCK_HEADER_BYTES, stops = breaks.has(offset), op = check + (stops ? 2 : 1) * C.OP_BYTES, operations = stops ? 4 : 3;
    const length = answer === DECODED ? decoded.length : Math.min(LONGEST, inPage + more);
    writePlain(check, C.HANDLER_CROSS, offset, 0);
    u32[(check + C.OP_LINK) >>> 2] = second;
    if (stops) writePlain(check + C.OP_BYTES, C.HANDLER_BREAK, offset, 0);
    if (answer === DECODED && planFor(decoded.form).skipped) writePlain(op, C.HANDLER_GOTO, offset, offset + length);
    else if (answer === DECODED) writeOperation(op, offset, size);
    else writePlain(op, invalidHandler(answer), offset, 0);
    writePlain(op + C.OP_BYTES, C.HANDLER_GOTO, offset + length, offset + length);
    bytes[check + C.OP_LEFT] = bytes[op + C.OP_LEFT] = bytes[op + C.OP_BYTES + C.OP_LEFT] = 1;
    writeHeader(block, host, second, 1, length, operations, size);
    return operations;
  };

  /** Flags that the next instructions overwrite before anybody can see them need not be written. */
  const dropFlags = (first: number, operations: number) => {
    let seen = true;
    for (let op = first + (operations - 1) * C.OP_BYTES; op >= first; op -= C.OP_BYTES) {
      const handler = u16[op >>> 1], use = table.flagUse[handler], without = table.withoutFlags[handler];
      if (!seen && without !== 0) u16[op >>> 1] = without;
      if ((use & FLAGS_SHOWS) !== 0) seen = true;
      else if ((use & FLAGS_WRITES) !== 0) seen = false;
    }
  };
  /** Lets the first of two operations that have an arm together stand for both. A jump goes with what is before it, whatever that could go with. */
  const pairUp = (first: number, operations: number) => {
    const handler = (index: number) => u16[(first + index * C.OP_BYTES) >>> 1];
    const pairOf = (index: number) => table.pairs.get(handler(index) * 65536 + handler(index + 1));
    for (let index = 0; index + 1 < operations;) {
      const pair = pairOf(index);
      // a comparison in the second place is worth more with the jump behind it
      if (pair === undefined || (index + 2 < operations && jumps.has(handler(index + 2)) && pairOf(index + 1) !== undefined)) {
        index++;
        continue;
      }
      u16[(first + index * C.OP_BYTES) >>> 1] = pair;
      index += 2;
    }
  };
  /** Up to `most` instructions of the page: into `block`. @returns number of operations, 0 with a fault pending */
  const writeBlock = (block: number, most: number): number => {
    const { host, size } = where;
    const pageEnd = ((host | (PAGE - 1)) >>> 0) + 1, end = Math.min(pageEnd, host + where.limit), offset = host & (PAGE - 1);
    let at = host, op = block + C.BLOCK_HEADER_BYTES, count = 0, operations = 0, ended = false;
    while (!ended && count < most && at < end) {
      if (breaks.size > 0 && breaks.has(at & (PAGE - 1))) {
        if (count > 0) break;
        writePlain(op, C.HANDLER_BREAK, offset, 0);
        op += C.OP_BYTES;
        operations++;
      }
      const answer = decode(bytes, at, end, size, decoded);
      if (answer === DECODED) {
        count++;
        const here = at & (PAGE - 1);
        at += decoded.length;
        if (planFor(decoded.form).skipped) continue;
        ended = writeOperation(op, here, size);
      } else {
        if (answer === DECODED_TRUNCATED && end === pageEnd) break;
        count++;
        writePlain(op, invalidHandler(answer), at & (PAGE - 1), 0);
        at = Math.min(end, at + LONGEST); // what is written there may make it valid
        ended = true;
      }
      bytes[op + C.OP_LEFT] = count;
      op += C.OP_BYTES;
      operations++;
    }
    if (count === 0) return writeCrossing(block);
    dropFlags(block + C.BLOCK_HEADER_BYTES, operations);
    pairUp(block + C.BLOCK_HEADER_BYTES, operations);
    if (!ended) {
      const target = offset + (at - host);
      writePlain(op, C.HANDLER_GOTO, target, target);
      bytes[op + C.OP_LEFT] = count;
      operations++;
    }
    writeHeader(block, host, 0, count, at - host, operations, size);
    return operations;
  };

  const add = (block: number, findable: number) => {
    core.addBlock(block, findable);
    return block;
  };
  const writeTemporary = (most: number): number => {
    core.dropBlock(temporary);
    core.claimCode(where.host);
    if (writeBlock(temporary, most) === 0) return 0;
    u16[(temporary + C.BLOCK_HOT) >>> 1] = 0;
    return add(temporary, 0);
  };
  const decodePart = (): number => {
    if (!locate()) return 0;
    const budget = view.getBigInt64(address + OFFSET.budget, true);
    const alone = (state32(OFFSET.attention) & C.ATTENTION_STEP) !== 0;
    const block = writeTemporary(alone ? 1 : Math.min(MOST, Number(budget)));
    if (block !== 0) view.setBigInt64(address + OFFSET.budget, budget - BigInt(u16[(block + C.BLOCK_COUNT) >>> 1]), true);
    return block;
  };

  let beginning = 0n;
  const begin = () => { beginning = view.getBigUint64(address + OFFSET.rip, true); };
  const decodeBlock = (): number => {
    if (!locate()) return 0;
    const first = view.getBigUint64(address + OFFSET.rip, true) === beginning && !eager;
    beginning = -1n;
    // near the end of CS, findBlock would not give it out
    if (first || where.limit < MOST * LONGEST) return writeTemporary(MOST);
    if (state32(OFFSET.arenaEnd) - state32(OFFSET.arenaNext) < BLOCK_ROOM) core.flushBlocks();
    trusted = core.claimCode(where.host) !== 0;
    if (!trusted) return writeTemporary(MOST);
    const block = state32(OFFSET.arenaNext), operations = writeBlock(block, MOST);
    if (operations === 0) return 0;
    u32[(address + OFFSET.arenaNext) >>> 2] = block + C.BLOCK_HEADER_BYTES + operations * C.OP_BYTES;
    return add(block, trusted ? 1 : 0);
  };
  return { begin, decodeBlock, decodePart, setBreaks: (offsets) => { breaks = offsets; } };
}
