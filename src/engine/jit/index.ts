// The JIT: the interpreter, extended by compiled regions. A block that has been entered often enough gets a function which executes it and
// what follows; the interpreter calls it in place of the block's first operation (docs/adr/0007-regions.md).

import { CONSTANTS as C, OFFSET, type Engine } from "../../hal/index.ts";
import { createInterpVcpu, readHandlerTable, type Extended, type Extension, type InterpModules } from "../interp/index.ts";
import { EAGER } from "../interp/predecode.ts";
import { createRegionCache } from "./cache.ts";
import { createCompiler } from "./compile.ts";
import { createJitCounters, type JitCounters } from "./counters.ts";
import { traceText } from "./trace.ts";

/** Entries of a block before it is compiled. */
const THRESHOLD = 50_000;
/** Regions of one module. What waits is compiled when the slice ends, however little it is. */
const BATCH = 16;

export interface JitOptions {
  /** Entries of a block before it is compiled; below 8 it is compiled at once, else with others. */
  threshold?: number;
  counters?: JitCounters;
  /** The host's clock, for the times in `counters`. */
  nowMs?(): number;
  /** Gets every module that is made, and on demand a text for people. */
  trace?(wasm: Uint8Array, text: () => string): void;
}

/** @param modules core.wasm, and the variant of interp.wasm that has regions */
export function createJit(modules: InterpModules, options: JitOptions = {}): Engine {
  const table = readHandlerTable(modules.interp);
  return { name: "jit", createVcpu: (setup) => createInterpVcpu(setup, modules, table, (parts) => extend(parts, options)) };
}

function extend({ setup: { node }, address, functions, table }: Extended, { threshold = THRESHOLD, counters = createJitCounters(), nowMs = () => 0, trace }: JitOptions): Extension {
  const u32 = new Uint32Array(node.bytes.buffer);
  const cache = createRegionCache(node, table, functions.dropRegion as (region: number) => void, counters);
  let compiler: ReturnType<typeof createCompiler> | undefined;
  const batch = threshold < EAGER ? 1 : BATCH;
  let waiting: number[] = [];
  /** Where blocks were in the guest when they became hot. */
  const pages = new Map<number, bigint>();

  const compile = () => {
    const startMs = nowMs();
    compiler ??= createCompiler(node, u32[(address + OFFSET.blockTable) >>> 2]);
    const heads = waiting.filter((block) => u32[(block + C.BLOCK_REGION) >>> 2] === 0);
    waiting = [];
    const made = compiler.compile(heads);
    if (!made) return;
    trace?.(made.bytes, () => traceText(made, node.bytes, (block) => pages.get(block)));
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(made.bytes), { env: { memory: node.wasm }, core: functions as Record<string, unknown> });
    made.regions.forEach((region, index) => cache.install(region, exports[`r${index}`], made.bytes.length / made.regions.length));
    counters.modules++;
    counters.regions += made.regions.length;
    counters.instructions += made.instructions;
    counters.codeBytes += made.bytes.length;
    const ms = nowMs() - startMs;
    counters.compileMs += ms;
    counters.longestMs = Math.max(counters.longestMs, ms);
  };
  return {
    heat: Math.min(0xffff, Math.max(1, threshold)),
    hot: (block) => {
      if (u32[(block + C.BLOCK_REGION) >>> 2] !== 0) return;
      waiting.push(block);
      if (trace) pages.set(block, node.view.getBigUint64(address + OFFSET.page, true));
      if (waiting.length >= batch) compile();
    },
    flushed: () => {
      waiting = [];
      pages.clear();
      compiler?.forget();
      cache.flushed();
    },
    slice: () => {
      if (waiting.length > 0) compile();
    },
  };
}
