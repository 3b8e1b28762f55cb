// The interpreter as an Engine: predecoded blocks (predecode.ts, engine/core blocks.ts) executed by interp.wasm (run.ts).

import { CONSTANTS as C, OFFSET, canRun, createExitRecord, type Engine, type Exit, type Vcpu, type VcpuSetup } from "../../hal/index.ts";
import { NvlError } from "../../base/error.ts";
import { createCore } from "../core/index.ts";
import { createStops } from "../core/stops.ts";
import { FLAGS_SECTION, handlerTable, HANDLER_SECTION, PAIR_SECTION, type HandlerTable } from "./operation.ts";
import { createPredecoder, type BlockExports, type Predecoder } from "./predecode.ts";

/** Decoded code of one vCPU; when it is full everything is forgotten. */
const ARENA_BYTES = 24 << 20;
/** A call of `run` that never returned would stay in the compiler's first, slow tier: there is no on-stack replacement. */
const SLICE = 4_000_000;
const HOST_PAGES = 2 ** 20, PAGE = 4096;
const PAGE_MASK = 4095n;

export interface InterpModules {
  /** engine/core, compiled */
  core: WebAssembly.Module;
  /** interp.wasm, compiled */
  interp: WebAssembly.Module;
}

export function createInterp(modules: InterpModules): Engine {
  const table = readHandlerTable(modules.interp);
  return { name: "interp", createVcpu: (setup) => createInterpVcpu(setup, modules, table) };
}

/** What compiled code adds to the interpreter (engine/jit). */
export interface Extension {
  /** Entries until a block is hot, below 2^16. */
  readonly heat: number;
  /** A block is hot. It may be given a region now. */
  hot(block: number): void;
  /** All blocks have been forgotten. */
  flushed(): void;
  /** Now and then, between instructions. */
  slice(): void;
}
/** What an extension works with. */
export interface Extended { setup: VcpuSetup; address: number; functions: Record<string, unknown>; table(): WebAssembly.Table }

export function readHandlerTable(interp: WebAssembly.Module): HandlerTable {
  const [section, pairs, flags] = [HANDLER_SECTION, PAIR_SECTION, FLAGS_SECTION].map((name) => WebAssembly.Module.customSections(interp, name)[0]);
  return handlerTable(section, pairs, flags);
}

/** Functions of core by name; one that a helper table names and core does not have fails when it is called. */
function linkCore(functions: Record<string, unknown>, module: WebAssembly.Module): Record<string, unknown> {
  const linked: Record<string, unknown> = {};
  for (const { module: from, name } of WebAssembly.Module.imports(module)) {
    if (from === "core") linked[name] = functions[name] ?? (() => { throw new NvlError("interp/helper", `engine/core has no ${name}`); });
  }
  return linked;
}

