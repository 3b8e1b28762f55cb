// The JIT: the interpreter, extended by compiled regions. A block that has been entered often enough gets a function which executes it and
// what follows; the interpreter calls it in place of the block's first operation (docs/adr/0007-regions.md).

import { CONSTANTS as C, OFFSET, type Engine } from "../../hal/index.ts";
import { createInterpVcpu, readHandlerTable, type Extended, type Extension, type InterpModules } from "../interp/index.ts";
import { EAGER } from "../interp/predecode.ts";
import { createRegionCache, type CoreRegions } from "./cache.ts";
import { createCompiler } from "./compile.ts";
import { createJitCounters, type JitCounters } from "./counters.ts";
import type { CompileAnswer, CompileElsewhere } from "./elsewhere.ts";
import { floatJudge } from "./float.ts";
import { traceText } from "./trace.ts";

/** Entries of a block before it is compiled. */
const THRESHOLD = 6_000;
/** Guest instructions that are compiled at a time on the vCPU's own thread: what waits behind them waits for the next slice. */
const PIECE = 100;
/** Blocks that are compiled together elsewhere; fewer where the code cache has no room for that many. */
const REQUEST = 64, ROOM_PER_BLOCK = 512 * 2 ** 10;
const CODE_CACHE_BYTES = 128 * 2 ** 20;

export interface JitOptions {
  /** Entries of a block before it is compiled; below 8 it is compiled at once, else with others. */
  threshold?: number;
  counters?: JitCounters;
  /** The host's clock, for the times in `counters`. */
  nowMs?(): number;
  /** Gets every module that is made, and on demand a text for people. Compiles on the vCPU's thread. */
  trace?(wasm: Uint8Array, text: () => string): void;
  /** Memory of the host that the compiled code of one vCPU may take. When it is used up, the oldest code goes. */
  codeCacheBytes?: number;
  /** Compiles on another thread, while the interpreter goes on. */
  elsewhere?: CompileElsewhere;
}

/** @param modules core.wasm, and the variant of interp.wasm that has regions */
export function createJit(modules: InterpModules, options: JitOptions = {}): Engine {
  const table = readHandlerTable(modules.interp);
  return { name: "jit", createVcpu: (setup) => createInterpVcpu(setup, modules, table, (parts) => extend(parts, options)) };
}

function extend({ setup: { node, index: vcpu }, address, functions, table }: Extended, options: JitOptions): Extension {
  const { threshold = THRESHOLD, counters = createJitCounters(), nowMs = () => 0, trace, codeCacheBytes = CODE_CACHE_BYTES } = options;
  const elsewhere = trace || threshold < EAGER ? undefined : options.elsewhere;
  const u16 = new Uint16Array(node.bytes.buffer), u32 = new Uint32Array(node.bytes.buffer), field = (offset: number) => u32[(address + offset) >>> 2];
  const i32 = new Int32Array(u32.buffer), attention = address + OFFSET.attention;
  const core = functions as unknown as CoreRegions;
  let compiler: ReturnType<typeof createCompiler> | undefined;
  const heat = Math.min(0xffff, Math.max(1, threshold));
  const cache = createRegionCache(node, table, core, counters, codeCacheBytes, heat);
  let waiting: number[] = [], generation = 0, asked = false;
  const tables = () => ({ blockTable: field(OFFSET.blockTable), pageBlocks: field(OFFSET.pageBlocks), heat, extents: field(OFFSET.hosted) !== 0 });
  /** Where blocks were in the guest when they became hot. */
  const pages = new Map<number, bigint>();

  const isCompiled = (block: number) => u32[(block + C.BLOCK_REGION) >>> 2] !== 0;
  /** It came to be within a region while it waited: should it be entered in it often nevertheless, it is hot again by then (cache.ts). */
  const isWithin = (block: number) => u32[(block + C.BLOCK_MEMBERS) >>> 2] !== 0 && u16[(block + C.BLOCK_HOT) >>> 1] !== 0;
  /** What is to be compiled next, as far as that is not done. */
  const review = () => { waiting = waiting.filter((block) => !isCompiled(block) && !isWithin(block)); };
  /** Takes what was made, as far as it still is the guest's code. */
  const install = (module: WebAssembly.Module, { regions, instructions, codeBytes }: Pick<CompileAnswer, "regions" | "instructions" | "codeBytes">) => {
    const { exports } = new WebAssembly.Instance(module, { env: { memory: node.wasm }, core: functions as Record<string, unknown> });
    const holds = regions.map(({ blocks }) => blocks.every((block) => u32[(block.address + C.BLOCK_HOST) >>> 2] === (block.hostPage + block.offset) >>> 0));
    const good = regions.filter((_, index) => holds[index]), code = regions.map((_, index) => exports[`r${index}`]).filter((_, index) => holds[index]);
    if (good.length > 0) cache.install(good, code, codeBytes);
    counters.regions += good.length;
    counters.stale += regions.length - good.length;
    counters.modules++;
    counters.instructions += instructions;
    counters.codeBytes += codeBytes;
  };
  const paused = <T>(work: () => T): T => {
    const startMs = nowMs(), result = work(), ms = nowMs() - startMs;
    counters.longestMs = Math.max(counters.longestMs, ms);
    counters.pausedMs += ms;
    return result;
  };
  const compile = () => paused(() => {
    const startMs = nowMs();
    compiler ??= createCompiler(node.bytes, tables());
    const made = compiler.compile(waiting, field(OFFSET.arenaNext), PIECE);
    waiting.splice(0, made?.heads);
    if (!made) return;
    trace?.(made.bytes, () => traceText(made, node.bytes, (block) => pages.get(block)));
    install(new WebAssembly.Module(made.bytes), { ...made, codeBytes: made.bytes.length });
    counters.compileMs += nowMs() - startMs;
  });
  /** One request at a time: what becomes hot meanwhile is compiled together. */
  const ask = ({ send, receive }: CompileElsewhere) => {
    const answer = asked ? receive(vcpu) : undefined;
    if (answer) {
      asked = false;
      counters.compileMs += answer.ms;
      const { module } = answer;
      if (module && answer.generation === generation) paused(() => install(module, answer));
    }
    if (asked) return;
    review();
    const heads = waiting.splice(0, Math.min(REQUEST, Math.max(1, codeCacheBytes / ROOM_PER_BLOCK)));
    if (heads.length === 0) return;
    send({ vcpu, attention, generation, tables: tables(), end: field(OFFSET.arenaNext), heads });
    asked = true;
  };
  const judge = floatJudge(node.bytes, address, cache.find, (record, { blocks }) => {
    core.dropRegion(record);
    u16[(blocks[0].address + C.BLOCK_HOT) >>> 1] = 0;
    waiting.push(blocks[0].address);
  });
  return {
    heat,
    hot: (signed) => {
      const block = signed >>> 0; // memory goes up to 4 GiB
      if (isCompiled(block)) {
        u16[(block + C.BLOCK_HOT) >>> 1] = heat; // for when its region is dropped
        return;
      }
      waiting.push(block);
      if (trace) pages.set(block, node.view.getBigUint64(address + OFFSET.page, true));
      if (threshold >= EAGER) {
        if (elsewhere && !asked) Atomics.or(i32, attention >>> 2, C.ATTENTION_SLICE);
        return;
      }
      review();
      compile(); // at once: for tests
    },
    flushed: () => {
      waiting = [];
      pages.clear();
      generation++;
      cache.flushed();
    },
    slice: () => {
      judge();
      if (elsewhere) ask(elsewhere);
      else {
        review();
        if (waiting.length > 0) compile();
      }
    },
  };
}
