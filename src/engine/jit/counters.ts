// What the JITs of a thread have done.

export interface JitCounters {
  /** Compiled so far: Wasm modules, regions, guest instructions in them, bytes of Wasm. */
  modules: number;
  regions: number;
  instructions: number;
  codeBytes: number;
  /** Host milliseconds for that, on whatever thread; those for which a vCPU waited, and the longest such pause. */
  compileMs: number;
  pausedMs: number;
  longestMs: number;
  /** Regions that were compiled on another thread and not used, as their code had changed meanwhile. */
  stale: number;
  /** Memory of the host that compiled code takes, estimated by its size. */
  cacheBytes: number;
  /** Regions that were given up because room was needed. The state's `regionsDropped` counts those of which a block was overwritten. */
  evicted: number;
}

export const createJitCounters = (): JitCounters => ({ modules: 0, regions: 0, instructions: 0, codeBytes: 0, compileMs: 0, pausedMs: 0, longestMs: 0, stale: 0, cacheBytes: 0, evicted: 0 });
