// What the JITs of a thread have done; and of all threads of a virtual node.

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

const NAMES = ["modules", "regions", "instructions", "codeBytes", "compileMs", "pausedMs", "longestMs", "stale", "cacheBytes", "evicted"] as const satisfies readonly (keyof JitCounters)[];
const BYTES = NAMES.length * 8;

export const createJitCounters = (): JitCounters => Object.fromEntries(NAMES.map((name) => [name, 0])) as unknown as JitCounters;

/** Bytes that the counters of so many threads take. */
export const jitCounterBytes = (threads: number) => threads * BYTES;

/** The counters of one thread where others can read them. */
export function sharedJitCounters(buffer: SharedArrayBuffer, thread: number): JitCounters {
  const words = new Float64Array(buffer, thread * BYTES, NAMES.length);
  return Object.defineProperties({}, Object.fromEntries(NAMES.map((name, at) => [name, { enumerable: true, get: () => words[at], set: (value: number) => { words[at] = value; } }]))) as JitCounters;
}

/** Of all threads together; the longest pause is the longest of any. */
export function totalJitCounters(all: readonly JitCounters[]): JitCounters {
  const total = createJitCounters();
  for (const one of all) for (const name of NAMES) total[name] = name === "longestMs" ? Math.max(total[name], one[name]) : total[name] + one[name];
  return total;
}
