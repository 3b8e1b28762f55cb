// Where every part of a vCPU's state lies in the node's shared memory. This table is the only description: TypeScript reads
// offsets from it, and the build generates the AssemblyScript constants of `engine/core` from it.
// Rules: little-endian; fields in table order, each aligned to its own size; a new field goes to the end of its group.

/** Bytes of one element of each field type. `v128` is a 16-byte vector or an 80-bit x87 register padded to 16. */
const TYPE_BYTES = { u8: 1, u16: 2, u32: 4, i32: 4, u64: 8, i64: 8, f64: 8, v128: 16 } as const;
export type FieldType = keyof typeof TYPE_BYTES;

type Row = readonly [name: string, type: FieldType, count: number, meaning: string];

const ROWS = [
  // -- general registers: byte offsets 0..127 are the operand offsets in decoded operations
  ["gpr", "u64", 16, "RAX RCX RDX RBX RSP RBP RSI RDI R8..R15"],
  ["zero", "u64", 1, "always 0: the base or index of an address that has none"],
  ["page", "u64", 1, "RIP of the first byte of the page that executes: RIP = page + the operation's offset in the page"],
  ["rip", "u64", 1, "valid whenever no guest code runs"],
  // -- RFLAGS, kept lazily (see docs/adr/0002)
  ["flagResult", "i64", 1, "last result, sign-extended to 64 bits: ZF is flagResult == 0; SF its sign bit xor bit 0 of flagAux; PF the parity of its low byte xor bits 8..15 of flagAux"],
  ["flagAux", "i64", 1, "bit 63 CF; bit 62 CF xor OF; bit 3 AF; bit 0 and bits 8..15 as above; all others 0"],
  ["flagRest", "u32", 1, "the bits of RFLAGS other than CF PF AF ZF SF OF; bit 1 is 1"],
  // -- segmentation
  ["segBase", "u64", 9, "hidden bases: ES CS SS DS FS GS LDTR TR, and one that is always 0"],
  ["segLimit", "u32", 9, "hidden limits in bytes, granularity applied; the last is 0xffffffff"],
  ["segAttr", "u32", 9, "hidden attributes: bits 8..23 of the descriptor's upper half >> 8 (type, S, DPL, P, AVL, L, DB, G); bit 16 set means unusable"],
  ["segSelector", "u32", 9, "visible selectors"],
  ["gdtBase", "u64", 1, ""], ["idtBase", "u64", 1, ""], ["gdtLimit", "u32", 1, ""], ["idtLimit", "u32", 1, ""],
  ["cpl", "u32", 1, "current privilege level"],
  // -- control
  ["cr0", "u64", 1, ""], ["cr2", "u64", 1, ""], ["cr3", "u64", 1, ""], ["cr4", "u64", 1, ""],
  ["efer", "u64", 1, ""], ["xcr0", "u64", 1, ""], ["dr", "u64", 8, "DR0..DR7; 4 and 5 unused"],
  // -- model-specific registers
  ["star", "u64", 1, ""], ["lstar", "u64", 1, ""], ["cstar", "u64", 1, ""], ["sfmask", "u64", 1, ""],
  ["kernelGsBase", "u64", 1, ""], ["sysenterCs", "u64", 1, ""], ["sysenterEsp", "u64", 1, ""], ["sysenterEip", "u64", 1, ""],
  ["pat", "u64", 1, ""], ["apicBase", "u64", 1, ""], ["miscEnable", "u64", 1, ""], ["tscAux", "u64", 1, ""],
  ["tscOffset", "i64", 1, "guest TSC = clock ticks + tscOffset"], ["tscAdjust", "i64", 1, ""],
  ["mtrrDefType", "u64", 1, ""], ["mtrrFixed", "u64", 11, ""], ["mtrrBase", "u64", 8, ""], ["mtrrMask", "u64", 8, ""],
  ["specCtrl", "u64", 1, ""], ["xss", "u64", 1, ""], ["featureControl", "u64", 1, ""],
  // -- x87, MMX, SSE
  ["xmm", "v128", 16, "XMM0..XMM15"],
  ["fpr", "v128", 8, "physical x87 registers R0..R7: u64 significand, then u16 sign and exponent; MMX uses the significand"],
  ["mxcsr", "u32", 1, ""],
  ["fcw", "u32", 1, "x87 control word"], ["fsw", "u32", 1, "x87 status word, TOP included"], ["ftw", "u32", 1, "bit i set: physical register i is not empty (the FXSAVE form)"],
  ["fop", "u32", 1, "last opcode, 11 bits"], ["fcs", "u32", 1, ""], ["fds", "u32", 1, ""], ["fip", "u64", 1, ""], ["fdp", "u64", 1, ""],
  // -- between an instruction and the engine
  ["scratch", "v128", 8, "vector arguments 0..2 and the result (slot 3) of helpers; 4..7 are the helpers' own"],
  ["fault", "u32", 1, "0, or FAULT_PENDING | vector: the instruction that executes must be abandoned"],
  ["faultCode", "u32", 1, "its error code, where the vector has one"],
  ["faultAddress", "u64", 1, "CR2 for #PF"],
  ["attention", "u32", 1, "ATTENTION bits, set by anybody with an atomic or; looked at on entry to every block"],
  ["shadow", "u32", 1, "1: interrupts wait until the next block has begun (STI, MOV SS, POP SS)"],
  ["activity", "u32", 1, "ACTIVITY: running, halted, waiting for SIPI, shut down"],
  ["exitReason", "u32", 1, "EXIT code to return with when the instruction has ended"], ["exitDetail", "u64", 1, ""], ["unsupported", "u32", 1, "of EXIT_UNSUPPORTED: an UNSUPPORTED constant"],
  ["blocking", "u32", 1, "BLOCKING bits: NMI until IRET; the instruction that executes began with TF, so #DB comes after it; a data breakpoint was met"],
  // -- derived from the above by core's `sync`; never part of a snapshot
  ["mode", "u32", 1, "MODE bits under which code is decoded"],
  ["tlb", "u32", 1, "address of the TLB in use: supervisor, user, supervisor with access to user pages (AC), user with alignment checks"],
  ["fpuTrap", "u32", 1, "bit 0: x87/MMX #NM (CR0.EM or TS); bit 1: SSE #UD (CR0.EM or no CR4.OSFXSR); bit 2: SSE #NM (CR0.TS); bit 3: MMX #UD (CR0.EM)"],
  // -- bookkeeping
  ["index", "u32", 1, "number of this vCPU in its virtual node"],
  ["budget", "i64", 1, "instructions that may still be executed in this run"],
  ["exactBudget", "u32", 1, "1: no instruction more than that; 0: the last block may be finished"],
  ["retired", "u64", 1, "instructions executed since reset, exact between runs"],
  ["tlbMisses", "u64", 1, ""], ["pageFaults", "u64", 1, ""], ["interrupts", "u64", 1, "interrupts and NMIs delivered"],
  ["blocksDecoded", "u64", 1, ""], ["codeInvalidations", "u64", 1, "blocks dropped because their bytes were written"], ["regionsDropped", "u64", 1, "regions dropped with a block"],
  ["compiledInstructions", "u64", 1, "instructions executed by compiled code"],
  ["flagCode", "u32", 1, "0, or between two compiled regions what flagAux follows from: FLAGS_, with flagFirst and flagResult"], ["flagFirst", "i64", 1, ""],
  ["stackPage", "u64", 1, "a page that may be written to by the TLB in use, which compiled code found on the stack last, or TLB_EMPTY"], ["stackAddend", "u32", 1, "its addend"],
  ["vectorPage", "u64", 12, "while compiled code runs: pages that it remembers for vectors"], ["vectorAddend", "u32", 12, "their addends"],
  ["vectorLimit", "u64", 12, "which of their bytes accesses may begin before, 0 while nothing is remembered"],
  ["floatRefused", "u32", 1, "first operation of the block that left compiled code last because of its floating point"],
  ["regionExits", "u64", 16, "ways out of compiled code, by the low four bits of its answer (REGION_EXITS)"],
  ["regions", "u32", 1, "address of the virtual node's region table"],
  ["codePages", "u32", 1, "address of a u32 for each host page: bit n, vCPU n has decoded code of it; bit 16 + n, vCPU n may have a TLB entry by which it writes there"],
  ["blockTable", "u32", 1, ""], ["jumps", "u32", 1, "where jumps of compiled code have led, by host address: JUMP_ entries"], ["pageBlocks", "u32", 1, ""], ["arena", "u32", 1, ""], ["arenaEnd", "u32", 1, ""], ["arenaNext", "u32", 1, ""],
  ["tlbArea", "u32", 1, "address of the first of the TLBs, TLB_AREA_BYTES in all"], ["tlbContexts", "u32", 1, "how many of their TLB_CONTEXTS have been used since power-on"],
  // -- between the vCPUs of a virtual node (core's memory/peers.ts)
  ["outside", "u32", 1, "1 while this vCPU is not in run(): it reads its mail before it executes anything"],
  ["mail", "u64", 32, "what other vCPUs ask: host address, bytes << 32, MAIL_ kind << 48; 0 is a free place"],
  ["mailFull", "u32", 1, "1: there was no place for something"],
  ["parked", "u32", 1, "1 while this vCPU touches no memory although it is in run()"],
  ["pauses", "i32", 1, "counts down with every PAUSE; at 0 run() ends"],
  // -- for a debugger (debug.ts)
  ["stopped", "u32", 1, "of EXIT_DEBUG: 1 a breakpoint, 2 + i watchpoint i, whose address is in exitDetail; 0 between"],
  ["withheld", "u32", 1, "what the last border took away for an instruction that may turn out to have a breakpoint: the shadow, and bit 16: RF"],
  ["watchCount", "u32", 1, "watchpoints"], ["watchAddress", "u64", 16, ""], ["watchBytes", "u64", 16, ""], ["watchAccess", "u32", 16, "bit 0: reads, bit 1: writes"],
  ["operation", "u32", 1, "the operation that executes, where it is a function of the interpreter; 0 where there are none"],
  ["temporary", "u32", 1, "the block that is used once"],
  ["traced", "u32", 1, "TRACE bits: what core tells about"],
  // -- the model, constant after creation
  ["tscHz", "u64", 1, ""], ["apicTimerHz", "u64", 1, "input clock of the local APIC's timer"], ["vcpuCount", "u32", 1, ""], ["apicId", "u32", 1, ""],
  ["socketBits", "u32", 1, "bits of an APIC ID below its socket's number"], ["socketCores", "u32", 1, "vCPUs of this one's socket"],
  ["parallel", "u32", 1, "1: the vCPUs of the virtual node run at the same time, so LOCK must be atomic"],
  // -- hosted programs (hal/exit.ts)
  ["hosted", "u32", 1, "1: system calls and exceptions of CPL 3 end run() and do not reach LSTAR or the IDT"],
  ["answers", "u32", 1, "of a hosted vCPU: address of its table of answers, 0 for none"],
  // extents (engine/core's memory/extents.ts): EXTENT_SLOTS that compiled code compares addresses with, one half for reads and one for writes, and behind them EXTENT_KNOWN that core knows
  ["extentBase", "u64", 160, ""], ["extentBytes", "u64", 160, "before which of its bytes accesses may begin, 0 for none"], ["extentAddend", "u32", 160, "host address - low 32 bits of the address"],
  ["extentPatience", "i32", 1, "counts down where an address is not in the extent of its slot; below 0 core is asked"], ["extentPause", "i32", 1, "from where it counts"],
  ["extentCredit", "i32", 1, "work that core may put into extents"], ["extentsMade", "u32", 1, "since all were forgotten"], ["extentSwitches", "u8", 128, "how often a slot got an extent"],
] as const satisfies readonly Row[];

