// The oracle as an Engine: fetches, decodes and performs one instruction after the other, and keeps nothing between them.

import { CONSTANTS as C, OFFSET, canRun, createExitRecord, linearRip, type Engine, type Exit, type Vcpu, type VcpuSetup } from "../../hal/index.ts";
import { createDecoded, decode, DECODED, DECODED_TOO_LONG, DECODED_TRUNCATED, type CodeSize } from "../../isa/decode.ts";
import { FORMS } from "../../isa/forms.ts";
import { perform } from "../../isa/perform.ts";
import { createCore } from "../core/index.ts";
import { createStops } from "../core/stops.ts";
import { END, oracleEmit } from "./emit.ts";
import { guestAccess } from "./memory.ts";
import { operandPlaces } from "./places.ts";

const LONGEST = 15, PAGE_MASK = 4095;
const GP = 13, UD = 6;

/** @param coreModule engine/core, compiled */
export function createOracle(coreModule: WebAssembly.Module): Engine {
  return { name: "oracle", createVcpu: (setup) => createVcpu(setup, coreModule) };
}

function createVcpu(setup: VcpuSetup, coreModule: WebAssembly.Module): Vcpu {
  const { node, index } = setup;
  const { address, state, exports: core, functions, reset } = createCore(coreModule, setup);

  const decoded = createDecoded();
  const raise = (vector: number): never => {
    state.writeField("fault", BigInt(C.FAULT_PENDING | vector));
    state.writeField("faultCode", 0n);
    throw END;
  };
  const check = () => { if (state.readField("fault") !== 0n) throw END; };
  const places = operandPlaces(state, decoded);
  const access = guestAccess(state, functions as any, (vector) => raise(vector === "#SS" ? 12 : GP), check);
  const emit = oracleEmit(state, places, access, functions as any);

  /** Reads the instruction at RIP into `decoded`; the second page of one that crosses is asked for only when it is needed. */
  const fetch = (): void => {
    const mode = Number(state.readField("mode")) & C.MODE_CODE_MASK;
    const size: CodeSize = mode === C.MODE_CODE64 ? 64 : mode === C.MODE_CODE32 ? 32 : 16;
    const rip = state.read("rip");
    const limit = size === 64 ? 2n ** 64n + BigInt(LONGEST) : state.readField("segLimit", C.SEG_CS) + 1n;
    const linear = size === 64 ? rip : BigInt.asUintN(32, rip + state.readField("segBase", C.SEG_CS));
    const code = new Uint8Array(LONGEST);
    let have = 0;
    for (;;) {
      if (rip + BigInt(have) >= limit) raise(GP);
      const host = core.fetch(BigInt.asUintN(64, linear + BigInt(have)));
      check();
      const pageBytes = PAGE_MASK + 1 - (host & PAGE_MASK), bytes = Math.min(pageBytes, LONGEST - have);
      code.set(node.bytes.subarray(host >>> 0, (host >>> 0) + bytes), have);
      have += bytes;
      const inside = Math.min(have, Number(limit - rip < 15n ? limit - rip : 15n));
      const answer = decode(code, 0, inside, size, decoded);
      if (answer === DECODED) return;
      if (answer === DECODED_TOO_LONG || (answer === DECODED_TRUNCATED && inside < have)) raise(GP);
      if (answer !== DECODED_TRUNCATED) raise(UD);
    }
  };
  /** Executes one instruction, or delivers the exception that it raises. */
  const step = (): void => {
    try {
      fetch();
      perform(emit, FORMS[decoded.form]!);
      state.write("rip", places.nextRip()); // one that transfers control ends before this
    } catch (thrown) {
      if (thrown !== END) throw thrown;
    }
    if (state.readField("fault") !== 0n) core.deliver();
  };

  const words = new Int32Array(node.wasm.buffer), attention = (address + OFFSET.attention) / 4;
  const demand = (bits: number) => { Atomics.or(words, attention, bits); };
  const withdraw = (bits: number) => { Atomics.and(words, attention, ~bits); };
  const leave = createExitRecord(state), stops = createStops(state, core.flush);
  const run = (budget: number): Exit => {
    core.enter();
    state.writeField("stopped", 0n);
    let code = core.attend(), left = budget;
    while (code === C.EXIT_NONE) {
      if (left-- <= 0) return leave(C.EXIT_BUDGET);
      if (stops.any() && stops.isAt(linearRip(state))) {
        core.stopAtBreakpoint();
        state.writeField("exitReason", BigInt(C.EXIT_NONE));
        return leave(C.EXIT_DEBUG);
      }
      step();
      state.writeField("retired", state.readField("retired") + 1n);
      // what waits for the next instruction waits for the next run when the budget is spent; what ends the run does not
      const waiting = Atomics.load(words, attention);
      if (left > 0 ? waiting !== 0 : (waiting & C.ATTENTION_EXIT) !== 0) code = core.attend();
    }
    return leave(code);
  };
  return {
    index, state, run, reset, setStops: stops.set, step: () => stops.step(run),
    kick: () => demand(C.ATTENTION_KICK),
    setInterruptLine: (level) => level ? demand(C.ATTENTION_INTERRUPT) : withdraw(C.ATTENTION_INTERRUPT),
    injectNmi: () => demand(C.ATTENTION_NMI),
    initialize: core.initialize, startup: core.startup, canRun: () => canRun(words, address),
    retired: () => Number(state.readField("retired")),
    invalidateTlb: (linear) => (linear === undefined ? core.flushNonGlobal() : core.invalidate(BigInt.asIntN(64, linear))),
    invalidateCode: () => {}, // nothing is kept between instructions
  };
}