export function createInterpVcpu(setup: VcpuSetup, modules: InterpModules, table: HandlerTable, extend?: (parts: Extended) => Extension): Vcpu {
  const { node, memory, index } = setup;
  const { address, state, exports: core, functions, reset } = createCore(modules.core, setup);
  const blocks = functions as unknown as BlockExports;
  const arena = node.allocate(ARENA_BYTES, 4096, "decoded code");
  const fields = {
    blockTable: node.allocate(4 << C.BLOCK_TABLE_BITS, 4096, "block table"), pageBlocks: node.allocate(4 * HOST_PAGES, 4096, "page lists"),
    jumps: node.allocate(C.JUMP_BYTES << C.JUMP_BITS, 4096, "jumps of compiled code"),
    arena, arenaNext: arena, arenaEnd: arena + ARENA_BYTES,
  };
  for (const [name, value] of Object.entries(fields)) state.writeField(name as keyof typeof fields, BigInt(value));

  let predecoder: Predecoder, instance: WebAssembly.Instance;
  const extension = extend?.({ setup, address, functions, table: () => instance.exports.table as WebAssembly.Table });
  instance = new WebAssembly.Instance(modules.interp, {
    env: { memory: node.wasm },
    core: linkCore(functions, modules.interp),
    interp: { breakpoint: (op: number) => breakpoint(op), decode: () => predecoder.decodeBlock(), part: () => predecoder.decodePart(), hot: extension?.hot },
  });
  const flushBlocks = () => {
    blocks.flushBlocks();
    extension?.flushed();
  };
  predecoder = createPredecoder(node, address, { ...core, ...blocks, flushBlocks }, table, extension?.heat);
  const execute = instance.exports.run as (state: number, operation: number) => void;

  const words = new Int32Array(node.wasm.buffer), attention = (address + OFFSET.attention) / 4, outside = (address + OFFSET.outside) / 4;
  const demand = (bits: number) => { Atomics.or(words, attention, bits); };
  const withdraw = (bits: number) => { Atomics.and(words, attention, ~bits); };
  const word = (offset: number) => words[(address + offset) / 4];
  /** A field of 64 bits as a number, without a bigint: a run may be as short as a system call. */
  const write64 = (offset: number, value: number) => {
    words[(address + offset) / 4] = value;
    words[(address + offset) / 4 + 1] = Math.floor(value / 2 ** 32);
  };
  const setBudget = (budget: number) => write64(OFFSET.budget, budget);
  const budgetLeft = () => words[(address + OFFSET.budget) / 4 + 1] * 2 ** 32 + (words[(address + OFFSET.budget) / 4] >>> 0);

  const stops = createStops(state, core.flush, (different, all) => {
    for (const linear of different) blocks.dropBlocksAt(Number(linear & PAGE_MASK));
    predecoder.setBreaks(new Set([...all].map((linear) => Number(linear & PAGE_MASK))));
  });
  /** Before an instruction at a breakpoint's offset in whatever page: decoded code is shared by all mappings of its page. @returns 1 to leave */
  const breakpoint = (op: number): number => {
    const rip = node.view.getBigUint64(address + OFFSET.page, true) + BigInt(node.view.getUint16(op + C.OP_OFFSET, true));
    const in64 = (word(OFFSET.mode) & C.MODE_CODE_MASK) === C.MODE_CODE64;
    if (!stops.isAt(in64 ? BigInt.asUintN(64, rip) : BigInt.asUintN(32, rip + state.readField("segBase", C.SEG_CS)))) return 0;
    blocks.leaveAtBreak(op);
    return 1;
  };

  let retired = 0;
  const leave = createExitRecord(state);
  const run: Vcpu["run"] = (budget, end = "exact"): Exit => {
    Atomics.store(words, outside, 0);
    words[(address + OFFSET.exactBudget) / 4] = end === "exact" ? 1 : 0;
    words[(address + OFFSET.stopped) / 4] = 0;
    core.enter();
    demand(C.ATTENTION_BEGIN);
    predecoder.begin();
    let left = Math.max(0, Math.trunc(budget));
    for (;;) {
      extension?.slice();
      const slice = Math.min(left, SLICE);
      setBudget(slice);
      execute(address, 0);
      const used = slice - budgetLeft();
      left -= used;
      retired += used;
      const code = word(OFFSET.exitReason);
      words[(address + OFFSET.exitReason) / 4] = C.EXIT_NONE;
      write64(OFFSET.retired, retired);
      if (code === C.EXIT_BUDGET && left > 0) continue;
      Atomics.store(words, outside, 1);
      return leave(code);
    }
  };
  return {
    index, state, run, setStops: stops.set, step: () => stops.step(run),
    reset: () => {
      reset();
      retired = 0;
    },
    kick: () => demand(C.ATTENTION_KICK),
    setInterruptLine: (level) => (level ? demand(C.ATTENTION_INTERRUPT) : withdraw(C.ATTENTION_INTERRUPT)),
    injectNmi: () => demand(C.ATTENTION_NMI),
    initialize: core.initialize, startup: core.startup, canRun: () => canRun(words, address),
    retired: () => retired,
    invalidateTlb: (linear) => (linear === undefined ? core.flushNonGlobal() : core.invalidate(BigInt.asIntN(64, linear))),
    invalidateCode: (gpa, bytes) => {
      // region by region: what is contiguous for the guest need not be for the host
      for (const region of memory.regions) {
        const start = Math.max(gpa, region.gpa), end = Math.min(gpa + bytes, region.gpa + region.bytes);
        for (let at = start; at < end; at = at - at % PAGE + PAGE) blocks.noteStore(region.host + (at - region.gpa), Math.min(end, at - at % PAGE + PAGE) - at);
      }
    },
  };
}
