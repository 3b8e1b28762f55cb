// Compiling on another thread than the vCPU's. The other thread reads the vCPU's blocks in shared memory while they may change, so what it
// makes is a proposal: it is installed only if every block of it still is what it was when it was asked for (install, in index.ts).
//
// Why that suffices: a block does not change from when it is written until it is dropped, but for its links, which are hints. Whoever writes
// guest code drops the blocks made of it before the vCPU goes on. A dropped block has no host address, and its memory is used again only
// when all blocks are forgotten, which begins a new generation. The request names the end of the blocks that exist when it is sent: what
// was written before it was sent is seen over there, and blocks behind that end are left alone.

import { createCompiler, type BlockTables, type CompiledRegion, type Compiler } from "./compile.ts";

export interface CompileRequest {
  vcpu: number;
  /** Where the vCPU looks for ATTENTION_SLICE: set when the answer is on its way, so that it is taken soon. */
  attention: number;
  /** Counts how often all blocks were forgotten. */
  generation: number;
  tables: BlockTables;
  /** Where the vCPU's blocks end. */
  end: number;
  heads: readonly number[];
}
export interface CompileAnswer {
  vcpu: number;
  generation: number;
  /** Undefined when there was nothing worth compiling. */
  module?: WebAssembly.Module;
  regions: CompiledRegion[];
  instructions: number;
  codeBytes: number;
  /** Time that it took over there. */
  ms: number;
}
/** The way to the other thread. Requests of one vCPU are answered in order, sooner or later, each once. */
export interface CompileElsewhere {
  send(request: CompileRequest): void;
  /** An answer that has come for this vCPU. Does not wait. */
  receive(vcpu: number): CompileAnswer | undefined;
}

/** What the other thread does. */
export function createCompileServer(wasm: WebAssembly.Memory, nowMs: () => number): (request: CompileRequest) => CompileAnswer {
  const compilers = new Map<number, Compiler>();
  return ({ vcpu, generation, tables, end, heads }) => {
    const startMs = nowMs();
    let compiler = compilers.get(vcpu);
    if (!compiler) compilers.set(vcpu, (compiler = createCompiler(new Uint8Array(wasm.buffer), tables)));
    const answer = (rest: Partial<CompileAnswer>): CompileAnswer => ({ vcpu, generation, regions: [], instructions: 0, codeBytes: 0, ms: nowMs() - startMs, ...rest });
    try {
      const made = compiler.compile(heads, end);
      if (!made) return answer({});
      const { bytes, regions, instructions } = made;
      return answer({ module: new WebAssembly.Module(bytes), regions, instructions, codeBytes: bytes.length });
    } catch {
      return answer({}); // blocks were forgotten and written anew under our eyes
    }
  };
}