export type FieldName = (typeof ROWS)[number][0];
export interface Field { offset: number; type: FieldType; count: number; stride: number; meaning: string }

function place(rows: readonly Row[]): { fields: Record<string, Field>; bytes: number } {
  const fields: Record<string, Field> = {};
  let offset = 0;
  for (const [name, type, count, meaning] of rows) {
    const stride = TYPE_BYTES[type];
    offset = Math.ceil(offset / stride) * stride;
    fields[name] = { offset, type, count, stride, meaning };
    offset += stride * count;
  }
  return { fields, bytes: offset };
}

const placed = place(ROWS);
/** Offset, type and count of every field of a vCPU's state. */
export const VCPU_FIELDS = placed.fields as Record<FieldName, Field>;
/** Byte offset of every field of a vCPU's state. */
export const OFFSET = Object.fromEntries(Object.entries(placed.fields).map(([name, field]) => [name, field.offset])) as Record<FieldName, number>;
export const VCPU_STATE_BYTES = Math.ceil(placed.bytes / 64) * 64;

/** Pages that each TLB holds, as a power of two, and address spaces that keep theirs (docs/adr/0008-tlb.md). */
const TLB_BITS = 14, TLB_CONTEXTS = 6;

/** Numbers that TypeScript and AssemblyScript must agree on. */
export const CONSTANTS = {
  FAULT_PENDING: 0x100,
  // attention bits; BEGIN and SLICE are the engine's own: run() begins; it shall look after its code, and goes on
  ATTENTION_KICK: 1, ATTENTION_INTERRUPT: 2, ATTENTION_NMI: 4, ATTENTION_INIT: 8, ATTENTION_STEP: 16, ATTENTION_EXIT: 32, ATTENTION_BEGIN: 64, ATTENTION_MAIL: 128, ATTENTION_SLICE: 256,
  // activity
  ACTIVITY_RUNNING: 0, ACTIVITY_HALTED: 1, ACTIVITY_WAIT_SIPI: 2, ACTIVITY_SHUTDOWN: 3,
  // blocking
  BLOCKING_NMI: 1, BLOCKING_STEP: 2, BLOCKING_DATA: 4,
  // pseudo vector in `fault`: no exception; the instruction cannot be executed and run() returns `exitReason`
  FAULT_EXIT: 0xff,
  // likewise, of compiled code only: a vector's address, in faultAddress, is not aligned; #GP(0), or #SS(0) if it is not canonical either
  FAULT_MISALIGNED: 0xfe,
  // exit codes; names in exit.ts
  EXIT_NONE: 0, EXIT_BUDGET: 1, EXIT_KICK: 2, EXIT_HLT: 3, EXIT_SHUTDOWN: 4, EXIT_DEBUG: 5, EXIT_UNSUPPORTED: 6, EXIT_RESET: 7, EXIT_PAUSE: 8, EXIT_SYSCALL: 9, EXIT_EXCEPTION: 10,
  // table of answers: for each system call below ANSWER_COUNT u32 known (0 or 1), u32 unused, i64 what RAX becomes
  ANSWER_COUNT: 512, ANSWER_BYTES: 16, ANSWER_VALUE: 8,
  // what an EXIT_UNSUPPORTED is about
  UNSUPPORTED_VM86: 1, UNSUPPORTED_TASK: 2,
  // mode bits: code size, protection, stack size
  MODE_CODE16: 0, MODE_CODE32: 1, MODE_CODE64: 2, MODE_CODE_MASK: 3, MODE_PROTECTED: 4, MODE_STACK32: 8, MODE_VM86: 16,
  // TLB entry: readTag, writeTag, execTag (u64: page address, or TLB_EMPTY), addend (host address - low 32 bits of the page's gva), bits of the logs that do not have it
  TLB_ENTRIES: 1 << TLB_BITS, TLB_ENTRY_BYTES: 32, TLB_READ: 0, TLB_WRITE: 8, TLB_EXEC: 16, TLB_ADDEND: 24, TLB_UNLOGGED: 28,
  TLB_HASH: 0x9e3779b1 | 0, TLB_VIEWS: 4, TLB_EMPTY: -1,
  // a context has a TLB for each view, and there is one for each of the PCIDs used last; behind them, of each context, two logs of entries; then
  // marks of large pages that were entered, and of host pages that were entered for writing, and what is known of each context
  TLB_CONTEXTS, TLB_CONTEXT_BYTES: 4 * 32 << TLB_BITS, TLB_LOG: 4 << TLB_BITS, TLB_MARK_BITS: 14,
  TLB_AREA_BYTES: TLB_CONTEXTS * ((4 * 32 << TLB_BITS) + 2 * (4 << TLB_BITS) * 4) + 2 * (1 << 14) + 16 * TLB_CONTEXTS,
  LOCATE_WRITE: 0x100, LOCATE_COPY: 0x200, TLB_VIEW_SUPERVISOR: 0, TLB_VIEW_USER: 1, TLB_VIEW_AC: 2, TLB_VIEW_ALIGNED: 3,
  EXTENT_SLOTS: 128, EXTENT_KNOWN: 32, EXTENT_PATIENCE: 64,
  // physical address bits that CPUID announces: page-table bits above are reserved
  PHYSICAL_BITS: 40,
  // region table: u32 count, u32 unused, u32 lock of whoever makes all other vCPUs stand still, then from +16 entries of 32 bytes: u64 gpa, u64 bytes, u32 host address, u32 kind
  REGION_ENTRY_BYTES: 32, REGION_STOP: 8, REGION_FIRST: 16, REGION_RAM: 1, REGION_ROM: 2, REGION_MAX: 120,
  // behind the entries: addresses of the states of the virtual node's vCPUs, u32 each
  REGION_PEERS: 3904, PEERS_MAX: 16,
  // mail: drop the code decoded from these bytes; write to this page through slow paths only
  MAIL_SLOTS: 32, MAIL_CODE: 1, MAIL_WATCH: 2, WRITER_SHIFT: 16,
  // decoded code (engine/interp): a block is a header and its operations. Host address of the first byte (0: dropped), chains of the hash
  // bucket and of the page lists, instructions, bytes, offset in the page, code size (a MODE_CODE), number of operations, entries until it is hot (0: never)
  BLOCK_HOST: 0, BLOCK_NEXT: 4, BLOCK_PAGE_NEXT: 8, BLOCK_COUNT: 12, BLOCK_BYTES: 14, BLOCK_OFFSET: 16, BLOCK_SIZE: 18, BLOCK_OPS: 20, BLOCK_HOT: 22,
  BLOCK_SECOND: 24, BLOCK_SECOND_NEXT: 28,
  // compiled code (engine/jit): the region that begins here, the number of the block in it, the first operation's own handler, all regions with this block
  BLOCK_REGION: 32, BLOCK_ENTRY: 36, BLOCK_HANDLER: 38, BLOCK_MEMBERS: 40, BLOCK_HEADER_BYTES: 48,
  // and how floating point in it is to be compiled (engine/jit/float.ts)
  BLOCK_FLOAT: 44,
  // a compiled region: number of its blocks (0: dropped), its function, the blocks; a member of a block's list: the next, the region
  COMPILED_COUNT: 0, COMPILED_FUNCTION: 4, COMPILED_BLOCKS: 8, MEMBER_NEXT: 0, MEMBER_REGION: 4, MEMBER_BYTES: 8,
  // what a region answers in the low two bits, beside the operation: execute it without the TLB, deliver its fault, follow its link, go on with it;
  // no operation: go on at RIP. The next two bits are for the counters: why, where it is not a miss, a link to elsewhere, or an operation of the interpreter's own
  REGION_COLD: 0, REGION_FAULT: 1, REGION_LINK: 2, REGION_NEXT: 3, REGION_ANSWER_BITS: 15,
  REGION_INDIRECT: 4, REGION_LINK_BORDER: 6, REGION_NEXT_BORDER: 7, REGION_HELPER: 8, REGION_BORDER: 9, REGION_REFUSED: 12,
  // how compiled code keeps flagAux until somebody asks: 1 + 4 * rule + width, from FLAGS_KEPT_CARRY on beside a carry that is kept
  FLAGS_ADD: 1, FLAGS_SUB: 5, FLAGS_INC: 9, FLAGS_DEC: 13, FLAGS_KEPT_CARRY: 9,
  // an operation: see engine/interp/operation.ts
  OP_HANDLER: 0, OP_OFFSET: 2, OP_REG: 4, OP_RM: 5, OP_BASE: 6, OP_INDEX: 7, OP_SCALE: 8, OP_SEGMENT: 9, OP_LENGTH: 10, OP_LEFT: 11, OP_LINK: 12,
  OP_DISP: 16, OP_IMM: 24, OP_BYTES: 32, OP_STACK: 0x80, OP_LOCKED: 0x40,
  // handlers with a fixed number: find the block again, go on at the operation's target, check the page of the instruction's end; REGION: compiled code begins here;
  // BREAK: a debugger may want to stop before the next operation
  HANDLER_REFETCH: 0, HANDLER_GOTO: 1, HANDLER_CROSS: 2, HANDLER_INVALID: 3, HANDLER_TOO_LONG: 4, HANDLER_REGION: 5, HANDLER_BREAK: 6, HANDLER_FIRST: 7,
  BLOCK_TABLE_BITS: 17,
  // where a jump of compiled code has led: host address (0: nowhere), block, its region's function, its number in the region, instructions that entering it costs
  JUMP_BITS: 10, JUMP_BYTES: 16, JUMP_HOST: 0, JUMP_BLOCK: 4, JUMP_FUNCTION: 8, JUMP_ENTRY: 12, JUMP_COUNT: 14,
  // bits of `traced`, and kinds of what core tells
  TRACE_MSRS: 1, TRACE_INTERRUPTS: 2, TRACE_EXCEPTIONS: 4, TRACE_RDMSR: 0, TRACE_WRMSR: 1, TRACE_EXTERNAL: 2, TRACE_EXCEPTION: 3, TRACE_SOFTWARE: 4,
  // answers of pause(): leave run, decode, execute a part of the block; anything else is the block to execute
  PAUSE_EXIT: 0, PAUSE_MISS: 1, PAUSE_PART: 2,
  // segment numbers, as encoded in ModRM.reg
  SEG_ES: 0, SEG_CS: 1, SEG_SS: 2, SEG_DS: 3, SEG_FS: 4, SEG_GS: 5, SEG_LDTR: 6, SEG_TR: 7, SEG_NONE: 8,
  SEG_UNUSABLE: 0x10000,
} as const;

/** Ways out of compiled code by the low four bits of its answer.
 * - miss: the TLB, the page or the alignment asks for the slow path; helper: an instruction that is left to the interpreter
 * - link, indirect: a branch, or a jump or return by an address, to what is not in the region
 * - border: budget or attention within the region; refused: these, or an assumption that does not hold, on entry
 * - fault: of the guest */
export const REGION_EXITS: Readonly<Record<number, string>> = {
  [CONSTANTS.REGION_COLD]: "miss", [CONSTANTS.REGION_HELPER]: "helper", [CONSTANTS.REGION_NEXT]: "helper", [CONSTANTS.REGION_LINK]: "link", [CONSTANTS.REGION_INDIRECT]: "indirect",
  [CONSTANTS.REGION_LINK_BORDER]: "border", [CONSTANTS.REGION_NEXT_BORDER]: "border", [CONSTANTS.REGION_BORDER]: "border", [CONSTANTS.REGION_REFUSED]: "refused", [CONSTANTS.REGION_FAULT]: "fault",
};
